"""Dead letters: seen, understood, sent again or let go."""

from __future__ import annotations

import pytest

from bot.dialogue.turn import Outcome
from bot.staff import reasons
from bot.store import schema
from bot.store.outbox import REST_DROPPED, State
from bot.store.staff import Role
from connectors.errors import (
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from tests.bot.staff.conftest import Console


@pytest.fixture
async def agent(console: Console) -> Console:
    await console.become(Role.AGENT)
    return console


async def states(console: Console) -> list[object]:
    return [row["state"] for row in await console.rows(schema.outbox)]


async def test_a_dead_letter_is_sent_again_with_the_rest_of_its_reply(agent: Console) -> None:
    await agent.hear("Xin chào")
    await agent.tell("đã tới", event_id=1)
    dead = await agent.tell("phần một", State.FAILED, "the platform said no [-201]", event_id=1)
    await agent.tell("phần hai", State.FAILED, REST_DROPPED, event_id=1)
    page = await agent.page("/staff/tin-loi")
    assert "phần một" in page
    assert "phần hai" not in page
    assert "Và 1 phần tiếp theo" in page
    answer = await agent.post(f"/staff/tin-loi/gui-di/{dead}/gui-lai")
    assert answer.headers["Location"].endswith("gui-lai")
    assert await states(agent) == [State.SENT, State.WAITING, State.WAITING]
    assert agent.nudge.hints == 1
    revived = (await agent.rows(schema.outbox))[1]
    assert (revived["error"], revived["attempts"]) == (None, 0)
    again = await agent.post(f"/staff/tin-loi/gui-di/{dead}/gui-lai")
    assert again.headers["Location"].endswith("da-xong")


async def test_a_dead_letter_set_aside_leaves_the_counts_and_keeps_its_reason(agent: Console) -> None:
    await agent.hear("Xin chào")
    dead = await agent.tell("không tới", State.UNKNOWN, "the connection was lost")
    assert "có thể nhận hai tin" in await agent.page("/staff/tin-loi")
    await agent.post(f"/staff/tin-loi/gui-di/{dead}/bo-qua")
    row = (await agent.rows(schema.outbox))[0]
    assert (row["state"], row["error"]) == (State.SET_ASIDE, "the connection was lost")
    assert "Mọi tin đều đã gửi." in await agent.page("/staff/tin-loi")
    assert "chưa có gì cần bạn" in await agent.page("/staff/")


async def test_what_could_not_arrive_is_not_sent_again(agent: Console) -> None:
    await agent.hear("Xin chào")
    dead = await agent.tell("muộn", State.FAILED, "no interaction in 7 days [-230]")
    agent.clock.pass_(days=8)
    await agent.become(Role.AGENT)
    assert "Chưa gửi lại được" in await agent.page("/staff/tin-loi")
    answer = await agent.post(f"/staff/tin-loi/gui-di/{dead}/gui-lai")
    assert answer.headers["Location"].endswith("chua-gui-lai")
    assert await states(agent) == [State.FAILED]


async def test_a_sent_message_cannot_be_sent_again_or_set_aside(agent: Console) -> None:
    await agent.hear("Xin chào")
    sent = await agent.tell("đã tới")
    for action in ("gui-lai", "bo-qua"):
        await agent.post(f"/staff/tin-loi/gui-di/{sent}/{action}")
    assert await states(agent) == [State.SENT]
    assert (await agent.post("/staff/tin-loi/gui-di/khong/bo-qua")).status == 404


async def test_a_parked_question_can_be_let_go(agent: Console) -> None:
    await agent.hear("câu làm hỏng", outcome=Outcome.PARKED)
    assert "câu làm hỏng" in await agent.page("/staff/tin-loi")
    event = (await agent.rows(schema.inbound_events))[0]
    await agent.post(f"/staff/tin-loi/den/{event['id']}/bo-qua")
    assert "câu làm hỏng" not in await agent.page("/staff/tin-loi")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (WindowClosed("the person has not written for too long", code="10"), reasons.WINDOW),
        (WindowClosed("no interaction in 7 days", code="-230"), reasons.WINDOW),
        (Refused("the person blocked invitations", code="-217"), reasons.GONE),
        (Refused("the person does not follow the OA", code="-213"), reasons.GONE),
        (Refused("Facebook will not deliver this", code="551"), reasons.GONE),
        (Misconfigured("OA needs a higher package", code="-224"), reasons.ACCOUNT),
        (Misconfigured("the page token is no longer valid", code="190"), reasons.ACCOUNT),
        (RetryLater("cannot connect to Zalo", code="TimeoutError"), reasons.BUSY),
        (RetryLater("rate limit", code="-32"), reasons.QUOTA),
        (OutcomeUnknown("the call took too long"), reasons.UNSURE),
        (HandledElsewhere("somebody else owns the thread"), reasons.ELSEWHERE),
        (Refused("the file is too big for Zalo", code="file_size"), reasons.FILE),
        (SendError("KeyError while sending"), reasons.OURS),
        (Refused("unknown error", code="-999"), reasons.OTHER),
    ],
)
def test_reasons_are_told_in_plain_words(error: SendError, sentence: str) -> None:
    assert reasons.in_plain_words(str(error)) == sentence


async def test_who_looked_and_who_decided_is_written_down_once(agent: Console) -> None:
    assert await agent.page("/staff/tin-loi")  # nothing of anybody to see
    await agent.hear("Xin chào")
    dead = await agent.tell("không tới", State.FAILED, "the platform said no [-201]")
    again = await agent.tell("không tới nữa", State.FAILED, "the platform said no [-201]")
    for _ in range(2):
        await agent.page("/staff/tin-loi")
        await agent.post(f"/staff/tin-loi/gui-di/{dead}/bo-qua")
        await agent.post(f"/staff/tin-loi/gui-di/{again}/gui-lai")
    lines = [(row["action"], row["subject"], row["who"]) for row in await agent.rows(schema.audit_log)]
    assert lines == [
        ("trouble_viewed", "trouble", "can-bo-agent"),
        ("unsent_set_aside", f"outbox:{dead}", "can-bo-agent"),
        ("unsent_retried", f"outbox:{again}", "can-bo-agent"),
    ]
