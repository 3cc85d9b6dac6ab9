"""Document numbers: as citizens type them, and as damaged paper shows them.

`find_document_numbers` is for chat: loose about words, strict about counts and scores. `NumberReader` is for
documents that are taken in: it puts right what scanning ruined, but only towards numbers that are
registered, and must never be used on what a citizen writes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nlu.folding import fold, fold_with_offsets

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
_PARTY = frozenset({"TW", "TU", "HU"})
"""The Party's bodies write `49-KL/TW` where others write `1373/QĐ-TTg`."""
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
        if self.issuer in _PARTY:
            return f"{self.number}-{self.kind}/{self.issuer}"
        return f"{self.number}{'/' + self.year if self.year else ''}/{self.kind}-{self.issuer}"


def find_document_numbers(text: str) -> tuple[DocumentMention, ...]:
    """Document numbers in any of the ways people write them, in order, never overlapping.

    `1373/QD-TTg`, `qd 1373`, `QĐ-TTg số 1373`, `kl49`, and a bare `1373` (three or four digits that are no
    year, count, score or part of a longer number). Whether such a document exists is the reader's business.
    """
    folded, offsets = fold_with_offsets(text)
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


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in {"19", "20"}


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A document number as a document names it, put right."""

    normalised: str
    """As registered; of a number nobody registered: as written, without what was surely damage."""
    is_known: bool
    """Whether it is in the register the reader was given."""
    written: str
    """What stands there."""
    start: int
    end: int
    """Half-open span in the text."""


@dataclass(frozen=True, slots=True)
class _Registered:
    number: str
    digits: str
    year: str
    kind: str
    issuer: str
    """Kind and issuer folded."""


class NumberReader:
    """Finds document numbers in documents, also in badly scanned ones.

    A number that is damaged or shortened (`1373/QB-TTg`, `Quyết định 387 và 677`) is put right towards the
    register, or left out when the register does not settle it; one that is whole and unknown is reported as
    it stands. Nothing is made up.
    """

    def __init__(self, registered: Iterable[str]) -> None:
        """`registered`: numbers as registered. Those this room cannot read are left out."""
        self._by_digits: dict[str, list[_Registered]] = defaultdict(list)
        for number in registered:
            parts = _REGISTERED.fullmatch(fold(number))
            if parts is None:
                continue
            digits = _trimmed(parts["number"])
            one = _Registered(number, digits, parts["year"] or "", parts["kind"], parts["issuer"])
            self._by_digits[digits].append(one)
        issuers = {r.issuer for found in self._by_digits.values() for r in found}
        self._issuers = sorted({*_ISSUERS, *issuers}, key=len, reverse=True)

    def read(self, text: str) -> tuple[WrittenNumber, ...]:
        """Every number the text names, in order, never overlapping. Total; time grows with the length."""
        plain, offsets = _plain_with_offsets(text)
        found = list(self._whole(text, plain, offsets))
        taken = [(one.start, one.end) for one in found]
        found += [
            short
            for short in self._short(text, plain, offsets)
            if not any(short.start < end and start < short.end for start, end in taken)
        ]
        return tuple(sorted(found, key=lambda one: one.start))

    def _whole(self, text: str, plain: str, offsets: Sequence[int]) -> Iterator[WrittenNumber]:
        """Numbers with their kind and issuer: `02 /KH-HKH`, `49- KL/TW`, `324/QD-KHVNngay`."""
        place = 0
        while match := _WRITTEN.search(plain, place):
            place = match.start("kind")
            issuer, end = self._issuer_at(plain, match.end())
            if not issuer:
                continue
            start = offsets[match.start()]
            stop = offsets[end - 1] + 1
            known = self._settle(match, issuer, _kind_named_before(plain, match.start()))
            normalised = known or _as_written(match, text[offsets[match.end()] : stop])
            if normalised:
                yield WrittenNumber(normalised, bool(known), text[start:stop], start, stop)
                place = end

    def _issuer_at(self, plain: str, place: int) -> tuple[str, int]:
        """The issuer that begins at `place`, folded, and where it ends: a word may be glued to it."""
        run = _LETTERS.match(plain, place)
        if run is None:
            return "", place
        word = run.group()
        capitals = _CAPITALS.match(word)
        head = capitals.group() if capitals else word
        # TTg and the like end in a small letter; everything else of the word belongs to what follows.
        for issuer in self._issuers:
            if word.lower().startswith(issuer) and len(issuer) >= len(head) - _ends_like_a_name(word, head):
                return issuer, place + len(issuer)
        # `KHVNNgay`: the capital that starts the next word is not the issuer's.
        return (head.lower(), place + len(head)) if len(head) >= 2 else ("", place)

    def _settle(self, match: re.Match[str], issuer: str, named: str) -> str:
        """The registered number this can only be, or nothing."""
        kind = match["kind"].lower()
        sure = _KIND_OF_DAMAGED.get(kind, kind)
        digits = _trimmed(match["number"].translate(_DIGITS))
        fitting = [
            one
            for one in self._by_digits.get(digits, ())
            if (not match["year"] or one.year == match["year"])
            and (one.kind in {kind, sure} or one.kind == named)
            and (one.issuer == issuer or _is_near(one.issuer, issuer))
        ]
        exact = [one for one in fitting if one.issuer == issuer and one.kind in {kind, sure}] or fitting
        return exact[0].number if len(exact) == 1 else ""

    def _short(self, text: str, plain: str, offsets: Sequence[int]) -> Iterator[WrittenNumber]:
        """Numbers without their ending: `Kế hoạch số 162`, `Quyết định 387 và 677`, `Chương trình 387`."""
        named, place = "", -1
        lower = plain.lower()
        for match in _SHORT.finditer(lower):
            before = _kind_named_before(lower, match.start())
            joined = place >= 0 and _JOINED.fullmatch(lower, place, match.start())
            named = before or (named if joined else "")
            place = match.end() if named else -1
            if not named:
                continue
            fitting = [
                one
                for one in self._by_digits.get(_trimmed(match.group()), ())
                if one.kind == named or named in _MEANS_ANY
            ]
            if len(fitting) == 1:
                start, end = offsets[match.start()], offsets[match.end() - 1] + 1
                yield WrittenNumber(fitting[0].number, True, text[start:end], start, end)


_REGISTERED = re.compile(
    r"(?P<number>\d{1,5})(?:/(?P<year>(?:19|20)\d\d))?[/-](?P<kind>[a-z]{1,6})[/-](?P<issuer>[a-z0-9-]{1,20})"
)
_DAMAGED_D = "dbp0o"
"""What scanners make of Đ, which has no likeness in their own alphabets."""
_KIND_OF_DAMAGED = {
    **{f"q{one}": "qd" for one in _DAMAGED_D},
    **{f"q{one}b": "qd" for one in _DAMAGED_D},
    **{f"n{one}": "nd" for one in _DAMAGED_D},
    "k1": "kl", "ki": "kl", "n0": "nd", "no": "nq", "c7": "ct",
}  # fmt: skip
_WRITTEN_KINDS = {
    "qd": "QĐ", "kl": "KL", "ct": "CT", "nq": "NQ", "kh": "KH", "tt": "TT", "ttr": "TTr", "nd": "NĐ",
    "cv": "CV", "hd": "HD", "tb": "TB", "bc": "BC", "ctr": "CTr", "da": "ĐA", "ttlt": "TTLT",
}  # fmt: skip
_ANY_KIND = "|".join(sorted({*_WRITTEN_KINDS, *_KIND_OF_DAMAGED}, key=len, reverse=True))
_WRITTEN = re.compile(
    r"(?<![\w.,/–-])(?P<number>[0-9OolI]{0,4}[0-9][0-9OolI]{0,4})(?:\s*/\s*(?P<year>(?:19|20)\d\d))?"
    rf"\s*[/–—-][\s/–—-]{{0,6}}(?P<kind>{_ANY_KIND})"
    r"\s*[/–—-]\s*",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[A-Za-z]{2,20}")
_CAPITALS = re.compile(r"[A-Z]{2,20}")
_DIGITS = str.maketrans("OolI", "0011")
_SHORT = re.compile(rf"(?<![\w.,/:+–-])\d{{2,4}}(?!\s{{0,2}}[/–-]){_NOT_A_COUNT}(?!\w)")
_JOINED = re.compile(r"\s*(?:va|,|;)\s*(?:so\s*)?")
_KIND_WORDS = {
    ("quyet", "dinh"): "qd", ("ket", "luan"): "kl", ("chi", "thi"): "ct", ("nghi", "quyet"): "nq",
    ("ke", "hoach"): "kh", ("thong", "tu"): "tt", ("thong", "tri"): "tt", ("nghi", "dinh"): "nd",
    ("chuong", "trinh"): "chuong trinh", ("de", "an"): "chuong trinh",
}  # fmt: skip
_MEANS_ANY = {"chuong trinh"}
"""A programme is named by the number of the decision that approves it."""
_BEFORE = re.compile(r"([a-z@]+)\s+([a-z@]+)\s*(?:s[a-z0-9]{0,2}\s*[:.]{0,2}\s*)?$")
_BEFORE_REACH = 30


def _trimmed(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _kind_named_before(plain: str, place: int) -> str:
    """The folded kind the words before a number name, each forgiven one letter: `Chi thj`."""
    words = _BEFORE.search(plain[max(place - _BEFORE_REACH, 0) : place].lower())
    if words is None:
        return ""
    for (first, second), kind in _KIND_WORDS.items():
        if _is_near(first, words[1]) and _is_near(second, words[2]):
            return kind
    return ""


def _is_near(right: str, written: str) -> bool:
    """Equal, or one letter replaced in a word of three or more (which letters scanners mix up is endless)."""
    if right == written:
        return True
    if len(right) != len(written) or len(right) < 3:
        return False
    return sum(a != b for a, b in zip(right, written, strict=True)) == 1


def _ends_like_a_name(word: str, head: str) -> int:
    """1 when the last capital of a run begins the next word (`KHVNNgay`) and may be left out."""
    return int(len(word) > len(head) > 2)


def _as_written(match: re.Match[str], issuer: str) -> str:
    """A number nobody registered, when it is whole and in order; else nothing."""
    kind, digits = match["kind"].lower(), match["number"]
    right = _KIND_OF_DAMAGED.get(kind, kind)
    if not digits.isdigit() or right not in _WRITTEN_KINDS or right not in {kind, "qd"}:
        return ""
    known = _ISSUERS.get(fold(issuer), issuer.replace("Ð", "Đ"))
    if known in _PARTY:
        return f"{digits}-{_WRITTEN_KINDS[right]}/{known}"
    return f"{digits}{'/' + match['year'] if match['year'] else ''}/{_WRITTEN_KINDS[right]}-{known}"


class _Plain(dict[str, str]):
    """A character to itself without marks, case kept, computed on first use."""

    def __missing__(self, character: str) -> str:
        folded = fold(character)
        if character.isupper() and len(folded.upper()) == len(folded):
            folded = folded.upper()
        self[character] = folded
        return folded


_PLAIN = _Plain()


def _plain_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """The text without marks, case kept, and for each of its characters the place in `text` it comes from."""
    plain = [_PLAIN[character] for character in text]
    joined = "".join(plain)
    if len(joined) == len(text) and all(plain):  # one for one, as composed Vietnamese always is
        return joined, range(len(text))
    offsets: list[int] = []
    for index, folded in enumerate(plain):
        offsets += [index] * len(folded)
    return joined, offsets
