"""What people may demand: that everything about them goes, that it stays gone, and that they can see it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pypdfium2 as pdfium
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, insert, select

from bot import erasures
from bot.app import make_flows
from bot.dialogue.assistant import Assistant
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Mode, Subscribed, ToldAboutThemselves
from bot.evidence import EvidenceKeeper
from bot.flows.results import Evidence, Sheet
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.noticeboard import Noticeboard
from bot.outreach.topics import Topic
from bot.retention import Retention
from bot.sheets import Cabinet
from bot.sheets.own_data import draw_own_data
from bot.sheets.wording import VIETNAM
from bot.store import audit, conversations, misses, notes, outbox, personal, schema
from bot.store import erasures as erasure_list
from bot.store.audit import Action, conversation_subject
from bot.store.database import Database
from bot.store.outbox import NewMessage
from bot.worker import Worker
from connectors.message import ConversationId, EventKind, File, Text, decode_part
from knowledge.criteria import CriteriaSet
from tests.bot.assessing import Talk, finished, progress
from tests.bot.fakes import FakeChannel, said
from tests.bot.sheets.samples import ASSOCIATION, criteria_set, result
from tests.conftest import StandingClock
from tests.interpreter import interpreter
from tests.shipped import knowledge

pytestmark = pytest.mark.service  # whole houses are lived in and emptied: some seconds

LAN = ConversationId("fake", "oa", "u731a9c2155e0")
BINH = ConversationId("fake", "oa", "u182c3d4e5f60")


def traces(who: ConversationId) -> tuple[str, ...]:
    """What this person leaves: their id, words, number, file name, commune, and what an officer noted."""
    tag = who.user[:4]
    return (who.user, f"bí mật {tag}", f"0901234{tag[1:]}", f"giay-{tag}.jpg", f"Xã {tag}", f"gọi lại {tag}")


PERSONAL = {
    "conversations", "conversation_notes", "inbound_events", "outbox", "turns", "assessments", "consents",
    "subscriptions", "profiles", "campaign_recipients",
}  # fmt: skip
"""Tables with a column that says whose a row is."""
GROUPS = {group.id: group.name for group in criteria_set().groups}


class House:
    """The house from inbox to commit, with the real assistant, and somebody about whom all is known."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock, data_dir: Path) -> None:
        self.database, self.nerves, self.clock, self.data_dir = database, nerves, clock, data_dir
        self.inbox = Inbox(database, nerves, clock, Metrics())
        self.cabinet = Cabinet(
            data_dir / "sheets", _criteria, ASSOCIATION, VIETNAM, clock, self.records, GROUPS
        )
        assistant = Assistant(interpreter(), knowledge(), Texts(), flows=make_flows())
        self.worker = Worker(
            database, nerves, assistant, {("fake", "oa"): FakeChannel()}, "xin lỗi", clock, Metrics(),
            cabinet=self.cabinet, data_dir=data_dir,
        )  # fmt: skip
        self._heard = 0

    async def records(self, id_: ConversationId) -> personal.Records:
        async with self.database.read() as connection:
            return await personal.collect(connection, id_)

    async def hear(self, words: str, who: ConversationId = LAN, **fields: Any) -> None:
        self._heard += 1
        event = replace(said(words, user=who.user, key=f"k{self._heard}"), **fields)
        await self.inbox.accept([replace(event, sent_at=self.clock())])
        await self.worker.handle(who.key)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            found = await connection.execute(select(schema.metadata.tables[table]))
            return [dict(row._mapping) for row in found]

    async def everything(self) -> dict[str, str]:
        """Every table as one text."""
        return {
            name: json.dumps(
                [[str(v) for v in row.values()] for row in await self.rows(name)], ensure_ascii=False
            )
            for name in schema.metadata.tables
        }

    async def last_answer(self, who: ConversationId = LAN) -> str:
        texts = [
            json.loads(row["part"])["text"] for row in await self.rows("outbox") if row["user"] == who.user
        ]
        return str(texts[-1])

    async def receipt(self) -> str:
        found = re.search(r"XD-[A-Z0-9]{4}-[A-Z0-9]{4}", await self.last_answer())
        assert found
        return found[0]

    async def live(self, who: ConversationId, *, code: str = "KH-LAN1-LAN1") -> None:
        """Leave something of this person in every place there is."""
        _, secret, number, picture, commune, noted = traces(who)
        await self.hear(f"{secret}, số của mình {number}", who)
        given = [
            Evidence(1, "text", secret),
            Evidence(2, "image", picture, f"https://cdn.example/{who.user}/1.jpg"),
        ]
        talk, now = Talk(self.database, self.clock), self.clock()
        talk._heard = 900 + self._heard
        await talk.turn(
            progress("3", f"{code[:-1]}2", evidence=given),
            finished(now, code, evidence=given, place=commune),
            Subscribed((Topic.MONTH, Topic.LOCAL), f"{secret}: có, gửi cho mình"),
            ToldAboutThemselves(f"{commune}, Hà Nam", "xa"),
            who=who,
        )
        folder = self.data_dir / "evidence" / code
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(b"photo")
        await self.cabinet.drawn(who, (Sheet(result(code=code), "card"),))
        campaign = NewMessage(who, Text(f"tin cho {secret}"), f"kh:c{who.user}", author="campaign")

        async def job(connection: Any) -> None:
            await notes.add(connection, who.key, author="cô Hoa", text=f"{noted} nhé", at=now)
            subject = conversation_subject(who)
            await audit.note(connection, None, Action.CONVERSATION_VIEWED, subject, now)
            await outbox.add(connection, [campaign], now)
            await misses.record(
                connection, key="hoi gi …", sample="hỏi gì …", reason="nothing", nearest="", at=now
            )
            sent = await connection.scalar(select(func.max(schema.outbox.c.id)))
            for nth, (state, of) in enumerate((("queued", sent), ("held", None))):
                await connection.execute(
                    insert(schema.campaign_recipients).values(
                        campaign_id=nth + 1, conversation_key=who.key, channel=who.channel,
                        account=who.account, state=state, standing="free", why="free", outbox_id=of,
                        decided_at=now,
                    )
                )  # fmt: skip

        await self.database.write(job)


