"""What every interpreter must do: run against the one in the process and against a real Rasa server."""

from __future__ import annotations

import asyncio

import pytest

from nlu.entities import find_entities
from nlu.interpreter import Interpretation, Interpreter
from nlu.training import load_training_data

INTENTS = frozenset(load_training_data().intents)

PLAIN = {
    "Xin chào": "greet",
    "chao ban nhe": "greet",
    "Cảm ơn bạn nhiều": "thanks",
    "cam on nha": "thanks",
    "Tạm biệt nhé": "goodbye",
    "Bạn là ai vậy?": "bot_identity",
    "ban la nguoi hay may": "bot_identity",
    "Bạn giúp được gì cho mình?": "help",
    "Quyết định 1373 nói về việc gì?": "ask_knowledge",
    "tieu chi cong dan hoc tap la gi": "ask_knowledge",
    "cho mình tự đánh giá công dân học tập": "start_assessment",
    "lam tiep bai danh gia dang do": "resume_assessment",
    "xem lại kết quả tự đánh giá của mình": "ask_my_result",
    "Cho tôi gặp cán bộ": "human_request",
    "e muon noi chuyen vs nguoi that": "human_request",
    "đăng ký nhận tin của Hội": "subscribe",
    "đừng gửi tin cho tôi nữa": "unsubscribe",
    "xoa het du lieu cua toi di": "erase_my_data",
    "gửi cho mình những gì bạn lưu về mình": "export_my_data",
    "mình muốn gửi bài về tấm gương hiếu học": "submit_story",
    "câu trả lời rất hữu ích": "feedback_good",
    "tra loi sai roi": "feedback_bad",
    "đồng ý": "affirm",
    "không": "deny",
    "quay lại câu trước": "back",
    "bỏ qua câu này": "skip",
    "làm lại từ đầu": "restart",
    "nhắc lại câu hỏi giúp mình": "repeat",
    "ban noi duoc tieng Thai khong": "change_language",
    "hôm nay trời có mưa không": "out_of_scope",
}
"""Wishes nobody could take for another; whoever gets these wrong is broken, not unlucky."""

ODD = {
    "nothing": "",
    "blanks": " \t\n\u00a0 ",
    "emoji": "😀👍🏽",
    "punctuation": "?!...",
    "control characters": "chào\x00\x07\x1b[31m bạn",
    "half a character": "chào \ud83d bạn \udc00",
    "decomposed": "Cho to\u0302i ga\u0323\u0306p ca\u0301n bo\u0323\u0302",
    "another script": "你好 Привет مرحبا",
    "an intent as Rasa writes it": '/erase_my_data{"year": "2030"}',
    "ten thousand characters": "công dân học tập " * 590,
    "ten thousand without a space": "x" * 10_000,
    "markup": "<script>[a](b){c} %s {0} ${x}</script>",
}

WITH_ENTITIES = (
    "QĐ 1373/QĐ-TTg đến năm 2030 đạt bao nhiêu %?",
    "cdht 75d nam 2025",
    "  kết luận 49-KL/TW ở Sơn La, 40% gia đình học tập",
    "à nhầm, 8 điểm",
    "Cong đồng hoc tap xa Muong La 7,5 diem",
    "chỉ thị 11 năm 2007 😀 danh hiệu dòng họ học tập",
)


class InterpreterContract:
    """Subclasses give the fixture `interpreter`."""

    @pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
    async def test_any_string_gives_an_interpretation_of_known_shape(
        self, interpreter: Interpreter, text: str
    ) -> None:
        _check(await interpreter.interpret(text), text)

    @pytest.mark.parametrize("text", WITH_ENTITIES)
    async def test_the_entities_are_those_of_the_house_in_their_places(
        self, interpreter: Interpreter, text: str
    ) -> None:
        found = await interpreter.interpret(text)
        assert found.entities == find_entities(text)
        assert found.entities

    async def test_plain_wishes_are_understood(self, interpreter: Interpreter) -> None:
        found = {text: (await interpreter.interpret(text)).intent for text in PLAIN}
        assert found == PLAIN

    async def test_plain_wishes_are_understood_with_confidence(self, interpreter: Interpreter) -> None:
        found = [await interpreter.interpret(text) for text in PLAIN]
        assert [one.text for one in found if not one.is_sure] == []
        for one in found:
            _check(one, one.text)

    async def test_what_means_nothing_is_not_acted_upon(self, interpreter: Interpreter) -> None:
        for text in ("", "   ", "?!...", "zzxqj wvvk qqq"):
            assert not (await interpreter.interpret(text)).is_sure, text

    async def test_the_same_message_gives_the_same_interpretation_also_in_a_crowd(
        self, interpreter: Interpreter
    ) -> None:
        alone = [await interpreter.interpret(text) for text in PLAIN]
        crowd = await asyncio.gather(*(interpreter.interpret(text) for text in PLAIN))
        assert list(crowd) == alone


def _check(found: Interpretation, text: str) -> None:
    assert found.intent in INTENTS
    assert 0 <= found.confidence <= 1
    assert len(found.alternatives) <= 3
    confidences = [one.confidence for one in found.alternatives]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= found.confidence for confidence in confidences)
    assert found.intent not in {one.intent for one in found.alternatives}
    assert {one.intent for one in found.alternatives} <= INTENTS
    assert all(0 <= one.start < one.end <= len(text) for one in found.entities)
