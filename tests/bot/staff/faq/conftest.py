"""A console whose bot follows the database, as the program's does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.librarian import Librarian
from bot.store import content as stored
from bot.store.staff import Role
from connectors.web import WebChannel
from knowledge.base import KnowledgeBase
from knowledge.content import content_of
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import Console
from tests.bot.staff.faq.desk import SHIPPED
from tests.conftest import StandingClock


async def _no_hint(*_: str) -> None:
    """Nobody looks at the chat here."""


@pytest.fixture
async def faq(console: Console, tmp_path: Path, clock: StandingClock) -> AsyncIterator[Console]:
    """Signed in as an editor."""
    base = KnowledgeBase(content_of(()), vietnamese_text())
    librarian = Librarian(base, vietnamese_text(), "none", tmp_path)
    await console.client.close()
    fresh = Console(console.database, clock)
    fresh.desk = replace(
        fresh.desk, base=lambda: librarian.base, channels=(WebChannel(_no_hint),), data_dir=tmp_path
    )
    await fresh.start()
    await fresh.database.write(lambda c: stored.sync(c, SHIPPED, clock()))
    await librarian.refresh(fresh.database)
    await fresh.become(Role.EDITOR)
    yield fresh
    await fresh.client.close()
    librarian.close()
