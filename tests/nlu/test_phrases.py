"""The starter interpreter: small talk is recognised, and questions are never taken for it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.phrases import ASK_KNOWLEDGE, PhraseInterpreter
from nlu.text import fold

INTERPRETER = PhraseInterpreter()

MEANT = {
    "greet": [
        "Xin chào",
        "chào bạn ạ",
        "hello ad",
        "chao hoi khuyen hoc",
        "hi",
        "alo",
        "Chào buổi sáng!",
        "em chào ad",
    ],
    "thanks": [
        "cảm ơn bạn nhiều nhé",
        "cam on",
        "tks ad",
        "cám ơn hội rất nhiều ạ",
        "dạ em cảm ơn ạ",
        "hiểu rồi",
    ],
    "goodbye": ["tạm biệt", "bye", "chào tạm biệt nhé", "cảm ơn, tạm biệt bạn", "hẹn gặp lại"],
    "bot_identity": [
        "bạn là ai",
        "ban la nguoi hay may",
        "bạn có phải người thật không?",
        "bot à",
        "dang noi chuyen voi ai day",
        "bạn tên là gì vậy",
    ],
    "help": [
        "giúp mình với",
        "help",
        "menu",
        "bạn làm được gì",
        "huong dan su dung",
        "ban giup duoc gi cho toi",
    ],
    "human_request": [
        "gặp người thật",
        "noi chuyen voi can bo",
        "cho toi gap nguoi that",
        "Chào bạn, cho mình gặp cán bộ hội với",
        "tôi hỏi mãi không ra, cho tôi gặp người thật đi",
        "làm sao để gặp người thật?",
        "mun gap nguoi that",
        "tư vấn viên đâu",
        "cần người hỗ trợ",
    ],
    "start_assessment": [
        "tự đánh giá công dân học tập",
        "tu danh gia cong dan hoc tap",
        "TỰ ĐÁNH GIÁ CDHT",
        "tuwj ddanhs gias coong daan hocj taapj",
        "tôi muốn tự chấm điểm",
        "bat dau tu danh gia",
        "cho mình tự đánh giá công dân học tập nhé",
        "chấm điểm công dân học tập",
    ],
    "stop": ["dừng lại", "thoi khong lam nua", "hủy", "thoát", "dung", "để sau nhé"],
    "repeat": ["nhắc lại câu hỏi", "noi lai di ban", "lặp lại giúp mình"],
    "affirm": ["có", "vâng ạ", "ok", "đồng ý", "uh", "được", "dong y nhe", "oke"],
    "deny": ["không", "ko", "chưa", "khong dau", "không cần", "k"],
}

QUESTIONS = [
    "chào bạn cho hỏi quyết định 1373 là gì",
    "cảm ơn, còn 677 thì sao",
    "ai là người công nhận công dân học tập",
    "hướng dẫn đăng ký tài khoản",
    "không đăng ký thì có sao không",
    "tự đánh giá công dân học tập ở đâu",
    "tự đánh giá công dân học tập như thế nào",
    "cán bộ cần đạt bao nhiêu phần trăm",
    "hội khuyến học là gì",
    "đạt hay không đạt",
    "bao nhiêu điểm thì đạt",
    "người thật việc thật là gì",
    "gặp khó khăn khi đăng ký thì làm sao",
    "có bắt buộc không",
    "chỉ tiêu của cán bộ, công chức là bao nhiêu",
    "chao ad, ngay khuyen hoc la ngay nao",
    "cảm ơn bạn, thế năm 2030 thì sao",
    "677",
    "thôi thì cho hỏi 324",
    "ai có thể tham gia hội",
    "không có máy tính thì đánh giá kiểu gì",
    "dung 244 hay 324",
]


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, text) for intent, texts in MEANT.items() for text in texts]
)
async def test_a_wish_is_recognised_with_and_without_marks(intent: str, text: str) -> None:
    assert (await INTERPRETER.interpret(text)).intent == intent
    assert (await INTERPRETER.interpret(fold(text))).intent == intent


@pytest.mark.parametrize("text", QUESTIONS)
async def test_a_question_is_never_taken_for_small_talk(text: str) -> None:
    for typed in (text, fold(text)):
        assert (await INTERPRETER.interpret(typed)).intent == ASK_KNOWLEDGE, typed


async def test_marks_that_were_typed_decide_between_words_that_fold_alike() -> None:
    assert (await INTERPRETER.interpret("đúng")).intent == "affirm"
    assert (await INTERPRETER.interpret("dừng")).intent == "stop"
    assert (await INTERPRETER.interpret("dung roi")).intent == "affirm"
    assert (await INTERPRETER.interpret("cỏ")).intent == ASK_KNOWLEDGE


async def test_entities_come_with_their_place_in_the_text_as_typed() -> None:
    text = "Năm 2025 theo qđ 677 cần 40% ạ"
    found = {e.kind: (e.value, text[e.start : e.end]) for e in (await INTERPRETER.interpret(text)).entities}
    assert found == {"year": ("2025", "2025"), "document": ("QĐ 677", "qđ 677"), "percentage": ("40", "40%")}


@given(st.text(max_size=300))
async def test_any_text_is_interpreted(text: str) -> None:
    result = await INTERPRETER.interpret(text)
    assert 0 <= result.confidence <= 1


async def test_a_very_long_message_does_not_hold_up_the_others() -> None:
    started = time.perf_counter()
    await INTERPRETER.interpret("chào bạn mình muốn " * 250)
    assert time.perf_counter() - started < 0.2
