"""Putting the furnished house together, and serving it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.app import open_assistant, open_database
from bot.clock import utc_now
from bot.house_rules import rules_of_installation
from bot.settings import Settings
from bot.staff.passwords import hash_password
from bot.store import audit, staff
from bot.store.audit import Action
from bot.store.database import Database
from bot.store.staff import Officer, Role
from connectors.sandbox import GraphSandbox, SandboxSettings, ZaloSandbox, running
from tests.e2e.furnished import office, papers, results, talks
from tests.e2e.test_whole_program import Program

ASSOCIATION = "Hội Khuyến học phường An Bình"
PASSWORD = "mật khẩu rất dài"
ACCOUNTS: Mapping[str, Role] = {
    "cô Lan": Role.ADMIN,
    "thầy Minh": Role.EDITOR,
    "chị Hoa": Role.AGENT,
    "anh Tuấn": Role.AGENT,
    "bác Tư": Role.VIEWER,
}


@dataclass
class Furnished:
    """The house while it is served."""

    program: Program
    zalo: ZaloSandbox
    graph: GraphSandbox
    more: Mapping[str, str] = field(default_factory=dict)
    """Addresses no page leads to, by what they are for."""

    @property
    def url(self) -> str:
        return self.program.url


async def furnish(
    data_dir: Path, scratch: Path, now: datetime, environment: Mapping[str, str], *, awkward: bool = False
) -> Mapping[str, str]:
    """Fill a new data folder. `awkward` adds what only tests want to see."""
    settings = Settings(
        _env_file=None,
        data_dir=data_dir,
        embedder="none",
        **{name.lower(): value for name, value in environment.items()},  # type: ignore[arg-type]
    )
    async with open_database(settings) as database:
        await papers.as_an_older_program_shipped_it(database, now - timedelta(days=40))
        officers = await _staff(database, now)
        async with open_assistant(settings) as assistant:
            people = talks.Talks(database, assistant, now)
            await talks.let_them_talk(people)
            if awkward:
                await talks.awkward_ones(people)
        await papers.staff_answers(database, now)
        await papers.take_in(database, data_dir, scratch, now)
        await results.assess(database, data_dir, now)
        await office.missed(database, now, awkward=awkward)
        await office.take_notes(database, now)
        await office.send_in(database, data_dir, now)
        await office.set_rules(database, rules_of_installation(settings), now)
        await office.write_to_many(database, data_dir, now)
        addresses = await office.invite(database, now)
        await _past_work(database, officers, now)
    return addresses


@asynccontextmanager
async def open_furnished(folder: Path, *, awkward: bool = False) -> AsyncIterator[Furnished]:
    """Fill a house in `folder` and serve it, with both platforms as stand-ins beside it."""
    async with AsyncExitStack() as stack:
        program = Program(folder)
        hooks = f"{program.url}/webhooks"
        zalo = await stack.enter_async_context(running(ZaloSandbox(webhook_url=f"{hooks}/zalo")))
        graph = await stack.enter_async_context(running(GraphSandbox(webhook_url=f"{hooks}/messenger")))
        environment = {
            **SandboxSettings().bot_environment(),
            "ZALO_API_BASE": zalo.base_url,
            "ZALO_OAUTH_BASE": zalo.base_url,
            "MESSENGER_GRAPH_BASE": graph.base_url,
            "ASSOCIATION_NAME": ASSOCIATION,
            "CONTACT_LINE": "văn phòng Hội, tầng 1 nhà văn hóa phường An Bình",
        }
        more = await furnish(program.data_dir, folder / "giay-to", utc_now(), environment, awkward=awkward)
        program.environment.update(environment)
        stack.push_async_callback(program.stop)
        await program.start()
        yield Furnished(program, zalo, graph, more)


async def _staff(database: Database, now: datetime) -> dict[str, Officer]:
    hashed = hash_password(PASSWORD)
    for days, (name, role) in enumerate(ACCOUNTS.items()):
        at = now - timedelta(days=40 - days)
        await database.write(partial(staff.put, name=name, role=role, password_hash=hashed, now=at))
    found = {}
    async with database.read() as connection:
        for name in ACCOUNTS:
            officer = await staff.find(connection, name)
            assert officer is not None
            found[name] = officer
    return found


async def _past_work(database: Database, officers: Mapping[str, Officer], now: datetime) -> None:
    """What the log says of the last days."""
    lines = (
        (9.0, "thầy Minh", Action.SIGNED_IN, ""),
        (8.9, "thầy Minh", Action.ENTRY_SAVED, "entry:tuan-le"),
        (8.0, "thầy Minh", Action.DOCUMENT_UPLOADED, "library:2"),
        (5.0, "cô Lan", Action.ENTRY_ARCHIVED, "entry:ban-hoc-tap"),
        (2.1, "cô Lan", Action.SIGNED_IN, ""),
        (2.0, "cô Lan", Action.ENTRY_SAVED, "entry:tuan-le"),
        (0.2, "chị Hoa", Action.SIGNED_IN, ""),
        (0.08, "chị Hoa", Action.CONVERSATION_VIEWED, talks.zalo(2).key),
        (0.07, "chị Hoa", Action.CONVERSATION_TAKEN, talks.zalo(2).key),
        (0.06, "chị Hoa", Action.CONVERSATION_ANSWERED, talks.zalo(2).key),
    )
    for days, who, action, subject in lines:
        at = now - timedelta(days=days)
        await database.write(partial(audit.note, by=officers[who], action=action, subject=subject, at=at))
