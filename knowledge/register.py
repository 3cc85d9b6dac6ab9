"""The register of documents: which of them a question names, and what the register itself can answer.

When was it issued, who signed, is it still in force: such questions are answered from a document's
registered data, for every document alike. What stands *in* a document is not its business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from knowledge.analysis import DocumentMention, TextAnalysis
from knowledge.answer import Citation
from knowledge.content import Certainty, Document, written_date
from knowledge.located import shipped_table
from knowledge.phrases import Phrases


class Datum(Enum):
    """Something the register knows of a document."""

    ISSUED = "issued"
    EFFECTIVE = "effective"
    SIGNER = "signer"
    ISSUER = "issuer"
    TITLE = "title"
    STATUS = "status"
    REPLACED = "replaced"
    """What it replaces or is replaced by."""
    IMPLEMENTS = "implements"


PLACE = "thông tin văn bản"
"""The locator of everything the register says."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The documents a question names."""

    numbers: tuple[str, ...]
    """Registered documents named by number, in order."""
    surely: bool
    """Is one of them named as a document (`QĐ 324`) rather than by a bare number?"""
    aliased: tuple[str, ...]
    """Registered documents named by another name (`đề án xã hội học tập`)."""
    strangers: tuple[str, ...]
    """Documents by number that nobody registered here, as far as written."""

    @property
    def all(self) -> tuple[str, ...]:
        """By number first; by name only when no number is given."""
        return self.numbers or self.aliased


@dataclass(frozen=True, slots=True)
class Told:
    """What the register says."""

    text: str
    citations: tuple[Citation, ...]


class Register:
    """Documents by number and by name. Immutable."""

    def __init__(self, documents: Mapping[str, Document], analysis: TextAnalysis) -> None:
        self._documents = documents
        self._analysis = analysis
        self._rows = [_registered(document, analysis) for document in documents.values()]
        self._aliases: Phrases[str] = Phrases(
            analysis,
            ((alias, document.number) for document in documents.values() for alias in document.aliases),
        )
        asked = shipped_table("register.yml")
        self._data: Phrases[Datum] = Phrases(
            analysis,
            ((phrase, Datum(name)) for name, phrases in asked["asked"].items() for phrase in phrases),
        )
        self._source_asked = Phrases.of(analysis, asked["source"])
        self._says_nothing = frozenset(s for word in asked["says_nothing"] for s in analysis.syllables(word))
        self._own_words = {number: self._words_of(document) for number, document in documents.items()}

    def named_in(self, question: str) -> Naming:
        """Which documents the question, as typed, names."""
        numbers: dict[str, None] = {}
        strangers = []
        surely = False
        for mention in self._analysis.document_numbers(question):
            fitting = [row.number for row in self._rows if row.fits(mention)]
            numbers |= dict.fromkeys(fitting)
            surely = surely or bool(fitting and mention.kind)
            if not fitting and mention.kind:
                strangers.append(mention.normalised)
        syllables = self._analysis.syllables(self._analysis.as_meant(question))
        aliased = dict.fromkeys(number for _, _, number in self._aliases.found(syllables))
        return Naming(tuple(numbers), surely, tuple(aliased), tuple(strangers))

    def data_asked(
        self, syllables: Sequence[str], number: str, filler: Collection[str], *, by_itself: bool = False
    ) -> tuple[Datum, ...]:
        """What a question asks the register about a document; empty when it asks for anything else besides.

        `syllables` are as meant; `filler` are syllables without a topic. `by_itself`: the question does not
        name the document, so only its type may stand there ("quyết định ấy ai ký").
        """
        if number not in self._documents:
            return ()
        document = self._documents[number]
        rest = syllables if by_itself else self._aliases.without(syllables)
        asked = dict.fromkeys(datum for _, _, datum in self._data.found(rest))
        allowed = self._analysis.syllables(document.type) if by_itself else self._own_words[number]
        left = [s for s in self._data.without(rest) if s not in filler and s not in allowed]
        return () if any(s not in self._says_nothing for s in left) else tuple(asked)

    def data_mentioned(self, syllables: Sequence[str]) -> tuple[Datum, ...]:
        """What the question asks of a document's data, whatever else it says; only what is unmistakable."""
        asked = dict.fromkeys(d for start, end, d in self._data.found(syllables) if end - start > 1)
        return tuple(asked) if len(asked) <= 2 else ()

    def asks_for_source(self, syllables: Sequence[str], filler: Collection[str]) -> bool:
        """Is the whole question "and where does that stand"?"""
        rest = list(syllables)
        if not self._source_asked.said(rest):
            return False
        return all(s in filler or s in self._says_nothing for s in self._source_asked.without(rest))

    def tell(self, number: str, data: Sequence[Datum]) -> Told:
        """Each datum in a sentence, or that it is not known."""
        document = self._documents[number]
        sentence = " ".join(dict.fromkeys(_SENTENCES[datum](document) for datum in data))
        doubt = "" if document.certainty is Certainty.CERTAIN else "Theo một nguồn mình đọc được: "
        return Told(doubt + sentence, (self._citation(document),))

    def introduce(self, number: str) -> Told:
        """Everything the register knows, for a document that has no entry of its own."""
        document = self._documents[number]
        told = f"{document.cited_as} của {document.issuer}: {document.title}. Tình trạng: {document.status}."
        doubt = "" if document.certainty is Certainty.CERTAIN else "Theo một nguồn mình đọc được: "
        return Told(
            f"{doubt}{told} Nội dung chi tiết của văn bản này mình chưa có thông tin.",
            (self._citation(document),),
        )

    def summary(self, number: str) -> Told:
        """One line, to stand beside that of another document."""
        document = self._documents[number]
        told = f"{document.cited_as} ({document.issuer}): {document.title}. Tình trạng: {document.status}."
        return Told(told, (self._citation(document),))

    def names_only(self, syllables: Sequence[str], number: str, filler: Collection[str]) -> bool:
        """Does a question say nothing besides this document's own words?"""
        own = self._own_words[number]
        return all(
            s in own or s in filler or s in self._says_nothing for s in self._aliases.without(syllables)
        )

    def years_of(self, numbers: Sequence[str]) -> frozenset[int]:
        """The years these were issued in: "quyết định 677 năm 2022" asks about no year."""
        return frozenset(self._documents[number].issued.year for number in numbers)

    def __contains__(self, number: str) -> bool:
        return number in self._documents

    @staticmethod
    def _citation(document: Document) -> Citation:
        return Citation(document.number, document.cited_as, PLACE, document.url)

    def _words_of(self, document: Document) -> frozenset[str]:
        texts = (document.number, document.type, document.title, document.issuer, *document.aliases)
        return frozenset(s for text in texts for s in self._analysis.syllables(self._analysis.as_meant(text)))


