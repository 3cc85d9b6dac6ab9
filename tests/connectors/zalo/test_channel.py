"""The whole door against a scripted server: what goes over the wire, and what each failure becomes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.channel import Outgoing, Receipt, WebhookChannel
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from connectors.message import Card, File, Option, Part, PublicReply, Text
from connectors.zalo import ZaloChannel
from connectors.zalo.client import appsecret_proof
from tests.connectors.zalo.fakes import (
    FakeClock,
    MemoryTokenStore,
    ScriptedServer,
    breaks_off,
    hangs,
    hangs_up,
    pair,
    says,
    says_text,
)

CS, V2, OAUTH, GETOA = "/v3.0/oa/message/cs", "/v2.0/oa/message", "/v4/oa/access_token", "/v2.0/oa/getoa"
SENT = {"error": 0, "data": {"message_id": "m1", "user_id": "u1", "quota": {"quota_type": "reply"}}}
NEW_PAIR = {"access_token": "access-b", "refresh_token": "refresh-b", "expires_in": "90000"}
CHOICE = Text("Bắt đầu nhé?", (Option("Có", "yes"), Option("Không", "no")))
WRITTEN = {"text": "Bắt đầu nhé?\n\n1. Có\n2. Không\nBạn gõ số từ 1 đến 2 để chọn nhé."}


class Door:
    """A channel in front of a scripted server."""

    def __init__(self, server: ScriptedServer, **config: Any) -> None:
        self.server = server
        self.clock = FakeClock()
        self.store = MemoryTokenStore(pair("a", at=self.clock.now - timedelta(hours=1)))
        self.channel = ZaloChannel(server.config(**config), self.store, clock=self.clock)

    async def send(self, part: Part, user: str = "u1") -> Receipt:
        return await self.channel.send(Outgoing(user, part, "stamp"))

    def sent(self) -> list[Any]:
        return [body["message"] for body in self.server.bodies(CS)]

    def tokens_used(self) -> list[str]:
        return [r.headers["access_token"] for r in self.server.requests if "access_token" in r.headers]


Opener = Callable[..., Door]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def door(server: ScriptedServer) -> AsyncIterator[Opener]:
    opened: list[Door] = []

    def open_door(**config: Any) -> Door:
        opened.append(Door(server, **config))
        return opened[-1]

    yield open_door
    for one in opened:
        await one.channel.aclose()


async def test_a_text_goes_out_as_a_consultation_message(server: ScriptedServer, door: Opener) -> None:
    server.on(CS, SENT)

    receipt = await door().send(Text("Xin chào bạn"))

    assert receipt == Receipt("m1", "reply")
    (request,) = server.requests
    assert request.body == {"recipient": {"user_id": "u1"}, "message": {"text": "Xin chào bạn"}}
    assert request.headers["access_token"] == "access-a"
    assert request.headers["appsecret_proof"] == appsecret_proof("appSecretKey", "access-a")
    assert "authorization" not in request.headers


def test_the_proof_is_the_documented_one() -> None:
    assert appsecret_proof("appSecretKey", "accessToken") == (
        "0584869ec908cfecf20763760e69c4baca98ac64aaeb6a938f47ca758dfe779f"
    )


async def test_an_anonymous_visitor_is_answered_through_v2_in_words(
    server: ScriptedServer, door: Opener
) -> None:
    server.on(V2, SENT)

    await door().send(CHOICE, "anon:a55:c77")

    assert server.bodies(V2) == [
        {"recipient": {"anonymous_id": "a55", "conversation_id": "c77"}, "message": WRITTEN}
    ]


async def test_a_message_without_quota_was_billed(server: ScriptedServer, door: Opener) -> None:
    server.on(CS, {"error": 0, "data": {"message_id": "m1"}})

    assert await door().send(Text("a")) == Receipt("m1", "billed")


@pytest.mark.parametrize("code", [-201, -233, -235, -240])
async def test_rejected_buttons_become_words_at_once_and_for_an_hour(
    server: ScriptedServer, door: Opener, code: int
) -> None:
    opened = door()
    server.on(CS, {"error": code}, SENT)

    assert await opened.send(CHOICE) == Receipt("m1", "reply")
    await opened.send(CHOICE)
    opened.clock.move(minutes=61)
    await opened.send(CHOICE)

    assert ["attachment" in message for message in opened.sent()] == [True, False, False, True]
    assert opened.sent()[1] == WRITTEN


async def test_buttons_are_not_blamed_for_what_words_cannot_do_either(
    server: ScriptedServer, door: Opener
) -> None:
    opened = door()
    server.on(CS, {"error": -201})

    for _ in range(2):
        with pytest.raises(Refused):
            await opened.send(CHOICE)

    assert ["attachment" in message for message in opened.sent()] == [True, False, True, False]


@pytest.mark.parametrize("answer", [hangs_up, breaks_off, {"error": -200}, {"error": -230}, says({}, 500)])
async def test_words_never_follow_buttons_without_a_definite_rejection(
    server: ScriptedServer, door: Opener, answer: Any
) -> None:
    opened = door()
    server.on(CS, answer, SENT)

    with pytest.raises(SendError):
        await opened.send(CHOICE)

    assert len(opened.sent()) == 1


@pytest.mark.parametrize(("buttons", "tried"), [("off", [False] * 2), ("on", [True, False] * 2)])
async def test_buttons_can_be_forced_or_forbidden(
    server: ScriptedServer, door: Opener, buttons: str, tried: list[bool]
) -> None:
    opened = door(buttons=buttons)
    answers = [{"error": -233}, SENT] * 2 if buttons == "on" else [SENT]
    server.on(CS, *answers)

    for _ in range(2):
        await opened.send(CHOICE)

    assert ["attachment" in message for message in opened.sent()] == tried


async def test_a_rejected_picture_becomes_words(server: ScriptedServer, door: Opener) -> None:
    opened = door()
    server.on(CS, {"error": -201}, SENT)

    await opened.send(Card("Tháng Khuyến học", image_url="https://hoi.example/a.jpg"))

    assert opened.sent()[1] == {"text": "Tháng Khuyến học"}


@pytest.mark.parametrize("rejection", [{"error": -216}, {"error": -220}, {"error": 401}, says({}, 401)])
async def test_a_rejected_token_is_refreshed_and_the_call_made_once_more(
    server: ScriptedServer, door: Opener, rejection: Any
) -> None:
    opened = door()
    server.on(CS, rejection, SENT)
    server.on(OAUTH, NEW_PAIR)

    assert await opened.send(Text("a")) == Receipt("m1", "reply")

    assert opened.tokens_used() == ["access-a", "access-b"]
    assert opened.store.stored is not None
    assert opened.store.stored.refresh_token == "refresh-b"


async def test_a_second_rejection_is_not_fought(server: ScriptedServer, door: Opener) -> None:
    server.on(CS, {"error": -216})
    server.on(OAUTH, NEW_PAIR)

    with pytest.raises(Misconfigured):
        await door().send(Text("a"))

    assert len(server.bodies(CS)) == 2
    assert len(server.bodies(OAUTH)) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (hangs_up, OutcomeUnknown),
        (breaks_off, OutcomeUnknown),
        (says_text('{"error":0,"da'), OutcomeUnknown),
        (says_text("<html>Zalo</html>"), OutcomeUnknown),
        (says_text("[]"), OutcomeUnknown),
        (says_text("{}"), OutcomeUnknown),
        ({"error": -200}, OutcomeUnknown),
        (says({"error": -201}, 503), RetryLater),
        (says_text("", 502), RetryLater),
        (says_text("", 429), RetryLater),
        ({"error": -32}, RetryLater),
        ({"error": "-230"}, WindowClosed),
        (says_text("not here", 404), Misconfigured),
        (says_text("", 302, Location="https://elsewhere.example"), Misconfigured),
    ],
)
async def test_each_failure_says_what_to_do_next(
    server: ScriptedServer, door: Opener, answer: Any, kind: type[SendError]
) -> None:
    server.on(CS, answer)

    with capture_logs() as logs, pytest.raises(kind) as caught:
        await door().send(Text("điều riêng tư"))

    assert type(caught.value) is kind
    assert "riêng tư" not in repr(logs) + str(caught.value)


async def test_an_answer_that_never_comes_is_in_doubt_and_ends_in_time(
    server: ScriptedServer, door: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.zalo.channel.SEND_SECONDS", 0.8)
    server.on(CS, hangs)
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        await door().send(Text("a"))

    assert time.monotonic() - began < 1.4


async def test_a_refused_connection_is_certain(server: ScriptedServer, unused_tcp_port: int) -> None:
    nowhere = replace(server.config(), api_base=f"http://127.0.0.1:{unused_tcp_port}")
    channel = ZaloChannel(nowhere, MemoryTokenStore(pair("a")), clock=FakeClock())

    with pytest.raises(RetryLater):
        await channel.send(Outgoing("u1", Text("a"), "stamp"))
    await channel.aclose()


async def test_a_document_is_uploaded_once_and_sent_by_token(
    server: ScriptedServer, door: Opener, tmp_path: Path
) -> None:
    opened = door()
    file = _file(tmp_path, "Kết quả.pdf", b"%PDF-1")
    server.on("/v2.0/oa/upload/file", {"error": 0, "data": {"token": "t1"}})
    server.on(CS, SENT)

    await opened.send(file)
    await opened.send(file, "u2")

    (upload,) = server.bodies("/v2.0/oa/upload/file")
    assert upload == {"raw": 'form-data; name="file"; filename="Kết quả.pdf"', "content": b"%PDF-1"}
    assert opened.sent() == [{"attachment": {"type": "file", "payload": {"token": "t1"}}}] * 2


async def test_an_expired_upload_is_uploaded_again_once(
    server: ScriptedServer, door: Opener, tmp_path: Path
) -> None:
    opened = door()
    file = _file(tmp_path, "a.png", b"\x89PNG")
    server.on(
        "/v2.0/oa/upload/image",
        {"error": 0, "data": {"attachment_id": "i1"}},
        {"error": 0, "data": {"attachment_id": "i2"}},
    )
    server.on(CS, SENT, {"error": -100}, SENT)

    await opened.send(file)
    await opened.send(file)

    used = [message["attachment"]["payload"]["elements"][0]["attachment_id"] for message in opened.sent()]
    assert used == ["i1", "i1", "i2"]


async def test_an_upload_is_forgotten_before_zalo_forgets_it(
    server: ScriptedServer, door: Opener, tmp_path: Path
) -> None:
    opened = door()
    file = _file(tmp_path, "a.gif", b"GIF89a\x40\x01\xf0\x00...")
    server.on("/v2.0/oa/upload/gif", {"error": 0, "data": {"attachment_id": "g1"}})
    server.on(CS, SENT)
    server.on(OAUTH, NEW_PAIR)

    await opened.send(file)
    opened.clock.move(days=6.5)
    await opened.send(file)

    assert len(server.bodies("/v2.0/oa/upload/gif")) == 2
    element = opened.sent()[0]["attachment"]["payload"]["elements"][0]
    assert element == {"media_type": "gif", "attachment_id": "g1", "width": 320, "height": 240}


async def test_a_failed_upload_sent_nothing(server: ScriptedServer, door: Opener, tmp_path: Path) -> None:
    server.on("/v2.0/oa/upload/file", hangs_up)

    with pytest.raises(RetryLater):
        await door().send(_file(tmp_path, "a.pdf", b"%PDF"))


@pytest.mark.parametrize("code", [-223, -224, -211])
async def test_an_account_that_may_not_upload_goes_on_writing(
    server: ScriptedServer, door: Opener, tmp_path: Path, code: int
) -> None:
    server.on("/v2.0/oa/upload/file", {"error": code})
    server.on(CS, SENT)
    opened = door()

    with pytest.raises(Refused):  # of this file alone: anything else would let the account rest
        await opened.send(_file(tmp_path, "a.pdf", b"%PDF"))

    assert (await opened.send(Text("việc nên làm"))).message_id == "m1"


async def test_an_upload_with_a_token_nobody_takes_is_a_fault_of_the_account(
    server: ScriptedServer, door: Opener, tmp_path: Path
) -> None:
    server.on("/v2.0/oa/upload/file", {"error": -216})
    server.on(OAUTH, NEW_PAIR)

    with pytest.raises(Misconfigured):
        await door().send(_file(tmp_path, "a.pdf", b"%PDF"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "file_kind"),
        ("a.pdf", b"", "file_damaged"),
        ("a.gif", b"not a gif", "file_damaged"),
        ("a.png", b"x" * (1024 * 1024 + 1), "file_size"),
        ("a.pdf", b"x" * (5 * 1024 * 1024 + 1), "file_size"),
        ("a.pdf", None, "file_missing"),
    ],
)
async def test_a_file_zalo_cannot_take_is_refused_before_any_call(
    door: Opener, tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        await door().send(_file(tmp_path, name, content))

    assert caught.value.code == code


async def test_a_public_reply_is_refused(door: Opener) -> None:
    with pytest.raises(Refused):
        await door().send(PublicReply("Cảm ơn bạn"))


async def test_a_working_account_is_healthy(server: ScriptedServer, door: Opener) -> None:
    server.on(GETOA, {"error": 0, "data": {"oa_id": "oa1", "name": "Hội Khuyến học"}})

    health = await door().channel.check()

    assert (health.ok, health.summary) == (True, "OA Hội Khuyến học đang hoạt động.")


async def test_a_token_of_another_oa_is_noticed(server: ScriptedServer, door: Opener) -> None:
    server.on(GETOA, {"error": 0, "data": {"oa_id": "other", "name": "Khác"}})

    assert not (await door().channel.check()).ok


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": -224}, "Gói dịch vụ"),
        ({"error": -216}, "không còn chấp nhận mã truy cập"),
        ({"error": -219}, "-219"),
        (says({}, 503), "chưa gọi được Zalo"),
    ],
)
async def test_a_broken_account_says_what_is_wrong(
    server: ScriptedServer, door: Opener, answer: Any, words: str
) -> None:
    server.on(GETOA, answer)
    server.on(OAUTH, {"error": -14014})

    health = await door().channel.check()

    assert not health.ok
    assert words in health.summary
    assert health.remedy


async def test_an_account_without_tokens_says_so(server: ScriptedServer, door: Opener) -> None:
    opened = door()
    opened.store.stored = None

    assert (await opened.channel.check()).summary == "Chưa có mã truy cập của OA."


async def test_a_refused_renewal_shows_while_the_old_token_still_works(
    server: ScriptedServer, door: Opener
) -> None:
    opened = door()
    opened.clock.move(hours=21)
    server.on(OAUTH, {"error": -14014})
    server.on(GETOA, {"error": 0, "data": {"oa_id": "oa1", "name": "Hội"}})

    health = await opened.channel.check()

    assert not health.ok
    assert "không cho gia hạn" in health.summary


async def test_the_channel_fulfils_the_contract(door: Opener) -> None:
    channel: WebhookChannel = door().channel

    await channel.show_typing("u1")
    assert (channel.name, channel.account) == ("zalo", "oa1")
    assert channel.capabilities.window == timedelta(days=7)
    assert channel.capabilities.max_options == 5
    assert not channel.capabilities.shows_typing


def _file(folder: Path, name: str, content: bytes | None) -> File:
    path = folder / "upload"
    if content is not None:
        path.write_bytes(content)
    return File(str(path), name, "application/octet-stream")
