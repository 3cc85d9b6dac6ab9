"""Files come in: streamed to the disk piece by piece, counted on the way, and put in the queue all together.

A file is never whole in memory, its name from outside never names anything here, and a form that is broken
off leaves neither file nor row. What is read in the files is bot.uploads' business.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import EDITING, EVERY_ROLE, PageError, Route, Visit, not_found, see
from bot.staff.library import shown
from bot.staff.library.addresses import LIBRARY, UPLOADS, id_of
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.store import audit, uploads
from bot.store.audit import Action
from bot.store.database import StoreUnavailable
from bot.store.uploads import NewUpload
from bot.uploads import FOLDER, shown_name

log = structlog.get_logger(__name__)

FILE_FIELD = "tep"
MOST_FILES = 30
"""Of one form."""
LEAST_FREE_BYTES = 300 * 1024 * 1024
"""With less room on the disk no file is taken: the database needs it."""
_PIECE = 1 << 16
_GATHERED = 1 << 20
"""Bytes that are written at once: each write is a trip to a thread."""
_MEGABYTE = 1024 * 1024
_EMPTY = "Tệp rỗng, không có gì để đọc."
_BROKEN_OFF = (web.RequestPayloadError, BadHttpMessage, ConnectionError, ValueError)


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken."""

    name: str
    why: str


@dataclass(slots=True)
class _Received:
    """What came in of one form so far."""

    folder: Path
    taken: list[NewUpload]
    refused: list[Refused]
    bytes: int = 0

    def forget(self) -> None:
        """Remove every file of it."""
        for one in self.taken:
            (self.folder / one.path).unlink(missing_ok=True)


DrawList = Callable[[Visit, Sequence[Refused]], Awaitable[web.StreamResponse]]
DrawQueue = Callable[[Visit], Awaitable[web.StreamResponse]]


