"""The vocabulary shared by all doors: what comes in, what goes out, and whose conversation it is.

These values cross every boundary of the program and are stored as JSON (`encode_*`, `decode_*`), so
they are frozen, and a new field always has a default: yesterday's rows must still load. Nothing here
may know a platform's wire format or what the assistant wants to say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

MAX_TEXT = 4000
"""Characters of one inbound text that are kept. Zalo and Messenger stop at 2,000; the rest is abuse."""


@dataclass(frozen=True, slots=True)
class ConversationId:
    """One person (or one page comment) talking to one of our accounts on one channel."""

    channel: str
    """`zalo`, `messenger` or `web`."""
    account: str
    """Our side: the OA id, the page id, or `site` for the web chat."""
    user: str
    """Their side, as the platform names it. Opaque text: Zalo ids exceed 2^53."""

    @property
    def key(self) -> str:
        """The stable text form, used in SQL, Redis and logs (never contains a name or a number)."""
        return f"{self.channel}:{self.account}:{self.user}"

    @classmethod
    def from_key(cls, key: str) -> ConversationId:
        """Read back what `key` wrote. Raises ValueError on anything else."""
        channel, account, user = key.split(":", 2)
        return cls(channel, account, user)


class EventKind(StrEnum):
    """What happened. The assistant answers the first group; the others change records or nothing."""

    TEXT = "text"
    """The person wrote something."""
    CHOICE = "choice"
    """The person pressed something we offered; `payload` is ours. (On Zalo a press arrives as TEXT.)"""
    ATTACHMENT = "attachment"
    """Pictures, files, sound, a place, a sticker or a link, possibly with text beside it."""
    FOLLOW = "follow"
    """The person followed the OA, pressed Get Started, or opened the chat for the first time."""
    REFERRAL = "referral"
    """The person came through a link that carries `payload` (an m.me ref, an ad)."""
    CONTACT = "contact"
    """The person shared contact details we asked for; they are in `detail`."""
    COMMENT = "comment"
    """A top-level comment by somebody else under a post of our page."""

    UNFOLLOW = "unfollow"
    """The person left. Nothing may be sent."""
    WITHDRAWN = "withdrawn"
    """The platform passes on a demand to delete this person's data. It must be honoured."""
    HUMAN_ECHO = "human_echo"
    """One of us answered by hand in the platform's own inbox: the bot must fall silent."""
    OWN_ECHO = "own_echo"
    """The platform repeats a message this program (or another tool) sent."""
    DELIVERED = "delivered"
    """Messages in `refers_to`, or all sent up to `sent_at`, reached the person's phone."""
    SEEN = "seen"
    """Messages in `refers_to`, or all sent up to `sent_at`, were read."""
    REACTION = "reaction"
    """An emoji on the message in `refers_to`; empty `text` means it was taken back."""
    EDITED = "edited"
    """The person changed or deleted an earlier message. Recorded, not answered."""
    CONTROL = "control"
    """Another app or a person took, gave back or holds the thread; `payload` is `taken` or `returned`."""
    NOTICE = "notice"
    """The platform tells the operator something (policy, quota, template state)."""
    IGNORED = "ignored"
    """Understood to be nothing for us, or an unknown kind. Kept so that it can be looked at."""


ANSWERABLE = frozenset(
    {
        EventKind.TEXT,
        EventKind.CHOICE,
        EventKind.ATTACHMENT,
        EventKind.FOLLOW,
        EventKind.REFERRAL,
        EventKind.CONTACT,
        EventKind.COMMENT,
    }
)
"""Kinds that get a turn of the assistant."""

