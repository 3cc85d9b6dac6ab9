"""Vietnamese text as people type it, brought to a form that can be compared.

Everything here is pure and total: any string, also one with lone surrogates or decomposed letters, gives
a result and never an exception. Folding loses marks on purpose; it must never be shown to a citizen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from nlu.interpreter import Entity
from nlu.spelling import nearest, repair_typing

_PLAIN_D = {"đ": "d", "ð": "d", "ɖ": "d"}
"""Letters with a stroke have no decomposition. Eth and the African d are common keyboard mix-ups for đ."""

_NUMBER_KINDS = {
    "quyet dinh": "QĐ",
    "ket luan": "KL",
    "chi thi": "CT",
    "thong tu": "TT",
    "thong tri": "TT",
    "nghi quyet": "NQ",
    "nghi dinh": "NĐ",
    "ke hoach": "KH",
    "cong van": "CV",
    "to trinh": "TTr",
    "qd": "QĐ",
    "kl": "KL",
    "ct": "CT",
    "tt": "TT",
    "nq": "NQ",
    "nd": "NĐ",
    "kh": "KH",
    "cv": "CV",
    "ttr": "TTr",
}
_ISSUERS = {
    "ttg": "TTg",
    "khvn": "KHVN",
    "hkhvn": "HKHVN",
    "hkh": "HKH",
    "tw": "TW",
    "tu": "TU",
    "cp": "CP",
    "bgddt": "BGDĐT",
    "ubnd": "UBND",
    "btttt": "BTTTT",
    "bkhcn": "BKHCN",
    "hdnd": "HĐND",
}
_KIND = "|".join(
    sorted((name.replace(" ", r"\s+") for name in _NUMBER_KINDS), key=len, reverse=True),
)
_ISSUER = "|".join(sorted(_ISSUERS, key=len, reverse=True))
_NOT_A_COUNT = (
    r"(?!\d)(?![.,/-]\d)(?!\s*(?:%|phan\s+tram|diem|d\b|nguoi|dong\b|nghin|ngan\b|trieu|ty\b|k\b|lan\b|nam\b(?!\s*(?:19|20)\d\d)|"
    r"thang\b|ngay\b|tuoi|muc\b|buoc|nhom|chi\s+so|suat|tieu\s+chi|hoi\s+vien|xa\b|phuong\b|tinh\b))"
)
_FULL_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<number>\d{1,5})(?:\s*/\s*(?P<year>(?:19|20)\d\d))?\s*[/-]\s*(?P<kind>qd|kl|ct|ttr|tt|nq|nd|kh|cv)"
    r"(?:\s*[/-]\s*(?P<issuer>[a-z]{2,10}))?(?!\w)"
)
_NAMED_NUMBER = re.compile(
    rf"(?<!\w)(?P<kind>{_KIND})(?:\s*[/-]?\s*(?P<issuer>{_ISSUER})(?![a-z]))?\s*(?:so\b)?\s*[:.]?\s*"
    rf"(?P<number>\d{{1,5}})(?:\s*/\s*(?P<year>(?:19|20)\d\d)(?!\d))?{_NOT_A_COUNT}"
    rf"(?:\s*[/-]?\s*(?:qd\s*[/-]?\s*)?(?P<after>{_ISSUER})(?!\w))?"
)
_SPACED_NUMBER = re.compile(
    rf"(?<![\w.,/-])(?P<number>\d{{1,5}})\s+(?P<kind>qd|kl|ct|nq)\s*[/-]?\s*(?P<issuer>{_ISSUER})(?!\w)"
)
_BARE_NUMBER = re.compile(rf"(?<![\w.,/:+-])(?P<number>\d{{3,4}}){_NOT_A_COUNT}(?![\w:])")
_YEAR = re.compile(
    r"(?<![\w.,/-])(?P<value>(?:19|20)\d\d)(?![\w%])(?!\s*[/-]\s*(?:qd|kl|ct|tt|nq|nd|kh|cv)\b)"
)
_PERCENTAGE = re.compile(r"(?<![\w.,])(?P<value>\d{1,3}(?:[.,]\d{1,2})?)\s*(?:%|phan\s+tram\b)")
_JOINS = frozenset("/-@.&")
_WORD = re.compile(r"[^\W\d_]+|\d+")


class _Folding(dict[int, str]):
    """Code point to its folded form, computed on first use."""

    def __missing__(self, code: int) -> str:
        text = chr(code)
        for _ in range(4):  # compatibility forms can hide further ones; four rounds reach every fixed point
            text = "".join(_PLAIN_D.get(c, c) for c in unicodedata.normalize("NFKD", text).lower())
            text = "".join(c for c in text if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
        self[code] = text
        return text


_FOLDING = _Folding()


def normalise(text: str) -> str:
    """The text in NFC."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower case without marks: `Hoà Bình` and `HÒA BÌNH` both give `hoa binh`, `đ` gives `d`.

    Works letter by letter, so folding two texts joined is joining their foldings. Full-width and other
    compatibility letters become plain ones; invisible joiners vanish. Idempotent.
    """
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def syllables(text: str) -> tuple[str, ...]:
    """Folded runs of letters and runs of digits, in order: `KL49 là gì` gives `kl`, `49`, `la`, `gi`."""
    return runs(fold(text))


def runs(text: str) -> tuple[str, ...]:
    """Runs of letters and runs of digits as they stand, marks and case kept (give it NFC)."""
    return tuple(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class DocumentMention:
    """A document number as somebody wrote it, as far as it says."""

    number: str
    """Digits without leading zeros."""
    kind: str
    """`QĐ`, `KL`, `CT`, `TT`, `NQ`, `NĐ`, `KH`, `CV`, `TTr`, or empty for a bare number."""
    issuer: str
    """`TTg`, `KHVN`, `TW` …, or empty when not said."""
    year: str
    """The year inside the number (`25/2023/TT-BGDĐT`), or empty."""
    start: int
    end: int
    """Half-open span in the text as it was given."""

    @property
    def normalised(self) -> str:
        """As it is registered when complete (`1373/QĐ-TTg`, `49-KL/TW`), else what is known (`QĐ 1373`)."""
        if not self.kind:
            return self.number
        if not self.issuer:
            return f"{self.kind} {self.number}"
        if self.issuer in {"TW", "TU"}:
            return f"{self.number}-{self.kind}/{self.issuer}"
        return f"{self.number}{'/' + self.year if self.year else ''}/{self.kind}-{self.issuer}"


def find_document_numbers(text: str) -> tuple[DocumentMention, ...]:
    """Document numbers in any of the ways people write them, in order, never overlapping.

    `1373/QD-TTg`, `qd 1373`, `QĐ-TTg số 1373`, `kl49`, and a bare `1373` (three or four digits that are no
    year, count, score or part of a longer number). Whether such a document exists is the reader's business.
    """
    folded, offsets = _fold_with_offsets(text)
    found: dict[int, DocumentMention] = {}
    taken = [False] * len(folded)
    for pattern in (_FULL_NUMBER, _NAMED_NUMBER, _SPACED_NUMBER, _BARE_NUMBER):
        for match in pattern.finditer(folded):
            start, end = match.span()
            if any(taken[start:end]) or (pattern is _BARE_NUMBER and _is_year(match["number"])):
                continue
            taken[start:end] = [True] * (end - start)
            found[start] = _mention(match, offsets[start], offsets[end - 1] + 1)
    return tuple(found[start] for start in sorted(found))


def find_years(text: str) -> tuple[Entity, ...]:
    """Years 1900 to 2099 that are not part of a longer number."""
    return tuple(_entities("year", _YEAR, text))


def find_percentages(text: str) -> tuple[Entity, ...]:
    """Percentages, with `%` or in words; the value is the number with a decimal point."""
    return tuple(_entities("percentage", _PERCENTAGE, text))


def find_entities(text: str) -> tuple[Entity, ...]:
    """Documents, years and percentages of `text`, by place."""
    documents = [Entity("document", m.normalised, m.start, m.end) for m in find_document_numbers(text)]
    spans = [(entity.start, entity.end) for entity in documents]
    others = [
        entity
        for entity in (*find_years(text), *find_percentages(text))
        if not any(start < entity.end and entity.start < end for start, end in spans)
    ]
    return tuple(sorted([*documents, *others], key=lambda entity: entity.start))


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """One line of data/abbreviations.yml."""

    long: str
    before_number: bool
    """Opened only when a number follows: `ct 11` is a directive, `ct` alone may be anything."""
    after: frozenset[str]
    """Opened only after one of these folded syllables; empty means anywhere."""


class VietnameseText:
    """The text analysis handed to whoever needs one: folding plus the abbreviations of this house."""

    def __init__(self, abbreviations: dict[str, tuple[Abbreviation, ...]]) -> None:
        """`abbreviations` maps a short form (lower case, NFC) to its readings, most special first."""
        self._abbreviations = abbreviations

    def fold(self, text: str) -> str:
        """See `fold`."""
        return fold(text)

    def syllables(self, text: str) -> tuple[str, ...]:
        """See `syllables`."""
        return syllables(text)

    def document_numbers(self, text: str) -> tuple[DocumentMention, ...]:
        """See `find_document_numbers`."""
        return find_document_numbers(text)

    def as_meant(self, text: str) -> str:
        """Folded, abbreviations opened, keyboard slips undone. For comparing, never for showing."""
        return repair_typing(fold(self.open_abbreviations(text)))

    def nearest(self, syllable: str, known: Collection[str]) -> str | None:
        """See `nlu.spelling.nearest`."""
        return nearest(syllable, known)

    def open_abbreviations(self, text: str) -> str:
        """The text (NFC) with chat short forms written out: `cdht la j` gives `công dân học tập la gì`.

        Only whole syllables are opened, and none inside a document number or an address. Idempotent.
        """
        text = normalise(text)
        words = list(_WORD.finditer(text))
        opened: list[str] = []
        place = 0
        for index, word in enumerate(words):
            long = self._reading(text, words, index)
            if long is None:
                continue
            opened += [text[place : word.start()], long]
            place = word.end()
            if place < len(text) and text[place].isdigit():
                opened.append(" ")
        return "".join([*opened, text[place:]])

    def _reading(self, text: str, words: list[re.Match[str]], index: int) -> str | None:
        word = words[index]
        readings = self._abbreviations.get(word.group().lower())
        if readings is None or _is_inside_a_code(text, word):
            return None
        following = words[index + 1].group() if index + 1 < len(words) else ""
        if fold(following) == "so" and index + 2 < len(words):
            following = words[index + 2].group()
        previous = fold(words[index - 1].group()) if index else ""
        for reading in readings:
            if reading.before_number and not following[:1].isdigit():
                continue
            if reading.after and previous not in reading.after:
                continue
            return reading.long
        return None


@cache
def vietnamese_text() -> VietnameseText:
    """The analysis with the shipped data/abbreviations.yml. Raises ValueError on a broken file."""
    rows = yaml.safe_load(files("nlu").joinpath("data/abbreviations.yml").read_text("utf-8"))
    table: dict[str, tuple[Abbreviation, ...]] = {}
    for row in rows["abbreviations"]:
        words = [*row.get("short", ()), row.get("long"), *row.get("after", ())]
        if not row.get("short") or set(row) - {"short", "long", "before_number", "after"}:
            raise ValueError(f"abbreviations.yml: {row} needs short and long, perhaps before_number or after")
        if not all(
            isinstance(word, str) for word in words
        ):  # YAML reads a bare on, no or 1 as something else
            raise ValueError(f"abbreviations.yml: {row} has a word that needs quotes")
        reading = Abbreviation(
            normalise(row["long"]), bool(row.get("before_number")), frozenset(row.get("after", ()))
        )
        for short in row["short"]:
            key = normalise(short).lower()
            table[key] = (*table.get(key, ()), reading)
    return VietnameseText(table)


def _fold_with_offsets(text: str) -> tuple[str, list[int]]:
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        plain = _FOLDING[ord(character)]
        folded.append(plain)
        offsets += [index] * len(plain)
    return "".join(folded), offsets


def _mention(match: re.Match[str], start: int, end: int) -> DocumentMention:
    groups = match.groupdict()
    issuer = groups.get("issuer") or groups.get("after") or ""
    kind = re.sub(r"\s+", " ", groups.get("kind") or "")
    return DocumentMention(
        number=match["number"].lstrip("0") or "0",
        kind=_NUMBER_KINDS.get(kind, ""),
        issuer=_ISSUERS.get(issuer, issuer.upper()),
        year=groups.get("year") or "",
        start=start,
        end=end,
    )


def _entities(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Entity]:
    folded, offsets = _fold_with_offsets(text)
    for match in pattern.finditer(folded):
        value = match["value"].replace(",", ".")
        yield Entity(kind, value, offsets[match.start()], offsets[match.end() - 1] + 1)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"19", "20"}


def _is_inside_a_code(text: str, word: re.Match[str]) -> bool:
    """Part of `49-KL/TW`, `100k` or `congdanhoctap.vn` rather than a word of its own."""
    before = text[word.start() - 1 : word.start()]
    after = text[word.end() : word.end() + 2]
    if before == "_" or after[:1] == "_" or before.isdigit():
        return True
    if before in _JOINS and text[max(word.start() - 2, 0) : word.start() - 1].isalnum():
        return True
    return after[:1] in _JOINS and after[1:].isalnum()
