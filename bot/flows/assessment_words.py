"""What people say when they are asked for points, a level or their group, in whatever spelling.

Reads and never decides: what cannot be read surely is None, and then the citizen is asked again. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.flows.flow import Command
from knowledge.criteria import Group, Level
from nlu.entities import read_score
from nlu.text import normalise, syllables, vietnamese_text

Words = tuple[str, ...]


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_AROUND = _set(
    "a ah u uh uhm um oi nhe nha nhen nhi day do thi la thoi lam minh em toi tui to tao chau con bac co chu"
    " anh chi ong ba ban bot chac cung nghi thay muc o dang ma vay the cho chon xin da vang khoang hon kieu"
    " dung hien nay gio bay noi chung cua phan ve voi duoc ok"
)
"""Words a level is wrapped in."""
_DENIES = _set("khong chua chang cha it hiem dau dung")
"""In front of a level these make it another one."""
_IN_GENERAL: tuple[tuple[str, ...], ...] = (
    (
        "kem", "yeu", "rat kem", "rat yeu", "qua kem", "chua bao gio", "khong bao gio", "chua lam bao gio",
        "hau nhu khong", "hau nhu chua", "gan nhu khong", "gan nhu chua", "chua co gi", "khong co gi",
        "chua he", "khong he", "rat thap", "thap nhat",
    ),
    (
        "it", "rat it", "hiem khi", "it khi", "hoi yeu", "hoi kem", "con yeu", "con kem", "con it", "thap",
        "hoi it", "khong nhieu", "chua nhieu", "chua tot", "khong tot", "khong thuong xuyen",
        "chua thuong xuyen", "moi bat dau", "chut it", "mot chut", "mot it",
    ),
    (
        "trung binh", "tb", "binh thuong", "bt", "thinh thoang", "doi khi", "doi luc", "luc co luc khong",
        "tam duoc", "tam on", "vua vua", "vua phai", "tuong doi", "cung duoc", "tam tam", "hoi hoi",
    ),
    (
        "kha", "kha tot", "kha on", "tot", "on", "thuong xuyen", "thg xuyen", "tx", "nhieu", "kha nhieu",
        "hay lam", "kha thuong xuyen", "cao", "kha cao", "hay", "co hay", "co thuong xuyen", "co nhieu",
    ),
    (
        "rat tot", "gioi", "rat gioi", "xuat sac", "luon luon", "rat thuong xuyen", "thanh thao", "rat nhieu",
        "hang ngay", "moi ngay", "ngay nao cung", "tot nhat", "cao nhat", "rat cao", "cuc tot",
    ),
)  # fmt: skip
"""Words for a level from the lowest to the highest, for whoever does not use those of the question."""
_FAIRLY = re.compile(r"(?:cung |chac |thi )?tam (?:duoc|on|tam)(?: thoi| ma)?")
"""Folded, `tạm` looks like the number eight."""
_MOST_AROUND = 3
"""Words besides a level's own that an answer may have."""
_NUMBER = re.compile(r"(-?\d{1,4})(?:[.,]\d{1,2})?")
_MOST_TAKEN_FOR_POINTS = 100
"""A bare number above it is something else (a decision's number), not points out of range."""
_COMMANDS: dict[Command, frozenset[str]] = {
    Command.BACK: frozenset({"quay lai", "cau truoc", "tro lai", "lui lai", "quay lai cau truoc", "back"}),
    Command.SKIP: frozenset({"bo qua", "bo qua cau nay", "cau sau", "cau khac", "skip", "bo trong"}),
    Command.RESTART: frozenset({"lam lai tu dau", "bat dau lai", "lam lai", "tu dau", "lam lai het"}),
}  # fmt: skip
_WHERE = re.compile(
    r"\b(?:con|may|bao nhieu|het)\b.{0,12}\b(?:may|bao nhieu|bn)\b.{0,6}\bcau\b"
    r"|\bdang o (?:dau|cau (?:may|nao))\b|\bcau (?:may|bao nhieu|thu may) (?:roi|vay)\b"
    r"|\bcon (?:lau|dai|nhieu) (?:khong|ko|nua)\b|\bsap xong chua\b"
)
_MEANING = frozenset(
    {
        "vi du", "cho vi du", "giai thich", "giai thich them", "chua hieu", "khong hieu", "toi khong hieu",
        "la sao", "nghia la gi", "la the nao", "chua ro", "khong ro", "khong hieu cau hoi", "minh chua hieu",
        "chua hieu cau hoi", "minh khong hieu", "em khong hieu", "em chua hieu", "vi du di", "cho minh vi du",
    }
)  # fmt: skip
_DOES_NOT_KNOW = re.compile(
    r"(?:\w+ ){0,2}(?:khong|chua|hong|hok|hem) (?:hieu|biet|ro)"
    r"(?: (?:cau|hoi|nay|do|gi|het|nua|luon|lam|dau))*"
)
_DONE = frozenset(
    {
        "xong", "xong roi", "het", "het roi", "da xong", "khong", "khong co", "khong co gi", "khong can",
        "khoi", "thoi khoi", "chua co", "tiep", "tiep tuc", "tiep di", "xem ket qua", "ket qua",
        "cho xem ket qua",
        "khong a", "khong co a", "the thoi", "vay thoi", "chua", "khong nhe",
    }
)  # fmt: skip
"""Answers that end the asking for what may be left out."""


