"""Comments under the page's posts: which ones reach us, and what may be answered (platforms B5).

A top-level comment by somebody else is answered at most once in public and once in private. The author's id
is not one we could write to, so the comment itself is the conversation: its user is `comment:<comment id>`.
The author's name is never read. Nothing here calls Facebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from connectors.message import Card, EventKind, File, InboundEvent, Part, PublicReply, Template, Text
from connectors.messenger.config import CHANNEL, MessengerConfig
from connectors.messenger.events import event_key
from connectors.messenger.render import TEXT_LIMIT, fit_message, with_tail
from connectors.messenger.untrusted import as_identifier, as_moment, as_object, as_text, not_ahead
from connectors.splitting import split_text, utf16_length

COMMENT_PREFIX = "comment:"
"""Before the comment's id in the user part of a comment's conversation."""
MORE_IN_PRIVATE = "… Bạn nhắn cho Trang để xem đầy đủ nhé."
"""Closes a private reply that had to be cut: only one message may be sent before the person writes."""


def comment_user(comment_id: str) -> str:
    """The user of a comment's conversation."""
    return f"{COMMENT_PREFIX}{comment_id}"


def comment_id_of(user: str) -> str:
    """The comment a conversation is about; empty when the user is a person."""
    return user.removeprefix(COMMENT_PREFIX) if user.startswith(COMMENT_PREFIX) else ""


def read_feed_change(
    config: MessengerConfig, value: Mapping[str, object], arrived: datetime
) -> InboundEvent | None:
    """A COMMENT event for a new top-level comment by somebody else that says something; else None.

    Without an author nothing can be told apart from our own comments, so it is left out too (platforms E).
    """
    if not config.comments_enabled or value.get("item") != "comment" or value.get("verb") != "add":
        return None
    comment_id, post_id = as_identifier(value.get("comment_id")), as_identifier(value.get("post_id"))
    author = as_identifier(as_object(value.get("from")).get("id"))
    message = as_text(value.get("message"))
    is_top_level = post_id != "" and as_identifier(value.get("parent_id")) == post_id
    if not (comment_id and message and is_top_level and author) or author == config.page_id:
        return None
    return InboundEvent(
        channel=CHANNEL,
        account=config.page_id,
        user=comment_user(comment_id),
        key=event_key("comment", comment_id),
        kind=EventKind.COMMENT,
        sent_at=not_ahead(as_moment(value.get("created_time")), arrived),
        text=message,
        message_id=comment_id,
        detail={"post_id": post_id},
    )


def fit_comment_reply(parts: Iterable[Part]) -> tuple[Part, ...]:
    """All that may answer one comment: the first public reply, and everything else as one private message.

    Parts are joined in order; options of the last one that has any stay pressable. What exceeds one message
    is dropped behind a line that says so, and so is a file. Calling it again changes nothing.
    """
    public: PublicReply | None = None
    private: Text | None = None
    for part in parts:
        if isinstance(part, PublicReply):
            public = public or part
        else:
            private = _join(private, _as_text(part))
    squeezed = _squeeze(private) if private else None
    return tuple(p for p in (public and fit_public_reply(public), squeezed) if p is not None)


def fit_public_reply(part: PublicReply) -> PublicReply | None:
    """A public reply of one message's length; None when it says nothing."""
    pieces = split_text(part.text, TEXT_LIMIT, utf16=True)
    if not pieces:
        return None
    if len(pieces) == 1:
        return PublicReply(pieces[0])
    room = TEXT_LIMIT - len(MORE_IN_PRIVATE) - 2
    return PublicReply(with_tail(split_text(part.text, room, utf16=True)[0], MORE_IN_PRIVATE))


def _as_text(part: Text | Card | File | Template) -> Text:
    if isinstance(part, Text):
        return part
    if isinstance(part, Template):
        return Text(part.text)
    if isinstance(part, File):
        return Text(f"{part.caption}\nBạn nhắn cho Trang để nhận tệp {part.name} nhé.".strip())
    text = "\n".join(line for line in (part.title, part.subtitle) if line)
    return Text(text, options=part.options, links=part.links)


def _join(first: Text | None, second: Text) -> Text:
    if first is None:
        return second
    return replace(
        first,
        text="\n\n".join(text for text in (first.text, second.text) if text),
        options=second.options or first.options,
        numbered=second.numbered if second.options else first.numbered,
        sources=first.sources + second.sources,
        links=first.links + second.links,
    )


def _squeeze(part: Text) -> Text | None:
    fitted = fit_message(part)
    if len(fitted) <= 1:
        return fitted[0] if fitted else None
    # What supports and follows the words is worth more than their end: cut the words until all fits.
    tail = fit_message(replace(part, text=""))
    room = TEXT_LIMIT - len(MORE_IN_PRIVATE) - 4
    if len(tail) == 1:
        room -= utf16_length(tail[0].text)
    else:
        tail = ()
    if tail and room >= 200:
        body = split_text(part.text, room, utf16=True)[0]
        squeezed = fit_message(replace(part, text=with_tail(body, MORE_IN_PRIVATE)))
        if len(squeezed) == 1:
            return squeezed[0]
    words = split_text(part.text or fitted[0].text, TEXT_LIMIT - len(MORE_IN_PRIVATE) - 2, utf16=True)
    return Text(with_tail(words[0], MORE_IN_PRIVATE))
