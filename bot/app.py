"""The composition root: reads top to bottom as the list of parts and how they are put together.

`serve` is the whole life of a process: open the stores, make the parts, run the chosen roles until told to
stop, finish what is in hand, close everything in reverse order.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import structlog
from aiohttp import web

from bot.clock import Clock, utc_now
from bot.dialogue.assistant import Assistant
from bot.dialogue.texts import MENU, PERSON
from bot.dialogue.turn import Hearing
from bot.download import Downloader, loopback_origin
from bot.embedded_valkey import EmbeddedValkey
from bot.erasures import catch_up
from bot.evidence import FOLDER, EvidenceKeeper
from bot.flows.assessment import Assessment
from bot.flows.checklist import ChecklistFlow
from bot.flows.erasure import Erasure
from bot.flows.flow import Flow
from bot.flows.story import Story
from bot.flows.subscription import Subscription
from bot.health import Parts, add_health_routes
from bot.house_rules import HouseRules, rules_of_installation
from bot.inbox import Inbox
from bot.librarian import Librarian, Progress, open_librarian
from bot.metrics import Metrics, NluMetrics
from bot.misses_again import Known, MissesAgain
from bot.nerves import Nerves
from bot.noticeboard import Noticeboard, RuledAssistant
from bot.outbox import AccountSender
from bot.outreach.broadcast_sending import BroadcastSender
from bot.outreach.delivery import Feeder, HeldMessages, Post, share_of
from bot.outreach.paid import offered
from bot.outreach.pictures import CampaignPictures
from bot.outreach.proposals import Proposals
from bot.outreach.report_counting import Bureau
from bot.outreach.report_drafts import ReportDesk, ReportDrafts
from bot.outreach.steps import Office
from bot.reminders import Reminders
from bot.retention import Retention
from bot.settings import Settings
from bot.sheets import Cabinet
from bot.staff.console import add_staff_routes
from bot.staff.faq import ImportWriter
from bot.staff.misses import entry_saved
from bot.staff.parts import StaffParts
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import migrate
from bot.store.personal import Records, collect
from bot.store.tokens import StoredTokens
from bot.tasks import end
from bot.uploads import UploadReader
from bot.web.address import address_behind
from bot.web.chat import ChatSettings, add_chat_routes
from bot.web.front import front_of
from bot.web.house import RedisNudges, StoredTranscript
from bot.web.ics import add_calendar_route
from bot.webhooks import MAX_DELIVERY_BYTES, add_absent_channel, add_messenger_handshake, add_webhook
from bot.worker import Worker, new_stamp
from connectors.channel import Channel
from connectors.message import ConversationId, Option
from connectors.messenger import MessengerChannel, MessengerConfig, ProfileTexts
from connectors.messenger.config import HUMAN_AGENT_WINDOW
from connectors.web import WebChannel
from connectors.zalo import ZaloChannel, ZaloConfig
from knowledge.answer import Knowledge
from knowledge.base import KnowledgeBase
from knowledge.checklists import load_checklists
from knowledge.criteria_files import CriteriaBook, load_criteria
from knowledge.ingest import Limits
from nlu.embedded import open_embedded
from nlu.gazetteer import former_communes, gazetteer
from nlu.interpreter import Interpreter
from nlu.monitor import Monitor, Timed
from nlu.rasa import RasaInterpreter
from nlu.reading import Reader
from nlu.text import vietnamese_text
from nlu.training import load_training_data

log = structlog.get_logger(__name__)

Role = Literal["all", "web", "worker", "sender"]
SHIPPED_CONTENT = Path(str(files("knowledge") / "content"))
ROLES: tuple[Role, ...] = ("all", "web", "worker", "sender")


class AddressTaken(Exception):
    """The address to listen on is not to be had."""


@dataclass(frozen=True, slots=True)
class House:
    """Everything that was built, for the roles to use."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    database: Database
    nerves: Nerves
    librarian: Librarian
    board: Noticeboard
    assistant: Hearing
    criteria: CriteriaBook
    cabinet: Cabinet
    inbox: Inbox
    web: WebChannel
    zalo: ZaloChannel | None
    messenger: MessengerChannel | None

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Every channel that is on."""
        return tuple(c for c in (self.web, self.zalo, self.messenger) if c is not None)


@asynccontextmanager
async def open_interpreter(
    settings: Settings, librarian: Librarian, monitor: Monitor | None = None
) -> AsyncIterator[Interpreter]:
    """What finds out what people want: the one in this process, or a Rasa server with that one behind it.

    Raises TrainingDataBroken, naming file and line, when the examples cannot be learnt from.
    """
    data = await asyncio.to_thread(load_training_data)
    reader = Reader(restore=librarian.restore)
    embedded = await asyncio.to_thread(open_embedded, settings.data_dir / "nlu", reader, data)
    await asyncio.to_thread(lambda: (gazetteer(), former_communes()))  # else the first message waits for them
    inner = Timed(embedded, "embedded", monitor) if monitor is not None else embedded
    if settings.nlu != "rasa":
        yield inner
        return
    token = settings.rasa_token.get_secret_value()
    rasa = RasaInterpreter(settings.rasa_url, token, inner, reader, intents=data.intents, monitor=monitor)
    try:
        yield rasa
    finally:
        await rasa.aclose()


def make_assistant(
    settings: Settings,
    knowledge: Knowledge,
    interpreter: Interpreter,
    criteria: CriteriaBook | None = None,
    rules: HouseRules | None = None,
) -> Assistant:
    """The assistant, from content, examples and settings alone (also without any server).

    `rules`: what staff have set; without any, what the installation says.
    """
    rules = rules or rules_of_installation(settings)
    return Assistant(interpreter, knowledge, rules.texts, rules.policy, make_flows(criteria))


def make_ruled_assistant(
    board: Noticeboard, knowledge: Knowledge, interpreter: Interpreter, criteria: CriteriaBook
) -> RuledAssistant:
    """The assistant that goes by whatever rules are in force."""
    flows = make_flows(criteria)

    def make(rules: HouseRules) -> Assistant:
        return Assistant(interpreter, knowledge, rules.texts, rules.policy, flows)

    return RuledAssistant(board, make)


async def read_board(settings: Settings, database: Database) -> Noticeboard:
    """The rules in force. Raises StoreUnavailable."""
    board = Noticeboard(rules_of_installation(settings), settings.zone)
    await board.refresh(database)
    return board


def make_flows(criteria: CriteriaBook | None = None) -> tuple[Flow[Any], ...]:
    """Every conversation with a purpose the bot can lead; `criteria` where they are read already."""
    book = criteria or load_criteria()
    checklist = ChecklistFlow(load_checklists())
    return (Assessment(book), checklist, Erasure(), Story(), Subscription(book))


def load_knowledge() -> KnowledgeBase:
    """The shipped content alone, looked at by words: for what needs no database."""
    return KnowledgeBase.load(SHIPPED_CONTENT, vietnamese_text())


@asynccontextmanager
async def open_knowledge(
    settings: Settings, database: Database, clock: Clock = utc_now
) -> AsyncIterator[Librarian]:
    """What the database knows, the shipped content taken over; by words until `learn_meanings`."""
    folder = settings.data_dir / "vectors"
    librarian = await open_librarian(database, vietnamese_text(), settings.embedder, folder, clock)
    try:
        yield librarian
    finally:
        await asyncio.to_thread(librarian.close)


@asynccontextmanager
async def open_assistant(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Assistant]:
    """The assistant as citizens meet it, without any server: for `khuyenhoc ask` and `khuyenhoc eval`."""
    async with (
        open_database(settings) as database,
        open_knowledge(settings, database) as librarian,
        open_interpreter(settings, librarian) as interpreter,
    ):
        await librarian.learn_meanings(progress)
        board = await read_board(settings, database)
        yield make_assistant(settings, librarian, interpreter, rules=board.rules)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, at the schema this program expects. Raises StoreUnavailable or SchemaTooNew."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(f"DATA_DIR: {error.strerror}") from error
    database = Database(settings.resolved_database_url)
    try:
        await database.open()
        await migrate(database)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_redis_url(settings: Settings) -> AsyncIterator[str]:
    """Where Redis is: REDIS_URL, or the embedded Valkey of the data folder."""
    if settings.redis_url:
        yield settings.redis_url
        return
    embedded = EmbeddedValkey(settings.data_dir)
    try:
        await embedded.start()
        yield embedded.url
    finally:
        await embedded.stop()


def make_zalo(settings: Settings, database: Database, clock: Clock) -> ZaloChannel | None:
    """The OA's channel, or None when Zalo is off."""
    if not settings.zalo_is_on:
        return None
    config = ZaloConfig(
        app_id=settings.zalo_app_id,
        app_secret=settings.zalo_app_secret.get_secret_value(),
        oa_id=settings.zalo_oa_id,
        oa_secret_key=settings.zalo_oa_secret_key.get_secret_value(),
        api_base=settings.zalo_api_base,
        oauth_base=settings.zalo_oauth_base,
        buttons=settings.zalo_buttons,
    )
    return ZaloChannel(
        config,
        StoredTokens(database, f"zalo:{config.oa_id}", clock),
        clock=clock,
        environment_tokens=(
            settings.zalo_access_token.get_secret_value(),
            settings.zalo_refresh_token.get_secret_value(),
        ),
    )


