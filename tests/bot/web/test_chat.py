"""What a browser, a hostile script and a foreign page get from the chat's HTTP interface."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse

from bot.web.chat import Author, ChatSettings, Cursor, Rhythm
from bot.web.front import Front
from connectors.message import ConversationId, EventKind, File, Option, Source, Text
from tests.bot.web.conftest import Client, Open, say
from tests.bot.web.house import FakeHouse, ManualClock

FOREIGN = "https://hkh.example.vn"


def only_conversation(house: FakeHouse) -> ConversationId:
    conversations = {event.conversation for event in house.events.values()}
    assert len(conversations) == 1
    conversation = conversations.pop()
    assert conversation is not None
    return conversation


async def error_of(response: ClientResponse) -> dict[str, Any]:
    content = await response.json()
    assert list(content) == ["error"]
    assert set(content["error"]) == {"code", "message"}
    error: dict[str, Any] = content["error"]
    return error


# --- taking a message ---------------------------------------------------------------------------------


async def test_a_message_is_stored_before_it_is_acknowledged(client: Client, house: FakeHouse) -> None:
    response = await say(client, "Công dân học tập là gì?")
    assert response.status == 202
    (event,) = house.events.values()
    assert (event.kind, event.text) == (EventKind.TEXT, "Công dân học tập là gì?")
    assert (event.channel, event.account) == ("web", "site")


async def test_a_message_the_store_cannot_take_is_not_acknowledged(client: Client, house: FakeHouse) -> None:
    house.is_away = True
    response = await say(client)
    assert response.status == 503
    assert (await error_of(response))["code"] == "unavailable"
    assert "Set-Cookie" not in response.headers
    house.is_away = False
    assert (await say(client)).status == 202


async def test_a_resend_has_the_key_of_the_first_sending(client: Client, house: FakeHouse) -> None:
    await say(client, "mở cuộc trò chuyện")
    client_id = str(uuid4())
    first = await say(client, "một", client_id=client_id)
    again = await say(client, "một", client_id=client_id.upper())
    assert (first.status, again.status) == (202, 202)
    assert [event.text for event in house.events.values()] == ["mở cuộc trò chuyện", "một"]


async def test_the_same_client_id_from_another_visitor_is_another_message(
    client: Client, house: FakeHouse
) -> None:
    client_id = str(uuid4())
    await say(client, "của tôi", client_id=client_id)
    client.session.cookie_jar.clear()
    await say(client, "của người khác", client_id=client_id)
    assert len(house.events) == 2


async def test_a_press_is_a_choice_with_its_label(client: Client, house: FakeHouse) -> None:
    response = await say(client, None, payload="faq:diem", label="Bao nhiêu điểm?")
    assert response.status == 202
    (event,) = house.events.values()
    assert (event.kind, event.payload, event.text) == (EventKind.CHOICE, "faq:diem", "Bao nhiêu điểm?")


async def test_text_is_stored_in_nfc_without_nul_or_lone_surrogates(client: Client, house: FakeHouse) -> None:
    body = f'{{"client_id":"{uuid4()}","text":"tie\\u0302\\u0301ng\\u0000 Vie\\u0323\\u0302t\\ud800"}}'
    response = await client.post(
        "/chat/messages", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    assert response.status == 202
    assert [event.text for event in house.events.values()] == ["tiếng Việt"]


GOOD_ID = "6f2f5a3e-6a53-4a5e-9a7e-0d1c7a1d2b3c"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 60_000, 400),
        (b'{"a":' * 12_000, 400),
        (b'{"client_id":' + b"9" * 5000 + b',"text":"x"}', 400),
        (b'{"text":"no id"}', 400),
        (b'{"client_id":"not-a-uuid","text":"x"}', 400),
        (b'{"client_id":"{6f2f5a3e-6a53-4a5e-9a7e-0d1c7a1d2b}","text":"x"}', 400),
        (f'{{"client_id":"{GOOD_ID}"}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","text":1}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","text":{{"a":[]}}}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","text":"x","payload":"y","label":"z"}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","payload":"y"}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","payload":"{"y" * 1001}","label":"z"}}'.encode(), 400),
        (f'{{"client_id":"{GOOD_ID}","text":"  \\u0000 "}}'.encode(), 422),
        (f'{{"client_id":"{GOOD_ID}","text":"{"ă" * 2001}"}}'.encode(), 422),
        (f'{{"client_id":"{GOOD_ID}","text":"{"x" * 70_000}"}}'.encode(), 413),
        (b"x" * 200_000, 413),
    ],
)
async def test_a_hostile_body_is_refused_and_nothing_is_stored(
    client: Client, house: FakeHouse, body: bytes, status: int
) -> None:
    response = await client.post("/chat/messages", data=body, headers={"Content-Type": "application/json"})
    assert response.status == status
    assert (await error_of(response))["message"]
    assert not house.events


async def test_a_body_sent_in_endless_chunks_is_cut_off(client: Client, house: FakeHouse) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    response = await client.post(
        "/chat/messages", data=chunks(), headers={"Content-Type": "application/json"}
    )
    assert response.status == 413
    assert not house.events


async def test_text_of_exactly_two_thousand_characters_is_taken(client: Client, house: FakeHouse) -> None:
    assert (await say(client, "ệ" * 2000)).status == 202
    assert (await say(client, "e\u0323\u0302" * 2000)).status == 202
    assert {len(event.text) for event in house.events.values()} == {2000}


async def test_a_form_cannot_post(client: Client, house: FakeHouse) -> None:
    response = await client.post("/chat/messages", data={"text": "x"})
    assert response.status == 415
    assert (await error_of(response))["code"] == "not_json"
    assert not house.events


async def test_another_method_gets_the_same_error_shape(client: Client) -> None:
    response = await client.put("/chat/messages", json={})
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert (await error_of(response))["code"] == "wrong_method"


# --- who may write ------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "file://"])
async def test_a_page_of_another_site_cannot_write(client: Client, house: FakeHouse, origin: str) -> None:
    response = await say(client, headers={"Origin": origin})
    assert response.status == 403
    assert (await error_of(response))["code"] == "foreign_origin"
    assert not house.events


async def test_our_own_page_and_an_allowed_site_may_write(open_client: Open) -> None:
    client = await open_client(ChatSettings(allowed_origins=(FOREIGN,)))
    own = str(client.make_url("")).rstrip("/")
    assert (await say(client, headers={"Origin": own})).status == 202
    assert (await say(client, headers={"Origin": FOREIGN})).status == 202
    assert (await say(client, headers={"Origin": FOREIGN + ".evil.example"})).status == 403


async def test_only_allowed_sites_may_frame_the_chat(open_client: Open) -> None:
    client = await open_client(ChatSettings(allowed_origins=(FOREIGN,)))
    frame = (await client.get("/chat/frame")).headers["Content-Security-Policy"]
    landing = (await client.get("/")).headers["Content-Security-Policy"]
    assert frame.endswith(f"frame-ancestors 'self' {FOREIGN}")
    assert landing.endswith("frame-ancestors 'self'")
    assert "unsafe" not in frame + landing


@pytest.mark.parametrize("origin", ["*", "https://a.vn; script-src *", "https://a.vn/path", "a.vn"])
def test_an_allowed_origin_cannot_change_the_policy(origin: str) -> None:
    with pytest.raises(ValueError, match="trang được nhúng"):
        ChatSettings(allowed_origins=(origin,))


# --- the session --------------------------------------------------------------------------------------


async def test_who_only_reads_gets_no_cookie(client: Client) -> None:
    for path in ("/", "/chat/frame", "/chat/history", "/widget.js"):
        response = await client.get(path)
        assert response.status == 200
        assert "Set-Cookie" not in response.headers


async def test_the_conversation_is_not_named_by_the_cookie(client: Client, house: FakeHouse) -> None:
    response = await say(client)
    cookie = response.cookies["kh_chat"]
    assert len(cookie.value) == 32
    assert cookie.value not in only_conversation(house).key
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["secure"], cookie["path"]) == ("Lax", "", "/")


async def test_behind_https_the_cookie_is_secure(client: Client) -> None:
    own = str(client.make_url("")).rstrip("/").replace("http://", "https://")
    cookie = (await say(client, headers={"Origin": own})).cookies["kh_chat"]
    assert (cookie["samesite"], cookie["secure"]) == ("Lax", True)


async def test_in_a_foreign_frame_the_cookie_is_partitioned(client: Client) -> None:
    own = str(client.make_url("")).rstrip("/").replace("http://", "https://")
    response = await client.post(
        "/chat/messages?frame=1",
        json={"client_id": str(uuid4()), "text": "xin chào"},
        headers={"Origin": own},
    )
    cookie = response.headers["Set-Cookie"]
    assert {"SameSite=None", "Secure", "Partitioned", "HttpOnly"} <= set(cookie.split("; "))


async def test_a_cookie_that_is_not_ours_is_no_session(client: Client) -> None:
    response = await client.get("/chat/history", headers={"Cookie": "kh_chat=../../etc"})
    assert (await response.json())["session"] is False


async def test_history_shows_this_visitors_lines_only(client: Client, house: FakeHouse) -> None:
    await say(client, "của tôi")
    house.reply(only_conversation(house), Text("trả lời", sources=(Source("Quyết định 677/QĐ-TTg"),)))
    content = await (await client.get("/chat/history")).json()
    assert [line.get("text") for line in content["lines"]] == ["của tôi", None]
    assert content["lines"][1]["blocks"] == [{"type": "paragraph", "text": "trả lời"}]
    assert content["cursor"] == "1.1"
    client.session.cookie_jar.clear()
    assert (await (await client.get("/chat/history")).json())["lines"] == []


async def test_leaving_makes_the_browser_forget(client: Client, house: FakeHouse) -> None:
    await say(client)
    assert (await client.post("/chat/leave", headers={"Origin": "https://evil.example"})).status == 403
    assert (await (await client.get("/chat/history")).json())["session"] is True
    assert (await client.post("/chat/leave")).status == 200
    assert (await (await client.get("/chat/history")).json())["session"] is False


# --- pace ---------------------------------------------------------------------------------------------


async def test_the_sixty_first_message_in_a_minute_waits(client: Client, clock: ManualClock) -> None:
    await say(client)
    statuses = [(await say(client)).status for _ in range(60)]
    assert statuses == [202] * 60
    clock.pass_time(timedelta(seconds=10))
    response = await say(client)
    assert (response.status, response.headers["Retry-After"]) == (429, "50")
    assert "50 giây" in (await error_of(response))["message"]
    clock.pass_time(timedelta(seconds=50))
    assert (await say(client)).status == 202


async def test_throwing_the_cookie_away_does_not_lift_the_limit(open_client: Open) -> None:
    client = await open_client(ChatSettings(messages_per_minute_per_ip=3))
    statuses = []
    for _ in range(4):
        client.session.cookie_jar.clear()
        statuses.append((await say(client)).status)
    assert statuses == [202, 202, 202, 429]


# --- events -------------------------------------------------------------------------------------------


class Listener:
    """Reads server-sent events one by one."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, str]:
        """The next block with its fields; a comment is the field ``."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for raw in self.response.content:
                line = raw.decode().rstrip("\n")
                if not line and fields:
                    return fields
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
        raise EOFError

    async def line(self) -> dict[str, Any]:
        event = await self.next()
        assert event["event"] == "line"
        content: dict[str, Any] = json.loads(event["data"])
        assert content["id"] == event["id"]
        return content


@asynccontextmanager
async def listening(client: Client, after: str = "", **headers: str) -> AsyncIterator[Listener]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.get("/chat/events", params={"after": after} if after else {}, headers=sent) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        listener = Listener(response)
        assert "retry" in await listener.next()
        yield listener


async def test_a_new_line_reaches_an_open_page(client: Client, house: FakeHouse) -> None:
    await say(client, "chào", client_id=GOOD_ID)
    async with listening(client) as page:
        own = await page.line()
        assert (own["author"], own["text"], own["client_id"]) == ("citizen", "chào", GOOD_ID)
        house.nudge(only_conversation(house).key, "typing")
        assert (await page.next())["event"] == "typing"
        house.reply(
            only_conversation(house), Text("chào bạn", options=(Option("Điểm", "faq:diem"),)), Author.OFFICER
        )
        answer = await page.line()
        assert (answer["author"], answer["id"]) == ("officer", "1.1")
        assert answer["options"] == [{"label": "Điểm", "payload": "faq:diem"}]


async def test_a_reconnecting_page_goes_on_after_the_last_line_it_saw(
    client: Client, house: FakeHouse
) -> None:
    await say(client, "một")
    conversation = only_conversation(house)
    house.reply(conversation, "đã thấy")
    house.reply(conversation, "chưa thấy")
    # The header is what the browser saw last; the address still carries where the page began.
    async with listening(client, after="0.0", Last_Event_ID="1.1") as page:
        assert (await page.line())["blocks"][0]["text"] == "chưa thấy"
    async with listening(client, after="1.0") as page:
        assert (await page.line())["blocks"][0]["text"] == "đã thấy"


async def test_lines_come_without_hints_too(client: Client, house: FakeHouse) -> None:
    await say(client)
    house.hints_are_away = True
    async with listening(client, after="1.0") as page:
        house.reply(only_conversation(house), "không cần Redis")
        assert (await page.line())["blocks"][0]["text"] == "không cần Redis"


async def test_a_long_backlog_comes_whole_and_in_order(client: Client, house: FakeHouse) -> None:
    await say(client)
    for number in range(120):
        house.reply(only_conversation(house), str(number))
    async with listening(client, after="1.0") as page:
        told = [(await page.line())["blocks"][0]["text"] for _ in range(120)]
    assert told == [str(number) for number in range(120)]


async def test_a_quiet_stream_gives_signs_of_life(
    open_client: Open, house: FakeHouse, clock: ManualClock
) -> None:
    client = await open_client(ChatSettings(rhythm=Rhythm(poll=0.02, heartbeat=15)))
    await say(client)
    async with listening(client, after="1.0") as page:
        clock.pass_time(timedelta(seconds=16))
        beat = await page.next()
        assert (beat[""], beat["event"]) == ("beat", "beat")


async def test_a_stopping_server_ends_streams_at_once(open_client: Open, house: FakeHouse) -> None:
    client = await open_client(ChatSettings(rhythm=Rhythm(poll=30, heartbeat=60)))
    await say(client)
    async with listening(client, after="1.0") as page:
        async with asyncio.timeout(2):
            await asyncio.gather(client.server.close(), _until_end(page))
    assert not house.subscribers[only_conversation(house).key]


async def _until_end(page: Listener) -> None:
    with pytest.raises(EOFError):
        await page.next()


async def test_a_stream_needs_a_session_a_store_and_a_real_cursor(client: Client, house: FakeHouse) -> None:
    assert (await client.get("/chat/events")).status == 401
    await say(client)
    for cursor in ("x", "1", "1.2.3", "-1.0", "1.", "٣.١", "9" * 30 + ".0"):
        response = await client.get("/chat/events", params={"after": cursor})
        assert (response.status, (await error_of(response))["code"]) == (400, "malformed")
    house.is_away = True
    assert (await client.get("/chat/events")).status == 503
    assert (await client.get("/chat/history")).status == 503


async def test_one_visitor_cannot_hold_endless_streams(open_client: Open) -> None:
    client = await open_client(ChatSettings(pages_per_session=1, rhythm=Rhythm(poll=0.02)))
    await say(client)
    async with listening(client, after="1.0"):
        response = await client.get("/chat/events")
        assert (response.status, (await error_of(response))["code"]) == (429, "too_many_pages")
        response.release()
    await asyncio.sleep(0.1)  # the server notices at its next look that the page is gone
    async with listening(client, after="1.0"):
        pass


# --- pages --------------------------------------------------------------------------------------------


async def test_pages_hold_no_inline_script_or_style_and_their_files_exist(client: Client) -> None:
    for path in ("/", "/chat/frame"):
        page = await (await client.get(path)).text()
        assert page.count("<script") == page.count('<script type="module" src=')
        assert "style=" not in page
        assert " onclick" not in page
        for address in {part.split('"')[0] for part in page.split('"/chat/assets/')[1:]}:
            response = await client.get(f"/chat/assets/{address}")
            assert response.status == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_unchanged_file_is_not_sent_twice(client: Client) -> None:
    first = await client.get("/chat/assets/chat.js")
    again = await client.get("/chat/assets/chat.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status, again.status) == (200, 304)
    assert (await client.get("/chat/assets/..%2fchat.py")).status == 404


async def test_what_an_operator_types_is_escaped(open_client: Open) -> None:
    client = await open_client(
        ChatSettings(association_name='Hội <b>"KH"</b>', zalo_link="https://zalo.me/1", examples=("a & b?",))
    )
    page = await (await client.get("/")).text()
    assert "<b>" not in page
    assert "Hội &lt;b&gt;" in page
    assert 'href="https://zalo.me/1"' in page
    assert "Facebook" not in page
    assert "a &amp; b?" in page


async def test_a_file_is_offered_under_the_id_of_its_row(client: Client, house: FakeHouse) -> None:
    await say(client)
    house.reply(only_conversation(house), File("/secret/place/x.pdf", "phiếu.pdf", "application/pdf"))
    text = await (await client.get("/chat/history")).text()
    assert json.loads(text)["lines"][1]["file"] == {"name": "phiếu.pdf", "url": "/chat/files/1"}
    assert "/secret" not in text


@pytest.mark.parametrize("cursor", [Cursor(), Cursor(12, 34), Cursor(2**63 - 1, 0)])
def test_a_cursor_survives_its_text_form(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


async def test_the_pages_read_as_staff_set_them_last(open_client: Open) -> None:
    front = [Front("bà Hoa 0912 345 678")]
    client = await open_client(ChatSettings(front_now=lambda: front[0]))
    first = await client.get("/")
    page = await first.text()
    assert "bà Hoa 0912 345 678" in page
    assert "Chào bạn! Mình là trợ lý tự động." in page
    front[0] = Front("ông <b>Nam</b>", "Trợ lý tự động <i>đây</i>", (Option("Gặp cán bộ", "cmd:person"),))
    for path in ("/", "/chat/frame"):
        fresh = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        page = await fresh.text()
        for said in ("ông &lt;b&gt;Nam&lt;/b&gt;", "Trợ lý tự động &lt;i&gt;đây", 'data-press="cmd:person"'):
            assert said in page
        opening = page[page.index('id="chat-welcome"') : page.index('id="chat-log"')]
        assert "data-ask" not in opening
