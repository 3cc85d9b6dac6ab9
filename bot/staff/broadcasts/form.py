"""An article for all followers as a form: what was typed, what is wrong with it. Pure; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.outreach.broadcast import Broadcast, article_in, check_time
from bot.outreach.campaign import NAME_LIMIT, NotAllowed
from bot.staff.broadcasts.words import AGES, GENDERS, PLATFORMS, REGIONS
from bot.staff.campaigns.form import moment_typed
from bot.staff.typed import one_line
from bot.store.broadcasts import NewBroadcast
from connectors.zalo import BroadcastTarget

AGE, REGION = "tuoi:", "mien:"
"""Names of checkboxes begin with these."""
FIELDS = {"name": "Tên để cán bộ nhận ra", "article": "Bài viết", "time": "Gửi lúc"}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    name: str = ""
    article: str = ""
    gender: str = ""
    ages: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    platform: str = ""
    time: str = ""
    """`yyyy-mm-ddThh:mm`, in the house's zone."""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but everybody is chosen."""
        return bool(self.gender or self.ages or self.regions or self.platform)


def typed_of(one: Broadcast, zone: tzinfo) -> Typed:
    """A stored article in the form's fields."""
    target = one.target
    return Typed(
        name=one.name,
        article=one.article,
        gender=target.gender,
        ages=frozenset(target.ages),
        regions=frozenset(target.regions),
        platform=target.platform,
        time=f"{one.scheduled_at.astimezone(zone):%Y-%m-%dT%H:%M}" if one.scheduled_at else "",
    )


def typed_in(form: Mapping[str, str]) -> Typed:
    """What was typed; of choices only what is offered."""

    def ticked(prefix: str, offered: Mapping[str, str]) -> frozenset[str]:
        return frozenset(one for one in offered if f"{prefix}{one}" in form)

    gender, platform = form.get("gioi-tinh", ""), form.get("may", "")
    return Typed(
        name=form.get("ten", ""),
        article=form.get("bai", ""),
        gender=gender if gender in GENDERS else "",
        ages=ticked(AGE, AGES),
        regions=ticked(REGION, REGIONS),
        platform=platform if platform in PLATFORMS else "",
        time=form.get("luc", ""),
    )


def checked(typed: Typed, now: datetime, zone: tzinfo) -> tuple[NewBroadcast | None, dict[str, str]]:
    """The article, or what is wrong in which field. A draft may be without a time."""
    problems: dict[str, str] = {}
    name = one_line(typed.name)
    if not name or len(name) > NAME_LIMIT:
        problems["name"] = f"Đặt một tên để dễ nhận ra, tối đa {NAME_LIMIT} ký tự."
    article = article_in(typed.article)
    if not article:
        problems["article"] = (
            "Chưa thấy mã bài viết ở đây. Bạn dán liên kết có phần id=… của bài, hoặc chỉ riêng mã."
        )
    at = moment_typed(typed.time, zone)
    if typed.time:
        try:
            check_time(at, now, zone)
        except NotAllowed as refused:
            problems["time"] = str(refused)
    if problems:
        return None, problems
    everyone = len(typed.ages) == len(AGES), len(typed.regions) == len(REGIONS)
    target = BroadcastTarget(
        gender=typed.gender,
        # All of them ticked means nobody is left out, also those whose age Zalo does not know.
        ages=() if everyone[0] else tuple(sorted(typed.ages)),
        regions=() if everyone[1] else tuple(sorted(typed.regions)),
        platform=typed.platform,
    )
    return NewBroadcast(name, article, target, at), {}
