"""Trả lời tự động, and Lưu giữ dữ liệu: the two sections that are numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.house_rules import KEEP_DAYS, RETURN_HOURS, HouseRules
from bot.staff.house.section import House, Wanted
from bot.staff.typed import text_in
from bot.staff.words import WEEKDAYS

_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,2})?")
_WHOLE = re.compile(r"\d{1,7}")


@dataclass(frozen=True, slots=True)
class TypedHours:
    """The form's field, as typed."""

    hours: str = ""


class Answering:
    """See `Section`."""

    slug, title = "tra-loi", "Trả lời tự động"
    about = "Sau khi cán bộ ngừng viết bao lâu thì trợ lý trả lời người dân trở lại."
    sets = ("handoff_return_hours",)
    fields: Mapping[str, str] = {"handoff_return_hours": "Số giờ"}

    def typed_of(self, house: House) -> TypedHours:
        """See `Section.typed_of`."""
        return TypedHours(f"{house.rules.handoff_return_hours:g}".replace(".", ","))

    def typed_in(self, form: Mapping[str, str]) -> TypedHours:
        """See `Section.typed_in`."""
        return TypedHours(text_in(form, "so-gio"))

    def read(self, typed: TypedHours, house: House) -> Wanted:
        """See `Section.read`. Empty: as installed."""
        said = typed.hours.strip()
        if not said:
            return Wanted({"handoff_return_hours": house.installation.handoff_return_hours})
        if not _NUMBER.fullmatch(said):
            least, most = RETURN_HOURS
            return Wanted(problems={"handoff_return_hours": f"Cần một số giờ từ {least:g} đến {most:g}."})
        return Wanted({"handoff_return_hours": float(said.replace(",", "."))})

    async def shown(self, typed: TypedHours, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        wrote = house.now.astimezone(house.zone)
        back = wrote + rules.handoff_return
        return {
            "wrote": f"{wrote:%H:%M} {WEEKDAYS[wrote.weekday()].lower()}",
            "back": f"{back:%H:%M} {WEEKDAYS[back.weekday()].lower()}, {back:%d/%m/%Y}",
            "installed": f"{house.installation.handoff_return_hours:g}".replace(".", ","),
        }


@dataclass(frozen=True, slots=True)
class TypedDays:
    """The form's fields, as typed; empty: for good."""

    texts: str = ""
    misses: str = ""
    audit: str = ""


class Keeping:
    """See `Section`. What would be removed is counted by the page: it needs the database."""

    slug, title = "luu-giu", "Lưu giữ dữ liệu"
    about = "Những gì cũ hơn số ngày ghi ở đây được xóa vào ban đêm. Để trống thì giữ mãi."
    sets = tuple(KEEP_DAYS)
    fields: Mapping[str, str] = {
        "keep_texts_days": "Lời nhắn",
        "keep_misses_days": "Câu chưa trả lời được",
        "keep_audit_days": "Nhật ký",
    }

    def typed_of(self, house: House) -> TypedDays:
        """See `Section.typed_of`."""
        days = (getattr(house.rules, name) for name in KEEP_DAYS)
        return TypedDays(*("" if one is None else str(one) for one in days))

    def typed_in(self, form: Mapping[str, str]) -> TypedDays:
        """See `Section.typed_in`."""
        return TypedDays(*(text_in(form, name) for name in ("loi-nhan", "cau-hoi", "nhat-ky")))

    def read(self, typed: TypedDays, house: House) -> Wanted:
        """See `Section.read`."""
        values: dict[str, int | None] = {}
        problems: dict[str, str] = {}
        said = (typed.texts, typed.misses, typed.audit)
        for (name, (least, most)), text in zip(KEEP_DAYS.items(), map(str.strip, said), strict=True):
            if text and not _WHOLE.fullmatch(text):
                problems[name] = f"Cần một số ngày từ {least} đến {most}, hoặc để trống để giữ mãi."
            else:
                values[name] = int(text) if text else None
        return Wanted(values, problems)

    async def shown(self, typed: TypedDays, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        local = house.now.astimezone(house.zone)
        days = {name: getattr(rules, name) for name in KEEP_DAYS}
        return {
            "bounds": KEEP_DAYS,
            "before": {
                name: f"{local - timedelta(days=kept):%d/%m/%Y}" if kept else ""
                for name, kept in days.items()
            },
        }
