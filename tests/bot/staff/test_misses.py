"""What the bot could not answer, seen by meaning and without people, and dealt with by one press."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from aiohttp import ClientResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import misses_again
from bot.dialogue.misses import key_of, masked
from bot.librarian import Librarian
from bot.misses_again import Known, MissesAgain
from bot.misses_grouping import Vectors
from bot.staff.misses import board
from bot.staff.misses.board import Shelf
from bot.staff.misses.moments import micros
from bot.store import audit, editing, misses, schema
from bot.store import content as stored
from bot.store.audit import Action
from bot.store.content import Status
from bot.store.database import Database
from bot.store.editing import Kept
from bot.store.misses import Miss, State
from bot.store.staff import Role
from knowledge.base import KnowledgeBase
from knowledge.content import Item, Kind, content_of, item
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import Console
from tests.bot.test_misses_again import Held
from tests.conftest import StandingClock

LIST = "/staff/chua-tra-loi"
HOSTILE = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(2)> học bổng"
LOST = ("Quên mật khẩu tài khoản thì làm sao?", "quên mk tài khoản thì làm sao ạ", "quen mat khau tk lam sao")
WEATHER = "Thời tiết hôm nay thế nào?"


def _fact(fact_id: str, statement: str) -> Item:
    body = {
        "statement": statement,
        "certainty": "certain",
        "locator": "điều 1",
        "source": {"title": "Điều lệ"},
    }
    return item(Kind.FACT, fact_id, {**body, "topic": "Hội"})


def _entry(entry_id: str, question: str, answer: str, fact: str) -> Item:
    return item(Kind.ENTRY, entry_id, {"question": question, "answer": answer, "facts": [fact]})


SHIPPED = (
    _fact("nguong", "Người đạt phải có từ 80 điểm trở lên."),
    _fact("phi", "Hội viên đóng hội phí mỗi năm một lần."),
    _entry("dat", "Bao nhiêu điểm thì đạt?", "Từ 80 điểm trở lên.", "nguong"),
    _entry("phi", "Hội phí đóng thế nào?", "Theo Điều lệ, đóng mỗi năm một lần.", "phi"),
)


class Office:
    """A console, a bot that follows the database, and what citizens asked."""

    def __init__(self, console: Console, librarian: Librarian) -> None:
        self.console, self.database, self.clock = console, console.database, console.clock
        self.librarian = librarian
        self.again = MissesAgain(
            self.database, Held(), lambda: Known(librarian.revision, librarian.base), self.clock
        )

    async def miss(self, text: str, times: int = 1, reason: str = "not_known", nearest: str = "") -> str:
        key, at = key_of(text), self.clock()
        for _ in range(times):
            await self.database.write(
                lambda c: misses.record(
                    c, key=key, sample=masked(text), reason=reason, nearest=nearest, at=at
                )
            )
        return key

    async def kept(self, text: str) -> Miss:
        async with self.database.read() as connection:
            (found,) = await misses.find(connection, [key_of(text)])
        return found

    async def entry(self, entry_id: str) -> Kept:
        async with self.database.read() as connection:
            one = await editing.find(connection, Kind.ENTRY, entry_id)
        assert one is not None
        return one

    async def send(self, what: str, *texts: str, **more: str) -> ClientResponse:
        """A group's button with these wordings ticked."""
        form = {"csrf": self.console.csrf, **{f"cach:{key_of(text)}": "1" for text in texts}}
        form |= {name.replace("_", "-"): value for name, value in more.items()}
        return await self.console.client.post(f"{LIST}/{what}", data=form, allow_redirects=False)

    async def press(self, what: str, *texts: str, **more: str) -> str:
        """The same, where it leads to."""
        answer = await self.send(what, *texts, **more)
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]

    async def ask_again(self) -> None:
        await self.librarian.refresh(self.database)
        await self.again.ask_again()


