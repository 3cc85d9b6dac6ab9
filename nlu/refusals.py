"""Wishes that are named in order to refuse them: `đừng xóa dữ liệu của tôi`, `chưa muốn tự đánh giá`.

What learns from words hears the wish and not the small word before it, and some wishes cannot be undone. So
this is read by rule, alike for every engine. Must never turn a wish into a refusal on a word elsewhere in the
message: `không nói chuyện với máy nữa, cho gặp cán bộ` is a wish. Pure and total.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nlu.interpreter import Interpretation
from nlu.mentions import ANOTHER, find_words, likeness

_READ = 200
"""Characters; whoever refuses says so at once."""
_DENYING = {
    "dung": "đừng",
    "khoi": "khỏi",
    "khoan": "khoan",
    "khong": "không",
    "chua": "chưa",
    "chang": "chẳng",
}
_NOT = (
    r"(?:(?:dung|khoi|khoan)(?: (?:hay|co|vo|da|voi|nen|bao gio))*"
    r"|(?:khong|chua|chang)(?: (?:con|he|co|thay))*"
    r" (?:muon|can|thich|dinh|dam|san sang|nhu cau|y dinh)(?: (?:thiet|phai|nua))*)"
)
_BETWEEN = (
    r"(?: (?:cho|de|phai|toi|tui|minh|em|con|chau|bac|chi|anh|ban|bot|may|di|vao|duoc|viec|nhan|giup|nham))*?"
)
_AFTER_ALL = re.compile(r" (?:ma|nhung|thay vao do|chi muon|co (?:sao|bi|duoc|phai|anh huong))\b")
"""Behind these comes what is wanted in its place, or what is asked about it."""
_PERSON = r"(?:can bo|nhan vien|nguoi(?! may)|ai\b|ben hoi|hoi\b)"
_WISHES = {
    "erase_my_data": r"xoa",
    "export_my_data": r"(?:gui|xem|xuat)",
    "human_request": r"(?:gap|goi|bao|nho|lam phien|lien he|ket noi|chuyen|noi voi|noi chuyen(?: voi)?)"
    r"(?: (?:dien|cho|voi|toi|sang|den|cac|them|anh|chi|co|minh|em))*? " + _PERSON,
    "start_assessment": r"(?:(?:tu )?(?:danh gia|cham|cho diem)|bat dau"
    r"|(?:lam|dien) (?:bai|phieu|trac nghiem|khao sat))",
    "resume_assessment": r"(?:(?:lam|cham|danh gia|dien) (?:tiep|not)|tiep tuc)",
    "ask_my_result": r"(?:xem|biet)",
    "submit_story": r"(?:gui|viet|dang|nop|chia se|ke)",
    "subscribe": r"(?:dang ky|nhan)",
    "unsubscribe": r"(?:huy|ngung|tat|bo)",
}
"""The words by which each wish is named, by the intent that hears it."""
_REFUSALS = {
    intent: re.compile(rf"\b{_NOT}{_BETWEEN} {named}\b|\b(?:khong|chua|chang) {named}\b.* (?:nua|dau)\b")
    for intent, named in _WISHES.items()
}
_STOPS = frozenset({"start_assessment", "resume_assessment", "submit_story"})
"""To refuse these is to want an end of it; to refuse the others is a plain no."""


def heed_refusal(found: Interpretation, opened: str) -> Interpretation:
    """The interpretation, or `deny` or `stop` where the message refuses the wish it was taken for.

    `opened` is the message with its abbreviations written out (`Reading.opened`).
    """
    pattern = _REFUSALS.get(found.intent)
    said = "" if pattern is None else _as_compared(opened[:_READ])
    refused = None if pattern is None else pattern.search(said)
    if refused is None or _AFTER_ALL.search(said, refused.end()):
        return found
    intent = "stop" if found.intent in _STOPS else "deny"
    return replace(
        found,
        intent=intent,
        is_sure=True,
        refused=found.intent,
        alternatives=tuple(one for one in found.alternatives if one.intent != intent),
    )


def _as_compared(text: str) -> str:
    """Folded words; signs between them stand apart, and `đúng` is kept from being taken for `đừng`."""
    parts = []
    for word in find_words(text):
        if word.before.strip():
            parts.append(",")
        right = _DENYING.get(word.plain)
        differs = right is not None and likeness(word.written, right) == ANOTHER
        parts.append(f"{word.plain}_" if differs else word.plain)
    return " ".join(parts)