def _criteria(id_: str) -> CriteriaSet | None:
    return criteria_set() if id_ == "324-2023" else None


@pytest.fixture
async def house(database: Database, nerves: Nerves, clock: StandingClock, data_dir: Path) -> House:
    (data_dir / "data").mkdir()
    return House(database, nerves, clock, data_dir / "data")


async def erase(house: House) -> None:
    await house.hear("Xóa hết dữ liệu của tôi")
    await house.hear("có")


def test_whatever_says_whose_a_row_is_is_known_here() -> None:
    """A new table with such a column must be erased too (bot.erasures.forget), and then stand here."""
    found = {
        name
        for name, table in schema.metadata.tables.items()
        if {"conversation_key", "user"} & set(table.c.keys())
    }
    assert found == PERSONAL


async def test_after_an_erasure_no_table_and_no_folder_holds_anything_of_the_person(house: House) -> None:
    await house.live(LAN)
    await house.live(BINH, code="KH-BINH-BINH")
    before = await house.everything()
    for name in PERSONAL | {"evidence"}:
        assert any(trace in before[name] for trace in traces(LAN)), f"nothing of the person was in {name}"
    await erase(house)
    after = await house.everything()
    their_id, *their_words = traces(LAN)
    for name, held in after.items():
        for trace in their_words:
            assert trace not in held, f"{trace} is still in {name}"
        # Whom the receipt goes to must be known until it is there.
        is_way_of_receipt = name in {"conversations", "inbound_events", "outbox", "turns"}
        assert (their_id in held) <= is_way_of_receipt, f"the person is still in {name}"
        for trace in traces(BINH):
            assert held.count(trace) == before[name].count(trace), f"somebody else lost something in {name}"
    assert len([row for row in await house.rows("outbox") if row["user"] == LAN.user]) == 1
    (state,) = (row["state"] for row in await house.rows("conversations") if row["user"] == LAN.user)
    assert not set(json.loads(state)) - {"minute_began", "in_minute", "numbered"}
    recipients = [
        row for row in await house.rows("campaign_recipients") if row["conversation_key"] != BINH.key
    ]
    assert [row["state"] for row in recipients] == ["queued", "skipped"], "they stay counted"
    assert len(list(house.data_dir.glob("sheets/*"))) == 1
    keeper = EvidenceKeeper(
        house.database, house.clock, Metrics(), house.data_dir / "evidence", cast("Any", None), {}
    )
    await keeper.remove_marked()
    assert [path.name for path in (house.data_dir / "evidence").iterdir()] == ["KH-BINH-BINH"]