@dataclass(frozen=True, slots=True)
class _Row:
    """A registered document in the form mentions are compared with."""

    number: str
    digits: str
    kind: str
    issuer: str

    def fits(self, mention: DocumentMention) -> bool:
        return (
            mention.number == self.digits
            and mention.kind in {"", self.kind}
            and mention.issuer in {"", self.issuer}
        )


def _registered(document: Document, analysis: TextAnalysis) -> _Row:
    mentions = analysis.document_numbers(document.number)
    if len(mentions) != 1:
        raise ValueError(f"{document.number} is not a document number that can be recognised")
    return _Row(document.number, mentions[0].number, mentions[0].kind, mentions[0].issuer)


def _issued(document: Document) -> str:
    day = written_date(document.issued)
    return f"{document.type} {document.number} do {document.issuer} ban hành ngày {day}."


def _effective(document: Document) -> str:
    if document.effective is None:
        return (
            f"Mình chưa có thông tin về ngày có hiệu lực của {document.type} {document.number}. "
            f"Văn bản được ban hành ngày {written_date(document.issued)}."
        )
    return (
        f"{document.type} {document.number} có hiệu lực từ ngày {written_date(document.effective)}, "
        f"ban hành ngày {written_date(document.issued)}."
    )


def _signer(document: Document) -> str:
    if not document.signer:
        return (
            f"Mình chưa có thông tin ai ký {document.type} {document.number}. Văn bản do {document.issuer} "
            f"ban hành ngày {written_date(document.issued)}."
        )
    day = written_date(document.issued)
    return f"Người ký {document.type} {document.number} ngày {day} là {document.signer}."


def _issuer(document: Document) -> str:
    signer = f", {document.signer} ký" if document.signer else ""
    day = written_date(document.issued)
    return f"{document.type} {document.number} do {document.issuer} ban hành ngày {day}{signer}."


def _title(document: Document) -> str:
    return f"{document.type} {document.number} có tên: {document.title}."


def _status(document: Document) -> str:
    return f"{document.cited_as}: {document.status}."


def _replaced(document: Document) -> str:
    told = []
    if document.replaces:
        told.append(f"nối tiếp hoặc thay thế {', '.join(document.replaces)}")
    if document.replaced_by:
        told.append(f"đã có bản sau là {', '.join(document.replaced_by)}")
    if not told:
        return (
            f"Mình chưa có thông tin {document.type} {document.number} thay thế hay bị thay thế bởi "
            f"văn bản nào. Tình trạng mình biết: {document.status}."
        )
    return f"{document.cited_as} {'; '.join(told)}. Tình trạng: {document.status}."


def _implements(document: Document) -> str:
    if not document.implements:
        return f"Mình chưa có thông tin {document.type} {document.number} căn cứ vào những văn bản nào."
    return f"{document.cited_as} thực hiện hoặc căn cứ vào: {', '.join(document.implements)}."


_SENTENCES = {
    Datum.ISSUED: _issued,
    Datum.EFFECTIVE: _effective,
    Datum.SIGNER: _signer,
    Datum.ISSUER: _issuer,
    Datum.TITLE: _title,
    Datum.STATUS: _status,
    Datum.REPLACED: _replaced,
    Datum.IMPLEMENTS: _implements,
}
