"""The head and the foot of an official document: number, date, place, issuer, title, signer.

Everything is taken from what stands there; what cannot be read stays empty. Where a document contradicts
itself about its own date, that is said, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.ingest.analysis import NumberReader
from knowledge.ingest.paragraphs import Paragraph
from knowledge.ingest.reading import BlockKind

Fold = Callable[[str], str]

TYPES = {
    "quyet dinh": "Quyết định", "ke hoach": "Kế hoạch", "chi thi": "Chỉ thị", "nghi quyet": "Nghị quyết",
    "ket luan": "Kết luận", "thong tu": "Thông tư", "nghi dinh": "Nghị định", "huong dan": "Hướng dẫn",
    "thong bao": "Thông báo", "bao cao": "Báo cáo", "to trinh": "Tờ trình", "cong van": "Công văn",
    "chuong trinh": "Chương trình", "de an": "Đề án", "quy che": "Quy chế", "dieu le": "Điều lệ",
    "thong tri": "Thông tri", "luat": "Luật", "phap lenh": "Pháp lệnh",
}  # fmt: skip
_KINDS = {
    "QĐ": "Quyết định", "KH": "Kế hoạch", "CT": "Chỉ thị", "NQ": "Nghị quyết", "KL": "Kết luận",
    "TT": "Thông tư", "NĐ": "Nghị định", "HD": "Hướng dẫn", "TB": "Thông báo", "BC": "Báo cáo",
    "TTr": "Tờ trình", "CV": "Công văn", "CTr": "Chương trình", "ĐA": "Đề án",
}  # fmt: skip
_ISSUERS = {
    "TTg": "Thủ tướng Chính phủ", "CP": "Chính phủ", "KHVN": "Hội Khuyến học Việt Nam",
    "HKHVN": "Hội Khuyến học Việt Nam", "BGDĐT": "Bộ Giáo dục và Đào tạo",
    "BTTTT": "Bộ Thông tin và Truyền thông", "TW": "Ban Chấp hành Trung ương Đảng",
}  # fmt: skip
_HEAD_PARAGRAPHS = 25
_GROUNDS = 6
"""Paragraphs after the head that may name grounds and issuer."""
_OWN = re.compile(r"^\s*s[o06sb]?[^\w\s]?\s*[:.]\s*(?=\d)|^\s*so\s+(?=\d)")
_WRITTEN_DATE = re.compile(
    r"ng[a-z]y\s*(?P<d>\d{1,2})\s*th[a-z]ng\s*(?P<m>\d{1,2})\s*n[a-z]m\s*(?P<y>(?:19|20)\d\d)"
)
_SHORT_DATE = re.compile(r"(?P<d>\d{1,2})\s*[/.-]\s*(?P<m>\d{1,2})\s*[/.-]\s*(?P<y>(?:19|20)\d\d)")
_PLACE = re.compile(r"(?P<place>[A-ZĐ][^\W\d_]*(?:[ -][A-ZĐ][^\W\d_]*){0,4})\s*,\s*$")
_MOTTO = re.compile(r"cong hoa xa hoi.*|doc lap.*|dang cong san.*", re.DOTALL)
_NAME = re.compile(r"[A-ZĐÀ-Ỹ][a-zà-ỹđ]+(?:\s+[A-ZĐÀ-Ỹ][a-zà-ỹđ]*){1,4}")
_OFFICE = re.compile(r"chu tich|bo truong|thu tuong|giam doc|bi thu|truong ban|chanh van phong|thu truong")
_ISSUES = re.compile(
    r"(?:Ủy ban nhân dân|UBND|Hội Khuyến học|Ban Thường vụ|Bộ|Sở)"
    r"(?: (?:tỉnh|thành phố|huyện|xã|phường))?(?: [A-ZĐÀ-Ỹ][a-zà-ỹđ]+){1,4}(?= ban hành| xây dựng)"
)
_ENDS_HEAD = re.compile(r"c[a-z]n c[a-z]{1,2}\b|i\s*[.-]\s|dieu 1\b|chuong i\b|phan (?:thu )?(?:i|nhat)\b")


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says about itself; empty where it does not, or not legibly."""

    number: str = ""
    is_registered: bool = False
    type: str = ""
    title: str = ""
    """Trích yếu."""
    issued: date | None = None
    place: str = ""
    issuer: str = ""
    signer: str = ""
    warnings: tuple[str, ...] = ()
    """In Vietnamese."""

    @property
    def cited_as(self) -> str:
        """`Kế hoạch 670/KH-UBND ngày 19/01/2022`; without a number the title; else nothing."""
        if not self.number:
            return self.title
        written = f" ngày {self.issued:%d/%m/%Y}" if self.issued else ""
        return f"{self.type} {self.number}{written}".strip()


