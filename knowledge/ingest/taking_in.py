"""One file in, everything the library needs to know about it out. Pure but for reading the file.

The order: read, join paragraphs, find numbers and head, split, judge, suggest. Nothing is stored here, and
nothing is put right: what is damaged is marked, with a suggestion beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from knowledge.ingest.analysis import NumberReader, WritingAnalysis
from knowledge.ingest.header import read_header
from knowledge.ingest.limits import Limits
from knowledge.ingest.paragraphs import Paragraph, paragraphs
from knowledge.ingest.quality import DAMAGED_BELOW, FEW_WORDS, count_words
from knowledge.ingest.readers import read
from knowledge.ingest.reading import Reading
from knowledge.ingest.repair import Repairer
from knowledge.ingest.structure import Piece, split
from knowledge.ingest.taken import NumberCount, PageQuality, TakenIn, TakenPassage
from knowledge.ingest.title import title_of


def take_in(
    path: Path,
    name: str,
    analysis: WritingAnalysis,
    limits: Limits,
    *,
    registered: Iterable[str] = (),
    known: Sequence[str] = (),
) -> TakenIn:
    """Take a file apart. `registered`: document numbers; `known`: clean text to repair towards.

    Raises knowledge.ingest.reading.IngestError with a Vietnamese sentence.
    """
    reading = read(path, name, analysis, limits)
    return take_apart(reading, name, analysis, analysis.number_reader(registered), known)


def take_apart(
    reading: Reading, name: str, analysis: WritingAnalysis, reader: NumberReader, known: Sequence[str] = ()
) -> TakenIn:
    """The same for a file that was read."""
    found = paragraphs(reading.pages, analysis.fold)
    header = read_header(found, analysis.fold, reader)
    pieces = split(found, analysis.fold)
    by_page, whole = _page_quality(found, analysis)
    passages = tuple(_judged(pieces, by_page, analysis, reader, known))
    pages = max((page.number for page in reading.pages), default=0)
    title, unnamed = title_of(header, reading.title, name, analysis)
    return TakenIn(
        media=reading.media,
        title=title,
        header=header,
        pages=pages,
        quality=whole,
        page_quality=tuple(PageQuality(page, one) for page, one in by_page.items() if page),
        numbers=_numbers(found, reader),
        passages=passages,
        faq=reading.faq,
        warnings=(*reading.warnings, *header.warnings, *unnamed, *_warnings(passages, reading)),
    )


def _numbers(found: Sequence[Paragraph], reader: NumberReader) -> tuple[NumberCount, ...]:
    """Counted over paragraphs: passages overlap, and lines cut numbers in two."""
    counts: Counter[tuple[str, bool]] = Counter()
    for one in found:
        counts.update((mention.normalised, mention.is_known) for mention in reader.read(one.text))
    return tuple(NumberCount(number, is_known, count) for (number, is_known), count in counts.items())


def _page_quality(found: Sequence[Paragraph], analysis: WritingAnalysis) -> tuple[dict[int, float], float]:
    """Quality per page, and of the whole."""
    good: Counter[int] = Counter()
    bad: Counter[int] = Counter()
    for one in found:
        right, wrong = count_words(one.text, analysis)
        good[one.page] += right
        bad[one.page] += wrong
    whole = _share(good.total(), bad.total())
    return {page: _share(good[page], bad[page]) for page in sorted(good | bad)}, whole


def _share(good: int, bad: int) -> float:
    return round(good / (good + bad), 4) if good + bad else 1.0


def _judged(
    pieces: Sequence[Piece],
    by_page: dict[int, float],
    analysis: WritingAnalysis,
    reader: NumberReader,
    known: Sequence[str],
) -> Iterable[TakenPassage]:
    repairer: Repairer | None = None
    for piece in pieces:
        good, bad = count_words(piece.text, analysis)
        own = _share(good, bad)
        # A few words prove little: a heading with one abbreviation too many is as clean as its page.
        judged = own if good + bad >= FEW_WORDS else max(own, by_page.get(piece.page, own))
        damaged = judged < DAMAGED_BELOW
        if damaged and repairer is None:
            repairer = Repairer(known, analysis, reader)
        yield TakenPassage(
            kind=piece.kind,
            locator=piece.locator,
            page=piece.page,
            text=piece.text,
            section=piece.section,
            quality=own,
            damaged=damaged,
            suggestion=repairer.suggest(piece.text) if damaged and repairer is not None else "",
        )


def _warnings(passages: Sequence[TakenPassage], reading: Reading) -> Iterable[str]:
    damaged = sum(one.damaged for one in passages)
    if damaged:
        yield (
            f"{damaged}/{len(passages)} đoạn có chữ bị hỏng (do quét hoặc nhận dạng). Bot vẫn tìm được "
            "các đoạn này nhưng không trích nguyên văn; bạn xem lại rồi nhận hoặc sửa."
        )
    if not passages and not reading.faq:
        yield "Không tìm thấy chữ nào trong tệp."
    wrong = sum(bool(row.problem) for row in reading.faq)
    if wrong:
        yield f"{wrong}/{len(reading.faq)} dòng hỏi đáp chưa dùng được, xem lý do ở từng dòng."
