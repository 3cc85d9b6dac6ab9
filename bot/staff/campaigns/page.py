"""Chiến dịch: written, previewed with its funnel, approved by a second person, sent, paused, looked back on.

Everything that is done goes through bot.outreach.steps, as from the command line. Numbers are for every role;
who the recipients are is for those who answer conversations.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

import structlog
from aiohttp import web

from bot.outreach.campaign import (
    PLACEHOLDERS,
    TEXT_LIMIT,
    BadText,
    Campaign,
    NotAllowed,
    Outside,
    State,
    may_schedule,
)
from bot.outreach.delivery import time_left
from bot.outreach.paid import PaidTemplate, offered, paid_by
from bot.outreach.pictures import MOST_SENT_BYTES
from bot.outreach.planning import foreseen
from bot.outreach.steps import Office
from bot.outreach.topics import OFFERS, Topic, offer_of
from bot.outreach.windows import TERMS, Why
from bot.outreach.words import PLACES, SENDING, WHY
from bot.plain_words import channel_name, duration
from bot.staff import long_tables
from bot.staff.access import ANSWERING, EDITING, EVERY_ROLE, Route, Visit, not_found, see
from bot.staff.campaigns import form as forms
from bot.staff.campaigns import paying, shown, testing
from bot.staff.campaigns.form import Typed
from bot.staff.campaigns.pictures import Pictures
from bot.staff.campaigns.words import ACTIVE, ASSESSED, BUTTONS, DID, OUTSIDE, STATES
from bot.staff.inbox import path_of
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.received import received
from bot.staff.words import handle_of, moment
from bot.store import audit, campaigns, profiles, recipients, subscriptions
from bot.store.audit import Action
from bot.store.campaigns import NewCampaign
from bot.store.recipients import Place, Recipient
from bot.store.revised import Overtaken
from bot.store.staff import Officer
from connectors.message import ConversationId

log = structlog.get_logger(__name__)

CAMPAIGNS = "/staff/chien-dich"
PAID_TEMPLATES = "/staff/cai-dat/mau-tin"
_NEW = "_moi"
LISTED = 200
PER_PAGE = 100
EXPORTED_AT_ONCE = 500
EXPORTED = ("Người nhận", "Kênh", "Tình trạng", "Vì sao", "Gửi lúc")
_GROUPS: tuple[tuple[str, frozenset[State]], ...] = (
    ("Đang soạn và chờ duyệt", frozenset({State.DRAFT, State.APPROVAL})),
    ("Đã hẹn và đang gửi", frozenset({State.SCHEDULED, State.RUNNING, State.PAUSED})),
    ("Đã xong", frozenset({State.DONE, State.STOPPED})),
)
OVERTAKEN = "Có người vừa đổi chiến dịch này. Dưới đây là bản mới nhất, bạn xem rồi làm lại nhé."


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form is about to show."""

    campaign: Campaign | None
    typed: Typed
    problems: Mapping[str, str]
    warning: str = ""
    status: int = 200


def office_of(parts: StaffParts) -> Office:
    """Where campaigns of this console are made."""
    on = frozenset(channel.name for channel in parts.channels if channel.name in TERMS)
    return Office(parts.database, parts.clock, parts.zone, on, parts.approval_above, lambda: offer_at(parts))


def offer_at(parts: StaffParts) -> tuple[PaidTemplate, ...]:
    """The paid templates a campaign may choose among now."""
    return offered(parts.board.rules.templates, parts.channels)


