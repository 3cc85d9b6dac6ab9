"""A campaign with a picture: the picture, then the words, on every channel; uploaded once for everybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outbox import AccountSender
from bot.outreach.campaign import Audience, Message, State
from bot.outreach.delivery import NO_PICTURE, Feeder, Post
from bot.outreach.pictures import CampaignPictures
from bot.outreach.steps import Office
from bot.outreach.topics import Topic
from bot.store import recipients, schema
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.web.files import answer_with
from connectors.channel import Channel, Outgoing
from connectors.errors import Deferred, Refused, WindowClosed
from connectors.message import File, Text, decode_part
from connectors.messenger import MessengerChannel, MessengerConfig
from connectors.sandbox import ZaloAccount, ZaloSandbox, running
from connectors.sandbox.graph import GraphAccount, GraphSandbox
from connectors.web import WebChannel
from connectors.zalo import ZaloChannel, ZaloConfig
from tests.bot.outreach.drawn import photo
from tests.bot.outreach.people import Person, settle
from tests.bot.outreach.test_delivery import HANOI, Street, settle_heard
from tests.bot.outreach.test_planning import LAN, again
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock
from tests.connectors.zalo.fakes import MemoryTokenStore

NAMES = ("a", "b", "c")


class Gallery(Street):
    """A street whose campaigns have a picture, on the disk."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock, folder: Path) -> None:
        super().__init__(database, nerves, clock)
        self.shelf = CampaignPictures(folder)
        self.post = Post("Hội", HANOI, self.shelf.folder)
        self.feeder = self.another_feeder()
        self.held._post = self.post

    async def begun_with_picture(self) -> tuple[int, Path]:
        name = await self.shelf.take(photo())
        new = NewCampaign("Tin", Topic.MONTH, Message("Mời bạn.", name), Audience())
        return await self.begun(new), self.shelf.folder / name

    def got(self, user: str) -> list[str]:
        return [message.part.type for message in self.channel.sent if message.user == user]

    async def bare(self, campaign_id: int) -> int:
        async with self.database.read() as connection:
            return await recipients.without_picture(connection, campaign_id)


@pytest.fixture
async def gallery(database: Database, nerves: Nerves, clock: StandingClock, tmp_path: Path) -> Gallery:
    await settle(database, [Person(name) for name in NAMES], clock())
    return Gallery(database, nerves, clock, tmp_path)


def refuse_pictures(error: Exception, user: str = "a") -> object:
    def behave(message: Outgoing) -> Exception | None:
        return error if isinstance(message.part, File) and message.user == user else None

    return behave


async def test_a_picture_that_is_gone_pauses_the_campaign_until_it_is_back(gallery: Gallery) -> None:
    campaign_id, picture = await gallery.begun_with_picture()
    content = picture.read_bytes()
    picture.unlink()
    await gallery.round(4)
    paused = await gallery.now(campaign_id)
    assert (paused.state, paused.paused_why, gallery.channel.tried) == (State.PAUSED, NO_PICTURE, [])
    assert (await gallery.shelf.take(photo()), picture.read_bytes()) == (picture.name, content)
    await gallery.office.resume(paused, LAN)
    await gallery.round(12)
    assert [gallery.got(name) for name in NAMES] == [["file", "text"]] * 3
    assert await gallery.fates(campaign_id) == {"queued:sent": 3}
    assert await gallery.bare(campaign_id) == 0


async def test_words_go_on_without_a_picture_nobody_takes_and_staff_see_how_many(gallery: Gallery) -> None:
    gallery.channel.behave = refuse_pictures(Refused("the account cannot upload files"))  # type: ignore[assignment]
    campaign_id, _ = await gallery.begun_with_picture()
    await gallery.round(12)
    assert [gallery.got(name) for name in NAMES] == [["text"], ["file", "text"], ["file", "text"]]
    assert await gallery.fates(campaign_id) == {"queued:sent": 3}
    assert await gallery.bare(campaign_id) == 1


async def test_who_was_found_beyond_the_window_by_the_picture_gets_both_later(gallery: Gallery) -> None:
    gallery.channel.behave = refuse_pictures(WindowClosed("must write first"))  # type: ignore[assignment]
    campaign_id, _ = await gallery.begun_with_picture()
    await gallery.round(12)
    assert await gallery.fates(campaign_id) == {"queued:sent": 2, "held:window": 1}
    assert Counter(message.user for message in gallery.channel.tried)["a"] == 1  # the words were not tried
    gallery.channel.behave = lambda _: None
    await settle_heard(gallery, "a")
    assert await gallery.held.give(Person("a").id)
    await gallery.round(4)
    assert gallery.got("a") == ["file", "text"]


async def test_a_used_up_quota_pauses_also_where_the_picture_finds_out(gallery: Gallery) -> None:
    until = gallery.clock() + timedelta(hours=1)
    error = Deferred("no quota", until=until)
    error.needs_operator = True  # type: ignore[misc]
    gallery.channel.behave = refuse_pictures(error)  # type: ignore[assignment]
    campaign_id, _ = await gallery.begun_with_picture()
    await gallery.round(6)
    assert (await gallery.now(campaign_id)).state is State.PAUSED
    assert (await gallery.fates(campaign_id))["waiting:open"] >= 1


