"""Scores people give: `8 điểm`, `8đ`, `8/10`, `chắc 7 thôi`, or a message that is nothing but `tám`.

In a sentence a number is a score only with a sign of it; `read_score` is for the answer to a question that
asks for one, and says nothing when it is not sure. Pure and total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlu.mentions import ANOTHER, EXACT, Word, find_words, likeness
from nlu.quantities import Quantity, find_quantities
from nlu.spelling import repair_typing

_MOST = 100
_MOST_OF_ONE = 10
_SHORT = 8
"""Words of a message that can be nearly only a number."""
_LONGEST_ANSWER = 200
"""Characters of an answer to `how many points`; in a longer one no number is surely the answer."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_GIVING = {
    "khoang": "khoảng", "tam": "tầm", "chac": "chắc", "cho": "cho", "cham": "chấm", "duoc": "được",
    "chon": "chọn", "dat": "đạt", "la": "là", "co": "cỡ", "diem": "điểm",
}  # fmt: skip
"""Words a score stands behind."""
_TOO_COMMON = _words("co tam")
"""Of these, those that without the right marks are other words."""
_CLOSING = _words(
    "thoi thui a ah ak nhe nha nhen nhi di do day ne ok oke okie em e ban ad admin ha vay z ma luon tron co "
    "chu bac oi cung duoc roi gi minh mk cho hen nghe chac hi hihi haha"
)
_FRAMING = _CLOSING | _words(
    "da vang u uh uhm um thi toi tui t m tu cham khoang tam chac chon dat la muc nay cua anh chi chau con so "
    "diem d nham lon sua lai doi thanh ve phan cau o y hon nghi thay danh gia xin muon de gan tren duoi cu "
    "dc cai the"
)
"""Words a score is wrapped in when it is all that a message says."""
_COUNTED = _words("cau muc phan so buoc khoan dieu chuong nhom chi thu lan lop khoa")
"""A number behind one of these says which, not how many: `câu 7`."""
_DATES = _words("ngay hom mong sang den truoc tuan le dip moc han")
_ASKING = _words("may gi sao nao bao nhieu bn nhiu dau ai j ntn hay hoac")
_ANSWERING = _FRAMING | _words(
    "khong ko k kg kh chu phai ma roi nhung duoc rat kha on tot bo chinh giup gium dum bam ghi lo tay moi "
    "dung xuong len ha nang sorry sr"
)
_CORRECTING = _words("nham lon sua doi y thanh sang len xuong con")
"""Of two numbers with one of these between them the second counts."""
_NOT = _words("khong ko k kg khg hok hong kh chang")
_STOPS = frozenset(".,;!?)\n")
_MEASURES = frozenset("%‰*★⭐°$₫€")


@dataclass(frozen=True, slots=True)
class Score:
    """A score somebody gives, or a total."""

    value: float
    """0 to 100."""
    start: int
    end: int
    """Half-open span in the text as it was given, the word for points included."""


def find_scores(text: str, words: Sequence[Word] | None = None) -> tuple[Score, ...]:
    """Scores in `text`, in order, never overlapping. `words` when they are known already."""
    words = find_words(text) if words is None else words
    found = []
    for quantity in find_quantities(words):
        stop = _points_end(words, quantity, text)
        if quantity.value <= _MOST and _is_score(words, quantity, stop, text):
            found.append(Score(quantity.value, words[quantity.first].start, words[stop - 1].end))
    return tuple(found)


def read_score(text: str) -> float | None:
    """The one score 0 to 10 a whole answer gives, or None when it gives none, several, or not surely one.

    `tám`, `8đ`, `khoang 7`, `à nhầm, 8 điểm` and `không phải 7, 8 cơ` are sure; `7 hoặc 8` and `85` are not.
    """
    if len(text) > _LONGEST_ANSWER:
        return None
    words = [_repaired(word) for word in find_words(text)]
    named = [q for q in find_quantities(words) if not _is_no(words, q)]
    if not named or _asks(words, text) or any(_is_other_measure(words, q.stop, text) for q in named):
        return None
    given = [q for q in named if not _is_which(words, q) or (len(words) == 2 and words[0].plain == "so")]
    meant = _without_corrected(words, given)
    values = {quantity.value for quantity in meant}
    if len(values) != 1 or meant[-1].value > _MOST_OF_ONE or any(q.out_of > _MOST_OF_ONE for q in meant):
        return None
    if _is_negated(words, meant[-1]):
        return None
    sure = _is_surely_given(words, meant[-1], text)
    return values.pop() if sure or _is_all_framing(words, named) else None


def _points_end(words: Sequence[Word], quantity: Quantity, text: str) -> int:
    """Where the quantity with its word for points ends: behind `điểm`, `đ`, and `d` where that is no word."""
    index = quantity.stop
    if index >= len(words):
        return index
    word = words[index]
    if word.before.strip():
        return index
    if word.plain == "diem":
        return index + 1 if likeness(word.written, "điểm") != ANOTHER else index
    if word.plain != "d":
        return index
    return index + 1 if not word.before or _is_closed(words, index + 1, text) else index


def _is_score(words: Sequence[Word], quantity: Quantity, stop: int, text: str) -> bool:
    if _is_other_measure(words, stop, text) or _is_which(words, quantity):
        return False
    if _is_nearly_all(words, quantity, stop):
        return (
            quantity.value <= _MOST_OF_ONE
            or stop > quantity.stop
            or quantity.in_points
            or quantity.out_of > 0
        )
    given = _is_given(words, quantity)
    closed = _is_closed(words, stop, text)
    if not quantity.out_of and _is_in_points(words, quantity, text):
        # `có hai điểm chưa hiểu`: few points may be points of another kind, and a doubtful word another word.
        sure = quantity.value > 3 and not quantity.is_doubtful
        return sure or (quantity.value > 0 and (given or closed)) or (given and closed)
    if quantity.out_of == 100:
        return True
    if quantity.out_of:
        return given and not _is_dated(words, quantity) and not _is_the_day(quantity)
    return given and closed and quantity.value <= _MOST_OF_ONE and not quantity.is_doubtful


