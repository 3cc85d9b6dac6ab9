"""What is said about the questions of a self-assessment, told from answers to them."""

from __future__ import annotations

import pytest

from bot.flows.assessment_asides import (
    asks_about_level,
    asks_points_so_far,
    asks_what_this_means,
    between_two,
)
from tests.bot.flows.stage import current

LEVELS = current().indicators[0].questions["nguoi-dan"].levels


@pytest.mark.parametrize(
    ("typed", "two"),
    [("7-8", (7, 8)), ("chắc tầm 7 8 gì đó", (7, 8)), ("8 hay 9 nhỉ", (8, 9)), ("9 đến 10 điểm", (9, 10)),
     ("7-9", None), ("8", None), ("câu 7 8 điểm", None), ("12/2025", None), ("7 8 9", None), ("", None)],
)  # fmt: skip
def test_two_neighbouring_numbers_are_asked_about(typed: str, two: tuple[int, int] | None) -> None:
    assert between_two(typed) == two


@pytest.mark.parametrize("typed", ["thế nào là khá tốt", "kha tot la the nao", "Rất tốt là như thế nào?"])
def test_a_question_about_a_level_is_no_answer(typed: str) -> None:
    assert asks_about_level(typed, LEVELS)


@pytest.mark.parametrize("typed", ["được bao nhiêu điểm rồi", "tong diem may roi", "hiện tại bao nhiêu điểm"])
def test_the_points_so_far_are_asked_for(typed: str) -> None:
    assert asks_points_so_far(typed)


@pytest.mark.parametrize("typed", ["chỉ số này là gì", "cau nay nghia la sao", "vd", "ví dụ như thế nào"])
def test_the_question_is_not_understood(typed: str) -> None:
    assert asks_what_this_means(typed)


@pytest.mark.parametrize("typed", ["khá tốt", "8", "bao nhiêu điểm thì đạt", "chỉ số 3 là gì"])
def test_answers_and_questions_to_the_documents_are_none_of_these(typed: str) -> None:
    assert not asks_about_level(typed, LEVELS)
    assert not asks_points_so_far(typed)
    assert not asks_what_this_means(typed)
