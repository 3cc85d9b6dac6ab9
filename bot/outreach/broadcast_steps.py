"""What people do with an article for all followers: draft, ask, approve, set a time, take back, look.

Each step is one transaction with its line in the audit log. Nothing here sends: that is
bot.outreach.broadcast_sending's, which follows the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.outreach.broadcast import (
    MAY_BE_WRITTEN,
    Broadcast,
    State,
    Why,
    check_time,
    may_approve,
)
from bot.outreach.campaign import NotAllowed
from bot.store import audit, broadcasts
from bot.store.audit import Action
from bot.store.broadcasts import NewBroadcast
from bot.store.database import Database
from bot.store.staff import Officer

SUBJECT = "broadcast"


@dataclass(frozen=True, slots=True)
class BroadcastOffice:
    """Where articles for all followers are made ready."""

    database: Database
    clock: Clock
    zone: tzinfo
    account: str
    """The Official Account; empty where Zalo is off: then nothing new can be begun."""
    per_month: int
    """So many may go out in a month."""

    async def draft(self, new: NewBroadcast, by: Officer) -> int:
        """Write a new draft; gives its id. Raises NotAllowed where Zalo is off."""
        self._needs_account()

        async def job(connection: AsyncConnection) -> int:
            made = await broadcasts.create(connection, new, account=self.account, by=by.name, at=self.clock())
            await self._note(connection, by, Action.BROADCAST_CHANGED, made, "draft")
            return made

        return await self.database.write(job)

    async def write(self, one: Broadcast, new: NewBroadcast, by: Officer) -> None:
        """Change what it says; it is a draft again. Raises NotAllowed, Overtaken."""
        if one.state not in MAY_BE_WRITTEN:
            raise NotAllowed("Bài đã gửi hoặc đã hủy thì không sửa được nữa.")

        async def job(connection: AsyncConnection) -> None:
            await broadcasts.write(connection, one.id, one.revision, new, by=by.name)
            await self._note(connection, by, Action.BROADCAST_CHANGED, one.id, "edit")

        await self.database.write(job)

    async def ask(self, one: Broadcast, by: Officer) -> None:
        """Ask a second person. Raises NotAllowed, Overtaken."""
        self._needs_account()
        await self._step(one, by, State.APPROVAL, {"asked_by": by.name}, "ask", at=one.scheduled_at)

    async def approve(self, one: Broadcast, by: Officer) -> None:
        """The second person agrees: it goes out at its time. Raises NotAllowed, Overtaken."""
        may_approve(one, by.name)
        values = {"approved_by": by.name, "approved_at": self.clock()}
        await self._step(one, by, State.SCHEDULED, values, "approve", at=one.scheduled_at)

    async def decline(self, one: Broadcast, by: Officer) -> None:
        """Back to a draft, also what had its time already. Raises Overtaken."""
        if one.state is State.FAILED:
            raise NotAllowed("Bạn sửa bài, hẹn giờ khác hoặc hủy bài này.")
        empty = {"asked_by": "", "approved_by": "", "approved_at": None, "why": "", "not_before": None}
        await self._step(one, by, State.DRAFT, empty, "decline")

    async def schedule(self, one: Broadcast, at: datetime | None, by: Officer) -> None:
        """Another time. Who approved it approved what it says; the time may change. Raises NotAllowed,
        Overtaken."""
        if one.state is State.APPROVAL:

            async def job(connection: AsyncConnection) -> None:
                await self._is_free(connection, one, at)
                await broadcasts.note(connection, one.id, one.revision, {"scheduled_at": at})
                await self._note(connection, by, Action.BROADCAST_STEP, one.id, "schedule")

            await self.database.write(job)
            return
        if not one.approved_by or one.state not in {State.SCHEDULED, State.FAILED}:
            raise NotAllowed("Bài này cần một người thứ hai duyệt trước đã.")
        values = {"scheduled_at": at, "why": "", "not_before": None}
        await self._step(one, by, State.SCHEDULED, values, "schedule", at=at)

    async def cancel(self, one: Broadcast, by: Officer) -> None:
        """For good: it does not go out. Raises Overtaken."""
        await self._step(one, by, State.CANCELLED, {}, "cancel")

    async def settle(self, one: Broadcast, by: Officer, *, went_out: bool) -> None:
        """A person looked what became of one nobody knew about. Raises NotAllowed, Overtaken."""
        if one.state is not State.UNKNOWN:
            raise NotAllowed("Bài này không còn ở trạng thái không rõ.")
        if went_out:
            await self._step(one, by, State.SENT, {"sent_at": one.claimed_at, "why": ""}, "found")
            return
        values = {"why": Why.NOT_FOUND.value, "given_on": None, "claimed_at": None}
        await self._step(one, by, State.FAILED, values, "not_found")

    def _needs_account(self) -> None:
        if not self.account:
            raise NotAllowed("Zalo chưa được nối nên chưa gửi bài được.")

    async def _step(
        self,
        one: Broadcast,
        by: Officer,
        to: State,
        values: Mapping[str, object],
        did: str,
        *,
        at: datetime | None = None,
    ) -> None:
        async def job(connection: AsyncConnection) -> None:
            if to in (State.APPROVAL, State.SCHEDULED):
                await self._is_free(connection, one, at)
            await broadcasts.step(connection, one.id, one.revision, to, values)
            await self._note(connection, by, Action.BROADCAST_STEP, one.id, did)

        await self.database.write(job)

    async def _is_free(self, connection: AsyncConnection, one: Broadcast, wanted: datetime | None) -> None:
        """Raise NotAllowed unless this may go out then: time, day, month, and never the same again."""
        at = check_time(wanted, self.clock(), self.zone)
        day = at.astimezone(self.zone).date()
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        begins = [datetime.combine(each, time(), self.zone) for each in (day, day + timedelta(days=1))]
        month = [datetime.combine(each, time(), self.zone) for each in (first, after)]
        that_day = await broadcasts.given(connection, one.account, day, day, but=one.id)
        that_day += await broadcasts.planned(connection, one.account, *begins, but=one.id)
        if that_day:
            raise NotAllowed(
                f"Ngày {day:%d/%m} đã có một bài khác rồi. Mỗi ngày chỉ gửi được một bài, "
                "bạn chọn ngày khác nhé."
            )
        last = after - timedelta(days=1)
        that_month = await broadcasts.given(connection, one.account, first, last, but=one.id)
        that_month += await broadcasts.planned(connection, one.account, *month, but=one.id)
        if that_month >= self.per_month:
            raise NotAllowed(
                f"Tháng {day:%m/%Y} đã đủ {self.per_month} bài. Bạn chọn tháng khác, hoặc hủy một bài đã hẹn."
            )
        same = await broadcasts.same_article(connection, one.account, one.article, but=one.id)
        if same is not None:
            raise NotAllowed(
                f"Bài viết này đã nằm trong “{same.name}”. Gửi nữa thì mọi người nhận hai lần; "
                "bạn chọn bài viết khác nhé."
            )

    async def _note(
        self, connection: AsyncConnection, by: Officer, action: Action, broadcast_id: int, did: str
    ) -> None:
        await audit.note(connection, by, action, f"{SUBJECT}:{broadcast_id}", self.clock(), {"did": did})