async def test_nothing_in_redis_knows_the_person_any_more(house: House, redis_url: str) -> None:
    await house.live(LAN)
    await house.nerves.announce([LAN.key, BINH.key])
    await erase(house)
    redis = Redis.from_url(redis_url, decode_responses=True)
    try:
        keys = [key async for key in redis.scan_iter()]
        assert not [key for key in keys if LAN.user in key]
        stream: Any = await redis.xrange("kh:announced")
        announced = [fields["c"] for _, fields in stream]
    finally:
        await redis.aclose()
    assert LAN.key not in announced
    assert BINH.key in announced


async def test_the_receipt_has_a_number_and_a_date_and_the_log_knows_it_without_the_person(
    house: House,
) -> None:
    await house.live(LAN)
    await erase(house)
    answer, number = await house.last_answer(), await house.receipt()
    assert "02/10/2026" in answer
    assert "ghi chú" in answer
    assert "đăng ký nhận tin" in answer
    lines = [row for row in await house.rows("audit_log") if row["action"] == Action.DATA_ERASED]
    assert [row["subject"] for row in lines] == [f"erasure:{number}"]
    assert erasures.read(house.data_dir) == {
        erasure_list.hash_of(LAN.key): datetime.fromisoformat(str((await house.rows("erasures"))[0]["at"]))
    }


async def test_a_platforms_demand_is_honoured_the_same_way(house: House) -> None:
    await house.live(LAN)
    async with house.database.read() as connection:
        before = await conversations.load(connection, LAN)
    waiting = replace(before, mode=Mode.WAITING, mode_since=house.clock())
    await house.database.write(lambda c: conversations.save(c, waiting, house.clock()))
    await house.hear("", kind=EventKind.WITHDRAWN)
    after = await house.everything()
    for name in (
        "assessments",
        "subscriptions",
        "consents",
        "profiles",
        "conversation_notes",
        "outbox",
        "turns",
    ):
        assert LAN.user not in after[name]
    (mine,) = (row for row in await house.rows("conversations") if row["user"] == LAN.user)
    assert (json.loads(mine["state"]), mine["mode"]) == ({}, "bot")
    assert set(erasures.read(house.data_dir)) == {erasure_list.hash_of(LAN.key)}


async def test_a_message_that_came_before_and_was_stored_behind_the_demand_goes_too(house: House) -> None:
    house.clock.pass_(seconds=10)
    demand = replace(said("", user=LAN.user, key="w"), kind=EventKind.WITHDRAWN, sent_at=house.clock())
    earlier = replace(said("bí mật", user=LAN.user, key="e"), sent_at=house.clock() - timedelta(seconds=5))
    await house.inbox.accept([demand])
    await house.inbox.accept([earlier])
    await house.worker.handle(LAN.key)
    assert "bí mật" not in (await house.everything())["inbound_events"]


