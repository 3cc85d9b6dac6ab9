"""Puts counts together into a report: plain sentences, numbers with what they were counted from, tables whose
totals are the sums of their rows. Pure; knows no SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median

from bot import charts
from bot.assessment_report import OWN_ESTIMATE
from bot.assessment_tally import HIDDEN, Period, Share, Statistics
from bot.dialogue.turn import Outcome
from bot.outreach.broadcast import Broadcast
from bot.outreach.report_periods import ReportPeriod
from bot.outreach.reports import Chart, Column, Number, Report, Row, Section, Table
from bot.outreach.topics import offer_of
from bot.outreach.words import ARTICLES, WHY
from bot.plain_words import channel_name, duration
from bot.report_files import Cell
from bot.store.figures import ANSWERED_WITHIN, Wait
from bot.store.recipients import Place, Result, went_by_template
from bot.store.report_figures import RESPONSE_WITHIN, Begun, Reach, Subscribers, Taken, Work

LISTED = 10
"""Topics, documents and groups that are listed."""
_CAMPAIGNS = "/staff/chien-dich"
_ARTICLES = "/staff/bai-viet-zalo"
_ASSESSMENTS = "/staff/tu-danh-gia"
_LIBRARY = "/staff/van-ban"
_KINDS = {
    Outcome.ANSWERED: "Trả lời được",
    Outcome.ABSTAINED: "Nói thật là chưa biết",
    Outcome.HANDOFF: "Chuyển cho cán bộ",
}
_WAITS: tuple[tuple[str, timedelta], ...] = (
    ("Trong 1 giờ", timedelta(hours=1)),
    ("Từ 1 đến 4 giờ", timedelta(hours=4)),
    ("Từ 4 đến 24 giờ", timedelta(hours=24)),
    ("Từ 1 đến 7 ngày", ANSWERED_WITHIN),
)
_WAITED_COUNTED = (
    "Mỗi lần một người xin gặp cán bộ là một lượt, hỏi lại khi chưa ai trả lời vẫn là lượt ấy; "
    "tính đến tin đầu tiên cán bộ gửi trong 7 ngày sau đó."
)
_FATES = ("Đã gửi", "Chưa gửi được", "Không rõ", "Giữ lại", "Không gửi", "Còn chờ", "Không còn lưu")


@dataclass(frozen=True, slots=True)
class Half:
    """What is counted of a period and of the one before alike."""

    days: Period
    reach: Sequence[Reach]
    asked: Counter[Outcome]
    waits: Sequence[Wait]
    assessed: Statistics
    subscribers: Sequence[Subscribers]
    campaigns: int
    work: Work


@dataclass(frozen=True, slots=True)
class Topic:
    """What was asked about, or a document that was rested on."""

    name: str
    count: int
    before: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class MissedGroup:
    """Questions without an answer that mean the same."""

    sample: str
    count: int
    wordings: int


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What became of one campaign."""

    campaign: Begun
    results: Sequence[Result]
    responded: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything a report is made of."""

    now: Half
    before: Half
    by_part: Sequence[int]
    """Questions in each part of the period."""
    topics: Sequence[Topic]
    documents: Sequence[Topic]
    missed: Sequence[MissedGroup]
    campaigns: Sequence[CampaignResult]
    taken: Sequence[Taken]
    articles: Sequence[Broadcast] = ()
    """Shown to all followers on Zalo, or perhaps shown."""


def put_together(period: ReportPeriod, counts: Counts, now: datetime, zone: tzinfo) -> Report:
    """The report."""
    is_over = period.is_over(now, zone)
    compared = f"So với {period.before_name} ({_span(counts.before.days)}"
    compared += ")." if is_over else ", cùng số ngày)."
    return Report(
        period.key,
        period.name,
        period.before_name,
        str(counts.now.days),
        "" if is_over else f"{now.astimezone(zone):%H:%M ngày %d/%m/%Y}",
        compared,
        (
            _reach(counts),
            _questions(period, counts),
            _officers(counts),
            _assessments(counts),
            _subscribers(counts),
            _campaigns(counts, zone),
            _content(counts),
        ),
    )


def _span(days: Period) -> str:
    return f"{days.first:%d/%m/%Y} đến {days.last:%d/%m/%Y}"


def _n(value: int) -> str:
    return charts.number(value)


def _total(rows: Iterable[Sequence[Cell]], columns: int) -> tuple[Cell, ...]:
    """`Cộng` and the sums of the other columns; nothing of a column in which something is hidden."""
    kept = list(rows)
    sums: list[Cell] = ["Cộng"]
    for column in range(1, columns):
        numbers = [row[column] for row in kept]
        sums.append(
            sum(one for one in numbers if isinstance(one, int))
            if all(isinstance(one, int) for one in numbers)
            else None
        )
    return tuple(sums)


def _table(
    title: str, heading: tuple[str, ...], rows: Sequence[Row], counted: str, *, adds_up: bool = True
) -> Table:
    total = _total((row.cells for row in rows), len(heading)) if adds_up and rows else ()
    return Table(title, heading, tuple(rows), counted, total)


# --- who came ----------------------------------------------------------------------------------------


def _reach(counts: Counts) -> Section:
    now, before = counts.now.reach, counts.before.reach

    def both(of: Callable[[Reach], int]) -> tuple[int, int]:
        return sum(map(of, now)), sum(map(of, before))

    people, new, messages = both(lambda r: r.people), both(lambda r: r.new), both(lambda r: r.messages)
    counted_people = (
        "Mỗi cuộc trò chuyện có ít nhất một tin trong kỳ là một người; một người dùng hai kênh tính là hai."
    )
    counted_new = "Trong số người đã nhắn: cuộc trò chuyện bắt đầu trong kỳ."
    counted_messages = (
        "Mỗi lần người dân nhắn, bấm nút hoặc mở cuộc trò chuyện mà trợ lý đã xử lý là một tin."
    )
    rows = [Row((channel_name(one.channel), one.people, one.new, one.messages)) for one in now]
    said = (
        f"Có {_n(people[0])} người nhắn cho Hội, trong đó {_n(new[0])} người mới, với {_n(messages[0])} tin."
        if people[0]
        else "Chưa có ai nhắn cho Hội trong kỳ này."
    )
    return Section(
        "nguoi-dan",
        "Người dân đến với Hội",
        (said,),
        (
            Number("Người đã nhắn", *people, counted_people, unit="người"),
            Number("Người mới", *new, counted_new, unit="người"),
            Number("Tin nhắn", *messages, counted_messages, unit="tin"),
        ),
        None,
        (_table("Theo kênh", ("Kênh", "Người đã nhắn", "Người mới", "Tin nhắn"), rows, counted_people),),
    )


def _questions(period: ReportPeriod, counts: Counts) -> Section:
    now, before = counts.now.asked, counts.before.asked
    counted = {
        Outcome.ANSWERED: "Lượt hỏi trợ lý đã trả lời bằng một câu có sẵn hoặc một đoạn văn bản.",
        Outcome.ABSTAINED: "Lượt hỏi trợ lý nói là chưa biết hoặc không thuộc việc của Hội.",
        Outcome.HANDOFF: "Lượt hỏi được chuyển cho cán bộ.",
    }
    total, total_before = now.total(), before.total()
    numbers = [
        Number(
            "Câu hỏi",
            total,
            total_before,
            "Tổng ba loại dưới đây; lời chào và các bước tự đánh giá không tính.",
            unit="câu",
        )
    ]
    numbers += [Number(name, now[one], before[one], counted[one], unit="câu") for one, name in _KINDS.items()]
    columns = tuple(
        Column(label, name, value)
        for (label, name, _), value in zip(period.parts(), counts.by_part, strict=True)
    )
    share = charts.shares([now[one] for one in _KINDS])
    said = (
        f"Người dân hỏi {_n(total)} câu; trợ lý trả lời được {share[0]}%, nói thật là chưa biết {share[1]}%, "
        f"chuyển cho cán bộ {share[2]}%."
        if total
        else "Chưa có câu hỏi nào trong kỳ này."
    )
    heading = ("Trong kỳ", f"{period.before_name.capitalize()}")
    missed = tuple(Row((one.sample, one.wordings, one.count)) for one in counts.missed[:LISTED])
    return Section(
        "cau-hoi",
        "Câu hỏi và câu trả lời",
        (said,),
        tuple(numbers),
        Chart("Câu hỏi trong kỳ", ("Thời gian", "Số câu hỏi"), columns) if total else None,
        (
            _table(
                "Câu hỏi theo kết quả",
                ("Kết quả", *heading),
                [Row((name, now[one], before[one])) for one, name in _KINDS.items()] if total else [],
                "Mỗi lượt hỏi thuộc đúng một loại.",
            ),
            _topics("Được hỏi nhiều nhất", ("Câu hỏi", *heading), counts.topics,
                    "Số lượt mỗi câu hỏi thường gặp đã trả lời trong kỳ."),
            _topics("Văn bản làm căn cứ", ("Văn bản", *heading), counts.documents,
                    "Số lượt trả lời có dẫn văn bản này; một câu trả lời có thể dẫn nhiều văn bản."),
            Table(
                "Chưa trả lời được",
                ("Người dân hỏi (ví dụ)", "Số cách hỏi", "Số lần hỏi"),
                missed,
                "Câu hỏi được hỏi trong kỳ và đến lúc đếm vẫn chưa có câu trả lời, gộp theo ý; "
                "số lần hỏi tính từ lần hỏi đầu tiên.",
                asked=True,
            ),
        ),
    )  # fmt: skip


def _topics(title: str, heading: tuple[str, ...], topics: Sequence[Topic], counted: str) -> Table:
    rows = tuple(Row((one.name, one.count, one.before), one.path) for one in topics[:LISTED])
    return Table(title, heading, rows, counted)


# --- officers ----------------------------------------------------------------------------------------


def _officers(counts: Counts) -> Section:
    now, before = counts.now.waits, counts.before.waits
    rows, answered, answered_before = _by_length(now), _answered(now), _answered(before)
    half = _median(now)
    if not now:
        said = "Không có ai phải chờ cán bộ trong kỳ này."
    elif half is None:
        said = f"Có {_n(len(now))} lượt chờ cán bộ, chưa lượt nào được trả lời."
    else:
        said = (
            f"Có {_n(len(now))} lượt chờ cán bộ. Trong số đã trả lời, một nửa chờ không quá {duration(half)}."
        )
    half_before = _median(before)
    sentences = (
        (said, f"Kỳ trước, một nửa chờ không quá {duration(half_before)}.") if half_before else (said,)
    )
    return Section(
        "can-bo",
        "Cán bộ trả lời người dân",
        sentences,
        (
            Number("Lượt chờ cán bộ", len(now), len(before), _WAITED_COUNTED, unit="lượt"),
            Number("Đã có cán bộ trả lời", answered, answered_before,
                   "Trong số lượt chờ: có tin của cán bộ trong 7 ngày.", unit="lượt"),
            Number("Chưa có cán bộ trả lời", len(now) - answered, len(before) - answered_before,
                   "Trong số lượt chờ: không có tin nào của cán bộ trong 7 ngày.", unit="lượt"),
        ),
        None,
        (_table("Thời gian chờ", ("Thời gian", "Số lượt"), rows if now else [], _WAITED_COUNTED),),
    )  # fmt: skip


def _by_length(waits: Sequence[Wait]) -> list[Row]:
    lengths = [one.length for one in waits if one.length is not None]
    rows, before = [], timedelta(-1)
    for name, most in _WAITS:
        rows.append(Row((name, sum(before < length <= most for length in lengths))))
        before = most
    return [*rows, Row(("Chưa có trả lời", len(waits) - len(lengths)))]


def _answered(waits: Sequence[Wait]) -> int:
    return sum(one.answered_at is not None for one in waits)


def _median(waits: Sequence[Wait]) -> timedelta | None:
    lengths = [one.length.total_seconds() for one in waits if one.length is not None]
    return timedelta(seconds=median(lengths)) if lengths else None


# --- self-assessments --------------------------------------------------------------------------------


def _assessments(counts: Counts) -> Section:
    now, before = counts.now.assessed, counts.before.assessed
    days = counts.now.days
    path = f"{_ASSESSMENTS}?tu={days.first}&den={days.last}"
    passed = now.total.passed
    said = (
        f"Người dân hoàn thành {_n(now.total.results)} bài tự chấm; "
        + (
            f"{_n(passed)} bài đạt mức điểm."
            if passed is not None
            else "số bài đạt không nêu vì có dưới 5 người."
        )
        if now.total.results
        else "Chưa có bài tự đánh giá nào hoàn thành trong kỳ này."
    )
    begun = "Bài bắt đầu trong kỳ. Người yêu cầu xóa dữ liệu thì không còn trong số này."
    done = "Bài hoàn thành trong kỳ, kể cả bài bắt đầu từ trước."
    few = (
        "Bài hoàn thành trong kỳ; tự chấm. Nơi có dưới 5 người được gộp, không nêu tên; "
        "số đạt của dưới 5 người không nêu."
    )
    heading = ("Bài hoàn thành", "Số người", "Đạt mức điểm (tự chấm)")
    places = tuple(Row((one.label, *_share(one))) for one in now.places)
    groups = [Row((one.label, *_share(one))) for one in now.groups]
    return Section(
        "tu-danh-gia",
        "Tự đánh giá Công dân học tập",
        (said, OWN_ESTIMATE),
        (
            Number("Bài bắt đầu", now.begun, before.begun, begun, path, "bài"),
            Number("Bài hoàn thành", now.total.results, before.total.results, done, path, "bài"),
            Number("Đạt mức điểm, tự chấm", passed, before.total.passed, few, path, "bài"),
        ),
        None,
        (
            Table("Tự đánh giá theo nhóm", ("Nhóm", *heading), tuple(groups), few,
                  _group_total(groups) if groups else ()),
            Table("Tự đánh giá theo xã, phường", ("Xã, phường", *heading), places, few),
        ),
    )  # fmt: skip


def _group_total(groups: Sequence[Row]) -> tuple[Cell, ...]:
    """Results add up; people do not: one person may be in two groups. The hidden stays hidden."""
    sums = _total((row.cells for row in groups), 4)
    return sums[0], sums[1], None, sums[3] if sums[3] is not None else HIDDEN


def _share(one: Share) -> tuple[Cell, ...]:
    if one.hides_counts:
        return HIDDEN, HIDDEN, HIDDEN
    return one.results, one.people, HIDDEN if one.passed is None else one.passed


# --- subscribers and campaigns -----------------------------------------------------------------------


def _subscribers(counts: Counts) -> Section:
    now = counts.now.subscribers
    at_end, at_start = sum(one.at_end for one in now), sum(one.at_start for one in now)
    rows = [Row((offer_of(one.topic).label, one.at_start, one.joined, -one.left, one.at_end)) for one in now]
    counted = (
        "Đếm từ sổ ghi đồng ý và từ chối: ai có lần trả lời cuối là đồng ý. "
        "Một người đăng ký hai loại tin là hai lượt."
    )
    said = (
        f"Cuối kỳ có {_n(at_end)} lượt đăng ký nhận tin, đầu kỳ có {_n(at_start)}."
        if at_end or at_start
        else "Chưa có ai đăng ký nhận tin."
    )
    heading = ("Loại tin", "Đầu kỳ", "Đăng ký thêm", "Thôi nhận", "Cuối kỳ")
    return Section(
        "nguoi-nhan-tin",
        "Người đăng ký nhận tin",
        (said,),
        (Number("Lượt đăng ký nhận tin", at_end, at_start, counted, "/staff/nguoi-nhan-tin", "lượt"),),
        None,
        (_table("Đăng ký theo loại tin", heading, rows if at_end or at_start else [], counted),),
    )


def _campaigns(counts: Counts, zone: tzinfo) -> Section:
    sent = counts.campaigns
    fates = [_fates(one.results) for one in sent]
    rows, receipts = [], []
    for one, fate in zip(sent, fates, strict=True):
        path = f"{_CAMPAIGNS}/{one.campaign.id}"
        started = f"{one.campaign.started_at.astimezone(zone):%d/%m}"
        name = f"{one.campaign.name} ({started})"
        rows.append(Row((name, sum(fate.values()), *(fate[kind] for kind in _FATES)), path))
        arrived, seen = _receipts(one.results)
        receipts.append(Row((name, fate["Đã gửi"], arrived, seen, one.responded), path))
    reached, replied = sum(fate["Đã gửi"] for fate in fates), sum(one.responded for one in sent)
    hours = int(RESPONSE_WITHIN.total_seconds() // 3600)
    said = (
        f"Hội bắt đầu gửi {len(sent)} chiến dịch, {_n(reached)} tin đã gửi đi; "
        f"{_n(replied)} lượt nhắn lại trong {hours} giờ."
        if sent
        else "Không có chiến dịch nào bắt đầu gửi trong kỳ này."
    )
    counted = "Chiến dịch bắt đầu gửi trong kỳ. Mỗi người nhận nằm ở đúng một cột."
    counted_receipts = (
        "Đã tới và đã xem theo báo nhận của nền tảng (tin đã xem cũng là đã tới); không phải kênh nào cũng "
        f"báo. Nhắn lại: có tin trong {hours} giờ sau khi tin được gửi."
    )
    reasons = _reasons(sent)
    paid = sum(went_by_template(one.results) for one in sent)
    told = [said, f"Trong đó {_n(paid)} tin gửi bằng mẫu tin trả phí."] if paid else [said]
    shown = f"Ngoài ra có {len(counts.articles)} bài viết gửi cho mọi người quan tâm tài khoản Zalo của Hội."
    return Section(
        "chien-dich",
        "Chiến dịch gửi tin",
        (*told, shown) if counts.articles else tuple(told),
        (
            Number("Chiến dịch bắt đầu gửi", len(sent), counts.before.campaigns,
                   "Chiến dịch có lần gửi đầu tiên trong kỳ.", _CAMPAIGNS, "chiến dịch"),
        ),
        None,
        (
            _table("Kết quả gửi", ("Chiến dịch", "Người nhận", *_FATES), rows, counted),
            _table("Đến tay và nhắn lại",
                   ("Chiến dịch", "Đã gửi", "Đã tới", "Đã xem", f"Nhắn lại trong {hours} giờ"),
                   receipts, counted_receipts),
            _table("Vì sao giữ lại hoặc không gửi", ("Lý do", "Giữ lại", "Không gửi"), reasons,
                   "Người nhận ở hai cột Giữ lại và Không gửi của bảng trên, theo lý do ghi khi quyết định."),
            *_articles(counts.articles, zone),
        ),
    )  # fmt: skip


def _articles(shown: Sequence[Broadcast], zone: tzinfo) -> tuple[Table, ...]:
    """Articles for all followers: how many people got one is Zalo's to know, so nothing is added up."""
    if not shown:
        return ()
    rows = [
        Row(
            (one.name, f"{one.claimed_at.astimezone(zone):%H:%M %d/%m}", ARTICLES[one.state]),
            f"{_ARTICLES}/{one.id}",
        )
        for one in shown
        if one.claimed_at is not None
    ]
    counted = "Bài viết Zalo bắt đầu gửi trong kỳ. Zalo không cho biết bao nhiêu người đã nhận."
    return (_table("Bài viết Zalo", ("Bài viết", "Gửi lúc", "Tình trạng"), rows, counted, adds_up=False),)


