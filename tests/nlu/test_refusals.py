"""A wish that is named in order to refuse it is not carried out, and a wish with a `không` elsewhere is."""

from __future__ import annotations

import pytest

from nlu.interpreter import Interpretation
from nlu.refusals import heed_refusal
from nlu.text import vietnamese_text
from nlu.training import load_training_data


def heeded(intent: str, text: str) -> Interpretation:
    return heed_refusal(Interpretation(intent, 0.9, text, ""), vietnamese_text().open_abbreviations(text))


@pytest.mark.parametrize(
    ("wish", "text", "instead"),
    [
        ("erase_my_data", "đừng xóa dữ liệu của tôi", "deny"),
        ("erase_my_data", "dung xoa", "deny"),
        ("erase_my_data", "khoan hãy xóa", "deny"),
        ("erase_my_data", "ko mún xoá nữa", "deny"),
        ("erase_my_data", "tôi không xóa nữa đâu", "deny"),
        ("human_request", "k can gap can bo dau", "deny"),
        ("human_request", "đừng chuyển cho cán bộ", "deny"),
        ("human_request", "mình chưa cần nói chuyện với ai", "deny"),
        ("start_assessment", "chưa muốn tự đánh giá", "stop"),
        ("start_assessment", "toi khong muon cham diem", "stop"),
        ("start_assessment", "khoan hãy chấm điểm", "stop"),
        ("resume_assessment", "không muốn làm tiếp", "stop"),
        ("submit_story", "khong muon gui bai nua", "stop"),
        ("unsubscribe", "đừng hủy đăng ký của tôi", "deny"),
    ],
)
def test_a_refused_wish_is_a_no(wish: str, text: str, instead: str) -> None:
    found = heeded(wish, text)
    assert (found.intent, found.refused, found.is_sure) == (instead, wish, True)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ("erase_my_data", "đúng, xóa dữ liệu của tôi đi"),
        ("erase_my_data", "đúng xóa hết đi"),
        ("erase_my_data", "đừng lưu dữ liệu của tôi nữa"),
        ("erase_my_data", "không cần giữ lại gì, xóa hết"),
        ("human_request", "tôi không muốn nói chuyện với máy"),
        ("human_request", "không nói chuyện với bot nữa cho gặp người thật"),
        ("human_request", "không cần trả lời tự động nữa, cho tôi gặp cán bộ"),
        ("human_request", "sao không cho tôi gặp cán bộ"),
        ("human_request", "gọi mãi không gặp được cán bộ"),
        ("start_assessment", "tôi chưa tự đánh giá, cho tôi làm"),
        ("start_assessment", "chua biet du 80 khong, cham thu moi biet, lam di"),
        ("submit_story", "không muốn gửi qua bưu điện mà gửi bài ở đây"),
        ("start_assessment", "không muốn tự đánh giá có sao không"),
        ("greet", "đừng xóa dữ liệu của tôi"),
    ],
)
def test_a_wish_with_a_no_elsewhere_stays_a_wish(wish: str, text: str) -> None:
    found = heeded(wish, text)
    assert (found.intent, found.refused) == (wish, "")


def test_no_example_of_a_wish_is_taken_for_its_refusal() -> None:
    taken = [e.where for e in load_training_data().examples if heeded(e.intent, e.text).refused]
    assert taken == []
