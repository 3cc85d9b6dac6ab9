"""Taking over, answering and giving back; and that nothing a citizen writes can harm an officer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dialogue.turn import Mode, Outcome
from bot.staff.inbox import path_of
from bot.store import schema
from bot.store.database import Database
from bot.store.outbox import State
from bot.store.staff import Role
from connectors.channel import Capabilities
from connectors.message import MAX_TEXT, Attachment, Card, ConversationId, File, Option, Part, Source, Text
from tests.bot.fakes import FakeChannel
from tests.bot.staff.conftest import LAN, PATH, Console, ticket_in
from tests.conftest import StandingClock

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


class ShortLinedChannel(FakeChannel):
    """Takes ten characters at a time, and officers' words only within a day."""

    capabilities = Capabilities(10, 0, 20, window=timedelta(hours=24))

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        assert isinstance(part, Text)
        return tuple(Text(part.text[at : at + 10]) for at in range(0, len(part.text), 10))


@pytest.fixture
async def agent(console: Console) -> Console:
    await console.become(Role.AGENT)
    return console


@pytest.fixture
async def short_lined(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(ShortLinedChannel(),))
    await made.start()
    await made.become(Role.AGENT)
    yield made
    await made.client.close()


async def test_those_who_wait_come_first_and_longest_waiting_first(agent: Console) -> None:
    await agent.hear("câu của Hoa", user="hoa")
    await agent.hear("câu của Lan", user="lan", mode=Mode.WAITING)
    agent.clock.pass_(hours=3)
    await agent.hear("câu của Minh", user="minh", mode=Mode.WAITING)
    await agent.hear("câu của Tư", user="tu", mode=Mode.PERSON)
    page = await agent.page("/staff/hop-thu")
    assert [page.index(f"câu của {who}") for who in ("Lan", "Minh", "Tư", "Hoa")] == sorted(
        page.index(f"câu của {who}") for who in ("Lan", "Minh", "Tư", "Hoa")
    )
    assert "chờ 3 giờ" in page


async def test_empty_lists_are_calm(agent: Console) -> None:
    assert "Không ai phải chờ." in await agent.page("/staff/hop-thu")
    assert "chưa có gì cần bạn" in await agent.page("/staff/")


async def test_the_transcript_says_who_wrote_what_and_what_became_of_it(agent: Console) -> None:
    await agent.hear("Bao nhiêu điểm thì đạt?")
    answer = Text(
        "Từ 80 điểm.", (Option("Gặp cán bộ", "cmd:person"),), sources=(Source("Quyết định 324", "mục 3"),)
    )
    await agent.tell(answer)
    await agent.tell("Chào bạn", State.WAITING, author="officer")
    await agent.tell("Còn gì không?", State.FAILED, "the person blocked invitations [-217]", author="officer")
    page = await agent.page(PATH)
    for words in (
        "Bao nhiêu điểm thì đạt?",
        "Nguồn: Quyết định 324, mục 3",
        "Gợi ý kèm theo: Gặp cán bộ",
        "đã gửi",
        "chờ gửi",
        "chưa gửi được: Người dân đã chặn",
    ):
        assert words in page
    assert page.count('class="line officer"') == 2


async def test_hostile_words_and_file_names_are_shown_as_words(agent: Console) -> None:
    enclosed = (
        Attachment("file", "javascript:alert(3)", HOSTILE),
        Attachment("link", 'https://a.example/"onmouseover="alert(4)', HOSTILE),
    )
    await agent.hear(HOSTILE, mode=Mode.WAITING, attachments=enclosed)
    await agent.tell(Card(HOSTILE, HOSTILE, options=(Option(HOSTILE, "x"),)))
    await agent.tell(Text("ổn", sources=(Source(HOSTILE, HOSTILE),)))
    await agent.tell(File("/kho/don.pdf", HOSTILE, "application/pdf", HOSTILE), State.FAILED, HOSTILE)
    await agent.hear(HOSTILE, user="hoa", outcome=Outcome.ABSTAINED)
    await agent.hear(HOSTILE, user="tu", outcome=Outcome.PARKED)
    for path in ("/staff/hop-thu", PATH, f"{PATH}?manh=1", "/staff/tin-loi", "/staff/chua-tra-loi"):
        page = await agent.page(path)
        assert "&lt;script&gt;" in page, path
        assert "<script>" not in page, path
        assert "<img src=x" not in page, path
        assert "javascript:" not in page, path
        assert '"onmouseover' not in page, path


async def test_a_hostile_draft_comes_back_as_words(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON)
    draft = "</textarea><script>alert(1)</script>" + "a" * MAX_TEXT
    answer = await agent.post(f"{PATH}/tra-loi", loi=draft, ma="0" * 24)
    assert answer.status == 422
    page = await answer.text()
    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert "<script>" not in page


async def test_of_two_officers_at_once_exactly_one_gets_the_conversation(agent: Console) -> None:
    await agent.hear("Cho tôi gặp người thật", mode=Mode.WAITING)
    answers = await asyncio.gather(*(agent.post(f"{PATH}/nhan") for _ in range(6)))
    said = sorted(answer.headers["Location"].rpartition("=")[2] for answer in answers)
    assert said == ["da-nhan", *["nguoi-khac"] * 5]
    assert "Đã có cán bộ khác nhận" in await agent.page(f"{PATH}?bao=nguoi-khac")
    assert await agent.mode() is Mode.PERSON
    assert await agent.person_last_at() == agent.clock.now


async def test_taking_over_makes_a_turn_in_hand_stale(agent: Console) -> None:
    await agent.hear("Xin chào")
    before = (await agent.rows(schema.conversations))[0]["revision"]
    await agent.post(f"{PATH}/nhan")
    assert (await agent.rows(schema.conversations))[0]["revision"] != before


