"""Lines of JSON in and out, for commands that are part of somebody's pipeline.

A bad line is never a reason to stop: it comes back as the words that say what is wrong with it. What is
written is one line of JSON that any reader takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_objects(lines: Iterable[str], needs: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """Each line that is not empty as an object with text in the fields of `needs`, or what is wrong."""
    wanted = tuple(needs)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line.removeprefix("\ufeff"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            yield f"line {number} is not JSON: {error}"
            continue
        if not isinstance(given, dict) or not all(isinstance(given.get(field), str) for field in wanted):
            yield f"line {number} needs an object with text in: {', '.join(wanted)}"
            continue
        yield given


def as_line(record: dict[str, Any]) -> str:
    """The record as one line of JSON, with its line end."""
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        line.encode()
    except UnicodeEncodeError:  # a lone surrogate in the id: escaped, it can be handed back
        line = json.dumps(record, allow_nan=False)
    except ValueError:
        line = json.dumps({"id": None, "error": "the id is a number JSON cannot carry"})
    return line + "\n"
