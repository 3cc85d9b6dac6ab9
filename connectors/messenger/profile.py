"""Setting up the page: greeting, Get Started, menu, first questions and webhook fields (platforms B3, B8).

Run by hand (`khuyenhoc channel setup messenger`), never at start: Facebook allows ten profile calls in ten
minutes; this makes two or three. The words come from the house.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.message import Link, Option
from connectors.messenger.client import GraphApi
from connectors.messenger.events import GET_STARTED
from connectors.messenger.render import PAYLOAD_LIMIT
from connectors.splitting import utf16_length

GREETING_LIMIT = 160
"""Recalled only (platforms E); a shorter greeting is right either way."""
MENU_LIMIT = 20
MENU_TITLE_LIMIT = 30
MOST_ICE_BREAKERS = 4
ICE_BREAKER_LIMIT = 80
"""Characters of one question. No source gives a number; longer ones would not fit a phone's bubble."""

SUBSCRIBED_FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
)
COMMENT_FIELDS = ("feed",)
"""Asked for only when comments are answered: it needs one more permission (platforms B3)."""


@dataclass(frozen=True, slots=True)
class ProfileTexts:
    """What a citizen sees before the first message."""

    greeting: str
    """Shown above Get Started; at most 160 characters."""
    menu: tuple[Option | Link, ...] = ()
    """The menu beside the text field: up to 20 items with titles of at most 30 characters."""
    ice_breakers: tuple[Option, ...] = ()
    """Up to four questions to tap; they are shown instead of Get Started."""
    get_started: str = GET_STARTED
    """Payload of the Get Started button; anything else than the default arrives as CHOICE."""


def wanted_fields(comments_enabled: bool) -> tuple[str, ...]:
    """The webhook fields this connector understands and wants delivered."""
    return SUBSCRIBED_FIELDS + (COMMENT_FIELDS if comments_enabled else ())


def find_faults(texts: ProfileTexts) -> tuple[str, ...]:
    """What Facebook would reject, as Vietnamese sentences for the officer; empty when all is well."""
    faults: list[str] = []
    if not texts.greeting.strip():
        faults.append("Lời chào đang để trống.")
    if utf16_length(texts.greeting) > GREETING_LIMIT:
        faults.append(f"Lời chào dài quá {GREETING_LIMIT} ký tự.")
    if len(texts.menu) > MENU_LIMIT:
        faults.append(f"Menu có quá {MENU_LIMIT} mục.")
    if len(texts.ice_breakers) > MOST_ICE_BREAKERS:
        faults.append(f"Có quá {MOST_ICE_BREAKERS} câu hỏi gợi ý.")
    faults += _item_faults("Mục menu", texts.menu, MENU_TITLE_LIMIT)
    faults += _item_faults("Câu hỏi gợi ý", texts.ice_breakers, ICE_BREAKER_LIMIT)
    if not 0 < len(texts.get_started) <= PAYLOAD_LIMIT:
        faults.append("Mã của nút Bắt đầu đang trống hoặc quá dài.")
    return tuple(faults)


async def setup_profile(
    api: GraphApi, texts: ProfileTexts, *, comments_enabled: bool = False
) -> tuple[str, ...]:
    """Make the page look and behave as `texts` say; gives what was done, in Vietnamese.

    Safe to repeat. Raises ValueError with the faults before any call, or the SendError of the call that
    failed.
    """
    if faults := find_faults(texts):
        raise ValueError(" ".join(faults))
    done: list[str] = []
    # The menu is refused while the page has no Get Started button, so that goes first.
    await api.set_profile(
        {
            "get_started": {"payload": texts.get_started},
            "greeting": [{"locale": "default", "text": texts.greeting}],
        }
    )
    done.append("Đã đặt lời chào và nút Bắt đầu.")
    done += await _set_or_remove(api, texts)
    fields = wanted_fields(comments_enabled)
    await api.subscribe(fields)
    done.append(f"Đã đăng ký nhận {len(fields)} loại sự kiện của Trang.")
    return tuple(done)


async def _set_or_remove(api: GraphApi, texts: ProfileTexts) -> list[str]:
    wanted: dict[str, object] = {}
    unwanted: list[str] = []
    done: list[str] = []
    if texts.menu:
        items = [_menu_item(item) for item in texts.menu]
        menu = {"locale": "default", "composer_input_disabled": False, "call_to_actions": items}
        wanted["persistent_menu"] = [menu]
        done.append(f"Đã đặt menu gồm {len(items)} mục.")
    else:
        unwanted.append("persistent_menu")
        done.append("Đã bỏ menu.")
    if texts.ice_breakers:
        questions = [{"question": o.label, "payload": o.payload} for o in texts.ice_breakers]
        wanted["ice_breakers"] = [{"locale": "default", "call_to_actions": questions}]
        done.append(f"Đã đặt {len(questions)} câu hỏi gợi ý.")
    else:
        unwanted.append("ice_breakers")
        done.append("Đã bỏ các câu hỏi gợi ý.")
    if wanted:
        await api.set_profile(wanted)
    if unwanted:
        await api.delete_profile(unwanted)
    return done


def _menu_item(item: Option | Link) -> dict[str, str]:
    if isinstance(item, Link):
        return {"type": "web_url", "title": item.label, "url": item.url}
    return {"type": "postback", "title": item.label, "payload": item.payload}


def _item_faults(name: str, items: Sequence[Option | Link], limit: int) -> list[str]:
    faults: list[str] = []
    for item in items:
        if not item.label.strip() or utf16_length(item.label) > limit:
            faults.append(f"{name} “{item.label}” phải có từ 1 đến {limit} ký tự.")
        if isinstance(item, Option) and not 0 < len(item.payload) <= PAYLOAD_LIMIT:
            faults.append(f"{name} “{item.label}” có mã trống hoặc quá dài.")
        if isinstance(item, Link) and not item.url.startswith(("https://", "http://")):
            faults.append(f"{name} “{item.label}” cần một địa chỉ web đầy đủ.")
    return faults
