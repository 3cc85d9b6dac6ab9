"""Places in what people write: `ở xã Chiềng Mai, Sơn La`, `khanh hoa`, `Ninh Thuận`.

Many communes are called by words of everyday life (Đoàn Kết, Tân Tiến, An Toàn), so in a sentence a name
counts only with a sign that a place is meant: the unit before it, a larger place behind it, capitals with the
right marks, or `ở`. Where a place was asked for, `find_place` needs no such sign. Pure and total.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nlu.gazetteer import COMMUNE, DISTRICT, PROVINCE, Gazetteer, Place, former_communes, gazetteer
from nlu.mentions import ANOTHER, EXACT, Word, find_words, likeness
from nlu.place_words import (
    BEARERS,
    EVERYDAY_WORDS,
    NAMED_AFTER,
    NAMES_OF_PEOPLE,
    NO_UNIT_AFTER,
    OTHER_WORDS,
    PEOPLE_TOO,
    WORDS_TOO,
    WORDS_WITHOUT_MARKS,
    as_set,
)

_UNITS = {
    ("thanh", "pho"): "thành phố", ("thi", "xa"): "thị xã", ("thi", "tran"): "thị trấn",
    ("dac", "khu"): "đặc khu", ("tinh",): "tỉnh", ("huyen",): "huyện", ("quan",): "quận",
    ("phuong",): "phường", ("xa",): "xã", ("tp",): "tp", ("tx",): "tx", ("tt",): "tt",
    ("t",): "t", ("h",): "h", ("q",): "q", ("p",): "p", ("x",): "x",
}  # fmt: skip
_BEGINS_A_UNIT = frozenset(syllables[0] for syllables in _UNITS)
_SHORT_UNITS = {
    "tp": "thành phố", "tx": "thị xã", "tt": "thị trấn",
    "t": "tỉnh", "h": "huyện", "q": "quận", "p": "phường", "x": "xã",
}  # fmt: skip
"""A single letter only with its point: `P. Tô Hiệu`."""
_KINDS = {
    "tỉnh": {PROVINCE}, "thành phố": {PROVINCE, DISTRICT}, "thị xã": {DISTRICT}, "huyện": {DISTRICT},
    "quận": {DISTRICT}, "phường": {COMMUNE}, "xã": {COMMUNE}, "đặc khu": {COMMUNE}, "thị trấn": {COMMUNE},
}  # fmt: skip
_WHERE = {"o": "ở", "tai": "tại", "que": "quê"}
_JOINS = frozenset(" \t\u00a0-–'’.`")
_PARTS = 3
"""Commune, district, province."""
_LONGEST_ANSWER = 300
"""Characters of an answer to `where do you live`; a longer one is a story."""


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A place named in a text."""

    places: tuple[Place, ...]
    """All it can be: communes of several provinces may share a name."""
    start: int
    end: int
    """Half-open span in the text as it was given, units and a larger place behind it included."""

    @property
    def value(self) -> str:
        """The canonical name of today; of several places what they share: the name, perhaps the province."""
        canonical = {place.canonical for place in self.places}
        if len(canonical) == 1:
            return canonical.pop()
        place = self.places[0]
        if len({(each.province, each.called) for each in self.places}) == 1:
            return f"{place.called}, {place.province_unit} {place.province}"
        units = {each.unit for each in self.places}
        return f"{place.unit} {place.called}" if len(units) == 1 else place.called


@dataclass(frozen=True, slots=True)
class _Name:
    """A stretch of words that is the name of something, with its unit if that was said."""

    places: tuple[Place, ...]
    first: int
    """Index of the first word, the unit's if there is one."""
    start: int
    """Index of the first word of the name itself."""
    stop: int
    unit: str
    marks: int


