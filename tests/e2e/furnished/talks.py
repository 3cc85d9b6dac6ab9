"""Conversations of the furnished house: citizens write, the real assistant takes the turns.

All of it goes the way a message goes (bot.worker), with the moments moved into the past; nothing is sent
anywhere. Times are counted back from one moment, so that the same is said whenever it is made.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commit import commit_parked, commit_turn
from bot.dialogue.turn import HeardEvent, Hearing, View
from bot.flows.results import DataCopy, Sheet
from bot.store import conversations, events, outbox, schema
from bot.store.database import Database
from bot.store.outbox import NewMessage, State
from connectors.channel import Capabilities
from connectors.message import Attachment, ConversationId, EventKind, InboundEvent, Part, Text
from connectors.sandbox import GraphAccount, ZaloAccount

ZALO, PAGE = ZaloAccount().oa_id, GraphAccount().page_id
_CAPABILITIES = {
    "zalo": Capabilities(text_limit=2000, max_options=5, option_label_limit=35, window=timedelta(days=7)),
    "messenger": Capabilities(
        text_limit=2000, max_options=13, option_label_limit=20, window=timedelta(hours=24)
    ),
    "web": Capabilities(text_limit=4000, max_options=60, option_label_limit=120, window=None),
}


def zalo(number: int) -> ConversationId:
    """Somebody on Zalo. The stand-in knows the first few."""
    return ConversationId("zalo", ZALO, f"1000000000000000{number:03d}")


def facebook(number: int) -> ConversationId:
    """Somebody on Facebook."""
    return ConversationId("messenger", PAGE, f"2000000000000{number:03d}")


def web(number: int) -> ConversationId:
    """Somebody on the page of the association."""
    return ConversationId("web", "site", f"{number:032x}")


@dataclass
class Talks:
    """Lets people talk."""

    database: Database
    assistant: Hearing
    now: datetime
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    async def hears(
        self,
        who: ConversationId,
        minutes_ago: float,
        *lines: str,
        kind: EventKind = EventKind.TEXT,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        """The citizen writes, half a minute between the lines, and gets the assistant's answers."""
        for number, words in enumerate(lines or ("",)):
            at = self.ago(minutes_ago - number * 0.5)
            heard = await self._receive(who, at, words, kind, tuple(attachments))
            async with self.database.read() as connection:
                before = await conversations.load(connection, who)
            view = View(before.state, before.mode, before.person_last_at, _CAPABILITIES[who.channel], at)
            turn = await self.assistant.turn(heard.event, view)
            replies: list[tuple[Part, str]] = [
                (reply, f"kh:furnished{next(self._numbers):014d}")
                for reply in turn.replies
                if not isinstance(reply, Sheet | DataCopy)
            ]
            shortly = at + timedelta(seconds=2)
            await commit_turn(self.database, before, heard, turn, replies, partial(_same, shortly), 41.0)
            await self._sent(who, shortly)

    async def officer_writes(
        self, who: ConversationId, minutes_ago: float, officer: str, *lines: str
    ) -> None:
        """Somebody takes the conversation in the console and answers."""
        for number, words in enumerate(lines):
            at = self.ago(minutes_ago - number)
            stamp = f"kh:furnished{next(self._numbers):014d}"

            async def job(c: AsyncConnection, at: datetime = at, words: str = words, st: str = stamp) -> None:
                await conversations.take_over(c, who, officer, at, instead_of=officer)
                await conversations.note_officer_wrote(c, who, officer, at)
                await outbox.add(
                    c,
                    [NewMessage(who, Text(words), st, author="officer", state=State.SENT, officer=officer)],
                    at,
                )

            await self.database.write(job)

    async def could_not_send(
        self, who: ConversationId, minutes_ago: float, words: str, why: str, state: State = State.FAILED
    ) -> None:
        """An answer of ours that did not get through."""
        at = self.ago(minutes_ago)
        stamp = f"kh:furnished{next(self._numbers):014d}"

        async def job(connection: AsyncConnection) -> None:
            await outbox.add(connection, [NewMessage(who, Text(words), stamp)], at)
            claimed = await outbox.claim(
                connection, who.channel, who.account, owner="x", now=at, lease_until=at, limit=50
            )
            for one in claimed:
                if one.stamp == stamp:
                    await outbox.release(connection, one.id, state=state, not_before=at, error=why)

        await self.database.write(job)

    async def could_not_answer(self, who: ConversationId, minutes_ago: float, words: str) -> None:
        """A line on which the program failed."""
        at = self.ago(minutes_ago)
        heard = await self._receive(who, at, words, EventKind.TEXT, ())
        async with self.database.read() as connection:
            before = await conversations.load(connection, who)
        sorry = Text(
            "Xin lỗi bạn, mình đang gặp trục trặc nên chưa trả lời được. Cán bộ của Hội sẽ xem giúp."
        )
        stamp = f"kh:furnished{next(self._numbers):014d}"
        await commit_parked(self.database, before, heard, "TimeoutError", sorry, stamp, lambda: at)
        await self._sent(who, at)

    async def _receive(
        self,
        who: ConversationId,
        at: datetime,
        words: str,
        kind: EventKind,
        attachments: tuple[Attachment, ...],
    ) -> HeardEvent:
        number = next(self._numbers)
        event = InboundEvent(
            who.channel,
            who.account,
            who.user,
            f"furnished:{number}",
            kind,
            at,
            text=words,
            attachments=attachments,
            message_id=f"mid.furnished.{number}",
        )
        await self.database.write(lambda c: events.insert(c, [event], at))
        async with self.database.read() as connection:
            return (await events.pending(connection, who.key, 1))[0]

    async def _sent(self, who: ConversationId, at: datetime) -> None:
        """What was answered went out and arrived."""
        t = schema.outbox

        async def job(connection: AsyncConnection) -> None:
            waiting = await connection.scalars(
                select(t.c.id).where(t.c.conversation_key == who.key, t.c.state == State.WAITING.value)
            )
            for id_ in list(waiting):
                await outbox.mark_sent(connection, id_, f"furnished-{id_}", at)

        await self.database.write(job)