def is_type(text: str, fold: Fold) -> bool:
    """Whether a line is nothing but the kind of document: `KẾ HOẠCH`."""
    return " ".join(fold(text).split()).strip(" :.") in TYPES


def read_header(found: Sequence[Paragraph], fold: Fold, reader: NumberReader) -> Header:
    """Look at the first paragraphs and the last. Total."""
    head = _head(found, fold)
    number, is_registered, line = _own_number(head, fold, reader)
    kind, title = _type_and_title(head, fold)
    kind = kind or _kind_of(number)
    issued, warnings = _issued(found, head, number, fold, reader)
    return Header(
        number=number,
        is_registered=is_registered,
        type=kind,
        title=title,
        issued=issued,
        place=_place(head, fold),
        issuer=_issuer(head, found[len(head) : len(head) + _GROUNDS], line, number, fold),
        signer=_signer(found, fold),
        warnings=warnings,
    )


def _head(found: Sequence[Paragraph], fold: Fold) -> list[Paragraph]:
    """The paragraphs up to the first ground (`Căn cứ …`) or part."""
    head: list[Paragraph] = []
    for one in found[:_HEAD_PARAGRAPHS]:
        folded = fold(one.text)
        if re.match(
            r"c[a-z]n c[a-z]{1,2}\b|i\s*[.-]\s|dieu 1\b|chuong i\b|phan (?:thu )?(?:i|nhat)\b", folded
        ):
            break
        if one.kind is BlockKind.ROW:
            break
        head.append(one)
    return head


def _lines(head: Sequence[Paragraph]) -> Iterator[str]:
    for one in head:
        yield from one.lines or (one.text,)


def _own_number(head: Sequence[Paragraph], fold: Fold, reader: NumberReader) -> tuple[str, bool, str]:
    """The number behind `Số:`, whether it is registered, and its line."""
    for line in _lines(head):
        if not _OWN.search(fold(line)):
            continue
        numbers = reader.read(line)
        if numbers and numbers[0].start < 15:
            return numbers[0].normalised, numbers[0].is_known, line
    return "", False, ""


def _type_and_title(head: Sequence[Paragraph], fold: Fold) -> tuple[str, str]:
    """`KẾ HOẠCH` and the lines under it; scanners and PDFs may put both into one paragraph."""
    for index, one in enumerate(head):
        folded = " ".join(fold(one.text).split()).strip(" :.")
        if folded in TYPES:
            below = [p.text for p in head[index + 1 : index + 3] if not _MOTTO.match(fold(p.text))]
            return TYPES[folded], below[0] if below else ""
        kind = next((name for name in TYPES if folded.startswith(f"{name} ")), None)
        if kind and one.text[: len(kind)].isupper() and not _OWN.search(fold(one.text)):
            return TYPES[kind], one.text[len(kind) :].strip(" :")
    return "", ""


def _kind_of(number: str) -> str:
    found = re.search(r"[/-]([A-ZĐ]{2,4}r?)[/-]", number)
    return _KINDS.get(found[1], "") if found else ""


def _dates(text: str, fold: Fold) -> Iterator[tuple[int, date]]:
    """Dates and where they begin, in order."""
    folded = fold(text)
    for pattern in (_WRITTEN_DATE, _SHORT_DATE):
        for match in pattern.finditer(folded):
            try:
                yield match.start(), date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                continue


