"""What staff may set for the whole house: words, hours, contacts, and how long things are kept. Pure.

`HouseRules` is what is in force; what staff never set comes from the settings of the installation. A stored
body is read field by field: one that does not pass today's checks counts as not set, so nothing that lies in
the database can make the bot deny that it is a machine, promise nonsense, or stop.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta, tzinfo
from typing import Any

from bot.dialogue.assistant import Policy
from bot.dialogue.menu import ACTIONS, Menu
from bot.dialogue.nearest import Contact
from bot.dialogue.texts import Texts
from bot.office import DAYS, VIETNAM, ClosedDays, Hours, Office
from bot.outreach.paid import MOST_TEMPLATES, PaidTemplate, template_problem
from bot.settings import Settings
from connectors.message import clean_text

MACHINE = "trợ lý tự động"
"""What the welcome must say: people must know that they talk to a machine."""
WELCOME_LIMIT, GREETING_LIMIT, CONTACT_LIMIT = 600, 300, 150
MOST_STARTERS, MOST_CONTACTS, MOST_HOURS, MOST_CLOSED = 6, 300, 6, 60
NOTE_LIMIT, NAME_LIMIT, PLACE_LIMIT = 60, 80, 120
LONGEST_CLOSED = timedelta(days=120)
RETURN_HOURS = (1.0, 168.0)
KEEP_DAYS = {"keep_texts_days": (30, 3650), "keep_misses_days": (30, 3650), "keep_audit_days": (180, 3650)}
"""How long things may be kept at least and at most, where they are not kept for good."""
_ENTRY_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,119}")
_TELEPHONE = re.compile(r"\+?[\d .()-]{3,24}")
_TURNS_AROUND = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that make a text read otherwise than it stands there."""
_DENIED = re.compile(rf"(?:không phải|chẳng phải)(?: là)?(?: một)? {MACHINE}")


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Everything staff may set, as it is in force."""

    association: str = "Hội Khuyến học"
    """How the bot names the association; set by the installation alone."""
    messages_per_minute: int = 60
    """Set by the installation alone."""
    welcome: str = ""
    """The first words; empty: the bot's own."""
    greeting: str = ""
    """Hello in return; empty: the bot's own."""
    starters: tuple[str, ...] = ()
    """Ids of the entries offered first; empty: the featured ones."""
    actions: tuple[str, ...] = Menu().actions
    """What is offered to be done, of bot.dialogue.menu.ACTIONS."""
    office: Office | None = None
    """None: nobody set hours, and none are promised."""
    contact_line: str = "Hội Khuyến học xã, phường nơi bạn ở"
    """To follow `liên hệ`."""
    contacts: tuple[Contact, ...] = ()
    templates: tuple[PaidTemplate, ...] = ()
    """Paid templates the platforms approved; campaigns may choose among them."""
    handoff_return_hours: float = 12.0
    """How long after an officer's last line the bot answers again."""
    keep_texts_days: int | None = None
    """Messages older than this are removed; None: they are kept."""
    keep_misses_days: int | None = None
    """Unanswered questions nobody asked again for so long are removed; None: they are kept."""
    keep_audit_days: int | None = None
    """Lines of the audit log older than this are removed; None: they are kept."""
    set_here: frozenset[str] = frozenset()
    """Names of the fields staff have set; the others come from the installation."""

    @property
    def handoff_return(self) -> timedelta:
        """`handoff_return_hours` as a length of time."""
        return timedelta(hours=self.handoff_return_hours)

    @property
    def texts(self) -> Texts:
        """The bot's own sentences under these rules."""
        return Texts(
            self.association,
            self.contact_line,
            own_welcome=self.welcome,
            own_greeting=self.greeting,
            office=self.office,
            contacts=self.contacts,
        )

    @property
    def menu(self) -> Menu:
        """What is offered to somebody who does not know what to ask."""
        return Menu(self.starters, self.actions)

    @property
    def policy(self) -> Policy:
        """What the assistant goes by."""
        return Policy(self.messages_per_minute, self.handoff_return, self.menu)


