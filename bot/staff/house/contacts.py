"""Liên hệ theo xã phường: whom citizens are pointed to, in general and in their own commune."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.dialogue.nearest import Contact
from bot.house_rules import CONTACT_LIMIT, MOST_CONTACTS, HouseRules, contact_problem
from bot.staff.house.hours import Sample
from bot.staff.house.section import House, Wanted
from bot.staff.typed import one_line, text_in
from nlu.entities import find_place
from nlu.gazetteer import COMMUNE

_ADD = "them"
_MOST_NAMED = 4
_COLUMNS = ("xa", "ten", "vai", "dien-thoai")


@dataclass(frozen=True, slots=True)
class Row:
    """One contact, as typed."""

    place: str = ""
    name: str = ""
    role: str = ""
    telephone: str = ""
    is_dropped: bool = False

    @property
    def is_blank(self) -> bool:
        """Nothing was typed."""
        return not any(one.strip() for one in (self.place, self.name, self.role, self.telephone))


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    contact_line: str = ""
    rows: tuple[Row, ...] = ()
    blank: int = 1
    """Empty rows to write in, behind these."""


class Contacts:
    """See `Section`."""

    slug, title = "lien-he", "Liên hệ theo xã phường"
    about = "Người dân cần gấp thì gặp ai. Ai đã nói mình ở xã nào thì được chỉ người của xã đó."
    sets = ("contact_line", "contacts")
    fields: Mapping[str, str] = {
        "contact_line": "Liên hệ chung",
        "contacts": "Liên hệ theo xã, phường",
        **{f"row-{number}": f"Liên hệ thứ {number + 1}" for number in range(MOST_CONTACTS + 10)},
    }

    def typed_of(self, house: House) -> Typed:
        """See `Section.typed_of`."""
        rows = tuple(Row(one.place, one.name, one.role, one.telephone) for one in house.rules.contacts)
        return Typed(house.rules.contact_line, rows)

    def typed_in(self, form: Mapping[str, str]) -> Typed:
        """See `Section.typed_in`."""
        rows: list[Row] = []
        while f"xa-{len(rows)}" in form and len(rows) < MOST_CONTACTS + 10:
            number = len(rows)
            place, name, role, telephone = (text_in(form, f"{field}-{number}") for field in _COLUMNS)
            rows.append(Row(place, name, role, telephone, is_dropped=f"bo-{number}" in form))
        filled = tuple(row for row in rows if not row.is_blank)
        blank = len(rows) - len(filled) + (form.get("viec") == _ADD)
        return Typed(text_in(form, "lien-he"), filled, max(1, blank))

    def read(self, typed: Typed, house: House) -> Wanted:
        """See `Section.read`. Rows that are dropped go; a place is put as it is called today."""
        problems: dict[str, str] = {}
        contacts: list[Contact] = []
        for number, row in enumerate(typed.rows):
            if row.is_dropped:
                continue
            place, wrong = placed(row.place)
            contact = Contact(place, one_line(row.name), one_line(row.role), one_line(row.telephone))
            wrong = wrong or contact_problem(contact)
            if not wrong and any(one.place == place for one in contacts):
                wrong = f"Đã có liên hệ của {place} ở trên."
            if wrong:
                problems[f"row-{number}"] = wrong
            contacts.append(contact)
        line = one_line(typed.contact_line) or house.installation.contact_line
        return Wanted({"contact_line": line, "contacts": tuple(contacts)}, problems)

    async def shown(self, typed: Typed, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        rows = typed.rows + (Row(),) * min(typed.blank, max(0, MOST_CONTACTS - len(typed.rows)))
        samples = [Sample("Người chưa nói ở đâu", rules.texts.at(house.now).person_called)]
        samples += [
            Sample(f"Người ở {one.place}", rules.texts.at(house.now, one.place).person_called)
            for one in rules.contacts[:1]
        ]
        return {
            "typed": replace(typed, rows=rows),
            "samples": samples,
            "limit": CONTACT_LIMIT,
            "installed": house.installation.contact_line,
        }


def placed(typed: str) -> tuple[str, str]:
    """The commune by its name of today; what is wrong with what was typed, else nothing."""
    said = one_line(typed)
    if not said:
        return "", "Chưa ghi xã, phường nào."
    found = dict.fromkeys(one.canonical for one in find_place(said) if one.kind == COMMUNE)
    if said in found or len(found) == 1:
        return said if said in found else next(iter(found)), ""
    if not found:
        return said, f"Chưa thấy xã, phường nào tên “{said[:40]}”. Ghi tên xã hiện nay kèm tên tỉnh."
    names = "; ".join(list(found)[:_MOST_NAMED])
    more = " …" if len(found) > _MOST_NAMED else ""
    return said, f"Có {len(found)} nơi tên như vậy: {names}{more}. Bạn ghi thêm tên tỉnh."
