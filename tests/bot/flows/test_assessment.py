"""The self-assessment step by step, without the assistant around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dialogue.turn import AssessmentFinished
from bot.flows.assessment import Assessment
from bot.flows.assessment_moves import progress_of
from bot.flows.assessment_state import begin, decode, encode, kept_results
from bot.flows.flow import Command, Pressed, Sent
from bot.flows.results import AssessmentProgress, AssessmentResult, Sheet
from connectors.message import Attachment, Text
from tests.bot.flows.stage import BUTTONS, PICTURE, Stage, assessment, book, current, pressed, said

EIGHTS = ("8",) * 10


def result_of(stage: Stage[Any]) -> AssessmentResult:
    (finished,) = [effect for effect in stage.step.effects if isinstance(effect, AssessmentFinished)]
    return finished.result


def test_two_quick_taps_advance_once() -> None:
    stage = assessment()
    tap = pressed(stage.options["Khá tốt"])
    stage.hear(tap)
    once = stage.state
    stage.hear(tap)
    assert stage.state == once
    assert stage.state.step == "2"
    assert "Câu 2/10" in stage.words


def test_an_old_button_with_another_value_changes_that_answer_and_says_so() -> None:
    stage = assessment()
    other = pressed(stage.options["Bình thường"])
    stage.press("Khá tốt")
    stage.press("Rất tốt")
    stage.hear(other)
    assert stage.state.points[:3] == (6, 10, None)
    assert stage.state.step == "3"
    assert "sửa câu 1 thành 6 điểm" in stage.words


@pytest.mark.parametrize(
    "press",
    [
        Pressed("3", "eleven"), Pressed("3", "11"), Pressed("77", "5"), Pressed("group", "nobody"),
        Pressed("evidence", "done"), Pressed("place", "skip"), Pressed("restart", "yes"), Pressed("", ""),
    ],
)  # fmt: skip
def test_a_button_that_was_never_offered_here_changes_nothing(press: Pressed) -> None:
    stage = assessment("8")
    before = stage.state
    stage.hear(press)
    assert stage.state == before


def test_an_old_consent_changes_the_reminder_and_a_no_throws_nothing_away() -> None:
    stage = assessment("8")
    stage.hear(Pressed("consent", "remind"))
    assert (stage.state.remind, stage.state.step) == (True, "2")
    stage.hear(Pressed("consent", "no"))
    assert stage.state.points[0] == 8
    assert "xóa dữ liệu của tôi" in stage.words


@pytest.mark.parametrize(
    ("words", "remind"), [("có", False), ("đồng ý, có nhắc", True), ("dong y khong nhac", False)]
)
def test_consent_in_words_is_reminded_only_when_that_was_said(words: str, remind: bool) -> None:
    stage = Stage(Assessment(book()))
    stage.hear(words)
    assert (stage.state.step, stage.state.remind) == ("group", remind)


def test_asking_to_begin_twice_is_no_consent() -> None:
    stage = Stage(Assessment(book()))
    assert stage.flow.hear(stage.state, said("tự đánh giá", "start_assessment"), stage.context) is None


def test_back_and_the_same_answer_again_change_nothing() -> None:
    stage = assessment("8", "7")
    before = stage.state
    stage.command(Command.BACK)
    assert "đã cho 7 điểm" in stage.words
    stage.hear("7")
    assert stage.state == before
    for keep in ("bỏ qua", "tiếp tục", "giữ nguyên"):
        stage.command(Command.BACK)
        stage.hear(keep)
        assert stage.state == before


def test_back_goes_as_far_as_the_consent_and_stays_there() -> None:
    stage = assessment("8")
    for step in ("1", "group", "consent", "consent"):
        stage.command(Command.BACK)
        assert stage.state.step == step
    assert "bước đầu" in stage.words
    stage.hear("có", "nông dân")
    assert (stage.state.step, stage.state.points[0]) == ("2", 8)


def test_a_correction_from_the_last_step_comes_back_to_it() -> None:
    stage = assessment(*EIGHTS, "bỏ qua")
    assert stage.state.step == "evidence"
    stage.hear("sửa câu 3", "thỉnh thoảng")
    assert (stage.state.step, stage.state.points[2]) == ("evidence", 4)
    stage.hear("câu ngoại ngữ cho 9 điểm")
    assert stage.state.points[5] == 9
    stage.hear("sửa nhóm")
    assert stage.state.step == "group"
    stage.hear("sinh viên")
    assert (stage.state.step, stage.state.group) == ("evidence", "hoc-sinh")


def test_the_command_to_correct_goes_to_the_answer_before_when_it_names_none() -> None:
    stage = assessment("8", "7")
    stage.command(Command.CORRECT, "ấy chết bấm bậy")
    assert (stage.state.step, stage.state.return_to) == ("2", "3")
    stage.command(Command.BACK)
    assert (stage.state.step, stage.state.return_to) == ("3", "")


def test_evidence_has_its_limits_and_stickers_are_none() -> None:
    stage = assessment("8")
    for _ in range(3):
        stage.send()
    assert len(stage.state.evidence) == 3
    stage.send()
    assert len(stage.state.evidence) == 3
    assert "Đủ minh chứng" in stage.words
    stage.send(*[PICTURE] * 5, text="ảnh cho câu 7")
    assert [piece.indicator for piece in stage.state.evidence] == [2, 2, 2, 7, 7, 7]
    stage.hear("minh chứng câu 9: " + "rất dài " * 200)
    assert len(stage.state.evidence[-1].text) <= 500
    sticker = Sent((Attachment("sticker", "https://example.test/s.png"),))
    assert stage.flow.hear(stage.state, sticker, stage.context) is None


def test_evidence_at_the_end_is_what_is_told_and_no_question() -> None:
    stage = assessment(*EIGHTS, "bỏ qua", "Giấy khen của hội nông dân năm ngoái")
    assert stage.state.evidence[-1].text.startswith("Giấy khen")
    assert stage.refuses("minh chứng cần những gì thế nào?")
    stage.press("Xem kết quả")
    assert len(result_of(stage).evidence) == 1


def test_places_of_one_name_are_chosen_between() -> None:
    stage = assessment(*EIGHTS, "Tân Tiến")
    assert stage.state.step == "place"
    label = next(label for label in stage.options if "Lạng Sơn" in label or "Cà Mau" in label)
    stage.press(label)
    assert stage.state.place == label
    assert stage.state.step == "evidence"


def test_what_is_no_place_is_no_place() -> None:
    stage = assessment(*EIGHTS)
    assert stage.refuses("hôm nay trời đẹp quá")
    assert stage.refuses("Quyết định 1373 là gì?")


def test_the_result_is_told_once_with_both_sheets_and_kept() -> None:
    stage = assessment(*EIGHTS, "sửa câu 6 thành 4", "chiềng mai", "xong")
    result = result_of(stage)
    assert result.total == sum(result.points) == 76
    assert not result.passed
    assert result.place == "xã Chiềng Mai, tỉnh Sơn La"
    assert result.code == "KH-ABCD-EFGH"
    assert [part.form for part in stage.step.replies if isinstance(part, Sheet)] == ["card", "paper"]
    assert "còn thiếu 4 điểm" in stage.words
    assert "chỉ số 6" in stage.words
    steps = [effect.step for effect in stage.step.effects if isinstance(effect, AssessmentProgress)]
    assert steps == ["finished"]
    assert kept_results(stage.context.kept) == (result,)


def test_a_result_is_compared_with_the_one_of_last_year() -> None:
    first = assessment(*EIGHTS, "bỏ qua", "xong")
    again = Stage(Assessment(book()), kept=dict(first.context.kept))
    again.later(400)
    again.step = again.flow.begin(again.context)
    again.hear("có", "nông dân", *("9",) * 10, "bỏ qua", "xong")
    assert "So với lần 2/10/2026 (80 điểm): tăng 10 điểm" in again.words
    sheet = next(part for part in again.step.replies if isinstance(part, Sheet))
    assert sheet.compared == result_of(first)
    shown = again.flow.begin(again.context, "result")
    assert shown.state is None
    assert not shown.effects
    assert shown.replies == again.step.replies
    history = again.flow.begin(again.context, "history").replies[0]
    assert isinstance(history, Text)
    assert "80 điểm" in history.text
    assert "90 điểm" in history.text


@pytest.mark.parametrize("kept", [{}, {"results": 7}, {"results": [None, {}, {"points": "x"}]}])
def test_without_a_readable_result_there_is_none(kept: dict[str, Any]) -> None:
    shown = Stage(Assessment(book()), "", kept).flow.begin(
        Stage(Assessment(book()), "", kept).context, "result"
    )
    assert isinstance(shown.replies[0], Text)
    assert "chưa có kết quả" in shown.replies[0].text


def test_a_running_assessment_finishes_on_the_set_it_began_with() -> None:
    old = book()
    stage = assessment("8")
    newer = replace(current(), id="newer", is_current=True)
    published = replace(old, sets=(*(replace(one, is_current=False) for one in old.sets), newer))
    stage.flow = Assessment(published)
    stage.hear(*("8",) * 9, "bỏ qua", "xong")
    assert result_of(stage).criteria == current().id
    assert stage.flow.begin(stage.context).state == begin(newer, stage.context.token)


def test_a_state_of_a_set_that_is_gone_or_of_another_version_is_not_taken_up() -> None:
    state = assessment("8").state
    stored = encode(state)
    assert decode(1, stored, book()) == state
    assert decode(2, stored, book()) is None
    assert decode(1, {**stored, "criteria": "none-such"}, book()) is None
    assert decode(1, {**stored, "points": stored["points"][:9]}, book()) is None
    assert decode(1, {**stored, "step": "evidence"}, book()) is None
    assert decode(1, {**stored, "group": ""}, book()) is None


def test_leaving_tells_the_way_back_and_before_the_group_keeps_nothing() -> None:
    stage = assessment("8", "7", "7", "làm lại từ đầu")
    assert stage.state.step == "restart"
    left = stage.flow.leave(stage.state, stage.context)
    assert left.state is not None
    assert left.state.step == "4"
    (progress,) = [effect for effect in left.effects if isinstance(effect, AssessmentProgress)]
    assert progress.step == "left"
    fresh = Stage(Assessment(book()))
    assert fresh.flow.leave(fresh.state, fresh.context).state is None


def test_every_step_is_told_to_the_funnel_once() -> None:
    stage = Stage(Assessment(book()))
    steps = []
    for words in ("có", "nông dân", "8", "8"):
        steps += [effect.step for effect in stage.step.effects if isinstance(effect, AssessmentProgress)]
        stage.hear(words)
    assert steps == ["consent", "group", "1", "2"]
    stage.hear("còn mấy câu nữa")
    assert not stage.step.effects
    assert progress_of(stage.state).step == "3"


def test_no_message_is_longer_than_a_phone_can_bear_and_no_label_than_a_button() -> None:
    longest = 0
    for group in current().groups:
        stage = Stage(Assessment(book()))
        stage.hear("có", Pressed("group", group.id))
        heard = ["ví dụ", *("2",) * 10, "bỏ qua", "xong"]
        for words in heard:
            stage.hear(words)
            for part in stage.step.replies:
                if isinstance(part, Text):
                    longest = max(longest, len(part.text))
                    assert len(part.options) <= BUTTONS.max_options
                    assert all(len(option.label) <= 20 for option in part.options)
    assert longest <= 600


def test_without_buttons_levels_are_read_once_and_answered_in_words() -> None:
    stage = assessment()
    stage.context = replace(stage.context, capabilities=replace(BUTTONS, max_options=0))
    stage.hear("8")
    assert stage.options == {}
    assert stage.words.count("Khá tốt") == 1
    stage.hear("khá tốt")
    assert stage.state.points[1] == 8


def test_kept_for_and_said_in_the_consent_are_the_same() -> None:
    assert f"{Assessment.kept_for // timedelta(days=1)} ngày" in Stage(Assessment(book())).words
