"""Consent is read from what people say, and leaving from as little as they may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from bot.dialogue.leaving import ends_news
from bot.dialogue.turn import Mode, Outcome, Subscribed, ToldAboutThemselves, Turn, Unsubscribed
from bot.flows.subscription import Subscription, SubscriptionState, read_topics, wording_of
from bot.outreach.topics import OFFERS, Topic
from bot.store import schema, subscriptions
from bot.store.database import Database
from connectors.message import EventKind, InboundEvent
from knowledge.criteria_files import load_criteria
from tests.bot.fakes import START
from tests.bot.fakes import said as words
from tests.bot.talk import Talk


@pytest.mark.parametrize(
    ("said", "topics"),
    [
        ("4", {Topic.SCHOLARSHIP}),
        ("1,3", {Topic.MONTH, Topic.TRAINING}),
        ("1 va 5", {Topic.MONTH, Topic.LOCAL}),
        ("6", set(Topic)),
        ("nhận hết", set(Topic)),
        ("tat ca", set(Topic)),
        ("hoc bong voi tap huan", {Topic.SCHOLARSHIP, Topic.TRAINING}),
        ("tin ở xã tôi", {Topic.LOCAL}),
        ("không", set()),
        ("7", set()),
        ("học phí bao nhiêu", set()),
    ],
)
def test_topics_are_named_or_counted_out(said: str, topics: set[Topic]) -> None:
    assert set(read_topics(said)) == topics


@pytest.mark.parametrize(
    "said",
    ["dừng nhận tin", "DUNG NHAN TIN", "hủy nhận tin", "huỷ đăng ký", "ngừng nhận thông báo", "bỏ theo dõi",
     "tôi muốn dừng nhận tin nhắn", "không nhận tin nữa", "stop", "thôi gửi đi."],
)  # fmt: skip
def test_these_words_end_everything(said: str) -> None:
    assert ends_news(said)


@pytest.mark.parametrize(
    "said",
    [
        "dừng",
        "tôi không nhận được tin",
        "khi nào ngừng nhận hồ sơ học bổng?",
        "nhận tin",
        "đừng dừng nhận tin nhé",
    ],
)
def test_these_do_not(said: str) -> None:
    assert not ends_news(said)


def test_labels_fit_on_every_button() -> None:
    assert all(len(one.label) <= 20 for one in OFFERS)


async def test_the_wording_agreed_to_is_kept_with_the_yes() -> None:
    talk = Talk()
    await talk.say("đăng ký nhận tin")
    await talk.say("4")
    turn = await talk.say("đồng ý")
    assert turn.effects == (Subscribed((Topic.SCHOLARSHIP,), wording_of((Topic.SCHOLARSHIP,))),)


RESULT: dict[str, Any] = {
    "code": "KH-AAAA-BBBB", "criteria": "324-2023", "group": "can-bo", "points": [7] * 10, "passed": False,
    "finished_at": START.isoformat(), "place": "phường Tô Hiệu, tỉnh Sơn La", "evidence": [],
}  # fmt: skip


def _after_an_assessment(**otherwise: Any) -> Talk:
    talk = Talk()
    kept = {"assessment": {"results": [{**RESULT, **otherwise}]}}
    talk.view = replace(talk.view, state=replace(talk.view.state, kept=kept))
    return talk


async def _agreed(talk: Talk) -> Turn:
    await talk.say("đăng ký nhận tin")
    await talk.say("4")
    return await talk.say("đồng ý")


def choice(payload: str) -> InboundEvent:
    return replace(words(""), kind=EventKind.CHOICE, payload=payload)


async def test_what_a_finished_assessment_holds_is_used_after_a_yes_and_never_before() -> None:
    talk = _after_an_assessment()
    turn = await _agreed(talk)
    assert [type(effect) for effect in turn.effects] == [Subscribed]
    assert talk.view.state.kept["subscription"] == {"topics": ["scholarship"]}
    turn = await talk.say("1")  # the first of the two buttons, where a channel has none
    assert turn.effects == (ToldAboutThemselves("phường Tô Hiệu, tỉnh Sơn La", "can-bo"),)
    kept = talk.view.state.kept["subscription"]
    assert (kept["commune"], kept["group"]) == ("phường Tô Hiệu, tỉnh Sơn La", "can-bo")
    assert talk.view.state.underway is None, "two things known: nothing is left to ask"


@pytest.mark.parametrize("said", ["không", "khong dung", "bỏ qua", "2", "không, đừng dùng phường Tô Hiệu"])
async def test_what_an_assessment_holds_is_not_used_after_a_no(said: str) -> None:
    talk = _after_an_assessment()
    await _agreed(talk)
    turn = await talk.say(said)
    assert (turn.effects, talk.view.state.underway) == ((), None)
    assert set(talk.view.state.kept["subscription"]) == {"topics"}


async def test_dung_without_marks_is_no_clear_yes() -> None:
    talk = _after_an_assessment()
    await _agreed(talk)
    turn = await talk.say("dung")
    assert (turn.outcome, turn.effects) == (Outcome.FLOW, ())
    assert (await talk.say("đúng")).effects


async def test_who_moved_says_so_and_only_that_is_taken() -> None:
    talk = _after_an_assessment()
    await _agreed(talk)
    turn = await talk.say("không, giờ tôi ở phường Chiềng Cơi")
    assert turn.effects == (ToldAboutThemselves("phường Chiềng Cơi, tỉnh Sơn La"),)
    turn = await talk.say("bỏ qua")  # the group, the second and last question
    assert (turn.effects, talk.view.state.underway) == ((), None)


async def test_a_group_no_set_has_any_more_is_not_offered() -> None:
    talk = _after_an_assessment(group="nhom-cu", place="")
    turn = await _agreed(talk)
    assert "xã, phường nào" in str(turn.replies[-1])


async def test_other_things_end_the_asking_and_the_consent_stands() -> None:
    for event in (choice("do:human_request"), replace(words(""), kind=EventKind.CONTACT)):
        talk = Talk()
        await _agreed(talk)
        turn = await talk.hear(event)
        assert not any(isinstance(effect, Unsubscribed) for effect in turn.effects)
        assert talk.view.state.underway is None
        assert not talk.view.state.set_aside
        assert talk.view.state.kept["subscription"]["topics"] == ["scholarship"]


async def test_a_second_tap_shows_what_is_agreed_to_instead_of_beginning_anew() -> None:
    talk = Talk()
    await _agreed(talk)
    await talk.say("bỏ qua")
    await talk.hear(choice("f:subscription:group:skip"))
    turn = await talk.hear(choice("f:subscription:group:skip"))
    assert "Bạn sẽ nhận: Học bổng" in str(turn.replies[-1])
    assert talk.view.state.underway is None


def test_states_of_the_version_before_still_load() -> None:
    flow = Subscription(load_criteria())
    for step in ("topics", "agree", "place"):
        held = flow.decode(1, {"step": step, "topics": ["scholarship"]})
        assert held == SubscriptionState(step, (Topic.SCHOLARSHIP,))
    assert flow.decode(1, {"step": "told", "topics": ["scholarship"]}) is None, "nothing was offered"
    assert flow.decode(1, {"step": "group", "topics": ["scholarship"], "group": 3}) is None


async def test_consent_can_be_taken_back_while_an_officer_is_writing() -> None:
    talk = Talk()
    talk.view = replace(talk.view, mode=Mode.PERSON, person_last_at=START)
    assert (await talk.say("thế ạ")).outcome is Outcome.SILENT
    turn = await talk.say("dung nhan tin")
    assert [type(effect) for effect in turn.effects] == [Unsubscribed]
    assert turn.replies


async def test_the_log_keeps_every_yes_and_no(database: Database) -> None:
    async def agree(*topics: Topic) -> None:
        await database.write(
            lambda c: subscriptions.agree(c, "k", topics, wording="lời", event_id=1, at=START)
        )

    await agree(Topic.MONTH, Topic.LOCAL)
    await agree(Topic.MONTH)
    left = await database.write(
        lambda c: subscriptions.withdraw(c, "k", wording="dừng", event_id=2, at=START)
    )
    async with database.read() as connection:
        lines = await subscriptions.history(connection, "k")
        now = await subscriptions.of(connection, "k")
    assert [(line.topic, line.action) for line in lines] == [
        (Topic.MONTH, "in"),
        (Topic.LOCAL, "in"),
        (Topic.MONTH, "in"),
        (Topic.MONTH, "out"),
        (Topic.LOCAL, "out"),
    ]
    assert (left, now) == ([Topic.MONTH, Topic.LOCAL], [])
    await database.write(lambda c: subscriptions.forget(c, "k"))
    async with database.read() as connection:
        assert (await connection.execute(select(schema.consents.c.id))).first() is None
