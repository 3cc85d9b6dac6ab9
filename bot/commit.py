"""Carrying out a turn: the event's end, the new state, replies and effects in one SQL transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import erasures
from bot.clock import Clock
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import (
    AssessmentFinished,
    Delivered,
    Effect,
    Forget,
    HeardEvent,
    Missed,
    Mode,
    OfficerWrote,
    Outcome,
    OwnEcho,
    SetMode,
    SetReceiving,
    Subscribed,
    ToldAboutThemselves,
    Turn,
    Unsubscribed,
)
from bot.flows.results import AssessmentProgress
from bot.store import (
    assessments,
    audit,
    conversations,
    events,
    misses,
    outbox,
    profiles,
    subscriptions,
    turns,
)
from bot.store.audit import Action
from bot.store.conversations import Conversation, StaleConversation
from bot.store.database import Database
from bot.store.outbox import NewMessage, State
from bot.store.profiles import Profile
from connectors.message import ANSWERABLE, OPENS_WINDOW, InboundEvent, Part, Template, Text

ECHO_KNOWN_BY_WORDS = timedelta(minutes=10)
"""How long after a message was given up its words coming home still count as its echo."""
Stamped = Sequence[tuple[Part, str]]


async def commit_turn(
    database: Database,
    before: Conversation,
    heard: HeardEvent,
    turn: Turn,
    replies: Stamped,
    clock: Clock,
    took_ms: float,
) -> None:
    """Make the turn true. Raises StaleConversation, changing nothing, when another worker was first."""
    now = clock()

    async def job(connection: AsyncConnection) -> None:
        if not await events.finish(connection, heard.id, turn.outcome, now):
            raise StaleConversation(before.id.key)
        after = _heard(replace(before, state=turn.state), heard)
        # First of all, so that what is said after an erasure is numbered after what was said before it.
        messages = [NewMessage(before.id, part, stamp, event_id=heard.id) for part, stamp in replies]
        await outbox.add(connection, messages, now)
        for effect in turn.effects:
            after = await _carry_out(connection, effect, after, heard, now)
        if after != before:
            await conversations.save(connection, after, now)
        if heard.event.kind in ANSWERABLE:
            await turns.add(
                connection,
                event_id=heard.id,
                conversation_key=before.id.key,
                at=now,
                outcome=turn.outcome,
                understanding=turn.understanding,
                took_ms=took_ms,
                declined=_why_declined(turn),
            )

    await database.write(job)


async def commit_parked(
    database: Database,
    before: Conversation,
    heard: HeardEvent,
    error: str,
    apology: Part | None,
    stamp: str,
    clock: Clock,
) -> None:
    """Give up on an event that cannot be handled: keep it as a dead letter and say sorry."""
    now = clock()

    async def job(connection: AsyncConnection) -> None:
        if not await events.finish(connection, heard.id, Outcome.PARKED, now, error):
            raise StaleConversation(before.id.key)
        await conversations.save(connection, _heard(before, heard), now)
        if apology is not None:
            await outbox.add(connection, [NewMessage(before.id, apology, stamp, event_id=heard.id)], now)

    await database.write(job)


async def commit_notice(database: Database, heard: HeardEvent, clock: Clock) -> None:
    """Record an event that belongs to no conversation."""
    await database.write(lambda c: events.finish(c, heard.id, Outcome.RECORDED, clock()))


def _why_declined(turn: Turn) -> str:
    if turn.outcome is not Outcome.ABSTAINED:
        return ""
    return next((effect.reason for effect in turn.effects if isinstance(effect, Missed)), "")


def _heard(conversation: Conversation, heard: HeardEvent) -> Conversation:
    """The window opens when the citizen acts. Our own clock counts: platform timestamps can be odd, and
    a delivery is at most hours late where windows are days long."""
    if heard.event.kind not in OPENS_WINDOW:
        return conversation
    last = conversation.last_heard_at
    return replace(
        conversation,
        last_heard_at=heard.received_at if last is None else max(last, heard.received_at),
        can_receive=True,
    )


async def _carry_out(
    connection: AsyncConnection, effect: Effect, after: Conversation, heard: HeardEvent, now: datetime
) -> Conversation:
    key = after.id.key
    match effect:
        case SetMode(mode):
            # Whoever takes the thread counts as having just written: the bot's return is timed from there.
            last = heard.received_at if mode is Mode.PERSON else after.person_last_at
            return replace(after, mode=mode, mode_since=now, person_last_at=last)
        case SetReceiving(allowed):
            return replace(after, can_receive=allowed)
        case OfficerWrote():
            return await _officer_wrote(connection, effect, after, heard, now)
        case OwnEcho():
            await _confirm(connection, key, effect, now)
        case Delivered(message_ids, until, seen):
            await outbox.mark_delivered(connection, key, message_ids=message_ids, until=until, seen=seen)
        case Missed(question, sample, reason, nearest):
            await misses.record(
                connection, key=question, sample=sample, reason=reason, nearest=nearest, at=now
            )
        case AssessmentProgress():
            await assessments.move_on(connection, after.id, effect, heard.received_at)
        case AssessmentFinished(result):
            await assessments.finish(connection, after.id, result, now)
        case Subscribed() | Unsubscribed() | ToldAboutThemselves():
            await _consent(connection, key, effect, heard)
        case Forget(receipt):
            return await _forget(connection, after, heard, receipt, now)
    return after


async def _forget(
    connection: AsyncConnection, after: Conversation, heard: HeardEvent, receipt: str, now: datetime
) -> Conversation:
    """Everything goes but the bare demand and the receipt for it, on which the log can be asked."""
    event = heard.event
    await erasures.forget(connection, after.id.key, now, keep_event=heard.id)
    bare = InboundEvent(event.channel, event.account, event.user, event.key, event.kind, event.sent_at)
    await events.blank(connection, heard.id, bare)
    subject = f"erasure:{receipt}" if receipt else "erasure"
    await audit.note(connection, None, Action.DATA_ERASED, subject, now)
    # Nobody waits for an officer any more: there is nothing left that one could answer.
    state = after.state if event.kind in ANSWERABLE else ConversationState()
    since = after.mode_since if after.mode is Mode.BOT else now
    return replace(after, state=state, mode=Mode.BOT, mode_since=since, person_last_at=None, officer="")


async def _consent(
    connection: AsyncConnection,
    key: str,
    effect: Subscribed | Unsubscribed | ToldAboutThemselves,
    heard: HeardEvent,
) -> None:
    """What the citizen agreed to, took back, or told so that they get what concerns them."""
    at = heard.received_at
    match effect:
        case Subscribed(topics, wording):
            await subscriptions.agree(connection, key, topics, wording=wording, event_id=heard.id, at=at)
        case Unsubscribed(wording):
            await subscriptions.withdraw(connection, key, wording=wording, event_id=heard.id, at=at)
        case ToldAboutThemselves(commune, group):
            await profiles.save(connection, key, Profile(commune, group), at)


async def _officer_wrote(
    connection: AsyncConnection, effect: OfficerWrote, after: Conversation, heard: HeardEvent, now: datetime
) -> Conversation:
    """An officer answered in the platform's inbox, unless it is our own send coming back unmarked."""
    if await outbox.match_echo(connection, after.id.key, stamp="", message_id=effect.message_id, now=now):
        return after
    said = NewMessage(
        after.id,
        Text(effect.text),
        f"{outbox.ECHO}{heard.id}",
        author="officer",
        event_id=heard.id,
        state=State.SENT,
        platform_message_id=effect.message_id,
    )
    await outbox.add(connection, [said], now)
    since = after.mode_since if after.mode is Mode.PERSON else now
    return replace(after, mode=Mode.PERSON, mode_since=since, person_last_at=heard.received_at)


async def _confirm(connection: AsyncConnection, key: str, echo: OwnEcho, now: datetime) -> None:
    """Know our send by its stamp or id; failing both (Zalo gives neither back in time), by its words."""
    if await outbox.match_echo(connection, key, stamp=echo.stamp, message_id=echo.message_id, now=now):
        return
    words = " ".join(echo.text.split())
    for id_, part in await outbox.unconfirmed(connection, key, now - ECHO_KNOWN_BY_WORDS):
        if _says(part, words):
            await outbox.mark_sent(connection, id_, echo.message_id, now)
            return


def _says(part: Part, words: str) -> bool:
    """Whether an echo with these words can be this part. The platform shows text followed by sources."""
    if isinstance(part, Template) and not words:  # whether its echo tells the words is not documented
        return True
    if not isinstance(part, Text | Template):
        return not words
    said = " ".join(part.text.split())
    return bool(words) and words.startswith(said)
