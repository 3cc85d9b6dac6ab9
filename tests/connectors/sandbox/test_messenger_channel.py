"""The real Messenger channel against the fake Graph: two independent readings of platforms part B."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.channel import Delivery, Outgoing
from connectors.errors import (
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    Unauthorised,
    WindowClosed,
)
from connectors.message import Card, EventKind, File, InboundEvent, Link, Option, Part, PublicReply, Text
from connectors.messenger import (
    MessengerChannel,
    MessengerConfig,
    ProfileTexts,
    comment_user,
    setup_profile,
)
from connectors.sandbox import Fault, GraphSandbox, SandboxClock, Signature
from tests.connectors.sandbox.receiver import Receiver

PSID = "7654321098765432"


@pytest.fixture
def config(graph: GraphSandbox) -> MessengerConfig:
    account = graph.account
    return MessengerConfig(
        page_id=account.page_id,
        app_secret=account.app_secret,
        verify_token=account.verify_token,
        page_access_token=account.page_access_token,
        graph_base=graph.base_url,
        comments_enabled=True,
        human_agent_tag=True,
    )


@pytest.fixture
async def channel(config: MessengerConfig, sandbox_clock: SandboxClock) -> AsyncIterator[MessengerChannel]:
    made = MessengerChannel(config, clock=sandbox_clock)
    yield made
    await made.aclose()


async def send_all(channel: MessengerChannel, part: Part) -> list[str]:
    """Fit and send; the message ids Facebook gave."""
    sent = [await channel.send(Outgoing(PSID, piece, f"s{n}")) for n, piece in enumerate(channel.fit(part))]
    return [receipt.message_id for receipt in sent]


def heard(channel: MessengerChannel, receiver: Receiver) -> list[InboundEvent]:
    """What the channel makes of everything that was posted."""
    return [event for got in receiver.got for event in channel.receive(Delivery(got.body, got.headers))]


async def test_every_kind_of_reply_is_accepted(
    graph: GraphSandbox, channel: MessengerChannel, tmp_path: Path
) -> None:
    graph.rules.requires_proof = True
    await graph.person(PSID).says("Xin chào")
    few = tuple(Option(f"Mục {n}", f"muc:{n}") for n in range(3))
    many = tuple(Option(f"Một lựa chọn có nhãn rất dài số {n}", f"muc:{n}") for n in range(20))
    pdf = tmp_path / "mau.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    parts: list[Part] = [
        Text("Chào bạn"),
        Text("Bạn chọn nhé", options=few),
        Text("Bạn chọn nhé", options=many),
        Text("Xem thêm", links=(Link("Trang của Hội", "https://a.example"),)),
        Text("Câu trả lời rất dài. " * 300, options=few),
        Text("😀" * 1500),
        Card("Tiêu chí 1", "Tự học", "https://a.example/a.jpg", options=few),
        Card("Tiêu đề " * 30, "Một dòng rất dài " * 30),
        File(str(pdf), "Mẫu đăng ký.pdf", "application/pdf", "Mẫu đây bạn nhé"),
    ]
    graph.rules.counts_utf16 = True
    ids = [sent for part in parts for sent in await send_all(channel, part)]
    assert ids == [message.message_id for message in graph.sent]
    words = "\n".join(message.text for message in graph.sent)
    pressed = {payload for message in graph.sent for _, payload in message.options}
    assert all(option.label in words or option.payload in pressed for option in many)
    assert "Mẫu đây bạn nhé" in words


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.error(2), RetryLater),
        (Fault.error(4), RetryLater),
        (Fault.error(613), RetryLater),
        (Fault.error(10, 2018278), WindowClosed),
        (Fault.error(551, 1545041), Refused),
        (Fault.error(100, 2018001), Refused),
        (Fault.error(2018300), HandledElsewhere),
        (Fault.error(100, 2534037), HandledElsewhere),
        (Fault.error(10, 1893063), Misconfigured),
        (Fault.error(190, 460), Misconfigured),
        (Fault.http(503), SendError),
        (Fault.truncated(), OutcomeUnknown),
        (Fault.html(200), OutcomeUnknown),
        (Fault.reset(accepted=True), OutcomeUnknown),
    ],
)
async def test_errors_are_told_apart(
    graph: GraphSandbox, channel: MessengerChannel, fault: Fault, expected: type[SendError]
) -> None:
    await graph.person(PSID).says("a")
    graph.faults.next(fault)
    with pytest.raises(expected):
        await channel.send(Outgoing(PSID, Text("a"), "1"))
    assert len(graph.sent) == fault.accepted, "the channel never repeats a send by itself"


async def test_only_an_officer_may_answer_after_a_day(
    graph: GraphSandbox, channel: MessengerChannel, sandbox_clock: SandboxClock
) -> None:
    await graph.person(PSID).says("a")
    heard_at = sandbox_clock()
    sandbox_clock.advance(timedelta(hours=25))
    message = Outgoing(PSID, Text("a"), "1", last_heard_at=heard_at)
    with pytest.raises(WindowClosed):
        await channel.send(message)
    with pytest.raises(WindowClosed):
        await channel.send(replace(message, last_heard_at=None))
    await channel.send(replace(message, by_person=True))
    assert graph.sent[0].extra["tag"] == "HUMAN_AGENT"
    graph.rules.human_agent_permitted = False
    with pytest.raises(WindowClosed):
        await channel.send(replace(message, by_person=True))


async def test_files_are_uploaded_once(
    graph: GraphSandbox, channel: MessengerChannel, tmp_path: Path
) -> None:
    png = tmp_path / "anh.png"
    png.write_bytes(b"\x89PNG")
    await graph.person(PSID).says("a")
    for _ in range(2):
        await send_all(channel, File(str(png), "ảnh.png", "image/png"))
    uploads = [call for call in graph.requests if call.name == "upload"]
    assert len(uploads) == 1
    assert uploads[0].file is not None
    assert uploads[0].file.name == "ảnh.png"


async def test_typing_is_shown(graph: GraphSandbox, channel: MessengerChannel) -> None:
    await graph.person(PSID).says("a")
    await channel.show_typing(PSID)
    await graph.wait_for(lambda s: s.actions == [(PSID, "typing_on")])
    await asyncio.sleep(0)


async def test_the_page_is_set_up_and_checked(graph: GraphSandbox, channel: MessengerChannel) -> None:
    graph.subscribed_fields = {"messages"}
    assert not (await channel.check()).ok
    texts = ProfileTexts(
        greeting="Chào bạn, mình là trợ lý của Hội Khuyến học.",
        menu=(Option("Tự đánh giá", "tu_danh_gia"), Link("Trang của Hội", "https://a.example")),
        ice_breakers=(Option("Công dân học tập là gì?", "hoi:1"),),
    )
    await setup_profile(channel.api, texts, comments_enabled=True)
    assert {"get_started", "greeting", "persistent_menu", "ice_breakers"} <= set(graph.profile)
    assert "feed" in graph.subscribed_fields
    assert (await channel.check()).ok
    graph.token_subcode = 460
    assert not (await channel.check()).ok


async def test_what_people_do_is_understood(
    graph: GraphSandbox, channel: MessengerChannel, receiver: Receiver
) -> None:
    person = graph.person(PSID)
    await person.starts()
    await person.says("Công dân học tập là gì?")
    await person.taps("muc:1", "Mục 1")
    await person.presses("muc:2", "Mục 2")
    await person.sends_image()
    await person.sends_sticker()
    await person.sends_location()
    await person.sends("fallback")
    await person.starts(ref="qr1")
    await person.follows_link("ref1")
    await person.reacts("m_1")
    await person.edits("m_1", "sửa")
    await graph.say_from_inbox(PSID, "Dạ em nghe")
    await person.officer_takes_thread()
    await person.officer_returns_thread()
    comment, _ = await person.comments("Đăng ký thế nào?")
    events = heard(channel, receiver)
    assert [event.kind for event in events] == [
        EventKind.FOLLOW,
        EventKind.TEXT,
        EventKind.CHOICE,
        EventKind.CHOICE,
        *[EventKind.ATTACHMENT] * 4,
        EventKind.REFERRAL,
        EventKind.REFERRAL,
        EventKind.REACTION,
        EventKind.EDITED,
        EventKind.HUMAN_ECHO,
        EventKind.CONTROL,
        EventKind.CONTROL,
        EventKind.COMMENT,
    ]
    assert [events[2].payload, events[3].payload] == ["muc:1", "muc:2"]
    assert [events[13].payload, events[14].payload] == ["taken", "returned"]
    assert {event.user for event in events[:15]} == {PSID}
    assert (events[15].user, events[15].text) == (comment_user(comment.id), "Đăng ký thế nào?")
    assert len({event.key for event in events}) == len(events)


@pytest.mark.parametrize("echo_first", [True, False])
async def test_echoes_carry_our_stamp_and_receipts_a_time(
    graph: GraphSandbox, channel: MessengerChannel, receiver: Receiver, echo_first: bool
) -> None:
    graph.rules.echo_first = echo_first
    await graph.person(PSID).says("a")
    receipt = await channel.send(Outgoing(PSID, Text("Chào bạn"), "stamp-1"))
    await graph.settled()
    echo, delivered, seen = heard(channel, receiver)[1:]
    assert (echo.kind, echo.stamp, echo.message_id) == (EventKind.OWN_ECHO, "stamp-1", receipt.message_id)
    assert (delivered.kind, seen.kind) == (EventKind.DELIVERED, EventKind.SEEN)


async def test_a_comment_is_answered_once_in_private_and_in_public(
    graph: GraphSandbox, channel: MessengerChannel, receiver: Receiver
) -> None:
    comment, _ = await graph.person(PSID).comments("Đăng ký thế nào?")
    user = comment_user(comment.id)
    await channel.send(Outgoing(user, Text("Chào bạn", options=(Option("Có", "co"),)), "1"))
    await channel.send(Outgoing(user, PublicReply("Mình đã nhắn riêng cho bạn."), "2"))
    with pytest.raises(Refused):
        await channel.send(Outgoing(user, Text("thêm"), "3"))
    await graph.settled()
    assert [(m.user, m.kind, m.text) for m in graph.sent] == [(PSID, "private_reply", "Chào bạn")]
    assert [reply.text for reply in graph.public_replies] == ["Mình đã nhắn riêng cho bạn."]
    answerable = [e for e in heard(channel, receiver) if e.kind is EventKind.COMMENT]
    assert len(answerable) == 1, "the page's own reply is no comment to answer"


async def test_a_redelivery_has_the_same_key_and_bad_signatures_are_refused(
    graph: GraphSandbox, channel: MessengerChannel, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    delivery = await graph.person(PSID).says("Xin chào")
    await graph.wait_for(lambda _: delivery.accepted)
    first, again = heard(channel, receiver)
    assert first.key == again.key
    for signature in (Signature.BAD, Signature.MISSING):
        receiver.got.clear()
        await graph.person(PSID).says("Xin chào", signature=signature)
        with pytest.raises(Unauthorised):
            heard(channel, receiver)


async def test_somebody_elses_thread_is_left_alone(
    graph: GraphSandbox, channel: MessengerChannel, receiver: Receiver
) -> None:
    person = graph.person(PSID)
    await person.says("a")
    await person.officer_takes_thread()
    receiver.got.clear()
    await person.says("có ai không")
    assert all(event.kind is not EventKind.TEXT for event in heard(channel, receiver))
    with pytest.raises(HandledElsewhere):
        await channel.send(Outgoing(PSID, Text("a"), "1"))
