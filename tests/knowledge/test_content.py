"""The shipped content holds what its facts say, and a broken file is refused with its line."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Answer
from knowledge.base import KnowledgeBase
from knowledge.content import CONTENT_DIR, Certainty, Content, ContentError, load_content, written_date
from nlu.text import find_document_numbers, fold

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


def _numbers(text: str) -> set[str]:
    """Numbers, percentages and dates, without leading zeros."""
    return {re.sub(r"(?<![\d.,])0+(?=\d)", "", number) for number in _NUMBER.findall(text)}


def test_every_number_of_an_answer_stands_in_the_facts_it_cites(content: Content) -> None:
    for entry in content.entries.values():
        support = " ".join(
            f"{fact.statement} {fact.citation.document} {fact.citation.title} {fact.citation.locator}"
            for fact in entry.facts
        )
        assert _numbers(entry.answer) <= _numbers(support), entry.id


def test_every_document_an_answer_names_is_registered_and_in_its_facts(content: Content) -> None:
    registered = {m.number for number in content.documents for m in find_document_numbers(number)}
    for entry in content.entries.values():
        support = " ".join(f"{fact.statement} {fact.citation.title}" for fact in entry.facts)
        for mention in find_document_numbers(entry.answer):
            assert mention.number in registered, (entry.id, mention)
            assert re.search(rf"(?<!\d){mention.number}(?!\d)", support), (entry.id, mention)


def test_a_fact_about_a_document_gives_the_date_the_register_has(content: Content) -> None:
    for fact in content.facts.values():
        if not fact.id.endswith("-ban-hanh"):
            continue
        issued = content.documents[fact.citation.document].issued
        assert f"ngày {written_date(issued)}" in fact.statement, fact.id


def test_doubt_is_said_in_words(content: Content) -> None:
    for entry in content.entries.values():
        kinds = {fact.certainty for fact in entry.facts}
        if Certainty.UNVERIFIED in kinds:
            assert any(words in entry.answer for words in _DOUBT), entry.id
        if Certainty.SINGLE_SOURCE in kinds:
            assert re.search(r"\btheo\b", entry.answer, re.IGNORECASE), entry.id


def test_every_entry_with_a_known_fact_names_its_source(content: Content) -> None:
    for entry in content.entries.values():
        known = [fact for fact in entry.facts if fact.certainty is not Certainty.UNVERIFIED]
        assert bool(known) == bool(entry.citations), entry.id
        assert all(citation.title and citation.locator for citation in entry.citations)


def test_every_fact_is_used_and_every_entry_leads_on(content: Content) -> None:
    used = {fact.id for entry in content.entries.values() for fact in entry.facts}
    assert set(content.facts) == used
    assert [entry.id for entry in content.entries.values() if not entry.next or entry.id in entry.next] == []
    assert sum(entry.featured for entry in content.entries.values()) >= 3


def test_the_citizen_is_told_that_scoring_oneself_is_an_estimate(content: Content) -> None:
    for entry_id in ("dieu-kien-dat", "dang-ky-o-dau", "quy-trinh"):
        assert "tham khảo" in content.entries[entry_id].answer, entry_id


def test_two_entries_are_never_asked_in_the_same_words(content: Content) -> None:
    owner: dict[str, str] = {}
    for entry in content.entries.values():
        for asking in (entry.question, *entry.variants):
            assert owner.setdefault(fold(asking), entry.id) == entry.id, asking


def test_every_registered_document_can_be_asked_for(content: Content, knowledge: KnowledgeBase) -> None:
    for document in content.documents.values():
        answer = knowledge.ask(f"{document.type} {document.number} là gì?")
        assert isinstance(answer, Answer), document.number
        assert document.number in {citation.document for citation in answer.citations}, document.number
        assert len(answer.text) <= 500


def test_dates_are_written_as_officials_write_them() -> None:
    assert written_date(date(2022, 6, 3)) == "03/6/2022"
    assert written_date(date(2024, 2, 12)) == "12/02/2024"


@pytest.mark.parametrize(
    ("file", "old", "new", "line_of", "reason"),
    [
        (
            "faq/mo-hinh.yml",
            "facts: [242-ban-hanh, 242-gia",
            "facts: [no-such, 242-gia",
            "no-such",
            "there is no fact no-such",
        ),
        (
            "faq/mo-hinh.yml",
            "next: [quyet-dinh-242, dong",
            "next: [nowhere, dong",
            "nowhere",
            "there is no entry nowhere",
        ),
        (
            "faq/mo-hinh.yml",
            "question: Gia đình học tập là gì?",
            "question: ''",
            "question: ''",
            "at least 1",
        ),
        (
            "faq/mo-hinh.yml",
            "question: Gia đình học tập là gì?",
            "question: 12",
            "question: 12",
            "valid string",
        ),
        ("faq/mo-hinh.yml", "id: dong-ho-hoc-tap", "id: gia-dinh-hoc-tap", "", "used twice"),
        (
            "faq/mo-hinh.yml",
            "id: dong-ho-hoc-tap",
            "id: dong-ho-hoc-tap\n    id: again",
            "id: again",
            "twice",
        ),
        (
            "faq/mo-hinh.yml",
            "id: dong-ho-hoc-tap",
            "id: dong-ho-hoc-tap\n    colour: red",
            "colour",
            "Extra inputs",
        ),
        ("faq/mo-hinh.yml", "entries:", "entries: [", "", "not valid YAML"),
        (
            "facts.yml",
            "document: 387/QĐ-TTg, locator: phần mở đầu",
            "document: 9/QĐ-X, locator: a",
            "9/QĐ-X",
            "not in documents.yml",
        ),
        ("facts.yml", "source: thai-nguyen", "source: nobody", "nobody", "not among the sources"),
        ("documents.yml", "date: 2021-07-30", "date: someday", "someday", "valid date"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_line(
    tmp_path: Path, file: str, old: str, new: str, line_of: str, reason: str
) -> None:
    folder = tmp_path / "content"
    shutil.copytree(CONTENT_DIR, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    (folder / file).write_text(broken, "utf-8")
    with pytest.raises(ContentError, match=reason) as refused:
        load_content(folder)
    assert refused.value.file == folder / file
    if line_of:
        lines = [number for number, line in enumerate(broken.splitlines(), 1) if line_of in line]
        assert refused.value.line in lines
    assert f"{Path(file).name}:{refused.value.line}:" in str(refused.value)


def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"documents\.yml:1: cannot be read"):
        load_content(tmp_path)
