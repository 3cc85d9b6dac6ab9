"""The knowledge base answers what it knows, offers what is near, and declines the rest."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answer import Abstention, AbstentionReason, Answer
from knowledge.base import KnowledgeBase
from knowledge.content import CONTENT_DIR, Content
from nlu.text import fold, vietnamese_text

KNOWLEDGE = KnowledgeBase.load(CONTENT_DIR, vietnamese_text())


def _entry(question: str) -> str | None:
    result = KNOWLEDGE.ask(question)
    return result.entry_id if isinstance(result, Answer) else None


def test_every_way_of_asking_leads_to_its_entry_with_and_without_marks(content: Content) -> None:
    lost = [
        (entry.id, typed)
        for entry in content.entries.values()
        for asking in (entry.question, *entry.variants)
        for typed in (asking, fold(asking), unicodedata.normalize("NFD", asking.upper()))
        if _entry(typed) != entry.id
    ]
    assert lost == []


def test_an_answer_comes_with_its_sources_and_where_to_go_next() -> None:
    answer = KNOWLEDGE.ask("quyet dinh 677")
    assert isinstance(answer, Answer)
    assert answer.entry_id == "quyet-dinh-677"
    assert "Quyết định 677/QĐ-TTg ngày 03/6/2022" in {citation.title for citation in answer.citations}
    assert answer.suggestions
    assert answer.passages[0].id == "quyet-dinh-677"
    assert 0.5 < answer.confidence <= 1


def test_goals_of_2025_and_2030_are_never_mixed() -> None:
    assert _entry("mục tiêu công dân học tập 2025") == "muc-tieu-2025"
    assert _entry("mục tiêu công dân học tập 2030") == "muc-tieu-2030"
    assert _entry("muc tieu cong dan hoc tap nam 2028") not in {"muc-tieu-2025", "muc-tieu-2030"}


def test_figures_of_one_province_are_not_given_for_another() -> None:
    assert _entry("Sơn La có bao nhiêu công dân học tập") == "son-la"
    assert _entry("Nghệ An có bao nhiêu công dân học tập") not in {"son-la", "khanh-hoa"}


def test_a_document_nobody_registered_is_declined_even_if_its_number_is_known() -> None:
    for question in ("nghị định 244 là gì", "thông tư 677", "quyết định 999"):
        result = KNOWLEDGE.ask(question)
        assert isinstance(result, Abstention), question
        assert result.reason is AbstentionReason.NOTHING_FOUND


def test_a_bare_number_among_foreign_words_is_not_a_document() -> None:
    assert _entry("324") == "quyet-dinh-324"
    assert _entry("thế còn 677 thì sao") == "quyet-dinh-677"
    assert _entry("670") == "van-ban-670-kh-ubnd"
    for question in ("xe buýt 324 chạy lúc mấy giờ", "phòng 670 tầng mấy", "tìm chủ xe biển số 1373"):
        assert _entry(question) is None, question


def test_two_documents_asked_together_are_both_offered() -> None:
    result = KNOWLEDGE.ask("so sánh 677 và 387")
    assert isinstance(result, Abstention)
    assert {s.entry_id for s in result.suggestions} >= {"quyet-dinh-677", "quyet-dinh-387"}


@pytest.mark.parametrize(
    "question", ["", "?", "👍", "cho hỏi", "chào bạn ạ", "thời tiết hôm nay", "abc xyz", "học suốt đời"]
)
def test_no_answer_always_offers_questions_that_can_be_answered(question: str) -> None:
    result = KNOWLEDGE.ask(question)
    assert isinstance(result, Abstention)
    assert 2 <= len(result.suggestions) <= 3
    for suggestion in result.suggestions:
        assert len(suggestion.question) <= 60
        pressed = KNOWLEDGE.entry(suggestion.entry_id)
        assert pressed is not None
        assert pressed.entry_id == suggestion.entry_id


def test_an_unknown_entry_is_none() -> None:
    assert KNOWLEDGE.entry("no-such-entry") is None


@given(st.text(st.characters(), max_size=300))
def test_any_text_gets_a_result(text: str) -> None:
    assert isinstance(KNOWLEDGE.ask(text), Answer | Abstention)


def test_loading_and_asking_are_quick() -> None:
    started = time.perf_counter()
    knowledge = KnowledgeBase.load(CONTENT_DIR, vietnamese_text())
    assert time.perf_counter() - started < 2  # 0.2 s when the machine is idle
    started = time.perf_counter()
    for _ in range(100):
        knowledge.ask("Chào ad, cho em hỏi công dân học tập cần bao nhiêu điểm thì đạt vậy ạ?")
    assert time.perf_counter() - started < 1.5  # 0.7 ms each when the machine is idle
    started = time.perf_counter()
    knowledge.ask("quyết định 1373 " * 250)
    assert time.perf_counter() - started < 0.3


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    KnowledgeBase.load(CONTENT_DIR, vietnamese_text()).ask("kl49")
    assert capfd.readouterr() == ("", "")
