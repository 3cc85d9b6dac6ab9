"""Sheets become files: drawn in a thread, kept in DATA_DIR/sheets until they are delivered and some weeks on.

The same sheet gives the same file, so a turn that is repeated writes over what it wrote. A sheet that cannot
be drawn is left out and logged: the words of the turn go all the same. Names of files say whose they are by
a hash alone, so that erasing one citizen's needs no list.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.flows.results import AssessmentResult, DataCopy, Sheet
from bot.sheets.wording import describe
from bot.store.personal import Records
from bot.tasks import end
from connectors.message import ConversationId, File, Part
from knowledge.criteria import CriteriaSet

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=30)
"""After it was drawn last. Sends are given up sooner; the web page can fetch it for so long."""
TIDY_SECONDS = 3600.0
HAND_IN = "Phiếu A4 để in: bạn tự điền họ tên, ký, rồi nộp cho chi hội hoặc Hội Khuyến học nơi bạn ở."
YOUR_DATA = "Những gì đang lưu về bạn. Tệp này được giữ ở đây 30 ngày rồi tự xóa."
SAME_COPY_SECONDS = 60
"""Asked again within a minute, the same copy of one's data is given."""
_COPY = "du-lieu"
_NUMBER = re.compile(r"BS-[A-Z0-9]{4}-[A-Z0-9]{4}")
_COPY_NAME = re.compile(rf"[0-9a-f]{{16}}-(?P<made>\d{{1,12}})-(?P<number>{_NUMBER.pattern})-{_COPY}\.pdf")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")
_UNFINISHED = ".part"


