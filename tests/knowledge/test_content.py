"""The shipped content holds what its facts say, and a broken file is refused with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Answer
from knowledge.base import KnowledgeBase
from knowledge.content import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    STEP_LIMIT,
    Certainty,
    Content,
    ContentError,
    Faults,
    Item,
    Kind,
    Misfit,
    assemble,
    content_of,
    item,
    load_content,
    load_shipped,
    read_folder,
    written_date,
)
from knowledge.shipped import main
from knowledge.support import (
    leaves_single_source_unsaid,
    leaves_unverified_unsaid,
    support,
    unsupported_documents,
    unsupported_numbers,
)
from nlu.text import fold, vietnamese_text


def _none(faults: Iterable[str]) -> None:
    """Fail with all of them, one a line."""
    listed = list(faults)
    assert not listed, "\n" + "\n".join(listed)


def test_every_number_of_an_answer_or_step_stands_in_the_facts_it_cites(content: Content) -> None:
    def missing() -> Iterator[str]:
        for entry in content.entries.values():
            supported = support(entry, content.documents)
            for what, text in (("answer", entry.answer), ("step", entry.step)):
                for number in unsupported_numbers(text, supported, vietnamese_text()):
                    facts = ", ".join(fact.id for fact in entry.facts)
                    yield f"{entry.id}: {number} of its {what} stands in none of its facts: {facts}"

    _none(missing())


def test_every_document_an_answer_names_stands_in_its_facts(content: Content) -> None:
    _none(
        f"{entry.id}: {number} ({kind}) stands in none of its facts"
        for entry in content.entries.values()
        for number, kind in unsupported_documents(
            f"{entry.answer}\n{entry.step}", support(entry, content.documents), vietnamese_text()
        )
    )


def test_a_fact_about_a_document_gives_the_date_the_register_has(content: Content) -> None:
    _none(
        f"{fact.id}: does not say ngày {written_date(content.documents[fact.document].issued)}"
        for fact in content.facts.values()
        if fact.id.endswith("-ban-hanh")
        and f"ngày {written_date(content.documents[fact.document].issued)}" not in fact.statement
    )


def test_doubt_is_said_in_words(content: Content) -> None:
    def faults() -> Iterator[str]:
        for entry in content.entries.values():
            if leaves_unverified_unsaid(entry):
                yield f"{entry.id}: rests on an unverified fact and does not say so"
            if leaves_single_source_unsaid(entry):
                yield f"{entry.id}: rests on a single source and does not say theo whom"

    _none(faults())


def test_every_entry_with_a_known_fact_names_its_source(content: Content) -> None:
    for entry in content.entries.values():
        known = [fact for fact in entry.facts if fact.certainty is not Certainty.UNVERIFIED]
        assert bool(known) == bool(entry.citations), entry.id
        assert all(citation.title and citation.locator for citation in entry.citations)


def test_there_is_much_to_ask_and_every_entry_leads_on(content: Content) -> None:
    assert len(content.entries) >= 150
    assert sum(entry.featured for entry in content.entries.values()) >= 3
    _none(
        f"{entry.id}: next must name other entries"
        for entry in content.entries.values()
        if not entry.next or entry.id in entry.next
    )
    for entry in content.entries.values():
        assert len(entry.question) <= QUESTION_LIMIT
        assert len(entry.answer) <= ANSWER_LIMIT
        assert len(entry.step) <= STEP_LIMIT


def test_the_citizen_is_told_that_scoring_oneself_is_an_estimate(content: Content) -> None:
    for entry_id in ("dieu-kien-dat", "dang-ky-o-dau", "quy-trinh"):
        assert "tham khảo" in content.entries[entry_id].answer, entry_id


def test_two_entries_are_never_asked_in_the_same_words(content: Content) -> None:
    owner: dict[str, str] = {}

    def faults() -> Iterator[str]:
        for entry in content.entries.values():
            for asking in (entry.question, *entry.variants):
                first = owner.setdefault(fold(asking), entry.id)
                if first != entry.id:
                    yield f"{asking!r} is asked by {first} and {entry.id}"

    _none(faults())


@pytest.mark.service
async def test_every_registered_document_can_be_asked_for(content: Content, knowledge: KnowledgeBase) -> None:
    asked = {
        document.number: await knowledge.ask(f"{document.type} {document.number} là gì?")
        for document in content.documents.values()
    }

    def faults() -> Iterator[str]:
        for document in content.documents.values():
            answer = asked[document.number]
            if not isinstance(answer, Answer):
                yield f"{document.number}: no answer"
            elif document.number not in {citation.document for citation in answer.citations}:
                yield f"{document.number}: {answer.entry_id} answers and does not cite it"

    _none(faults())


def test_dates_are_written_as_officials_write_them() -> None:
    assert written_date(date(2022, 6, 3)) == "03/6/2022"
    assert written_date(date(2024, 2, 12)) == "12/02/2024"


# What files may look like, and what is said of those that may not.

DIRECTIVE = """\
---
number: 677/QĐ-TTg
type: Quyết định
title: Chương trình "Công dân học tập"
issued: 2022-06-03
issuer: Thủ tướng Chính phủ
level: trung-uong
status: đang triển khai
certainty: certain
aliases: [chương trình 677]
sources:
  press: {title: Báo Chính phủ, url: "https://example.org/677"}
