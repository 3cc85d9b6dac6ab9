"""Does an answer say more than its facts do? Numbers, documents and doubt, compared and never judged.

What is found here is a reason to look again, for the tests of the shipped content and for whoever edits an
answer. Pure; it changes nothing and blocks nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from knowledge.analysis import TextAnalysis
from knowledge.model import Certainty, Document, Entry, written_date

_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*%?")
_DOUBT = (
    "chưa có thông tin",
    "chưa xác minh",
    "chưa thấy",
    "chưa tìm",
    "chưa đọc",
    "chưa có văn bản",
    "chưa rõ",
)
_ACCORDING_TO = re.compile(r"\btheo\b", re.IGNORECASE)


def numbers(text: str) -> set[str]:
    """Numbers, percentages and dates, without leading zeros."""
    return {re.sub(r"(?<![\d.,])0+(?=\d)", "", number) for number in _NUMBER.findall(text)}


def support(entry: Entry, documents: Mapping[str, Document]) -> str:
    """Everything an entry may take a number from: its facts, and the register about their documents."""
    about = {fact.document for fact in entry.facts if fact.document in documents}
    facts = (f"{f.statement} {f.citation.title} {f.citation.locator}" for f in entry.facts)
    return " ".join([*facts, *(_of_document(documents[number]) for number in sorted(about))])


def unsupported_numbers(text: str, supported_by: str, analysis: TextAnalysis) -> list[str]:
    """Numbers of `text` that stand nowhere in `supported_by`; a day supports its month and year."""
    known = numbers(supported_by)
    for number in tuple(known):
        parts = number.split("/")
        known |= {"/".join(parts[start:]) for start in range(1, len(parts))}
    known |= {named.number for named in analysis.document_numbers(supported_by) if named.kind}
    return sorted(numbers(text) - known)


def unsupported_documents(text: str, supported_by: str, analysis: TextAnalysis) -> list[tuple[str, str]]:
    """Documents, as (number, kind), that `text` names by both and `supported_by` does not."""

    def named(words: str) -> set[tuple[str, str]]:
        return {(one.number, one.kind) for one in analysis.document_numbers(words) if one.kind}

    return sorted(named(text) - named(supported_by))


def leaves_unverified_unsaid(entry: Entry) -> bool:
    """Does it rest on something unverified without saying so in words?"""
    rests_on_it = any(fact.certainty is Certainty.UNVERIFIED for fact in entry.facts)
    return rests_on_it and not any(words in entry.answer for words in _DOUBT)


def leaves_single_source_unsaid(entry: Entry) -> bool:
    """Does it rest on a single source without saying "theo" whom?"""
    rests_on_it = any(fact.certainty is Certainty.SINGLE_SOURCE for fact in entry.facts)
    return rests_on_it and _ACCORDING_TO.search(entry.answer) is None


def _of_document(document: Document) -> str:
    """What the register says of a document."""
    days = [written_date(day) for day in (document.issued, document.effective) if day is not None]
    others = (*document.replaces, *document.replaced_by, *document.implements)
    return " ".join([document.cited_as, document.title, document.status, document.signer, *days, *others])
