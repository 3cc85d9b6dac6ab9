"""What people type at the steps of a self-assessment, and what it is taken for."""

from __future__ import annotations

import pytest

from bot.flows.assessment_corrections import read_correction
from bot.flows.assessment_words import asks_meaning, asks_where, read_groups, read_points
from tests.bot.flows.stage import current

LEVELS = current().indicators[0].questions["nguoi-dan"].levels


@pytest.mark.parametrize(
    ("typed", "points"),
    [
        ("8", 8), ("8đ", 8), ("tám", 8), ("tam", 8), ("khoảng 7", 7), ("8/10", 8), ("10 điểm", 10), ("0", 0),
        ("7,5", 7.5), ("85", 85), ("-3", -3), ("mức 8", 8), ("Khá tốt", 8),
        ("kha tot", 8), ("mình thấy khá tốt ạ", 8),
        ("bình thường thôi", 6), ("thinh thoang", 4), ("thường xuyên", 8), ("thuong xuyen", 8), ("tốt", 8),
        ("rất tốt", 10), ("chưa bao giờ", 2), ("không thường xuyên", 4), ("trung bình", 6), ("đôi khi", 6),
        ("ít", 4), ("tam duoc", 6), ("tạm ổn thôi", 6), ("tám được", 8),
    ],
)  # fmt: skip
def test_points_and_levels_in_any_spelling(typed: str, points: float) -> None:
    assert read_points(typed, LEVELS) == points


@pytest.mark.parametrize(
    "typed",
    [
        "không", "có", "1373", "Quyết định 324 là gì", "7 hoặc 8", "khá tốt là thế nào?", "tốt quá cảm ơn",
        "không phải khá tốt đâu", "câu 3", "xyz", "", "hôm nay trời tốt để đi làm nương",
    ],
)  # fmt: skip
def test_what_is_no_answer_gives_no_points(typed: str) -> None:
    assert read_points(typed, LEVELS) is None


@pytest.mark.parametrize(
    ("typed", "number", "points"),
    [
        ("à nhầm, 8 điểm", 0, 8), ("a nham 8 diem", 0, 8), ("lon, 5 thoi", 0, 5), ("sửa câu 3", 3, None),
        ("câu 3 cho 7 điểm", 3, 7), ("chỉ số ngoại ngữ 5 điểm", 6, 5), ("sửa câu tính toán", 7, None),
        ("doi diem cau hai thanh tam", 2, 8), ("NHẦM, SỬA LẠI CÂU 5", 5, None),
        ("câu 5 mk trả lời sai, đổi lại 9", 5, 9),
        ("bam nham roi, cau do 7 moi dung", 0, 7), ("8 ko phải 6", 0, 8),
        ("à nhầm, khá tốt", 0, 8),
        ("sửa câu 4 thành rất tốt", 4, 10), ("câu 8: tốt", 8, 8), ("sửa câu sáu thành 9", 6, 9),
        ("câu 7", 7, None),
        ("lúc nãy tôi chấm cao quá, hạ xuống còn 6", 0, 6),
    ],
)  # fmt: skip
def test_corrections_name_an_answer_and_perhaps_its_points(
    typed: str, number: int, points: float | None
) -> None:
    found = read_correction(typed, current(), LEVELS, 6)
    assert found is not None
    assert (found.number, read_points(found.words, LEVELS)) == (number, points)


@pytest.mark.parametrize(
    "typed",
    [
        "8", "câu sau", "cau sau", "câu 3 là gì?", "chỉ số 6 là gì", "mình thấy 8 điểm", "đôi khi",
        "8 à nhầm 9", "câu này 8 điểm", "Quyết định 324 sửa đổi gì", "đổi mới sáng tạo",
        "con cháu đọc sách nhiều, 8 điểm",
        "8 chứ không phải 3", "rất lớn",
    ],
)  # fmt: skip
def test_what_is_no_correction_is_none(typed: str) -> None:
    assert read_correction(typed, current(), LEVELS, 6) is None


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        ("tôi làm ruộng", ("nguoi-dan",)), ("em dang di hoc", ("hoc-sinh",)), ("công nhân viên", ("can-bo",)),
        ("cong nhan may", ("lao-dong",)), ("tôi không phải học sinh, tôi là công nhân", ("lao-dong",)),
        ("giáo viên về hưu", ("can-bo", "nguoi-dan")), ("chơi thôi", ()),
    ],
)  # fmt: skip
def test_the_group_is_found_in_what_people_do(typed: str, groups: tuple[str, ...]) -> None:
    assert read_groups(typed, current().groups) == groups


@pytest.mark.parametrize(
    "typed", ["còn mấy câu nữa", "con bao nhieu cau nua vay", "đang ở câu mấy rồi", "còn lâu không"]
)
def test_asking_how_far_it_is_still(typed: str) -> None:
    assert asks_where(typed)
    assert not asks_where("8")


@pytest.mark.parametrize(
    ("typed", "asks"),
    [
        ("hong biet nua", True), ("con không hiểu câu này", True), ("không biết", True),
        ("chưa hiểu lắm", True),
        ("không biết chữ", False), ("không hiểu sao vẫn làm được", False), ("không", False),
    ],
)  # fmt: skip
def test_who_does_not_know_what_to_answer_is_told_more(typed: str, asks: bool) -> None:
    assert asks_meaning(typed) is asks
