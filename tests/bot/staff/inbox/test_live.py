"""Open pages hear of changes at once and of nothing else; no stream outlives its session or the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import ClientResponse
from sqlalchemy import event

import bot.staff.inbox.page
from bot.dialogue.turn import Mode
from bot.staff.inbox.live import Rhythm
from bot.store import conversations, notes, schema
from bot.store.outbox import State
from bot.store.staff import Role
from connectors.message import ConversationId
from tests.bot.staff.conftest import LAN, PATH, Console
from tests.bot.staff.inbox.conftest import Browser, browser_of

LIST_STREAM, STREAM = "/staff/hop-thu/luong", f"{PATH}/luong"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that look often, so that tests need not wait. Asked for before the console."""
    made = Rhythm(look=0.06, breath=0.02, heartbeat=0.1, per_session=2, per_process=3)
    monkeypatch.setattr(bot.staff.inbox.page, "Rhythm", lambda: made)


class Listening:
    """A page's stream, line by line."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def mark(self, within: float = 5.0) -> str:
        """The mark of the next event."""
        async with asyncio.timeout(within):
            while line := await self._answer.content.readline():
                if line.startswith(b"data: "):
                    return line.decode().removeprefix("data: ").strip()
        raise AssertionError("the stream ended")

    async def is_quiet(self, seconds: float) -> bool:
        """No event comes for so long (signs of life may)."""
        try:
            await self.mark(seconds)
        except TimeoutError:
            return True
        return False

    async def end(self, within: float = 5.0) -> bytes:
        """What comes before the stream ends."""
        return await asyncio.wait_for(self._answer.content.read(), within)


@asynccontextmanager
async def listening(officer: Browser, path: str, **headers: str) -> AsyncIterator[Listening]:
    answer = await officer.get(path, **headers)
    try:
        assert answer.status == 200, answer.status
        assert answer.content_type == "text/event-stream"
        yield Listening(answer)
    finally:
        answer.close()


@pytest.fixture
async def officer(quick: None, console: Console) -> Browser:
    await console.hear("Xin chào")
    return await browser_of(console, "cô Lan")


async def test_a_change_is_heard_within_two_seconds(console: Console) -> None:
    """With the rhythm of every day."""
    await console.hear("Xin chào")
    officer = await browser_of(console, "cô Lan")
    async with listening(officer, STREAM) as page, listening(officer, LIST_STREAM) as listed:
        first = await page.mark(), await listed.mark()
        started = time.monotonic()
        await console.hear("Tôi hỏi thêm")
        second = await page.mark(), await listed.mark()
        assert time.monotonic() - started < 2
        assert first[0] != second[0]
        assert first[1] != second[1]


async def test_everything_a_page_shows_changes_its_mark(officer: Browser) -> None:
    console = officer.console
    row = await console.tell("đang gửi", State.WAITING)
    t = schema.outbox

    async def to_sent() -> None:
        await console.database.write(
            lambda c: c.execute(t.update().where(t.c.id == row).values(state="sent"))
        )

    async def to_person() -> None:
        await console.database.write(lambda c: conversations.take_over(c, LAN, "thầy Minh", console.clock()))

    async def to_note() -> None:
        await console.database.write(
            lambda c: notes.add(c, LAN.key, author="thầy Minh", text="bí mật", at=console.clock())
        )

    async with listening(officer, STREAM) as page:
        seen = [await page.mark()]
        for change in (to_sent, to_person, to_note, lambda: console.hear("Tôi hỏi thêm", mode=Mode.PERSON)):
            await change()
            seen.append(await page.mark())
        assert len(set(seen)) == len(seen)
        assert all(len(mark) == 16 and mark.isalnum() for mark in seen)  # no words, no names


async def test_what_happens_elsewhere_wakes_no_page(officer: Browser) -> None:
    await officer.console.hear("tôi là Hoa", user="hoa")
    async with listening(officer, STREAM) as page:
        await page.mark()
        await officer.console.hear("lại là Hoa đây", user="hoa")
        assert await page.is_quiet(0.4)


async def test_a_browser_that_comes_back_hears_only_what_it_missed(officer: Browser) -> None:
    async with listening(officer, STREAM) as page:
        mark = await page.mark()
    async with listening(officer, STREAM, **{"Last-Event-ID": mark}) as page:
        assert await page.is_quiet(0.3)
    await officer.console.hear("Tôi hỏi thêm")
    async with listening(officer, STREAM, **{"Last-Event-ID": mark}) as page:
        assert await page.mark() != mark


async def sign_out(officer: Browser) -> None:
    await officer.post("/staff/logout")


async def expire(officer: Browser) -> None:
    officer.console.clock.pass_(hours=13)


async def lock(officer: Browser) -> None:
    t = schema.staff
    now = officer.console.clock()
    await officer.console.database.write(lambda c: c.execute(t.update().values(disabled_at=now)))


async def demote(officer: Browser) -> None:
    t = schema.staff
    await officer.console.database.write(lambda c: c.execute(t.update().values(role=Role.VIEWER.value)))


@pytest.mark.parametrize("way", [sign_out, expire, lock, demote])
async def test_a_session_that_ends_takes_its_stream_with_it(
    officer: Browser, way: Callable[[Browser], Awaitable[None]]
) -> None:
    async with listening(officer, STREAM) as page:
        await page.mark()
        await way(officer)
        await page.end(within=3)
    assert (await officer.get(STREAM)).status in {303, 403}


async def test_streams_are_limited_by_session_and_by_process(officer: Browser) -> None:
    async with listening(officer, STREAM), listening(officer, LIST_STREAM):
        assert (await officer.get(STREAM)).status == 429
        other = await browser_of(officer.console, "thầy Minh")
        async with listening(other, STREAM):
            assert (await other.get(STREAM)).status == 429
    for _ in range(100):  # places are free again as soon as the pages are closed
        answer = await officer.get(STREAM)
        answer.close()
        if answer.status == 200:
            return
        await asyncio.sleep(0.02)
    pytest.fail("a closed page is still counted")


async def test_a_quiet_stream_gives_signs_of_life_and_ends_in_time(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Rhythm(look=0.05, breath=0.02, heartbeat=0.1, length=0.5)
    monkeypatch.setattr(bot.staff.inbox.page, "Rhythm", lambda: made)
    other = Console(console.database, console.clock)
    await other.start()
    await other.hear("Xin chào")
    officer = await browser_of(other, "cô Lan")
    async with listening(officer, STREAM) as page:
        assert b": con day" in await page.end()
    await other.client.close()


async def test_the_server_stops_without_waiting_for_open_pages(officer: Browser) -> None:
    answer = await officer.get(STREAM)
    started = time.monotonic()
    await officer.console.client.server.close()
    assert time.monotonic() - started < 1
    answer.close()


async def test_many_pages_are_one_look(
    quick: None, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Rhythm(look=0.1, breath=0.02, per_session=50)
    monkeypatch.setattr(bot.staff.inbox.page, "Rhythm", lambda: made)
    other = Console(console.database, console.clock)
    await other.start()
    for number in range(6):
        await other.hear("Xin chào", user=f"u{number}")
    officer = await browser_of(other, "cô Lan")
    paths = [path for n in range(6) for path in (stream_of(f"u{n}"), LIST_STREAM)]
    answers = [await officer.get(path) for path in paths]
    asked: list[str] = []

    def ask(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    engine = console.database._readers.sync_engine
    event.listen(engine, "before_cursor_execute", ask)
    await asyncio.sleep(0.35)
    event.remove(engine, "before_cursor_execute", ask)
    assert 3 <= len(asked) <= 3 * 5  # sessions, conversations and the list, once a look; not once a page
    for answer in answers:
        answer.close()
    await other.client.close()


async def test_an_unknown_conversation_has_no_stream(officer: Browser) -> None:
    assert (await officer.get(stream_of("khong-co"))).status == 404
    assert (await officer.get("/staff/hop-thu/@@@/luong")).status == 404


async def test_a_stream_carries_the_headers_of_the_console(officer: Browser) -> None:
    answer = await officer.get(STREAM)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    answer.close()


async def test_a_hint_shortens_the_wait(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Rhythm(look=30, breath=0.02)
    monkeypatch.setattr(bot.staff.inbox.page, "Rhythm", lambda: made)
    hinted: asyncio.Queue[str] = asyncio.Queue()

    class Hints:
        async def wait(self, timeout: float) -> str | None:  # noqa: ASYNC109
            return await asyncio.wait_for(hinted.get(), timeout)

    @asynccontextmanager
    async def hints() -> AsyncIterator[Hints]:
        yield Hints()

    other = Console(console.database, console.clock)
    other.desk = replace(other.desk, hints=hints)
    await other.start()
    await other.hear("Xin chào")
    officer = await browser_of(other, "cô Lan")
    async with listening(officer, STREAM) as page:
        await page.mark()
        await other.hear("Tôi hỏi thêm")
        await hinted.put("go")
        await page.mark(within=2)
    await other.client.close()


def stream_of(user: str) -> str:
    return f"{bot.staff.inbox.path_of(ConversationId('fake', 'oa', user))}/luong"