def _same(moment: datetime) -> datetime:
    return moment


async def let_them_talk(talks: Talks) -> None:
    """Some days of an ordinary ward."""
    hour, day = 60.0, 24 * 60.0
    await _with_the_assistant(talks, hour, day)
    await _with_a_person(talks, hour, day)
    await _in_trouble(talks, hour, day)


async def _with_the_assistant(talks: Talks, hour: float, day: float) -> None:
    hears = talks.hears
    await hears(
        zalo(11),
        6 * day,
        "Chào bạn",
        "Công dân học tập là gì vậy?",
        "Bao nhiêu điểm thì đạt?",
        "cam on nhe",
    )
    await hears(zalo(12), 5 * day, "cho hoi ngay khuyen hoc la ngay nao", "tuan le hoc tap suot doi khi nao")
    await hears(facebook(11), 4 * day, "Gia đình học tập cần những tiêu chí gì?", "Ai công nhận?")
    await hears(facebook(12), 3 * day, "Học bổng khuyến học nộp hồ sơ ở đâu ạ", "hạn nộp là khi nào")
    await hears(web(11), 2 * day, "Trung tâm học tập cộng đồng làm gì?", "có lớp tiếng Anh buổi tối không")
    await hears(web(12), 2 * day - 20, "Quỹ khuyến học đóng bao nhiêu một năm", "chi quỹ cho việc gì")
    await hears(zalo(13), day + 2 * hour, "Tôi muốn tự đánh giá công dân học tập", "có")
    await hears(zalo(14), day, "Cán bộ phường mình năm nay có phải học lớp chuyển đổi số không?")
    await hears(web(13), 7 * hour, "thư viện phường mở cửa mấy giờ", "chủ nhật có mở không")
    await hears(facebook(13), 5 * hour, "mức hỗ trợ học sinh nghèo vượt khó năm học này là bao nhiêu tiền")
    await hears(zalo(15), 3 * hour, "quyet dinh 677 noi gi", "mục tiêu đến năm 2030")
    await hears(web(14), 95, "Xã hội học tập là gì?", "Muốn con tôi được học bổng thì làm thế nào")
    await hears(zalo(16), 40, "Dòng họ học tập phải đăng ký ở đâu?")
    await hears(
        facebook(14),
        30,
        "Bài hay quá, cho mình hỏi bao giờ công nhận đợt tới?",
        kind=EventKind.COMMENT,
    )