async def test_a_reply_reaches_the_outbox_fitted_and_silences_the_bot(short_lined: Console) -> None:
    await short_lined.hear("Xin chào", mode=Mode.WAITING)
    await short_lined.post(f"{PATH}/nhan")
    ticket = ticket_in(await short_lined.page(PATH))
    short_lined.clock.pass_(minutes=5)
    answer = await short_lined.post(f"{PATH}/tra-loi", loi="Mời bạn đến trụ sở.\r\nCảm ơn!", ma=ticket)
    assert answer.status == 303
    assert await short_lined.sent_by_officers() == ["Mời bạn đế", "n trụ sở.\n", "Cảm ơn!"]
    stored = await short_lined.rows(schema.outbox)
    assert {row["state"] for row in stored} == {State.WAITING}
    assert len({row["stamp"] for row in stored}) == 3
    assert short_lined.nudge.hints == 1
    assert await short_lined.mode() is Mode.PERSON
    assert await short_lined.person_last_at() == short_lined.clock.now


async def test_the_same_form_sent_twice_is_one_answer(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON)
    ticket = ticket_in(await agent.page(PATH))
    await asyncio.gather(*(agent.post(f"{PATH}/tra-loi", loi="Chào bạn", ma=ticket) for _ in range(4)))
    assert await agent.sent_by_officers() == ["Chào bạn"]


async def test_an_empty_answer_is_not_sent(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON)
    for nothing in ("", " \r\n ", "\x00"):
        assert (await agent.post(f"{PATH}/tra-loi", loi=nothing, ma="0" * 24)).status == 422
    assert (await agent.post(f"{PATH}/tra-loi", loi="Chào", ma="cũ")).status == 400
    assert await agent.sent_by_officers() == []


async def test_a_closed_window_is_said_before_typing_and_nothing_is_sent(short_lined: Console) -> None:
    await short_lined.hear("Xin chào", mode=Mode.PERSON)
    short_lined.clock.pass_(hours=21)
    await short_lined.become(Role.AGENT)
    assert "còn 3 giờ" in await short_lined.page(PATH)
    short_lined.clock.pass_(hours=3)
    page = await short_lined.page(PATH)
    assert "Đã hết hạn trả lời" in page
    assert "<textarea" not in page
    late = await short_lined.post(f"{PATH}/tra-loi", loi="Muộn mất rồi", ma="0" * 24)
    assert late.status == 422
    assert "Muộn mất rồi" in await late.text()
    assert await short_lined.sent_by_officers() == []


async def test_officers_may_have_more_time_than_the_bot(database: Database, clock: StandingClock) -> None:
    console = Console(database, clock)
    console.desk = replace(
        console.desk, channels=(ShortLinedChannel(),), officer_windows={"fake": timedelta(days=7)}
    )
    await console.start()
    await console.hear("Xin chào", mode=Mode.PERSON)
    clock.pass_(days=2)
    await console.become(Role.AGENT)
    assert "còn 5 ngày" in await console.page(PATH)
    await console.client.close()


async def test_who_left_or_whose_channel_is_off_cannot_be_answered(agent: Console) -> None:
    await agent.hear("Tạm biệt", mode=Mode.PERSON, can_receive=False)
    assert "đã ngừng nhận tin" in await agent.page(PATH)
    elsewhere = ConversationId("zalo", "oa", "lan")
    t = schema.conversations
    moved = {"key": elsewhere.key, "channel": "zalo", "can_receive": 1}
    await agent.database.write(lambda c: c.execute(t.update().values(moved)))
    assert "Kênh này đang tắt" in await agent.page(path_of(elsewhere))


async def test_giving_back_lets_the_bot_answer_again(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON)
    assert (await agent.post(f"{PATH}/tra-lai")).headers["Location"].endswith("da-tra")
    assert await agent.mode() is Mode.BOT
    assert (await agent.post(f"{PATH}/tra-lai")).headers["Location"].endswith("chua-nhan")


async def test_the_fragment_says_when_nothing_is_new(agent: Console) -> None:
    await agent.hear("Xin chào")
    first = await agent.get(f"{PATH}?manh=1")
    assert "<html" not in await first.text()
    etag = first.headers["ETag"]
    assert (await agent.get(f"{PATH}?manh=1", **{"If-None-Match": etag})).status == 304
    await agent.tell("Chào bạn")
    fresh = await agent.get(f"{PATH}?manh=1", **{"If-None-Match": etag})
    assert fresh.status == 200
    assert "Chào bạn" in await fresh.text()


@pytest.mark.parametrize("key", ["khong-phai", "ZmFrZTpvYTprb25nLWNv", "@@@", "_w", "a" * 900])
async def test_an_unknown_conversation_is_a_page_that_says_so(agent: Console, key: str) -> None:
    answer = await agent.get(f"/staff/hop-thu/{key}")
    assert answer.status == 404
    assert "Không có trang này" in await answer.text()
    assert (await agent.post(f"/staff/hop-thu/{key}/nhan")).status == 404


async def test_the_log_names_nobody_and_repeats_nothing(
    agent: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    await agent.hear("bí mật của tôi", mode=Mode.WAITING)
    await agent.post(f"{PATH}/nhan")
    await agent.post(f"{PATH}/tra-loi", loi="lời của cán bộ", ma="0" * 24)
    logged = capsys.readouterr()
    assert "staff_replied" in logged.out + logged.err
    for secret in ("bí mật", "lời của cán bộ", LAN.key, agent.secret, agent.csrf, "can-bo-agent"):
        assert secret not in logged.out + logged.err
