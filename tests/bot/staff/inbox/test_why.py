"""Below an answer stands why: what was understood, what was taken, what was weighed; nothing invented."""

from __future__ import annotations

import re
from pathlib import Path

import nlu
from bot.dialogue.turn import Outcome, Understanding
from bot.staff.inbox.why import INTENTS, explain, library_passages
from bot.store import schema, turns
from bot.store.transcript import Place
from bot.store.turns import Why
from knowledge.answer import AbstentionReason, Passage
from knowledge.base import KnowledgeBase
from knowledge.content import content_of
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import PATH, Console

HOSTILE = '"><script>alert(1)</script>'


def nothing_known() -> KnowledgeBase:
    return KnowledgeBase(content_of(()), vietnamese_text())


def test_every_intent_the_interpreter_knows_has_words() -> None:
    learnt: set[str] = set()
    for path in (Path(nlu.__file__).parent / "data").glob("*.yml"):
        learnt |= set(re.findall(r"^\s*- intent: *(\w+)", path.read_text(), re.MULTILINE))
    assert len(learnt) > 20
    assert learnt <= INTENTS.keys()


async def test_the_fold_tells_what_was_recorded(agent: Console) -> None:
    understanding = Understanding(
        "ask_knowledge",
        0.91,
        "cdht-diem",
        passages=(Passage("cdht-diem", 0.87), Passage("library:p7", 0.031)),
    )
    await agent.hear("Bao nhiêu điểm thì đạt?", understanding=understanding)
    event = int(str((await agent.rows(schema.inbound_events))[0]["id"]))
    source = {
        "sha256": "0", "name": "a.pdf", "media": "pdf", "number": "", "title": f"Công văn {HOSTILE}",
        "issuer": "", "signer": "", "pages": 1, "quality": 1.0, "version": 1, "status": "active",
        "added_at": agent.clock(), "added_by": "", "report": "{}",
    }  # fmt: skip
    passage = {
        "id": 7, "source_id": 1, "ordinal": 0, "kind": "text", "locator": "trang 3", "page": 3,
        "section": "1", "text": "…", "quality": 1.0, "damaged": 0, "state": "ok", "suggestion": "",
    }  # fmt: skip
    await agent.database.write(lambda c: c.execute(schema.library_sources.insert().values(id=1, **source)))
    await agent.database.write(lambda c: c.execute(schema.library_passages.insert().values(**passage)))
    await agent.tell("Từ 80 điểm.", event_id=event)
    await agent.tell("Mời bạn hỏi tiếp.", event_id=event)
    page = await agent.page(PATH)
    assert page.count("Vì sao trợ lý trả lời thế này") == 1  # below the last line of the answer
    assert "Hỏi về khuyến học, chắc (91%)" in page
    assert 'href="/staff/cau-hoi/cdht-diem"' in page
    assert "giống 87%" in page
    assert "trang 3" in page
    assert "<script>alert" not in page


async def test_why_it_declined_is_kept_with_the_turn_and_told(agent: Console) -> None:
    await agent.hear("Thời tiết?", outcome=Outcome.ABSTAINED)
    event = int(str((await agent.rows(schema.inbound_events))[0]["id"]))
    await agent.tell("Mình chưa biết.", event_id=event)
    assert "Nói thật là chưa biết." in await agent.page(PATH)
    t = schema.turns
    await agent.database.write(lambda c: c.execute(t.update().values(declined=AbstentionReason.OUT_OF_SCOPE)))
    assert "việc của nơi khác" in await agent.page(PATH)
    async with agent.database.read() as connection:
        assert (await turns.of_events(connection, [event]))[event].declined == "out_of_scope"


def test_what_is_gone_is_said_to_be_gone_and_odd_ids_lead_nowhere() -> None:
    why = Why(
        "answered", "ask_knowledge", 0.5, "../../xau", (("fact:x", 0.2), ("document:677/QĐ-TTg", 0.1)), ""
    )
    made = explain(1, why, nothing_known(), {})
    assert made.taken is not None
    assert made.taken.path == "/staff/cau-hoi/..%2F..%2Fxau"
    assert [one.label for one in made.weighed] == ["Căn cứ đã bỏ", "Văn bản 677/QĐ-TTg"]
    library = Why("answered", "", 0.0, "library:p12", (("p13", 0.5), ("pháp", 0.1)), "không rõ")
    assert library_passages([library]) == {12, 13}
    told = explain(1, library, nothing_known(), {12: Place("Công văn 9", "trang 2")})
    assert told.taken is not None
    assert (told.taken.label, told.meant, told.reason) == ("Công văn 9, trang 2", "", "")
