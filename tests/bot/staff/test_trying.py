"""Trying the bot leaves nothing behind, and says why it answered as it did."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import func, select

from bot.app import make_flows
from bot.dialogue.assistant import Assistant
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import Texts
from bot.staff.tried import LINES_KEPT, TALK_LIMIT, Line, Talk, pack, unpack
from bot.staff.trying import TRIES
from bot.store import schema
from bot.store.staff import Role
from connectors.message import Option
from knowledge.base import KnowledgeBase
from knowledge.content import content_of
from nlu.interpreter import ASK_KNOWLEDGE, Entity, Interpretation
from nlu.text import fold, vietnamese_text
from tests.bot.staff.conftest import Console
from tests.bot.staff.faq.desk import HOSTILE, SHIPPED
from tests.conftest import StandingClock

TRY = "/staff/hoi-thu"
MEANT = {
    "tự chấm điểm": "start_assessment",
    "xóa dữ liệu của tôi": "erase_my_data",
    "cho gặp cán bộ": "human_request",
    "đồng ý": "affirm",
}


class Hearer:
    """Knows what a few sentences mean; everything else is a question."""

    async def interpret(self, text: str) -> Interpretation:
        intent = MEANT.get(text, ASK_KNOWLEDGE)
        entities = (Entity("year", "2030", 0, 4),) if "2030" in text else ()
        return Interpretation(intent, 0.93, text, fold(text), entities=entities)


@pytest.fixture
async def trying(console: Console, clock: StandingClock) -> AsyncIterator[Console]:
    """A console whose bot knows two questions and every flow."""
    base = KnowledgeBase(content_of(SHIPPED), vietnamese_text())
    assistant = Assistant(Hearer(), base, Texts("Hội"), flows=make_flows())
    await console.client.close()
    fresh = Console(console.database, clock)
    fresh.desk = replace(fresh.desk, base=lambda: base, assistant=assistant)
    await fresh.start()
    await fresh.become(Role.VIEWER)
    yield fresh
    await fresh.client.close()


def talk_in(page: str) -> str:
    found = re.search(r'name="noi-chuyen" value="([^"]*)"', page)
    assert found is not None
    return unescape(found.group(1))


def buttons_in(page: str) -> dict[str, str]:
    """Payloads by label."""
    found = re.findall(r'<button name="chon" value="([^"]*)">([^<]*)</button>', page)
    return {unescape(label): unescape(payload) for payload, label in found}


async def ask(console: Console, page: str, **form: str) -> str:
    answer = await console.post(TRY, None, noi_chuyen=talk_in(page), **form)
    assert answer.status == 200
    return await answer.text()


async def everything(console: Console) -> dict[str, int]:
    """How many rows each table has."""
    async with console.database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in schema.metadata.sorted_tables
        }


async def test_a_question_is_answered_with_the_reason_and_what_was_weighed(trying: Console) -> None:
    page = await ask(trying, await trying.page(TRY), thu="bao nhiêu điểm thì đạt năm 2030")
    shown = unescape(page)
    assert "Từ 80 điểm trở lên." in shown
    assert "Nguồn: Điều lệ, điều 1" in shown
    assert "đủ chắc để trả lời" in shown
    assert "Hỏi về khuyến học" in shown
    assert "năm 2030" in shown
    assert '<a href="/staff/cau-hoi/dat">' in page
    page = await ask(trying, page, thu="giá vàng hôm nay thế nào")
    assert "câu này vào danh sách Chưa trả lời được" in page
    assert "Không thấy nội dung nào giống" in page
    assert page.count("Từ 80 điểm trở lên.") >= 1  # the talk so far stays in sight


async def test_nothing_is_written_by_trying_whatever_is_said(trying: Console) -> None:
    before = await everything(trying)
    page = await trying.page(TRY)
    for words in ("không ai biết điều này", "sai rồi", "cho gặp cán bộ", "bao nhiêu điểm thì đạt"):
        page = await ask(trying, page, thu=words)
    # A flow is begun and walked by its own buttons …
    page = await ask(trying, page, thu="tự chấm điểm")
    steps = 0
    while (buttons := buttons_in(page)) and steps < 30:
        wanted = next((one for one in buttons if one.startswith("Đồng ý")), next(iter(buttons)))
        page = await ask(trying, page, chon=buttons[wanted])
        steps += 1
        if "[Ảnh kết quả" in page:
            break
    assert steps > 3
    # … and data are erased, with the confirmation.
    page = await ask(trying, page, thu="xóa dữ liệu của tôi")
    confirm = next(payload for label, payload in buttons_in(page).items() if "óa" in label)
    page = await ask(trying, page, chon=confirm)
    assert "dữ liệu về người ấy bị xóa" in page
    assert await everything(trying) == before


async def test_what_travels_in_the_form_is_bounded_and_taken_from_nobody(trying: Console) -> None:
    page = await trying.page(TRY)
    for given in (
        "{",
        "[]",
        '{"state": 1, "lines": 2}',
        '{"state": {}, "lines": [[1]]}',
        "9" * (TALK_LIMIT + 1),
    ):
        answer = await trying.post(TRY, noi_chuyen=given, thu="bao nhiêu điểm thì đạt")
        assert answer.status == 200, given[:20]
    for _ in range(6):
        page = await ask(trying, page, thu="bao nhiêu điểm thì đạt")
    assert len(unpack(talk_in(page)).lines) == LINES_KEPT
    hostile = pack(
        Talk(ConversationState(offered=(Option(HOSTILE, "x"),)), (Line(by_bot=True, text=HOSTILE),))
    )
    answer = await trying.post(TRY, noi_chuyen=hostile, chon="x", thu=HOSTILE)
    text = await answer.text()
    assert "<script>alert" not in text
    assert "<img src=x" not in text


async def test_beginning_anew_forgets_the_talk(trying: Console) -> None:
    page = await ask(trying, await trying.page(TRY), thu="bao nhiêu điểm thì đạt")
    page = await ask(trying, page, viec="lam-lai")
    assert unpack(talk_in(page)) == Talk()
    page = await ask(trying, page, viec="xem", thu="dở dang")
    assert 'value="dở dang"' in page


async def test_tries_of_one_session_are_slowed_and_nothing_typed_is_lost(trying: Console) -> None:
    for _ in range(TRIES):
        assert (await trying.post(TRY, thu="xin chào")).status == 200
    slowed = await trying.post(TRY, thu="câu đang gõ")
    assert slowed.status == 429
    text = await slowed.text()
    assert 'value="câu đang gõ"' in text
    assert "thử nhanh quá" in text
    await trying.become(Role.EDITOR)
    assert (await trying.post(TRY, thu="xin chào")).status == 200


async def test_a_fault_of_the_bot_is_said_and_the_page_stays(console: Console) -> None:
    await console.become(Role.AGENT)
    console.desk.assistant.poison.add("độc")  # type: ignore[attr-defined]
    answer = await console.post(TRY, thu="độc")
    assert answer.status == 500
    assert "Trợ lý gặp lỗi với câu này" in await answer.text()


async def test_the_panel_alone_is_the_same_form(trying: Console) -> None:
    panel = await trying.page(f"{TRY}?manh=1&thu=thi+lại")
    assert panel.lstrip().startswith('<form class="try"')
    assert 'value="thi lại"' in panel
    assert "data-try" in await trying.page("/staff/")
