"""What a document is called: legible words of its own, or the name of its file put in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.ingest import Limits
from knowledge.ingest.taking_in import take_in
from knowledge.ingest.title import UNREADABLE, is_legible, of_file
from tests.knowledge.ingest.samples import ANALYSIS, LETTER, REGISTERED

RUINED_HEAD = """UBND TiNH SAO MAI CONG HOA XA HOI CHU NGHIA VIET NAM
HOI KHUYEN HOQC Poc l1ap - Tw do — Hanh phuc

{number} Sao Mai, ngay 13 thang 01 nam 2025

KE HOACH TUYEN TRUYEN
NAM 2025

Can ci Ké hoach tuyén truyén cua Hbi Khuyén hoc Viét Nam;
"""


def _title(folder: Path, text: str) -> tuple[str, bool]:
    path = folder / "ke_hoach-tuyen_truyen (2).txt"
    path.write_text(text, encoding="utf-8")
    taken = take_in(path, path.name, ANALYSIS, Limits(), registered=REGISTERED)
    return taken.title, UNREADABLE in taken.warnings


def test_a_ruined_head_gives_the_name_of_the_file_and_says_so(tmp_path: Path) -> None:
    assert _title(tmp_path, RUINED_HEAD.format(number="S6: iKH HKH")) == ("Ke hoach tuyen truyen", True)


def test_a_number_that_can_be_read_is_name_enough_in_a_ruined_head(tmp_path: Path) -> None:
    ruined = RUINED_HEAD.format(number="S6: 02 /KH-HKH")
    assert _title(tmp_path, ruined) == ("Kế hoạch 02/KH-HKH ngày 13/01/2025", False)


def test_a_clean_head_without_a_number_keeps_its_own_words(tmp_path: Path) -> None:
    assert _title(tmp_path, LETTER.replace("Số: 07/KH-HKH\n", "")) == ("Tổ chức ngày hội đọc sách", False)


@pytest.mark.parametrize(
    "title",
    [
        "CONG HOA XA HOI CHU NGHIA VIET NAM",
        "TUYEN TRUYEN",
        "HOI KHUYEN HOQC Poc l1ap",
        "hdi hoc tap suét doi",
        "",
    ],
)
def test_these_are_ruins(title: str) -> None:
    assert not is_legible(title, ANALYSIS)


@pytest.mark.parametrize(
    "title",
    [
        "Quy chế tổ chức, hoạt động của TTHTCĐ",
        "KH-UBND 2025",
        "SỔ TAY HỎI ĐÁP",
        "FAQ",
        "Báo cáo Zalo, Facebook",
    ],
)
def test_these_are_titles(title: str) -> None:
    assert is_legible(title, ANALYSIS)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ke-hoach-2025.pdf", "Ke hoach 2025"),
        ("KH 02-HKH 2025-01-13.docx", "KH 02-HKH 2025-01-13"),
        ("2025-01-13.pdf", "2025-01-13"),
        ("Kế hoạch - Copy (3).docx", "Kế hoạch"),
        ("___.txt", "___"),
    ],
)
def test_the_name_of_a_file_is_put_in_order(name: str, title: str) -> None:
    assert of_file(name) == title