class Cabinet:
    """Draws sheets for one association and keeps their files. Safe for many turns at once."""

    def __init__(
        self,
        folder: Path,
        criteria: Callable[[str], CriteriaSet | None],
        association: str,
        zone: tzinfo,
        clock: Clock,
        records: Callable[[ConversationId], Awaitable[Records]] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        """`criteria` finds a set by its id; `folder` is made when first needed; `records` reads what is kept
        about somebody, without which no copy of it can be made; `groups`: names of today's, by id."""
        self._groups = groups or {}
        self._folder = folder
        self._criteria = criteria
        self._association = association
        self._zone = zone
        self._clock = clock
        self._records = records
        self._drawing = asyncio.Lock()

    async def drawn(
        self, conversation: ConversationId, replies: Iterable[Part | Sheet | DataCopy]
    ) -> tuple[Part, ...]:
        """The replies with every sheet as the file it became; one that cannot be drawn is left out, and for a
        copy that cannot be made its words stand."""
        parts: list[Part] = []
        for reply in replies:
            if isinstance(reply, DataCopy):
                parts.append(await self._copy(conversation, reply) or reply.otherwise)
            elif not isinstance(reply, Sheet):
                parts.append(reply)
            elif (file := await self._file(conversation, reply)) is not None:
                parts.append(file)
        return tuple(parts)

    async def forget(self, conversation: ConversationId) -> None:
        """Remove every file drawn for this conversation. Raises OSError: then it must be tried again."""
        await asyncio.to_thread(remove_sheets, self._folder, conversation)

    async def keep_tidy(self, stop: asyncio.Event) -> None:
        """Remove old files every hour until `stop` is set."""
        rounds = asyncio.create_task(self._go_round(), name="sheets")
        try:
            await stop.wait()
        finally:
            await end(rounds)

    async def tidy(self) -> int:
        """Remove what was drawn too long ago; gives how many files went."""
        return await asyncio.to_thread(self._remove_old)

    # --- drawing -----------------------------------------------------------------------------------

    async def _file(self, conversation: ConversationId, sheet: Sheet) -> File | None:
        try:
            async with (
                self._drawing
            ):  # one at a time: the drawing libraries share fonts, and turns share a CPU
                return await asyncio.to_thread(self._draw, conversation, sheet)
        except Exception as error:
            # Not its message and no values: the drawing library quotes the words it could not draw.
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "sheet_left_out",
                form=sheet.form,
                criteria=sheet.result.criteria,
                reason=type(error).__name__,
                where=f"{Path(at.filename).name}:{at.lineno}",
            )
            return None

    async def _copy(self, conversation: ConversationId, wanted: DataCopy) -> File | None:
        """What is kept about them; asked for again at once, the same file."""
        now = self._clock()
        try:
            if self._records is None:
                raise LookupError("nobody to ask what is kept")
            if not _NUMBER.fullmatch(wanted.number):
                raise ValueError("not a number of ours")
            async with self._drawing:
                if there := await asyncio.to_thread(self._lately, conversation, wanted.number, now):
                    return there
                records = await self._records(conversation)
                return await asyncio.to_thread(self._draw_copy, conversation, wanted.number, records, now)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            log.error("copy_left_out", reason=type(error).__name__, where=where)
            return None

    def _lately(self, conversation: ConversationId, number: str, now: datetime) -> File | None:
        """The copy of this very message, or one made a moment ago."""
        moment = int(now.timestamp())
        found = []
        for path in self._folder.glob(f"{_owner(conversation)}-*-{_COPY}.pdf"):
            if (named := _COPY_NAME.fullmatch(path.name)) is None:
                continue
            made = int(named["made"])
            if named["number"] == number or 0 <= moment - made <= SAME_COPY_SECONDS:
                found.append((made, named["number"], path))
        if not found:
            return None
        _, number, path = max(found)
        return _copy_file(path, number)

    def _draw_copy(self, conversation: ConversationId, number: str, records: Records, now: datetime) -> File:
        from bot.sheets.own_data import draw_own_data  # noqa: PLC0415

        drawn = draw_own_data(
            records, number, now, self._association, self._criteria, self._zone, self._groups
        )
        path = self._write(conversation, f"{int(now.timestamp())}-{number}-{_COPY}.pdf", drawn)
        return _copy_file(Path(path), number)

    def _draw(self, conversation: ConversationId, sheet: Sheet) -> File:
        result = sheet.result
        criteria = self._criteria(result.criteria)
        if criteria is None:
            raise LookupError("no such set of criteria")
        if not _CODE.fullmatch(result.code):
            raise ValueError("not a code")
        # The drawing libraries are loaded by the first sheet, in its thread, and not by every start.
        if sheet.form == "card":
            from bot.sheets.card import draw_card  # noqa: PLC0415

            drawn = self._drawn_by(draw_card, sheet, criteria)
            path = self._write(conversation, f"{result.code}-card.png", drawn)
            caption = describe(result, criteria)
            return File(path, f"Ket-qua-tu-danh-gia-{result.code}.png", "image/png", caption)
        if sheet.form == "paper":
            from bot.sheets.paper import draw_paper  # noqa: PLC0415

            drawn = self._drawn_by(draw_paper, sheet, criteria)
            path = self._write(conversation, f"{result.code}-paper.pdf", drawn)
            return File(path, f"Phieu-tu-danh-gia-{result.code}.pdf", "application/pdf", HAND_IN)
        raise ValueError("no such form")

    def _drawn_by(
        self,
        draw: Callable[[AssessmentResult, CriteriaSet, str, AssessmentResult | None, tzinfo], bytes],
        sheet: Sheet,
        criteria: CriteriaSet,
    ) -> bytes:
        return draw(sheet.result, criteria, self._association, sheet.compared, self._zone)

    def _write(self, conversation: ConversationId, name: str, drawn: bytes) -> str:
        """Whole or not at all, also after a power cut: a reply that names the file may already be on disk."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{_owner(conversation)}-{name}"
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
        try:
            with part.open("xb") as opened:
                opened.write(drawn)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return str(path.resolve())

    # --- removing ----------------------------------------------------------------------------------

    async def _go_round(self) -> None:
        while True:
            try:
                if removed := await self.tidy():
                    log.info("sheets_removed", files=removed)
            except OSError as error:
                log.warning("sheets_not_removed", reason=type(error).__name__)
            await asyncio.sleep(TIDY_SECONDS)

    def _remove_old(self) -> int:
        oldest = (self._clock() - KEPT_FOR).timestamp()
        removed = 0
        for path in self._folder.glob("*-*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:  # another process was first
                continue
        return removed


def _copy_file(path: Path, number: str) -> File:
    return File(str(path.resolve()), f"Du-lieu-cua-ban-{number}.pdf", "application/pdf", YOUR_DATA)


def remove_sheets(folder: Path, conversation: ConversationId) -> None:
    """Remove every file drawn for a conversation. Blocking. Raises OSError."""
    for path in folder.glob(f"{_owner(conversation)}-*"):
        path.unlink(missing_ok=True)


def _owner(conversation: ConversationId) -> str:
    return hashlib.sha256(f"sheets {conversation.key}".encode()).hexdigest()[:16]
