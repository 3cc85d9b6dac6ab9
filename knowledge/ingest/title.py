"""What a document is called before citizens, where nobody has named it yet.

Its number and date if they can be read; else its own words, if those are legible; else the name of its file,
put in order. Never a ruined line of a scan: citizens read this below answers.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.header import Header
from knowledge.ingest.quality import DAMAGED_BELOW, count_words

_MOST_LETTERS = 200
_BARE_CAPITALS = 3
_COPY = re.compile(r"(?:\s*\(\d{1,3}\)|\s*-\s*(?:copy|bản sao)(?:\s*\(\d+\))?|\s+copy)$", re.IGNORECASE)
_HYPHEN = re.compile(r"(?<=[^\W\d_])-|-(?=[^\W\d_])")
_HAS_MARK = re.compile(r"[^\x00-\x7f]")
UNREADABLE = (
    "Tên ghi trong văn bản bị hỏng chữ nên mình tạm lấy tên tệp. Bạn đặt lại tên hiện cho người dân nhé."
)


def title_of(header: Header, own: str, name: str, analysis: WritingAnalysis) -> tuple[str, tuple[str, ...]]:
    """The title, and a warning in Vietnamese where words of the document were passed over as ruined.

    `own`: what the file says of itself beside its text (its properties, a sheet's name); `name`: of the file.
    """
    if header.number:
        return header.cited_as, ()
    told = [title for title in (header.title, own) if title.strip()]
    legible = next((title for title in told if is_legible(title, analysis)), "")
    return legible or of_file(name), (UNREADABLE,) if told and not legible else ()


def is_legible(title: str, analysis: WritingAnalysis) -> bool:
    """Whether a citizen could read it: hardly a word that cannot be one (see `quality`), by the measure that
    tells ruined passages from clean ones. Of capitals without a single mark, which may be abbreviations one
    by one, three or more are none: `CONG HOA XA HOI`.
    """
    good, bad = count_words(title, analysis)
    if not good or good / (good + bad) < DAMAGED_BELOW:
        return False
    bare = [word for word in title.split() if word.isalpha() and word.isupper() and len(word) > 1]
    return _HAS_MARK.search(title) is not None or len(bare) < _BARE_CAPITALS


def of_file(name: str) -> str:
    """`Ke_hoach-tuyen_truyen (1).pdf` is `Ke hoach tuyen truyen`; hyphens between figures stay."""
    stem = PurePath(name).stem
    plain = _COPY.sub("", stem.replace("%20", " ").strip())
    if " " not in plain:
        plain = _HYPHEN.sub(" ", plain)
    plain = " ".join(plain.replace("_", " ").split())[:_MOST_LETTERS].strip(" .-")
    return f"{plain[:1].upper()}{plain[1:]}" if plain else stem
