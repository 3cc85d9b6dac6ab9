"""Consent is read from what people say, and leaving from as little as they may say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.dialogue.leaving import ends_news
from bot.dialogue.turn import Mode, Outcome, Subscribed, Unsubscribed
from bot.flows.subscription import read_topics, wording_of
from bot.outreach.topics import OFFERS, Topic
from bot.store import schema, subscriptions
from bot.store.database import Database
from tests.bot.fakes import START
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
