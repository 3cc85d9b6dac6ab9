"""The copy of what is kept about one person: an A4 paper in plain Vietnamese, for that person alone.

Everything in it comes from outside and is drawn as text only. Must never hold anything of anybody else.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Flowable, PageTemplate, Paragraph, Spacer

from bot.flows.results import Evidence
from bot.outreach.topics import Topic, offer_of
from bot.sheets import colours as c
from bot.sheets.a4 import ONE_AT_A_TIME, font, frame, line_of, numbered, register_fonts, style
from bot.sheets.fonts import Weight, printable
from bot.sheets.wording import ONLY_A_GUIDE, VIETNAM, day, named_evidence
from bot.store.assessments import Assessment
from bot.store.evidence import Kept, State
from bot.store.personal import Records
from bot.store.transcript import Said
from connectors.message import MAX_TEXT, Card, File, Part
from knowledge.criteria import CriteriaSet

_CHANNELS = {"zalo": "Zalo", "messenger": "Facebook", "web": "trang web"}
_WHO = {"citizen": "Bạn", "bot": "Trợ lý", "officer": "Cán bộ"}
_FILES = {
    State.WAITING: "tệp đang chờ tải về",
    State.KEPT: "tệp đang được giữ",
    State.NOTED: "chỉ có lời",
    State.REFUSED: "không giữ tệp",
    State.TOO_LARGE: "tệp quá lớn nên không giữ",
    State.FAILED: "không tải được tệp",
}
_REACHED = {
    "waiting": "chờ gửi",
    "held": "giữ lại đến khi bạn nhắn tin",
    "queued": "đã gửi hoặc đang gửi",
    "skipped": "không gửi",
}
_NOTHING = "Không có gì."
Find = Callable[[str], CriteriaSet | None]


def draw_own_data(
    records: Records,
    number: str,
    at: datetime,
    association: str,
    criteria: Find,
    zone: tzinfo = VIETNAM,
    groups: Mapping[str, str] | None = None,
) -> bytes:
    """A PDF file, A4. `groups`: names by id; one it does not have is given by its id.

    Blocking: some seconds for two thousand lines; not for two threads at once.
    """
    register_fonts()
    association = printable(association, 160)
    document = io.BytesIO()
    template = BaseDocTemplate(
        document,
        pagesize=A4,
        pageTemplates=[PageTemplate(frames=[frame()])],
        title=f"Dữ liệu đang lưu về bạn, {day(at, zone)}",
        author=association,
        creator="khuyenhoc",
        lang="vi-VN",
        invariant=1,
        initialFontName=font(Weight.REGULAR),
    )
    story = [
        *_heading(association, number, at, zone),
        *_about(records, zone, groups or {}),
        *_consents(records, zone),
        *_assessments(records, criteria, zone),
        *_campaigns(records, zone),
        *_talk(records, zone),
    ]
    with ONE_AT_A_TIME:
        template.build(story, canvasmaker=numbered(f"Bản sao {number} · chỉ dành cho bạn"))
    return document.getvalue()


def _heading(association: str, number: str, at: datetime, zone: tzinfo) -> list[Flowable]:
    local = at.astimezone(zone)
    return [
        line_of(association.upper(), style(10.5, Weight.BOLD, c.BRAND)),
        Spacer(0, 4 * mm),
        line_of("DỮ LIỆU ĐANG LƯU VỀ BẠN", style(19, Weight.BOLD, c.BRAND, 1.3, alignment=TA_CENTER)),
        line_of(
            f"Bản sao {number}, lập lúc {local:%H:%M} ngày {local:%d/%m/%Y}",
            style(9.5, colour=c.MUTED, alignment=TA_CENTER),
        ),
        Spacer(0, 3 * mm),
        _plain(
            "Đây là mọi điều trợ lý và Hội đang lưu về bạn từ cuộc trò chuyện này. Họ tên, số điện thoại của "
            "bạn không có ở đây, trừ khi bạn tự viết hoặc gửi. Muốn xóa tất cả, bạn nhắn “xóa dữ liệu của "
            "tôi”."
        ),
    ]


def _about(records: Records, zone: tzinfo, groups: Mapping[str, str]) -> Iterator[Flowable]:
    yield _title("Về bạn")
    yield _plain(f"Kênh: {_CHANNELS.get(records.channel, records.channel)}.")
    yield _plain(f"Mã kênh này dùng để gọi bạn: {printable(records.user, 200)}.")
    if records.began_at is not None:
        yield _plain(f"Trò chuyện từ: {_moment(records.began_at, zone)}.")
    if records.last_heard_at is not None:
        yield _plain(f"Tin gần nhất của bạn: {_moment(records.last_heard_at, zone)}.")
    if records.profile.commune:
        yield _plain(f"Nơi ở bạn cho biết để nhận tin: {printable(records.profile.commune, 200)}.")
    if records.profile.group_id:
        group = groups.get(records.profile.group_id, records.profile.group_id)
        yield _plain(f"Nhóm bạn cho biết để nhận tin: {printable(group, 60)}.")
    if records.remembered_place:
        yield _plain(f"Xã, phường bạn nhắc đến gần nhất: {printable(records.remembered_place, 200)}.")
    for at, told in records.contacts:
        yield _plain(f"Bạn gửi lúc {_moment(at, zone)}: {printable(told, 400)}.")
    if records.notes:
        yield _plain(
            f"Cán bộ có {records.notes} ghi chú công việc về cuộc trò chuyện này. "
            "Muốn xem, bạn nhắn “gặp cán bộ”."
        )


def _consents(records: Records, zone: tzinfo) -> Iterator[Flowable]:
    yield _title("Đăng ký nhận tin")
    now = ", ".join(_topic(one.value) for one in records.topics)
    yield _plain(f"Đang nhận: {now}." if now else "Bạn không đăng ký nhận tin nào.")
    for one in records.consents:
        did = "Đồng ý nhận" if one.action == "in" else "Thôi nhận"
        yield _item(f"{_moment(one.at, zone)}. {did}: {_topic(one.topic.value)}.")
        yield _item(f"Lời đã ghi lại: “{printable(one.wording, 2000)}”", muted=True)


def _assessments(records: Records, criteria: Find, zone: tzinfo) -> Iterator[Flowable]:
    yield _title("Tự đánh giá")
    if not records.assessments:
        yield _plain(_NOTHING)
        return
    yield _plain(ONLY_A_GUIDE)
    for one, given in records.assessments:
        yield from _assessment(one, given, criteria(one.criteria), zone)


def _assessment(
    one: Assessment, given: Sequence[Kept], criteria: CriteriaSet | None, zone: tzinfo
) -> Iterator[Flowable]:
    place = f", {printable(one.place, 200)}" if one.place else ""
    document = criteria.document if criteria is not None else one.criteria
    yield _item(f"Mã {one.code}, theo bộ tiêu chí {document}{place}. Bắt đầu {_moment(one.began_at, zone)}.")
    if one.finished_at is None:
        yield _item("Chưa làm xong.", muted=True)
    else:
        points = ", ".join(map(str, one.points))
        reached = "đủ mức điểm" if one.passed else "chưa đủ mức điểm"
        yield _item(
            f"Xong {_moment(one.finished_at, zone)}: {one.total} điểm, {reached}. Từng chỉ số: {points}.",
            muted=True,
        )
    for piece in given:
        about = f"Chỉ số {piece.indicator}" if piece.indicator else "Chung"
        words = printable(named_evidence(Evidence(piece.indicator, piece.kind, piece.text)), 1000)
        yield _item(
            f"Minh chứng, {about}: {words or 'không ghi bằng chữ'} ({_FILES[piece.state]}).", muted=True
        )


def _campaigns(records: Records, zone: tzinfo) -> Iterator[Flowable]:
    yield _title("Tin Hội gửi theo đợt")
    if not records.campaigns:
        yield _plain(_NOTHING)
    for one in records.campaigns:
        state = _REACHED.get(one.state, one.state)
        yield _item(f"{_moment(one.at, zone)}. {printable(one.name, 120)} ({_topic(one.topic)}): {state}.")


def _talk(records: Records, zone: tzinfo) -> Iterator[Flowable]:
    yield _title("Tin nhắn")
    left_out = records.lines_in_all - len(records.lines)
    if left_out > 0:
        yield _plain(
            f"Có {records.lines_in_all} tin. Bản này in {len(records.lines)} tin mới nhất; "
            f"{left_out} tin cũ hơn vẫn đang được lưu, muốn xem bạn nhắn “gặp cán bộ”."
        )
    if not records.lines:
        yield _plain(_NOTHING)
    heading = style(9.5, Weight.SEMIBOLD, c.BRAND_DEEP, spaceBefore=4, keepWithNext=1)
    line = style(
        9.5, leftIndent=13 * mm, bulletIndent=0, bulletFontName=font(Weight.REGULAR), bulletFontSize=8.5
    )
    last: date | None = None
    for said in records.lines:
        local = said.at.astimezone(zone)
        if local.date() != last:
            last = local.date()
            yield line_of(f"Ngày {local:%d/%m/%Y}", heading)
        words = printable(_words(said), MAX_TEXT) or "(không in được bằng chữ)"
        yield Paragraph(escape(f"{_WHO[said.author]}: {words}"), line, bulletText=f"{local:%H:%M}")


def _words(said: Said) -> str:
    files = [f"[{named_evidence(Evidence(0, one.kind, one.name))}]" for one in said.attachments]
    return " ".join(filter(None, (_part(said.part), *files)))


def _part(part: Part) -> str:
    if isinstance(part, Card):
        return f"{part.title} {part.subtitle}".strip()
    if isinstance(part, File):
        return f"[Tệp: {part.name}] {part.caption}".strip()
    return part.text


def _topic(value: str) -> str:
    try:
        return offer_of(Topic(value)).label
    except (ValueError, StopIteration):
        return value


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M} ngày {local:%d/%m/%Y}"


def _title(words: str) -> Flowable:
    return line_of(words, style(12, Weight.BOLD, c.BRAND, spaceBefore=9, spaceAfter=2, keepWithNext=1))


def _plain(words: str) -> Flowable:
    return line_of(words, style(10))


def _item(words: str, *, muted: bool = False) -> Flowable:
    return line_of(words, style(9.5, colour=c.MUTED if muted else c.INK, leftIndent=(9 if muted else 4) * mm))
