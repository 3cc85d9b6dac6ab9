"""The real Zalo channel against the fake Zalo: two independent readings of platforms part A must agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.channel import Delivery, Outgoing
from connectors.errors import (
    Deferred,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    Unauthorised,
    WindowClosed,
)
from connectors.message import Card, EventKind, File, InboundEvent, Option, Part, Text
from connectors.sandbox import Fault, SandboxClock, Signature, ZaloSandbox
from connectors.zalo import BroadcastTarget, ZaloChannel, ZaloConfig
from tests.connectors.sandbox.receiver import Receiver
from tests.connectors.zalo.fakes import MemoryTokenStore

USER = "2512523625412515"


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
async def channel(
    zalo: ZaloSandbox, sandbox_clock: SandboxClock, store: MemoryTokenStore
) -> AsyncIterator[ZaloChannel]:
    account = zalo.account
    config = ZaloConfig(
        app_id=account.app_id,
        app_secret=account.app_secret,
        oa_id=account.oa_id,
        oa_secret_key=account.oa_secret_key,
        api_base=zalo.base_url,
        oauth_base=zalo.base_url,
    )
    tokens = (account.access_token, account.refresh_token)
    made = ZaloChannel(config, store, environment_tokens=tokens, clock=sandbox_clock)
    zalo.rules.requires_proof = True
    yield made
    await made.aclose()


async def send_all(channel: ZaloChannel, part: Part) -> list[str]:
    """Fit and send; the message ids Zalo gave."""
    sent = [await channel.send(Outgoing(USER, piece, f"s{n}")) for n, piece in enumerate(channel.fit(part))]
    return [receipt.message_id for receipt in sent]


def heard(channel: ZaloChannel, receiver: Receiver) -> list[InboundEvent]:
    """What the channel makes of everything that was posted."""
    return [event for got in receiver.got for event in channel.receive(Delivery(got.body, got.headers))]


async def test_every_kind_of_reply_is_accepted(
    zalo: ZaloSandbox, channel: ZaloChannel, tmp_path: Path
) -> None:
    await zalo.person(USER).follows()
    options = tuple(Option(f"Mục {n}", f"muc:{n}") for n in range(5))
    many = tuple(Option(f"Mục {n}", f"muc:{n}") for n in range(12))
    pdf, png = tmp_path / "mau.pdf", tmp_path / "anh.png"
    pdf.write_bytes(b"%PDF-1.7")
    png.write_bytes(b"\x89PNG" + b"0" * 50)
    parts: list[Part] = [
        Text("Chào bạn"),
        Text("Bạn chọn nhé", options=options),
        Text("Bạn chọn nhé", options=many),
        Text("Câu trả lời rất dài. " * 300, options=options),
        Card("Tiêu chí 1", "Tự học", "https://a.example/a.jpg", options=options),
        Card("Không có ảnh"),
        File(str(pdf), "Mẫu đăng ký.pdf", "application/pdf", "Mẫu đây bạn nhé"),
        File(str(png), "anh.png", "image/png", "Ảnh đây"),
    ]
    ids = [sent for part in parts for sent in await send_all(channel, part)]
    assert ids == [message.message_id for message in zalo.sent]
    words = "\n".join(message.text for message in zalo.sent)
    assert all(option.label in words for option in many)
    assert zalo.sent[1].options == tuple((option.label, option.payload) for option in options)
    assert "Mẫu đây bạn nhé" in words


async def test_refused_buttons_become_words(zalo: ZaloSandbox, channel: ZaloChannel) -> None:
    await zalo.person(USER).follows()
    zalo.rules.accepts_buttons = False
    await send_all(channel, Text("Bạn chọn nhé", options=(Option("Bắt đầu", "bat_dau"),)))
    assert len(zalo.sent) == 1
    assert "Bắt đầu" in zalo.sent[0].text


async def test_a_rejected_token_is_refreshed_once_for_all_and_stored(
    zalo: ZaloSandbox, channel: ZaloChannel, store: MemoryTokenStore
) -> None:
    await zalo.person(USER).follows()
    await channel.send(Outgoing(USER, Text("một"), "1"))
    zalo.tokens.expire()
    await asyncio.gather(*(channel.send(Outgoing(USER, Text(f"tin {n}"), str(n))) for n in range(5)))
    assert zalo.tokens.refreshes == 1
    assert len(zalo.sent) == 6
    assert store.stored is not None
    assert store.stored.access_token == zalo.tokens.pair.access_token


async def test_an_article_goes_to_a_coarse_group_and_says_why_not(
    zalo: ZaloSandbox, channel: ZaloChannel, sandbox_clock: SandboxClock
) -> None:
    zalo.tokens.expire()
    target = BroadcastTarget(gender="2", ages=("5", "6"), regions=("0",))
    assert (await channel.broadcast("4402c73f", target)).message_id
    recipient = zalo.broadcasts[0]["recipient"]
    assert recipient == {"target": {"gender": "2", "ages": "5,6", "locations": "0"}}
    assert zalo.tokens.refreshes == 1

    zalo.rules.broadcasts_per_month = 2
    sandbox_clock.advance(timedelta(days=1))
    zalo.rules.processing.add("moi")
    with pytest.raises(Deferred) as early:
        await channel.broadcast("moi", BroadcastTarget())
    assert early.value.code == "-214"
    await channel.broadcast("cu", BroadcastTarget())
    assert zalo.broadcasts[1]["recipient"] == {"target": {"gender": "0"}}, "empty means all"
    sandbox_clock.advance(timedelta(days=1))
    with pytest.raises(Deferred) as used_up:
        await channel.broadcast("cu", BroadcastTarget())
    assert used_up.value.code == "-211"
    sandbox_clock.advance(timedelta(hours=13))
    with pytest.raises(Deferred) as night:
        await channel.broadcast("cu", BroadcastTarget())
    assert night.value.code == "-234"


@pytest.mark.parametrize("fault", [Fault.http(504), Fault.truncated(), Fault.reset(accepted=True)])
async def test_an_article_that_may_be_on_its_way_is_in_doubt_not_refused(
    zalo: ZaloSandbox, channel: ZaloChannel, fault: Fault
) -> None:
    zalo.faults.next(fault, on="v2_message")
    with pytest.raises(OutcomeUnknown):
        await channel.broadcast("4402c73f", BroadcastTarget())


async def test_a_broken_token_chain_needs_a_person(zalo: ZaloSandbox, channel: ZaloChannel) -> None:
    await zalo.person(USER).follows()
    assert (await channel.check()).ok
    zalo.tokens.revoke()
    with pytest.raises(Misconfigured):
        await channel.send(Outgoing(USER, Text("a"), "1"))
    assert not (await channel.check()).ok


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.error(-32), RetryLater),
        (Fault.error(-200), OutcomeUnknown),
        (Fault.error(-211), Deferred),
        (Fault.error(-230), WindowClosed),
        (Fault.error(-232), WindowClosed),
        (Fault.error(-244), Refused),
        (Fault.error(-224), Misconfigured),
        (Fault.error(-320), Misconfigured),
        (Fault.http(500), SendError),
        (Fault.truncated(), OutcomeUnknown),
        (Fault.html(200), OutcomeUnknown),
        (Fault.reset(accepted=True), OutcomeUnknown),
    ],
)
async def test_errors_are_told_apart(
    zalo: ZaloSandbox, channel: ZaloChannel, fault: Fault, expected: type[SendError]
) -> None:
    await zalo.person(USER).follows()
    zalo.faults.next(fault)
    with pytest.raises(expected):
        await channel.send(Outgoing(USER, Text("a"), "1"))
    assert len(zalo.sent) == fault.accepted, "the channel never repeats a send by itself"


async def test_an_expired_upload_is_sent_anew(
    zalo: ZaloSandbox, channel: ZaloChannel, sandbox_clock: SandboxClock, tmp_path: Path
) -> None:
    pdf = tmp_path / "mau.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    part = File(str(pdf), "mau.pdf", "application/pdf")
    await zalo.person(USER).follows()
    await send_all(channel, part)
    await send_all(channel, part)
    assert len(zalo.uploads) == 1
    zalo.faults.next(Fault.error(-100))
    await send_all(channel, part)
    assert (len(zalo.uploads), len(zalo.sent)) == (2, 3)
    sandbox_clock.advance(timedelta(days=6, hours=1))
    await send_all(channel, part)
    assert len(zalo.uploads) == 3


async def test_a_closed_window_is_said_to_be_closed(
    zalo: ZaloSandbox, channel: ZaloChannel, sandbox_clock: SandboxClock
) -> None:
    await zalo.person(USER).says("a")
    sandbox_clock.advance(timedelta(days=8))
    with pytest.raises(WindowClosed):
        await channel.send(Outgoing(USER, Text("a"), "1"))


@pytest.mark.parametrize("escaped", [False, True])
async def test_what_people_do_is_understood(
    zalo: ZaloSandbox, channel: ZaloChannel, receiver: Receiver, escaped: bool
) -> None:
    zalo.rules.escapes_unicode = escaped
    person = zalo.person(USER)
    await person.follows()
    await person.says("Công dân học tập là gì?")
    await person.presses("muc:1")
    await person.sends_image("ảnh đây")
    await person.sends_sticker()
    await person.sends_location("21.0285", "105.8542")
    await person.sends_file("Minh chứng.pdf", 24576)
    await person.sends_voice()
    await person.submits_info({"name": "Lan", "phone": "84900000000", "address": "", "city": "Hà Nội"})
    await person.clicks_chatnow()
    await person.reacts("m1")
    await person.withdraws()
    await person.unfollows()
    await zalo.say_as_console(USER, "Dạ em đây")
    await zalo.deliver(zalo.events.notice("event_of_tomorrow", {}, zalo.clock()))
    events = heard(channel, receiver)
    kinds = [event.kind for event in events]
    assert kinds[:9] == [
        EventKind.FOLLOW,
        EventKind.TEXT,
        EventKind.TEXT,
        *[EventKind.ATTACHMENT] * 5,
        EventKind.CONTACT,
    ]
    assert kinds[9] is EventKind.FOLLOW
    assert kinds[10:14] == [
        EventKind.REACTION,
        EventKind.WITHDRAWN,
        EventKind.UNFOLLOW,
        EventKind.HUMAN_ECHO,
    ]
    assert kinds[14] in (EventKind.IGNORED, EventKind.NOTICE)
    assert [event.attachments[0].kind for event in events[3:8]] == [
        "image",
        "sticker",
        "location",
        "file",
        "audio",
    ]
    assert events[1].text == "Công dân học tập là gì?"
    assert {event.user for event in events[:14]} == {USER}
    assert len({event.key for event in events}) == len(events)
    assert abs(events[1].sent_at - zalo.clock()) < timedelta(milliseconds=1)


async def test_echo_and_receipts_name_the_message_that_was_sent(
    zalo: ZaloSandbox, channel: ZaloChannel, receiver: Receiver
) -> None:
    await zalo.person(USER).follows()
    (message_id,) = await send_all(channel, Text("Bạn chọn nhé", options=(Option("Có", "co"),)))
    await zalo.settled()
    echo, received, seen = heard(channel, receiver)[1:]
    assert [e.kind for e in (echo, received, seen)] == [
        EventKind.OWN_ECHO,
        EventKind.DELIVERED,
        EventKind.SEEN,
    ]
    assert echo.message_id == message_id
    assert message_id in received.refers_to
    assert seen.refers_to == (message_id,)


async def test_a_redelivery_has_the_same_key_and_bad_signatures_are_refused(
    zalo: ZaloSandbox, channel: ZaloChannel, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    delivery = await zalo.person(USER).says("Xin chào")
    await zalo.wait_for(lambda _: delivery.accepted)
    first, again = heard(channel, receiver)
    assert first.key == again.key
    for signature in (Signature.BAD, Signature.MISSING):
        receiver.got.clear()
        await zalo.person(USER).says("Xin chào", signature=signature)
        with pytest.raises(Unauthorised):
            heard(channel, receiver)
    assert channel.receive(Delivery(b"{}", {})) == ()
    with pytest.raises((Unauthorised, Malformed)):
        channel.receive(Delivery(b'{"a":1}', {}))