class HalfConfigured(Exception):
    """A channel was given some of what it needs; the message names the rest, in Vietnamese."""


async def _need_zalo_tokens(settings: Settings, database: Database, clock: Clock) -> None:
    """Zalo needs a token pair from the environment or from our own store. Raises HalfConfigured."""
    if not settings.zalo_is_on or settings.zalo_refresh_token.get_secret_value():
        return
    if await StoredTokens(database, f"zalo:{settings.zalo_oa_id}", clock).load() is None:
        raise HalfConfigured(
            "Zalo còn thiếu ZALO_ACCESS_TOKEN và ZALO_REFRESH_TOKEN "
            "(cặp mã đầu tiên; các cặp sau bot tự giữ)."
        )


def make_messenger(settings: Settings, clock: Clock) -> MessengerChannel | None:
    """The page's channel, or None when Messenger is off."""
    if not settings.messenger_is_on:
        return None
    return MessengerChannel(messenger_config(settings), clock=clock)


def messenger_config(settings: Settings) -> MessengerConfig:
    """What the Messenger connector needs, from the settings."""
    return MessengerConfig(
        page_id=settings.messenger_page_id,
        app_secret=settings.messenger_app_secret.get_secret_value(),
        verify_token=settings.messenger_verify_token.get_secret_value(),
        page_access_token=settings.messenger_page_access_token.get_secret_value(),
        app_id=settings.messenger_app_id,
        graph_base=settings.messenger_graph_base,
        graph_version=settings.messenger_graph_version,
        human_agent_tag=settings.messenger_human_agent,
        comments_enabled=settings.messenger_comments,
        utility=settings.messenger_utility,
    )