async def _with_a_person(talks: Talks, hour: float, day: float) -> None:
    hears, officer_writes = talks.hears, talks.officer_writes
    # Waiting: the longest first, one whose window is nearly over, one already shut.
    await hears(facebook(2), 26 * hour, "Tôi nộp hồ sơ rồi mà chưa thấy trả lời", "cho tôi gặp cán bộ")
    await hears(facebook(1), 21 * hour, "Cho tôi gặp người thật", "Tôi muốn hỏi về giấy khen của cháu")
    await hears(
        zalo(1),
        55,
        "Chào Hội, tôi là tổ trưởng tổ dân phố 5",
        "Tổ tôi có 12 gia đình đăng ký Gia đình học tập thì gửi danh sách về đâu?",
        "Tôi muốn nói chuyện với cán bộ",
    )
    await hears(
        zalo(1),
        52,
        attachments=(Attachment("file", "https://tep.example.com/ds.xlsx", "danh-sach-to-5.xlsx", 18_432),),
        kind=EventKind.ATTACHMENT,
    )
    await hears(web(1), 9, "Có ai trực không ạ, tôi cần gặp cán bộ")
    # In hand.
    await hears(zalo(2), 2 * hour, "Cháu tôi đỗ đại học, có được quỹ khuyến học hỗ trợ không?", "gặp cán bộ")
    await officer_writes(
        zalo(2),
        100,
        "chị Hoa",
        "Chào bác, tôi là Hoa ở Hội Khuyến học phường. Bác cho tôi biết cháu học trường nào và hoàn cảnh gia "
        "đình mình thế nào nhé.",
    )
    await hears(zalo(2), 94, "Cháu đỗ Đại học Sư phạm. Nhà tôi thuộc hộ cận nghèo.")
    await officer_writes(
        zalo(2), 90, "chị Hoa", "Vâng, bác mang giấy báo nhập học ra văn phòng Hội giúp tôi."
    )
    await hears(facebook(3), 4 * hour, "Em muốn đăng ký lớp tin học cho mẹ em", "gặp cán bộ giúp em")
    await hears(facebook(3), 3.5 * hour, "Lớp mở tối thứ ba nhé em, em gửi tên mẹ qua đây.",
                kind=EventKind.HUMAN_ECHO)  # fmt: skip
    # Long ago, and gone.
    await hears(zalo(3), 9 * day, "Tôi cần xác nhận giấy khen bị mất", "cho gặp cán bộ")
    await hears(zalo(4), 8 * day, "xin chào")
    await hears(zalo(4), 7.9 * day, kind=EventKind.UNFOLLOW)


async def _in_trouble(talks: Talks, hour: float, day: float) -> None:
    await talks.could_not_send(
        zalo(4), 7.8 * day, "Mời bạn dự Ngày hội đọc sách sáng Chủ nhật.", "the person blocked the OA"
    )
    await talks.could_not_send(
        facebook(12), 2 * day, "Hạn nộp hồ sơ đợt này là ngày 30 tháng 9.", "sent outside the allowed window"
    )
    await talks.could_not_send(
        zalo(14), 20 * hour, "Lớp bồi dưỡng mở vào tháng sau.", "the answer took too long", State.UNKNOWN
    )
    await talks.could_not_answer(zalo(17), 5 * hour, "Cho tôi hỏi thủ tục lập chi hội khuyến học ở cơ quan")


LONG_WORD = "nghiêng" * 40


async def awkward_ones(talks: Talks) -> None:
    """What must not break a page: words without end, markup, many lines, tiny ones."""
    await talks.hears(
        web(90),
        3 * 24 * 60.0,
        LONG_WORD,
        '<script>alert(1)</script> "><b>đậm</b> {{7*7}}',
        "\n".join(f"dòng {number}" for number in range(40)),
        "👍",
        "cho tôi gặp cán bộ",
    )
    await talks.hears(
        web(90),
        3 * 24 * 60.0 - 30,
        kind=EventKind.ATTACHMENT,
        attachments=(
            Attachment("image", "", f"{LONG_WORD}.jpg"),
            Attachment("location", latitude=21.0285, longitude=105.8542),
            Attachment("sticker"),
        ),
    )
