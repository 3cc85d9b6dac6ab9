"""Kênh: how each channel is, and a button that asks its platform.

Asking reads and changes nothing (`Channel.check`), is bounded in time, and is written into the audit log
before it happens, which is also what keeps it from being done again and again. Never shows a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.plain_words import duration
from bot.staff.access import MANAGING, Visit, not_found
from bot.staff.channels import ChannelState, channel_states
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import moment
from bot.store import accounts, audit, outbox
from bot.store.audit import Action
from connectors.channel import Channel, Health

log = structlog.get_logger(__name__)

CHANNELS_SLUG = "kenh"
CHECK_SECONDS = 10.0
AGAIN_AFTER = timedelta(seconds=20)
"""Between two questions to the same platform, whoever asks."""
Navigation = Callable[[str], list[tuple[str, str, bool]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as the page shows it."""

    slug: str
    state: ChannelState
    is_on: bool
    heard: str
    sent: str
    queue: str
    asked: Health | None = None
    """What the platform just answered."""
    told: str = ""
    """Why it was not asked."""


class ChannelDesk:
    """The page and its button."""

    def __init__(self, parts: StaffParts, pages: Pages, navigation: Navigation) -> None:
        self._parts = parts
        self._pages = pages
        self._navigation = navigation

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/kenh"""
        return await self._draw(visit)

    async def test(self, visit: Visit) -> web.StreamResponse:
        """POST …/kenh/{id}/kiem-tra: ask the platform and say what it answered."""
        name = visit.request.match_info["id"]
        channel = next((one for one in self._parts.channels if one.name == name), None)
        if channel is None:
            raise not_found()
        if not await self._noted(visit, channel):
            told = "Kênh này vừa được kiểm tra. Bạn chờ nửa phút rồi bấm lại nhé."
            return await self._draw(visit, name, told=told)
        health = await asked(channel)
        log.info("staff_tested_channel", staff_id=visit.session.officer.id, channel=name, ok=health.ok)
        return await self._draw(visit, name, health)

    async def _noted(self, visit: Visit, channel: Channel) -> bool:
        """Write down that the platform is asked; False when it was a moment ago."""
        now, subject = self._parts.clock(), f"{channel.name}:{channel.account}"

        async def job(connection: AsyncConnection) -> bool:
            actions = frozenset({Action.CHANNEL_TESTED})
            last = await audit.latest(connection, 1, actions=actions, subject=subject)
            if last and now - last[0].at < AGAIN_AFTER:
                return False
            await audit.note(connection, visit.session.officer, Action.CHANNEL_TESTED, subject, now)
            return True

        return await self._parts.database.write(job)

    async def _draw(
        self, visit: Visit, tested: str = "", health: Health | None = None, told: str = ""
    ) -> web.StreamResponse:
        now, on = self._parts.clock(), {one.name: one for one in self._parts.channels}
        async with self._parts.database.read() as connection:
            states = await channel_states(self._parts, connection, now)
            depths = {(one.channel, one.account): one for one in await outbox.depth(connection)}
            rows = []
            for name, state in states.items():
                channel = on.get(name)
                heard = sent = queue = ""
                if channel is not None:
                    traffic = await accounts.last_traffic(connection, name, channel.account)
                    heard, sent = self._told(traffic.heard_at, now), self._told(traffic.sent_at, now)
                    queue = _queue(depths.get((name, channel.account)), now)
                mine = name == tested
                rows.append(
                    Row(
                        name,
                        state,
                        channel is not None,
                        heard,
                        sent,
                        queue,
                        health if mine else None,
                        told if mine else "",
                    )
                )
        values = {
            "nav": self._navigation(CHANNELS_SLUG),
            "rows": rows,
            "may_test": visit.session.officer.role in MANAGING,
        }
        return self._pages.draw(Drawing("house/channels.html", values), visit.request, visit.session)

    def _told(self, at: datetime | None, now: datetime) -> str:
        return moment(at, now, self._parts.zone) if at else "chưa có"


async def asked(channel: Channel) -> Health:
    """What the platform says of the account, within CHECK_SECONDS. Never raises."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await channel.check()
    except TimeoutError:
        return Health(
            ok=False, summary="Nền tảng không trả lời trong 10 giây.", remedy="Bạn thử lại sau ít phút nhé."
        )
    except Exception as error:
        log.exception("channel_check_failed", channel=channel.name, error=type(error).__name__)
        return Health(ok=False, summary="Chưa kiểm tra được vì hệ thống gặp lỗi. Lỗi đã được ghi lại.")


def _queue(depth: outbox.Depth | None, now: datetime) -> str:
    if depth is None or not (depth.open or depth.dead):
        return "không có tin nào chờ"
    oldest = f", tin lâu nhất đã chờ {duration(now - depth.oldest_at)}" if depth.oldest_at else ""
    waiting = f"{depth.open} tin đang chờ{oldest}" if depth.open else "không có tin nào chờ"
    return f"{waiting}; {depth.dead} tin chưa gửi được" if depth.dead else waiting