def _fates(results: Sequence[Result]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in results:
        counted[_fate(one)] += one.count
    return counted


def _fate(one: Result) -> str:
    places = {Place.HELD: "Giữ lại", Place.SKIPPED: "Không gửi", Place.WAITING: "Còn chờ"}
    if one.place in places:
        return places[one.place]
    return _SENDING.get(one.sending, "Còn chờ")


_SENDING: Mapping[str, str] = {
    "sent": "Đã gửi",
    "delivered": "Đã gửi",
    "seen": "Đã gửi",
    "failed": "Chưa gửi được",
    "set_aside": "Chưa gửi được",
    "unknown": "Không rõ",
    "": "Không còn lưu",
}


def _receipts(results: Sequence[Result]) -> tuple[int, int]:
    seen = sum(one.count for one in results if one.sending == "seen")
    return seen + sum(one.count for one in results if one.sending == "delivered"), seen


def _reasons(sent: Sequence[CampaignResult]) -> list[Row]:
    held: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for one in (result for campaign in sent for result in campaign.results):
        if one.place in (Place.HELD, Place.SKIPPED):
            (held if one.place is Place.HELD else skipped)[_why(one.why)] += one.count
    ordered = sorted({*held, *skipped}, key=lambda why: (-held[why] - skipped[why], why))
    return [Row((why, held[why], skipped[why])) for why in ordered]


def _why(recorded: str) -> str:
    return next((said for why, said in WHY.items() if why.value == recorded), "lý do khác")


# --- content -----------------------------------------------------------------------------------------


def _content(counts: Counts) -> Section:
    now, before = counts.now.work, counts.before.work
    staff = "Đếm từ lịch sử nội dung: việc của cán bộ, mỗi câu một lần; bản mới kèm chương trình không tính."
    files = "Văn bản được nạp vào trong kỳ."
    names = (
        ("Câu hỏi thêm mới", now.added, before.added, staff, "câu"),
        ("Câu hỏi được sửa", now.changed, before.changed, staff, "câu"),
        ("Câu hỏi đưa vào lưu trữ", now.archived, before.archived, staff, "câu"),
        ("Văn bản thêm mới", now.documents, before.documents, files, "văn bản"),
        ("Văn bản có bản mới", now.versions, before.versions, files, "văn bản"),
    )
    entries, documents = now.added + now.changed + now.archived, now.documents + now.versions
    said = (
        f"Hội thêm, sửa hoặc lưu trữ {_n(entries)} câu hỏi thường gặp và nạp {_n(documents)} văn bản."
        if entries or documents
        else "Nội dung không thay đổi trong kỳ này."
    )
    rows = tuple(
        Row((one.number or "không số", one.title or one.name, f"bản {one.version}"), f"{_LIBRARY}/{one.id}")
        for one in counts.taken
    )
    return Section(
        "noi-dung",
        "Nội dung trợ lý dùng để trả lời",
        (said,),
        tuple(Number(name, value, was, how, unit=unit) for name, value, was, how, unit in names),
        None,
        (Table("Văn bản nạp trong kỳ", ("Số", "Tên văn bản", "Bản"), rows, files),),
    )
