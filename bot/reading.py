"""Reading a file in a process of its own: bounded in memory and time, with nothing in reach worth taking.

The process is bot.reading_process; `read_apart` starts it and collects what it says. Files come from
anywhere, and parsers of office formats fail in every way there is: what fails here, fails alone. The process
gets no settings, no secrets and no database, and its words come back one line at a time, so that taking them
in never holds up whoever waits on the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import structlog

from knowledge.ingest import (
    EntryFile,
    FaqRow,
    Grid,
    Header,
    IngestError,
    Limits,
    NumberCount,
    PageQuality,
    PassageKind,
    TakenIn,
    TakenPassage,
)

T = TypeVar("T")

log = structlog.get_logger(__name__)

_LINE_BYTES = 8 * 1024 * 1024
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TESSDATA_PREFIX", "SYSTEMROOT")
"""Of the environment: what programs need to run, and none of our settings."""
_GRACE_SECONDS = 5.0
_LINES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read, and what is known already."""

    path: Path
    name: str
    """As the file was called by whoever gave it."""
    registered: Sequence[str] = ()
    known: Sequence[str] = ()
    """Clean text that damaged text may be repaired towards."""


async def read_apart(wanted: Wanted, limits: Limits) -> TakenIn:
    """Read a file in a process of its own. Raises IngestError, also when that process dies or is too slow."""
    head = {"path": str(wanted.path), "name": wanted.name, "limits": asdict(limits)}
    return await _apart((head, {"registered": list(wanted.registered)}, *wanted.known), limits, _gather)


async def read_entries_apart(path: Path, name: str, limits: Limits) -> EntryFile:
    """The same for a file of questions and answers, whose cells are wanted as they stand."""
    head = {"path": str(path), "name": name, "limits": asdict(limits), "entries": True}
    return await _apart((head, {"registered": []}), limits, _gather_entries)


async def _apart(
    wish: Sequence[object], limits: Limits, gather: Callable[[asyncio.subprocess.Process], Awaitable[T]]
) -> T:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.reading_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LINE_BYTES,
        start_new_session=True,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(limits.seconds + _GRACE_SECONDS):
            told, gathered = await asyncio.gather(_tell(process, wish), gather(process))
        del told
        return gathered
    except TimeoutError as error:
        raise IngestError(f"Đọc tệp quá lâu (hơn {limits.seconds:.0f} giây), mình đã dừng lại.") from error
    finally:
        await _end(process)


async def _tell(process: asyncio.subprocess.Process, wish: Sequence[object]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # a process that died says so by its silence
        for line in wish:
            process.stdin.write(json.dumps(line).encode() + b"\n")
            await process.stdin.drain()
        process.stdin.close()


async def _gather(process: asyncio.subprocess.Process) -> TakenIn:
    """Put together what the process says. Raises IngestError when it stops before the end."""
    passages: list[TakenPassage] = []
    faq: list[FaqRow] = []
    document: dict[str, Any] = {}
    async for kind, values in _lines(process):
        match kind:
            case "failed":
                raise IngestError(values["reason"])
            case "document":
                document = values
            case "passage":
                passages.append(TakenPassage(**{**values, "kind": PassageKind(values["kind"])}))
            case "faq":
                faq.append(FaqRow(**{**values, "variants": tuple(values["variants"])}))
            case "end":
                return _document(document, tuple(passages), tuple(faq))
    raise await _died(process)


async def _gather_entries(process: asyncio.subprocess.Process) -> EntryFile:
    """The same for a file of questions and answers."""
    sheets: list[Grid] = []
    rows: list[list[str]] = []
    entries: list[tuple[int, dict[str, Any]]] = []
    async for kind, values in _lines(process):
        match kind:
            case "failed":
                raise IngestError(values["reason"])
            case "sheet":
                rows = []
                sheets.append(Grid(values["title"], rows))
            case "row":
                rows.append(values["cells"])
            case "entry":
                entries.append((values["line"], values["keys"]))
            case "end":
                return EntryFile(tuple(sheets), tuple(entries), tuple(values["warnings"]))
    raise await _died(process)


async def _died(process: asyncio.subprocess.Process) -> IngestError:
    status = await process.wait()
    log.warning("reading_process_died", status=status)
    return IngestError(
        "Tệp này làm chương trình đọc bị dừng giữa chừng (quá lớn, bị hỏng, hoặc cố tình gây lỗi)."
    )


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    assert process.stdout is not None
    for number in itertools.count(1):
        if not number % _LINES_AT_ONCE:
            await asyncio.sleep(0)  # a line that has arrived is given without a pause for anybody else
        try:
            line = await process.stdout.readline()
        except ValueError:  # longer than any line we write
            return
        if not line.endswith(b"\n"):
            return
        kind, values = json.loads(line)
        yield kind, values


async def _end(process: asyncio.subprocess.Process) -> None:
    """The process and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _document(values: dict[str, Any], passages: tuple[TakenPassage, ...], faq: tuple[FaqRow, ...]) -> TakenIn:
    header = values["header"]
    issued = date.fromisoformat(header["issued"]) if header["issued"] else None
    return TakenIn(
        media=values["media"],
        title=values["title"],
        header=Header(**{**header, "issued": issued, "warnings": tuple(header["warnings"])}),
        pages=values["pages"],
        quality=values["quality"],
        page_quality=tuple(PageQuality(**one) for one in values["page_quality"]),
        numbers=tuple(NumberCount(**one) for one in values["numbers"]),
        passages=passages,
        faq=faq,
        warnings=tuple(values["warnings"]),
    )
