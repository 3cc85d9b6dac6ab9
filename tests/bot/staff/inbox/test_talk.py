"""One conversation: who has it, answering, giving back, notes; and that no words in it harm anybody."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commit import commit_turn
from bot.dialogue.turn import Forget, HeardEvent, Mode, Outcome, SetMode, Turn
from bot.staff.inbox import path_of
from bot.staff.inbox.talk import NOTE_LIMIT
from bot.store import conversations, events, schema
from bot.store.audit import Action, conversation_subject
from bot.store.database import Database
from bot.store.outbox import ECHO, State
from bot.store.staff import Role
from connectors.message import MAX_TEXT, Attachment, Card, ConversationId, File, Option, Source, Text
from tests.bot.fakes import said
from tests.bot.staff.conftest import LAN, PATH, Console, ticket_in
from tests.bot.staff.inbox.conftest import ME, ShortLinedChannel, browser_of
from tests.conftest import StandingClock

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


async def test_the_transcript_says_who_wrote_what_and_what_became_of_it(agent: Console) -> None:
    await agent.hear("Bao nhiêu điểm thì đạt?")
    answer = Text(
        "Từ 80 điểm.", (Option("Gặp cán bộ", "cmd:person"),), sources=(Source("Quyết định 324", "mục 3"),)
    )
    await agent.tell(answer)
    await agent.tell("Chào bạn", State.WAITING, author="officer")
    await agent.tell("Còn gì không?", State.FAILED, "the person blocked invitations [-217]", author="officer")
    page = await agent.page(PATH)
    for words in (
        "Bao nhiêu điểm thì đạt?",
        "Nguồn: Quyết định 324, mục 3",
        "Gợi ý kèm theo: Gặp cán bộ",
        "đã gửi",
        "chờ gửi",
        "chưa gửi được: Người dân đã chặn",
    ):
        assert words in page
    assert page.count('class="line officer"') == 2


async def test_hostile_words_and_file_names_are_shown_as_words(agent: Console) -> None:
    enclosed = (
        Attachment("file", "javascript:alert(3)", HOSTILE),
        Attachment("link", 'https://a.example/"onmouseover="alert(4)', HOSTILE),
    )
    await agent.hear(HOSTILE, mode=Mode.WAITING, attachments=enclosed)
    await agent.tell(Card(HOSTILE, HOSTILE, options=(Option(HOSTILE, "x"),)))
    await agent.tell(Text("ổn", sources=(Source(HOSTILE, HOSTILE),)))
    await agent.tell(File("/kho/don.pdf", HOSTILE, "application/pdf", HOSTILE), State.FAILED, HOSTILE)
    await agent.hear(HOSTILE, user="hoa", outcome=Outcome.ABSTAINED)
    await agent.hear(HOSTILE, user="tu", outcome=Outcome.PARKED)
    for path in ("/staff/hop-thu", PATH, f"{PATH}?manh=1", "/staff/tin-loi"):
        page = await agent.page(path)
        assert "&lt;script&gt;" in page, path
        assert "<script>" not in page, path
        assert "<img src=x" not in page, path
        assert "javascript:" not in page, path
        assert '"onmouseover' not in page, path


async def test_a_hostile_draft_comes_back_as_words(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    draft = "</textarea><script>alert(1)</script>" + "a" * MAX_TEXT
    answer = await agent.post(f"{PATH}/tra-loi", loi=draft, ma="0" * 24)
    assert answer.status == 422
    page = await answer.text()
    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert "<script>" not in page


async def test_taking_over_makes_a_turn_in_hand_stale(agent: Console) -> None:
    await agent.hear("Xin chào")
    before = (await agent.rows(schema.conversations))[0]["revision"]
    await agent.post(f"{PATH}/nhan")
    assert (await agent.rows(schema.conversations))[0]["revision"] != before


async def test_a_reply_reaches_the_outbox_fitted_and_silences_the_bot(short_lined: Console) -> None:
    await short_lined.hear("Xin chào", mode=Mode.WAITING)
    await short_lined.post(f"{PATH}/nhan")
    ticket = ticket_in(await short_lined.page(PATH))
    short_lined.clock.pass_(minutes=5)
    answer = await short_lined.post(f"{PATH}/tra-loi", loi="Mời bạn đến trụ sở.\r\nCảm ơn!", ma=ticket)
    assert answer.status == 303
    assert await short_lined.sent_by_officers() == ["Mời bạn đế", "n trụ sở.\n", "Cảm ơn!"]
    stored = await short_lined.rows(schema.outbox)
    assert {row["state"] for row in stored} == {State.WAITING}
    assert len({row["stamp"] for row in stored}) == 3
    assert short_lined.nudge.hints == 1
    assert await short_lined.mode() is Mode.PERSON
    assert await short_lined.person_last_at() == short_lined.clock.now


async def test_the_same_form_sent_twice_is_one_answer(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    ticket = ticket_in(await agent.page(PATH))
    await asyncio.gather(*(agent.post(f"{PATH}/tra-loi", loi="Chào bạn", ma=ticket) for _ in range(4)))
    assert await agent.sent_by_officers() == ["Chào bạn"]


async def test_an_empty_answer_is_not_sent(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    for nothing in ("", " \r\n ", "\x00"):
        assert (await agent.post(f"{PATH}/tra-loi", loi=nothing, ma="0" * 24)).status == 422
    assert (await agent.post(f"{PATH}/tra-loi", loi="Chào", ma="cũ")).status == 400
    assert await agent.sent_by_officers() == []


async def test_a_closed_window_is_said_before_typing_and_nothing_is_sent(short_lined: Console) -> None:
    await short_lined.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    short_lined.clock.pass_(hours=21)
    await short_lined.become(Role.AGENT)
    assert "còn 3 giờ" in await short_lined.page(PATH)
    short_lined.clock.pass_(hours=3)
    page = await short_lined.page(PATH)
    assert "Đã hết hạn trả lời" in page
    assert "Gửi trả lời" not in page
    assert "ghi chú cho đồng nghiệp" in page
    late = await short_lined.post(f"{PATH}/tra-loi", loi="Muộn mất rồi", ma="0" * 24)
    assert late.status == 422
    assert "Muộn mất rồi" in await late.text()  # to be kept as a note
    assert await short_lined.sent_by_officers() == []


async def test_officers_may_have_more_time_than_the_bot(database: Database, clock: StandingClock) -> None:
    console = Console(database, clock)
    console.desk = replace(
        console.desk, channels=(ShortLinedChannel(),), officer_windows={"fake": timedelta(days=7)}
    )
    await console.start()
    await console.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    clock.pass_(days=2)
    await console.become(Role.AGENT)
    assert "còn 5 ngày" in await console.page(PATH)
    await console.client.close()


async def test_who_left_or_whose_channel_is_off_cannot_be_answered(agent: Console) -> None:
    await agent.hear("Tạm biệt", mode=Mode.PERSON, can_receive=False, officer=ME)
    assert "đã ngừng nhận tin" in await agent.page(PATH)
    elsewhere = ConversationId("zalo", "oa", "lan")
    t = schema.conversations
    moved = {"key": elsewhere.key, "channel": "zalo", "can_receive": 1}
    await agent.database.write(lambda c: c.execute(t.update().values(moved)))
    assert "Kênh này đang tắt" in await agent.page(path_of(elsewhere))


async def test_giving_back_lets_the_bot_answer_again(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    assert (await agent.post(f"{PATH}/tra-lai")).headers["Location"].endswith("da-tra")
    assert await agent.mode() is Mode.BOT
    assert (await agent.post(f"{PATH}/tra-lai")).headers["Location"].endswith("chua-nhan")


async def test_the_fragment_says_when_nothing_is_new(agent: Console) -> None:
    await agent.hear("Xin chào")
    first = await agent.get(f"{PATH}?manh=1")
    assert "<html" not in await first.text()
    etag = first.headers["ETag"]
    assert (await agent.get(f"{PATH}?manh=1", **{"If-None-Match": etag})).status == 304
    await agent.tell("Chào bạn")
    fresh = await agent.get(f"{PATH}?manh=1", **{"If-None-Match": etag})
    assert fresh.status == 200
    assert "Chào bạn" in await fresh.text()


@pytest.mark.parametrize("key", ["khong-phai", "ZmFrZTpvYTprb25nLWNv", "@@@", "_w", "a" * 900])
async def test_an_unknown_conversation_is_a_page_that_says_so(agent: Console, key: str) -> None:
    answer = await agent.get(f"/staff/hop-thu/{key}")
    assert answer.status == 404
    assert "Không có trang này" in await answer.text()
    assert (await agent.post(f"/staff/hop-thu/{key}/nhan")).status == 404


async def test_the_log_names_nobody_and_repeats_nothing(
    agent: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    await agent.hear("bí mật của tôi", mode=Mode.WAITING)
    await agent.post(f"{PATH}/nhan")
    await agent.post(f"{PATH}/tra-loi", loi="lời của cán bộ", ma="0" * 24)
    logged = capsys.readouterr()
    assert "staff_replied" in logged.out + logged.err
    for secret in ("bí mật", "lời của cán bộ", LAN.key, agent.secret, agent.csrf, "can-bo-agent"):
        assert secret not in logged.out + logged.err


# --- who has it ------------------------------------------------------------------------------------------


async def test_of_two_officers_at_once_exactly_one_gets_it_and_the_others_are_told_who(
    console: Console,
) -> None:
    await console.hear("Cho tôi gặp người thật", mode=Mode.WAITING)
    officers = [await browser_of(console, name) for name in ("cô Lan", "thầy Minh", "chị Tư")]
    answers = await asyncio.gather(*(one.post(f"{PATH}/nhan") for one in officers))
    told = {one.name: answer.headers["Location"] for one, answer in zip(officers, answers, strict=True)}
    winners = [name for name, address in told.items() if address.endswith("da-nhan")]
    assert len(winners) == 1
    stored = (await console.rows(schema.conversations))[0]
    assert (stored["mode"], stored["officer"]) == ("person", winners[0])
    for one in officers:
        page = await one.page(told[one.name])
        if one.name == winners[0]:
            assert "Bạn đang trả lời" in page
        else:
            assert told[one.name].endswith("nguoi-khac")
            assert f"{winners[0][:1].upper()}{winners[0][1:]} đã nhận cuộc này trước bạn." in page
            assert "Trả lời người dân" not in page
    taken = [
        row for row in await console.rows(schema.audit_log) if row["action"] == Action.CONVERSATION_TAKEN
    ]
    assert [row["who"] for row in taken] == winners
    assert await console.person_last_at() == console.clock.now


async def test_pressing_twice_is_no_quarrel_with_oneself(agent: Console) -> None:
    await agent.hear("Cho tôi gặp người thật", mode=Mode.WAITING)
    for _ in range(2):
        assert (await agent.post(f"{PATH}/nhan")).headers["Location"].endswith("da-nhan")
    assert (
        len([r for r in await agent.rows(schema.audit_log) if r["action"] == Action.CONVERSATION_TAKEN]) == 1
    )


async def test_a_colleagues_conversation_is_taken_only_on_purpose(console: Console) -> None:
    lan, minh = await browser_of(console, "cô Lan"), await browser_of(console, "thầy Minh")
    await console.hear("Xin chào", mode=Mode.PERSON, officer="cô Lan")
    page = await minh.page(PATH)
    assert "Cô Lan đang trả lời" in page
    assert "Nhận thay cô Lan" in page
    assert (await minh.post(f"{PATH}/nhan")).headers["Location"].endswith("nguoi-khac")
    assert (await minh.post(f"{PATH}/tra-lai")).headers["Location"].endswith("nguoi-khac")
    assert (await minh.post(f"{PATH}/nhan", thay="chị Tư")).headers["Location"].endswith("nguoi-khac")
    assert (await minh.post(f"{PATH}/nhan", thay="cô Lan")).headers["Location"].endswith("da-nhan")
    # What she was writing is given back to her, with who has it now.
    late = await lan.post(f"{PATH}/tra-loi", loi="Chào bác, Hội đang xem", ma="0" * 24)
    assert late.status == 409
    text = await late.text()
    assert "Thầy Minh đang trả lời cuộc này nên câu của bạn chưa gửi." in text
    assert "Chào bác, Hội đang xem" in text
    assert await console.sent_by_officers() == []


async def test_whoever_writes_from_the_platforms_own_inbox_can_be_relieved(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON)
    assert "Cán bộ viết từ ứng dụng fake đang trả lời" in await agent.page(PATH)
    await agent.post(f"{PATH}/nhan")
    assert (await agent.rows(schema.conversations))[0]["officer"] == ME


@pytest.mark.parametrize("way", ["button", "turn", "outside"])
async def test_no_name_stays_when_the_bot_answers_again(agent: Console, way: str) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    if way == "button":
        await agent.post(f"{PATH}/tra-lai")
    elif way == "outside":
        await agent.database.write(lambda c: conversations.set_mode(c, LAN, Mode.BOT, agent.clock()))
    else:
        await take_turn(agent, SetMode(Mode.BOT))
    stored = (await agent.rows(schema.conversations))[0]
    assert (stored["mode"], stored["officer"]) == ("bot", None)


async def test_when_the_bot_speaks_again_is_said(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.WAITING)
    await agent.post(f"{PATH}/nhan")
    assert "Trợ lý tự trả lời lại từ 21:00 nếu không ai viết." in await agent.page(PATH)
    agent.clock.pass_(hours=11)
    await agent.post(f"{PATH}/tra-loi", loi="Chào bác", ma="0" * 24)
    agent.clock.pass_(hours=2)
    await agent.become(Role.AGENT)
    assert "từ 08:00 ngày 03/10 nếu không ai viết" in await agent.page(PATH)


async def test_what_was_written_elsewhere_is_told_from_what_was_written_here(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    await agent.post(f"{PATH}/tra-loi", loi="viết ở đây", ma="0" * 24)
    await agent.tell("viết ở Zalo", author="officer")
    t = schema.outbox
    await agent.database.write(
        lambda c: c.execute(t.update().where(t.c.officer.is_(None)).values(stamp=f"{ECHO}9"))
    )
    page = await agent.page(PATH)
    assert page.index("Can-bo-agent <time") < page.index("viết ở đây")
    assert page.index("Cán bộ (từ ứng dụng fake)") < page.index("viết ở Zalo")


# --- notes -----------------------------------------------------------------------------------------------


async def take_turn(console: Console, *effects: Forget | SetMode) -> None:
    """The citizen says something and these effects follow."""
    event = said("xóa hết đi", key=f"m:{len(effects)}")
    await console.database.write(lambda c: events.insert(c, [event], console.clock()))
    async with console.database.read() as connection:
        heard: HeardEvent = (await events.pending(connection, LAN.key, 1))[0]
        before = await conversations.load(connection, LAN)
    turn = Turn(Outcome.SMALLTALK, before.state, effects=effects)
    await commit_turn(console.database, before, heard, turn, [], console.clock, 1.0)


async def test_a_note_is_for_colleagues_and_is_never_sent(console: Console) -> None:
    lan, minh = await browser_of(console, "cô Lan"), await browser_of(console, "thầy Minh")
    await console.hear("Xin chào", mode=Mode.PERSON, officer="cô Lan")
    for _ in range(2):  # a double press is one note
        answer = await minh.post(f"{PATH}/ghi-chu", ghi=f"Đã gọi cho bác.\r\n{HOSTILE}")
        assert answer.headers["Location"].endswith("?bao=da-ghi#ghi-chu")
    page = await lan.page(PATH)
    assert "Thầy Minh" in page
    assert "Đã gọi cho bác.\n&lt;script&gt;" in page
    assert page.count("Đã gọi cho bác.") == 1
    assert "<script>alert" not in page
    assert await console.rows(schema.outbox) == []
    assert (await console.rows(schema.conversations))[0]["officer"] == "cô Lan"


async def test_a_note_too_long_or_empty_comes_back(agent: Console) -> None:
    await agent.hear("Xin chào")
    for typed in ("", " \n", "a" * (NOTE_LIMIT + 1)):
        answer = await agent.post(f"{PATH}/ghi-chu", ghi=typed)
        assert answer.status == 422
        assert typed in await answer.text()
    assert await agent.rows(schema.conversation_notes) == []


async def test_what_officers_noted_is_erased_with_the_citizens_data(agent: Console) -> None:
    await agent.hear("số của tôi là 0901234567")
    await agent.hear("tôi là Hoa", user="hoa")
    await agent.post(f"{PATH}/ghi-chu", ghi="số máy 0901234567")
    await agent.post(f"{path_of(ConversationId('fake', 'oa', 'hoa'))}/ghi-chu", ghi="của bà Hoa")
    await take_turn(agent, Forget())
    assert [row["text"] for row in await agent.rows(schema.conversation_notes)] == ["của bà Hoa"]
    assert "0901234567" not in await agent.page(PATH)


# --- what is written down --------------------------------------------------------------------------------


async def test_looking_is_written_down_once_an_hour_and_doing_each_time(agent: Console) -> None:
    await agent.hear("Xin chào", mode=Mode.WAITING)
    for _ in range(3):
        await agent.page(PATH)
        await agent.page(f"{PATH}?manh=1")
    await agent.post(f"{PATH}/nhan")
    await agent.post(f"{PATH}/tra-loi", loi="bí mật", ma="0" * 24)
    await agent.post(f"{PATH}/ghi-chu", ghi="bí mật")
    await agent.post(f"{PATH}/tra-lai")
    agent.clock.pass_(hours=1, seconds=1)
    await agent.page(PATH)
    written = await agent.rows(schema.audit_log)
    assert [row["action"] for row in written] == [
        Action.CONVERSATION_VIEWED,
        Action.CONVERSATION_TAKEN,
        Action.CONVERSATION_ANSWERED,
        Action.NOTE_ADDED,
        Action.CONVERSATION_RETURNED,
        Action.CONVERSATION_VIEWED,
    ]
    assert {row["subject"] for row in written} == {conversation_subject(LAN)}
    assert LAN.user not in conversation_subject(LAN)
    assert "bí mật" not in json.dumps([str(row) for row in written], ensure_ascii=False)


async def test_what_is_not_sent_is_not_written_down_as_sent(short_lined: Console) -> None:
    await short_lined.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    short_lined.clock.pass_(hours=25)
    await short_lined.become(Role.AGENT)
    await short_lined.post(f"{PATH}/tra-loi", loi="Muộn", ma="0" * 24)
    assert Action.CONVERSATION_ANSWERED not in {
        row["action"] for row in await short_lined.rows(schema.audit_log)
    }
