"""Lines of the audit log in plain words. Pure: names of accounts come from whoever read them.

Subjects and details are ids and small facts; all the same everything that has no words of its own here is
masked before it is shown, so that a slip elsewhere does not become a leak.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from urllib.parse import quote

from bot.plain_words import channel_name
from bot.staff.assessments import ASSESSMENTS
from bot.staff.broadcasts import BROADCASTS
from bot.staff.calendar import CALENDAR
from bot.staff.campaigns import CAMPAIGNS
from bot.staff.faq import FAQ
from bot.staff.house import SETTINGS
from bot.staff.library import LIBRARY
from bot.staff.masking import without_people
from bot.staff.misses import MISSES
from bot.staff.people.log_words import FACTS, KINDS, VALUES
from bot.staff.people.places import account_path
from bot.staff.reports import REPORTS
from bot.staff.trouble import TROUBLE
from bot.staff.words import ACTIONS, handle_of_digest, moment
from bot.store.audit import Action, Line, account_subject

NO_OFFICER = "Hệ thống"
"""The command line, or the program by itself."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Names:
    """What is needed to show lines."""

    accounts: Mapping[int, str]
    """By id, as they are called today."""
    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in words."""

    id: int
    at: str
    who: str
    did: str
    about: str
    path: str
    """The page of what it was about; empty where there is none."""
    facts: str


def shown(line: Line, names: Names) -> ShownLine:
    """One line of the log."""
    about, path = _subject(line, names)
    return ShownLine(
        line.id,
        moment(line.at, names.now, names.zone),
        line.who or NO_OFFICER,
        words_for(line.action),
        about,
        path,
        facts_of(line.detail),
    )


def words_for(action: str) -> str:
    """What was done; a line of a newer or older version of the program keeps its name."""
    try:
        return ACTIONS[Action(action)]
    except (ValueError, KeyError):
        return f"Việc khác ({action})"


def kind_of(action: str) -> str:
    """The code of its kind, or ""."""
    return next((code for code, (_, begins) in KINDS.items() if action.startswith(begins)), "")


def actions_of(kind: str) -> frozenset[Action] | None:
    """The actions of a kind; None for all of them."""
    return frozenset(one for one in Action if kind_of(one.value) == kind) if kind in KINDS else None


def facts_of(detail: Mapping[str, object]) -> str:
    """`quyền: xem, thành: biên tập`. What has no words here is left to the export."""
    told = []
    for key, value in detail.items():
        said = f"{value / 1024:.0f} KB" if key == "bytes" and isinstance(value, int) else _value(value)
        if key in FACTS and said:
            told.append(f"{FACTS[key]}: {said}")
    return ", ".join(told)


def as_recorded(detail: Mapping[str, object]) -> str:
    """The whole detail as it was written, masked: for the export."""
    return without_people(json.dumps(detail, ensure_ascii=False)) if detail else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return VALUES.get(value) or _text(value)
    return str(len(value)) if isinstance(value, list) else ""


def _text(value: str) -> str:
    try:
        return f"{date.fromisoformat(value):%d/%m/%Y}"
    except ValueError:
        return without_people(value)[:_LONGEST]


def _account(rest: str, names: Names) -> tuple[str, str]:
    name = names.accounts.get(int(rest)) if rest.isdigit() else None
    return (name, account_path(int(rest))) if name else ("tài khoản đã xóa", "")


def _conversation(subject: str) -> tuple[str, str]:
    """Who it was, as the inbox calls them. No link: it would take the person's id, which must not be here."""
    digest = subject.partition(":")[2]
    return (handle_of_digest(digest), "") if digest.isascii() and digest.isalnum() else ("", "")


def _entry(entry_id: str) -> tuple[str, str]:
    return without_people(entry_id)[:_LONGEST], f"{FAQ}/{quote(entry_id, safe='')}"


def _channel(name_and_account: str) -> tuple[str, str]:
    return channel_name(name_and_account.partition(":")[0]), f"{SETTINGS}/kenh"


_BY_ACTION: dict[tuple[str, ...], Callable[[str], tuple[str, str]]] = {
    ("conversation_", "note_"): _conversation,
    ("entry_", "conflict_"): _entry,
    ("channel_",): _channel,
}
"""Subjects that are an id alone: what they are, the action tells."""
_KNOWN: dict[str, Callable[[str, Names], tuple[str, str]]] = {
    "staff": _account,
    "invite": lambda _rest, _names: ("liên kết mời", ""),
    "outbox": lambda rest, _names: (f"tin số {rest}", TROUBLE),
    "event": lambda rest, _names: (f"tin đến số {rest}", TROUBLE),
    "miss": lambda _rest, _names: ("nhóm câu hỏi", MISSES),
    "source": lambda rest, _names: (f"văn bản số {rest}", f"{LIBRARY}/{rest}"),
    "upload": lambda rest, _names: (f"tệp tải lên số {rest}", f"{LIBRARY}/tai-len/{rest}"),
    "passage": lambda rest, _names: (f"đoạn văn bản số {rest}", f"{LIBRARY}/doan/{rest}"),
    "assessment": lambda rest, _names: (f"bài {rest}", f"{ASSESSMENTS}/bai/{rest}"),
    "erasure": lambda rest, _names: (f"biên nhận {rest}", ""),
    "report": lambda rest, _names: (f"báo cáo {rest}", f"{REPORTS}/{rest}"),
    "occasion": lambda rest, _names: (rest, f"{CALENDAR}/{rest}"),
    "campaign": lambda rest, _names: (f"chiến dịch số {rest}", f"{CAMPAIGNS}/{rest}"),
    "broadcast": lambda rest, _names: (f"bài viết Zalo số {rest}", f"{BROADCASTS}/{rest}"),
}
"""By what stands before the colon of a subject."""
_WHOLE = {
    "entries": ("cả danh sách", FAQ),
    "assessments": ("cả danh sách", ASSESSMENTS),
    "house_rules": ("xem các lần đổi", f"{SETTINGS}/lich-su"),
    "trouble": ("", TROUBLE),
    "retention": ("thời hạn lưu giữ", f"{SETTINGS}/luu-giu"),
}
"""Subjects that are one of a kind."""


def _subject(line: Line, names: Names) -> tuple[str, str]:
    """What it was about and its page."""
    subject = line.subject
    if not subject or (line.staff_id and subject == account_subject(line.staff_id)):
        return "", ""
    if subject in _WHOLE:
        return _WHOLE[subject]
    for begins, told in _BY_ACTION.items():
        if line.action.startswith(begins):
            return told(subject)
    kind, mark, rest = subject.partition(":")
    if mark and kind in _KNOWN and rest.isascii() and rest.replace("-", "").isalnum():
        return _KNOWN[kind](rest, names)
    return without_people(subject)[:_LONGEST], ""