async def test_the_last_traces_go_when_the_receipt_is_surely_there(house: House) -> None:
    await house.live(LAN)
    await erase(house)
    await house.hear("chào", BINH)
    settle = partial(erasures.settle, house.database, house.nerves)
    assert await settle(house.clock()) == 0
    house.clock.pass_(days=8)
    assert await settle(house.clock()) == 0, "the receipt is still on its way"
    (waiting,) = (row["id"] for row in await house.rows("outbox") if row["user"] == LAN.user)
    await house.database.write(lambda c: outbox.mark_sent(c, waiting, "m1", house.clock()))
    assert await settle(house.clock()) == 1
    assert not [name for name, held in (await house.everything()).items() if LAN.user in held]
    assert await settle(house.clock()) == 0
    assert len(await house.rows("erasures")) == 1


async def test_the_last_traces_go_by_themselves_whatever_staff_have_set(house: House) -> None:
    await house.hear("", kind=EventKind.WITHDRAWN)
    await house.hear("chào", BINH)
    house.clock.pass_(days=8)
    stop = asyncio.Event()
    rounds = Retention(house.database, house.nerves, Noticeboard(), house.clock, VIETNAM)
    running = asyncio.create_task(rounds.run(stop))
    for _ in range(200):
        if not any(row["user"] == LAN.user for row in await house.rows("conversations")):
            break
        await asyncio.sleep(0.02)
    stop.set()
    await running
    assert not [name for name, held in (await house.everything()).items() if LAN.user in held]


async def test_who_writes_again_begins_anew_and_keeps_what_is_new(house: House) -> None:
    await house.live(LAN)
    await erase(house)
    await house.hear("công dân học tập là gì")
    (waiting, *more) = (row["id"] for row in await house.rows("outbox") if row["user"] == LAN.user)
    for number in (waiting, *more):
        await house.database.write(partial(outbox.mark_sent, id_=number, message_id="m", now=house.clock()))
    await house.hear("chào", BINH)
    house.clock.pass_(days=8)
    assert await erasures.settle(house.database, house.nerves, house.clock()) == 0
    heard = [row["body"] for row in await house.rows("inbound_events") if LAN.user in row["body"]]
    assert len(heard) == 2


async def test_who_was_brought_back_is_forgotten_again_at_the_next_start(house: House) -> None:
    await house.live(LAN)
    await erase(house)
    known = erasures.read(house.data_dir)
    # As after putting an old copy of the database in place: the person is there, the list is not.
    await house.database.write(lambda c: c.execute(schema.erasures.delete()))
    await house.live(LAN, code="KH-LAN3-LAN3")
    await house.live(BINH, code="KH-BINH-BINH")
    again = await erasures.catch_up(house.database, house.data_dir)
    assert again.keys == (LAN.key,)
    assert set(again.codes) == {"KH-LAN3-LAN3", "KH-LAN3-LAN2"}
    assert not [name for name, held in (await house.everything()).items() if LAN.user in held]
    assert BINH.user in (await house.everything())["consents"]
    assert (await erasures.catch_up(house.database, house.data_dir)).keys == ()
    assert erasures.read(house.data_dir) == known


async def test_the_list_beside_the_database_is_made_anew_and_survives_rubbish(house: House) -> None:
    await erase(house)
    whole = erasures.read(house.data_dir)
    place = house.data_dir / erasures.FILE
    assert place.stat().st_mode & 0o077 == 0
    place.unlink()
    assert (await erasures.catch_up(house.database, house.data_dir)).keys == ()
    assert erasures.read(house.data_dir) == whole
    place.write_bytes(b"\xff\x00rubbish\n" + b"0" * 64 + b" tomorrow\n" + place.read_bytes() + b"abc 2026")
    assert erasures.read(house.data_dir) == whole


# --- seeing it -------------------------------------------------------------------------------------------


async def copies(house: House, who: ConversationId = LAN) -> list[File]:
    """The copies this person was given, the earliest first."""
    parts = [decode_part(row["part"]) for row in await house.rows("outbox") if row["user"] == who.user]
    return [part for part in parts if isinstance(part, File)]