def _issued(
    found: Sequence[Paragraph], head: Sequence[Paragraph], number: str, fold: Fold, reader: NumberReader
) -> tuple[date | None, tuple[str, ...]]:
    """The day of issue. One the document's own grounds make impossible yields to another it names."""
    stated = next((day for line in _lines(head) for _, day in _dates(line, fold)), None)
    elsewhere = _said_of_itself(found[len(head) :], number, fold, reader) if number else None
    if stated is None or elsewhere is None or stated == elsewhere:
        return stated or elsewhere, ()
    grounds = [
        day for one in found[len(head) : len(head) + _GROUNDS]
        if re.match(r"c[a-z]n c", fold(one.text)) for _, day in _dates(one.text, fold)
    ]  # fmt: skip
    chosen = elsewhere if grounds and stated < max(grounds) <= elsewhere else stated
    return chosen, (
        f"Văn bản tự ghi hai ngày ban hành khác nhau: {stated:%d/%m/%Y} ở đầu và {elsewhere:%d/%m/%Y} "
        f"ở phần sau. Mình tạm lấy {chosen:%d/%m/%Y}, bạn xem lại nhé.",
    )


def _said_of_itself(found: Sequence[Paragraph], number: str, fold: Fold, reader: NumberReader) -> date | None:
    """The date behind a later mention of the document's own number (`Kèm theo Kế hoạch số …`)."""
    for one in found:
        for mention in reader.read(one.text):
            if mention.normalised != number:
                continue
            behind = one.text[mention.end : mention.end + 40]
            if re.match(r"\W*ng[a-z]y", fold(behind)):
                return next((day for _, day in _dates(behind, fold)), None)
    return None


def _place(head: Sequence[Paragraph], fold: Fold) -> str:
    for line in _lines(head):
        dated = next((start for start, _ in _dates(line, fold)), None)
        if dated is None or len(fold(line)) != len(line):
            continue
        place = _PLACE.search(_after_number(line[:dated]))
        if place is not None:
            return place["place"].split("\n")[-1].strip()
    return ""


def _after_number(line: str) -> str:
    """The right half of `Số: 02/KH-HKH Sơn La,`."""
    return line.rpartition("/")[2].partition(" ")[2] if "/" in line else line


def _issuer(
    head: Sequence[Paragraph], grounds: Sequence[Paragraph], own_line: str, number: str, fold: Fold
) -> str:
    suffix = re.split(r"[-/]", number)[-1] if number else ""
    if suffix in _ISSUERS:
        return _ISSUERS[suffix]
    named = next((match.group() for one in grounds for match in [_ISSUES.search(one.text)] if match), "")
    if named:
        return named
    above: list[str] = []
    for line in _lines(head):
        if line == own_line:
            break
        kept = _without_motto(line, fold)
        if kept and kept.isupper() and not is_type(kept, fold):
            above.append(kept)
    return above[-1] if above else ""


def _without_motto(line: str, fold: Fold) -> str:
    """The left column of a head, where the right one says `CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM`."""
    folded = fold(line)
    found = re.search(_MOTTO.pattern, folded)
    return line[: found.start()].strip(" -_*") if found and len(folded) == len(line) else line.strip(" -_*")


def _signer(found: Sequence[Paragraph], fold: Fold) -> str:
    """A name that stands alone below an office, in the foot."""
    lines = list(_lines(found))
    offices = [i for i, line in enumerate(lines) if len(line) < 60 and _is_office(line, fold)]
    for index in reversed(offices):
        for line in lines[index + 1 : index + 8]:
            name = line.strip(" .*")
            if _NAME.fullmatch(name) and not _OFFICE.search(fold(name)):
                return " ".join(name.split())
    return ""


def _is_office(line: str, fold: Fold) -> bool:
    letters = [one for one in line if one.isalpha()]
    return bool(_OFFICE.search(fold(line))) and sum(map(str.isupper, letters)) > 0.7 * len(letters)
