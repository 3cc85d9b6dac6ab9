"""Sheets become files every channel can deliver; they go with the citizen, and when they are old."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.dialogue.texts import Texts
from bot.dialogue.turn import Effect, Forget, Outcome, Reply, Turn, View
from bot.flows.results import Sheet
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.sheets import Cabinet, describe
from bot.sheets.cabinet import KEPT_FOR
from bot.sheets.wording import VIETNAM
from bot.store import schema
from bot.store.database import Database
from bot.web.contract import Author, Cursor
from bot.web.house import StoredTranscript
from bot.worker import Worker
from connectors.message import ConversationId, File, InboundEvent, Part, PublicReply, Text, decode_part
from connectors.messenger.render import attachment_type
from connectors.messenger.render import fit as fit_messenger
from connectors.web import WebChannel
from connectors.zalo.config import ZaloConfig
from connectors.zalo.render import fit as fit_zalo
from connectors.zalo.uploads import read_content
from knowledge.criteria import CriteriaSet
from tests.bot.fakes import FakeChannel, said
from tests.bot.sheets.samples import ASSOCIATION, CODE, EVIDENCE, criteria_set, result
from tests.conftest import StandingClock

LAN = ConversationId("fake", "oa", "lan")
BINH = ConversationId("fake", "oa", "binh")
CARD, PAPER = Sheet(result(evidence=EVIDENCE), "card"), Sheet(result(evidence=EVIDENCE), "paper")


def find(id_: str) -> CriteriaSet | None:
    return criteria_set() if id_ == "324-2023" else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sheets"


@pytest.fixture
def cabinet(folder: Path, clock: StandingClock) -> Cabinet:
    return Cabinet(folder, find, ASSOCIATION, VIETNAM, clock)


def content(part: Part) -> bytes:
    assert isinstance(part, File)
    return Path(part.path).read_bytes()


def names(folder: Path) -> set[str]:
    return {path.name[17:] for path in folder.glob("*")}


async def test_sheets_take_their_place_among_the_words(cabinet: Cabinet) -> None:
    before, after = Text("trước"), PublicReply("sau")
    first, card, paper, last = await cabinet.drawn(LAN, (before, CARD, PAPER, after))
    assert (first, last) == (before, after)
    assert isinstance(card, File)
    assert isinstance(paper, File)
    assert (card.name, card.media_type) == (f"Ket-qua-tu-danh-gia-{CODE}.png", "image/png")
    assert (paper.name, paper.media_type) == (f"Phieu-tu-danh-gia-{CODE}.pdf", "application/pdf")
    assert card.caption == describe(CARD.result, criteria_set())
    assert content(card).startswith(b"\x89PNG")
    assert content(paper).startswith(b"%PDF")


async def test_a_repeated_turn_writes_the_same_file_again(cabinet: Cabinet, folder: Path) -> None:
    (first,) = await cabinet.drawn(LAN, (CARD,))
    before = content(first)
    assert await cabinet.drawn(LAN, (CARD,)) == (first,)
    assert content(first) == before
    assert names(folder) == {f"{CODE}-card.png"}


async def test_a_sheet_that_cannot_be_drawn_is_left_out_and_the_words_stay(
    cabinet: Cabinet, folder: Path
) -> None:
    made = result()
    broken = (
        Sheet(replace(made, criteria="999-2099"), "card"),
        Sheet(replace(made, points=(1,)), "paper"),
        Sheet(replace(made, group="nobody"), "card"),
        Sheet(replace(made, code="../../escape"), "card"),
        Sheet(made, "poster"),
    )
    assert await cabinet.drawn(LAN, (*broken, Text("lời"))) == (Text("lời"),)
    assert names(folder) == set()


async def test_a_disk_that_refuses_costs_the_sheet_alone(clock: StandingClock) -> None:
    cabinet = Cabinet(Path(__file__) / "sheets", find, ASSOCIATION, VIETNAM, clock)
    assert await cabinet.drawn(LAN, (CARD, Text("lời"))) == (Text("lời"),)


async def test_many_at_once_come_out_like_one_after_the_other(cabinet: Cabinet) -> None:
    drawn = await asyncio.gather(*(cabinet.drawn(LAN, (CARD, PAPER)) for _ in range(2)))
    assert len(set(drawn)) == 1
    alone = await cabinet.drawn(BINH, (CARD, PAPER))
    assert [content(part) for part in drawn[0]] == [content(part) for part in alone]


async def test_who_is_forgotten_loses_every_file_and_nobody_else_does(cabinet: Cabinet, folder: Path) -> None:
    older = Sheet(result(code="KH-AAAA-BBBB"), "card")
    await cabinet.drawn(LAN, (PAPER, older))
    await cabinet.drawn(BINH, (Sheet(result(code="KH-CCCC-DDDD"), "card"),))
    await cabinet.forget(LAN)
    assert names(folder) == {"KH-CCCC-DDDD-card.png"}


async def test_old_files_go_and_young_ones_stay(cabinet: Cabinet, folder: Path, clock: StandingClock) -> None:
    await cabinet.drawn(LAN, (CARD, PAPER))
    for form, age in (
        ("card.png", KEPT_FOR + timedelta(hours=1)),
        ("paper.pdf", KEPT_FOR - timedelta(hours=1)),
    ):
        path = next(path for path in map(folder.joinpath, os.listdir(folder)) if path.name.endswith(form))
        at = (clock() - age).timestamp()
        os.utime(path, (at, at))
    assert await cabinet.tidy() == 1
    assert names(folder) == {f"{CODE}-paper.pdf"}


async def test_tidying_ends_when_the_program_does(cabinet: Cabinet) -> None:
    stop = asyncio.Event()
    tidying = asyncio.create_task(cabinet.keep_tidy(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(tidying, 2)


async def test_every_channel_takes_both_files(cabinet: Cabinet) -> None:
    files = [part for part in await cabinet.drawn(LAN, (CARD, PAPER)) if isinstance(part, File)]
    zalo = [piece for file in files for piece in fit_zalo(file, ZaloConfig("1", "s", "2", "k"))]
    assert [type(piece) for piece in zalo] == [File, Text, File]  # Zalo's picture carries its words itself
    for piece in zalo:
        if isinstance(piece, File):
            assert len(read_content(piece).data) < 1024 * 1024
    messenger = [piece for file in files for piece in fit_messenger(file)]
    assert [type(piece) for piece in messenger] == [Text, File, Text, File]
    assert [attachment_type(piece) for piece in messenger if isinstance(piece, File)] == ["image", "file"]

    async def nudge(user: str, kind: str) -> None:
        raise AssertionError("fitting sends nothing")

    assert [piece for file in files for piece in WebChannel(nudge).fit(file)] == files


class Answers:
    """An assistant that answers with what it was given."""

    def __init__(self) -> None:
        self.replies: tuple[Reply, ...] = (Text("Kết quả của bạn."), CARD, PAPER)
        self.effects: tuple[Effect, ...] = ()

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        return Turn(Outcome.FLOW, view.state, self.replies, self.effects)


async def outbox_of(database: Database) -> list[Part]:
    async with database.read() as connection:
        rows = await connection.execute(select(schema.outbox.c.part).order_by(schema.outbox.c.id))
        return [decode_part(row[0]) for row in rows]


async def test_the_worker_puts_files_into_the_outbox_and_removes_them_with_the_citizen(
    database: Database, nerves: Nerves, clock: StandingClock, cabinet: Cabinet, folder: Path
) -> None:
    answers = Answers()
    worker = Worker(
        database,
        nerves,
        answers,
        {("fake", "oa"): FakeChannel()},
        Texts().apology,
        clock,
        Metrics(),
        cabinet=cabinet,
    )
    inbox = Inbox(database, nerves, clock, Metrics())
    await inbox.accept([said("kết quả của tôi", key="k1")])
    await worker.handle(LAN.key)
    kinds = [type(part) for part in await outbox_of(database)]
    assert kinds == [Text, File, File]
    assert len(names(folder)) == 2
    transcript = StoredTranscript(database)
    rows = [line.cursor.outbound for line in await transcript.recent(LAN, 9) if isinstance(line.part, File)]
    assert [await transcript.file(LAN, row) is not None for row in rows] == [True, True]
    assert [await transcript.file(BINH, row) for row in rows] == [None, None]

    answers.replies, answers.effects = (Text("Đã xóa."),), (Forget(),)
    await inbox.accept([said("xóa dữ liệu của tôi", key="k2")])
    await worker.handle(LAN.key)
    assert await outbox_of(database) == [Text("Đã xóa.")]
    # An open page, which knows the number of the last line, is told as well.
    news = await transcript.lines(LAN, Cursor(outbound=rows[-1]), 9)
    assert [line.part for line in news if line.author is Author.BOT] == [Text("Đã xóa.")]
    assert names(folder) == set()
