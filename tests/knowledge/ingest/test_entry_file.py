"""Files of questions and answers are read cell by cell as they stand, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.ingest import IngestError, Limits, TooBig
from knowledge.ingest.entry_file import read_entry_file
from tests.knowledge.ingest.samples import ANALYSIS


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
    with pytest.raises(IngestError, match=r"Excel .*CSV .*YAML"):
        read_entry_file(put(tmp_path / "a.txt", "Câu hỏi"), "a.txt", ANALYSIS, Limits())
