"""Document numbers: as citizens type them, and as damaged paper shows them.

`find_document_numbers` is for chat: loose about words, strict about counts and scores. `NumberReader` is for
documents that are taken in: it puts right what scanning ruined, but only towards numbers that are
registered, and must never be used on what a citizen writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu.folding import fold_with_offsets

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