class Receiving:
    """What is sent in, and what became of it."""

    def __init__(self, parts: StaffParts, pages: Pages, draw_list: DrawList, draw_queue: DrawQueue) -> None:
        """`draw_list` draws the page of all documents, `draw_queue` the list of what was sent in alone."""
        self._parts = parts
        self._pages = pages
        self._draw_list = draw_list
        self._draw_queue = draw_queue

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("POST", UPLOADS, EDITING, self.receive, takes_files=True),
            Route("GET", UPLOADS, EVERY_ROLE, self.look),
            Route("GET", f"{UPLOADS}/{{id}}", EVERY_ROLE, self.report),
            Route("POST", f"{UPLOADS}/{{id}}/thu-lai", EDITING, self.try_again),
            Route("POST", f"{UPLOADS}/{{id}}/bo-qua", EDITING, self.set_aside),
        )

    async def receive(self, visit: Visit) -> web.StreamResponse:
        """POST …/tai-len: files of one form. With `manh` in the address the answer is for our script."""
        is_for_script = "manh" in visit.request.query
        received = await self._received(visit) if visit.files is not None else None
        if received is None or not (received.taken or received.refused):
            return _plainly(422, "Chưa có tệp nào.") if is_for_script else see(LIBRARY, "chua-chon-tep")
        if received.taken:
            await self._queue(visit, received)
        if is_for_script:
            if received.refused:
                return _plainly(413, received.refused[0].why)
            return await self._draw_queue(visit)
        if received.refused:
            return await self._draw_list(visit, received.refused)
        return see(f"{LIBRARY}#vua-gui", "da-tai-len")

    async def look(self, _: Visit) -> web.StreamResponse:
        """GET …/tai-len: the page that told what was not taken, opened once more."""
        return see(LIBRARY)

    async def report(self, visit: Visit) -> web.StreamResponse:
        """GET …/tai-len/{id}: everything that was found in a file."""
        async with self._parts.database.read() as connection:
            one = await uploads.find(connection, id_of(visit.request))
        if one is None:
            raise not_found()
        values = {
            "sent": shown.sent(one, self._parts.clock(), self._parts.zone),
            "may_edit": visit.session.officer.role in EDITING,
        }
        return self._pages.draw(Drawing("library/report.html", values), visit.request, visit.session)

    async def try_again(self, visit: Visit) -> web.StreamResponse:
        """POST …/thu-lai: read a file that failed once more."""
        id_, at, by = id_of(visit.request), self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> bool:
            if not await uploads.try_again(connection, id_):
                return False
            await audit.note(
                connection, by, Action.DOCUMENT_UPLOADED, f"upload:{id_}", at, {"did": "try_again"}
            )
            return True

        return see(LIBRARY, "doc-lai" if await self._parts.database.write(job) else "da-xong")

    async def set_aside(self, visit: Visit) -> web.StreamResponse:
        """POST …/bo-qua: forget a file that failed."""
        id_, at, by = id_of(visit.request), self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> str | None:
            path = await uploads.set_aside(connection, id_)
            if path is not None:
                await audit.note(
                    connection, by, Action.DOCUMENT_CHANGED, f"upload:{id_}", at, {"did": "set_aside"}
                )
            return path

        path = await self._parts.database.write(job)
        if path and self._parts.data_dir is not None:
            await asyncio.to_thread((self._parts.data_dir / FOLDER / path).unlink, missing_ok=True)
        return see(LIBRARY, "da-xong" if path is None else "da-bo-tep")

    # --- taking files ------------------------------------------------------------------------------

    async def _received(self, visit: Visit) -> _Received:
        """Every file of the form, on the disk. Raises PageError; then none of them is."""
        assert visit.files is not None
        if self._parts.data_dir is None:
            raise PageError(503, "Chưa nhận được tệp", "Máy chủ này không có chỗ giữ tệp.")
        folder = self._parts.data_dir / FOLDER
        if not await asyncio.to_thread(_has_room, folder, visit.request.content_length or 0):
            log.error("upload_without_room")
            raise PageError(
                507, "Chưa nhận được tệp", "Máy chủ sắp hết chỗ. Bạn báo người quản trị giúp nhé."
            )
        received = _Received(folder, [], [])
        try:
            await self._read(visit.files, received)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(received.forget))
            if isinstance(error, _BROKEN_OFF):
                log.warning("upload_broken_off", reason=type(error).__name__)
                raise PageError(
                    400, "Tệp chưa tới nơi", "Đường truyền bị ngắt giữa chừng. Bạn gửi lại giúp nhé."
                ) from error
            if isinstance(error, OSError):
                log.error("upload_not_written", reason=error.strerror)
                raise PageError(
                    507, "Chưa nhận được tệp", "Máy chủ chưa ghi được tệp. Bạn báo người quản trị giúp nhé."
                ) from error
            raise
        return received

    async def _read(self, files: MultipartReader, received: _Received) -> None:
        while (part := await files.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name != FILE_FIELD:
                await self._drop(part, received)
                continue
            if not part.filename:  # nothing was chosen
                await self._drop(part, received)
                continue
            name = shown_name(part.filename)
            if len(received.taken) + len(received.refused) >= MOST_FILES:
                received.refused.append(
                    Refused(name, f"Mỗi lần gửi được nhiều nhất {MOST_FILES} tệp. Bạn gửi tiếp lần sau nhé.")
                )
                await self._drop(part, received)
                continue
            await self._keep(part, name, received)

    async def _keep(self, part: BodyPartReader, name: str, received: _Received) -> None:
        """Keep one file, unless it is empty or too large; the rest of one that is goes nowhere."""
        limit = self._parts.file_limits.file_bytes
        path = secrets.token_hex(16)
        received.taken.append(NewUpload(name, 0, path))  # from now on it is removed with the others
        size = await self._write(part, received.folder / path, limit, received)
        received.taken.pop()
        if 0 < size <= limit:
            received.taken.append(NewUpload(name, size, path))
            return
        await asyncio.to_thread((received.folder / path).unlink)
        received.refused.append(Refused(name, too_large(limit) if size else _EMPTY))
        await self._drop(part, received)

    async def _write(self, part: BodyPartReader, place: Path, limit: int, received: _Received) -> int:
        """Write a part to the disk for certain; gives its size, or one above the limit as soon as it is."""
        size, gathered = 0, bytearray()
        descriptor = await asyncio.to_thread(os.open, place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            while not part.at_eof():
                piece = await part.read_chunk(_PIECE)
                size += len(piece)
                self._count(len(piece), received)
                if size > limit:
                    return size
                gathered += piece
                if len(gathered) >= _GATHERED:
                    await asyncio.to_thread(_write, descriptor, gathered)
                    gathered = bytearray()
            await asyncio.to_thread(_write, descriptor, gathered)
            await asyncio.to_thread(os.fsync, descriptor)
        finally:
            os.close(descriptor)
        return size

    async def _drop(self, part: BodyPartReader | MultipartReader, received: _Received) -> None:
        """Read what is not kept, so that the browser gets to read our answer."""
        if isinstance(part, MultipartReader):
            await part.release()
            return
        while not part.at_eof():
            self._count(len(await part.read_chunk(_PIECE)), received)

    def _count(self, more: int, received: _Received) -> None:
        received.bytes += more
        if received.bytes > MOST_FILES * self._parts.file_limits.file_bytes:
            raise PageError(413, "Chưa nhận được tệp", "Các tệp gửi cùng lúc quá lớn. Bạn gửi từng tệp nhé.")

    async def _queue(self, visit: Visit, received: _Received) -> None:
        at, by = self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> list[int]:
            ids = []
            for one in received.taken:
                id_ = await uploads.add(connection, one, by=by.name, at=at)
                detail = {"bytes": one.bytes}
                await audit.note(connection, by, Action.DOCUMENT_UPLOADED, f"upload:{id_}", at, detail)
                ids.append(id_)
            return ids

        try:
            ids = await self._parts.database.write(job)
        except StoreUnavailable:
            await asyncio.to_thread(received.forget)
            raise
        log.info("files_received", staff_id=by.id, uploads=ids)


def too_large(limit: int) -> str:
    """What is said of a file that is too large."""
    return f"Tệp lớn hơn mức nhận được ({limit // _MEGABYTE or 1} MB). Bạn chia nhỏ tệp rồi gửi lại nhé."


def _has_room(folder: Path, wanted: int) -> bool:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free - wanted > LEAST_FREE_BYTES


def _write(descriptor: int, data: bytes | bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _plainly(status: int, told: str) -> web.Response:
    return web.Response(status=status, text=told)