@pytest.fixture
async def office(
    database: Database, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr(misses_again, "PAUSE_SECONDS", 0)
    base = KnowledgeBase(content_of(()), vietnamese_text())
    librarian = Librarian(base, vietnamese_text(), "none", tmp_path)
    console = Console(database, clock)
    console.desk = replace(console.desk, base=lambda: librarian.base)
    await console.start()
    await database.write(lambda c: stored.sync(c, SHIPPED, clock()))
    await librarian.refresh(database)
    clock.pass_(hours=1)
    await console.become(Role.EDITOR, "cô Lan")
    yield Office(console, librarian)
    await console.client.close()
    librarian.close()


def filled_in(editor: str) -> dict[str, str]:
    """The fields of the editor that say something."""
    tags = re.findall(r"<input [^>]*>", editor[editor.index("data-editor") :])
    pairs = [(re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags]
    fields = {name[1]: unescape(value[1]) for name, value in pairs if name and value}
    areas = re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', editor, re.DOTALL)
    return {name: value for name, value in {**fields, **{k: unescape(v) for k, v in areas}}.items() if value}


def cards(page: str) -> list[str]:
    return re.findall(r'<article class="card miss".*?</article>', page, re.DOTALL)


async def test_ways_of_asking_lie_together_the_most_asked_first_with_why_and_when(office: Office) -> None:
    await office.miss(WEATHER, 2, "out_of_scope")
    office.clock.pass_(days=2)
    for number, text in enumerate(LOST):
        await office.miss(text, 3 - number)
    await office.console.become(Role.EDITOR)
    first, second = cards(unescape(await office.console.page(LIST)))
    assert re.search(r"<h2[^>]*>Quên mật khẩu tài khoản thì làm sao\?</h2>", first)
    assert all(part in first for part in ("<strong>6</strong> lần", "3 cách hỏi", "Chưa có nội dung", *LOST))
    assert "trong ngày 04/10/2026" in first
    assert all(part in second for part in (WEATHER, "<strong>2</strong> lần", "Ngoài phạm vi"))


async def test_search_reason_and_period_narrow_the_list(office: Office) -> None:
    await office.miss(WEATHER, reason="out_of_scope")
    office.clock.pass_(days=40)
    await office.miss(LOST[0], reason="too_vague")
    await office.console.become(Role.EDITOR)

    async def shown(query: str) -> list[bool]:
        page = unescape(await office.console.page(f"{LIST}?{query}"))
        return [WEATHER in page, LOST[0] in page]

    assert await shown("") == [True, True]
    assert await shown("tim=thoi+tiet") == [True, False]
    assert await shown("ly-do=too_vague") == [False, True]
    assert await shown("ky=30") == [False, True]
    assert await shown("ky=90&ly-do=xau&trang=-1&loc=gi-do") == [True, True]


async def test_what_strangers_typed_is_shown_and_does_nothing(office: Office) -> None:
    await office.miss(HOSTILE)
    await office.miss('=HYPERLINK("http://xau.example")')
    page = await office.console.page(LIST)
    chooser = await office.send("them", HOSTILE)
    for markup in (page, await chooser.text()):
        assert "<script>alert" not in markup
        assert "<img" not in markup.replace('<img src="/chat/assets/icon.svg"', "")
        assert "&lt;script&gt;alert(1)" in markup
    answer = await office.console.get(f"{LIST}/danh-sach.csv")
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert len(rows) == 3
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


async def test_nobody_is_told_who_asked(office: Office) -> None:
    await office.console.hear(
        "Tên tôi là Nguyễn Văn Kín, quên mật khẩu tài khoản, gọi 0912345678", user="lan"
    )
    await office.miss("Tên tôi là Nguyễn Văn Kín, quên mật khẩu tài khoản, gọi 0912345678")
    page = await office.console.page(LIST)
    assert "quên mật khẩu" in page
    assert not any(secret in page for secret in ("Kín", "0912345678", "hop-thu/"))


async def test_out_of_scope_is_one_press_and_can_be_taken_back(office: Office) -> None:
    await office.miss(WEATHER, 2)
    there = await office.press("ngoai-pham-vi", WEATHER, tim="thoi")
    assert there.startswith(f"{LIST}?tim=thoi&vua=")
    page = await office.console.page(there)
    assert cards(page) == []
    assert "vào ngoài phạm vi" in page
    (card,) = cards(await office.console.page(f"{LIST}?loc=ngoai"))
    assert "Bạn xếp vào ngoài phạm vi" in card
    (moment,) = parse_qs(urlsplit(there).query)["vua"]
    assert "xong=hoan-tac" in await office.press("hoan-tac", luc=moment)
    assert (await office.kept(WEATHER)).state is State.OPEN
    assert "loi=khong-hoan-tac" in await office.press("hoan-tac", luc=moment)
    lines = [row for row in await office.console.rows(schema.audit_log) if row["action"] == "miss_decided"]
    assert len(lines) == 2
    assert "thoi" not in str(lines)


async def test_of_two_editors_one_wins_and_the_other_is_told(office: Office) -> None:
    await office.miss(WEATHER)
    await office.press("bo-qua", WEATHER)
    await office.console.become(Role.EDITOR, "anh Minh")
    there = await office.press("ngoai-pham-vi", WEATHER)
    assert "đồng nghiệp vừa xử lý" in await office.console.page(there)
    now = await office.kept(WEATHER)
    assert (now.state, now.decided_by) == (State.SKIPPED, "cô Lan")
    assert now.decided_at is not None
    assert "khong-hoan-tac" in await office.press("hoan-tac", luc=str(micros(now.decided_at)))
    assert "xong=mo-lai" in await office.press("mo-lai", WEATHER)


async def test_only_the_ticked_wordings_are_meant(office: Office) -> None:
    for text in LOST:
        await office.miss(text)
    await office.press("bo-qua", LOST[0])
    assert [(await office.kept(text)).state for text in LOST] == [State.SKIPPED, State.OPEN, State.OPEN]
    assert "loi=khong-chon" in await office.press("bo-qua")


async def test_wordings_are_added_to_an_entry_the_bot_is_asked_again_and_it_can_be_undone(
    office: Office,
) -> None:
    for number, text in enumerate(LOST):
        await office.miss(text, 3 - number)
    before = await office.entry("phi")
    there = await office.press("them", *LOST, vao="phi")
    assert "Đang hỏi lại trợ lý" in await office.console.page(there)
    assert (await office.entry("phi")).body["variants"] == list(LOST)
    await office.ask_again()
    page = await office.console.page(there)
    assert "đã trả lời được cả 3 cách hỏi" in page
    assert cards(page) == []
    (card,) = cards(unescape(await office.console.page(f"{LIST}?loc=xong")))
    assert 'href="/staff/cau-hoi/phi">Hội phí đóng thế nào?' in card
    async with office.database.read() as connection:
        (line,) = await editing.history(connection, Kind.ENTRY, "phi")
        noted = [one.action for one in await audit.latest(connection, 10)]
    assert line.change.by == "cô Lan"
    assert {Action.ENTRY_SAVED, Action.MISS_DECIDED} <= set(noted)

    (moment,) = parse_qs(urlsplit(there).query)["vua"]
    await office.press("hoan-tac", luc=moment)
    assert (await office.entry("phi")).body == before.body
    assert {(await office.kept(text)).state for text in LOST} == {State.OPEN}
    await office.ask_again()
    assert {(await office.kept(text)).state for text in LOST} == {State.OPEN}


async def test_undoing_leaves_alone_what_a_colleague_changed_since(office: Office) -> None:
    await office.miss(LOST[0])
    there = await office.press("them", LOST[0], vao="phi")
    now = await office.entry("phi")
    body = {**now.body, "answer": "Theo Điều lệ, mỗi năm một lần.", "variants": [LOST[0], "đóng quỹ thế nào"]}
    made = item(Kind.ENTRY, "phi", body)
    office.clock.pass_(minutes=1)
    at = office.clock()
    await office.database.write(
        lambda c: editing.put(c, made, now.version, by="anh Minh", why="", at=at, status=Status.PUBLISHED)
    )
    (moment,) = parse_qs(urlsplit(there).query)["vua"]
    await office.press("hoan-tac", luc=moment)
    after = (await office.entry("phi")).body
    assert (after["answer"], after["variants"]) == ("Theo Điều lệ, mỗi năm một lần.", ["đóng quỹ thế nào"])


async def test_what_another_entry_has_and_what_held_a_name_is_left_out_and_said(office: Office) -> None:
    theirs, named = "bao nhieu diem thi dat", "tên tôi là Nguyễn Văn Kín hỏi đóng quỹ hội"
    texts = (theirs, named, "đóng quỹ hội thế nào")
    for text in texts:
        await office.miss(text)
    chooser = await (await office.send("them", *texts)).text()
    assert re.search(r"Đã là cách hỏi của.*Bao nhiêu điểm thì đạt", chooser)
    there = await office.press("them", *texts, vao="phi")
    assert "Để lại 1 cách hỏi" in await office.console.page(there)
    assert (await office.entry("phi")).body["variants"] == ["đóng quỹ hội thế nào"]
    assert (await office.kept(theirs)).state is State.OPEN
    assert "loi=khong-them" in await office.press("them", theirs, vao="phi")


async def test_an_entry_that_waits_for_a_decision_is_not_changed_by_the_way(office: Office) -> None:
    await office.miss(LOST[0])
    now = await office.entry("phi")
    at = office.clock()
    await office.database.write(
        lambda c: editing.archive(c, Kind.ENTRY, "phi", now.version, by="Minh", why="", at=at)
    )
    answer = await office.send("them", LOST[0], vao="phi")
    assert answer.status == 409
    assert (await office.kept(LOST[0])).state is State.OPEN
    missing = await office.send("them", LOST[0], vao="khong")
    assert missing.status == 404


async def test_an_answer_is_written_for_a_group_and_the_group_is_solved_by_it(office: Office) -> None:
    for text in LOST:
        await office.miss(text)
    there = await office.press("soan", *LOST, tieu_bieu=key_of(LOST[0]))
    editor = await office.console.page(there)
    form = filled_in(editor)
    assert form["cau-hoi"] == LOST[0]
    assert sorted(form["cach-hoi"].split("\n")) == sorted(LOST[1:])
    assert "Bạn đang soạn câu trả lời" in await office.console.page(LIST)
    await office.console.become(Role.EDITOR, "anh Minh")
    assert "cô Lan đang soạn" in await office.console.page(LIST)
    assert "loi=dong-nghiep" in await office.press("soan", *LOST)
    await office.console.become(Role.EDITOR, "cô Lan")

    form |= {
        "tra-loi": "Bấm Quên mật khẩu.",
        "can-cu:nguong": "1",
        "viec": "luu",
        "csrf": office.console.csrf,
    }
    answer = await office.console.client.post(there.split("?")[0], data=form, allow_redirects=False)
    if answer.status == 422:  # warned of, and confirmed
        token = re.search(r'name="xac-nhan" value="([^"]+)"', await answer.text())
        assert token is not None
        form["xac-nhan"] = token.group(1)
        answer = await office.console.client.post(there.split("?")[0], data=form, allow_redirects=False)
    assert answer.status == 303
    await office.ask_again()
    assert {(await office.kept(text)).state for text in LOST} == {State.SOLVED}
    assert (await office.kept(LOST[0])).answered_by == answer.headers["Location"].split("/")[-1].split("?")[0]
    assert "trợ lý đã trả lời được" in await office.console.page(f"{LIST}?loc=xong")


async def test_who_only_reads_sees_the_questions_and_no_buttons(office: Office) -> None:
    await office.miss(LOST[0])
    await office.console.become(Role.AGENT)
    (card,) = cards(unescape(await office.console.page(LIST)))
    assert LOST[0] in card
    assert "<button" not in card


async def test_a_miss_that_comes_while_the_page_is_cached_is_seen_at_once(office: Office) -> None:
    await office.miss(LOST[0])
    assert len(cards(await office.console.page(LIST))) == 1
    pages = await asyncio.gather(*(office.console.page(LIST) for _ in range(3)))
    assert {len(cards(page)) for page in pages} == {1}
    await office.miss(WEATHER)
    assert len(cards(await office.console.page(LIST))) == 2


async def test_what_the_model_reads_behind_the_page_joins_what_words_do_not(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def meaning(_: KnowledgeBase, question: str) -> Vectors | None:
        place = 1 if "tiền" in question or "phí" in question else 2 if "mưa" in question else 0
        vector: Vectors = np.eye(3, dtype=np.float32)[place]
        return vector

    monkeypatch.setattr(KnowledgeBase, "meaning", meaning)
    monkeypatch.setattr(board, "_READ_PAUSE_SECONDS", 0)
    base = KnowledgeBase(content_of(()), vietnamese_text())
    asked = ("đóng tiền học mấy đồng", "phí lớp bao nhiêu", "nay mưa chăng")
    at = clock()

    async def job(connection: AsyncConnection) -> None:
        for text in asked:
            key = key_of(text)
            await misses.record(connection, key=key, sample=text, reason="not_known", nearest="", at=at)

    await database.write(job)
    groups = board.Board(database, lambda: base)
    try:
        assert len((await groups.now())[Shelf.OPEN].groups) == 3  # nobody waits for the model
        for _ in range(100):
            found = [len(one.misses) for one in (await groups.now())[Shelf.OPEN].groups]
            if len(found) == 2:
                break
            await asyncio.sleep(0.02)
        assert found == [2, 1]
    finally:
        await groups.close()
