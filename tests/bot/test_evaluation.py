"""Grading: tolerant about how a fact is written, strict about which fact it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import pytest

from bot.dialogue.assistant import Assistant
from bot.dialogue.turn import Outcome, Turn, View
from bot.evaluation import (
    Grade,
    Graded,
    Report,
    evaluate,
    evaluate_ranking,
    interval,
    report_lines,
    report_record,
    tally,
)
from bot.gold import Decline, GoldFileBroken, GoldQuestion, key_text, load_gold, says_it_is_not_known
from connectors.message import InboundEvent, Source, Text


def _known(*groups: tuple[str, ...], never: tuple[str, ...] = ()) -> GoldQuestion:
    return GoldQuestion(1, "accented", "?", has=groups, never=never)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("60%", "Đến năm 2030 có 60 phần trăm người lớn."),
        ("60 phần trăm", "khoảng 60 % người lớn"),
        ("60%", "60% người lớn, 80% cán bộ"),
        ("03/6/2022", "ban hành ngày 3/6/2022"),
        ("3/6/2022", "ban hành ngày 03 tháng 06 năm 2022"),
        ("03/6/2022", "ký 03.06.2022."),
        ("7/2022", "từ tháng 7 năm 2022"),
        ("1/7", "từ 1/7/2025"),
        ("1 đến 7/10", "từ ngày 1 đến ngày 7 tháng 10"),
        ("10.491", "Kế hoạch 10491/KH-UBND"),
        ("10491", "Kế hoạch số 10.491"),
        ("37,87%", "đạt 37.87%"),
        ("Vũ Đức Đam", "Phó Thủ tướng VU DUC DAM ký"),
        ("văn hóa đọc", "phát triển văn hoá đọc"),
        ("congdanhoctap.vn", "vào https://congdanhoctap.vn, bấm Đăng nhập"),
        ("49-KL/TW", "Kết luận số 49 - KL / TW"),
        ("mỗi năm", "mỗi năm 1 lần"),
        ("4 chỉ số", "nhóm này có 04 chỉ số"),
        ("1.005097", "mã 1.005097"),
    ],
)
def test_a_fact_is_found_however_it_is_written(key: str, text: str) -> None:
    assert _known((key,)).accepts(text)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("60%", "160% kế hoạch"),
        ("60%", "60 người"),
        ("60%", "60,5%"),
        ("5", "15 điểm"),
        ("5 điểm", "10,5 điểm"),
        ("3/6", "13/6/2022"),
        ("03/6/2022", "03/6/2023"),
        ("1373", "11373"),
        ("18%", "54,18%"),
        ("491", "10.491"),
        ("1/7", "1/70"),
        ("Vinh", "Vĩnhx Phúc, Trà-vinhh"),
    ],
)
def test_another_fact_is_not_taken_for_it(key: str, text: str) -> None:
    assert not _known((key,)).accepts(text)


def test_every_group_must_occur_and_nothing_forbidden() -> None:
    question = _known(("60%",), ("677", "chương trình công dân học tập"), never=("40%",))
    assert question.accepts("Theo 677: 60%")
    assert not question.accepts("60%")
    assert not question.accepts("Theo 677: 60%, trước đó 40%")
    assert question.accepts("Theo 677: 60%, không phải 140%")


@pytest.mark.parametrize(
    "text",
    [
        "Mình chưa có thông tin về hội phí.",
        "Điều này chưa được xác minh, bạn hỏi lại Hội Khuyến học tỉnh nhé.",
        "Chưa thấy văn bản nào nêu.",
        "Hiện chưa rõ ai ký.",
        "Toàn văn hiện chưa tìm được.",
        "minh khong co thong tin nay",
        "Không nguồn nào nói có tiền thưởng.",
    ],
)
def test_owning_up_is_recognised(text: str) -> None:
    assert says_it_is_not_known(text)


@pytest.mark.parametrize(
    "text",
    [
        "Người đạt được thưởng 500.000 đồng.",
        "Bản 244 chưa có nhóm học sinh.",
        "Bạn chưa đạt vì có chỉ số dưới 5.",
        "Bạn không bắt buộc phải đăng ký.",
        "Giấy do Chủ tịch xã ký.",
    ],
)
def test_a_statement_is_not_taken_for_owning_up(text: str) -> None:
    assert not says_it_is_not_known(text)


def _turn(view: View, outcome: Outcome, text: str, *sources: Source) -> Turn:
    return Turn(outcome, replace(view.state, last_entry=text), (Text(text, sources=sources),))


@dataclass
class _Parrot(Assistant):
    """Answers from a table, with what it was asked before as part of the key."""

    answers: dict[tuple[str, str], tuple[Outcome, str]]

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        outcome, text = self.answers[view.state.last_entry, event.text]
        return _turn(view, outcome, text, Source(title="Quyết định 677/QĐ-TTg ngày 03/6/2022", url=""))


async def test_a_follow_up_is_asked_in_the_conversation_of_the_question_before_it() -> None:
    assistant = _Parrot(
        {
            ("", "2025?"): (Outcome.ANSWERED, "40%"),
            ("40%", "the con 2030?"): (Outcome.ANSWERED, "60%"),
            ("", "the con 2030?"): (Outcome.ABSTAINED, "?"),
        }
    )
    follow_up = GoldQuestion(1, "accented", "the con 2030?", has=(("60%",),), after="2025?")
    graded = await evaluate(assistant, [follow_up, replace(follow_up, after="")])
    assert [one.grade for one in graded] == [Grade.RIGHT, Grade.MISSED]


async def test_each_outcome_gets_its_grade_and_counts_where_it_belongs() -> None:
    expected = {
        Grade.RIGHT: (
            _known(("3/6/2022",)),
            Outcome.ANSWERED,
            "Có.",
        ),  # the source says it: a citizen sees it
        Grade.WRONG: (_known(("60%",)), Outcome.ANSWERED, "40%"),
        Grade.MISSED: (_known(("60%",)), Outcome.ABSTAINED, "60%"),
        Grade.REFUSED: (
            GoldQuestion(1, "teencode", "?", decline=Decline.OUT_OF_SCOPE),
            Outcome.SMALLTALK,
            "Chào",
        ),
        Grade.INVENTED: (
            GoldQuestion(1, "teencode", "?", decline=Decline.OUT_OF_SCOPE),
            Outcome.ANSWERED,
            "!",
        ),
        Grade.ADMITTED: (
            GoldQuestion(1, "teencode", "?", decline=Decline.UNKNOWN),
            Outcome.ANSWERED,
            "Chưa rõ.",
        ),
        Grade.ASSERTED: (
            GoldQuestion(1, "teencode", "?", decline=Decline.UNKNOWN),
            Outcome.ANSWERED,
            "Chủ tịch.",
        ),
    }
    graded: list[Graded] = []
    for wanted, (question, outcome, answer) in expected.items():
        assistant = _Parrot({("", "?"): (outcome, answer)})
        [one] = await evaluate(assistant, [question])
        assert one.grade is wanted
        graded.append(one)
    total = tally(graded)
    assert (total.questions, total.known, total.out_of_scope, total.unknown) == (7, 3, 2, 2)
    assert (total.right_share, total.refused_share, total.admitted_share) == (1 / 3, 1 / 2, 1 / 2)
    assert total.wrong_share == 2 / 5
    assert tally(graded, "accented").counts == {Grade.RIGHT: 1, Grade.WRONG: 1, Grade.MISSED: 1}
    report = Report(Path("some.yml"), graded)
    record = report_record(report, failures=True)
    assert record["total"]["wrong"] == record["total"]["asserted"] == 1
    assert [one["grade"] for one in record["failures"]] == ["wrong", "missed", "invented", "asserted"]
    told = "\n".join(report_lines(report, failures=True))
    assert "1/3 33.3%" in told
    assert told.count("✘ dòng 1") == 4


async def test_a_greeting_does_not_own_up_to_what_nobody_knows() -> None:
    question = GoldQuestion(1, "accented", "?", decline=Decline.UNKNOWN)
    [one] = await evaluate(_Parrot({("", "?"): (Outcome.SMALLTALK, "Chào bạn!")}), [question])
    assert one.grade is Grade.ASSERTED


class _Mode(StrEnum):
    LEXICAL = "lexical"
    HYBRID = "hybrid"


@dataclass(frozen=True)
class _Unit:
    id: str
    text: str
    score: float = 1.0


class _Shelf:
    async def ranking(self, question: str, mode: _Mode, k: int) -> Sequence[_Unit]:
        units = [_Unit("a", "40%"), _Unit("b", "160%"), _Unit("c", "60% (2030)")]
        return units[:k] if mode is _Mode.LEXICAL else units[::-1][:k]


async def test_a_ranking_is_judged_by_the_first_unit_that_holds_the_facts() -> None:
    asked = [
        GoldQuestion(1, "accented", "mấy %", has=(("60%",),)),
        GoldQuestion(2, "teencode", "may %", has=(("70%",),)),
        GoldQuestion(3, "teencode", "con 2030", has=(("60%",),), after="mấy %"),
        GoldQuestion(4, "teencode", "gia vang", decline=Decline.OUT_OF_SCOPE),
    ]
    found = await evaluate_ranking(_Shelf(), asked, {mode.value: mode for mode in _Mode})
    assert {(q.style, q.mode): (q.questions, q.recall_1, q.recall_5, q.mrr_10) for q in found} == {
        ("accented", "lexical"): (1, 0, 1, 1 / 3),
        ("accented", "hybrid"): (1, 1, 1, 1),
        ("unaccented", "lexical"): (0, 0, 0, 0),
        ("unaccented", "hybrid"): (0, 0, 0, 0),
        ("teencode", "lexical"): (1, 0, 0, 0),
        ("teencode", "hybrid"): (1, 0, 0, 0),
        ("", "lexical"): (2, 0, 0.5, 1 / 6),
        ("", "hybrid"): (2, 0.5, 0.5, 0.5),
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("accented:\n  - {q: a, has: [[b]]}\n  - {q: c, has: [[60]]}\n", 3),
        ("accented:\n  - {q: a}\n", 2),
        ("accented:\n  - {q: a, has: [[b]], decline: unknown}\n", 2),
        ("accented:\n\n  - {q: a, decline: maybe}\n", 3),
        ('accented:\n  - {q: a, has: [["?"]]}\n', 2),
        ("accented:\n  - {q: a, has: []}\n", 2),
        ("accented:\n  - {q: a, hass: [[b]]}\n", 2),
        ("accented:\n  - {has: [[b]]}\n", 2),
        ("teencode:\n  - {q: a, decline: unknown, not: [b]}\n", 2),
        ("accented:\n  - {q: a, has: [[b]}\n", 2),
        ("accented:\n  - just words\n", 2),
        ("formal:\n  - {q: a, has: [[b]]}\n", 1),
        ("", 1),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "gold.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(GoldFileBroken, match=rf"gold\.yml:{line}: "):
        load_gold(path)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "gold.yml"
    path.write_text(
        'accented:\n  - {q: "a?", has: [["60%", "x"], [y]], not: ["40%"], after: "b?"}\n'
        "teencode:\n  - {q: c, decline: out_of_scope}\n",
        "utf-8",
    )
    assert load_gold(path) == (
        GoldQuestion(2, "accented", "a?", (("60%", "x"), ("y",)), ("40%",), None, "b?"),
        GoldQuestion(4, "teencode", "c", decline=Decline.OUT_OF_SCOPE),
    )


def test_an_interval_holds_its_share_and_narrows_with_more_questions() -> None:
    low, high = interval(9, 10)
    assert 0.59 < low < 0.9 < high < 1.0  # 0.596 to 0.982: Wilson's own example
    lower, higher = interval(900, 1000)
    assert low < lower < 0.9 < higher < high
    assert interval(0, 0) == (0.0, 1.0)


def test_key_text_is_total() -> None:
    assert key_text("\ud800 %%% ...") == " % % % "
    assert key_text("") == "  "
