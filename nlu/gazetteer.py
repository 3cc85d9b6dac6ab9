"""The provinces and communes of Vietnam since July 2025, and the former ones people still name.

Reads data/places.tsv on first use, and data/former_communes.tsv on the first question where somebody lives.
Answers what may be called by a name; whether a name in a sentence is meant as a place is not decided here.
Must never be corrected by hand: tools/make_places.py writes the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from nlu.folding import WORD, fold

PROVINCE, COMMUNE, DISTRICT = "province", "commune", "district"
_OF_TODAY = frozenset({"xã", "phường", "đặc khu"})
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


class Gazetteer:
    """Places by what they are called, folded: `chieng mai`."""

    def __init__(self, places: Iterator[Place]) -> None:
        found: dict[str, list[Place]] = {}
        self._longest: dict[str, int] = {}
        for place in places:
            for name in (place.called, *_ALSO_CALLED.get(place.name, ())):
                syllables = WORD.findall(fold(name))
                found.setdefault(" ".join(syllables), []).append(place)
                self._longest[syllables[0]] = max(self._longest.get(syllables[0], 0), len(syllables))
        self._places = {name: tuple(places) for name, places in found.items()}

    def longest(self, syllable: str) -> int:
        """How many syllables the longest name has that begins with this folded one; 0 when none does."""
        return self._longest.get(syllable, 0)

    def named(self, name: str) -> tuple[Place, ...]:
        """The places called by this folded name, syllables parted by one space."""
        return self._places.get(name, ())


@cache
def gazetteer() -> Gazetteer:
    """Provinces (also former ones), communes of today and former districts. About 10 ms on first use."""
    return Gazetteer(iter(_places()))


@cache
def former_communes() -> Gazetteer:
    """The communes of today by the names of the former ones in them."""
    return Gazetteer(_former())


@cache
def _places() -> tuple[Place, ...]:
    places = []
    province = province_unit = ""
    for first, *rest in _lines("places.tsv"):
        if first != "=":
            kind = COMMUNE if first in _OF_TODAY else DISTRICT
            places += [Place(kind, first, name, province, province_unit) for name in rest]
            continue
        province_unit, province, *former = rest
        whole = Place(PROVINCE, province_unit, province, province, province_unit)
        places += [whole, *(replace(whole, formerly=name) for name in former)]
    return tuple(places)


def _former() -> Iterator[Place]:
    today = {(p.province, p.unit, p.name): p for p in _places() if p.kind == COMMUNE}
    province = ""
    for first, *rest in _lines("former_communes.tsv"):
        if first == "=":
            province = rest[0]
            continue
        commune = today[province, first, rest[0]]
        yield from (replace(commune, formerly=name) for name in rest[1:])


def _lines(name: str) -> Iterator[list[str]]:
    for line in files("nlu").joinpath("data").joinpath(name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")
