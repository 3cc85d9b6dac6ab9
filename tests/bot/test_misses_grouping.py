"""What means the same lies together, however it was typed; what does not, does not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from bot.dialogue.misses import key_of
from bot.misses_grouping import Wording, grouped
from knowledge.base import KnowledgeBase
from knowledge.content import Kind, content_of, item
from knowledge.items import TERMS_ID
from nlu.text import vietnamese_text

FILLER = [
    "ạ",
    "dạ",
    "với",
    "vs",
    "vậy",
    "cho",
    "hỏi",
    "hoi",
    "tôi",
    "em",
    "mình",
    "thì",
    "là",
    "gì",
    "có",
    "không",
    "được",
    "ở",
]
USUAL = (
    "học bao nhiêu điểm,học tập ở đâu,đăng ký học thế nào,một năm bao nhiêu lần,nộp ở đâu,đánh giá thế nào"
)


@cache
def base() -> KnowledgeBase:
    """Knows which words are filler, and which are on everybody's lips."""
    source = {"title": "Điều lệ"}
    fact = item(
        Kind.FACT, "f", {"statement": "Hội.", "certainty": "certain", "locator": "1", "source": source}
    )
    entries = [
        item(Kind.ENTRY, f"e{number}", {"question": f"{asking}?", "answer": "Có.", "facts": ["f"]})
        for number, asking in enumerate(USUAL.split(","))
    ]
    terms = item(
        Kind.TERMS, TERMS_ID, {"filler_words": FILLER, "filler_phrases": ["cho xin"], "own": [], "others": []}
    )
    return KnowledgeBase(content_of([fact, *entries, terms]), vietnamese_text())


def asked(text: str, count: int = 1, vector: Sequence[float] | None = None) -> Wording:
    read = None if vector is None else np.array(vector, np.float32) / np.linalg.norm(vector)
    return Wording(key_of(text), count, base().telling(text), read)


def together(*texts: str) -> bool:
    return len(grouped([asked(text) for text in texts])) == 1


@pytest.mark.parametrize(
    "texts",
    [
        (
            "Học phí lớp bồi dưỡng bao nhiêu?",
            "hoc phi lop boi duong bao nhieu",
            "học phí lớp bồi dưỡng bn v ạ",
        ),
        ("Quên mật khẩu tài khoản thì làm sao?", "em quên mk tài khoản rồi", "quen mat khau tk"),
        ("Số điện thoại của Hội là gì?", "cho xin sđt hội với ạ", "sdt hoi"),
        (
            "mất giấy chứng nhận cdht làm lại dc ko",
            "Mất giấy chứng nhận công dân học tập, làm lại được không?",
        ),
        ("Xin học bổng cho cháu hoàn cảnh khó khăn", "dạ cho hỏi xin hoc bong hoan canh kho khan vs ạ"),
    ],
)
def test_accents_chat_language_and_politeness_make_no_difference(texts: tuple[str, ...]) -> None:
    assert together(*texts)


@pytest.mark.parametrize(
    "texts",
    [
        ("Thời tiết hôm nay thế nào?", "Giờ làm việc của hội thế nào?"),
        ("Học phí lớp bồi dưỡng bao nhiêu?", "Đỗ đại học được thưởng bao nhiêu?"),
        ("Xin học bổng ở đâu?", "Xem điểm thi ở đâu?"),
        ("alo", "ad ơi", "..."),
    ],
)
def test_sharing_only_how_one_asks_puts_nothing_together(texts: tuple[str, ...]) -> None:
    assert len(grouped([asked(text) for text in texts])) == len(texts)


def test_the_fullest_group_comes_first_and_in_it_what_is_asked_most() -> None:
    wordings = [
        asked("thư viện mở cửa mấy giờ", 2),
        asked("mấy giờ thư viện mở cửa vậy ạ", 1),
        asked("giá vàng hôm nay", 9),
        asked("thu vien phuong mo cua may gio", 8),
    ]
    groups = grouped(wordings)
    assert groups[0][0] == "thu vien phuong mo cua may gio"
    assert [len(group) for group in groups] == [3, 1]


def test_the_order_they_came_in_makes_no_difference() -> None:
    texts = [
        "xin học bổng",
        "học bổng xin ở đâu",
        "hoc bong",
        "giá vàng",
        "vàng giá bao nhiêu",
        "học bổng du học",
    ]
    wordings = [asked(text, number + 1) for number, text in enumerate(texts)]
    first = grouped(wordings)
    for seed in range(5):
        random.Random(seed).shuffle(wordings)
        assert grouped(wordings) == first


def test_every_question_is_in_one_group_and_a_chain_does_not_hold_strangers_together() -> None:
    chain = ["một hai ba bốn", "ba bốn năm sáu", "năm sáu bảy tám", "bảy tám chín mười"]
    groups = grouped([asked(text) for text in chain])
    assert sorted(key for group in groups for key in group) == sorted(map(key_of, chain))
    assert not any({key_of(chain[0]), key_of(chain[-1])} <= set(group) for group in groups)


def test_vectors_join_what_no_word_joins_and_part_what_words_alone_would_join() -> None:
    usual = np.full(4, 0.5, np.float32)
    sea, wood, hill = [9, 1, 1, 1], [1, 9, 1, 1], [1, 1, 9, 1]
    wordings = [
        asked("đóng tiền học mấy đồng", vector=sea),
        asked("phí lớp bao nhiêu", vector=sea),
        asked("lớp tiếng anh cho người lớn", vector=wood),
        asked("lớp tin học cho người lớn", vector=hill),
        asked("hom nay co mua khong"),  # the model has not read it yet
    ]
    groups = grouped(wordings, usual)
    assert sorted(map(sorted, groups)) == [
        ["dong tien hoc may dong", "phi lop bao nhieu"],
        ["hom nay co mua khong"],
        ["lop tieng anh cho nguoi lon"],
        ["lop tin hoc cho nguoi lon"],
    ]
    assert len(grouped([asked("lớp tiếng anh cho người lớn"), asked("lớp tin học cho người lớn")])) == 1


def test_nothing_is_no_groups() -> None:
    assert grouped([]) == []