def find_places(text: str, words: Sequence[Word] | None = None) -> tuple[PlaceMention, ...]:
    """Places that `text` surely names, in order, never overlapping. `words` when they are known already."""
    words = find_words(text) if words is None else words
    shouting = not any(character.islower() for character in text)
    found = []
    index = 0
    while index < len(words):
        chain = _chain(words, index, gazetteer())
        if chain and _is_meant(words, chain, shouting):
            places = _settle(chain)
            found.append(PlaceMention(places, words[chain[0].first].start, words[chain[-1].stop - 1].end))
            index = chain[-1].stop
        else:
            index += 1
    return tuple(found)


def find_place(text: str, *, province: str = "") -> tuple[Place, ...]:
    """What place a whole answer to `where do you live` can mean, likeliest first; empty when it is none.

    Marks may be missing. Names of former communes give the commune of today they went into. Places in
    `province` (a name of today) come first.
    """
    if len(text) > _LONGEST_ANSWER:
        return ()
    words = list(_without_frame(find_words(text)))
    found: list[Place] = []
    for names in (gazetteer(), former_communes()):
        chain = next(_chains_to_the_end(words, 0, names), None)
        if chain:
            alone = chain[0].stop - chain[0].start == 1 and not chain[0].unit
            found += [
                place
                for place in _settle(chain)
                if chain[0].marks == EXACT
                or (not alone and (chain[0].marks != ANOTHER or place.province == province))
            ]
    known = [p for p in found if not p.formerly or p.kind == PROVINCE] or found
    # Somebody in the right province who names a former commune means it, and no namesake far away.
    near = [p for p in found if p.province == province]
    order = {COMMUNE: 0, DISTRICT: 1, PROVINCE: 2}
    candidates = [*near, *(p for p in known if p.province != province)]
    return tuple(sorted(candidates, key=lambda p: (p.province != province, bool(p.formerly), order[p.kind])))


def _chain(words: Sequence[Word], index: int, names: Gazetteer) -> list[_Name]:
    """The name at `index` and the larger places named right behind it, if any."""
    name = _name_at(words, index, names)
    if name is None:
        return []
    chain = [name]
    while name.stop < len(words) and _may_follow(words[name.stop]) and len(chain) < _PARTS:
        larger = _name_at(words, name.stop, gazetteer())
        if larger is None or not _is_larger(words, larger) or not _settle([*chain, larger], strictly=True):
            break
        chain.append(larger)
        name = larger
    return chain


def _is_larger(words: Sequence[Word], name: _Name) -> bool:
    """A province, or a district that is said to be one: `Mường La, Mộc Châu` are two places."""
    return bool(name.unit) or any(place.kind == PROVINCE for place in name.places)


def _chains_to_the_end(
    words: Sequence[Word], index: int, names: Gazetteer, most: int = _PARTS
) -> Iterator[list[_Name]]:
    """Chains of at most `most` names that leave no word over, longest names first."""
    if index == len(words):
        yield []
    elif most:
        for name in _names_at(words, index, names):
            for rest in _chains_to_the_end(words, name.stop, gazetteer(), most - 1):
                yield [name, *rest]


def _name_at(words: Sequence[Word], index: int, names: Gazetteer) -> _Name | None:
    for name in _names_at(words, index, names):
        if name.marks != ANOTHER:
            return name
    return None


def _names_at(words: Sequence[Word], index: int, names: Gazetteer) -> Iterator[_Name]:
    """Names that begin at `index`, perhaps with their unit, longest first."""
    unit, start = _unit_at(words, index)
    if unit:
        yield from _names_of(words, index, start, unit, names)
    yield from _names_of(words, index, index, "", names)  # `Quận 1` has its unit in its name


def _names_of(words: Sequence[Word], index: int, start: int, unit: str, names: Gazetteer) -> Iterator[_Name]:
    if (
        start < len(words)
        and names.longest(words[start].plain)
        and (not unit or not words[start].before.strip(" .\t"))
    ):
        longest = min(names.longest(words[start].plain), len(words) - start)
        for length in range(longest, 0, -1):
            stop = start + length
            if any(not _joins(word) for word in words[start + 1 : stop]):
                continue
            places = names.named(" ".join(word.plain for word in words[start:stop]))
            fitting = _of_unit(places, unit)
            if fitting:
                grades = {name: _marks(words[start:stop], name) for name in {p.called for p in fitting}}
                marks = max(grades.values())
                alike = tuple(place for place in fitting if grades[place.called] == marks)
                yield _Name(alike, index, start, stop, unit, marks)


