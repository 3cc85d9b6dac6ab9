"""Hôm nay: what needs a person now, each number a link to its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.staff.access import ANSWERING, EVERY_ROLE, HOME, READING_QUESTIONS, Route, Visit
from bot.staff.channels import channel_states
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import day, duration
from bot.store import conversations, events, outbox
from bot.store.staff import Role

UNANSWERED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of work and how much of it there is."""

    count: int
    label: str
    note: str
    path: str
    """Empty where the officer's role may see the number alone."""
    is_urgent: bool = False


class Today:
    """The first page."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (Route("GET", HOME, EVERY_ROLE, self.show),)

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/"""
        now = self._parts.clock()
        async with self._parts.database.read() as connection:
            tasks = await self._tasks(connection, visit.session.officer.role, now)
            channels = (await channel_states(self._parts, connection, now)).values()
        values = {
            "tasks": tasks,
            "is_calm": not any(task.count for task in tasks if task.is_urgent)
            and not any(channel.tone == "bad" for channel in channels),
            "channels": channels,
            "day": day(now, self._parts.zone),
        }
        if "manh" in visit.request.query:
            return self._pages.draw_fragment(Drawing("_today.html", values), visit.request, visit.session)
        return self._pages.draw(Drawing("today.html", values), visit.request, visit.session)

    async def _tasks(self, connection: AsyncConnection, role: Role, now: datetime) -> list[Task]:
        modes = await conversations.count_by_mode(connection)
        waiting, taken = modes.get(Mode.WAITING.value, 0), modes.get(Mode.PERSON.value, 0)
        oldest = await conversations.in_mode(connection, Mode.WAITING, 1)
        since = oldest[0].mode_since if oldest else None
        parked = (await events.backlog(connection)).parked
        dead = await outbox.count_dead(connection)
        missed = await events.count_unanswered(connection, now - UNANSWERED_FOR)
        inbox = "/staff/hop-thu" if role in ANSWERING else ""
        trouble = "/staff/tin-loi" if role in ANSWERING else ""
        questions = "/staff/chua-tra-loi" if role in READING_QUESTIONS else ""
        return [
            Task(
                waiting,
                "Đang chờ cán bộ",
                f"Người chờ lâu nhất: {duration(now - since)}." if since else "Không ai phải chờ.",
                inbox and f"{inbox}#dang-cho",
                is_urgent=True,
            ),
            Task(
                taken,
                "Cán bộ đang trả lời",
                "Trợ lý im lặng trong các cuộc này." if taken else "Chưa có cuộc nào.",
                inbox and f"{inbox}#dang-tra-loi",
            ),
            Task(
                dead,
                "Tin chưa gửi được",
                "Cần gửi lại hoặc bỏ qua." if dead else "Mọi tin đều đã gửi.",
                trouble and f"{trouble}#tin-gui-di",
                is_urgent=True,
            ),
            Task(
                parked,
                "Tin đến bị lỗi",
                "Trợ lý gặp lỗi, chưa trả lời được." if parked else "Tin nào đến cũng đã xử lý.",
                trouble and f"{trouble}#tin-den",
                is_urgent=True,
            ),
            Task(
                missed,
                "Câu hỏi chưa trả lời được",
                "Trong 7 ngày qua, trợ lý chưa có câu trả lời." if missed else "7 ngày qua không có câu nào.",
                questions,
            ),
        ]
