"""A campaign is tried on the officer's own phone, and on nobody else's."""

from __future__ import annotations

import re

import pytest

from bot.outreach.campaign import Audience, Button, Message
from bot.outreach.topics import Topic
from bot.staff.campaigns import testing
from bot.store import campaigns, schema
from bot.store.campaigns import NewCampaign
from bot.store.staff import Role
from connectors.message import decode_part
from tests.bot.staff.conftest import Console

PAGE = "/staff/chien-dich/1"


@pytest.fixture
async def officer(console: Console) -> Console:
    message = Message("{hoi} mời bạn ngày {ngay}.", button=Button("Tự đánh giá", "do:start_assessment"))
    new = NewCampaign("Ngày 2/10", Topic.MONTH, message, Audience())
    await console.database.write(lambda c: campaigns.create(c, new, by="cô Lan", at=console.clock()))
    await console.become(Role.EDITOR)
    return console


async def code(console: Console) -> str:
    found = re.search(r"thu (\d{6})<", await console.page(PAGE))
    assert found is not None
    return found.group(1)


async def tried(console: Console) -> str:
    """Press the button; gives what the page is asked to say."""
    answer = await console.post(f"{PAGE}/gui-thu")
    assert answer.status == 303
    return answer.headers["Location"].rpartition("=")[2]


async def test_whoever_texted_the_code_gets_the_message_once_and_counts_nowhere(officer: Console) -> None:
    assert await tried(officer) == testing.NOT_HEARD
    await officer.hear(f"Thử {await code(officer)}.", user="may-cua-minh")
    await officer.hear("thu 000000", user="nguoi-khac")
    assert await tried(officer) == testing.SENT
    assert await tried(officer) == testing.SENT_ALREADY
    (row,) = await officer.rows(schema.outbox)
    assert (row["user"], row["author"]) == ("may-cua-minh", "campaign")
    part = decode_part(str(row["part"]))
    assert getattr(part, "text", "") == "Hội Khuyến học phường An Bình mời bạn ngày 02/10."
    assert await officer.rows(schema.campaign_recipients) == []
    assert [one["action"] for one in await officer.rows(schema.audit_log)] == ["campaign_tested"]
    assert "may-cua-minh" not in await officer.page(PAGE)
    await officer.hear(f"thu {await code(officer)}", user="may-cua-minh")
    assert await tried(officer) == testing.SENT


async def test_an_old_code_and_another_officers_code_do_nothing(officer: Console) -> None:
    mine = await code(officer)
    await officer.hear(f"thu {mine}")
    officer.clock.pass_(minutes=16)
    assert await tried(officer) == testing.NOT_HEARD
    await officer.hear(f"thu {mine}")
    await officer.become(Role.AGENT)
    assert await code(officer) != mine
    assert await tried(officer) == testing.NOT_HEARD
    await officer.become(Role.VIEWER)
    assert "Gửi thử" not in await officer.page(PAGE)
    assert await officer.rows(schema.outbox) == []
