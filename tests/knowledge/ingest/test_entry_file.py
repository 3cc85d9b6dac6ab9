"""Files of questions and answers are read cell by cell as they stand, whatever program wrote them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from knowledge.ingest import EntryFile, IngestError, Limits, TooBig
from knowledge.ingest.encodings import TCVN3
from knowledge.ingest.entry_file import read_entry_file
from tests.knowledge.ingest.samples import ANALYSIS, with_member, workbook


def put(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_quotes_that_come_late_in_a_csv_file_are_read_right(tmp_path: Path, delimiter: str) -> None:
    rows = [["mã", "câu hỏi", "trả lời"], *[[f"c{n}", "Hỏi, gì; đó?", "Lời, rõ; ràng."] for n in range(200)]]
    rows.append(["cuối", "Có “nháy” không?", 'Có: "nháy", và\nxuống dòng; nhé'])
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    (sheet,) = read_entry_file(
        put(tmp_path / "a.csv", "\r\n".join(quoted)), "a.csv", ANALYSIS, Limits()
    ).sheets
    assert [list(row) for row in sheet.rows] == rows


def test_yaml_says_the_line_of_each_entry_and_what_is_clever_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    found = read_entry_file(
        put(path, "# đầu\nentries:\n  - id: mot\n    question: Một?\n  - id: hai\n"),
        "a.yml",
        ANALYSIS,
        Limits(),
    )
    assert found.entries == ((3, {"id": "mot", "question": "Một?"}), (5, {"id": "hai"}))
    for text, said in (
        ("entries:\n  - &a [1]\n  - *a\n", "dòng 2"),
        ("entries: [\n", "dòng"),
        ("cau_hoi: []\n", "entries"),
        ("", "rỗng"),
    ):
        with pytest.raises(IngestError, match=said):
            read_entry_file(put(path, text), "a.yml", ANALYSIS, Limits())
    with pytest.raises(TooBig):
        read_entry_file(put(path, "entries: [{}, {}, {}]\n"), "a.yml", ANALYSIS, Limits(rows=2))


def test_another_kind_of_file_is_refused_in_plain_words(tmp_path: Path) -> None:
    for data, name, said in (
        (b"C\xc3\xa2u h\xe1\xbb\x8fi", "a.md", r"Excel .*CSV .*YAML"),
        (b"%PDF-1.7", "a.pdf", r"Excel .*CSV .*YAML"),
        (b"a,b\n1,2\n", "a.xlsx", r"đuôi \.xlsx nhưng bên trong không phải"),
        (b"<html><table></table>", "a.xls", r"lưu lại thành \.xlsx"),
        (OLD + b"\0" * 600, "a.xls", r"Excel đời cũ, bạn lưu lại thành \.xlsx"),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "mật khẩu"),
    ):
        path = tmp_path / "a"
        path.write_bytes(data)
        with pytest.raises(IngestError, match=said):
            read_entry_file(path, name, ANALYSIS, Limits())


HEAD, ROW = ["Câu hỏi", "Câu trả lời"], ["Một?", "Được trả lời."]
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sheet_of(
    path: Path, change: Callable[[Any], None], within: tuple[bytes, bytes] = (b"", b"")
) -> EntryFile:
    """A workbook changed by hand, in its XML where need be, and read."""
    book = openpyxl.load_workbook(workbook(path, [HEAD, ROW, ROW]))
    change(book.active)
    book.save(path)
    if within[0]:
        name = "xl/worksheets/sheet1.xml"
        with zipfile.ZipFile(path) as archive:
            xml = re.sub(within[0], within[1], archive.read(name))
        with_member(path, name, xml)
    return read_entry_file(path, "a.xlsx", ANALYSIS, Limits(rows=5))


def test_what_does_not_come_out_of_a_workbook_as_it_looks_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert sheet_of(path, lambda sheet: None).warnings == ()
    found = sheet_of(path, lambda sheet: sheet.cell(2, 2, '=A2&"x"'))
    assert found.sheets[0].rows[1] == ["Một?", ""]  # nothing is ever computed
    assert "công thức chưa có kết quả" in found.warnings[0]
    computed = sheet_of(
        path, lambda sheet: sheet.cell(2, 2, "=1+1"), (rb"</f><v ?/>|</f><v></v>", b"</f><v>2</v>")
    )
    assert (computed.sheets[0].rows[1], computed.warnings) == (["Một?", "2"], ())
    merged = sheet_of(path, lambda sheet: sheet.merge_cells("B2:B3"))
    assert "Có ô gộp" in merged.warnings[0]

    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    assert "Có dòng bị ẩn" in sheet_of(path, hide).warnings[0]


def test_empty_rows_are_no_rows_and_what_a_sheet_claims_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"

    def formatted(sheet: Any) -> None:
        for row in range(4, 1_500):
            sheet.cell(row, 1).number_format = "0.00"

    rows = [HEAD, ROW, ROW]
    assert (sheet_of(path, formatted).sheets[0].rows, sheet_of(path, formatted).warnings) == (rows, ())
    claimed = (rb'<dimension ref="[^"]*"', b'<dimension ref="A1"')
    assert sheet_of(path, lambda sheet: None, claimed).sheets[0].rows == rows
    stray = sheet_of(path, lambda sheet: sheet.cell(1_048_576, 1, "quên"))
    assert stray.sheets[0].rows == rows
    assert "khoảng trống" in stray.warnings[0]
    gap = sheet_of(path, lambda sheet: sheet.append([]) or sheet.cell(6, 1, "Hai?"))
    assert gap.sheets[0].rows[3:] == [[], [], ["Hai?"]]  # lines keep their numbers
    text = "\n".join([",".join(HEAD), ",".join(ROW), *[",,"] * 9_000])
    (sheet,) = read_entry_file(put(tmp_path / "a.csv", text), "a.csv", ANALYSIS, Limits(rows=5)).sheets
    assert sheet.rows == [HEAD, ROW]
    with pytest.raises(TooBig):
        read_entry_file(
            put(tmp_path / "a.csv", "\n".join([",".join(HEAD), *[",".join(ROW)] * 6])),
            "a.csv",
            ANALYSIS,
            Limits(rows=5),
        )


def test_text_of_any_program_is_read(tmp_path: Path) -> None:
    text = "Câu hỏi\tCâu trả lời\nĐược mấy điểm thì đạt?\tTừ tám mươi điểm trở lên.\n"
    path = tmp_path / "a"
    tcvn3 = {letter: shown for shown, letter in TCVN3.items()}
    for data, name in (
        (text.encode("utf-16"), "a.txt"),  # what Excel calls Unicode text
        (text.encode("utf-16-le"), "a.csv"),
        ("".join(tcvn3.get(one, one) for one in text).encode("cp1252"), "a.csv"),
        (text.replace("\t", ";").encode("utf-8-sig"), "a.csv"),
    ):
        path.write_bytes(data)
        (sheet,) = read_entry_file(path, name, ANALYSIS, Limits()).sheets
        assert sheet.rows == [line.split("\t") for line in text.splitlines()], (name, sheet.rows)
