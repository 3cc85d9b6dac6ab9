"""What stands on every sheet in words, and the same for somebody who cannot see the picture.

Pure. The verdict and its reasons come from the set's own rule; nothing here may promise recognition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from bot.flows.results import AssessmentResult, Evidence
from knowledge.criteria import CriteriaSet, Verdict

TITLE = "Tự đánh giá Công dân học tập"
ONLY_A_GUIDE = "Tự chấm, chỉ để tham khảo; danh hiệu do cấp có thẩm quyền công nhận."
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_KINDS = {
    "image": "Ảnh",
    "gif": "Ảnh động",
    "audio": "Ghi âm",
    "video": "Đoạn phim",
    "location": "Vị trí",
    "link": "Liên kết",
    "file": "Tệp",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the points come to, in words."""

    headline: str
    """`Tự chấm đủ điều kiện đạt`: never without saying whose estimate it is."""
    reasons: tuple[str, ...]
    """Whole sentences, one to three."""


def judged(result: AssessmentResult, criteria: CriteriaSet) -> Judged:
    """The verdict and why. Raises ValueError when the points are not this set's."""
    verdict = criteria.verdict(result.points)
    if result.passed:
        return Judged("Tự chấm đủ điều kiện đạt", (_met(verdict),))
    return Judged(
        "Tự chấm chưa đủ điều kiện", _missing(verdict, result.points) or ("Chưa đủ theo cách tính khi chấm.",)
    )


def _met(verdict: Verdict) -> str:
    rule = verdict.rule
    return f"Tổng từ {rule.total} điểm trở lên và không chỉ số nào dưới {rule.each}."


def _missing(verdict: Verdict, points: Sequence[int]) -> tuple[str, ...]:
    reasons: list[str] = []
    if verdict.missing:
        reasons.append(f"Còn thiếu {verdict.missing} điểm để đủ {verdict.rule.total}.")
    if len(verdict.below) == len(points):
        reasons.append(f"Cả {len(points)} chỉ số dưới {verdict.rule.each} điểm.")
    elif len(verdict.below) == 1:
        number = verdict.below[0]
        reasons.append(f"Chỉ số {number} mới {points[number - 1]} điểm, cần từ {verdict.rule.each}.")
    elif verdict.below:
        numbers = ", ".join(map(str, verdict.below[:-1]))
        reasons.append(f"Các chỉ số {numbers} và {verdict.below[-1]} dưới {verdict.rule.each} điểm.")
    return tuple(reasons)


def describe(result: AssessmentResult, criteria: CriteriaSet) -> str:
    """What the card shows, in words, for the message beside it: verdict and every single point.

    Short: it stands below a reply that says the rest. Raises ValueError when the points are not this set's.
    """
    headline = judged(result, criteria).headline
    verdict = f"{headline[0].lower()}{headline[1:]}"
    points = ", ".join(map(str, result.points))
    return (
        f"Thẻ kết quả để bạn lưu lại hoặc chia sẻ: {result.total}/{criteria.most} điểm, {verdict}.\n"
        f"{len(result.points)} chỉ số lần lượt được {points} điểm.\n{ONLY_A_GUIDE}"
    )


def change(result: AssessmentResult, compared: AssessmentResult | None, zone: tzinfo = VIETNAM) -> str:
    """How the total moved since an earlier result. Empty when there is none made under the same set."""
    if compared is None or compared.criteria != result.criteria:
        return ""
    since = day(compared.finished_at, zone)
    more = result.total - compared.total
    if more == 0:
        return f"bằng lần {since}"
    return f"{'tăng' if more > 0 else 'giảm'} {abs(more)} điểm so với {since}"


def day(moment: datetime, zone: tzinfo = VIETNAM) -> str:
    """A day as it is written in Vietnam: `05/9/2026`."""
    return written_day(moment.astimezone(zone).date())


def written_day(on: date) -> str:
    """Two digits for days up to 9 and for the months 1 and 2, as official papers have it: `03/6/2022`."""
    month = f"{on.month:02}" if on.month <= 2 else str(on.month)
    return f"{on.day:02}/{month}/{on.year}"


def named_evidence(evidence: Evidence) -> str:
    """One piece of evidence as a line: its words, or what it is and its name. Hostile until `printable`."""
    if evidence.kind == "text":
        return evidence.text
    kind = _KINDS.get(evidence.kind, "Tệp")
    return f"{kind}: {evidence.text}" if evidence.text.strip() else f"{kind} đã gửi trong cuộc trò chuyện"
