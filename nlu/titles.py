"""The five titles of learning promotion in what people write: `cdht`, `gia đình học tập`, `còn dòng họ thì`.

How they are written stands in data/entities.yml, the file Rasa reads too. A word that is a title only
sometimes (`gia đình`) is one only where titles are spoken of. Pure and total but for reading that file once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from nlu.mentions import ANOTHER, EXACT, Word, find_words, likeness

_SPEAKING = frozenset({("danh", "hieu"), ("tieu", "chi"), ("mo", "hinh"), ("tieu", "chuan"), ("loai",)})
"""Behind these a title is spoken of."""
_JOINING = frozenset({"va", "hoac", "hay", "voi", "cung"})
_AROUND = frozenset(
    {"con", "the", "thi", "sao", "a", "nhe", "nha", "la", "gi", "ve", "cho", "da", "em", "hoi", "minh",
     "muon", "toi", "vay", "z", "danh", "hieu", "voi", "j"}
)  # fmt: skip
"""Words of a message that is nearly only a title: `còn gia đình thì sao ạ`."""
_SHORT = 7
_LIST = 8
"""Titles and joining words a list of titles has at most."""
_OTHER_TITLES = frozenset({"van", "thu", "so", "toan", "hanh", "tieu"})
"""`gia đình văn hóa`, `công dân thủ đô`, `công dân số` are no titles of learning."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title named in a text."""

    name: str
    """`cong_dan`, `gia_dinh`, `dong_ho`, `cong_dong` or `don_vi`."""
    start: int
    end: int
    """Half-open span in the text as it was given."""


@dataclass(frozen=True, slots=True)
class _Written:
    name: str
    syllables: tuple[str, ...]
    """With their marks."""
    is_sure: bool
    """Means the title wherever it stands."""


def find_titles(text: str, words: Sequence[Word] | None = None) -> tuple[Title, ...]:
    """Titles named in `text`, in order, never overlapping. `words` when they are known already."""
    words = find_words(text) if words is None else words
    found = []
    index = 0
    while index < len(words):
        written = _written_at(words, index)
        stop = index + (len(written.syllables) if written else 1)
        if written and (written.is_sure or _is_spoken_of(words, index, stop)):
            found.append(Title(written.name, words[index].start, words[stop - 1].end))
        index = stop
    return tuple(found)


def _written_at(words: Sequence[Word], index: int) -> _Written | None:
    for written in _ways().get(words[index].plain, ()):
        said = words[index : index + len(written.syllables)]
        if len(said) < len(written.syllables) or any(not word.before.isspace() for word in said[1:]):
            continue
        grades = [likeness(w.written, s) for w, s in zip(said, written.syllables, strict=True)]
        if _is_address(words, index + len(said)):
            continue
        if min(grades) == EXACT or (min(grades) != ANOTHER and len(said) + len(said[0].plain) > 3):
            return written
    return None


def _is_address(words: Sequence[Word], stop: int) -> bool:
    """`congdanhoctap.vn`."""
    return stop < len(words) and words[stop].before == "." and words[stop].plain == "vn"


def _is_spoken_of(words: Sequence[Word], start: int, stop: int) -> bool:
    if stop < len(words) and words[stop].plain in _OTHER_TITLES:
        return False
    if len(words) <= _SHORT and all(word.plain in _AROUND for word in (*words[:start], *words[stop:])):
        return True
    before = tuple(word.plain for word in words[max(start - 2, 0) : start])
    return before in _SPEAKING or before[-1:] in _SPEAKING or _is_listed(words, stop)


def _is_listed(words: Sequence[Word], stop: int) -> bool:
    """`công dân, gia đình và dòng họ học tập`: the last of a list carries the words for all."""
    for _ in range(_LIST):
        if stop >= len(words):
            return False
        if words[stop].plain in _JOINING:
            stop += 1
            continue
        written = _written_at(words, stop)
        if written is None:
            return False
        if written.is_sure:
            return True
        stop += len(written.syllables)
    return False


@cache
def _ways() -> dict[str, tuple[_Written, ...]]:
    """Ways of writing titles by their first folded word, longest first. ValueError on a broken file."""
    parts = yaml.safe_load(files("nlu").joinpath("data/entities.yml").read_text("utf-8"))["nlu"]
    listed = {
        (kind, part[kind]): [line.strip().removeprefix("- ") for line in part["examples"].splitlines()]
        for part in parts
        for kind in ("synonym", "lookup")
        if kind in part
    }
    sure = set(listed["lookup", "title"])
    ways: dict[str, list[_Written]] = {}
    for (kind, name), examples in listed.items():
        for example in examples if kind == "synonym" else ():
            found = find_words(example)
            written = _Written(name, tuple(word.written for word in found), example in sure)
            ways.setdefault(found[0].plain, []).append(written)
            sure.discard(example)
    if sure:
        raise ValueError(f"entities.yml: {sorted(sure)} stand in the lookup of titles and under no synonym")
    return {
        first: tuple(sorted(found, key=lambda one: len(one.syllables), reverse=True))
        for first, found in ways.items()
    }
