"""A set of criteria and results to draw. The words are the tests' own; the shape is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.flows.results import AssessmentResult, Evidence
from knowledge.criteria import Competency, CriteriaSet, Group, Indicator, Rule
from knowledge.model import Certainty

NAMES = (
    ("tu-hoc", "Đọc, cập nhật kiến thức"),
    ("tu-hoc", "Lập kế hoạch học tập"),
    ("tu-hoc", "Tham gia học tập ở cộng đồng"),
    ("tu-hoc", "Động viên người thân, đồng nghiệp học tập"),
    ("cong-cu", "Dùng công nghệ, thiết bị thông minh"),
    ("cong-cu", "Ngoại ngữ hoặc tiếng dân tộc"),
    ("cong-cu", "Tính toán, cải tiến công việc"),
    ("cong-cu", "Suy nghĩ có phản biện"),
    ("quan-he", "Quan hệ thân thiện, hòa giải"),
    ("quan-he", "Hợp tác, chia sẻ"),
)
ASSOCIATION = "Hội Khuyến học tỉnh Sơn La"
CODE = "KH-7Q2M-XA4T"


def criteria_set(names: Sequence[tuple[str, str]] = NAMES, id_: str = "324-2023") -> CriteriaSet:
    """Ten indicators in three competencies, 80 points and none below 5."""
    return CriteriaSet(
        id=id_,
        document="324/QĐ-KHVN",
        title="Bộ tiêu chí Công dân học tập",
        in_force_from="2023-10-25",
        is_current=True,
        certainty=Certainty.CERTAIN,
        note="Mức gợi ý của từng chỉ số là gợi ý của Hội, không phải lời văn của Bộ tiêu chí.",
        groups=(
            Group("xa", "Người dân trong xã", "Người dân", ()),
            Group("can-bo", "Cán bộ, công nhân viên, doanh nhân", "Cán bộ", ()),
        ),
        competencies=(
            Competency("tu-hoc", "Tự học và học tập suốt đời"),
            Competency("cong-cu", "Sử dụng công cụ học tập, làm việc"),
            Competency("quan-he", "Xây dựng và thực hiện các mối quan hệ xã hội"),
        ),
        indicators=tuple(
            Indicator(number, name, competency, 10, {}) for number, (competency, name) in enumerate(names, 1)
        ),
        rules=(Rule("chung", 80, 5, Certainty.CERTAIN, True),),
    )


def result(
    points: Sequence[int] = (9, 8, 9, 8, 9, 7, 8, 9, 10, 9),
    *,
    group: str = "xa",
    place: str = "xã Mường Bú",
    evidence: tuple[Evidence, ...] = (),
    at: datetime = datetime(2026, 11, 21, 18, 30, tzinfo=UTC),
    code: str = CODE,
) -> AssessmentResult:
    """A finished self-assessment; whether it is enough follows from the points."""
    verdict = criteria_set().verdict(points)
    return AssessmentResult(
        code, "324-2023", group, tuple(points), verdict.total, verdict.passed, at, place, evidence
    )


EVIDENCE = (
    Evidence(1, "text", "Đọc báo Sơn La mỗi sáng, mượn sách ở thư viện xã"),
    Evidence(1, "image", "the-thu-vien.jpg", "https://example.vn/1"),
    Evidence(3, "text", "Dự 6 buổi chuyên đề trồng xoài ở trung tâm học tập cộng đồng"),
    Evidence(5, "image", "", "https://example.vn/2"),
    Evidence(0, "file", "giay-chung-nhan-2026.pdf", "https://example.vn/3"),
)
