"""What people do with a campaign: draft, ask, approve, schedule, pause, stop. One way for console and CLI.

Each step is one transaction with its line in the audit log. Two people at once: one succeeds, the other gets
`Overtaken`. Nothing here sends: that is bot.outreach.delivery's, which follows the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.outreach import planning
from bot.outreach.campaign import (
    HELD_AT_MOST,
    LABEL_LIMIT,
    NAME_LIMIT,
    BadText,
    Campaign,
    Message,
    NotAllowed,
    State,
    check_text,
    check_value,
    is_picture_name,
    may_schedule,
)
from bot.outreach.paid import Offer, nothing_on_offer
from bot.outreach.planning import Funnel
from bot.outreach.windows import TERMS, Terms
from bot.store import audit, campaigns
from bot.store.audit import Action
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.staff import Officer


@dataclass(frozen=True, slots=True)
class Office:
    """Where campaigns are made."""

    database: Database
    clock: Clock
    zone: tzinfo
    channels: frozenset[str]
    """Names of the channels that are on: nobody on another is shown as reachable."""
    approval_above: int
    """More recipients than this need a second person's approval."""
    offer: Offer = nothing_on_offer
    """The paid templates there are now."""

    @property
    def terms(self) -> Mapping[str, Terms]:
        """The windows of the channels that are on."""
        return {name: terms for name, terms in TERMS.items() if name in self.channels}

    async def draft(self, new: NewCampaign, by: Officer | None) -> int:
        """Write a new draft; gives its id. Raises BadText; NotAllowed when the occasion has one already."""
        _check(new)

        async def job(connection: AsyncConnection) -> int:
            made = await campaigns.create(connection, new, by=by.name if by else "", at=self.clock())
            if made is None:
                raise NotAllowed("Dịp này đã có một chiến dịch rồi.")
            detail = {"did": "draft", **_picture(new.message, Message(""))}
            await self._note(connection, by, Action.CAMPAIGN_CHANGED, made, detail)
            return made

        return await self.database.write(job)

    async def write(self, campaign: Campaign, new: NewCampaign, by: Officer | None) -> None:
        """Change what it says; it is a draft again. Raises BadText, Overtaken, NotAllowed."""
        _check(new)
        if campaign.state not in {State.DRAFT, State.APPROVAL, State.SCHEDULED}:
            raise NotAllowed(
                "Chiến dịch đã bắt đầu thì không sửa được nữa. Bạn chép thành chiến dịch mới nhé."
            )

        async def job(connection: AsyncConnection) -> None:
            await campaigns.write(connection, campaign.id, campaign.revision, new)
            detail = {"did": "edit", **_picture(new.message, campaign.message)}
            await self._note(connection, by, Action.CAMPAIGN_CHANGED, campaign.id, detail)

        await self.database.write(job)

    async def preview(self, campaign: Campaign) -> Funnel:
        """What would become of everybody, if it went out now."""
        return await planning.preview(
            self.database, campaign, self.clock(), self.zone, self.terms, self.offer()
        )

    async def ask(self, campaign: Campaign, by: Officer) -> None:
        """Ask a second person. Raises Overtaken."""
        await self._step(campaign, by, State.APPROVAL, {"asked_by": by.name}, "ask")

    async def approve(self, campaign: Campaign, by: Officer) -> None:
        """The second person agrees; what is said may not change after this. Raises NotAllowed, Overtaken."""
        if by.name in (campaign.asked_by, campaign.created_by):
            raise NotAllowed("Người duyệt phải là người khác với người soạn và người xin duyệt.")
        if campaign.state is not State.APPROVAL:
            raise NotAllowed("Chiến dịch này không chờ duyệt.")
        values = {"approved_by": by.name, "approved_at": self.clock()}
        await self._noted(campaign, by, values, "approve")

    async def decline(self, campaign: Campaign, by: Officer) -> None:
        """Back to a draft. Raises Overtaken."""
        empty = {"asked_by": "", "approved_by": "", "approved_at": None, "scheduled_at": None}
        await self._step(campaign, by, State.DRAFT, empty, "decline")

    async def confirm_date(self, campaign: Campaign, by: Officer) -> None:
        """Somebody vouches for the occasion's date. Raises Overtaken."""
        await self._noted(campaign, by, {"date_confirmed_by": by.name}, "confirm_date")

    async def schedule(self, campaign: Campaign, at: datetime | None, by: Officer | None) -> None:
        """Send at a moment, or (None) as soon as may be. Raises NotAllowed, Overtaken."""
        now = self.clock()
        if at is not None and at < now:
            raise NotAllowed("Giờ gửi đã qua. Bạn chọn giờ khác nhé.")
        funnel = await self.preview(campaign)
        may_schedule(campaign, funnel.total, self.approval_above)
        if not funnel.total:
            raise NotAllowed("Chưa có ai đồng ý nhận loại tin này trong nhóm bạn chọn.")
        if campaign.hold_until is not None and campaign.hold_until > now + HELD_AT_MOST:
            raise NotAllowed(f"Tin chỉ giữ lại tối đa {HELD_AT_MOST.days} ngày.")
        await self._step(campaign, by, State.SCHEDULED, {"scheduled_at": at or now}, "schedule")

    async def pause(self, campaign: Campaign, by: Officer | None, why: str = "") -> None:
        """Nothing more goes out until it is resumed. Raises Overtaken."""
        await self._step(campaign, by, State.PAUSED, {"paused_why": why[:300]}, "pause")

    async def resume(self, campaign: Campaign, by: Officer | None) -> None:
        """Go on; one that had not begun waits for its time, or begins at once when that is past."""
        to = State.RUNNING if campaign.planned_at is not None else State.SCHEDULED
        values: dict[str, object] = {"paused_why": ""}
        if to is State.SCHEDULED and (campaign.scheduled_at is None or campaign.scheduled_at < self.clock()):
            values["scheduled_at"] = self.clock()
        await self._step(campaign, by, to, values, "resume")

    async def stop(self, campaign: Campaign, by: Officer | None) -> None:
        """For good: whoever did not get it yet never does. Raises Overtaken."""
        await self._step(campaign, by, State.STOPPED, {"finished_at": self.clock()}, "stop")

    async def copy(self, campaign: Campaign, by: Officer) -> int:
        """A new draft that says the same."""
        new = NewCampaign(
            f"{campaign.name[: NAME_LIMIT - 9]} (bản sao)",
            campaign.topic,
            campaign.message,
            campaign.audience,
            campaign.outside,
        )
        return await self.draft(new, by)

    async def _step(
        self, campaign: Campaign, by: Officer | None, to: State, values: Mapping[str, object], did: str
    ) -> None:
        async def job(connection: AsyncConnection) -> None:
            await campaigns.step(connection, campaign.id, campaign.revision, to, values)
            await self._note(connection, by, Action.CAMPAIGN_STEP, campaign.id, {"did": did})

        await self.database.write(job)

    async def _noted(self, campaign: Campaign, by: Officer, values: Mapping[str, object], did: str) -> None:
        async def job(connection: AsyncConnection) -> None:
            await campaigns.note(connection, campaign.id, campaign.revision, values)
            await self._note(connection, by, Action.CAMPAIGN_STEP, campaign.id, {"did": did})

        await self.database.write(job)

    async def _note(
        self,
        connection: AsyncConnection,
        by: Officer | None,
        action: Action,
        campaign_id: int,
        detail: Mapping[str, object],
    ) -> None:
        await audit.note(connection, by, action, f"campaign:{campaign_id}", self.clock(), detail)


def _picture(now: Message, before: Message) -> dict[str, str]:
    """What became of the picture, for the audit log; nothing where it is the same."""
    if now.image == before.image:
        return {}
    return {"picture": "chosen" if now.image else "taken_away"}


def _check(new: NewCampaign) -> None:
    check_text(new.message.text)
    for choice in new.message.templates:
        for value in choice.values.values():
            check_value(value)
    if new.message.image and not is_picture_name(new.message.image):
        raise BadText("Ảnh của tin chưa được nhận. Bạn chọn lại ảnh giúp nhé.")
    if not new.name.strip() or len(new.name) > NAME_LIMIT:
        raise BadText(f"Tên chiến dịch cần có, tối đa {NAME_LIMIT} ký tự.")
    button = new.message.button
    if button is not None and not (0 < len(button.label.strip()) <= LABEL_LIMIT):
        raise BadText(f"Chữ trên nút cần có, tối đa {LABEL_LIMIT} ký tự.")
