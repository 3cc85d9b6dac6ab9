"""The page as a channel, against a fake Graph: what is written, what is not, and what answers mean."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.channel import Outgoing, WebhookChannel
from connectors.errors import (
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from connectors.message import File, Link, Option, Part, PublicReply, Text
from connectors.messenger.channel import MessengerChannel
from connectors.messenger.client import UserProfile, appsecret_proof
from connectors.messenger.config import MessengerConfig
from connectors.messenger.profile import wanted_fields
from tests.connectors.messenger.deliveries import CONFIG, NOW, PAGE, PSID
from tests.connectors.messenger.fake_graph import FakeGraph, Reply, graph_error, running_graph

MESSAGES = f"/v25.0/{PAGE}/messages"


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with running_graph() as fake:
        yield fake


def config_for(graph: FakeGraph, **changes: object) -> MessengerConfig:
    base = replace(CONFIG, graph_base=graph.url, send_timeout_seconds=2.0)
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def channel(graph: FakeGraph) -> AsyncIterator[MessengerChannel]:
    made = MessengerChannel(config_for(graph), clock=lambda: NOW)
    yield made
    await made.aclose()


def outgoing(
    part: Part | None = None,
    *,
    silent: timedelta = timedelta(hours=1),
    by_person: bool = False,
    user: str = PSID,
) -> Outgoing:
    return Outgoing(user, part or Text("Chào bạn."), "s-1", NOW - silent, by_person)


def test_the_channel_is_what_the_house_expects(graph: FakeGraph, channel: MessengerChannel) -> None:
    door: WebhookChannel = channel

    assert (door.name, door.account) == ("messenger", PAGE)
    assert door.capabilities.window == timedelta(hours=24)


def test_the_proof_of_the_app_secret_has_its_known_value() -> None:
    assert appsecret_proof("fbAppSecretForTests", "EAAtestpagetoken") == (
        "aeea5f2202c7482c514c4fd3937f2d4d903b160e0a377769a0416bae21addddf"
    )


async def test_a_reply_is_written_as_facebook_wants_it(graph: FakeGraph, channel: MessengerChannel) -> None:
    receipt = await channel.send(outgoing(Text("Bạn chọn nhé", options=(Option("Có", "yes"),))))

    (call,) = graph.calls
    assert receipt.message_id == "m_ok"
    assert (call.method, call.path) == ("POST", MESSAGES)
    assert call.headers["Authorization"] == "Bearer EAAtestpagetoken"
    assert call.query == {"appsecret_proof": appsecret_proof(CONFIG.app_secret, CONFIG.page_access_token)}
    assert call.body == {
        "recipient": {"id": PSID},
        "messaging_type": "RESPONSE",
        "message": {
            "text": "Bạn chọn nhé",
            "quick_replies": [{"content_type": "text", "title": "Có", "payload": "yes"}],
            "metadata": "kh:s-1",
        },
    }


async def test_somebody_known_by_a_plugins_reference_is_written_to_by_it(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.replies.append(Reply({"message_id": "m_ref"}))

    receipt = await channel.send(outgoing(user="user_ref:ref-1"))

    assert receipt.message_id == "m_ref"
    assert graph.calls[0].body["recipient"] == {"user_ref": "ref-1"}


@pytest.mark.parametrize(
    ("silent", "by_person", "allowed", "expected"),
    [
        (timedelta(hours=23, minutes=59), False, True, "RESPONSE"),
        (timedelta(hours=23), True, True, "RESPONSE"),
        (timedelta(hours=25), True, True, "HUMAN_AGENT"),
        (timedelta(days=6, hours=23), True, True, "HUMAN_AGENT"),
        (timedelta(hours=24), False, True, "closed"),
        (timedelta(hours=25), True, False, "closed"),
        (timedelta(days=7), True, True, "closed"),
    ],
)
async def test_the_window_and_the_tag_are_decided_before_any_call(
    graph: FakeGraph, silent: timedelta, by_person: bool, allowed: bool, expected: str
) -> None:
    channel = MessengerChannel(config_for(graph, human_agent_tag=allowed), clock=lambda: NOW)
    try:
        if expected == "closed":
            with pytest.raises(WindowClosed):
                await channel.send(outgoing(silent=silent, by_person=by_person))
            assert graph.calls == []
            return
        await channel.send(outgoing(silent=silent, by_person=by_person))
        body = graph.calls[0].body
        assert body["messaging_type"] == ("MESSAGE_TAG" if expected == "HUMAN_AGENT" else expected)
        assert body.get("tag") == ("HUMAN_AGENT" if expected == "HUMAN_AGENT" else None)
    finally:
        await channel.aclose()


async def test_without_a_known_last_action_facebook_decides(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.replies.append(graph_error(10, 2018278))

    with pytest.raises(WindowClosed):
        await channel.send(Outgoing(PSID, Text("a"), "s-1"))


@pytest.mark.parametrize("code", [10, 100, 200])
async def test_a_tag_that_is_not_granted_closes_this_message_only_and_is_told_to_officers(
    graph: FakeGraph, code: int
) -> None:
    channel = MessengerChannel(config_for(graph, human_agent_tag=True), clock=lambda: NOW)
    graph.replies.append(graph_error(code))
    fields = {"data": [{"id": CONFIG.app_id, "subscribed_fields": list(wanted_fields(True))}]}
    graph.by_path = {
        "GET /v25.0/me": Reply({"id": PAGE}),
        f"GET /v25.0/{PAGE}/subscribed_apps": Reply(fields),
    }
    try:
        with pytest.raises(WindowClosed):
            await channel.send(outgoing(silent=timedelta(days=2), by_person=True))
        health = await channel.check()
    finally:
        await channel.aclose()

    assert not health.ok
    assert "Human Agent" in health.remedy


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply("{"), OutcomeUnknown),
        (Reply("<html>trang lỗi</html>"), OutcomeUnknown),
        (Reply({}), OutcomeUnknown),
        (Reply(behaviour="hang"), OutcomeUnknown),
        (Reply(behaviour="hang up"), OutcomeUnknown),
        (Reply("<html>", status=500), RetryLater),
        (Reply("", status=503), RetryLater),
        (graph_error(190, 463), Misconfigured),
        (graph_error(10, 2018300), HandledElsewhere),
        (graph_error(551, 1545041), Refused),
    ],
)
async def test_what_goes_wrong_is_named(graph: FakeGraph, reply: Reply, expected: type[SendError]) -> None:
    graph.replies.append(reply)
    channel = MessengerChannel(config_for(graph, send_timeout_seconds=0.3), clock=lambda: NOW)
    try:
        with pytest.raises(expected):
            await channel.send(outgoing())
    finally:
        await channel.aclose()

    assert len(graph.calls) == 1  # never a second try on its own


async def test_facebook_out_of_reach_is_tried_again(unused_tcp_port: int) -> None:
    config = replace(CONFIG, graph_base=f"http://127.0.0.1:{unused_tcp_port}")
    channel = MessengerChannel(config, clock=lambda: NOW)
    try:
        with pytest.raises(RetryLater):
            await channel.send(outgoing())
    finally:
        await channel.aclose()


async def test_an_answer_that_says_it_was_sent_counts_as_sent(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.replies.append(graph_error(1, 1357046))

    assert (await channel.send(outgoing())).message_id == ""


async def test_the_typing_bubble_is_shown_in_the_background_and_never_fails(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.replies += [Reply({"recipient_id": PSID}), graph_error(100, 2018001), Reply(behaviour="hang")]

    started = time.monotonic()
    for _ in range(3):
        await channel.show_typing(PSID)
    await channel.show_typing("comment:1_2")
    elapsed = time.monotonic() - started
    await graph.wait_for_calls(3)

    assert elapsed < 0.1
    assert all(call.body == {"recipient": {"id": PSID}, "sender_action": "typing_on"} for call in graph.calls)


async def test_a_file_is_uploaded_once_and_sent_by_its_id(
    graph: FakeGraph, channel: MessengerChannel, tmp_path: Path
) -> None:
    path = tmp_path / "phieu.pdf"
    path.write_bytes(b"%PDF-1.7")
    part = File(str(path), 'phiếu "1".pdf\r\n', "application/pdf")
    graph.by_path[f"POST /v25.0/{PAGE}/message_attachments"] = Reply({"attachment_id": "1857777774821032"})

    await channel.send(outgoing(part))
    await channel.send(outgoing(part))

    upload, first, second = graph.calls
    assert upload.body["message"] == '{"attachment": {"type": "file", "payload": {"is_reusable": true}}}'
    assert upload.body["filedata"] == ("phiếu 1.pdf", "application/pdf", b"%PDF-1.7")
    for call in (first, second):
        assert call.body["message"]["attachment"] == {
            "type": "file",
            "payload": {"attachment_id": "1857777774821032"},
        }
        assert call.body["message"]["metadata"] == "kh:s-1"


async def test_an_upload_is_made_again_when_its_id_has_grown_old_or_unknown(
    graph: FakeGraph, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"png")
    now = [NOW]
    channel = MessengerChannel(config_for(graph), clock=lambda: now[0])
    graph.by_path[f"POST /v25.0/{PAGE}/message_attachments"] = Reply({"attachment_id": "1"})
    part = File(str(path), "a.png", "image/png")
    try:
        await channel.send(outgoing(part))
        now[0] += timedelta(days=90)
        await channel.send(replace(outgoing(part), last_heard_at=now[0]))
        graph.replies.append(graph_error(100, 2018074))
        with pytest.raises(RetryLater):
            await channel.send(replace(outgoing(part), last_heard_at=now[0]))
        await channel.send(replace(outgoing(part), last_heard_at=now[0]))
    finally:
        await channel.aclose()

    assert sum(call.path.endswith("message_attachments") for call in graph.calls) == 3


async def test_an_upload_that_did_not_finish_is_simply_tried_again(graph: FakeGraph, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"pdf")
    channel = MessengerChannel(config_for(graph, send_timeout_seconds=0.3), clock=lambda: NOW)
    graph.replies.append(Reply(behaviour="hang"))
    try:
        with pytest.raises(RetryLater):
            await channel.send(outgoing(File(str(path), "a.pdf", "application/pdf")))
        with pytest.raises(Refused):
            await channel.send(outgoing(File(str(tmp_path / "gone.pdf"), "gone.pdf", "application/pdf")))
    finally:
        await channel.aclose()

    assert len(graph.calls) == 1


async def test_a_comment_is_answered_by_its_id_and_outside_of_any_window(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.by_path["POST /v25.0/900_901/comments"] = Reply({"id": "900_902"})

    public = await channel.send(
        Outgoing("comment:900_901", PublicReply("Trang đã nhắn riêng cho bạn."), "s-1")
    )
    private = await channel.send(Outgoing("comment:900_901", Text("Đây là câu trả lời."), "s-2"))

    assert (public.message_id, private.message_id) == ("900_902", "m_ok")
    assert graph.calls[0].body == {"message": "Trang đã nhắn riêng cho bạn."}
    assert graph.calls[1].path == MESSAGES
    assert graph.calls[1].body == {
        "recipient": {"comment_id": "900_901"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Đây là câu trả lời.", "metadata": "kh:s-2"},
    }


@pytest.mark.parametrize("code", [10900, 10901, 10902, 10903])
async def test_a_private_reply_that_is_not_allowed_is_refused_for_good(
    graph: FakeGraph, channel: MessengerChannel, code: int
) -> None:
    graph.replies.append(graph_error(code))

    with pytest.raises(Refused):
        await channel.send(Outgoing("comment:900_901", Text("a"), "s-1"))


async def test_comments_are_not_answered_while_they_are_turned_off(graph: FakeGraph) -> None:
    channel = MessengerChannel(config_for(graph, comments_enabled=False), clock=lambda: NOW)
    try:
        with pytest.raises(Refused):
            await channel.send(Outgoing("comment:900_901", Text("a"), "s-1"))
    finally:
        await channel.aclose()

    assert graph.calls == []


async def test_a_public_reply_needs_a_comment(graph: FakeGraph, channel: MessengerChannel) -> None:
    with pytest.raises(Refused):
        await channel.send(outgoing(PublicReply("a")))
    assert graph.calls == []


def test_one_part_for_a_comment_is_fitted_to_one_message(channel: MessengerChannel) -> None:
    long = Text("Một câu khá dài. " * 500, links=(Link("Xem", "https://a.example"),))

    assert len(channel.fit(long)) > 1
    assert len(channel.fit(long, "comment:900_901")) == 1


async def test_threads_are_passed_and_taken(graph: FakeGraph, channel: MessengerChannel) -> None:
    graph.replies += [Reply({"success": True})] * 2

    await channel.api.pass_thread(PSID, note="gặp cán bộ")
    await channel.api.take_thread(PSID)

    assert [call.path for call in graph.calls] == [
        "/v25.0/me/pass_thread_control",
        "/v25.0/me/take_thread_control",
    ]
    assert graph.calls[0].body == {
        "recipient": {"id": PSID},
        "target_app_id": "263902037430900",
        "metadata": "gặp cán bộ",
    }


async def test_a_person_without_a_profile_is_nobody_in_particular(
    graph: FakeGraph, channel: MessengerChannel
) -> None:
    graph.replies += [Reply({}), graph_error(100, 2018218), Reply({"first_name": "Lan", "profile_pic": 5})]

    profiles = [await channel.api.user_profile(PSID) for _ in range(3)]

    assert profiles == [UserProfile(), UserProfile(), UserProfile("Lan")]


@pytest.mark.parametrize(
    ("me", "apps", "ok", "words"),
    [
        (Reply({"id": PAGE}), None, True, "bình thường"),
        (Reply({"id": PAGE}), graph_error(200), True, "chưa xem được"),
        (Reply({"id": PAGE}), Reply({"data": []}), False, "chưa gửi"),
        (Reply({"id": "42"}), None, False, "Trang khác"),
        (graph_error(190, 463), None, False, "mã truy cập"),
        (Reply("", status=503), None, False, "chưa kết nối"),
    ],
)
async def test_the_state_of_the_page_is_told_in_plain_words(
    graph: FakeGraph, channel: MessengerChannel, me: Reply, apps: Reply | None, ok: bool, words: str
) -> None:
    fields = [{"id": CONFIG.app_id, "subscribed_fields": list(wanted_fields(True))}, {"id": "other"}]
    graph.by_path = {
        "GET /v25.0/me": me,
        f"GET /v25.0/{PAGE}/subscribed_apps": apps or Reply({"data": fields}),
    }

    health = await channel.check()

    assert health.ok is ok
    assert words in health.summary
    assert bool(health.remedy) is not ok


def test_no_secret_is_printed_with_the_configuration() -> None:
    printed = repr(CONFIG)

    assert all(
        secret not in printed for secret in (CONFIG.app_secret, CONFIG.verify_token, CONFIG.page_access_token)
    )