def _unit_at(words: Sequence[Word], index: int) -> tuple[str, int]:
    """The unit named at `index` (or none) and the index where the name after it begins."""
    if words[index].plain not in _BEGINS_A_UNIT:
        return "", index
    for length in (2, 1):
        said = words[index : index + length]
        unit = _UNITS.get(tuple(word.plain for word in said), "")
        if not unit:
            continue
        if len(unit) == 1 and not (index + 1 < len(words) and words[index + 1].before.startswith(".")):
            continue
        short = _SHORT_UNITS.get(unit)
        if not short and any(
            likeness(word.written, right) == ANOTHER for word, right in zip(said, unit.split(), strict=True)
        ):
            continue
        if index and words[index - 1].plain in NO_UNIT_AFTER:
            continue
        if said[0].plain == "xa" and _is_society(words, index):
            continue
        return short or unit, index + length
    return "", index


def _is_society(words: Sequence[Word], index: int) -> bool:
    """`xã hội`, unless a capital says that it is `xã Hội Sơn`."""
    after = words[index + 1 : index + 2]
    return bool(after) and after[0].plain == "hoi" and not after[0].is_capital


def _of_unit(places: tuple[Place, ...], unit: str) -> tuple[Place, ...]:
    """Those that are such a unit; people who say xã for a phường still mean it."""
    if not unit:
        return places
    exactly = tuple(place for place in places if place.unit == unit)
    if exactly or PROVINCE in _KINDS[unit] or not any(place.kind == PROVINCE for place in places):
        return exactly or tuple(place for place in places if place.kind in _KINDS[unit])
    return ()


def _marks(words: Sequence[Word], name: str) -> int:
    """How the marks of the name were typed: as its worst syllable."""
    right = _syllables(name)
    if len(right) != len(words):  # another way of calling it
        return EXACT
    return min(likeness(word.written, syllable) for word, syllable in zip(words, right, strict=True))


@lru_cache(maxsize=4096)
def _syllables(name: str) -> tuple[str, ...]:
    return tuple(word.written for word in find_words(name))


def _settle(chain: Sequence[_Name], *, strictly: bool = False) -> tuple[Place, ...]:
    """What the first name can be, given the larger ones; all it can be when they contradict it."""
    smallest = chain[0].places
    for larger in chain[1:]:
        provinces = {place.province for place in larger.places if place.kind != COMMUNE}
        fitting = tuple(p for p in smallest if p.province in provinces and p.kind != PROVINCE)
        if strictly and not fitting:
            return ()
        smallest = fitting or smallest
    if len(chain) == 1 and not chain[0].unit:
        smallest = tuple(p for p in smallest if p.kind == PROVINCE) or smallest
        smallest = tuple(p for p in smallest if p.kind == COMMUNE) or smallest
    return smallest


def _is_meant(words: Sequence[Word], chain: Sequence[_Name], shouting: bool) -> bool:
    """Is there a sign that this is meant as a place?"""
    name = chain[0]
    said = words[name.start : name.stop]
    before = words[name.start - 1] if name.start else None
    if name.unit:
        return len(said) > 1 or name.marks == EXACT or name.places[0].kind == PROVINCE
    if len(chain) > 1:
        return before is None or before.plain not in BEARERS
    plain = " ".join(word.plain for word in said)
    where = before is not None and before.plain in _WHERE and said[0].before.isspace()
    where = where and before is not None and likeness(before.written, _WHERE[before.plain]) != ANOTHER
    capitals = not shouting and all(word.is_capital for word in said)
    if any(place.kind == PROVINCE for place in name.places):
        return _is_province_meant(plain, name.marks, where, capitals) and not _is_other_words(
            words, name, plain
        )
    if len(said) < 2 or name.marks != EXACT:
        return False
    if where and (capitals or plain not in EVERYDAY_WORDS):
        return True
    return capitals and said[0].plain not in NAMES_OF_PEOPLE and not _is_part_of_a_name(words, name)