def words_of(text: str) -> Words:
    """The syllables of a text, folded, abbreviations opened."""
    return syllables(vietnamese_text().as_meant(text))


def phrase_of(text: str) -> str:
    """The same, joined by spaces, without courtesy."""
    return " ".join(word for word in words_of(text) if word not in {"a", "nhe", "nha", "da", "vang", "oi"})


def command_in(text: str) -> Command | None:
    """A command said in its plainest words."""
    phrase = phrase_of(text)
    return next((command for command, ways in _COMMANDS.items() if phrase in ways), None)


def asks_where(text: str) -> bool:
    """Whether somebody wants to know how many questions there are still."""
    return len(text) <= 60 and _WHERE.search(" ".join(words_of(text))) is not None


def asks_meaning(text: str) -> bool:
    """Whether somebody has not understood the question."""
    phrase = phrase_of(text)
    return phrase in _MEANING or _DOES_NOT_KNOW.fullmatch(phrase) is not None


def is_done(text: str) -> bool:
    """Whether there is nothing (more) to give."""
    return phrase_of(text) in _DONE


def read_points(text: str, levels: Sequence[Level]) -> float | None:
    """Points as a number or a level in words; also a number that cannot be given. None: no answer."""
    if _FAIRLY.fullmatch(phrase_of(text)) and "tám" not in normalise(text).lower():
        return float(levels[len(levels) // 2].points)
    score = read_score(text)
    if score is not None:
        return score
    number = _bare_number(text)
    if number is not None:
        return number
    level = read_level(text, levels)
    return None if level is None else float(level.points)


def read_level(text: str, levels: Sequence[Level]) -> Level | None:
    """The level whose words these are: those on its button, or those people use for such a level."""
    if len(text) > 200 or "?" in text:
        return None
    said = words_of(text)
    core = tuple(word for word in said if word not in _AROUND)
    labels = [(words_of(level.label), level) for level in levels]
    for words, level in labels:
        if words in (said, core) or tuple(w for w in words if w not in _AROUND) == core != ():
            return level
    named = [(len(words), level) for words, level in labels if _says(core, words)]
    longest = max((length for length, _ in named), default=0)
    found = [level for length, level in named if length == longest]
    if len(found) == 1:
        return found[0]
    phrases = {" ".join(said), " ".join(core)}
    for rank, ways in enumerate(_IN_GENERAL):
        if phrases & set(ways):
            return levels[round(rank * (len(levels) - 1) / (len(_IN_GENERAL) - 1))] if levels else None
    return None


def read_groups(text: str, groups: Iterable[Group]) -> tuple[str, ...]:
    """Ids of the groups somebody says to belong to, without those that are denied. Longer words win."""
    said = words_of(text)
    found: list[tuple[int, int, str]] = []
    for group in groups:
        for way in (*group.includes, group.label, group.name):
            words = words_of(way)
            found += [(at, at + len(words), group.id) for at in _places(said, words)]
    meant = [
        one
        for one in found
        if not _is_denied(said, one[0])
        and not any(o[0] <= one[0] and one[1] <= o[1] and o[1] - o[0] > one[1] - one[0] for o in found)
    ]
    return tuple(dict.fromkeys(id_ for _, _, id_ in sorted(meant)))


def _bare_number(text: str) -> float | None:
    said = "-" + text.strip()[1:] if text.strip()[:1] in "-−–" else text
    core = [w for w in re.findall(r"-?[\w.,]+", vietnamese_text().as_meant(said)) if w not in _AROUND]
    core = [w for w in core if w != "diem"]
    if len(core) != 1:
        return None
    number = _NUMBER.fullmatch(core[0])
    if number is None:
        return None
    value = float(core[0].replace(",", "."))
    return value if value <= _MOST_TAKEN_FOR_POINTS else None


def _says(said: Words, label: Words) -> bool:
    core = tuple(word for word in label if word not in _AROUND)
    if not core or len(said) - len(core) > _MOST_AROUND:
        return False
    return any(not _is_denied(said, at) for at in _places(said, core))


def _is_denied(said: Words, at: int) -> bool:
    before = said[max(at - 2, 0) : at]
    return bool(_DENIES & set(before[-1:])) or (
        len(before) == 2 and before[0] in _DENIES and before[1] in {"phai", "la"}
    )


def _places(said: Words, words: Words) -> list[int]:
    if not words:
        return []
    return [at for at in range(len(said) - len(words) + 1) if said[at : at + len(words)] == words]
