"""A house with something to report, put into the tables directly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, insert

from bot.outreach.report_counting import Bureau
from bot.outreach.report_drafts import ReportDesk
from bot.store import schema
from bot.store.database import Database
from knowledge.base import KnowledgeBase
from knowledge.content import content_of
from nlu.text import vietnamese_text
from tests.conftest import StandingClock

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST = datetime(2026, 9, 30, 17, tzinfo=UTC)
"""The first moment of October in Hanoi."""
LAST = datetime(2026, 10, 31, 17, tzinfo=UTC) - timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOSTILE = '=HYPERLINK("http://x")<b>&{{7*7}}\u202e'
_ids = itertools.count(1)


@cache
def nothing_known() -> KnowledgeBase:
    return KnowledgeBase(content_of(()), vietnamese_text())


def desk_of(database: Database, clock: StandingClock) -> ReportDesk:
    return ReportDesk(Bureau(database, HANOI, (), nothing_known), clock)


async def put(database: Database, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    await database.write(lambda c: c.execute(insert(table), list(rows)))


async def person(database: Database, key: str, began: datetime, *turns: tuple[datetime, str]) -> None:
    """Somebody, and (moment, outcome) of what they wrote."""
    channel = key.partition(":")[0]
    row = {
        "key": key, "channel": channel, "account": "oa", "user": key, "state": "{}", "revision": 1,
        "mode": "bot", "mode_since": began, "can_receive": 1, "created_at": began,
    }  # fmt: skip
    await put(database, schema.conversations, [row])
    said = [
        {"event_id": next(_ids), "conversation_key": key, "at": at, "outcome": outcome, "intent": "ask",
         "confidence": 1.0, "entry_id": "", "passages": "[]", "took_ms": 1.0}
        for at, outcome in turns
    ]  # fmt: skip
    if said:
        await put(database, schema.turns, said)


async def campaign(database: Database, name: str, started: datetime, fates: Sequence[dict[str, Any]]) -> None:
    """One that began, and its recipients: `key`, `state`, `why`, for queued ones `sending`, `sent_at` …"""
    id_ = next(_ids)
    row = {
        "id": id_, "name": name, "topic": "month", "state": "done", "message": "{}", "audience": "{}",
        "outside": "hold", "created_by": "cô Lan", "created_at": started, "revision": 1,
        "started_at": started, "planned_at": started,
    }  # fmt: skip
    await put(database, schema.campaigns, [row])
    for fate in fates:
        line, outbox_id = {**fate}, None
        key, sending = line.pop("key"), line.pop("sending", None)
        state, why = line.pop("state", "queued"), line.pop("why", "open")
        if sending is not None:
            outbox_id = next(_ids)
            message = {
                "id": outbox_id, "conversation_key": key, "channel": "zalo", "account": "oa", "user": key,
                "author": "campaign", "part": "{}", "stamp": f"c:{outbox_id}", "priority": 10,
                "state": sending, "not_before": started, "created_at": started, **line,
            }  # fmt: skip
            await put(database, schema.outbox, [message])
        recipient = {
            "campaign_id": id_, "conversation_key": key, "channel": "zalo", "account": "oa", "state": state,
            "standing": "free", "why": why, "decided_at": started, "outbox_id": outbox_id,
        }  # fmt: skip
        await put(database, schema.campaign_recipients, [recipient])


async def assessed(database: Database, number: int, place: str, at: datetime) -> None:
    row = {
        "code": f"KH-{number:04}-AAAA", "conversation_key": f"zalo:oa:{number}", "channel": "zalo",
        "criteria": "324-2023", "group_id": "nguoi-dan", "place": place, "step": "finished",
        "furthest": "finished", "remind": 0, "began_at": at, "touched_at": at, "finished_at": at,
        "points": "[8,8,8,8,8,8,8,8,8,8]", "total": 80, "passed": 1,
    }  # fmt: skip
    await put(database, schema.assessments, [row])


async def consent(database: Database, key: str, action: str, at: datetime, topic: str = "month") -> None:
    row = {"conversation_key": key, "topic": topic, "action": action, "at": at, "wording": "đồng ý"}
    await put(database, schema.consents, [row])


async def furnish(database: Database) -> None:
    """A little of everything in October, one name of it hostile."""
    await person(database, "zalo:oa:lan", FIRST - 40 * DAY, (FIRST - DAY, "answered"), (FIRST, "answered"))
    await person(database, "zalo:oa:minh", FIRST, (FIRST + DAY, "abstained"), (LAST, "handoff"))
    await person(database, "web:oa:hoa", FIRST + DAY, (FIRST + 2 * DAY, "answered"), (LAST + DAY, "answered"))
    await campaign(
        database, HOSTILE, FIRST + DAY,
        [
            {"key": "zalo:oa:lan", "sending": "sent", "sent_at": FIRST - HOUR, "seen_at": FIRST},
            {"key": "zalo:oa:minh", "sending": "sent", "sent_at": FIRST - 2 * DAY},
            {"key": "zalo:oa:a", "sending": "failed"},
            {"key": "zalo:oa:b", "sending": "unknown"},
            {"key": "zalo:oa:c", "state": "held", "why": "window"},
            {"key": "zalo:oa:d", "state": "skipped", "why": "not_agreed"},
        ],
    )  # fmt: skip
    for number in range(7):
        await assessed(database, number, HOSTILE if number < 5 else "Xã Bé Tí", FIRST + number * DAY)
    await consent(database, "zalo:oa:lan", "in", FIRST - DAY)
    await consent(database, "zalo:oa:minh", "in", FIRST + DAY)
    await consent(database, "zalo:oa:lan", "out", FIRST + 2 * DAY)
    question = {
        "key": "lop", "sample": HOSTILE, "count": 3, "first_at": FIRST, "last_at": LAST, "reason": "no_match",
        "nearest_entry": "",
    }  # fmt: skip
    await put(database, schema.misses, [question])
    document = {
        "sha256": "0" * 64, "name": "a.pdf", "media": "pdf", "number": "12/KH", "title": HOSTILE,
        "issued": date(2026, 1, 1), "issuer": "", "signer": "", "pages": 1, "quality": 1.0, "version": 1,
        "status": "active", "added_at": FIRST, "added_by": "cô Lan", "report": "{}",
    }  # fmt: skip
    await put(database, schema.library_sources, [document])
