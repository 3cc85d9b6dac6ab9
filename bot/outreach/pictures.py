"""Pictures of campaigns: taken in from staff, drawn anew, kept under a name made of what can be seen in them.

They lie in DATA_DIR/campaigns. Campaigns that show the same picture share the file. One that no campaign
refers to any more goes after a while (bot.retention). No name from outside reaches the disk: what is no
digest of ours (bot.outreach.campaign.is_picture_name) is nobody's picture.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.apart import drawn_apart
from bot.outreach.campaign import is_picture_name
from bot.picture_process import MOST_BYTES, MOST_PIXELS, TOO_LARGE
from bot.store import campaigns
from bot.store.database import Database

log = structlog.get_logger(__name__)

FOLDER = "campaigns"
"""Below DATA_DIR."""
MEDIA_TYPE = "image/jpeg"
MOST_SENT_BYTES = 15 * 1024 * 1024
"""Of a picture as staff send it in."""
KEPT_FOR = timedelta(days=7)
"""A picture nobody refers to: somebody may still be writing the campaign it is for."""
LEAST_FREE_BYTES = 300 * 1024 * 1024
"""With less room on the disk no picture is taken: the database needs it."""
SECONDS = 30.0
AT_ONCE = 1
_JPEG = b"\xff\xd8\xff"
_MEGABYTE = 1024 * 1024
TOO_BIG = f"Ảnh lớn hơn {MOST_SENT_BYTES // _MEGABYTE} MB. Bạn chọn ảnh nhỏ hơn giúp nhé."
_UNKNOWN = "Không mở được tệp này như một tấm ảnh. Bạn chọn ảnh JPG, PNG hoặc WebP giúp nhé."
_VAST = (
    f"Ảnh có quá nhiều điểm ảnh (trên {MOST_PIXELS // 1_000_000} triệu). Bạn thu nhỏ ảnh rồi chọn lại nhé."
)
_SLOW = "Mở ảnh này quá lâu, mình đã dừng lại. Bạn thử lại, hoặc chọn ảnh khác giúp nhé."
_NO_ROOM = "Máy chủ chưa ghi được ảnh. Bạn báo người quản trị giúp nhé."


class PictureRefused(Exception):
    """A picture that is not taken. The message is Vietnamese and says why."""


class CampaignPictures:
    """The pictures of one installation."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def take(self, sent: bytes) -> str:
        """Keep what staff sent in, drawn anew and small; gives its name. Raises PictureRefused."""
        if len(sent) > MOST_SENT_BYTES:
            raise PictureRefused(TOO_BIG)
        async with self._turn:
            try:
                status, drawn = await drawn_apart(
                    "bot.picture_process", {}, sent, seconds=SECONDS, most_bytes=MOST_BYTES
                )
            except TimeoutError as error:
                raise PictureRefused(_SLOW) from error
        if status != 0 or not drawn.startswith(_JPEG):
            log.info("campaign_picture_refused", bytes=len(sent), status=status)
            raise PictureRefused(_VAST if status == TOO_LARGE else _UNKNOWN)
        name = f"{hashlib.sha256(drawn).hexdigest()}.jpg"
        try:
            await asyncio.to_thread(_keep, self.folder / name, drawn)
        except OSError as error:
            log.error("campaign_picture_not_written", reason=error.strerror)
            raise PictureRefused(_NO_ROOM) from error
        log.info("campaign_picture_kept", bytes=len(drawn))
        return name

    async def hold(self, name: str) -> bool:
        """Whether the picture is here; if so it stays for KEPT_FOR, whoever refers to it."""
        return is_picture_name(name) and await asyncio.to_thread(_touch, self.folder / name)

    def place(self, name: str) -> Path | None:
        """Where a picture lies, or None where this is no name of one."""
        return self.folder / name if is_picture_name(name) else None

    async def tidy(self, database: Database, now: datetime) -> int:
        """Remove what no campaign refers to, if it has lain here long enough; gives how many."""
        before = (now - KEPT_FOR).timestamp()
        old = await asyncio.to_thread(_older, self.folder, before)
        if not old:
            return 0
        # Read after looking at the folder: who refers to a picture now has touched it before.
        async with database.read() as connection:
            kept = await campaigns.pictures(connection)
        gone = await asyncio.to_thread(_remove, [one for one in old if one.name not in kept], before)
        if gone:
            log.info("campaign_pictures_removed", count=gone)
        return gone


def _keep(place: Path, drawn: bytes) -> None:
    """Put a picture in its place at once and whole."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _touch(place):
        return
    if shutil.disk_usage(place.parent).free < LEAST_FREE_BYTES:
        raise OSError(0, "no room")
    staged = place.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(drawn)
            opened.flush()
            os.fsync(opened.fileno())
        staged.replace(place)
    finally:
        staged.unlink(missing_ok=True)


def _touch(place: Path) -> bool:
    try:
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def _older(folder: Path, before: float) -> list[Path]:
    """Files not touched since; also what a killed process had begun."""
    if not folder.is_dir():
        return []
    return [one for one in folder.iterdir() if one.is_file() and one.stat().st_mtime < before]


def _remove(old: Collection[Path], before: float) -> int:
    gone = 0
    for one in old:
        if one.stat().st_mtime < before:
            one.unlink()
            gone += 1
    return gone
