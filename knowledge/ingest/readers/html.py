"""Web pages: headings, paragraphs, lists and tables; scripts, styles and menus are not content."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, NavigableString, PreformattedString

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import decode
from knowledge.ingest.limits import Limits
from knowledge.ingest.reading import Block, BlockKind, Page, Reading, TooBig
from knowledge.ingest.tables import Fold, is_header, row_block

_NOT_CONTENT = ("script", "style", "noscript", "template", "nav", "iframe", "svg", "button", "head", "title")
_BLOCKS = tuple(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center dd details div dl dt fieldset figcaption "
        "figure footer h1 h2 h3 h4 h5 h6 header html li main ol p pre section summary table tbody td tfoot "
        "th thead tr ul",
    )
)
_HEADING = re.compile(r"h([1-6])$")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
_LINE_END = "\x1e"
"""Where a <br> was: line ends of the source mean nothing."""


def read_html(data: bytes, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """A page as its bytes; the declared character set counts only where the bytes agree."""
    text = _text(data, analysis)
    if len(text) > limits.characters * 4:
        raise TooBig("Trang web dài hơn mức cho phép.")
    soup = BeautifulSoup(text, "html.parser")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    for unwanted in soup.find_all(_NOT_CONTENT):
        unwanted.decompose()
    _mark_breaks(soup)
    blocks = tuple(_blocks(soup, analysis.fold))
    if sum(len(block.text) + sum(map(len, block.cells)) for block in blocks) > limits.characters:
        raise TooBig("Trang web dài hơn mức cho phép.")
    return Reading("html", (Page(0, blocks),), title)


def _text(data: bytes, analysis: WritingAnalysis) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared is not None and declared[1].lower() in {b"windows-1258", b"cp1258"}:
        data = data.decode("cp1258", "replace").encode()
    return decode(data, analysis.is_well_spelt).text


def _mark_breaks(soup: BeautifulSoup) -> None:
    for line_break in soup.find_all("br"):
        line_break.replace_with(_LINE_END)


def _blocks(soup: BeautifulSoup, fold: Fold) -> Iterator[Block]:
    owner: Tag | None = None
    gathered: list[str] = []
    skip_until: Tag | None = None
    for node in soup.descendants:
        if skip_until is not None:
            if skip_until in node.parents:
                continue
            skip_until = None
        if isinstance(node, Tag):
            if node.name == "table" and (rows := _data_rows(node, fold)):
                yield from _flushed(owner, gathered)
                owner, skip_until = None, node
                yield from rows
            continue
        if not isinstance(node, NavigableString) or isinstance(node, Comment | PreformattedString):
            continue
        block = node.find_parent(_BLOCKS)
        if block is not owner:
            yield from _flushed(owner, gathered)
            owner = block
        gathered.append(str(node))
    yield from _flushed(owner, gathered)


def _flushed(owner: Tag | None, gathered: list[str]) -> Iterator[Block]:
    """What was gathered within one block element, as its blocks; forgets it."""
    text = "".join(gathered)
    gathered.clear()
    heading = _HEADING.match(owner.name) if owner is not None else None
    if heading and text.strip():
        yield Block(BlockKind.HEADING, " ".join(text.replace(_LINE_END, " ").split()), int(heading[1]))
        return
    bullet = "- " if owner is not None and owner.name == "li" else ""
    ends = "\n" if owner is not None and owner.name == "pre" else _LINE_END
    for line in text.replace(_LINE_END, ends).split(ends):
        squeezed = " ".join(line.split())
        if squeezed:
            yield Block(BlockKind.PARAGRAPH, f"{bullet}{squeezed}")


def _data_rows(table: Tag, fold: Fold) -> list[Block]:
    """The rows of a table that has a header; nothing for one that only lays out the page."""
    rows = [
        [
            " ".join(cell.get_text(" ").replace(_LINE_END, " ").split())
            for cell in row.find_all(["td", "th"], recursive=False)
        ]
        for row in table.find_all("tr")
    ]
    rows = [row for row in rows if any(row)]
    first = table.find("tr")
    named = first is not None and first.find("th") is not None and first.find("td") is None
    if len(rows) < 2 or table.find("table") is not None or not (named or is_header(rows[0], fold)):
        return []
    columns = rows[0]
    return [row_block(columns, row) for row in rows[1:]]