OPENS_WINDOW = ANSWERABLE - {EventKind.COMMENT} | {EventKind.REACTION}
"""Kinds after which the platforms let us write freely for a while (a comment opens nothing)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along with, or instead of, text."""

    kind: str
    """`image`, `gif`, `audio`, `video`, `sticker`, `location`, `file`, `link`, `contact` or `other`."""
    url: str = ""
    """Where the platform keeps it (expires), or the link itself."""
    name: str = ""
    """File name or link title as the person's phone gave it. Hostile until escaped."""
    size_bytes: int | None = None
    """Size the platform claims, where it does."""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One thing that happened on a channel, in no platform's words."""

    channel: str
    account: str
    user: str
    """Empty when the event concerns the account and no person (a policy notice)."""
    key: str
    """The platform's identity of this event, unique within channel and account: a redelivery has the
    same key even when its bytes differ."""
    kind: EventKind
    sent_at: datetime
    """When it happened, by the platform's clock. Aware, UTC."""
    text: str = ""
    """What the person wrote: NFC, cleaned by `clean_text`, at most MAX_TEXT characters."""
    payload: str = ""
    """For CHOICE, REFERRAL and CONTROL: the machine-readable part."""
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    """The platform's message id, where the event is a message or an echo of one."""
    refers_to: tuple[str, ...] = ()
    """Platform message ids this event is about (seen, delivered, reaction, reply, echo)."""
    stamp: str = ""
    """OWN_ECHO only: the stamp we put on the send, where the platform gives it back."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Anything else worth keeping, flat: contact fields, post id, source, reason."""

    @property
    def conversation(self) -> ConversationId | None:
        """Whose conversation this belongs to, or None for an account-wide notice."""
        return ConversationId(self.channel, self.account, self.user) if self.user else None


@dataclass(frozen=True, slots=True)
class Option:
    """Something the person can press. `payload` comes back to us; `label` is what they read."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True)
class Link:
    """A web address to open."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from, ready to be shown: `Quyết định 677/QĐ-TTg ngày 03/6/2022`."""

    title: str
    locator: str = ""
    """The place in it: `mục tiêu đến 2030`, `Điều 3, khoản 2`."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words, with what supports them and what can be pressed next."""

    text: str
    options: tuple[Option, ...] = ()
    numbered: bool = True
    """May a channel without buttons number the options, so that the person types 1, 2, 3?
    False where a typed number already means something else (a score)."""
    sources: tuple[Source, ...] = ()
    links: tuple[Link, ...] = ()
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Card:
    """A picture with a title, a line below it, and things to press."""

    title: str
    subtitle: str = ""
    image_url: str = ""
    options: tuple[Option, ...] = ()
    links: tuple[Link, ...] = ()
    type: Literal["card"] = "card"


@dataclass(frozen=True, slots=True)
class File:
    """A file of ours to hand over, kept below the data folder until it is delivered."""

    path: str
    """Absolute path; read when it is sent."""
    name: str
    """File name with extension, as the person will see it."""
    media_type: str
    caption: str = ""
    type: Literal["file"] = "file"


@dataclass(frozen=True, slots=True)
class PublicReply:
    """A short answer below a page comment, for everybody to read. Only where there are comments."""

    text: str
    type: Literal["public"] = "public"


@dataclass(frozen=True, slots=True)
class Template:
    """A message whose wording the platform approved beforehand: taken when nothing else is, and paid for."""

    id: str
    """What the platform calls it: a number (Zalo) or a name (Facebook)."""
    values: Mapping[str, str]
    """What stands at each mark of the wording, in the wording's order; all-digit names count positions."""
    text: str
    """The wording filled in, for everybody who keeps or shows what was said."""
    type: Literal["template"] = "template"


Part = Text | Card | File | PublicReply | Template
"""One piece of a reply. After `Channel.fit` each is exactly one call of the platform's API."""

_EVENT = TypeAdapter(InboundEvent)
_PART: TypeAdapter[Part] = TypeAdapter(Annotated[Part, Field(discriminator="type")])


def encode_event(event: InboundEvent) -> str:
    """The event as JSON text, for storage."""
    return _EVENT.dump_json(event, exclude_defaults=True).decode()


def decode_event(stored: str) -> InboundEvent:
    """Read back what `encode_event` wrote. Raises pydantic.ValidationError on anything else."""
    return _EVENT.validate_json(stored)


def encode_part(part: Part) -> str:
    """The reply part as JSON text, for storage."""
    return _PART.dump_json(part).decode()


def decode_part(stored: str) -> Part:
    """Read back what `encode_part` wrote. Raises pydantic.ValidationError on anything else."""
    return _PART.validate_json(stored)


def clean_text(raw: str) -> str:
    """Make text from outside safe to store and compare, without changing what it says.

    NUL and lone surrogates cannot be stored in PostgreSQL or encoded as UTF-8, so they go; control
    characters other than newline and tab go; the rest becomes NFC, once, here at the edge. Longer than
    MAX_TEXT is cut.
    """
    kept = raw[: MAX_TEXT * 2]
    if not kept.isprintable():  # most texts are, and need no look at each character
        kept = "".join(c for c in kept if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", kept)[:MAX_TEXT].strip()
