"""Pictures of the pages of documents that were taken in, so that a person can compare what was read.

A PDF comes from anywhere: its pages are drawn in a process of their own (bot.page_process), bounded in memory
and time and with nothing in reach worth taking. What was drawn is kept in DATA_DIR/pictures, which may be
emptied at any time.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

import structlog

from bot.apart import drawn_apart
from bot.ingest import FOLDER as ORIGINALS

log = structlog.get_logger(__name__)

FOLDER = "pictures"
WIDTH = 1400
"""Pixels: small print is readable, and a page is a few hundred kilobytes."""
SECONDS = 30.0
MOST_BYTES = 8 * 1024 * 1024
MOST_KEPT = 1000
AT_ONCE = 2
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WEBP = b"WEBP"


class NoPicture(Exception):
    """The page cannot be drawn; the file may be damaged, or not be here."""


def original_of(data_dir: Path, sha256: str) -> Path | None:
    """The file a document was made of, or None where it is not here. Blocking. Named by what is in it."""
    if not _DIGEST.fullmatch(sha256):
        return None
    return next(iter(sorted((data_dir / ORIGINALS).glob(f"{sha256}*"))), None)


class PagePictures:
    """Draws pages, a few at a time, and keeps what it drew."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def picture(self, sha256: str, page: int) -> Path:
        """A page of a PDF as a WebP file, WIDTH pixels wide; `page` from 1. Raises NoPicture."""
        original = await asyncio.to_thread(original_of, self._data_dir, sha256)
        if original is None:
            raise NoPicture("the original is not here")
        kept = self._data_dir / FOLDER / f"{sha256}-{page}-{WIDTH}.webp"
        if await asyncio.to_thread(kept.is_file):
            return kept
        async with self._turn:
            if not await asyncio.to_thread(kept.is_file):  # while we waited
                await asyncio.to_thread(_keep, kept, await _drawn(original, page))
        return kept


async def _drawn(original: Path, page: int) -> bytes:
    wish = {"path": str(original), "page": page, "width": WIDTH}
    try:
        status, picture = await drawn_apart("bot.page_process", wish, seconds=SECONDS, most_bytes=MOST_BYTES)
    except TimeoutError as error:
        raise NoPicture("drawing took too long") from error
    if status != 0 or picture[8:12] != _WEBP:
        log.warning("page_not_drawn", bytes=len(picture))
        raise NoPicture("nothing was drawn")
    return picture


def _keep(place: Path, picture: bytes) -> None:
    """Put a picture in its place at once and whole, and the oldest ones away."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = place.with_name(f".{secrets.token_hex(6)}")
    try:
        staged.write_bytes(picture)
        staged.replace(place)
    finally:
        staged.unlink(missing_ok=True)
    kept = sorted(place.parent.glob("*.webp"), key=lambda one: one.stat().st_mtime)
    for old in kept[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
