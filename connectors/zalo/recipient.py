"""How a person is named towards Zalo: a user id, or an anonymous visitor inside one conversation.

An anonymous visitor is answered by two ids together and through the older endpoint (platforms A3, A5 [H]),
so both travel inside our one opaque user id.
"""

from __future__ import annotations

_ANONYMOUS = "anon"


def anonymous_user(anonymous_id: str, conversation_id: str) -> str:
    """Our user id of an anonymous visitor. Neither id contains a colon."""
    return f"{_ANONYMOUS}:{anonymous_id}:{conversation_id}"


def is_anonymous(user: str) -> bool:
    """Does this user id name an anonymous visitor?"""
    return user.startswith(f"{_ANONYMOUS}:")


def recipient(user: str) -> dict[str, str]:
    """The `recipient` object of a send to this user."""
    if not is_anonymous(user):
        return {"user_id": user}
    anonymous_id, _, conversation_id = user.removeprefix(f"{_ANONYMOUS}:").partition(":")
    return {"anonymous_id": anonymous_id, "conversation_id": conversation_id}
