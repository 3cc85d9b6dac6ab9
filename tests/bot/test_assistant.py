"""The assistant on the real content: golden turns, in the forms people really type."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dialogue.assistant import Policy
from bot.dialogue.comments import is_question
from bot.dialogue.state import decode_state
from bot.dialogue.turn import Missed, Mode, Outcome, SetMode, Turn
from connectors.message import EventKind, InboundEvent, PublicReply, Text
from tests.bot.fakes import START
from tests.bot.talk import Talk


def words(turn: Turn) -> str:
    return "\n".join(part.text for part in turn.replies if isinstance(part, Text))


@pytest.mark.parametrize(
    ("typed", "outcome", "contains"),
    [
        ("Quyết định 1373 là gì?", Outcome.ANSWERED, "1373/QĐ-TTg"),
        ("quyet dinh 1373 la gi", Outcome.ANSWERED, "1373/QĐ-TTg"),
        ("qd 1373 noi j z", Outcome.ANSWERED, "1373/QĐ-TTg"),
        ("cdht can bn diem", Outcome.ANSWERED, "80 điểm"),
        ("chào bạn cho hỏi ngày khuyến học là ngày nào", Outcome.ANSWERED, "2/10"),
        ("xin chào", Outcome.SMALLTALK, "Chào bạn"),
        ("cam on nhe", Outcome.SMALLTALK, "Không có gì"),
        ("ban la nguoi hay may", Outcome.SMALLTALK, "không phải người thật"),
        ("GẶP NGƯỜI THẬT", Outcome.HANDOFF, "cán bộ"),
        ("cho toi noi chuyen voi can bo", Outcome.HANDOFF, "cán bộ"),
        ("thời tiết Sơn La hôm nay", Outcome.ABSTAINED, "khuyến học"),
        ("thu tuc lam ho chieu", Outcome.ABSTAINED, "công an"),
        ("🙂🙂🙂", Outcome.SMALLTALK, "vui"),
        ("…", Outcome.ABSTAINED, "?"),
    ],
)
async def test_what_people_type_gets_what_they_mean(typed: str, outcome: Outcome, contains: str) -> None:
    turn = await Talk().say(typed)
    assert turn.outcome is outcome
    assert contains in words(turn)


async def test_nobody_is_asked_to_slow_down_while_an_officer_is_writing() -> None:
    talk = Talk(Policy(messages_per_minute=2))
    talk.view = replace(talk.view, mode=Mode.PERSON, person_last_at=START)
    turns = [await talk.say(f"gửi cán bộ {number}") for number in range(4)]
    assert [turn.outcome for turn in turns] == [Outcome.SILENT] * 4
    assert not any(turn.replies for turn in turns)


async def test_the_same_question_in_the_same_state_gets_the_same_answer() -> None:
    first, second = await Talk().say("cdht la gi"), await Talk().say("cdht la gi")
    assert first == second


async def test_an_answer_names_each_source_once() -> None:
    reply = (await Talk().say("quyet dinh 1373 la gi")).replies[0]
    assert isinstance(reply, Text)
    titles = [source.title for source in reply.sources]
    assert len(titles) == len(set(titles)) > 0


async def test_a_second_miss_puts_a_person_first() -> None:
    talk = Talk()
    await talk.say("gia vang hom nay")
    reply = (await talk.say("gia xang hom nay")).replies[0]
    assert isinstance(reply, Text)
    assert reply.options[0].payload == "cmd:person"


async def test_numbers_and_labels_choose_what_was_offered() -> None:
    talk = Talk()
    menu = (await talk.say("xin chào")).replies[0]
    assert isinstance(menu, Text)
    by_number = await talk.say("2")
    talk = Talk()
    await talk.say("xin chào")
    by_label = await talk.say(menu.options[1].label.upper())
    assert by_number.replies == by_label.replies
    assert by_number.outcome is Outcome.ANSWERED


async def test_a_number_nobody_offered_is_an_ordinary_message() -> None:
    assert (await Talk().say("1373")).outcome is Outcome.ANSWERED


async def test_while_an_officer_writes_the_bot_is_silent_and_speaks_again_after_the_set_time() -> None:
    talk = Talk(Policy(handoff_return=timedelta(hours=12)))
    talk.view = replace(talk.view, mode=Mode.PERSON, person_last_at=START)
    assert (await talk.say("quyet dinh 1373 la gi")).replies == ()
    talk.view = replace(talk.view, received_at=START + timedelta(hours=13))
    turn = await talk.say("quyet dinh 1373 la gi")
    assert turn.outcome is Outcome.ANSWERED
    assert SetMode(Mode.BOT) in turn.effects


async def test_a_citizen_can_send_sixty_a_minute_and_is_then_asked_once_to_slow_down() -> None:
    talk = Talk()
    outcomes = [(await talk.say("xin chào")).outcome for _ in range(63)]
    assert outcomes[:60] == [Outcome.SMALLTALK] * 60
    assert outcomes[60:] == [Outcome.SLOWED, Outcome.SILENT, Outcome.SILENT]
    talk.view = replace(talk.view, received_at=START + timedelta(seconds=61))
    assert (await talk.say("xin chào")).outcome is Outcome.SMALLTALK


async def test_a_state_from_a_broken_or_future_program_does_not_stop_the_talk() -> None:
    for stored in ("", "not json", '{"version": 9, "unheard": 1}', '{"misses": "many"}'):
        talk = Talk()
        talk.view = replace(talk.view, state=decode_state(stored))
        assert (await talk.say("xin chào")).outcome is Outcome.SMALLTALK


def comment(text: str, key: str = "c1") -> InboundEvent:
    return InboundEvent("messenger", "page", f"comment:{key}", key, EventKind.COMMENT, START, text=text)


async def test_a_question_in_a_comment_gets_one_private_and_one_public_line() -> None:
    turn = await Talk().hear(comment("Ngày khuyến học là ngày nào ạ"))
    private, public = turn.replies
    assert isinstance(private, Text)
    assert "2/10" in private.text
    assert isinstance(public, PublicReply)


async def test_public_lines_differ_from_comment_to_comment() -> None:
    lines = {(await Talk().hear(comment("cdht là gì?", f"c{n}"))).replies[1] for n in range(12)}
    assert len(lines) > 2


@pytest.mark.parametrize(
    "text", ["Bài viết hay quá!", "Lan ơi vào xem nè", "👍👍", "Quá tốt, cảm ơn Hội", "Sai rồi nhé"]
)
async def test_praise_tags_and_quarrels_are_left_alone(text: str) -> None:
    assert not is_question(text)
    assert (await Talk().hear(comment(text))).replies == ()


# --- going on, and saying it was wrong ---------------------------------------------------------------


async def test_a_follow_up_is_understood_from_the_answer_before_it() -> None:
    talk = Talk()
    await talk.say("theo 677 den 2025 bao nhieu phan tram nguoi lon la cong dan hoc tap")
    assert "60%" in words(await talk.say("the con nam 2030?"))
    assert "Vũ Đức Đam" in words(await talk.say("ai ky"))


async def test_saying_that_an_answer_was_wrong_is_counted_once_and_offers_what_came_next_best() -> None:
    talk = Talk()
    answer = (await talk.say("cdht can bn diem")).replies[0]
    assert isinstance(answer, Text)
    wrong = next(option for option in answer.options if option.payload == "cmd:wrong")
    turn = await talk.say(wrong.label)
    (missed,) = [effect for effect in turn.effects if isinstance(effect, Missed)]
    assert (missed.reason, missed.sample) == ("wrong", "cdht can bn diem")
    assert missed.nearest
    reply = turn.replies[0]
    assert isinstance(reply, Text)
    assert reply.options[-1].payload == "cmd:person"
    again = await talk.say("cmd:wrong")
    assert not [effect for effect in again.effects if isinstance(effect, Missed)]


async def test_what_was_chosen_from_a_list_is_not_asked_about() -> None:
    talk = Talk()
    await talk.say("xin chào")
    reply = (await talk.say("1")).replies[0]
    assert isinstance(reply, Text)
    assert "cmd:wrong" not in [option.payload for option in reply.options]


async def test_a_miss_is_recorded_without_what_could_tell_who_asked() -> None:
    turn = await Talk().say("Tên tôi là Lò Văn Thắng, số 0912 345 678, a@b.vn, hỏi lịch tàu đi Vinh ạ?")
    (missed,) = [effect for effect in turn.effects if isinstance(effect, Missed)]
    for private in ("Thắng", "0912", "345", "a@b.vn"):
        assert private not in missed.sample
    assert "lich tau di vinh" in missed.key


async def test_questions_that_are_not_ours_are_told_whose_they_are_and_the_second_time_offered_a_person() -> (
    None
):
    talk = Talk()
    first = words(await talk.say("lam ho chieu can gi"))
    second = (await talk.say("lam so do o dau")).replies[0]
    assert isinstance(second, Text)
    assert first != second.text
    assert second.options[0].payload == "cmd:person"
