"""The fake Zalo API refuses what docs/platforms.md says Zalo refuses, and nothing else."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any
from unicodedata import normalize

import aiohttp
import pytest

from connectors.sandbox import Fault, SandboxClock, ZaloSandbox
from connectors.sandbox.zalo_checks import MEBIBYTE
from connectors.sandbox.zalo_templates import ApprovedTemplate
from tests.connectors.sandbox.receiver import Receiver

USER = "2512523625412515"
PNG = b"\x89PNG" + b"0" * 20
Answer = dict[str, Any]


async def call(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, path: str, body: object, **headers: str
) -> Answer:
    sent = {"access_token": zalo.tokens.pair.access_token} | headers
    async with http.post(zalo.base_url + path, json=body, headers=sent) as response:
        assert response.status == 200, "every Zalo error is HTTP 200"
        answer: Answer = await response.json()
        return answer


async def send(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, message: object, user: object = USER
) -> Answer:
    body = {"recipient": {"user_id": user}, "message": message}
    return await call(zalo, http, "/v3.0/oa/message/cs", body)


async def get(zalo: ZaloSandbox, http: aiohttp.ClientSession, path: str, data: object) -> Answer:
    headers = {"access_token": zalo.tokens.pair.access_token}
    query = {"data": json.dumps(data)}
    async with http.get(zalo.base_url + path, params=query, headers=headers) as response:
        answer: Answer = await response.json()
        return answer


async def upload(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, kind: str, name: str, content: bytes
) -> Answer:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename=name)
    headers = {"access_token": zalo.tokens.pair.access_token}
    url = f"{zalo.base_url}/v2.0/oa/upload/{kind}"
    async with http.post(url, data=form, headers=headers) as response:
        answer: Answer = await response.json()
        return answer


def buttons(count: int, **fields: object) -> Answer:
    made = [{"title": f"Mục {n}", "type": "oa.query.hide", "payload": f"P{n}"} | fields for n in range(count)]
    payload = {"template_type": "button", "text": "Bạn chọn nhé", "buttons": made}
    return {"attachment": {"type": "template", "payload": payload}}


def media(**element: object) -> Answer:
    payload = {"template_type": "media", "elements": [element]}
    return {"attachment": {"type": "template", "payload": payload}}


async def test_an_accepted_send_is_echoed_then_received_then_seen(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await zalo.person(USER).says("Xin chào")
    answer = await send(zalo, http, {"text": "Chào bạn"})
    await zalo.settled()
    assert answer["error"] == 0
    assert all(isinstance(answer["data"][key], str) for key in ("message_id", "user_id", "sent_time"))
    assert answer["data"]["quota"] == {"quota_type": "reply"}
    assert receiver.names == ["user_send_text", "oa_send_text", "user_received_message", "user_seen_message"]
    echo, seen = receiver.events[1], receiver.events[3]
    assert echo["sender"] == {"id": zalo.account.oa_id}
    assert echo["message"] == {"msg_id": answer["data"]["message_id"], "text": "Chào bạn"}
    assert seen["message"]["msg_ids"] == [answer["data"]["message_id"]]
    assert [(m.user, m.text) for m in zalo.sent] == [(USER, "Chào bạn")]


async def test_an_officer_at_the_console_shows_an_admin_id(zalo: ZaloSandbox, receiver: Receiver) -> None:
    await zalo.say_as_console(USER, "Dạ em đây")
    assert receiver.events[0]["sender"]["admin_id"]
    assert receiver.events[0]["recipient"] == {"id": USER}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"text": "à" * 2000}, 0),
        ({"text": normalize("NFD", "à") * 2000}, 0),
        ({"text": "à" * 2001}, -210),
        ({"text": ""}, -201),
        ({"text": 5}, -201),
        ({}, -201),
        ({"text": "a", "react_message_id": "x"}, -201),
        ({"attachment": {"type": "image", "payload": {"url": "https://a.example/a.jpg"}}}, -201),
        (media(media_type="image", url="https://a.example/a.jpg"), 0),
        (media(media_type="image", url="https://a.example/a.jpg") | {"text": "Ảnh đây"}, 0),
        (media(media_type="image", url="a.jpg"), -201),
        (media(media_type="image"), -201),
        (media(media_type="image", attachment_id="never-uploaded"), -201),
        (media(media_type="gif", url="https://a.example/a.gif"), -201),
        (media(media_type="gif", url="https://a.example/a.gif", width=10, height=10), 0),
        (media(media_type="sticker", attachment_id="bfe458bf"), 0),
        (media(media_type="sticker", url="https://a.example/s.png"), -201),
        (buttons(5), 0),
        (buttons(6), -201),
        (buttons(1, payload="x" * 1001), -201),
        (buttons(1, title=""), -201),
        (buttons(1, type="oa.open.url", payload={"url": "https://a.example"}), 0),
        (buttons(1, type="oa.open.url", payload="https://a.example"), -201),
        (buttons(1, type="oa.open.phone", payload={"phone_code": "84900000000"}), 0),
        (buttons(1, type="postback"), -201),
    ],
)
async def test_messages_are_held_to_the_limits(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, message: object, code: int
) -> None:
    await zalo.person(USER).follows()
    assert (await send(zalo, http, message))["error"] == code
    assert len(zalo.sent) == (code == 0)


async def test_switches_change_what_sources_disagree_about(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    await zalo.person(USER).follows()
    zalo.rules.long_text_code = -201
    zalo.rules.accepts_buttons = False
    assert (await send(zalo, http, {"text": "a" * 2001}))["error"] == -201
    assert (await send(zalo, http, buttons(2)))["error"] == zalo.rules.unsupported_template_code


async def test_the_window_is_seven_days_and_paid_after_48_hours(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    assert (await send(zalo, http, {"text": "a"}))["error"] == -232
    person = zalo.person(USER)
    await person.unfollows()
    assert (await send(zalo, http, {"text": "a"}))["error"] == -232
    await person.clicks_chatnow()
    sandbox_clock.advance(timedelta(hours=49))
    assert (await send(zalo, http, {"text": "a"}))["data"]["quota"]["quota_type"] == "sub_quota"
    zalo.rules.paid_messages_left = 0
    assert (await send(zalo, http, {"text": "a"}))["error"] == -211
    sandbox_clock.advance(timedelta(days=5))
    assert (await send(zalo, http, {"text": "a"}))["error"] == -230
    await person.presses("BAT_DAU")
    assert (await send(zalo, http, {"text": "a"}))["error"] == 0


async def test_a_person_can_refuse_and_ids_must_be_text(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    await zalo.person(USER).follows()
    assert (await send(zalo, http, {"text": "a"}, user=int(USER)))["error"] == -201
    zalo.person(USER).refusal_code = -244
    assert (await send(zalo, http, {"text": "a"}))["error"] == -244


async def test_only_recent_known_messages_can_be_quoted(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    await zalo.person(USER).says("câu hỏi")
    quoted = {"text": "a", "quote_message_id": zalo.person(USER).transcript[0].message_id}
    assert (await send(zalo, http, quoted))["error"] == 0
    assert (await send(zalo, http, quoted | {"quote_message_id": "unknown"}))["error"] == -201
    sandbox_clock.advance(timedelta(hours=49))
    assert (await send(zalo, http, quoted))["error"] == -201


async def test_tokens_travel_in_their_own_header(zalo: ZaloSandbox, http: aiohttp.ClientSession) -> None:
    await zalo.person(USER).follows()
    body = {"recipient": {"user_id": USER}, "message": {"text": "a"}}
    path, bearer = "/v3.0/oa/message/cs", f"Bearer {zalo.account.access_token}"
    assert (await call(zalo, http, path, body, access_token="wrong"))["error"] == -216
    assert (await call(zalo, http, path, body, access_token="", authorization=bearer))["error"] == -216
    zalo.rules.requires_proof = True
    assert (await call(zalo, http, path, body))["error"] == -242


async def test_the_rate_limit_is_announced_and_enforced(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    await zalo.person(USER).follows()
    zalo.rules.requests_per_minute = 2
    assert [(await send(zalo, http, {"text": "a"}))["error"] for _ in range(3)] == [0, 0, -32]
    sandbox_clock.advance(timedelta(minutes=1))
    assert (await send(zalo, http, {"text": "a"}))["error"] == 0


@pytest.mark.parametrize(
    ("kind", "name", "opening", "size", "code"),
    [
        ("image", "a.png", PNG, 100, 0),
        ("image", "a.png", PNG, MEBIBYTE + 1, -210),
        ("image", "a.webp", PNG, 100, -201),
        ("image", "a", PNG, 100, -201),
        ("image", "a.jpg", b"no picture", 100, -201),
        ("gif", "a.gif", b"GIF89a", 2 * MEBIBYTE, 0),
        ("file", "a.pdf", b"%PDF-1.7", 100, 0),
        ("file", "a.xlsx", b"PK", 100, -201),
        ("file", "a.pdf", b"%PDF-1.7", 5 * MEBIBYTE + 1, -210),
    ],
)
async def test_uploads_are_held_to_type_and_size(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, kind: str, name: str, opening: bytes, size: int, code: int
) -> None:
    answer = await upload(zalo, http, kind, name, opening.ljust(size, b"0"))
    assert answer["error"] == code
    if not code:
        assert set(answer["data"]) == {"token" if kind == "file" else "attachment_id"}


async def test_an_uploaded_file_is_sent_by_token_and_expires_after_seven_days(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock, receiver: Receiver
) -> None:
    token = (await upload(zalo, http, "file", "a.pdf", b"%PDF"))["data"]["token"]
    picture = (await upload(zalo, http, "image", "a.png", PNG))["data"]["attachment_id"]
    await zalo.person(USER).follows()
    file_message = {"attachment": {"type": "file", "payload": {"token": token}}}
    by_id = {"attachment": {"type": "file", "payload": {"attachment_id": token}}}
    assert (await send(zalo, http, file_message))["error"] == 0
    assert (await send(zalo, http, media(media_type="image", attachment_id=picture)))["error"] == 0
    assert (await send(zalo, http, by_id))["error"] == -201
    await zalo.settled()
    assert {"oa_send_file", "oa_send_image"} <= set(receiver.names)
    sandbox_clock.advance(timedelta(days=7, seconds=1))
    await zalo.person(USER).follows()
    assert (await send(zalo, http, file_message))["error"] == -100


async def test_reading_calls_take_their_parameters_in_data(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    await zalo.person(USER, "Cô Lan").says("Xin chào")
    await send(zalo, http, {"text": "Chào bạn"})
    await zalo.settled()
    assert (await get(zalo, http, "/v2.0/oa/getoa", {}))["data"]["oa_id"] == zalo.account.oa_id
    detail = (await get(zalo, http, "/v3.0/oa/user/detail", {"user_id": USER}))["data"]
    assert (detail["display_name"], detail["user_last_interaction_date"]) == ("Cô Lan", "02/11/2026")
    listed = await get(zalo, http, "/v3.0/oa/user/getlist", {"offset": 0, "count": 50})
    assert listed["data"]["users"] == [{"user_id": USER}]
    assert (await get(zalo, http, "/v3.0/oa/user/getlist", {"offset": 0, "count": 51}))["error"] == -201
    talk = await get(zalo, http, "/v2.0/oa/conversation", {"offset": 0, "count": 10, "user_id": USER})
    assert [(line["src"], line["message"]) for line in talk["data"]] == [(0, "Chào bạn"), (1, "Xin chào")]
    assert (await get(zalo, http, "/v2.0/oa/listrecentchat", {"offset": 0, "count": 11}))["error"] == -210
    assert (await get(zalo, http, "/v2.0/oa/getprofile", {"user_id": USER}))["error"] == -240
    quota = await call(zalo, http, "/v3.0/oa/quota/message", {"user_id": USER})
    assert quota["data"]["last_interaction"].isdecimal()


async def test_v2_takes_reactions_anonymous_answers_and_daytime_broadcasts(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    path = "/v2.0/oa/message"
    react = {"recipient": {"user_id": USER}, "sender_action": {"react_icon": "/-ok", "react_message_id": "m"}}
    anonymous = {"recipient": {"anonymous_id": "a1", "conversation_id": "c1"}, "message": {"text": "Chào"}}
    article = media(media_type="article", attachment_id="4402c73f")
    broadcast = {"recipient": {"target": {"gender": "0"}}, "message": article}
    assert (await call(zalo, http, path, react))["error"] == 0
    assert (await call(zalo, http, path, anonymous))["error"] == 0
    assert (await call(zalo, http, path, broadcast))["error"] == 0
    assert (await call(zalo, http, path, broadcast | {"message": {"text": "a"}}))["error"] == -201
    strange = {"recipient": {"target": {"ages": "8"}}, "message": article}
    assert (await call(zalo, http, path, strange))["error"] == -201
    assert (await call(zalo, http, path, broadcast))["error"] == -218, "once a day"
    plain = {"recipient": {"user_id": USER}, "message": {"text": "a"}}
    assert (await call(zalo, http, path, plain))["error"] == -240
    sandbox_clock.advance(timedelta(hours=12))  # ten in the evening
    assert (await call(zalo, http, path, broadcast))["error"] == -234
    assert len(zalo.broadcasts) == 1


async def test_templates_need_approval_and_a_national_phone_number(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    ask = {"phone": "84901234567", "template_id": "T1", "template_data": {"a": "b"}, "tracking_id": "t"}
    assert (await call(zalo, http, "/message/template", ask))["error"] == -131
    zalo.templates["T1"] = ApprovedTemplate("Chào <a>")
    assert (await call(zalo, http, "/message/template", ask | {"phone": "+84901234567"}))["error"] == -108
    assert (await call(zalo, http, "/message/template", ask))["error"] == 0
    await zalo.settled()
    assert receiver.got[-1].headers["x-zevent-server"] == "ZNS"
    by_user = {"user_id": USER, "template_id": "T1", "template_data": {"a": "b"}}
    assert (await call(zalo, http, "/v3.0/oa/message/template", by_user))["error"] == 0


async def test_any_code_can_be_asked_for(zalo: ZaloSandbox, http: aiohttp.ClientSession) -> None:
    await zalo.person(USER).follows()
    for code in (-32, -200, -224, -320, -321):
        zalo.faults.next(Fault.error(code))
    codes = [(await send(zalo, http, {"text": "a"}))["error"] for _ in range(6)]
    assert codes == [-32, -200, -224, -320, -321, 0]


async def test_every_kind_of_event_carries_text_ids_and_a_text_timestamp(zalo: ZaloSandbox) -> None:
    make, at = zalo.events, zalo.clock()
    made = [
        make.text(USER, "a", "m", at, quote="q"),
        make.image(USER, "https://a.example/a.jpg", "m", at, text="b"),
        make.gif(USER, "https://a.example/a.gif", "m", at),
        make.link(USER, "https://a.example", "d", "m", at),
        make.business_card(USER, "84900000000", "m", at),
        make.audio(USER, "https://a.example/a.amr", "m", at),
        make.video(USER, "https://a.example/a.mp4", "m", at),
        make.sticker(USER, "s", "m", at),
        make.location(USER, "10.7", "106.6", "m", at),
        make.file(USER, "a.pdf", 3, "m", at),
        make.submit_info(USER, {"name": "A"}, at),
        make.reacted(USER, "m", "/-heart", at),
        make.anonymous(USER, "c", "a", "m", at),
        make.oa_send("list", USER, {"msg_id": "m"}, at),
        make.oa_reacted(USER, "m", "/-heart", at),
        make.follow(USER, at),
        make.unfollow(USER, at),
        make.click_chatnow(USER, at),
        make.withdraw(USER, at),
        make.tagged([USER], "tag", at),
        make.notice("change_oa_daily_quota", {}, at),
        make.console_test(at),
    ]
    for event in made:
        assert event["app_id"] == zalo.account.app_id
        assert event["timestamp"] == "1793588400000"
    flat = [event["event_name"] for event in made if "sender" not in event]
    assert flat[:4] == ["follow", "unfollow", "user_click_chatnow", "user_withdraw"]
