"""Where the pages of self-assessments are."""

from __future__ import annotations

ASSESSMENTS = "/staff/tu-danh-gia"
RESULTS = f"{ASSESSMENTS}/danh-sach"
ONE = f"{ASSESSMENTS}/bai"


def path_of(code: str) -> str:
    """The page of one result."""
    return f"{ONE}/{code}"


def evidence_path(code: str, id_: int) -> str:
    """One file of evidence, to be saved."""
    return f"{path_of(code)}/tep/{id_}"