def make_cabinet(settings: Settings, database: Database, clock: Clock, criteria: CriteriaBook) -> Cabinet:
    """Where sheets are drawn and kept."""

    async def records(id_: ConversationId) -> Records:
        async with database.read() as connection:
            return await collect(connection, id_)

    folder = settings.data_dir / "sheets"
    groups = {group.id: group.name for group in criteria.current.groups}
    return Cabinet(folder, criteria.of, settings.association_name, settings.zone, clock, records, groups)


def make_profile_texts(settings: Settings, knowledge: Knowledge) -> ProfileTexts:
    """What a citizen sees on the page before the first message."""
    starters = tuple(Option(s.question, f"q:{s.entry_id}") for s in knowledge.starters(4))
    return ProfileTexts(
        greeting=f"Trợ lý tự động của {settings.association_name}: hỏi đáp về khuyến học, Công dân học tập."[
            :160
        ],
        menu=(MENU, PERSON),
        ice_breakers=starters,
    )


@asynccontextmanager
async def build(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[House]:
    """Open the stores and make every part; close them in reverse order."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        nerves = Nerves(await stack.enter_async_context(open_redis_url(settings)))
        stack.push_async_callback(nerves.aclose)
        nerves.start()
        metrics = Metrics()
        librarian = await stack.enter_async_context(open_knowledge(settings, database, clock))
        monitor = NluMetrics(metrics)
        criteria = load_criteria()
        board = await read_board(settings, database)
        interpreter = await stack.enter_async_context(open_interpreter(settings, librarian, monitor))
        web_chat = WebChannel(nerves.hint_web)
        await _need_zalo_tokens(settings, database, clock)
        zalo = make_zalo(settings, database, clock)
        messenger = make_messenger(settings, clock)
        house = House(
            settings=settings,
            clock=clock,
            metrics=metrics,
            database=database,
            nerves=nerves,
            librarian=librarian,
            board=board,
            assistant=make_ruled_assistant(board, librarian, interpreter, criteria),
            criteria=criteria,
            cabinet=make_cabinet(settings, database, clock, criteria),
            inbox=Inbox(database, nerves, clock, metrics),
            web=web_chat,
            zalo=zalo,
            messenger=messenger,
        )
        for channel in house.channels:
            stack.push_async_callback(channel.aclose)
        yield house


def make_web(house: House) -> web.Application:
    """Everything that is served over HTTP."""
    settings = house.settings
    app = web.Application(client_max_size=MAX_DELIVERY_BYTES)
    if house.zalo is not None:
        add_webhook(app, "/webhooks/zalo", house.zalo, house.inbox, house.metrics)
    else:
        add_absent_channel(app, "/webhooks/zalo")
    if house.messenger is not None:
        add_webhook(app, "/webhooks/messenger", house.messenger, house.inbox, house.metrics)
        add_messenger_handshake(app, "/webhooks/messenger", house.messenger)
    else:
        add_absent_channel(app, "/webhooks/messenger")
    add_chat_routes(
        app,
        ChatSettings(
            association_name=settings.association_name,
            front_now=lambda: front_of(house.board.rules, house.librarian),
            zalo_link=settings.zalo_link,
            facebook_link=settings.facebook_link,
            allowed_origins=settings.allowed_origins,
            messages_per_minute=settings.citizen_messages_per_minute,
            messages_per_minute_per_ip=settings.web_messages_per_minute_per_ip,
        ),
        house.inbox,
        StoredTranscript(house.database),
        RedisNudges(house.nerves),
        now=house.clock,
        address=address_behind(settings.trusted_proxies),
    )
    add_staff_routes(
        app,
        StaffParts(
            house.database,
            house.nerves,
            house.channels,
            house.clock,
            settings.association_name,
            base=lambda: house.librarian.base,
            assistant=house.assistant,
            public_url=settings.public_url,
            trusted_proxies=settings.trusted_proxies,
            zone=settings.zone,
            board=house.board,
            criteria=house.criteria,
            data_dir=settings.data_dir,
            hints=house.nerves.outbox_hints,
            shared_tries=house.nerves.try_once,
            approval_above=settings.campaign_approval_above,
            campaign_pace=campaign_pace(settings),
            broadcasts_per_month=settings.zalo_broadcasts_per_month,
            officer_windows={"messenger": HUMAN_AGENT_WINDOW} if settings.messenger_human_agent else {},
        ),
    )
    add_calendar_route(
        app,
        house.database,
        house.clock,
        settings.zone,
        name=lambda: house.board.rules.association,
        home=settings.public_url,
    )
    add_health_routes(
        app,
        Parts(
            house.database,
            house.nerves,
            house.librarian,
            house.channels,
            house.zalo,
            house.metrics,
            house.clock,
        ),
    )
    return app


def make_worker(house: House) -> Worker:
    """Turns events into replies."""
    return Worker(
        house.database,
        house.nerves,
        house.assistant,
        {(c.name, c.account): c for c in house.channels},
        house.board.rules.texts.apology,
        house.clock,
        house.metrics,
        cabinet=house.cabinet,
        held=HeldMessages(house.database, house.channels, house.clock, make_post(house), house.metrics),
        data_dir=house.settings.data_dir,
        concurrency=house.settings.worker_concurrency,
    )


def make_evidence_keeper(house: House) -> EvidenceKeeper:
    """Fetches and removes the files of evidence. From this machine only where a stand-in's API is here."""
    settings = house.settings
    return EvidenceKeeper(
        house.database,
        house.clock,
        house.metrics,
        settings.data_dir / FOLDER,
        Downloader(),
        {
            "zalo": loopback_origin(settings.zalo_api_base),
            "messenger": loopback_origin(settings.messenger_graph_base),
        },
    )


def make_reminders(house: House) -> Reminders:
    """Reminds once of what was left in the middle."""
    return Reminders(
        house.database,
        house.nerves,
        {(c.name, c.account): c for c in house.channels},
        house.clock,
        house.metrics,
        house.settings.zone,
        new_stamp,
    )


def make_retention(house: House) -> Retention:
    """Removes what is older than staff want it kept."""
    pictures = CampaignPictures(house.settings.data_dir)
    return Retention(house.database, house.nerves, house.board, house.clock, house.settings.zone, pictures)


def make_misses_again(house: House) -> MissesAgain:
    """Asks again what was not answered, whenever what the bot knows has changed."""

    def known() -> Known:
        librarian = house.librarian
        is_whole = not librarian.state.vectors_missing
        return Known(librarian.revision if is_whole else -1, librarian.base)

    return MissesAgain(house.database, house.nerves, known, house.clock)


def make_senders(house: House) -> list[AccountSender]:
    """One sender per account, each at its own rate."""
    settings = house.settings
    rates = send_rates(settings)
    return [
        AccountSender(
            channel,
            house.database,
            house.nerves,
            house.clock,
            house.metrics,
            per_minute=rates[channel.name],
            in_flight=settings.sends_in_flight,
            give_up_after=timedelta(hours=settings.outbox_give_up_hours),
        )
        for channel in house.channels
    ]


def send_rates(settings: Settings) -> dict[str, int | None]:
    """Sends a minute by channel; None: nothing limits our own page."""
    return {
        "zalo": settings.zalo_sends_per_minute,
        "messenger": settings.messenger_sends_per_minute,
        "web": None,
    }


def campaign_pace(settings: Settings) -> float | None:
    """Messages a minute over all accounts that are on, for saying how long a campaign takes."""
    rates, on = send_rates(settings), {"zalo": settings.zalo_is_on, "messenger": settings.messenger_is_on}
    shares = [share_of(rates[name], settings.campaign_share) for name, is_on in on.items() if is_on]
    limited = [share for share in shares if share is not None]
    return sum(limited) if limited else None


def make_post(house: House) -> Post:
    """How campaigns become messages, with the paid templates there are at the moment."""
    settings = house.settings
    return Post(
        settings.association_name,
        settings.zone,
        CampaignPictures(settings.data_dir).folder,
        lambda: offered(house.board.rules.templates, house.channels),
    )


def office_of(settings: Settings, database: Database, clock: Clock = utc_now) -> Office:
    """Where campaigns are made."""
    on = {
        "web",
        *(["zalo"] if settings.zalo_is_on else []),
        *(["messenger"] if settings.messenger_is_on else []),
    }
    return Office(database, clock, settings.zone, frozenset(on), settings.campaign_approval_above)


def report_desk_of(
    settings: Settings,
    database: Database,
    librarian: Librarian,
    criteria: CriteriaBook,
    clock: Clock = utc_now,
) -> ReportDesk:
    """Where reports are counted and their drafts prepared."""
    return ReportDesk(Bureau(database, settings.zone, criteria.sets, lambda: librarian.base), clock)


def make_feeder(house: House) -> Feeder:
    """Hands campaigns to the senders, at their share of each account's rate."""
    settings = house.settings
    shares = {name: share_of(rate, settings.campaign_share) for name, rate in send_rates(settings).items()}
    return Feeder(
        house.database,
        house.nerves,
        house.channels,
        shares,
        house.clock,
        make_post(house),
        metrics=house.metrics,
    )


def make_broadcast_sender(house: House, zalo: ZaloChannel) -> BroadcastSender:
    """Shows articles to all followers of the Zalo account when their time comes."""
    settings = house.settings
    return BroadcastSender(
        zalo,
        house.database,
        house.nerves,
        house.clock,
        settings.zone,
        per_month=settings.zalo_broadcasts_per_month,
        metrics=house.metrics,
    )


async def serve(
    settings: Settings,
    role: Role,
    stop: asyncio.Event,
    on_ready: Callable[[House, int], Coroutine[Any, Any, None]],
) -> None:
    """Run until `stop` is set; `on_ready` is called with the house and the port once it answers.

    Raises StoreUnavailable, SchemaTooNew, ValkeyUnavailable or AddressTaken when it cannot start.
    """
    async with build(settings) as house, AsyncExitStack() as stack:
        if role in ("all", "worker"):  # before anybody is answered or written to
            await catch_up(house.database, settings.data_dir)
        port = await _listen(house, stack) if role in ("all", "web") else 0
        works: list[Coroutine[Any, Any, None]] = [
            house.librarian.follow(house.database, stop),
            house.board.follow(house.database, stop),
        ]
        if role in ("all", "web", "worker"):  # of these, the one that has a file reads it
            limits = Limits()
            works.append(UploadReader(house.database, house.clock, settings.data_dir, limits).run(stop))
        if role in ("all", "web"):
            works.append(make_misses_again(house).run(stop))
            works.append(ImportWriter(house.database, house.clock, settings.data_dir, entry_saved).run(stop))
        if role in ("all", "worker"):
            works.append(make_worker(house).run(stop))
            works.append(make_evidence_keeper(house).run(stop))
            works.append(make_reminders(house).run(stop))
            works.append(make_retention(house).run(stop))
            works.append(house.cabinet.keep_tidy(stop))
        if role in ("all", "sender"):
            works.extend(sender.run(stop) for sender in make_senders(house))
            works.append(make_feeder(house).run(stop))
            works.append(
                Proposals(office_of(house.settings, house.database, house.clock), house.nerves).run(stop)
            )
            desk = report_desk_of(
                house.settings, house.database, house.librarian, house.criteria, house.clock
            )
            works.append(ReportDrafts(desk, house.nerves).run(stop))
            if house.zalo is not None:
                works.append(house.zalo.keep_fresh(stop))
                works.append(make_broadcast_sender(house, house.zalo).run(stop))
        tasks = [asyncio.create_task(work) for work in works]
        await on_ready(house, port)
        # What was built stays until the end. Going through it again and again, the garbage collector would
        # hold up every citizen for 60 to 80 ms now and then.
        gc.collect()
        gc.freeze()
        # A commit that is on disk needs the interpreter for a moment to say so; a busy loop would keep it
        # waiting for the usual 5 ms, twice.
        sys.setswitchinterval(0.0005)
        stopped = asyncio.create_task(_wait(stop))
        done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=settings.shutdown_seconds)
            for task in late:
                log.warning("stopped_before_done", task=task.get_name())
            await end(*late)
        for task in done - {stopped}:
            task.result()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def _listen(house: House, stack: AsyncExitStack) -> int:
    runner = web.AppRunner(make_web(house), access_log=None, shutdown_timeout=1.0, handle_signals=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, house.settings.host, house.settings.port, backlog=1024)
    try:
        await site.start()
    except OSError as error:
        raise AddressTaken(f"{house.settings.host}:{house.settings.port}") from error
    addresses = runner.addresses
    return int(addresses[0][1]) if addresses else house.settings.port
