"""Names of places that are also something else: words of everyday life, people, schools.

Data for nlu/places.py, folded. Every line here keeps a sentence from being taken for a place; add to it what
turns up.
"""

from __future__ import annotations


def as_set(listed: str) -> frozenset[str]:
    """Words written one behind the other."""
    return frozenset(listed.split())


NO_UNIT_AFTER = frozenset({"dia", "co", "hinh"})
"""`địa phương`, `cơ quan`, `hình tỉnh` typed without marks."""
WORDS_TOO = frozenset({"cao bang", "hoa binh", "thai binh"})
"""Provinces whose name, marks and all, is also a word: `điểm cao bằng nhau`."""
WORDS_WITHOUT_MARKS = frozenset(
    {"ben tre", "ca mau", "can tho", "dien bien", "dong thap", "hai duong", "ha tinh", "hue", "hung yen",
     "lam dong", "nam dinh", "phu yen", "thanh hoa"}
)  # fmt: skip
"""Provinces that typed without marks may be ordinary words: `lam dong`, `dien bien`."""
OTHER_WORDS = {
    "gia lai": (frozenset({"danh", "tham", "khao"}), frozenset[str]()),
    "hai phong": (frozenset({"mot", "co", "ca"}), frozenset({"trao", "hoc", "ban", "hop", "lam"})),
    "lang son": (frozenset({"ban", "dan", "cac"}), frozenset[str]()),
}
"""Provinces that are something else behind or before certain words: `danh gia lai`, `hai phong trao`."""
EVERYDAY_WORDS = frozenset(
    {"an toan", "binh minh", "cong hoa", "doan ket", "doc lap", "dong tam", "hanh phuc", "hoa binh",
     "hoa thuan", "hop ly", "hop tac", "hop tien", "phuc loi", "quoc khanh", "quyet tam", "quyet thang",
     "quyet tien", "tan tien", "thanh cong", "thong nhat", "tien tien", "trung tam", "tu do", "vinh vien"}
)  # fmt: skip
"""Communes that in small letters are no place, not even after `ở`."""
PEOPLE_TOO = "ho chi minh"
NAMES_OF_PEOPLE = as_set(
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly trinh dinh mac luong to"
)
NAMED_AFTER = as_set("ong ba anh chi em co thay chu bac hoi chua den su nhom")
BEARERS = as_set("truong thcs thpt hoc duong pho quy bong thuong giai ten")
"""Behind these and the ones above a name is a person's, a school's, a street's or a fund's."""
