"""Documents fall apart at their own joints, and not a word is lost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.ingest import Limits
from knowledge.ingest.paragraphs import paragraphs
from knowledge.ingest.readers.plain import read_plain
from knowledge.ingest.structure import LONGEST, PassageKind, Piece, split
from tests.knowledge.ingest.samples import ANALYSIS, CLEAN, LETTER, RUINED


def _split(text: str) -> list[Piece]:
    reading = read_plain(text, "txt", ANALYSIS, Limits())
    return split(paragraphs(reading.pages, ANALYSIS.fold), ANALYSIS.fold)


def _places(text: str) -> list[str]:
    return [piece.locator for piece in _split(text)]


def test_a_plan_is_split_by_its_numbered_headings() -> None:
    pieces = {piece.locator: piece for piece in _split(LETTER)}
    assert list(pieces) == ["phần mở đầu", "mục I", "mục II.1", "mục II.2", "mục III", "nơi nhận", "phụ lục"]
    assert pieces["mục II.1"].text.startswith("II. NỘI DUNG\n1. Đọc sách ở nhà\n- Mỗi nhà")
    assert "II. NỘI DUNG" not in pieces["mục II.2"].text
    assert pieces["nơi nhận"].kind is PassageKind.CLOSING
    assert pieces["phần mở đầu"].kind is PassageKind.OPENING


def test_a_law_is_split_by_articles_and_clauses() -> None:
    text = """Chương I
