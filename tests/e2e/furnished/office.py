"""The office of the furnished house: links, notes, hours, contacts, decided questions, a bad file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from bot.dialogue.nearest import Contact
from bot.house_rules import NO_WEEK, HouseRules, body_of, problems_in, with_set
from bot.office import VIETNAM, ClosedDays, Hours, Office
from bot.outreach.campaign import Audience, Message
from bot.outreach.campaign import State as CampaignState
from bot.outreach.pictures import CampaignPictures
from bot.outreach.planning import write_down
from bot.outreach.topics import Topic
from bot.staff.people.links import hash_of_token, new_token
from bot.staff.people.places import LINK
from bot.store import (
    broadcasts,
    campaigns,
    house_rules,
    invites,
    misses,
    notes,
    staff,
    subscriptions,
    uploads,
)
from bot.store.broadcasts import NewBroadcast
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.invites import LASTS, Invite
from bot.store.misses import State
from bot.store.staff import Role
from bot.store.uploads import NewUpload, UploadState
from connectors.zalo import BroadcastTarget
from tests.e2e.furnished import talks

MISSED = (
    ("có lớp tiếng anh buổi tối không", 9, "no_match", ""),
    ("lớp tiếng anh cho người lớn mở khi nào", 6, "no_match", ""),
    ("học tiếng anh buổi tối ở đâu", 4, "no_match", ""),
    ("thư viện phường mở cửa mấy giờ", 7, "no_match", ""),
    ("chủ nhật thư viện có mở không", 3, "no_match", ""),
    ("đóng quỹ khuyến học bao nhiêu tiền một năm", 5, "too_unsure", "quy-khuyen-hoc"),
    ("đổi thẻ căn cước ở đâu", 4, "out_of_scope", ""),
    ("giá vé xe buýt hôm nay", 2, "out_of_scope", ""),
    ("mức học bổng năm nay có tăng không", 3, "wrong", "hoc-bong"),
    ("đăng ký cộng đồng học tập cho tổ dân phố", 2, "too_unsure", ""),
)
MORNING, NOON, AFTERNOON, EVENING = (hour * 60 for hour in (8, 11, 14, 17))


async def invite(database: Database, now: datetime) -> Mapping[str, str]:
    """Three links: one for somebody new, one for a lost password, one that ran out; gives where they lead."""
    async with database.read() as connection:
        officer = await staff.find(connection, "bác Tư")
    assert officer is not None
    made = {
        "new": (None, "em Thảo", Role.AGENT, timedelta(hours=2)),
        "lost": (officer.id, officer.name, officer.role, timedelta(hours=20)),
        "gone": (None, "anh Phúc", Role.VIEWER, timedelta(days=4)),
        "phone": (None, "chị Mận", Role.EDITOR, timedelta(minutes=5)),
    }
    addresses = {}
    for purpose, (staff_id, name, role, ago) in made.items():
        token, at = new_token(), now - ago
        link = Invite(hash_of_token(token), staff_id, name, role, "cô Lan", at, at + LASTS)
        await database.write(partial(invites.make, invite=link))
        if purpose != "gone":
            addresses[purpose] = f"{LINK}/{token}"
    return addresses


async def take_notes(database: Database, now: datetime) -> None:
    """What officers wrote for each other."""
    for who, author, text, minutes in (
        (talks.zalo(2), "chị Hoa", "Hộ cận nghèo, đã hẹn bác mang giấy tờ ra thứ Năm.", 88),
        (talks.zalo(2), "cô Lan", "Danh sách đề nghị gửi phường trước ngày 30, nhớ thêm cháu này.", 61),
        (talks.zalo(1), "anh Tuấn", "Bác là tổ trưởng tổ 5, số điện thoại văn phòng đã có.", 40),
    ):
        at = now - timedelta(minutes=minutes)
        await database.write(partial(notes.add, conversation_key=who.key, author=author, text=text, at=at))


async def set_rules(database: Database, installation: HouseRules, now: datetime) -> None:
    """Hours, a holiday and contacts, in two steps."""
    day = (Hours(MORNING, NOON), Hours(AFTERNOON, EVENING))
    week = (*[day] * 5, *NO_WEEK[5:])
    holiday = ClosedDays(date(now.year + 1, 1, 1), date(now.year + 1, 1, 1), "Tết Dương lịch")
    contacts = (
        Contact("Phường An Bình", "Trần Thị Ban Mai", "Chủ tịch Hội Khuyến học", "0900 000 001"),
        Contact("Xã Phú Lâm", "Nguyễn Văn Sáng", "Phó Chủ tịch Hội", "0900 000 002"),
    )
    first = with_set(installation, installation, {"office": Office(week, ())})
    then = with_set(first, installation, {"office": Office(week, (holiday,)), "contacts": contacts})
    assert problems_in(then) == {}
    over = 0
    for rules, by, why, days in (
        (first, "cô Lan", "Đặt giờ làm việc", 30),
        (then, "cô Lan", "Thêm ngày nghỉ Tết và người liên hệ", 4),
    ):
        at = now - timedelta(days=days)
        over = await database.write(
            partial(house_rules.add, body=body_of(rules), over=over, by=by, why=why, at=at)
        )


async def missed(database: Database, now: datetime, *, awkward: bool) -> None:
    """Questions nobody could answer, some decided about."""
    odd = ((f"{talks.LONG_WORD} <b>có</b> {{{{7*7}}}}", 1, "no_match", ""),) if awkward else ()
    for number, (words, times, reason, nearest) in enumerate((*MISSED, *odd)):
        for once in range(times):
            at = now - timedelta(hours=5 + 11 * number + 7 * (times - once))
            await database.write(
                partial(misses.record, key=words, sample=words, reason=reason, nearest=nearest, at=at)
            )
    outside = [words for words, _, reason, _ in MISSED if reason == "out_of_scope"]
    await database.write(
        partial(
            misses.decide, keys=outside[:1], state=State.OUTSIDE, by="thầy Minh", at=now - timedelta(days=1)
        )
    )


async def send_in(database: Database, data_dir: Path, now: datetime) -> None:
    """A file that could not be read, still there to be tried again."""
    folder = data_dir / "uploads"
    at = now - timedelta(hours=4)
    name = "bang-ke-co-mat-khau.pdf"
    path = _left_there(folder, b"%PDF-1.7 locked")
    id_ = await database.write(partial(uploads.add, new=NewUpload(name, 48_120, path), by="thầy Minh", at=at))
    report = {"file": name, "outcome": "failed", "error": "Tệp này có mật khẩu. Bạn bỏ mật khẩu rồi gửi lại."}
    await database.write(partial(uploads.claim, id_=id_, owner="x", now=at, until=at + timedelta(minutes=2)))
    await database.write(
        partial(
            uploads.finish, id_=id_, owner="x", state=UploadState.FAILED, source_id=None, report=report, at=at
        )
    )


def _poster() -> bytes:
    """A picture as staff send it in."""
    drawn = io.BytesIO()
    poster = Image.linear_gradient("L").resize((1200, 628))
    ImageOps.colorize(poster, "#0f766e", "#fde68a").save(drawn, "PNG")
    return drawn.getvalue()


async def write_to_many(database: Database, data_dir: Path, now: datetime) -> None:
    """People who asked for news, and two campaigns: one that went out, one that is being written."""
    people = [talks.zalo(number) for number in (1, 2, 3, 11, 12, 15)]
    people += [talks.facebook(number) for number in (1, 11, 12)] + [talks.web(11), talks.web(12)]
    for number, who in enumerate(people):
        topics = list(Topic)[: 1 + number % len(Topic)]
        await database.write(
            partial(
                subscriptions.agree,
                conversation_key=who.key,
                topics=topics,
                wording="Đồng ý nhận tin của Hội",
                event_id=None,
                at=now - timedelta(days=20 - number),
            )
        )
    words = "Chào bạn. {hoi} mời bạn dự Ngày hội đọc sách sáng Chủ nhật tại nhà văn hóa {xa}."
    sent = NewCampaign("Mời dự Ngày hội đọc sách", Topic.MONTH, Message(words), Audience())
    id_ = await database.write(
        partial(campaigns.create, new=sent, by="thầy Minh", at=now - timedelta(days=9))
    )
    assert id_ is not None
    at = now - timedelta(days=8)
    for state in (CampaignState.SCHEDULED, CampaignState.RUNNING):
        await _step(database, id_, state, {"approved_by": "cô Lan", "approved_at": at, "started_at": at})
    async with database.read() as connection:
        running = await campaigns.load(connection, id_)
    assert running is not None
    await write_down(database, running, lambda: at, VIETNAM)
    await _step(database, id_, CampaignState.STOPPED, {"finished_at": at + timedelta(hours=2)})
    draft = NewCampaign(
        "Nhắc làm bài tự đánh giá",
        Topic.ASSESSMENT,
        Message(
            "Chào bạn, bạn làm tiếp bài tự đánh giá nhé.", await CampaignPictures(data_dir).take(_poster())
        ),
        Audience(),
    )
    await database.write(partial(campaigns.create, new=draft, by="cô Lan", at=now - timedelta(hours=3)))
    article = NewBroadcast("Bài về Tuần lễ học tập suốt đời", "4402c73f7e7a9724ce6b", BroadcastTarget(), None)
    await database.write(
        partial(broadcasts.create, new=article, account=talks.ZALO, by="cô Lan", at=now - timedelta(hours=2))
    )


async def _step(database: Database, id_: int, state: CampaignState, values: Mapping[str, object]) -> None:
    async with database.read() as connection:
        one = await campaigns.load(connection, id_)
    assert one is not None
    await database.write(
        partial(campaigns.step, campaign_id=id_, revision=one.revision, to=state, values=values)
    )


def _left_there(folder: Path, data: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "0-da-gui.pdf").write_bytes(data)
    return "0-da-gui.pdf"
