"""The fake Graph API refuses what docs/platforms.md says Meta refuses, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from connectors.sandbox import PAGE_INBOX_APP, Fault, GraphSandbox, SandboxClock
from tests.connectors.sandbox.receiver import Receiver

PSID = "7654321098765432"
Answer = dict[str, Any]
Verdict = tuple[int, int]
Fields = dict[str, Any]


async def call(
    graph: GraphSandbox,
    http: aiohttp.ClientSession,
    path: str,
    body: object = None,
    *,
    method: str = "POST",
    token: str | None = None,
    **query: str,
) -> Answer:
    params = {"access_token": graph.account.page_access_token if token is None else token} | query
    url = f"{graph.base_url}/v25.0/{path}"
    async with http.request(method, url, json=body, params=params) as response:
        answer: Answer = await response.json()
        assert ("error" in answer) == (response.status >= 400)
        return answer


async def send(
    graph: GraphSandbox, http: aiohttp.ClientSession, message: object, psid: str = PSID, **fields: object
) -> Answer:
    body = {"recipient": {"id": psid}, "messaging_type": "RESPONSE", "message": message} | fields
    return await call(graph, http, "me/messages", body)


def verdict(answer: Answer) -> Verdict:
    """(code, subcode); (0, 0) for success."""
    found = answer.get("error", {})
    return found.get("code", 0), found.get("error_subcode", 0)


def template(**payload: object) -> Answer:
    return {"attachment": {"type": "template", "payload": payload}}


def press(**fields: object) -> Answer:
    return {"type": "postback", "title": "Xem tiêu chí", "payload": "A"} | fields


def quick(count: int, **fields: object) -> Answer:
    one = {"content_type": "text", "title": "Đặt câu hỏi", "payload": "A"} | fields
    return {"text": "Chọn nhé", "quick_replies": [one] * count}


async def test_an_accepted_send_is_echoed_then_delivered_then_read(
    graph: GraphSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await graph.person(PSID).says("Xin chào")
    answer = await send(graph, http, {"text": "Chào bạn", "metadata": "turn-17"})
    await send(graph, http, {"text": "Bạn cần gì?"})
    await graph.settled()
    assert answer["recipient_id"] == PSID
    echo = next(e["message"] for e in receiver.messaging() if "is_echo" in e.get("message", {}))
    assert echo["app_id"] == int(graph.account.app_id)
    assert (echo["mid"], echo["metadata"]) == (answer["message_id"], "turn-17")
    deliveries = [e["delivery"] for e in receiver.messaging() if "delivery" in e]
    assert sorted("mids" in delivery for delivery in deliveries) == [False, True]
    assert all(set(e["read"]) == {"watermark"} for e in receiver.messaging() if "read" in e)
    assert all(b"\\/" in got.body or b"/" not in got.body for got in receiver.got)


async def test_the_echo_can_come_before_the_answer(
    graph: GraphSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await graph.person(PSID).says("Xin chào")
    graph.rules.echo_first = True
    receiver.silent_for = 0.1
    await send(graph, http, {"text": "Chào bạn"})
    echoes = [e for e in receiver.messaging() if "is_echo" in e.get("message", {})]
    assert len(echoes) == 1, "the echo was posted and answered before the send was"


async def test_an_officer_in_the_inbox_shows_the_inbox_app(graph: GraphSandbox, receiver: Receiver) -> None:
    await graph.say_from_inbox(PSID, "Dạ em nghe")
    await graph.say_from_inbox(PSID, "Dạ", app_id=None)
    first, second = (event["message"] for event in receiver.messaging())
    assert first["app_id"] == int(PAGE_INBOX_APP) == 263902037430900
    assert "metadata" not in first
    assert "app_id" not in second


BUTTON = {"template_type": "button", "text": "Chọn nhé", "buttons": [press()]}
ELEMENT = {"title": "Tiêu chí 1", "subtitle": "Tự học"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"text": "à" * 2000}, (0, 0)),
        ({"text": "à" * 2001}, (100, 0)),
        ({"text": ""}, (100, 0)),
        ({}, (100, 0)),
        ({"text": "a", "attachment": {"type": "image", "payload": {"url": "https://a.example"}}}, (100, 0)),
        ({"text": "a", "metadata": "m" * 999}, (0, 0)),
        ({"text": "a", "metadata": "m" * 1000}, (100, 0)),
        (quick(13), (0, 0)),
        (quick(14), (100, 0)),
        (quick(1, title="t" * 20), (0, 0)),
        (quick(1, title="t" * 21), (100, 0)),
        (quick(1, payload="p" * 1001), (100, 0)),
        (quick(1, content_type="location"), (100, 0)),
        (template(**BUTTON), (0, 0)),
        (template(**BUTTON | {"text": "t" * 641}), (100, 0)),
        (template(**BUTTON | {"buttons": [press()] * 3}), (0, 0)),
        (template(**BUTTON | {"buttons": [press()] * 4}), (100, 0)),
        (template(**BUTTON | {"buttons": []}), (100, 0)),
        (template(**BUTTON | {"buttons": [press(title="t" * 21)]}), (100, 0)),
        (template(**BUTTON | {"buttons": [press(payload="p" * 1001)]}), (100, 0)),
        (template(**BUTTON | {"buttons": [press(type="oa.query.show")]}), (100, 0)),
        (template(template_type="generic", elements=[ELEMENT] * 10), (0, 0)),
        (template(template_type="generic", elements=[ELEMENT] * 11), (100, 0)),
        (template(template_type="generic", elements=[{"title": "chỉ tiêu đề"}]), (100, 0)),
        (template(template_type="generic", elements=[ELEMENT | {"title": "t" * 81}]), (100, 0)),
        (template(template_type="generic", elements=[ELEMENT | {"subtitle": "t" * 81}]), (100, 0)),
        ({"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png"}}}, (0, 0)),
        ({"attachment": {"type": "image", "payload": {}}}, (100, 2018047)),
        ({"attachment": {"type": "image", "payload": {"attachment_id": "1"}}}, (100, 2018074)),
        ({"attachment": {"type": "sticker", "payload": {}}}, (100, 2018047)),
    ],
)
async def test_messages_are_held_to_the_limits(
    graph: GraphSandbox, http: aiohttp.ClientSession, message: object, expected: Verdict
) -> None:
    await graph.person(PSID).says("Xin chào")
    assert verdict(await send(graph, http, message)) == expected
    assert len(graph.sent) == (expected == (0, 0))


async def test_emoji_count_twice_when_utf16_is_counted(
    graph: GraphSandbox, http: aiohttp.ClientSession
) -> None:
    await graph.person(PSID).says("Xin chào")
    assert verdict(await send(graph, http, {"text": "😀" * 1001})) == (0, 0)
    graph.rules.counts_utf16 = True
    assert verdict(await send(graph, http, {"text": "😀" * 1001})) == (100, 0)


async def test_the_window_is_24_hours_and_only_a_human_agent_has_seven_days(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    text = {"text": "a"}
    tagged: Fields = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    await graph.person(PSID).says("Xin chào")
    sandbox_clock.advance(timedelta(hours=23, minutes=59))
    assert verdict(await send(graph, http, text, messaging_type="UPDATE")) == (0, 0)
    sandbox_clock.advance(timedelta(minutes=1))
    assert verdict(await send(graph, http, text)) == (10, 2018278)
    assert verdict(await send(graph, http, text, **tagged)) == (0, 0)
    graph.rules.human_agent_permitted = False
    assert verdict(await send(graph, http, text, **tagged)) == (10, 0)
    graph.rules.human_agent_permitted = True
    sandbox_clock.advance(timedelta(days=7))
    assert verdict(await send(graph, http, text, **tagged)) == (10, 2018278)
    await graph.person(PSID).reacts("m_1")
    assert verdict(await send(graph, http, text)) == (0, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"messaging_type": None},
        {"messaging_type": "REPLY"},
        {"messaging_type": "MESSAGE_TAG"},
        {"tag": "HUMAN_AGENT"},
        {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "CONFIRMED_EVENT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "INVENTED"},
        {"messaging_type": "MESSAGE_TAG", "tag": "CUSTOMER_FEEDBACK"},
        {"messaging_type": "UTILITY"},
    ],
)
async def test_types_and_tags_must_fit(
    graph: GraphSandbox, http: aiohttp.ClientSession, fields: Fields
) -> None:
    await graph.person(PSID).says("Xin chào")
    assert verdict(await send(graph, http, {"text": "a"}, **fields)) == (100, 0)


async def test_utility_messages_need_an_approved_template(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    await graph.person(PSID).says("Xin chào")
    sandbox_clock.advance(timedelta(days=30))
    graph.utility_templates["nhac_lich"] = "Chào bạn."
    message = {"template": {"name": "nhac_lich", "language": {"code": "vi"}}}
    assert verdict(await send(graph, http, message, messaging_type="UTILITY")) == (0, 0)


async def test_the_state_of_person_thread_page_and_token_decides(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    text, person = {"text": "a"}, graph.person(PSID)
    assert verdict(await send(graph, http, text)) == (100, 2018001), "never wrote"
    assert verdict(await send(graph, http, text, psid="1")) == (100, 2018001)
    await person.says("Xin chào")
    person.blocked = True
    assert verdict(await send(graph, http, text)) == (551, 1545041)
    person.blocked = False
    await person.officer_takes_thread()
    assert verdict(await send(graph, http, text)) == (2018300, 0)
    await person.officer_returns_thread()
    person.automation_running = True
    assert verdict(await send(graph, http, text)) == (2018321, 0)
    person.automation_running = False
    graph.rules.page_restricted = True
    assert verdict(await send(graph, http, text)) == (10, 1893063)
    graph.rules.page_restricted = False
    graph.rules.calls_per_second = 0
    sandbox_clock.advance(timedelta(seconds=2))
    assert verdict(await send(graph, http, text)) == (613, 0)
    graph.rules.rate_limit_code = 4
    assert verdict(await send(graph, http, text)) == (4, 0)
    graph.token_subcode = 463
    assert verdict(await send(graph, http, text)) == (190, 463)


async def test_tokens_come_as_parameter_or_bearer_and_proofs_are_checked(
    graph: GraphSandbox, http: aiohttp.ClientSession
) -> None:
    assert verdict(await call(graph, http, "me", method="GET", token="wrong"))[0] == 190
    bearer = {"Authorization": f"Bearer {graph.account.page_access_token}"}
    async with http.get(f"{graph.base_url}/v25.0/me?fields=id", headers=bearer) as response:
        assert await response.json() == {"id": graph.account.page_id}
    assert verdict(await call(graph, http, "me", method="GET", appsecret_proof="wrong")) == (100, 0)
    graph.rules.requires_proof = True
    assert verdict(await call(graph, http, "me", method="GET")) == (100, 0)
    assert verdict(await call(graph, http, "1234/messages", {})) == (100, 0)


async def test_another_page_is_not_ours(graph: GraphSandbox, http: aiohttp.ClientSession) -> None:
    body = {"recipient": {"id": PSID}, "messaging_type": "RESPONSE", "message": {"text": "a"}}
    assert verdict(await call(graph, http, "5555/messages", body)) == (100, 33)


async def test_sender_actions_stand_alone_and_give_no_message_id(
    graph: GraphSandbox, http: aiohttp.ClientSession
) -> None:
    await graph.person(PSID).says("Xin chào")
    body: dict[str, object] = {"recipient": {"id": PSID}, "sender_action": "typing_on"}
    assert await call(graph, http, "me/messages", body) == {"recipient_id": PSID}
    both = body | {"message": {"text": "a"}}
    assert verdict(await call(graph, http, "me/messages", both)) == (100, 2018014)
    assert verdict(await call(graph, http, "me/messages", body | {"sender_action": "dance"})) == (100, 0)
    assert (graph.actions, graph.sent) == ([(PSID, "typing_on")], [])


async def test_a_comment_gets_one_private_reply_within_seven_days(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock, receiver: Receiver
) -> None:
    comment, _ = await graph.person(PSID, "Lan").comments("Đăng ký thế nào ạ?")
    late, _ = await graph.person(PSID).comments("Còn nữa")
    value = receiver.events[0]["entry"][0]["changes"][0]["value"]
    assert (value["parent_id"], value["message"]) == (value["post_id"], "Đăng ký thế nào ạ?")
    assert value["from"] == {"id": graph.person(PSID).author_id, "name": "Lan"}
    assert value["from"]["id"] != PSID
    assert value["created_time"] < 10**10, "seconds"

    def ask(comment_id: str) -> Answer:
        return {"recipient": {"comment_id": comment_id}, "message": {"text": "Chào bạn"}}

    answer = await call(graph, http, "me/messages", ask(comment.id))
    assert answer["recipient_id"] == PSID
    assert verdict(await call(graph, http, "me/messages", ask(comment.id))) == (10900, 0)
    assert verdict(await send(graph, http, {"text": "thêm"})) == (10, 2018278), "a comment opens no window"
    sandbox_clock.advance(timedelta(days=7, seconds=1))
    assert verdict(await call(graph, http, "me/messages", ask(late.id))) == (10901, 0)
    assert verdict(await call(graph, http, "me/messages", ask("1_2"))) == (100, 2018292)


async def test_a_public_reply_comes_back_as_the_pages_own_comment(
    graph: GraphSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    comment, _ = await graph.person(PSID).comments("Giá?")
    answer = await call(graph, http, f"{comment.id}/comments", {"message": "Mình đã nhắn riêng cho bạn."})
    await graph.settled()
    value = receiver.events[-1]["entry"][0]["changes"][0]["value"]
    assert (value["comment_id"], value["parent_id"]) == (answer["id"], comment.id)
    assert value["from"]["id"] == graph.account.page_id
    again = await call(graph, http, f"{comment.id}/comments", {"message": "Mình đã nhắn riêng cho bạn."})
    assert verdict(again) == (506, 0)
    own = {"recipient": {"comment_id": answer["id"]}, "message": {"text": "a"}}
    assert verdict(await call(graph, http, "me/messages", own)) == (10902, 0)
    assert verdict(await call(graph, http, "9_9/comments", {"message": "a"})) == (100, 33)


async def test_files_are_kept_90_days_when_marked_reusable(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    payload: dict[str, object] = {"url": "https://a.example/a.pdf"}
    message = {"attachment": {"type": "file", "payload": payload}}
    assert verdict(await call(graph, http, "me/message_attachments", {"message": message})) == (100, 0)
    payload["is_reusable"] = True
    stored = await call(graph, http, "me/message_attachments", {"message": message})
    by_id = {"attachment": {"type": "file", "payload": {"attachment_id": stored["attachment_id"]}}}
    await graph.person(PSID).says("Xin chào")
    assert verdict(await send(graph, http, by_id)) == (0, 0)
    sandbox_clock.advance(timedelta(days=91))
    await graph.person(PSID).says("Xin chào")
    assert verdict(await send(graph, http, by_id)) == (100, 2018074)


async def test_a_file_can_be_sent_along_as_multipart(
    graph: GraphSandbox, http: aiohttp.ClientSession
) -> None:
    await graph.person(PSID).says("Xin chào")
    form = aiohttp.FormData()
    form.add_field("recipient", json.dumps({"id": PSID}))
    form.add_field("messaging_type", "RESPONSE")
    form.add_field("message", json.dumps({"attachment": {"type": "file", "payload": {"is_reusable": True}}}))
    form.add_field("filedata", b"%PDF-1.7", filename="a.pdf", content_type="application/pdf")
    url = f"{graph.base_url}/v25.0/me/messages?access_token={graph.account.page_access_token}"
    async with http.post(url, data=form) as response:
        assert verdict(await response.json()) == (0, 0)


async def test_the_profile_is_checked_and_limited(
    graph: GraphSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    menu = {"locale": "default", "call_to_actions": [{"type": "postback", "title": "Mục", "payload": "M"}]}
    started = {"get_started": {"payload": "BAT_DAU"}}
    path = "me/messenger_profile"
    assert verdict(await call(graph, http, path, {"persistent_menu": [menu]})) == (100, 0)
    assert await call(graph, http, path, started) == {"result": "success"}
    assert await call(graph, http, path, {"persistent_menu": [menu]}) == {"result": "success"}
    five = [{"question": "Hỏi?", "payload": "Q"}] * 5
    too_many = {"ice_breakers": [{"call_to_actions": five, "locale": "default"}]}
    assert verdict(await call(graph, http, path, too_many)) == (100, 0)
    found = await call(graph, http, path, method="GET", fields="get_started")
    assert found == {"data": [started]}
    assert await call(graph, http, path, {"fields": ["get_started"]}, method="DELETE") == {
        "result": "success"
    }
    assert [verdict(await call(graph, http, path, started))[0] for _ in range(5)] == [0, 0, 0, 0, 613]
    sandbox_clock.advance(timedelta(minutes=10))
    assert await call(graph, http, path, started) == {"result": "success"}


async def test_subscribing_again_ends_a_switch_off(graph: GraphSandbox, http: aiohttp.ClientSession) -> None:
    path = f"{graph.account.page_id}/subscribed_apps"
    graph.webhooks.enabled = False
    assert (await call(graph, http, path, method="GET"))["data"] == []
    assert verdict(await call(graph, http, path, subscribed_fields="messages,invented")) == (100, 0)
    assert await call(graph, http, path, subscribed_fields="messages,feed") == {"success": True}
    assert graph.webhooks.enabled
    listed = (await call(graph, http, path, method="GET"))["data"][0]
    assert listed["subscribed_fields"] == ["feed", "messages"]


async def test_threads_are_passed_taken_and_watched_from_standby(
    graph: GraphSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    person = graph.person(PSID)
    await person.says("Xin chào")
    body: dict[str, object] = {"recipient": {"id": PSID}, "target_app_id": PAGE_INBOX_APP}
    assert await call(graph, http, "me/pass_thread_control", body) == {"success": True}
    await person.presses("MENU", "Thực đơn")
    entry = receiver.events[-1]["entry"][0]
    assert "messaging" not in entry
    assert "payload" not in entry["standby"][0]["postback"]
    assert await call(graph, http, "me/take_thread_control", body) == {"success": True}
    assert verdict(await send(graph, http, {"text": "a"})) == (0, 0)
    assert verdict(await call(graph, http, "me/secondary_receivers", method="GET")) == (100, 0)


async def test_profiles_of_people_can_be_hidden(graph: GraphSandbox, http: aiohttp.ClientSession) -> None:
    await graph.person(PSID, "Nguyễn Thị Lan").says("Xin chào")
    seen = await call(graph, http, PSID, method="GET", fields="first_name,last_name")
    assert seen == {"id": PSID, "first_name": "Lan", "last_name": "Nguyễn Thị"}
    graph.rules.profiles_hidden = True
    assert verdict(await call(graph, http, PSID, method="GET"))[0] == 2018218
    graph.faults.next(Fault.error(4), on="read")
    assert verdict(await call(graph, http, PSID, method="GET"))[0] == 4


async def test_odd_bodies_are_written_as_the_contract_describes_them(
    graph: GraphSandbox, receiver: Receiver
) -> None:
    make, at = graph.events, graph.clock()
    twice = make.text(PSID, "a", "m_1", at)
    await graph.deliver("message", twice, twice)
    await graph.deliver_entries("message", [make.entry([twice], at), make.feed_entry([], at)])
    await graph.deliver("message", make.self_test(at), make.policy_enforcement("block", "r", at))
    await graph.deliver("message", make.attachment(PSID, "fallback", "m_2", at))
    await graph.deliver_entries("postback", [make.wrapped_in_changes(twice, at)])
    bodies = receiver.events
    assert len(bodies[0]["entry"][0]["messaging"]) == 2
    assert len(bodies[1]["entry"]) == 2
    assert bodies[2]["entry"][0]["messaging"][0]["message"] == "TEST_MESSAGE"
    assert "sender" not in bodies[2]["entry"][0]["messaging"][1]
    assert bodies[3]["entry"][0]["messaging"][0]["message"]["attachments"] == [{"type": "fallback"}]
    assert bodies[4]["entry"][0]["changes"][0]["field"] == "messages"
    assert make.referral(PSID, "r", at, in_seconds=True)["timestamp"] == int(at.timestamp())
