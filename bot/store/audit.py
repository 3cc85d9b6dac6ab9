"""The audit log: who changed what in the console, and who looked at whose personal data.

A line is written in the transaction of what it tells about, so neither is there without the other. Lines are
added and read, never changed. They name things by their ids and hold no content, no personal data and no
secrets: the log is read by people who may not read conversations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.logs import digest_of
from bot.store.schema import audit_log as t
from bot.store.staff import Officer
from connectors.message import ConversationId

VIEW_AGAIN_AFTER = timedelta(hours=1)
"""A page that keeps itself fresh is one view."""


class Action(StrEnum):
    """What is kept. The console's words for them: bot.staff.words.ACTIONS."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    CONVERSATION_VIEWED = "conversation_viewed"
    CONVERSATION_TAKEN = "conversation_taken"
    CONVERSATION_RETURNED = "conversation_returned"
    CONVERSATION_ANSWERED = "conversation_answered"
    NOTE_ADDED = "note_added"
    TROUBLE_VIEWED = "trouble_viewed"
    UNSENT_RETRIED = "unsent_retried"
    UNSENT_SET_ASIDE = "unsent_set_aside"
    UNHANDLED_SET_ASIDE = "unhandled_set_aside"
    ENTRY_SAVED = "entry_saved"
    ENTRY_ARCHIVED = "entry_archived"
    ENTRIES_IMPORTED = "entries_imported"
    ENTRIES_EXPORTED = "entries_exported"
    CONFLICT_DECIDED = "conflict_decided"
    MISS_DECIDED = "miss_decided"
    DOCUMENT_UPLOADED = "document_uploaded"
    DOCUMENT_CHANGED = "document_changed"
    DOCUMENT_SWITCHED = "document_switched"
    DOCUMENT_VIEWED = "document_viewed"
    PASSAGE_DECIDED = "passage_decided"
    ASSESSMENTS_VIEWED = "assessments_viewed"
    ASSESSMENTS_EXPORTED = "assessments_exported"
    ACCOUNT_INVITED = "account_invited"
    INVITE_WITHDRAWN = "invite_withdrawn"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    PASSWORD_LINK_MADE = "password_link_made"  # noqa: S105 - the name of an action
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an action
    SESSION_REVOKED = "session_revoked"
    RULES_CHANGED = "rules_changed"
    CHANNEL_TESTED = "channel_tested"
    RETENTION_APPLIED = "retention_applied"
    CONSENT_CHANGED = "consent_changed"
    DATA_EXPORTED = "data_exported"
    DATA_ERASED = "data_erased"
    CAMPAIGN_CHANGED = "campaign_changed"
    CAMPAIGN_STEP = "campaign_step"
    CAMPAIGN_TESTED = "campaign_tested"
    BROADCAST_CHANGED = "broadcast_changed"
    BROADCAST_STEP = "broadcast_step"
    RECIPIENTS_VIEWED = "recipients_viewed"
    RECIPIENTS_EXPORTED = "recipients_exported"
    OCCASION_CHANGED = "occasion_changed"
    REPORT_CHANGED = "report_changed"
    REPORT_EXPORTED = "report_exported"
    AUDIT_EXPORTED = "audit_exported"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    id: int
    at: datetime
    staff_id: int | None
    who: str
    action: str
    """An `Action`, or one this version does not know any more."""
    subject: str
    detail: Mapping[str, object]


async def note(
    connection: AsyncConnection,
    by: Officer | None,
    action: Action,
    subject: str,
    at: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add a line. `by` None: the command line, or the program itself."""
    await connection.execute(insert(t).values(_values(by, action, subject, at, detail)))


async def note_many(
    connection: AsyncConnection,
    by: Officer | None,
    action: Action,
    about: Sequence[tuple[str, Mapping[str, object]]],
    at: datetime,
) -> None:
    """Add a line for each of these subjects with its detail, in one statement."""
    if about:
        lines = [_values(by, action, subject, at, detail) for subject, detail in about]
        await connection.execute(insert(t), lines)


def _values(
    by: Officer | None, action: Action, subject: str, at: datetime, detail: Mapping[str, object] | None
) -> dict[str, object]:
    return {
        "at": at,
        "staff_id": by.id if by else None,
        "who": by.name if by else "",
        "action": action.value,
        "subject": subject[:300],
        "detail": json.dumps(detail or {}, ensure_ascii=False),
    }


async def saw_lately(
    connection: AsyncConnection, by: Officer, action: Action, subject: str, now: datetime
) -> bool:
    """Whether this officer's look at this subject is in the log already: then it need not be noted again."""
    row = await connection.execute(
        select(t.c.id)
        .where(
            t.c.subject == subject[:300],
            t.c.at > now - VIEW_AGAIN_AFTER,
            t.c.action == action.value,
            t.c.staff_id == by.id,
        )
        .limit(1)
    )
    return row.first() is not None


async def latest(
    connection: AsyncConnection,
    limit: int,
    *,
    before: int | None = None,
    actions: frozenset[Action] | None = None,
    staff_id: int | None = None,
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """Lines, the newest first; `before` an id, to go on from there; `since` counts in, `until` does not."""
    conditions = []
    if before is not None:
        conditions.append(t.c.id < before)
    if actions is not None:
        conditions.append(t.c.action.in_([one.value for one in actions]))
    if staff_id is not None:
        conditions.append(t.c.staff_id == staff_id)
    if subject:
        conditions.append(t.c.subject == subject)
    if since is not None:
        conditions.append(t.c.at >= since)
    if until is not None:
        conditions.append(t.c.at < until)
    return await _lines(connection, limit, *conditions)


async def latest_of_account(connection: AsyncConnection, staff_id: int, limit: int) -> list[Line]:
    """What this account did, and what was done to it; the newest first."""
    mine = or_(t.c.staff_id == staff_id, t.c.subject == account_subject(staff_id))
    return await _lines(connection, limit, mine)


def conversation_subject(id_: ConversationId) -> str:
    """What a line about a conversation is about: the same for the same one, and nobody can be named by it.

    The log outlives what a citizen had erased, so a platform's id of a person must never stand in it.
    """
    return f"conversation:{digest_of(id_.key)}"


def account_subject(staff_id: int) -> str:
    """What a line about an account is about."""
    return f"staff:{staff_id}"


async def _lines(connection: AsyncConnection, limit: int, *conditions: ColumnElement[bool]) -> list[Line]:
    rows = await connection.execute(select(t).where(*conditions).order_by(t.c.id.desc()).limit(limit))
    return [
        Line(row.id, row.at, row.staff_id, row.who, row.action, row.subject, json.loads(row.detail))
        for row in rows
    ]