SETTABLE = tuple(
    field.name
    for field in fields(HouseRules)
    if field.name not in {"association", "messages_per_minute", "set_here"}
)


def rules_of_installation(settings: Settings) -> HouseRules:
    """What is in force where staff have set nothing."""
    return HouseRules(
        association=settings.association_name,
        messages_per_minute=settings.citizen_messages_per_minute,
        contact_line=settings.contact_line,
        handoff_return_hours=settings.handoff_return_hours,
    )


# --- checking ----------------------------------------------------------------------------------------


def problems_in(rules: HouseRules) -> dict[str, str]:
    """What is wrong with what was set, by field, in words for staff. Empty: all is well."""
    found = {name: _CHECKS[name](getattr(rules, name)) for name in SETTABLE if name in rules.set_here}
    return {name: said for name, said in found.items() if said}


def _welcome(text: str) -> str:
    said = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    if MACHINE not in said or _DENIED.search(said):
        return f"Lời chào phải có cụm từ “{MACHINE}” để người dân biết mình đang nói với máy."
    return _words(text, WELCOME_LIMIT)


def _words(text: str, limit: int) -> str:
    if not text.strip():
        return "Ô này đang trống."
    if text != clean_text(text) or _TURNS_AROUND.search(text):
        return "Có ký tự không hiện được. Bạn gõ lại giúp nhé."
    return f"Dài quá {limit} ký tự, bạn rút gọn giúp nhé." if len(text) > limit else ""


def _starters(ids: tuple[str, ...]) -> str:
    if len(ids) > MOST_STARTERS or len(set(ids)) != len(ids):
        return f"Chọn nhiều nhất {MOST_STARTERS} câu, mỗi câu một lần."
    return "" if all(_ENTRY_ID.fullmatch(one) for one in ids) else "Có câu không còn dùng được."


def _actions(names: tuple[str, ...]) -> str:
    return "" if set(names) <= set(ACTIONS) and len(set(names)) == len(names) else "Có nút không dùng được."


def _office(office: Office | None) -> str:
    if office is None:
        return ""
    if any(len(day) > MOST_HOURS for day in office.week):
        return f"Mỗi ngày nhiều nhất {MOST_HOURS} khoảng giờ."
    if len(office.closed) > MOST_CLOSED:
        return f"Nhiều nhất {MOST_CLOSED} dòng ngày nghỉ."
    if any(one.last - one.first > LONGEST_CLOSED for one in office.closed):
        return f"Một lần nghỉ dài nhất {LONGEST_CLOSED.days} ngày."
    notes = [one.note for one in office.closed if one.note]
    return next((said for said in (_words(note, NOTE_LIMIT) for note in notes) if said), "")


def _contacts(contacts: tuple[Contact, ...]) -> str:
    if len(contacts) > MOST_CONTACTS:
        return f"Nhiều nhất {MOST_CONTACTS} liên hệ."
    if len({one.place for one in contacts}) != len(contacts):
        return "Có hai liên hệ cho cùng một nơi."
    return next((said for said in map(contact_problem, contacts) if said), "")


def contact_problem(contact: Contact) -> str:
    """What is wrong with one contact; empty when nothing is."""
    if said := _words(contact.place, PLACE_LIMIT):
        return f"Xã, phường: {said}"
    if not contact.name and not contact.role:
        return "Cần có tên hoặc chức vụ của người liên hệ."
    for text in filter(None, (contact.name, contact.role)):
        if said := _words(text, NAME_LIMIT):
            return said
    digits = sum(one.isdecimal() for one in contact.telephone)
    if not _TELEPHONE.fullmatch(contact.telephone) or not 3 <= digits <= 15:
        return "Số điện thoại chỉ gồm chữ số, ví dụ 0912 345 678."
    return ""


def _templates(templates: tuple[PaidTemplate, ...]) -> str:
    if len(templates) > MOST_TEMPLATES:
        return f"Nhiều nhất {MOST_TEMPLATES} mẫu tin."
    if len({(one.channel, one.id) for one in templates}) != len(templates):
        return "Có hai mẫu tin cùng kênh và cùng mã."
    return next((said for said in map(template_problem, templates) if said), "")


