"""Training data in Rasa's format: read from files, checked, frozen.

The same files teach Rasa's server, so nothing here may ask for more than Rasa does; what Rasa would swallow
and silently learn wrongly (one message under two intents) is a fault here. Needs nothing but YAML.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from nlu.accents import marked_syllables
from nlu.folding import fold, normalise, syllables

SHIPPED = Path(str(files("nlu") / "data"))
LEAST_EXAMPLES = 5
"""Examples an intent needs before anything can be learnt from it."""
_LONGEST = 500
"""Characters of one example; nobody types more as a single wish, and a missing line end looks like this."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECTIONS = {
    "intent": {"intent", "examples", "metadata"},
    "synonym": {"synonym", "examples"},
    "regex": {"regex", "examples"},
    "lookup": {"lookup", "examples"},
}
_ITEM = re.compile(r"[ \t]*-[ \t]+(?P<text>.*\S)[ \t]*")
_ANNOTATION = re.compile(
    r"\[(?P<text>[^\[\]]+)\](?:\((?P<kind>[^()\s]+)\)|(?P<record>\{[^{}]*\}|\[\{.*?\}\]))"
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one place of one file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class TrainingDataBroken(ValueError):
    """The data cannot be learnt from. The message has one line for every fault, with file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Example:
    """One message and what it wants."""

    text: str
    """As somebody would type it, NFC, without annotations."""
    intent: str
    file: str
    line: int

    @property
    def where(self) -> str:
        """Where to look when it is wrong: `person.yml:12`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All files of one folder."""

    examples: tuple[Example, ...]
    """In order of intent and text: the order of files and lines teaches nothing."""
    synonyms: tuple[tuple[str, tuple[str, ...]], ...]
    """Value and its other spellings."""
    lookups: tuple[tuple[str, tuple[str, ...]], ...]
    """Kind of entity and its names."""
    regexes: tuple[tuple[str, tuple[str, ...]], ...]
    """Kind of entity and its patterns."""
    content_hash: str
    """Changes with any example, synonym, name or pattern; not with comments, files or their order."""

    @property
    def intents(self) -> tuple[str, ...]:
        """Names, in alphabetical order."""
        return tuple(sorted({example.intent for example in self.examples}))


def load_training_data(folder: Path = SHIPPED, least: int = LEAST_EXAMPLES) -> TrainingData:
    """Every `.yml` file of `folder` with a top-level `nlu:`. Raises TrainingDataBroken, OSError."""
    reading = _Reading()
    for path in sorted(folder.glob("*.yml")):
        reading.read(path)
    examples = reading.checked_examples(least)
    if reading.faults:
        raise TrainingDataBroken(sorted(reading.faults, key=lambda fault: (fault.file, fault.line)))
    parts = [sorted(table.items()) for table in (reading.synonyms, reading.lookups, reading.regexes)]
    synonyms, lookups, regexes = (
        tuple((name, tuple(sorted(set(texts)))) for name, texts in part) for part in parts
    )
    said = repr(([(e.intent, e.text) for e in examples], synonyms, lookups, regexes))
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return TrainingData(examples, synonyms, lookups, regexes, digest)


def plain_text(example: str) -> str:
    """An example without Rasa's annotations: `[40%](percentage)` gives `40%`."""
    return normalise(_ANNOTATION.sub(lambda match: match["text"], example)).strip()


class _Reading:
    """What was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.examples: list[Example] = []
        self.first_lines: dict[str, tuple[str, int]] = {}
        self.synonyms: dict[str, list[str]] = {}
        self.lookups: dict[str, list[str]] = {}
        self.regexes: dict[str, list[str]] = {}

    def read(self, path: Path) -> None:
        """Take in one file."""

        def wrong(line: int, reason: str) -> None:
            self.faults.append(Fault(path.name, line, reason))

        try:
            root = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
        except UnicodeDecodeError:
            return wrong(1, "is not UTF-8")
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            return wrong(line, f"is not YAML: {error.problem}")
        except yaml.YAMLError as error:
            return wrong(1, f"is not YAML: {error}")
        if not isinstance(root, yaml.MappingNode):
            return None
        for key, value in root.value:
            if key.value == "nlu":
                self._read_sections(path.name, value, wrong)
        return None

    def _read_sections(self, file: str, node: yaml.Node, wrong: Callable[[int, str], None]) -> None:
        if not isinstance(node, yaml.SequenceNode):
            return wrong(_line(node), "nlu: needs a list")
        for item in node.value:
            fields = _fields(item)
            kind = next((kind for kind in _SECTIONS if kind in fields), "")
            if not kind:
                wrong(_line(item), f"needs one of {', '.join(_SECTIONS)}")
                continue
            for unknown in sorted(set(fields) - _SECTIONS[kind]):
                wrong(_line(fields[unknown]), f"unknown field {unknown!r}")
            name = _text_of(fields[kind])
            if not name or (kind == "intent" and not _NAME.fullmatch(name)):
                wrong(_line(fields[kind]), f"{name!r} is no name of {kind} (small letters, digits, _)")
                continue
            if "examples" not in fields:
                wrong(_line(item), f"{kind} {name} has no examples")
                continue
            items = [(line, text) for line, text in _items(fields["examples"], wrong) if text]
            self._keep(file, kind, name, items, wrong)
        return None

    def _keep(
        self, file: str, kind: str, name: str, items: list[tuple[int, str]], wrong: Callable[[int, str], None]
    ) -> None:
        for line, raw in items:
            text = raw if kind == "regex" else plain_text(raw)
            if len(text) > _LONGEST:
                wrong(line, f"an example of more than {_LONGEST} characters")
            elif kind != "intent":
                table = {"synonym": self.synonyms, "lookup": self.lookups, "regex": self.regexes}[kind]
                table.setdefault(name, []).append(text)
            else:
                self.first_lines.setdefault(name, (file, line))
                self.examples.append(Example(text, name, file, line))

    def checked_examples(self, least: int) -> tuple[Example, ...]:
        """The examples, each once; faults for those that stand under two intents and intents with few."""
        known: dict[tuple[str, ...], Example] = {}
        for example in self.examples:
            first = known.setdefault(_said(example.text), example)
            if first.intent != example.intent:
                self.faults.append(
                    Fault(
                        example.file,
                        example.line,
                        f"{example.text!r} is {example.intent} here and {first.intent} in {first.where}",
                    )
                )
        counts = Counter(example.intent for example in known.values())
        for intent, (file, line) in self.first_lines.items():
            if counts[intent] < least:
                self.faults.append(
                    Fault(file, line, f"{intent} has {counts[intent]} examples and needs {least}")
                )
        if not known and not self.faults:
            self.faults.append(Fault("*.yml", 1, "no file has examples under nlu:"))
        return tuple(sorted(known.values(), key=lambda example: (example.intent, example.text)))


def _said(text: str) -> tuple[str, ...]:
    """What makes two examples one: words with their marks, numbers, and the signs between them."""
    words = syllables(text)
    return (*marked_syllables(text), *(word for word in words if word.isdigit())) or (fold(text),)


def _items(node: yaml.Node, wrong: Callable[[int, str], None]) -> Iterator[tuple[int, str]]:
    """Examples with their lines: from Rasa's `|` text of `- ` lines, or from a list."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            text = _text_of(_fields(item).get("text", item))
            if not text.strip():
                wrong(_line(item), "an empty example")
            yield _line(item), text
        return
    if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
        wrong(_line(node), 'examples needs "|" and lines that begin with "- "')
        return
    for offset, line in enumerate(node.value.splitlines(), 1):
        item = _ITEM.fullmatch(line)
        if item:
            yield _line(node) + offset, item["text"]
        elif line.strip() == "-":
            wrong(_line(node) + offset, "an empty example")
        elif line.strip():
            wrong(_line(node) + offset, 'an example begins with "- "')


def _fields(node: yaml.Node) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _text_of(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