def _is_province_meant(plain: str, marks: int, where: bool, capitals: bool) -> bool:
    if where:
        return True
    if plain == PEOPLE_TOO:
        return False
    if plain in WORDS_TOO:
        return capitals and marks == EXACT
    return marks == EXACT or plain not in WORDS_WITHOUT_MARKS or capitals


def _is_other_words(words: Sequence[Word], name: _Name, plain: str) -> bool:
    before, after = OTHER_WORDS.get(plain, (frozenset[str](), frozenset[str]()))
    return (name.start > 0 and words[name.start - 1].plain in before) or (
        name.stop < len(words) and words[name.stop].plain in after
    )


def _is_part_of_a_name(words: Sequence[Word], name: _Name) -> bool:
    """A capital right before or behind it, or a word that announces another kind of name."""
    if name.start:
        before = words[name.start - 1]
        if words[name.start].before.isspace() and (
            before.plain in NAMED_AFTER | BEARERS or (before.is_capital and name.start > 1)
        ):
            return True
    if name.stop < len(words):
        after = words[name.stop]
        return after.is_capital and _joins(after)
    return False


def _joins(word: Word) -> bool:
    """Nothing but a space, a hyphen or an apostrophe stands before it."""
    return len(word.before) <= 3 and all(character in _JOINS for character in word.before)


def _may_follow(word: Word) -> bool:
    """A larger place may follow behind a space, a comma, a hyphen or in brackets."""
    return len(word.before) <= 4 and not word.before.strip(" ,-–(.\n\t")


_FRAME_BEFORE = as_set(
    "da vang thua em e minh mk m toi tui t anh chi chau con o tai que nha dang song thuoc la ben dia ban "
    "vung ben a bac co chu lam viec cong tac tru hien nay noi hk ho khau"
)
_FRAME_AFTER = as_set("a ah ak nhe nha nhen do thoi ban oi em co chu bac ad admin day ne luon cu nhi")
_SMALLER = as_set("ban thon xom to khu ap doi buon lang pho duong so ngo ngach hem tieu")


def _without_frame(words: Sequence[Word]) -> Sequence[Word]:
    """The answer without `dạ em ở`, `bản Mé,` and `ạ`, as far as what is left is still something."""
    first, last = 0, len(words)
    while last - first > 1 and words[last - 1].plain in _FRAME_AFTER and not _ends_a_name(words, last):
        last -= 1
    while first < last:
        if words[first].plain in _SMALLER and (next_part := _next_part(words, first, last)):
            first = next_part
        elif words[first].plain in _FRAME_BEFORE and not _begins_a_name(words, first, last):
            first += 1
        else:
            break
    return words[first:last]


def _next_part(words: Sequence[Word], first: int, last: int) -> int:
    """Where the part behind a hamlet or a street begins: at a comma or a unit."""
    for index in range(first + 1, min(first + 8, last)):
        if "," in words[index].before or _unit_at(words, index)[0]:
            return index
    return 0


def _begins_a_name(words: Sequence[Word], first: int, last: int) -> bool:
    rest = words[first:last]
    return any(
        next(_chains_to_the_end(rest, 0, names), None) is not None
        for names in (gazetteer(), former_communes())
    )


def _ends_a_name(words: Sequence[Word], last: int) -> bool:
    """`Nậm Cô` ends in a word that elsewhere is a form of address."""
    for start in range(max(last - 4, 0), last - 1):
        plain = " ".join(word.plain for word in words[start:last])
        if gazetteer().named(plain) or former_communes().named(plain):
            return True
    return False