def _is_which(words: Sequence[Word], quantity: Quantity) -> bool:
    return quantity.first > 0 and words[quantity.first - 1].plain in _COUNTED


def _is_other_measure(words: Sequence[Word], stop: int, text: str) -> bool:
    """A percent sign, a star or a currency behind the number."""
    return text[words[stop - 1].end :].lstrip()[:1] in _MEASURES


def _is_nearly_all(words: Sequence[Word], quantity: Quantity, stop: int) -> bool:
    if len(words) > _SHORT:
        return False
    rest = [*words[: quantity.first], *words[stop:]]
    if any(word.plain not in _FRAMING for word in rest) or _is_the_day(quantity):
        return False
    if quantity.in_words and quantity.value == 0:  # `không` is an answer of another kind
        return stop > quantity.stop and not rest
    return not (quantity.is_doubtful and len(rest) > 2)


def _is_given(words: Sequence[Word], quantity: Quantity) -> bool:
    if not quantity.first:
        return False
    before = words[quantity.first - 1]
    right = _GIVING.get(before.plain)
    if right is None or words[quantity.first].before.strip() not in {"", ":", "="}:
        return False
    marks = likeness(before.written, right)
    return marks == EXACT if before.plain in _TOO_COMMON else marks != ANOTHER


def _is_dated(words: Sequence[Word], quantity: Quantity) -> bool:
    return any(word.plain in _DATES for word in words[max(quantity.first - 6, 0) : quantity.first])


def _is_the_day(quantity: Quantity) -> bool:
    """2/10 is the day of learning promotion; who gives two points says so."""
    return quantity.out_of == 10 and quantity.value == 2


def _is_closed(words: Sequence[Word], stop: int, text: str) -> bool:
    """Does the clause end here, but for words like `thôi` and `ạ`, and not with a question?"""
    for index in range(stop, min(stop + _SHORT, len(words))):
        before = words[index].before
        if any(character in _STOPS for character in before):
            return "?" not in before
        if words[index].plain not in _CLOSING:
            return False
    return stop + _SHORT >= len(words) and "?" not in text[words[-1].end :]


def _repaired(word: Word) -> Word:
    """The word without what a keyboard left in it: `tams` is `tam`."""
    if not word.plain.isalpha():
        return word
    plain = repair_typing(word.plain)
    return word if plain == word.plain else Word(plain, plain, word.start, word.end, word.before)


def _is_no(words: Sequence[Word], quantity: Quantity) -> bool:
    """`không` that denies and is no nought: a nought is followed by points."""
    if not (quantity.in_words and quantity.value == 0):
        return False
    stop = quantity.stop
    return stop >= len(words) or words[stop].plain not in {"diem", "d"}


def _asks(words: Sequence[Word], text: str) -> bool:
    """Is this a question, or does somebody not decide?"""
    return "?" in text or words[-1].plain in _NOT or any(word.plain in _ASKING for word in words)


def _is_surely_given(words: Sequence[Word], quantity: Quantity, text: str) -> bool:
    """Is it said to be a score, or to replace one, so that the other words may say anything?"""
    before = [word.plain for word in words[max(quantity.first - 3, 0) : quantity.first]]
    after = [word.plain for word in words[quantity.stop : quantity.stop + 2]]
    return (
        _is_in_points(words, quantity, text)
        or after == ["moi", "dung"]
        or before[-1:] in (["thanh"], ["xuong"], ["len"])
        or before[-2:] in (["doi", "lai"], ["sua", "lai"], ["xuong", "con"], ["diem", "la"], ["phai", "la"])
    )


def _is_negated(words: Sequence[Word], quantity: Quantity) -> bool:
    """`mình không được 8 điểm`, and no `à không, 6`."""
    for index in range(quantity.first - 1, max(quantity.first - 3, -1), -1):
        if not words[index + 1].before.isspace():
            return False
        if words[index].plain in _NOT:
            return True
    return False


def _is_all_framing(words: Sequence[Word], quantities: Sequence[Quantity]) -> bool:
    taken = {index for quantity in quantities for index in range(quantity.first, quantity.stop)}
    return all(word.plain in _ANSWERING for index, word in enumerate(words) if index not in taken)


def _is_in_points(words: Sequence[Word], quantity: Quantity, text: str) -> bool:
    return quantity.in_points or quantity.out_of > 0 or _points_end(words, quantity, text) > quantity.stop


def _without_corrected(words: Sequence[Word], quantities: Sequence[Quantity]) -> list[Quantity]:
    """The quantities without those that are taken back: `không phải 7`, `7 à nhầm 8`, `đổi 7 thành 8`."""
    kept = [q for q in quantities if not _is_denied(words, q)]
    for index in range(1, len(kept)):
        between = {word.plain for word in words[kept[index - 1].stop : kept[index].first]}
        if between & _CORRECTING:
            return kept[index:]
    return kept


def _is_denied(words: Sequence[Word], quantity: Quantity) -> bool:
    """`không phải 7`, and no `không, phải 7`."""
    index = quantity.first - 1
    while index > 0 and words[index].plain in {"la", "diem", "cham", "cho"}:
        index -= 1
    return (
        index > 0
        and words[index].plain == "phai"
        and words[index - 1].plain in _NOT
        and words[index].before.isspace()
    )
