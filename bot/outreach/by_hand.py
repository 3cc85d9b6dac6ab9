"""Campaigns from the command line: what there is, how far it is, and the brake. Nothing is written here.

For whoever watches the machine while a campaign runs: looking, pausing, going on, stopping. Writing one and
sending it is the console's, where two people see the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from bot.outreach.campaign import Campaign, State
from bot.outreach.steps import Office
from bot.outreach.topics import offer_of
from bot.outreach.words import STATES
from bot.store import campaigns, recipients
from bot.store.database import Database
from bot.store.recipients import Place, Result

Did = Literal["pause", "resume", "stop"]
_GOING = ("waiting", "sending", "checking")


class NoSuchCampaign(Exception):
    """There is no campaign of this number."""


async def told(database: Database, zone: tzinfo) -> list[str]:
    """A line for each campaign, the newest first."""
    async with database.read() as connection:
        found = await campaigns.every(connection, limit=50)
        return [_line(one, await recipients.results(connection, one.id), zone) for one in found]


async def progress(database: Database, campaign_id: int, per_minute: float | None) -> dict[str, Any]:
    """How far a campaign is, for people and for machines. Raises NoSuchCampaign."""
    async with database.read() as connection:
        one = await campaigns.load(connection, campaign_id)
        if one is None:
            raise NoSuchCampaign
        results = await recipients.results(connection, campaign_id)
    fates: dict[str, int] = {}
    for result in results:
        name = result.sending if result.place is Place.QUEUED else result.place.value
        fates[name or "erased"] = fates.get(name or "erased", 0) + result.count
    left = sum(fates.get(name, 0) for name in _GOING)
    eta = (
        None
        if per_minute is None or one.state is not State.RUNNING
        else round(60 * left * one.message.pieces / per_minute)
    )
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state.value,
        "paused_why": one.paused_why,
        "recipients": sum(fates.values()),
        "left": left,
        "by_template": recipients.went_by_template(results),
        "seconds_left": eta,
        "by_fate": dict(sorted(fates.items())),
    }


def in_words(found: Mapping[str, Any]) -> list[str]:
    """The progress in Vietnamese lines."""
    lines = [f"{found['name']}: {STATES[State(found['state'])]}"]
    if found["paused_why"]:
        lines.append(f"    {found['paused_why']}")
    lines.append(f"    {found['recipients']} người nhận, còn {found['left']}")
    if found["seconds_left"] is not None:
        lines.append(f"    còn khoảng {timedelta(seconds=found['seconds_left'])}")
    if found["by_template"]:
        lines.append(f"    {found['by_template']} người nhận bằng mẫu tin trả phí")
    lines += [f"    {name}: {count}" for name, count in found["by_fate"].items()]
    return lines


async def carry_out(office: Office, campaign_id: int, did: Did) -> None:
    """Pause, go on or stop. Raises NoSuchCampaign, Overtaken."""
    async with office.database.read() as connection:
        one = await campaigns.load(connection, campaign_id)
    if one is None:
        raise NoSuchCampaign
    steps = {"pause": office.pause, "resume": office.resume, "stop": office.stop}
    await steps[did](one, None)


def _line(one: Campaign, results: list[Result], zone: tzinfo) -> str:
    people = sum(result.count for result in results)
    at: datetime | None = one.started_at or one.scheduled_at
    when = f", {at.astimezone(zone):%H:%M %d/%m/%Y}" if at else ""
    count = f", {people} người" if people else ""
    return f"{one.id}. {one.name} ({offer_of(one.topic).label}): {STATES[one.state]}{when}{count}"