class Campaigns:
    """The list, a campaign's page, its form and its buttons."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._pictures = Pictures(parts.data_dir, f"{CAMPAIGNS}/_anh")

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{CAMPAIGNS}/{{id}}"
        buttons: dict[str, Callable[[Office, Campaign, Officer, Mapping[str, str]], Awaitable[object]]] = {
            "xin-duyet": lambda o, c, by, _: o.ask(c, by),
            "duyet": lambda o, c, by, _: o.approve(c, by),
            "tra-lai": lambda o, c, by, _: o.decline(c, by),
            "xac-nhan-ngay": lambda o, c, by, _: o.confirm_date(c, by),
            "hen-gio": self._schedule,
            "tam-dung": lambda o, c, by, _: o.pause(c, by),
            "gui-tiep": lambda o, c, by, _: o.resume(c, by),
            "dung-han": lambda o, c, by, _: o.stop(c, by),
        }
        return (
            Route("GET", CAMPAIGNS, EVERY_ROLE, self.overview),
            Route("GET", f"{CAMPAIGNS}/{_NEW}", EDITING, self.begin),
            Route("POST", f"{CAMPAIGNS}/{_NEW}", EDITING, self.write, takes_files=True),
            *self._pictures.routes,
            Route("GET", one, EVERY_ROLE, self.show),
            Route("GET", f"{one}/sua", EDITING, self.edit),
            Route("POST", f"{one}/sua", EDITING, self.write, takes_files=True),
            Route("GET", f"{one}/nguoi-nhan", ANSWERING, self.recipients),
            Route("GET", f"{one}/nguoi-nhan.csv", ANSWERING, self.export),
            Route("POST", f"{one}/chep", EDITING, self.copy),
            Route("POST", f"{one}/gui-thu", ANSWERING | EDITING, self.try_out),
            *(Route("POST", f"{one}/{name}", EDITING, self._button(do)) for name, do in buttons.items()),
        )

    # --- the list ----------------------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/chien-dich"""
        now, zone = self._parts.clock(), self._parts.zone
        async with self._parts.database.read() as connection:
            found = await campaigns.every(connection, limit=LISTED)
            cards = {
                one.id: shown.card(
                    one, await recipients.results(connection, one.id), f"{CAMPAIGNS}/{one.id}", now, zone
                )
                for one in found
            }
            subscribed = await subscriptions.count_people(connection)
        values = {
            "groups": [
                (title, [cards[one.id] for one in found if one.state in states]) for title, states in _GROUPS
            ],
            "is_cut": len(found) == LISTED,
            "subscribed": subscribed,
            "may_edit": visit.session.officer.role in EDITING,
        }
        return self._pages.draw(Drawing("campaigns/list.html", values), visit.request, visit.session)

    # --- writing -----------------------------------------------------------------------------------

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_moi: an empty form."""
        return await self._form(visit, Draft(None, Typed(), {}))

    async def edit(self, visit: Visit) -> web.StreamResponse:
        """GET …/sua: what is stored."""
        campaign = await self._asked_for(visit)
        return await self._form(visit, Draft(campaign, forms.typed_of(campaign, self._parts.zone), {}))

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/_moi, …/sua: save as a draft, or show the form again with how it would read and reach."""
        is_new = "id" not in visit.request.match_info
        campaign = None if is_new else await self._asked_for(visit)
        sent = await received(visit, forms.PICTURE, MOST_SENT_BYTES)
        typed, refused_picture = await self._pictures.chosen(forms.typed_in(sent.form), sent)
        new, problems = forms.checked(
            typed, self._parts.clock(), self._parts.zone, await self._known(), offer_at(self._parts)
        )
        problems |= refused_picture
        draft = Draft(campaign, typed, problems, status=422 if problems else 200)
        if new is None or problems or sent.form.get("viec") != "luu":
            return await self._form(visit, draft)
        office, by = self._office(), visit.session.officer
        try:
            if campaign is None:
                made = await office.draft(new, by)
                return see(f"{CAMPAIGNS}/{made}", "da-luu-chien-dich")
            seen = _number(sent.form.get("phien-ban", ""))
            kept = replace(
                new,
                occasion=campaign.occasion,
                occasion_on=campaign.occasion_on,
                needs_date=campaign.needs_date,
            )
            await office.write(replace(campaign, revision=seen), kept, by)
        except Overtaken:
            latest = await self._asked_for(visit)
            warning = (
                "Có người vừa lưu bản khác. Bản của bạn còn nguyên dưới đây; lưu lần nữa thì thay bản kia."
            )
            return await self._form(visit, replace(draft, campaign=latest, warning=warning, status=409))
        except (BadText, NotAllowed) as refused:
            return await self._form(visit, replace(draft, warning=str(refused), status=422))
        log.info("staff_wrote_campaign", staff_id=by.id)
        return see(f"{CAMPAIGNS}/{campaign.id}", "da-luu-chien-dich")

    # --- one campaign ------------------------------------------------------------------------------

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{id}; `manh=1` gives the living part alone."""
        return await self._draw(visit, await self._asked_for(visit))

    async def copy(self, visit: Visit) -> web.StreamResponse:
        """POST …/chep: a new draft that says the same."""
        made = await self._office().copy(await self._asked_for(visit), visit.session.officer)
        return see(f"{CAMPAIGNS}/{made}", "da-chep-chien-dich")

    async def try_out(self, visit: Visit) -> web.StreamResponse:
        """POST …/gui-thu: to the officer's own phone."""
        campaign = await self._asked_for(visit)
        said = await testing.send(self._parts, campaign, visit.session)
        return see(f"{CAMPAIGNS}/{campaign.id}", said)

    def _button(
        self, do: Callable[[Office, Campaign, Officer, Mapping[str, str]], Awaitable[object]]
    ) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
        async def press(visit: Visit) -> web.StreamResponse:
            campaign = await self._asked_for(visit)
            seen = _number(visit.form.get("phien-ban", ""))
            try:
                await do(self._office(), replace(campaign, revision=seen), visit.session.officer, visit.form)
            except Overtaken:
                return await self._draw(visit, await self._asked_for(visit), warning=OVERTAKEN, status=409)
            except NotAllowed as refused:
                return await self._draw(visit, campaign, warning=str(refused), status=422)
            return see(f"{CAMPAIGNS}/{campaign.id}")

        return press

    async def _schedule(
        self, office: Office, campaign: Campaign, by: Officer, form: Mapping[str, str]
    ) -> None:
        at = forms.moment_typed(form.get("luc", ""), self._parts.zone)
        if form.get("khi") == "hen" and at is None:
            raise NotAllowed("Bạn chọn ngày giờ gửi giúp nhé.")
        await office.schedule(campaign, at if form.get("khi") == "hen" else None, by)

    async def recipients(self, visit: Visit) -> web.StreamResponse:
        """GET …/nguoi-nhan: who, and what became of it; `sau` an id to go on from, `loc` a place."""
        campaign = await self._asked_for(visit)
        now, query = self._parts.clock(), visit.request.query
        place = next((one for one in Place if one.value == query.get("loc")), None)
        unknown = query.get("loc") == "unknown"
        after = _number(query.get("sau", ""))
        async with self._parts.database.read() as connection:
            rows = await recipients.listed(
                connection,
                campaign.id,
                PER_PAGE + 1,
                after=after,
                places=(place,) if place else tuple(Place),
                unknown=unknown,
            )
        await self._note_look(visit, campaign, now)
        filters = [("", "Tất cả"), *((one.value, label) for one, label in PLACES.items())]
        values = {
            "path": f"{CAMPAIGNS}/{campaign.id}",
            "name": campaign.name,
            "rows": [self._recipient(row, now) for row in rows[:PER_PAGE]],
            "after": rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else 0,
            "filters": [*filters, ("unknown", "Không rõ đã tới chưa")],
            "chosen": query.get("loc", ""),
        }
        return self._pages.draw(Drawing("campaigns/recipients.html", values), visit.request, visit.session)

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/nguoi-nhan.csv: every recipient with their fate, or before it begins what it would be as of
        now; without names or platform ids."""
        campaign, now = await self._asked_for(visit), self._parts.clock()
        subject, by = f"campaign:{campaign.id}", visit.session.officer
        await self._parts.database.write(
            lambda c: audit.note(c, by, Action.RECIPIENTS_EXPORTED, subject, now)
        )
        rows = self._foreseen(campaign) if campaign.planned_at is None else self._exported(campaign)
        return await long_tables.stream(visit.request, f"chien-dich-{campaign.id}.csv", EXPORTED, rows)

    async def _foreseen(self, campaign: Campaign) -> AsyncIterator[list[list[str]]]:
        now, terms = self._parts.clock(), self._office().terms
        async with self._parts.database.read() as connection:
            zone, on_offer = self._parts.zone, offer_at(self._parts)
            async for people in foreseen(connection, campaign, now, zone, terms, on_offer):
                yield [
                    [
                        handle_of(ConversationId.from_key(one.conversation_key)),
                        channel_name(one.channel),
                        PLACES[one.place],
                        WHY[one.why],
                        "",
                    ]
                    for one in people
                ]

    async def _exported(self, campaign: Campaign) -> AsyncIterator[list[list[str]]]:
        now, zone, after = self._parts.clock(), self._parts.zone, 0
        while True:
            async with self._parts.database.read() as connection:
                rows = await recipients.listed(connection, campaign.id, EXPORTED_AT_ONCE, after=after)
            told = [(self._recipient(row, now), row.sent_at) for row in rows]
            yield [
                [*(one[name] for name in ("who", "channel", "state", "why")), _local(sent, zone)]
                for one, sent in told
            ]
            if len(rows) < EXPORTED_AT_ONCE:
                return
            after = rows[-1].id

    # --- how it is done ----------------------------------------------------------------------------

    def _office(self) -> Office:
        return office_of(self._parts)

    async def _asked_for(self, visit: Visit) -> Campaign:
        async with self._parts.database.read() as connection:
            found = await campaigns.load(connection, _number(visit.request.match_info["id"]))
        if found is None:
            raise not_found()
        return found

    async def _known(self) -> set[str]:
        """Communes and groups that may be chosen."""
        async with self._parts.database.read() as connection:
            told = await profiles.counted(connection)
        return {name for name, _ in told} | {group.id for group in self._groups()}

    def _groups(self) -> Sequence[Any]:
        current = next((one for one in self._parts.criteria.sets if one.is_current), None)
        return current.groups if current else ()

    async def _form(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        parts, typed = self._parts, draft.typed
        now = parts.clock()
        on_offer = offer_at(parts)
        new, _ = forms.checked(typed, now, parts.zone, await self._known(), on_offer)
        async with parts.database.read() as connection:
            communes = await profiles.counted(connection)
        campaign = draft.campaign
        path = f"{CAMPAIGNS}/{campaign.id}/sua" if campaign else f"{CAMPAIGNS}/{_NEW}"
        values = {
            "path": path,
            "back": f"{CAMPAIGNS}/{campaign.id}" if campaign else CAMPAIGNS,
            "title": campaign.name if campaign else "Soạn chiến dịch",
            "version": campaign.revision if campaign else 0,
            "typed": typed,
            "problems": draft.problems,
            "field_names": forms.FIELDS | paying.names_of(on_offer),
            "warning": draft.warning,
            "topics": [(one.topic.value, one.label, one.promise) for one in OFFERS],
            "placeholders": PLACEHOLDERS,
            "buttons": BUTTONS,
            "channels": [(one.name, channel_name(one.name)) for one in parts.channels if one.name in TERMS],
            "communes": communes,
            "groups": [(one.id, one.name) for one in self._groups()],
            "active": ACTIVE,
            "assessed": {one.value: label for one, label in ASSESSED.items()},
            "outside": {one.value: label for one, label in OUTSIDE.items()},
            "paid": paying.shown(typed.templates, typed.template_values, on_offer),
            "is_paid": typed.outside == Outside.TEMPLATE.value,
            "paid_templates": PAID_TEMPLATES,
            "limit": TEXT_LIMIT,
            "takes_picture": self._pictures.are_taken,
            "picture": self._pictures.address(typed.image),
            "most_megabytes": MOST_SENT_BYTES // (1024 * 1024),
            "samples": self._samples(new, now) if new else [],
            "steps": shown.funnel_steps(await self._office().preview(_as_campaign(new, now))) if new else [],
        }
        return self._pages.draw(
            Drawing("campaigns/form.html", values, draft.status), visit.request, visit.session
        )

    def _samples(self, new: NewCampaign | Campaign, now: Any) -> list[shown.Sample]:
        parts = self._parts
        on = [one for one in parts.channels if one.name in TERMS]
        picture = self._pictures.address(new.message.image)
        paid = paid_by(new.outside, new.message, offer_at(parts))
        return shown.samples(new.message, on, parts.association_name, now, parts.zone, picture, paid)

    async def _draw(
        self, visit: Visit, campaign: Campaign, *, warning: str = "", status: int = 200
    ) -> web.StreamResponse:
        parts, now = self._parts, self._parts.clock()
        began = campaign.planned_at is not None
        async with parts.database.read() as connection:
            results = await recipients.results(connection, campaign.id)
            bare = await recipients.without_picture(connection, campaign.id) if campaign.message.image else 0
            lines = await audit.latest(connection, 50, subject=f"campaign:{campaign.id}")
        funnel = None if began else await self._office().preview(campaign)
        told = shown.counts(results)
        label, tone = STATES[campaign.state]
        messages = told["left"] * campaign.message.pieces
        left = time_left(messages, parts.campaign_pace) if campaign.state is State.RUNNING else None
        role = visit.session.officer.role
        values: dict[str, Any] = {
            "path": f"{CAMPAIGNS}/{campaign.id}",
            "campaign": campaign,
            "state": campaign.state.value,
            "label": label,
            "tone": tone,
            "warning": warning or None,
            "topic": offer_of(campaign.topic).label,
            "when": self._when(campaign),
            "needs_approval": self._needs_approval(campaign, funnel.total) if funnel else "",
            "steps": shown.funnel_steps(funnel) if funnel else [],
            "silent_on_zalo": shown.silent_on_zalo(funnel) if funnel else 0,
            "lines": shown.progress_lines(results),
            "bare": bare,
            "told": told,
            "percent": round(100 * (told["total"] - told["left"]) / told["total"]) if told["total"] else 0,
            "time_left": duration(left) if left else "",
            "samples": self._samples(campaign, now),
            "may_edit": role in EDITING,
            "may_see_people": role in ANSWERING,
            "try_code": testing.code_of(campaign, visit.session) if role in ANSWERING | EDITING else "",
            "may_write": campaign.state in {State.DRAFT, State.APPROVAL, State.SCHEDULED},
            "history": [
                (
                    DID.get(str(line.detail.get("did", "")), ""),
                    line.who or "Chương trình",
                    moment(line.at, now, parts.zone),
                )
                for line in lines
                if line.action in (Action.CAMPAIGN_STEP, Action.CAMPAIGN_CHANGED)
            ],
            "earliest": f"{now.astimezone(parts.zone):%Y-%m-%dT%H:%M}",
            "audience": self._audience(campaign),
        }
        if visit.request.method == "GET" and "manh" in visit.request.query:
            drawing = Drawing("campaigns/_progress.html", values)
            return self._pages.draw_fragment(drawing, visit.request, visit.session)
        values = {name: value for name, value in values.items() if value is not None}
        return self._pages.draw(Drawing("campaigns/one.html", values, status), visit.request, visit.session)

    def _needs_approval(self, campaign: Campaign, recipients: int) -> str:
        """Why it may not get a time yet; empty when it may."""
        try:
            may_schedule(replace(campaign, state=State.DRAFT), recipients, self._parts.approval_above)
        except NotAllowed as refused:
            return str(refused)
        return ""

    def _when(self, campaign: Campaign) -> str:
        now, zone = self._parts.clock(), self._parts.zone
        said = []
        if campaign.scheduled_at and campaign.state in {State.SCHEDULED, State.PAUSED}:
            said.append(f"Hẹn gửi lúc {moment(campaign.scheduled_at, now, zone)}.")
        if campaign.started_at:
            said.append(f"Bắt đầu gửi {moment(campaign.started_at, now, zone)}.")
        if campaign.finished_at:
            said.append(f"Xong {moment(campaign.finished_at, now, zone)}.")
        if campaign.hold_until and campaign.state is not State.STOPPED:
            said.append(f"Tin giữ lại có hạn đến {moment(campaign.hold_until, now, zone)}.")
        return " ".join(said)

    def _audience(self, campaign: Campaign) -> list[str]:
        """Whom it means, in a few words."""
        audience = campaign.audience
        names = {group.id: group.name for group in self._groups()}
        said = [", ".join(channel_name(one) for one in audience.channels)]
        said.append(", ".join(audience.communes))
        said.append(", ".join(names.get(one, one) for one in audience.groups))
        if audience.active_within_days:
            said.append(f"có nhắn cho Hội trong {audience.active_within_days} ngày qua")
        if campaign.audience.assessed.value != "any":
            said.append(ASSESSED[audience.assessed].lower())
        return [one for one in said if one] or ["mọi người đã đồng ý nhận loại tin này"]

    def _recipient(self, row: Recipient, now: Any) -> dict[str, str]:
        known = not row.conversation_key.startswith(recipients.ERASED)
        id_ = ConversationId.from_key(row.conversation_key) if known else None
        why = next((WHY[one] for one in WHY if one.value == row.why), "")
        state = SENDING.get(row.sending, row.sending) if row.place is Place.QUEUED else PLACES[row.place]
        needs_no_reason = row.place is Place.QUEUED and row.sending != "failed"
        by_template = why if row.why == Why.BY_TEMPLATE.value else ""
        return {
            "who": handle_of(id_) if id_ else "(đã xóa)",
            "path": path_of(id_) if id_ else "",
            "channel": channel_name(row.channel),
            "state": state,
            "why": by_template if needs_no_reason else row.error or why,
            "at": moment(row.sent_at, now, self._parts.zone) if row.sent_at else "",
        }

    async def _note_look(self, visit: Visit, campaign: Campaign, now: Any) -> None:
        by, subject = visit.session.officer, f"campaign:{campaign.id}"
        async with self._parts.database.read() as connection:
            if await audit.saw_lately(connection, by, Action.RECIPIENTS_VIEWED, subject, now):
                return
        await self._parts.database.write(lambda c: audit.note(c, by, Action.RECIPIENTS_VIEWED, subject, now))


def _as_campaign(new: NewCampaign, now: Any) -> Campaign:
    """A campaign that is not stored, to be looked at."""
    return Campaign(
        0, new.name, Topic(new.topic), State.DRAFT, new.message, new.audience, new.outside, new.hold_until,
        None, "", now, 0,
    )  # fmt: skip


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _local(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(" ", "minutes") if at else ""