QUY ĐỊNH CHUNG
Điều 1. Phạm vi
Văn bản này nói về việc đọc sách.
Điều 2. Giải thích từ ngữ
1. Người đọc là người đến thư viện.
2. Thẻ đọc là giấy do thư viện cấp, gồm:
a) Thẻ năm;
b) Thẻ tháng.
Chương II
QUYỀN CỦA NGƯỜI ĐỌC
Điều 3. Mượn sách
1. Mỗi lần được mượn ba cuốn.
2. Theo khoản 1 Điều 2 của văn bản này, thẻ tháng được mượn một cuốn."""
    assert _places(text) == [
        "Điều 1", "Điều 2, khoản 1", "Điều 2, khoản 2", "Điều 3, khoản 1", "Điều 3, khoản 2",
    ]  # fmt: skip


def test_points_of_a_long_clause_stand_alone_and_say_so() -> None:
    point = "nội dung của điểm này được viết khá dài để một đoạn không chứa hết " * 6
    text = f"Điều 5. Việc cần làm\n1. Gồm có:\na) {point};\nb) {point};\nc) {point}."
    assert _places(text) == [
        "Điều 5, khoản 1",
        "Điều 5, khoản 1, điểm b",
        "Điều 5, khoản 1, điểm c",
    ] or _places(text) == ["Điều 5, khoản 1, điểm a", "Điều 5, khoản 1, điểm b", "Điều 5, khoản 1, điểm c"]


def test_a_row_of_an_appendix_is_a_sentence_under_the_names_of_its_columns() -> None:
    text = (
        "I. VIỆC CHUNG\nLàm như phụ lục.\n\nPHỤ LỤC\nDANH MỤC VIỆC\n\n"
        "STT\tNhiệm vụ\tĐơn vị thực hiện\tPhối hợp\tThời gian\n"
        "1\tMở phòng đọc\tThư viện\tHội phụ huynh\t2025\n\n\n\n"
        "2\tTặng sách\tChi hội\t\t2026\n"
    )
    rows = [piece for piece in _split(text) if piece.kind is PassageKind.ROW]
    assert [(row.locator, row.text) for row in rows] == [
        (
            "phụ lục, dòng 1",
            "Nhiệm vụ: Mở phòng đọc; đơn vị thực hiện: Thư viện; phối hợp: Hội phụ huynh; thời gian: 2025",
        ),
        ("phụ lục, dòng 2", "Nhiệm vụ: Tặng sách; đơn vị thực hiện: Chi hội; thời gian: 2026"),
    ]


@pytest.mark.parametrize(
    "line", ["25/3/2022 về việc đọc sách.", "29-NQ/TW ngày 04/11/2013.", "10 giờ sáng mỗi ngày.", "7. năm ấy"]
)
def test_a_number_where_a_line_happens_to_break_begins_no_part(line: str) -> None:
    assert _places(f"I. VIỆC CHUNG\n1. Việc đầu tiên theo văn bản ngày\n{line}\n2. Việc sau.") == [
        "mục I.1",
        "mục I.2",
    ]


def test_what_a_scanner_makes_of_roman_numbers_still_counts() -> None:
    text = (
        "I. MUC PICH\nDoc sach.\nI1. NOI DUNG\n1.Viec mot:\nLam.\n2P& nghi Thu vien\nMo cua.\n"
        "I11. TO CHUC\nHet."
    )
    assert _places(text) == ["mục I", "mục II.1", "mục II.2", "mục III"]


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    text = "I. VIỆC\nThư viện mở cửa theo Quyết định số 324/QĐ-\fKHVN ngày 25 tháng 10.\nII. HẾT\nXong."
    pieces = _split(text)
    assert "324/QĐ- KHVN" in pieces[0].text
    assert [piece.page for piece in pieces] == [1, 2]


def test_headings_of_a_text_without_numbers_are_places_too() -> None:
    pieces = _split("# Cẩm nang\nLời đầu.\n## Giờ mở cửa\nTừ bảy giờ.\n## Thẻ đọc\nMiễn phí.")
    assert [p.locator for p in pieces] == ["phần mở đầu", "mục “Giờ mở cửa”", "mục “Thẻ đọc”"]


def test_long_parts_become_windows_that_overlap_by_half() -> None:
    words = [f"từ{i}" for i in range(1000)]
    sentences = ". ".join(" ".join(words[i : i + 20]) for i in range(0, 1000, 20))
    pieces = _split(f"I. DÀI\n{sentences}")
    lengths = [len(piece.text.split()) for piece in pieces]
    assert max(lengths) <= LONGEST * 1.2
    assert len({piece.section for piece in pieces}) == 1
    for one, following in itertools.pairwise(pieces):
        shared = set(one.text.split()) & set(following.text.split())
        assert len(shared) >= 0.35 * len(one.text.split())


_LINE = st.one_of(
    st.just(""),
    st.sampled_from(
        ["I. MỤC ĐÍCH", "II. NỘI DUNG", "1. Việc", "2. Việc khác", "Điều 1. Tên", "a) điểm", "b) điểm", "12"]
    ),
    st.sampled_from(
        ["PHỤ LỤC", "Nơi nhận:", "- gạch đầu dòng", "## Tiêu đề", "KẾ HOẠCH", "\f", "Chương II", "STT\tTên"]
    ),
    st.text(st.sampled_from("abcđêô ABC.;,:/()-–12IVX\t|"), max_size=60),
    st.lists(st.sampled_from(["hội", "học", "xã", "đọc;", "sách."]), max_size=90).map(" ".join),
)  # fmt: skip


def _is_kept(line: str, passages: list[str]) -> bool:
    words = line.lstrip("# ").split()
    cut = [words[i : i + 15] for i in range(0, len(words), 15)]
    return all(any(" ".join(part) in passage for passage in passages) for part in cut)


@given(st.lists(_LINE, max_size=40))
def test_every_line_is_in_some_passage(lines: list[str]) -> None:
    text = "\n".join(lines)
    passages = [" ".join(piece.text.split()) for piece in _split(text)]
    for line in text.replace("\f", "\n").split("\n"):
        # Rows are worded anew under their header, rules are no words: these have tests of their own.
        if "\t" in line or line.count("|") > 2 or not any(map(str.isalnum, line)):
            continue
        assert _is_kept(line, passages), line


@pytest.mark.parametrize("path", [RUINED, CLEAN])
def test_nothing_of_the_real_documents_is_lost(path) -> None:  # type: ignore[no-untyped-def]
    if not path.exists():
        pytest.skip("the real documents lie beside some checkouts only")
    text = path.read_text(encoding="utf-8")
    passages = [" ".join(piece.text.split()) for piece in _split(text)]
    for line in text.split("\n"):
        if "\t" not in line:
            assert _is_kept(line.replace("*", ""), passages), line[:40]