def words_of(path: str) -> str:
    pages = pdfium.PdfDocument(path)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


async def test_whoever_asks_what_is_kept_gets_all_of_it_at_once_and_nothing_of_others(house: House) -> None:
    await house.live(LAN)
    await house.live(BINH, code="KH-BINH-BINH")
    shared = {"phone": "0988777666", "name": "Nguyễn Thị Hoa"}
    await house.hear("", kind=EventKind.CONTACT, detail=shared)
    campaign = {
        "id": 1,
        "name": "Tháng Khuyến học 2026",
        "topic": "month",
        "state": "running",
        "message": "{}",
    }
    await house.database.write(
        lambda c: c.execute(
            insert(schema.campaigns).values(
                **campaign, audience="{}", outside="hold", created_by="", created_at=house.clock(), revision=1
            )
        )
    )
    await house.hear("Cho tôi xin một bản sao tất cả dữ liệu về tôi")
    (copy,) = await copies(house)
    assert (copy.media_type, copy.name[-4:]) == ("application/pdf", ".pdf")
    words = words_of(copy.path)
    *wanted, noted = traces(LAN)
    for trace in (
        *wanted,
        "0988777666",
        "KH-LAN1-LAN1",
        "8, 8, 8",
        "Tháng Khuyến học 2026",
        "Tin địa phương",
    ):
        assert trace in words, f"{trace} is not in the copy"
    assert "09:00 ngày 02/10/2026" in words
    assert noted not in words
    assert "Nhóm bạn cho biết để nhận tin: Người dân trong xã" in words
    assert "1 ghi chú" in words
    for trace in traces(BINH):
        assert trace not in words


async def test_asked_again_at_once_it_is_the_same_file_and_later_a_new_one(house: House) -> None:
    wish = "xuất dữ liệu cá nhân của tôi"
    for pause in (0, 50, 60):
        house.clock.pass_(seconds=pause)
        await house.hear(wish)
    first, again, later = await copies(house)
    assert (again.path, again.name) == (first.path, first.name)
    assert later.path != first.path
    house.clock.pass_(minutes=5)
    await erase(house)
    assert not list(house.data_dir.glob("sheets/*"))


async def test_where_no_file_can_be_made_that_is_said_and_a_person_offered(house: House) -> None:
    async def broken(_id: ConversationId) -> personal.Records:
        raise OSError

    house.cabinet._records = broken
    await house.hear("xuất dữ liệu cá nhân của tôi")
    assert await copies(house) == []
    assert "Gặp cán bộ" in await house.last_answer()


async def test_a_hostile_and_endless_talk_is_given_as_far_as_it_goes(house: House) -> None:
    await house.hear("<b>đậm</b> </para> &amp; \u202egnọl\u0000 漢字 😀")
    event = said("dòng", user=LAN.user)
    lines = [replace(event, key=f"x{n}", text=f"dòng thứ {n}") for n in range(60)]
    await house.inbox.accept(lines)
    await house.worker.handle(LAN.key)
    async with house.database.read() as connection:
        some = await personal.collect(connection, LAN, limit=20)
    assert (len(some.lines), some.lines_in_all > 60) == (20, True)
    drawn = draw_own_data(some, "BS-AAAA-BBBB", house.clock(), ASSOCIATION, _criteria)
    (house.data_dir / "x.pdf").write_bytes(drawn)
    assert "20 tin mới nhất" in words_of(str(house.data_dir / "x.pdf"))
    whole = await house.records(LAN)
    (house.data_dir / "y.pdf").write_bytes(
        draw_own_data(whole, "BS-AAAA-BBBB", house.clock(), ASSOCIATION, _criteria)
    )
    assert "<b>đậm</b> </para> &amp;" in words_of(str(house.data_dir / "y.pdf"))
