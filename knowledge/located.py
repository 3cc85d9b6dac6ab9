"""YAML that remembers where everything stands, so that a fault can be named with its file and line.

Two equal keys in one place are a fault here: YAML would silently keep the last one, and an edit be lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Leaves dates as they are written: a day that does not exist is then a fault like any other."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }


class ContentError(ValueError):
    """A content file that cannot be used. The message names file, line and reason."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        """`line` counts from 1."""
        super().__init__(f"{file.parent.name}/{file.name}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class Faults(Exception):
    """All faults of one or more files, in the order they were met; at least one."""

    def __init__(self, errors: list[ContentError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Located:
    """A value of a YAML file, and its place in it."""

    file: Path
    node: yaml.Node | None
    data: Any = field(repr=False)

    def error(self, place: tuple[int | str, ...], reason: str) -> ContentError:
        """The fault with the line of the nearest thing that exists on the way to `place`."""
        node, line = self.node, self.node.start_mark.line if self.node else 0
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        where = ".".join(str(step) for step in place)
        return ContentError(self.file, line + 1, f"{where}: {reason}" if where else reason)

    def at(self, *place: int | str) -> Located:
        """The part at `place`, which must exist."""
        node, data = self.node, self.data
        for step in place:
            found = _child(node, step)
            assert found is not None
            node, data = found[0], data[step]
        return Located(self.file, node, data)


def read_text(file: Path) -> str:
    """The file as text with plain line ends. Raises Faults."""
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise Faults([ContentError(file, 1, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Faults([ContentError(file, line, "is not UTF-8 text")]) from error


@cache
def shipped_table(name: str) -> Any:
    """A YAML file that lies beside the program and never changes while it runs, read once."""
    return yaml.load(files("knowledge").joinpath(name).read_text("utf-8"), _Base)  # noqa: S506 - a safe loader


def parse(file: Path, text: str) -> Located:
    """YAML text that stands in `file`; leading empty lines keep the line numbers right. Raises Faults."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        repeated = _repeated_keys(file, node) if node else []
        data = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Faults(
            [ContentError(file, mark.line + 1 if mark else 1, f"is not valid YAML: {error.problem}")]
        ) from error
    except yaml.YAMLError as error:
        reason = "is not valid YAML: a character that may not stand there"
        raise Faults([ContentError(file, 1, reason)]) from error
    if repeated:
        raise Faults(repeated)
    return Located(file, node, data)


def _repeated_keys(file: Path, node: yaml.Node) -> list[ContentError]:
    errors: list[ContentError] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key.value, str):
                errors.append(ContentError(file, key.start_mark.line + 1, "a key must be a plain word"))
                continue
            if key.value in seen:
                errors.append(
                    ContentError(file, key.start_mark.line + 1, f"{key.value} stands twice in one place")
                )
            seen.add(key.value)
            errors += _repeated_keys(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            errors += _repeated_keys(file, value)
    return errors


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    """The part of a node and the line it is found at: for a key's value, that of the key."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found, found.start_mark.line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line
    return None
