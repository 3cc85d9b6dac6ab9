"""The list shows what needs work: what is asked often, what rests on shaky ground, what is confused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.faq.saving import Saving, Writing, put_entry
from bot.staff.faq.shelf import shelf_of
from bot.staff.faq.twins import pairs_of
from bot.store import content, schema
from bot.store.audit import Action
from bot.store.content import Status
from bot.store.editing import NEW, Kept, Stale, find
from bot.store.staff import Officer, Role
from knowledge.base import KnowledgeBase
from knowledge.content import Kind, content_of
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import Console
from tests.bot.staff.faq.desk import FAQ, SHIPPED, edit, entry, form_of, send
from tests.conftest import StandingClock


def listed(page: str) -> list[str]:
    return re.findall(rf'<a href="{FAQ}/([a-z][a-z0-9-]*)">', page)


async def answered(console: Console, entry_id: str, event_id: int, days_ago: int) -> None:
    values = {
        "event_id": event_id,
        "conversation_key": "fake:oa:lan",
        "at": console.clock() - timedelta(days=days_ago),
        "outcome": "answered",
        "intent": "ask_knowledge",
        "confidence": 1.0,
        "entry_id": entry_id,
        "passages": "[]",
        "took_ms": 1.0,
    }
    await console.database.write(lambda c: c.execute(schema.turns.insert().values(**values)))


async def test_what_is_asked_most_comes_first_and_what_nobody_asks_can_be_found(faq: Console) -> None:
    for number, (entry_id, days_ago) in enumerate(
        (("phi", 1), ("phi", 29), ("dat", 2), ("dat", 31), ("dat", 40))
    ):
        await answered(faq, entry_id, number + 1, days_ago)
    page = await faq.page(f"{FAQ}?xep=hay-hoi")
    assert listed(page) == ["phi", "dat"]
    assert "30 ngày qua trả lời 2 lượt" in page
    assert listed(await faq.page(f"{FAQ}?xep=chua-hoi")) == ["dat", "phi"]
    assert "30 ngày qua trả lời 1 lượt" in await faq.page(f"{FAQ}/dat")
    await edit(faq, "phi", tra_loi="Theo Điều lệ, mỗi năm đóng một lần.")
    assert listed(await faq.page(f"{FAQ}?xep=moi-sua")) == ["phi", "dat"]


async def test_what_rests_on_shaky_ground_can_be_listed_alone(faq: Console) -> None:
    page = await faq.page(f"{FAQ}?can-cu=chua-chac")
    assert listed(page) == ["phi"]
    assert "căn cứ chưa chắc" in page


async def test_two_entries_the_bot_confuses_are_a_pair_and_others_are_none() -> None:
    twin = entry("dat-hai", "Bao nhiêu điểm thì đạt?", "Từ 80 điểm trở lên.", "nguong")
    items = (*SHIPPED, twin)
    rows: dict[Kind, list[Kept]] = {Kind.FACT: [], Kind.ENTRY: [], Kind.DOCUMENT: []}
    for one in items:
        rows[one.kind].append(Kept(one.kind, one.id, one.body, Status.PUBLISHED, "1", None, None, "", None))
    shelf, base = shelf_of(1, rows), KnowledgeBase(content_of(items), vietnamese_text())
    (pair,) = await pairs_of(shelf, base)
    assert (pair.one, pair.other) == ("dat", "dat-hai")
    assert pair.likeness >= 0.5
    assert await pairs_of(shelf, base, stopping=lambda: True) == []


async def test_the_page_of_pairs_is_there_when_there_are_none(faq: Console) -> None:
    assert "Không có hai câu nào" in await faq.page(f"{FAQ}/_gan-giong")


async def test_a_question_that_was_handed_over_keeps_its_wordings_and_whose_it_is(faq: Console) -> None:
    asked = "cau-hoi=Thi+lại+được+không?&cach-hoi=thi lại%0Ađược thi lại không&nguon=nhóm 7"
    page = await faq.page(f"{FAQ}/_moi?{asked}")
    form = form_of(page)
    assert form["cach-hoi"] == "thi lại\nđược thi lại không"
    assert form["nguon"] == "nhóm 7"
    # It is still there after a try that was refused.
    refused = await send(faq, f"{FAQ}/_moi", form | {"viec": "luu"})
    assert form_of(await refused.text())["nguon"] == "nhóm 7"


async def test_whoever_handed_it_over_hears_of_it_in_the_same_transaction(
    faq: Console, clock: StandingClock
) -> None:
    heard: list[Saving] = []

    async def saved(connection: AsyncConnection, saving: Saving) -> None:
        heard.append(saving)
        if saving.origin == "hỏng":
            raise RuntimeError("it cannot be noted")

    made = entry("moi", "Câu mới?", "Từ 80 điểm.", "nguong")
    officer = Officer(1, "lan", Role.EDITOR, "", disabled=False)

    async def write(version: str, origin: str) -> None:
        writing = Writing(made, version, "thử", Status.PUBLISHED, (), origin)

        async def job(connection: AsyncConnection) -> None:
            await content.begin_change(connection)
            await put_entry(connection, writing, officer, clock(), saved)

        await faq.database.write(job)

    with pytest.raises(RuntimeError):
        await write(NEW, "hỏng")
    async with faq.database.read() as connection:
        assert await find(connection, Kind.ENTRY, "moi") is None
    await write(NEW, "nhóm 7")
    assert (heard[-1].origin, heard[-1].status, heard[-1].item.id) == ("nhóm 7", Status.PUBLISHED, "moi")
    count = len(heard)
    with pytest.raises(Stale):
        await write("cũ", "nhóm 7")
    assert len(heard) == count


async def test_every_change_has_its_line_in_the_audit_log(faq: Console, clock: StandingClock) -> None:
    await edit(faq, "dat", tra_loi="Của Hội: 80 điểm.")
    newer = (*SHIPPED[:2], entry("dat", "Bao nhiêu điểm thì đạt?", "Mới: 80.", "nguong"), SHIPPED[3])
    await faq.database.write(lambda c: content.sync(c, newer, clock()))
    version = form_of(await faq.page(f"{FAQ}/dat"))["phien-ban"]
    await faq.post(f"{FAQ}/dat/xung-dot", lay="moi", phien_ban=version)
    version = form_of(await faq.page(f"{FAQ}/phi"))["phien-ban"]
    await faq.post(f"{FAQ}/phi/luu-tru", phien_ban=version)
    await faq.post(f"{FAQ}/phi/luu-tru", phien_ban="cũ")  # refused: no line
    lines = [(row["action"], row["subject"], row["who"]) for row in await faq.rows(schema.audit_log)]
    assert lines == [
        (Action.ENTRY_SAVED, "dat", "can-bo-editor"),
        (Action.CONFLICT_DECIDED, "dat", "can-bo-editor"),
        (Action.ENTRY_ARCHIVED, "phi", "can-bo-editor"),
    ]


async def test_the_history_shows_what_a_draft_said_and_brings_it_back(faq: Console) -> None:
    page = await faq.page(f"{FAQ}/_moi?cau-hoi=Thi+lại+được+không?")
    form = form_of(page) | {"tra-loi": "Nháp một: 80 điểm.", "can-cu:nguong": "1", "viec": "nhap"}
    await send(faq, f"{FAQ}/_moi", form)
    path = f"{FAQ}/thi-lai-duoc-khong"
    await edit(faq, "thi-lai-duoc-khong", tra_loi="Công bố: 80 điểm.")
    page = await faq.page(f"{path}/lich-su")
    assert "Lưu bản nháp" in page
    assert re.search(r"<del>.*Nháp.*</del>", page)
    draft = re.search(rf'href="({path}\?ban-nhap=\d+)"', page)
    assert draft is not None
    assert form_of(await faq.page(draft.group(1)))["tra-loi"] == "Nháp một: 80 điểm."
