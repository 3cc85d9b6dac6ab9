"""The provinces and communes of Vietnam since July 2025, and the former ones people still name.

Reads data/places.tsv on first use, and data/former_communes.tsv on the first question where somebody lives.
Answers what may be called by a name; whether a name in a sentence is meant as a place is not decided here.
Must never be corrected by hand: nlu/places_source.py writes the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nlu.folding import WORD, fold

PROVINCE, COMMUNE, DISTRICT = "province", "commune", "district"
_OF_TODAY = frozenset({"xã", "phường", "đặc khu"})
_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_ALSO_CALLED = {"Hồ Chí Minh": ("Sài Gòn", "HCM", "TPHCM")}


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of today, or a former district."""

    kind: str
    """`province`, `commune` or `district`; every district is a former one."""
    unit: str
    """`tỉnh`, `thành phố`, `xã`, `phường`, `đặc khu`; of districts `huyện`, `quận`, `thị xã`, `thành phố`."""
    name: str
    """`Chiềng Mai`: as it is called today, without its unit."""
    province: str
    """The province of today it lies in; of a province itself."""
    province_unit: str
    """`tỉnh` or `thành phố`."""
    formerly: str = ""
    """The former province or commune that was named, now part of this one."""

    @property
    def called(self) -> str:
        """The name that was found: the former one where it was one."""
        return self.formerly or self.name

    @property
    def canonical(self) -> str:
        """`xã Chiềng Mai, tỉnh Sơn La`, `huyện Mường La (cũ), tỉnh Sơn La`, or `Sơn La`."""
        if self.kind == PROVINCE:
            return self.name
        former = " (cũ)" if self.kind == DISTRICT else ""
        unit = "" if self.name.lower().startswith(self.unit) else f"{self.unit} "  # the name of Quận 1
        return f"{unit}{self.name}{former}, {self.province_unit} {self.province}"


_Row = tuple[str, str, str, str, str, str]
"""The fields of a Place. Ten thousand of them are read at a blow, and few are ever asked for."""


class Gazetteer:
    """Places by what they are called, folded: `chieng mai`."""

    def __init__(self, rows: Iterable[tuple[str, _Row]]) -> None:
        """`rows` with what they are called, folded."""
        self._rows: dict[str, list[_Row]] = {}
        self._places: dict[str, tuple[Place, ...]] = {}
        self._longest: dict[str, int] = {}
        for name, row in rows:
            syllables = name.split() if _PLAIN.fullmatch(name) else WORD.findall(name)
            self._rows.setdefault(" ".join(syllables), []).append(row)
            if len(syllables) > self._longest.get(syllables[0], 0):
                self._longest[syllables[0]] = len(syllables)

    def longest(self, syllable: str) -> int:
        """How many syllables the longest name has that begins with this folded one; 0 when none does."""
        return self._longest.get(syllable, 0)

    def named(self, name: str) -> tuple[Place, ...]:
        """The places called by this folded name, syllables parted by one space."""
        if name in self._rows and name not in self._places:
            self._places[name] = tuple(Place(*row) for row in self._rows[name])
        return self._places.get(name, ())


@cache
def gazetteer() -> Gazetteer:
    """Provinces (also former ones), communes of today and former districts."""
    return Gazetteer(_places())


@cache
def former_communes() -> Gazetteer:
    """The communes of today by the names of the former ones in them."""
    return Gazetteer(_former())


def _places() -> Iterator[tuple[str, _Row]]:
    province = unit = ""
    for (first, *names), folded in _lines("places.tsv"):
        if first != "=":
            kind = COMMUNE if first in _OF_TODAY else DISTRICT
            for name, key in zip(names, folded[1:], strict=True):
                yield key, (kind, first, name, province, unit, "")
            continue
        unit, province, *former = names
        for key in (province, *_ALSO_CALLED.get(province, ())):
            yield fold(key), (PROVINCE, unit, province, province, unit, "")
        for name in former:
            yield fold(name), (PROVINCE, unit, province, province, unit, name)


def _former() -> Iterator[tuple[str, _Row]]:
    province = province_unit = ""
    for (first, *names), folded in _lines("former_communes.tsv"):
        if first == "=":
            province_unit, province = names
            continue
        for name, key in zip(names[1:], folded[2:], strict=True):
            yield key, (COMMUNE, first, names[0], province, province_unit, name)


def _lines(name: str) -> Iterator[tuple[list[str], list[str]]]:
    """The fields of each line, as they stand and folded."""
    text = files("nlu").joinpath("data").joinpath(name).read_text("utf-8")
    for line, folded in zip(text.splitlines(), fold(text).splitlines(), strict=True):
        if not line.startswith("#"):
            yield line.split("\t"), folded.split("\t")