---

## mục tiêu đến 2030

- `677-2030` Đến 2030: 60% người lớn
  đạt danh hiệu. (certain)
- `677-so` Kỹ năng số (theo báo). (single-source; press)
"""
TOPIC = """\
---
title: Hội Khuyến học
sources:
  charter: {title: Điều lệ Hội}
---
## điều 1
- `hoi-la-gi` Hội là tổ chức xã hội. (certain; charter)
"""
FAQ = """\
entries:
  - id: muc-tieu
    question: Mục tiêu năm 2030 là gì?
    answer: Đến 2030, 60% người lớn đạt danh hiệu.
    facts: [677-2030, hoi-la-gi]
    about: [677/QĐ-TTg]
    next: [hoi]
    step: Bạn tự chấm điểm thử nhé.
  - id: hoi
    question: Hội là gì?
    answer: Hội là tổ chức xã hội.
    facts: [hoi-la-gi]
    next: [muc-tieu]
"""
BOUNDARIES = """\
boundaries:
  - id: can-cuoc
    says: [làm căn cước]
    reply: Việc này do công an làm, bạn hỏi công an xã nhé.
"""
TERMS = """\
filler_phrases: [cho hỏi]
filler_words: [ạ]
own: [khuyến học]
others: [gia đình văn hóa]
"""
FILES = {
    "directives/677.md": DIRECTIVE,
    "topics/hoi.md": TOPIC,
    "faq/hoi.yml": FAQ,
    "boundaries.yml": BOUNDARIES,
    "terms.yml": TERMS,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_files_become_content(folder: Path) -> None:
    content = load_content(folder)
    assert content.documents["677/QĐ-TTg"].issued == date(2022, 6, 3)
    first, second = content.facts["677-2030"], content.facts["677-so"]
    assert first.statement == "Đến 2030: 60% người lớn đạt danh hiệu."
    assert (first.citation.document, first.citation.locator) == ("677/QĐ-TTg", "mục tiêu đến 2030")
    assert first.citation.title == "Quyết định 677/QĐ-TTg ngày 03/6/2022"
    assert second.statement == "Kỹ năng số (theo báo)."
    assert second.certainty is Certainty.SINGLE_SOURCE
    assert (second.citation.document, second.citation.title) == ("", "Báo Chính phủ")
    assert second.document == "677/QĐ-TTg"
    assert content.facts["hoi-la-gi"].topic == "Hội Khuyến học"
    entry = content.entries["muc-tieu"]
    assert entry.years == (2030,)
    assert [fact.id for fact in entry.facts] == ["677-2030", "hoi-la-gi"]
    assert content.boundaries["can-cuoc"].says == ("làm căn cước",)
    assert content.terms.own == ("khuyến học",)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(folder: Path) -> None:
    plain = load_shipped(folder)
    for name, text in FILES.items():
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_shipped(folder) == plain


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "reason"),
    [
        # the front matter
        ("directives/677.md", "---\nnumber", "number", 1, "first line must be ---"),
        ("directives/677.md", "---\n\n##", "\n##", 1, "ends the front matter is missing"),
        ("directives/677.md", "level: trung", "colour: red\nlevel: trung", 7, "colour: Extra inputs"),
        ("directives/677.md", "level: trung", "type: Kế hoạch\nlevel: trung", 7, "type stands twice"),
        ("directives/677.md", "2022-06-03", "someday", 5, "a day is written yyyy-mm-dd"),
        ("directives/677.md", "2022-06-03", "2022-02-30", 5, "day is out of range"),
        ("directives/677.md", "level: trung-uong", "level: xa", 7, "'trung-uong', 'hoi' or 'tinh'"),
        ("directives/677.md", "number: 677/QĐ-TTg\n", "", 2, "number: is missing"),
        ("directives/677.md", "677/QĐ-TTg", "Đề án lớn", 2, "not a number as registered"),
        ("directives/677.md", "issuer: Thủ", "issuer: [Thủ", 7, "not valid YAML"),
        ("directives/677.md", "https://", "ftp://", 12, "sources.press.url"),
        ("topics/hoi.md", "title: Hội", "name: Hội", 2, "name: is not known"),
        # statements
        ("directives/677.md", "## mục", "##mục", 15, "a space is missing after ##"),
        ("directives/677.md", "## mục tiêu đến 2030", "##", 15, "the heading is empty"),
        ("directives/677.md", "## mục", "### mục", 15, "a heading is `## place`"),
        ("directives/677.md", "## mục", "## phần đầu\n## mục", 15, "no statement stands under"),
        ("directives/677.md", "## mục tiêu đến 2030\n", "", 16, "before the first ## heading"),
        ("directives/677.md", "- `677-2030`", "-`677-2030`", 17, "a space is missing after -"),
        ("directives/677.md", "`677-2030` Đến", "`677-2030`Đến", 17, "a space is missing after the id"),
        ("directives/677.md", "`677-2030`", "677-2030", 17, "begins with its id"),
        ("directives/677.md", "`677-so`", "`677_So`", 19, "is not lower-case"),
        ("directives/677.md", "`677-so`", "`677-2030`", 19, "used twice, first in 677.md:17"),
        ("directives/677.md", "(certain)", "(sure)", 17, "(sure) is no certainty"),
        ("directives/677.md", " (certain)", "", 17, "ends with its certainty"),
        ("directives/677.md", "hiệu. (certain)", "hiệu.(certain)", 17, "space is missing before the cert"),
        ("directives/677.md", "Kỹ năng số (theo báo). ", "", 19, "the statement is empty"),
        ("directives/677.md", "; press", "; nobody", 19, "nobody is not among the sources"),
        ("directives/677.md", "; press", ";", 19, "the source after ; is missing"),
        ("directives/677.md", "  đạt", "đạt", 18, "text outside a bullet (does a line"),
        ("directives/677.md", "- `677-so`", "  - `677-so`", 19, "a bullet begins at the start"),
        ("topics/hoi.md", "; charter", "", 7, "hoi-la-gi names no source"),
        # questions
        ("faq/hoi.yml", "[677-2030, hoi-la-gi]", "[677-2030, no-such]", 5, "there is no fact no-such"),
        ("faq/hoi.yml", "next: [hoi]", "next: [nowhere]", 7, "there is no entry nowhere"),
        ("faq/hoi.yml", "[677/QĐ-TTg]", "[9/QĐ-X]", 6, "there is no document 9/QĐ-X"),
        ("faq/hoi.yml", "question: Hội là gì?", "question: ''", 10, "at least 1"),
        ("faq/hoi.yml", "question: Hội là gì?", "question: 12", 10, "valid string"),
        ("faq/hoi.yml", "question: Hội là gì?", "question: " + "a" * 61, 10, "at most 60"),
        ("faq/hoi.yml", "answer: Hội là", "answer: " + "a" * 500, 11, "at most 500"),
        ("faq/hoi.yml", "step: Bạn", "step: " + "a" * 160, 8, "at most 160"),
        ("faq/hoi.yml", "    answer: Hội là tổ chức xã hội.\n", "", 9, "answer: Field required"),
        ("faq/hoi.yml", "id: hoi", "id: muc-tieu", 9, "used twice, first in hoi.yml:2"),
        ("faq/hoi.yml", "id: hoi", "id: Hoi", 9, "is not lower-case"),
        ("faq/hoi.yml", "id: hoi", "id: hoi\n    id: again", 10, "id stands twice"),
        ("faq/hoi.yml", "id: hoi", "id: hoi\n    colour: red", 10, "colour: Extra inputs"),
        ("faq/hoi.yml", "entries:", "questions:", 1, "a list named entries"),
        ("boundaries.yml", "says: [làm căn cước]", "says: []", 3, "at least 1"),
        ("boundaries.yml", "reply: Việc", "reply: " + "a" * 300, 4, "at most 300"),
        ("terms.yml", "own: [khuyến học]", "own: khuyến học", 3, "valid list"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_line(
    folder: Path, file: str, old: str, new: str, line: int, reason: str
) -> None:
    broken = FILES[file].replace(old, new, 1)
    assert broken != FILES[file]
    (folder / file).write_text(broken, "utf-8")
    with pytest.raises(Faults) as refused:
        read_folder(folder)
    assert [str(e) for e in refused.value.errors if e.file == folder / file and e.line == line] != [], (
        refused.value
    )
    assert any(reason in error.reason for error in refused.value.errors if error.line == line), refused.value
    assert f"{Path(file).name}:{line}: " in str(refused.value)


def test_one_fault_is_not_told_a_hundred_times(folder: Path) -> None:
    """What only follows from a fault elsewhere is no news to who repairs it."""
    for broken in (
        DIRECTIVE.replace("(certain)", "(sure)"),
        DIRECTIVE.replace("2022-06-03", "someday"),
        DIRECTIVE.replace("issuer: Thủ", "issuer: [Thủ"),
    ):
        (folder / "directives/677.md").write_text(broken, "utf-8")
        with pytest.raises(Faults) as refused:
            read_folder(folder)
        assert len(refused.value.errors) == 1, refused.value


def test_a_missing_or_unreadable_file_is_said_plainly(folder: Path) -> None:
    (folder / "terms.yml").unlink()
    with pytest.raises(ContentError, match=r"/terms\.yml:1: cannot be read"):
        load_content(folder)
    (folder / "terms.yml").write_bytes(b"own: [x]\nothers: [\xff]\n")
    with pytest.raises(ContentError, match=r"/terms\.yml:2: is not UTF-8"):
        load_content(folder)


def test_who_writes_content_sees_every_fault_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == "OK: 1 documents, 3 facts, 2 entries\n"
    (folder / "topics/hoi.md").write_text(TOPIC.replace("; charter", "; nobody"), "utf-8")
    (folder / "faq/hoi.yml").write_text(FAQ.replace("[hoi]", "[nowhere]"), "utf-8")
    assert main([str(folder)]) == 1
    assert [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "faq/hoi.yml:7",
        "topics/hoi.md:7",
    ]


# Items: what the database keeps.


def test_an_item_is_the_same_however_its_keys_were_ordered() -> None:
    one = item(Kind.BOUNDARY, "x", {"says": ["a"], "reply": "b"})
    other = item(Kind.BOUNDARY, "x", {"reply": "b", "says": ["a"]})
    assert (one, one.content_hash) == (other, other.content_hash)
    assert one.content_hash != item(Kind.BOUNDARY, "y", one.body).content_hash
    plain = item(Kind.ENTRY, "x", {"question": "a?", "answer": "b", "facts": ["f"]})
    spelled_out = item(Kind.ENTRY, "x", {**plain.body, "next": [], "featured": False, "step": ""})
    assert plain.content_hash == spelled_out.content_hash


def test_an_item_that_is_none_is_refused_with_every_fault() -> None:
    with pytest.raises(Misfit) as refused:
        item(Kind.ENTRY, "x", {"question": "", "answer": 1, "facts": []})
    assert [place for place, _ in refused.value.faults] == [("question",), ("answer",), ("facts",)]
    with pytest.raises(Misfit):
        item(Kind.ENTRY, "Not A Slug", {"question": "a?", "answer": "b", "facts": ["f"]})


def test_stored_items_that_do_not_fit_are_left_out_and_the_rest_answers(folder: Path) -> None:
    items = {(one.kind, one.id): one for one in load_shipped(folder).items}
    assert content_of(items.values()) == load_content(folder)

    without_fact = content_of(one for key, one in items.items() if key != (Kind.FACT, "677-2030"))
    assert list(without_fact.entries) == ["hoi"]
    assert without_fact.entries["hoi"].next == (), "a follower that is gone is no reason to be silent"

    without_document = content_of(one for one in items.values() if one.kind is not Kind.DOCUMENT)
    assert (list(without_document.facts), list(without_document.entries)) == (["hoi-la-gi"], ["hoi"])

    bent = Item(Kind.ENTRY, "hoi", {"question": "Hội là gì?", "answer": 12, "facts": ["hoi-la-gi"]})
    content, problems = assemble({**items, (Kind.ENTRY, "hoi"): bent}.values())
    assert list(content.entries) == ["muc-tieu"]
    assert [(problem.id, problem.place, problem.left_out) for problem in problems] == [
        ("hoi", ("answer",), True),
        ("muc-tieu", ("next", 0), False),
    ]
    assert content_of([]).entries == {}
