"""Entities are found in all the ways people type, in the right place, and nowhere else."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nlu.entities import find_entities, find_place, find_years, read_score
from nlu.folding import fold
from nlu.gazetteer import former_communes, gazetteer
from nlu.mentions import find_words

KINDS = {"document", "year", "percentage", "score", "title", "place"}
ANY_TEXT = st.text(st.characters(), max_size=200)
TELLING = st.lists(
    st.sampled_from(
        re.findall(
            r"\S+",
            """
        8 10 /10 7,5 điểm đ d tám bay mười rưỡi phẩy % 2030 qd 1373 công dân gia đình học tập ht cdht xã tỉnh
        ở Sơn La son la Chiềng Mai chieng mai tân an Ninh Thuận , . ? không phải nhầm thôi khoảng chắc
        """,
        )
    ),
    max_size=14,
).map(" ".join)
"""Messages made of the words that matter here."""


def _found(text: str) -> list[tuple[str, str, str]]:
    return [(entity.kind, entity.value, text[entity.start : entity.end]) for entity in find_entities(text)]


@pytest.mark.parametrize(
    ("kind", "value", "marked", "bare", "chat"),
    [
        ("document", "QĐ 1373", "Quyết định 1373 nói gì", "quyet dinh 1373 noi gi", "qd1373 noi j"),
        ("year", "2030", "đến năm 2030 thì sao", "den nam 2030 thi sao", "den 2030 thi s"),
        ("percentage", "40", "đạt 40 phần trăm", "dat 40 phan tram", "dat 40% k"),
        ("percentage", "37.87", "tỉnh đạt 37,87%", "tinh dat 37,87%", "dat 37.87 %"),
        ("score", "8", "Mình cho 8 điểm", "minh cho 8 diem", "mk cho 8đ"),
        ("score", "8", "tám điểm", "tam diem", "8d nha"),
        ("score", "8", "8/10", "cham 8/10", "8 / 10"),
        ("score", "7.5", "7,5 điểm ạ", "7,5 diem a", "7.5đ"),
        ("score", "7.5", "bảy rưỡi", "bay ruoi", "7 ruoi"),
        ("score", "7", "chắc 7 thôi", "chac 7 thoi", "khoang 7 thui"),
        ("score", "10", "mười", "muoi", "10"),
        ("score", "5", "năm điểm", "nam diem", "5d"),
        ("score", "94", "tổng được 94 điểm", "tong duoc 94 diem", "tổng 94đ"),
        ("title", "cong_dan", "Công dân học tập là gì", "cong dan hoc tap la gi", "cdht la j"),
        ("title", "gia_dinh", "Gia đình học tập cần gì", "gia dinh hoc tap can gi", "gđht can j"),
        ("title", "dong_ho", "còn dòng họ thì sao", "con dong ho thi sao", "dhht thi s"),
        ("title", "cong_dong", "danh hiệu cộng đồng", "danh hieu cong dong", "cong dong ht"),
        ("title", "don_vi", "đơn vị học tập", "don vi hoc tap", "đvht"),
        ("place", "Sơn La", "Ở Sơn La thế nào", "o son la the nao", "tinh son la ntn"),
        ("place", "Khánh Hòa", "tỉnh Ninh Thuận cũ", "tinh ninh thuan cu", "ninh thuan gio o dau"),
        ("place", "Huế", "thành phố Huế", "thanh pho hue", "tp hue"),
        ("place", "xã Chiềng Mai, tỉnh Sơn La", "xã Chiềng Mai", "xa chieng mai", "chieng mai son la"),
        ("place", "xã Tân Tiến", "Mình ở xã Tân Tiến", "minh o xa tan tien", "xã tân tiến nha"),
        ("place", "huyện Mường La (cũ), tỉnh Sơn La", "huyện Mường La", "huyen muong la", "H. Mường La"),
    ],
)
def test_each_kind_is_found_in_three_ways_of_typing(
    kind: str, value: str, marked: str, bare: str, chat: str
) -> None:
    for typed in (marked, unicodedata.normalize("NFD", marked), marked.upper(), bare, chat):
        assert (kind, value) in [found[:2] for found in _found(typed)], typed


@pytest.mark.parametrize(
    "text",
    [
        "8 triệu đồng", "ngày 8/10 họp", "ngày khuyến học là 2/10", "gọi 0912345678", "có hai điểm chưa hiểu",
        "điểm 3 mục II nói gì", "nhà có 3 người", "câu 7 là gì", "không", "khong", "sau khi nộp thì sao",
        "trong nam hoc moi", "từ 75-79", "4/5", "giá 100k", "8 sao", "hai phong trào",
        "lớp 10 điểm thấp", "vào congdanhoctap.vn",
        "gia đình tôi có ba người", "đồng hồ", "gia đình văn hóa", "công dân số là gì",
        "xã hội học tập", "xa hoi hoc tap", "đoàn kết thành công", "học ở trung tâm", "bao lau danh gia lai",
        "em đi làm đồng", "em di lam dong", "điểm cao bằng nhau", "dien bien phong trao",
        "hai phong trao nao", "tư tưởng Hồ Chí Minh", "quỹ học bổng Tô Hiệu", "trường Lê Quý Đôn", "văn miếu",
        "trong nam dinh huong", "chúc hòa bình", "co quan ba dinh", "dia phuong nam nay", "tiêu chí an toàn",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_scores_titles_or_places(text: str) -> None:
    assert [found for found in _found(text) if found[0] in {"score", "title", "place"}] == []


def test_one_message_may_hold_all_of_them_each_in_its_place() -> None:
    text = "Theo QĐ 677, năm 2025 gia đình học tập ở xã Chiềng Mai, tỉnh Sơn La đạt 81,5%, mình cho 9 điểm"
    expected = [
        ("document", "QĐ 677", "QĐ 677"),
        ("year", "2025", "2025"),
        ("title", "gia_dinh", "gia đình học tập"),
        ("place", "xã Chiềng Mai, tỉnh Sơn La", "xã Chiềng Mai, tỉnh Sơn La"),
        ("percentage", "81.5", "81,5%"),
        ("score", "9", "9 điểm"),
    ]
    assert _found(text) == expected
    taken_apart = unicodedata.normalize("NFD", text)
    composed = [(k, v, unicodedata.normalize("NFC", said)) for k, v, said in _found(taken_apart)]
    assert composed == expected


def test_the_last_word_of_a_list_carries_the_title_for_all() -> None:
    found = [(v, said) for _, v, said in _found("công dân, gia đình và dòng họ học tập khác gì nhau")]
    assert found == [("cong_dan", "công dân"), ("gia_dinh", "gia đình"), ("dong_ho", "dòng họ học tập")]


@given(ANY_TEXT | TELLING | TELLING.map(lambda text: unicodedata.normalize("NFD", text)))
def test_whatever_is_typed_entities_stand_in_order_and_mean_what_stands_there(text: str) -> None:
    end = 0
    for entity in find_entities(text):
        assert entity.kind in KINDS
        assert end <= entity.start < entity.end <= len(text)
        end = entity.end
        said = text[entity.start : entity.end]
        assert not unicodedata.combining(text[entity.end : entity.end + 1] or " ")
        if entity.kind == "score":
            assert 0 <= float(entity.value) <= 100
        if entity.kind == "year":
            assert fold(said) == entity.value
        if entity.kind == "place":
            name = " ".join(word.plain for word in find_words(said))
            assert any(name.endswith(part) for part in _names_in(name))


def _names_in(words: str) -> list[str]:
    parts = words.split()
    return [name for i in range(len(parts)) if gazetteer().named(name := " ".join(parts[i:]))]


# --- Answers to a question that asks for a score --------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("8", 8), ("8đ", 8), ("8d", 8), ("8 d ạ", 8), ("8 điểm", 8), ("tám", 8), ("tam", 8), ("tams", 8),
        ("bay", 7), ("bẩy điểm", 7), ("năm", 5), ("nam", 5), ("muoi", 10), ("10/10", 10), ("0", 0),
        ("không điểm", 0), ("khoảng 7", 7), ("chac 7 thoi", 7), ("7,5", 7.5), ("bảy rưỡi", 7.5), ("8đ5", 8.5),
        ("tám điểm rưỡi", 8.5), ("tám trên mười", 8), ("mk cho 9 nha ad", 9), ("câu này 8", 8),
        ("à nhầm, 8 điểm", 8), ("nhầm, 8", 8), ("7 à nhầm 8", 8), ("không phải 7, 8 cơ", 8),
        ("ko phai 7 ma la 8", 8), ("8 chứ không phải 7", 8), ("đổi 7 thành 8", 8),
        ("8 điểm vì ngày mình cũng đọc sách", 8), ("８", 8), ("bà được 4 điểm chứ không phải 9", 4),
        ("đổi lại câu vừa rồi thành 6", 6), ("bam nham, 9 moi dung", 9), ("a khong, 6", 6),
        ("câu 5 trả lời sai, đổi lại 9", 9),
    ],
)  # fmt: skip
def test_a_score_is_read_from_an_answer(answer: str, score: float) -> None:
    for typed in (answer, unicodedata.normalize("NFD", answer), f" {answer.upper()} "):
        assert read_score(typed) == score, typed


@pytest.mark.parametrize(
    "answer",
    [
        "", "không", "khong", "ko", "7 hoặc 8", "7-8", "7, 8", "85", "11 điểm", "-1", "8%", "4/5", "câu 7",
        "8 điểm được không?", "8 điểm đạt không", "không phải 7", "7 năm rồi", "có 3 người",
        "mấy điểm là đạt", "2025", "qd 1373", "0912345678", "ngày 8/10/2025", "8 sao", "bỏ qua",
        "sửa câu 3 cho tôi", "sửa điểm chỉ số số 8", "mình không được 8 điểm", "khong phai 10",
        "số điện thoại 8", "mình đọc 3 cuốn",
    ],
)  # fmt: skip
def test_an_answer_that_is_no_sure_score_is_none(answer: str) -> None:
    assert read_score(answer) is None


@given(ANY_TEXT | TELLING)
def test_a_score_is_nothing_or_at_most_ten_whatever_is_typed(text: str) -> None:
    score = read_score(text)
    assert score is None or 0 <= score <= 10


@given(st.integers(0, 10), st.sampled_from(["{}", "{} điểm", "{}đ", "khoảng {}", "mình cho {} nhé", "{}/10"]))
def test_every_whole_score_is_read_in_every_wrapping(score: int, wrapping: str) -> None:
    assert read_score(wrapping.format(score)) == score


# --- Answers to a question that asks where somebody lives ------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        ("Chiềng Mai", "xã Chiềng Mai, tỉnh Sơn La"),
        ("chieng mai ạ", "xã Chiềng Mai, tỉnh Sơn La"),
        ("dạ em ở xã chiềng mai", "xã Chiềng Mai, tỉnh Sơn La"),
        ("bản Mé, xã Chiềng Mai, huyện Mai Sơn, tỉnh Sơn La", "xã Chiềng Mai, tỉnh Sơn La"),
        ("chiềng ban", "xã Chiềng Mai, tỉnh Sơn La"),
        ("p. tô hiệu", "phường Tô Hiệu, tỉnh Sơn La"),
        ("xã Mộc Châu", "phường Mộc Châu, tỉnh Sơn La"),
        ("huyện mai sơn", "huyện Mai Sơn (cũ), tỉnh Sơn La"),
        ("son la", "Sơn La"),
        ("Ninh Thuận", "Khánh Hòa"),
        ("vạn ninh khánh hòa", "xã Vạn Ninh, tỉnh Khánh Hòa"),
        ("Đoàn Kết", "xã Đoàn Kết, tỉnh Sơn La"),
    ],
)
def test_a_place_is_read_from_an_answer(answer: str, first: str) -> None:
    for typed in (answer, unicodedata.normalize("NFD", answer)):
        assert find_place(typed, province="Sơn La")[0].canonical == first


def test_a_name_of_several_places_gives_all_of_them_and_the_own_province_first() -> None:
    provinces = [place.province for place in find_place("Đoàn Kết", province="Sơn La")]
    assert provinces[0] == "Sơn La"
    assert len(set(provinces)) > 1
    assert {place.province for place in find_place("Đoàn Kết, Sơn La")} == {"Sơn La"}


@pytest.mark.parametrize(
    "answer",
    ["", "không", "không biết", "gia đình", "em ở xa lắm", "8 điểm", "ok", "sao hỏi làm gì", "ở nhà"],
)
def test_what_is_no_place_is_none(answer: str) -> None:
    assert find_place(answer, province="Sơn La") == ()


@given(ANY_TEXT | TELLING)
def test_an_answer_about_places_never_fails(text: str) -> None:
    for place in find_place(text, province="Sơn La"):
        assert place.canonical


# --- The data -------------------------------------------------------------------------------------------


def _rows(name: str) -> list[list[str]]:
    lines = files("nlu").joinpath("data").joinpath(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_the_data_hold_the_units_of_today_and_the_former_ones_lead_to_them() -> None:
    counts: Counter[str] = Counter()
    today, province = set(), ""
    for first, *rest in _rows("places.tsv"):
        province = rest[1] if first == "=" else province
        counts[first] += 1 if first == "=" else len(rest)
        today |= {(province, first, name) for name in rest}
    assert counts["="] == 34
    assert counts["xã"] + counts["phường"] + counts["đặc khu"] == 3321
    for first, *rest in _rows("former_communes.tsv"):
        province = rest[1] if first == "=" else province
        assert first == "=" or (province, first, rest[0]) in today
    assert "Bình Định" in {place.formerly for place in gazetteer().named("binh dinh")}
    assert [place.name for place in former_communes().named("chieng ban")] == ["Chiềng Mai"]


def test_what_rasa_reads_is_in_its_format_and_every_way_of_writing_a_title_is_found() -> None:
    data = yaml.safe_load(files("nlu").joinpath("data/entities.yml").read_text("utf-8"))
    assert data["version"] == "3.1"
    titles = {}
    for part in data["nlu"]:
        kind, examples = next(iter(part)), part["examples"].splitlines()
        assert set(part) in ({"synonym", "examples"}, {"lookup", "examples"}, {"regex", "examples"})
        assert all(line.startswith("- ") for line in examples)
        if kind == "synonym":
            titles.update({line.removeprefix("- "): part["synonym"] for line in examples})
    for written, title in titles.items():
        assert _found(written) == [("title", title, written)]


def test_a_year_is_no_part_of_a_longer_number() -> None:
    assert [entity.value for entity in find_years("năm 2025, 12025, 2030%, 677/2022")] == ["2025"]