async def test_the_pace_counts_pictures_too(
    database: Database, nerves: Nerves, clock: StandingClock, tmp_path: Path
) -> None:
    await settle(database, [Person(f"p{n}") for n in range(60)], clock())
    gallery = Gallery(database, nerves, clock, tmp_path)
    gallery.per_minute = 60.0
    gallery.feeder = gallery.another_feeder()
    await gallery.begun_with_picture()
    for _ in range(40):
        await gallery.round(1)
        clock.pass_(seconds=1)
        gallery.seconds += 1
    assert 34 <= len(gallery.channel.tried) <= 41  # one a second, whatever it is


class Square:
    """Zalo and Messenger with the real connectors against their stand-ins, and the house's own page."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock, folder: Path) -> None:
        self.database, self.nerves, self.clock = database, nerves, clock
        self.shelf = CampaignPictures(folder)
        self.zalo_account, self.page = ZaloAccount(oa_id="oa"), GraphAccount()
        self.channels: Sequence[Channel] = ()

    async def open(self, stack: AsyncExitStack) -> None:
        self.zalo = await stack.enter_async_context(running(ZaloSandbox(self.zalo_account, clock=self.clock)))
        self.graph = await stack.enter_async_context(running(GraphSandbox(self.page, clock=self.clock)))
        oa, page = self.zalo_account, self.page
        base = self.zalo.base_url
        config = ZaloConfig(
            app_id=oa.app_id, app_secret=oa.app_secret, oa_id=oa.oa_id, oa_secret_key=oa.oa_secret_key,
            api_base=base, oauth_base=base,
        )  # fmt: skip
        tokens = (oa.access_token, oa.refresh_token)
        zalo = ZaloChannel(config, MemoryTokenStore(), environment_tokens=tokens, clock=self.clock)
        messenger = MessengerChannel(
            MessengerConfig(
                page_id=page.page_id, app_id=page.app_id, app_secret=page.app_secret,
                verify_token=page.verify_token, page_access_token=page.page_access_token,
                graph_base=self.graph.base_url,
            ),
            clock=self.clock,
        )  # fmt: skip

        async def nudge(user: str, kind: str) -> None: ...

        self.channels = (zalo, messenger, WebChannel(nudge))
        for channel in self.channels[:2]:
            stack.push_async_callback(channel.aclose)
        self.post = Post("Hội", HANOI, self.shelf.folder)
        self.office = Office(
            self.database, self.clock, HANOI, frozenset({"zalo", "messenger", "web"}), approval_above=1000
        )
        rates = dict.fromkeys(("zalo", "messenger", "web"))
        self.feeder = Feeder(self.database, self.nerves, self.channels, rates, self.clock, self.post)
        self.senders = [
            AccountSender(
                one, self.database, self.nerves, self.clock, Metrics(), per_minute=None, in_flight=16
            )
            for one in self.channels
        ]

    async def until_done(self, campaign_id: int) -> None:
        for _ in range(60):
            await self.feeder.round()
            for sender in self.senders:
                await sender._round()
                if sender._tasks:
                    await asyncio.wait(tuple(sender._tasks))
            if (await again(self.office, campaign_id)).state is State.DONE:
                return
            self.clock.pass_(seconds=1)
        raise AssertionError("it does not end")


@pytest.fixture
async def square(
    database: Database, nerves: Nerves, clock: StandingClock, tmp_path: Path
) -> AsyncIterator[Square]:
    async with AsyncExitStack() as stack:
        made = Square(database, nerves, clock, tmp_path)
        await made.open(stack)
        yield made


@pytest.mark.service
async def test_on_every_channel_the_picture_comes_first_and_is_uploaded_once(square: Square) -> None:
    count = 40
    people = [
        *(Person(f"{7000 + n}", "zalo", account="oa") for n in range(count)),
        *(Person(f"{8000 + n}", "messenger", account=square.page.page_id) for n in range(count)),
        Person("v1", "web", account="site"),
    ]
    await settle(square.database, people, square.clock())
    for n in range(count):
        square.zalo.person(f"{7000 + n}").last_interaction_at = square.clock()
        await square.graph.person(f"{8000 + n}").says("chào")
    name = await square.shelf.take(photo())
    new = NewCampaign("Tin", Topic.MONTH, Message("Mời bạn.", name), Audience())
    uploads_left = square.zalo.rules.uploads_left
    campaign_id = await square.office.draft(new, LAN)
    await square.office.schedule(await again(square.office, campaign_id), None, LAN)
    await square.until_done(campaign_id)

    for one in (square.zalo.sent_to("7000"), square.graph.sent_to("8000")):
        picture, words = (message.message for message in one)
        assert "attachment" in picture
        assert "Mời bạn." in str(words)
    assert len(square.zalo.sent) == len(square.graph.sent) == 2 * count
    assert uploads_left - square.zalo.rules.uploads_left == 1
    assert len(square.graph._page._attachments) == 1
    assert await _shown_on_our_page(square) == ["image/jpeg", "Mời bạn."]


async def _shown_on_our_page(square: Square) -> list[str]:
    console = Console(square.database, square.clock)
    rows = [row for row in await console.rows(schema.outbox) if row["channel"] == "web"]
    shown = []
    for row in sorted(rows, key=lambda row: int(str(row["id"]))):
        part = decode_part(str(row["part"]))
        if isinstance(part, File):
            shown.append(str((await answer_with(part)).headers["Content-Type"]))
        if isinstance(part, Text):
            shown.append(part.text)
    return shown
