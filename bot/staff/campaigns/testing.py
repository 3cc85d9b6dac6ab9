"""Gửi thử: a campaign's message sent to the officer who asks, on their own phone, before anybody gets it.

Whose phone it is follows from a code: the page shows one, the officer texts it to the association, and what
wrote it lately gets the message. Nobody else can be reached from here. Who tries a campaign is no recipient.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.campaign import Campaign
from bot.outreach.delivery import Post
from bot.outreach.pictures import FOLDER
from bot.staff.parts import StaffParts
from bot.store import audit, events, outbox, profiles
from bot.store.audit import Action
from bot.store.outbox import CAMPAIGN, NewMessage
from bot.store.staff import Session

LOOKED_BACK = timedelta(minutes=15)
_DIGITS = 6
NOT_HEARD = "chua-thay-ma"
SENT_ALREADY = "da-gui-thu-roi"
SENT = "da-gui-thu"


def code_of(campaign: Campaign, session: Session) -> str:
    """What this officer texts: the same as long as they are signed in, and nobody else can work it out."""
    digest = hmac.new(session.csrf.encode(), f"try\n{campaign.id}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}}"


def says(text: str, code: str) -> bool:
    """Whether these words are `thu 123456`, as people type it."""
    return re.fullmatch(rf"\W*th[uử]\W*{code}\W*", text.casefold()) is not None


async def send(parts: StaffParts, campaign: Campaign, session: Session) -> str:
    """Send the message to whoever texted the code last; gives the code of a notice or a warning."""
    now = parts.clock()
    async with parts.database.read() as connection:
        heard = [
            one
            for one in await events.said_since(connection, now - LOOKED_BACK)
            if says(one.text, code_of(campaign, session))
        ]
    if not heard:
        return NOT_HEARD
    newest = heard[0]
    channel = parts.channel_of(newest.conversation)
    if channel is None:
        return NOT_HEARD
    post = Post(parts.association_name, parts.zone, (parts.data_dir or Path()) / FOLDER)

    async def job(connection: AsyncConnection) -> str:
        commune = (await profiles.communes(connection, [newest.conversation.key])).get(
            newest.conversation.key, ""
        )
        messages = [
            NewMessage(newest.conversation, piece, _stamp(campaign, newest.event_id, place), author=CAMPAIGN)
            for place, piece in enumerate(
                piece
                for part in post.parts(campaign.message, commune, now)
                for piece in channel.fit(part, newest.conversation.user)
            )
        ]
        if await outbox.has_stamp(connection, messages[0].stamp):
            return SENT_ALREADY
        await outbox.add(connection, messages, now)
        subject = f"campaign:{campaign.id}"
        await audit.note(connection, session.officer, Action.CAMPAIGN_TESTED, subject, now)
        return SENT

    done = await parts.database.write(job)
    await parts.nerves.hint_outbox()
    return done


def _stamp(campaign: Campaign, event_id: int, place: int) -> str:
    """One try for each time the code is texted; pressing twice sends once."""
    said = f"campaign-try\n{campaign.id}\n{campaign.revision}\n{event_id}\n{place}"
    return f"kh:{hashlib.sha256(said.encode()).hexdigest()[:24]}"