def _hours(value: float) -> str:
    least, most = RETURN_HOURS
    return "" if least <= value <= most else f"Cần một số giờ từ {least:g} đến {most:g}."


def _keep(name: str) -> Callable[[int | None], str]:
    least, most = KEEP_DAYS[name]
    told = f"Cần một số ngày từ {least} đến {most}, hoặc để trống để giữ mãi."
    return lambda days: "" if days is None or least <= days <= most else told


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "welcome": _welcome,
    "greeting": lambda text: _words(text, GREETING_LIMIT),
    "starters": _starters,
    "actions": _actions,
    "office": _office,
    "contact_line": lambda text: _words(text, CONTACT_LIMIT),
    "contacts": _contacts,
    "templates": _templates,
    "handoff_return_hours": _hours,
    **{name: _keep(name) for name in KEEP_DAYS},
}


# --- as it is stored ---------------------------------------------------------------------------------


def with_set(rules: HouseRules, installation: HouseRules, values: Mapping[str, Any]) -> HouseRules:
    """The rules with these fields set by staff. What is as it is installed anyway counts as not set."""
    here = set(rules.set_here)
    for name, value in values.items():
        is_as_installed = value == getattr(installation, name)
        here = here - {name} if is_as_installed else here | {name}
    return replace(rules, **values, set_here=frozenset(here))


def body_of(rules: HouseRules) -> dict[str, Any]:
    """What staff have set, as JSON; `read_rules` is its opposite."""
    return {
        name: _WRITERS.get(name, lambda value: value)(getattr(rules, name))
        for name in SETTABLE
        if name in rules.set_here
    }


def read_rules(
    body: Mapping[str, Any], installation: HouseRules, zone: tzinfo = VIETNAM
) -> tuple[HouseRules, tuple[str, ...]]:
    """The rules a stored body stands for, and the fields that could not be taken from it."""
    rules, refused = installation, []
    for name in SETTABLE:
        if name not in body:
            continue
        try:
            value = _read_office(body[name], zone) if name == "office" else _READERS[name](body[name])
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
            refused.append(name)
            continue
        candidate = with_set(rules, installation, {name: value})
        if name in problems_in(candidate):
            refused.append(name)
        else:
            rules = candidate
    return rules, tuple(refused)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _days(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError("not a number of days")
    return value


def _read_contacts(value: Any) -> tuple[Contact, ...]:
    names = [field.name for field in fields(Contact)]
    return tuple(Contact(*(_text(one[name]) for name in names)) for one in value)


def _read_templates(value: Any) -> tuple[PaidTemplate, ...]:
    names = [field.name for field in fields(PaidTemplate)]
    return tuple(PaidTemplate(*(_text(one[name]) for name in names)) for one in value)


def _read_office(value: Any, zone: tzinfo) -> Office | None:
    if value is None:
        return None
    week = tuple(tuple(Hours(int(begins), int(ends)) for begins, ends in day) for day in value["week"])
    closed = tuple(
        ClosedDays(date.fromisoformat(first), date.fromisoformat(last), _text(note))
        for first, last, note in value["closed"]
    )
    return Office(week, closed, zone)


def _write_office(office: Office | None) -> Any:
    if office is None:
        return None
    return {
        "week": [[[one.begins, one.ends] for one in day] for day in office.week],
        "closed": [[one.first.isoformat(), one.last.isoformat(), one.note] for one in office.closed],
    }


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "welcome": _text,
    "greeting": _text,
    "starters": lambda value: tuple(map(_text, value)),
    "actions": lambda value: tuple(map(_text, value)),
    "contact_line": _text,
    "contacts": _read_contacts,
    "templates": _read_templates,
    "handoff_return_hours": float,
    **dict.fromkeys(KEEP_DAYS, _days),
}
_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "starters": list,
    "actions": list,
    "office": _write_office,
    "contacts": lambda contacts: [asdict(one) for one in contacts],
    "templates": lambda templates: [asdict(one) for one in templates],
}
NO_WEEK: tuple[tuple[Hours, ...], ...] = ((),) * len(DAYS)
"""A week in which nobody is ever there."""
