"""The process that reads one file and dies: started by bot.reading, never imported where citizens are served.

What is wanted comes on standard input, what was found goes to standard output, one JSON value a line.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from knowledge.ingest import EntryFile, IngestError, Limits, TakenIn
from knowledge.ingest.entry_file import read_entry_file
from knowledge.ingest.taking_in import take_in
from nlu.text import vietnamese_text

_WRITES_BYTES = 512 * 1024 * 1024
_NICE = 10
"""Citizens are served first."""


def _said(taken: TakenIn) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = asdict(taken)
    passages, faq = whole.pop("passages"), whole.pop("faq")
    issued = taken.header.issued
    whole["header"]["issued"] = issued.isoformat() if issued else ""
    yield "document", whole
    yield from (("passage", one) for one in passages)
    yield from (("faq", one) for one in faq)
    yield "end", {}


def _entries_said(found: EntryFile) -> Iterator[tuple[str, dict[str, Any]]]:
    for sheet in found.sheets:
        yield "sheet", {"title": sheet.title}
        yield from (("row", {"cells": list(cells)}) for cells in sheet.rows)
    yield from (("entry", {"line": line, "keys": keys}) for line, keys in found.entries)
    yield "end", {"warnings": list(found.warnings)}


def _bound(limits: Limits) -> None:
    """Soft bounds: LibreOffice, started from here, may lift the one on memory for itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, hard))
    seconds = int(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITES_BYTES, _WRITES_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)


def main() -> None:
    """Read one wish from standard input, answer on standard output."""
    wish = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**wish["limits"])
    registered = json.loads(sys.stdin.buffer.readline())["registered"]
    known = [json.loads(line) for line in sys.stdin.buffer]
    # Libraries may print: their words must not get between ours.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _bound(limits)
    said: Iterator[tuple[str, dict[str, Any]]]
    try:
        path, name = Path(wish["path"]), wish["name"]
        if wish.get("entries"):
            said = _entries_said(read_entry_file(path, name, vietnamese_text(), limits))
        else:
            said = _said(take_in(path, name, vietnamese_text(), limits, registered=registered, known=known))
    except IngestError as error:
        said = iter([("failed", {"reason": str(error)})])
    except MemoryError:
        said = iter([("failed", {"reason": "Tệp cần nhiều bộ nhớ hơn mức cho phép."})])
    except RecursionError:
        said = iter([("failed", {"reason": "Tệp lồng nhau quá nhiều lớp, mình không đọc được."})])
    except (
        Exception
    ) as error:  # a parser's own fault: the file is refused, the reason kept apart from its words
        reason = f"Mình không đọc được tệp này ({type(error).__name__})."
        said = iter([("failed", {"reason": reason})])
    for line in said:
        answer.write(json.dumps(line).encode() + b"\n")
    answer.flush()


if __name__ == "__main__":
    main()
