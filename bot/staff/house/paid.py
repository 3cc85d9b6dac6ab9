"""Mẫu tin trả phí: what the platforms approved, for campaigns to reach those who have not written lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.house_rules import HouseRules
from bot.outreach.paid import EXAMPLE_MARKS, MARKS, MOST_TEMPLATES, PaidTemplate, template_problem
from bot.plain_words import channel_name
from bot.staff.house.section import House, Wanted
from bot.staff.typed import one_line, text_in
from connectors.message import clean_text

_ADD = "them"
_COLUMNS = ("kenh", "ma", "ten", "loi", "gia")


@dataclass(frozen=True, slots=True)
class Row:
    """One template, as typed."""

    channel: str = "zalo"
    id: str = ""
    name: str = ""
    wording: str = ""
    price: str = ""
    is_dropped: bool = False

    @property
    def is_blank(self) -> bool:
        """Nothing was typed; a channel is always chosen."""
        return not any(one.strip() for one in (self.id, self.name, self.wording, self.price))


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    rows: tuple[Row, ...] = ()
    blank: int = 1
    """Empty rows to write in, behind these."""


class PaidTemplates:
    """See `Section`."""

    slug, title = "mau-tin", "Mẫu tin trả phí"
    about = "Mẫu Zalo, Facebook đã duyệt, để chiến dịch gửi cho người đã lâu không nhắn. Mỗi tin mất phí."
    sets = ("templates",)
    fields: Mapping[str, str] = {
        "templates": "Các mẫu tin",
        **{f"row-{number}": f"Mẫu thứ {number + 1}" for number in range(MOST_TEMPLATES + 10)},
    }

    def typed_of(self, house: House) -> Typed:
        """See `Section.typed_of`."""
        return Typed(
            tuple(Row(one.channel, one.id, one.name, one.wording, one.price) for one in house.rules.templates)
        )

    def typed_in(self, form: Mapping[str, str]) -> Typed:
        """See `Section.typed_in`."""
        rows: list[Row] = []
        while f"ma-{len(rows)}" in form and len(rows) < MOST_TEMPLATES + 10:
            number = len(rows)
            channel, id_, name, wording, price = (text_in(form, f"{field}-{number}") for field in _COLUMNS)
            rows.append(Row(channel, id_, name, wording, price, is_dropped=f"bo-{number}" in form))
        filled = tuple(row for row in rows if not row.is_blank)
        blank = len(rows) - len(filled) + (form.get("viec") == _ADD)
        return Typed(filled, max(1, blank))

    def read(self, typed: Typed, house: House) -> Wanted:
        """See `Section.read`. Rows that are dropped go."""
        problems: dict[str, str] = {}
        templates: list[PaidTemplate] = []
        for number, row in enumerate(typed.rows):
            if row.is_dropped:
                continue
            one = _template(row)
            wrong = template_problem(one)
            if not wrong and any((one.channel, one.id) == (other.channel, other.id) for other in templates):
                wrong = "Đã có mẫu cùng kênh, cùng mã ở trên."
            if wrong:
                problems[f"row-{number}"] = wrong
            templates.append(one)
        return Wanted({"templates": tuple(templates)}, problems)

    async def shown(self, typed: Typed, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        rows = typed.rows + (Row(),) * min(typed.blank, max(0, MOST_TEMPLATES - len(typed.rows)))
        return {
            "typed": replace(typed, rows=rows),
            "channels": {name: channel_name(name) for name in MARKS},
            "examples": EXAMPLE_MARKS,
            "templates": [
                (one.name, channel_name(one.channel), one.wording, one.marks)
                for one in rules.templates
                if not template_problem(one)
            ],
        }


def _template(row: Row) -> PaidTemplate:
    wording = clean_text(row.wording)
    return PaidTemplate(row.channel, row.id.strip(), one_line(row.name), wording, one_line(row.price))
