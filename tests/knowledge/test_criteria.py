"""The shipped criteria say what the sources say; a file with a fault is refused by line and reason."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from knowledge.checklists import Checklist, ChecklistItem, Remark, Tick, load_checklists, read_checklists
from knowledge.content import Certainty, Content, ContentError, Faults
from knowledge.criteria import CriteriaSet, Question
from knowledge.criteria_files import (
    CHECKLISTS,
    CRITERIA_DIR,
    LABEL_LIMIT,
    load_criteria,
    read_criteria,
)
from knowledge.rows import SIZE_LIMIT
from knowledge.shipped import main
from nlu.scores import read_score
from nlu.text import fold

BOOK = load_criteria()
CURRENT = BOOK.current
LISTS = load_checklists()


def _questions(criteria: CriteriaSet) -> list[tuple[int, str, Question]]:
    return [
        (indicator.number, group, question)
        for indicator in criteria.indicators
        for group, question in indicator.questions.items()
    ]


# What ships.


def test_the_current_criteria_have_the_frame_the_sources_agree_on() -> None:
    assert (CURRENT.id, CURRENT.document, CURRENT.in_force_from) == (
        "324-2023",
        "324/QĐ-KHVN",
        "2023-10-25",
    )
    assert [group.name for group in CURRENT.groups] == [
        "Người dân trong xã",
        "Người lao động",
        "Cán bộ, công nhân viên, doanh nhân",
        "Học sinh, sinh viên, học viên",
    ]
    counts = Counter(indicator.competency for indicator in CURRENT.indicators)
    assert [counts[competency.id] for competency in CURRENT.competencies] == [4, 4, 2]
    assert [indicator.most for indicator in CURRENT.indicators] == [10] * 10
    assert CURRENT.most == 100
    assert (CURRENT.rule.total, CURRENT.rule.each) == (80, 5)


def test_the_lower_threshold_is_kept_as_a_report_and_never_applied() -> None:
    for criteria in BOOK.sets:
        reported = [rule for rule in criteria.rules if rule.total == 70]
        assert [(rule.active, rule.certainty) for rule in reported] == [(False, Certainty.UNVERIFIED)]
        assert "Quảng Bình" in reported[0].note
    assert not CURRENT.verdict([7] * 10).passed


def test_thresholds_decide_as_the_decision_says() -> None:
    assert CURRENT.verdict([8] * 10).passed
    assert not CURRENT.verdict([8] * 9 + [7]).passed
    one_is_weak = CURRENT.verdict([10] * 5 + [4] + [10] * 4)
    assert (one_is_weak.passed, one_is_weak.total, one_is_weak.below) == (False, 94, (6,))


def test_the_older_criteria_are_there_to_be_read_and_ask_nobody() -> None:
    older = BOOK.of("244-2022")
    assert older is not None
    assert not older.is_current
    assert len(older.groups) == 3
    assert older.most == 100
    assert _questions(older) == []
    assert BOOK.of("324-2023") is CURRENT
    assert BOOK.of("1-1900") is None


def test_every_group_is_asked_every_indicator_and_told_where_to_read_on(content: Content) -> None:
    questions = _questions(CURRENT)
    assert len(questions) == 40
    for number, group, question in questions:
        assert len(question.levels) == 5
        assert question.about in content.entries, (number, group)
        assert "chi so" not in fold(question.asks), "a plain question, no jargon"
        assert question.asks.endswith("?")
    texts = [level.describes for _, _, question in questions for level in question.levels]
    assert len(texts) == 200


def test_a_level_pressed_can_never_be_read_as_another_score() -> None:
    """Whoever types the label, without marks too, gives no number by it."""
    labels = {
        level.label: level.points for _, _, question in _questions(CURRENT) for level in question.levels
    }
    assert len(labels) == 5
    for label in labels:
        assert read_score(label) is None
        assert read_score(fold(label)) is None
    assert len({fold(label) for label in labels}) == 5


def test_nobody_is_told_that_our_words_are_those_of_the_criteria() -> None:
    assert "không phải lời văn của Bộ tiêu chí" in CURRENT.note
    assert "gợi ý" in CURRENT.note
    for _, _, question in _questions(CURRENT):
        said = " ".join([question.asks, question.means, *(level.describes for level in question.levels)])
        assert not re.search(r"tiêu chí|quyết định|quy định của|theo bộ", said, re.IGNORECASE)


def test_citizens_are_called_ban_and_nothing_else() -> None:
    for number, group, question in _questions(CURRENT):
        assert re.search(r"\bbạn\b", question.asks, re.IGNORECASE), (number, group)
        spoken = " ".join(
            [question.asks, question.next_step, *(level.describes for level in question.levels)]
        )
        assert not re.search(r"\b(?:quý vị|ông/bà|anh/chị|đồng chí|các bác|các em)\b", spoken, re.IGNORECASE)


def test_an_occupation_leads_to_one_group_with_and_without_marks() -> None:
    owner: dict[str, str] = {}
    for group in CURRENT.groups:
        for words in group.includes:
            assert owner.setdefault(fold(words), group.id) == group.id, words
    said = {"nông dân", "nội trợ", "nghỉ hưu", "cựu chiến binh", "buôn bán nhỏ"}
    assert {owner[fold(words)] for words in said} == {"nguoi-dan"}
    assert {owner[fold(words)] for words in ("công nhân", "thợ hồ", "lái xe")} == {"lao-dong"}
    assert {owner[fold(words)] for words in ("giáo viên", "bác sĩ", "bộ đội", "cán bộ xã")} == {"can-bo"}
    assert {owner[fold(words)] for words in ("học sinh", "sinh viên", "học viên")} == {"hoc-sinh"}


# What may not ship.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what ships, to be broken."""
    return Path(shutil.copytree(CRITERIA_DIR, tmp_path / "criteria"))


def _break(path: Path, old: str, new: str) -> int:
    """Put `new` for the first `old`; the line it starts on."""
    text = path.read_text("utf-8")
    at = text.index(old)
    path.write_text(text[:at] + new + text[at + len(old) :], "utf-8")
    return text[:at].count("\n") + 1


HEAD, FARMERS, OLDER = "324-2023/set.yml", "324-2023/nguoi-dan.yml", "244-2022/set.yml"


@pytest.mark.parametrize(
    ("file", "old", "new", "reason", "at"),
    [
        (HEAD, "is_current: true", "is_current: false", "no set is current", ""),
        (HEAD, "id: 324-2023", "id: 324-2024", "must be the name of its folder", ""),
        (HEAD, "in_force_from: 2023-10-25", "in_force_from: 2023-02-30", "day is out of range", ""),
        (HEAD, "most: 100", "most: 110", "says 110, the indicators have 100", ""),
        (HEAD, "number: 2,", "number: 1,", "is 1, 2 comes next", ""),
        (HEAD, "competency: cong-cu, most: 10}", "competency: x, most: 10}", "x is no competency", ""),
        (HEAD, "indicators: 4}", "indicators: 5}", "says 5, 4 are there", ""),
        (HEAD, "most: 10}", "most: .nan}", "valid integer", ""),
        (HEAD, "most: 10}", "most: true}", "valid integer", ""),
        (HEAD, "most: 10}", "most: " + "9" * 5000 + "}", "longer than 2000", ""),
        (HEAD, "label: Thỉnh thoảng", "label: Năm thì mười họa", "without numbers", ""),
        (HEAD, "label: Thỉnh thoảng", "label: 4 điểm", "without numbers", ""),
        (HEAD, "label: Thỉnh thoảng", "label: Chỉ thỉnh thoảng khi rảnh", "at most 20", ""),
        (HEAD, "label: Thỉnh thoảng", "label: hầu như chưa", "used twice", ""),
        (HEAD, "points: 6,", "points: 4,", "from the fewest points to the most", ""),
        (HEAD, "points: 6,", "points: .inf,", "valid integer", ""),
        (HEAD, "points: 10,", "points: 12,", "more than 10, the most", ""),
        (HEAD, "  - {points: 2, label: Hầu như chưa}\n", "", "at least 5 items", "levels:"),
        (HEAD, "total: 80", "total: 120", "more than 100 points in all", ""),
        (HEAD, "total: 80", "total: 40", "it would mean nothing", ""),
        (HEAD, "each: 5", "each: 11", "more than an indicator gives", ""),
        (HEAD, "active: false", "active: true", "one is already", ""),
        (HEAD, "active: true", "active: false", "none is", "rules:"),
        (HEAD, "certainty: certain\n    active", "certainty: unverified\n    active", "never active", ""),
        (HEAD, "certainty: certain\n    active", "certainty: sure\n    active", "Input should be", ""),
        (HEAD, "[công nhân, thợ,", "[công nhân, thợ, nông dân,", "nông dân belongs to nguoi-dan", ""),
        (HEAD, "id: lao-dong", "id: nguoi-dan", "used twice", ""),
        (HEAD, "label: Người lao động", "labell: Người lao động", "not permitted", ""),
        (HEAD, "label: Người lao động", "label: [Người lao động]", "valid string", ""),
        (HEAD, "label: Người lao động", "label: !!python/name:os.system x", "tags", ""),
        (HEAD, "label: Người lao động", "label: &a Người lao động", "anchors", ""),
        (HEAD, "label: Người lao động", 'label: "Người lao\\u200b động"', "hidden characters", ""),
        (HEAD, "note: >-", "id: twice\nnote: >-", "stands twice", ""),
        (OLDER, "is_current: false", "is_current: true", "levels: a set with questions", "id:"),
        (FARMERS, "    asks: Bạn có tính trước", "   asks: Bạn có tính trước", "not valid YAML", ""),
        (FARMERS, "indicator: 2", "indicator: 1", "1 is asked twice", ""),
        (FARMERS, "indicator: 10", "indicator: 11", "11 is no indicator", ""),
        (FARMERS, "group: nguoi-dan", "group: lao-dong", "is lao-dong, and the file is called", ""),
        (FARMERS, "asks: Bạn", "asks: " + "Bạn " * 41, "at most 160", ""),
        (FARMERS, "about: chi-so-1", "about: Chỉ số 1", "match pattern", ""),
        (FARMERS, "about: chi-so-1", "about: " + "[" * 5000, "deeper than 12", ""),
        (FARMERS, "      - Bạn bận", "      - Lâu\n      - Bạn bận", "at most 5 items", "    levels:"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_file_line_and_reason(
    folder: Path, file: str, old: str, new: str, reason: str, at: str
) -> None:
    changed = _break(folder / file, old, new)
    with pytest.raises(Faults) as refused:
        read_criteria(folder)
    fitting = [error for error in refused.value.errors if reason in str(error)]
    assert fitting, str(refused.value)[:2000]
    lines = (folder / file).read_text("utf-8").splitlines()
    wanted = next(n for n, line in enumerate(lines, 1) if line.startswith(at)) if at else changed
    assert (fitting[0].file, fitting[0].line) == (folder / file, wanted), str(fitting[0])


def test_a_missing_group_and_a_stray_file_are_named(folder: Path) -> None:
    (folder / "324-2023/can-bo.yml").rename(folder / "324-2023/can-bo-2.yml")
    (folder / "324-2025.yml").write_text("id: 324-2025\n", "utf-8")
    with pytest.raises(Faults) as refused:
        read_criteria(folder)
    said = str(refused.value)
    assert re.search(r"set\.yml:\d+: groups\.2\.id: can-bo\.yml is missing", said)
    assert "can-bo-2.yml:1: can-bo-2 is no group" in said
    assert "324-2025.yml:1: belongs into the folder of a set" in said


def test_a_file_that_is_huge_empty_missing_or_no_text_is_refused_at_once(folder: Path) -> None:
    (folder / FARMERS).write_text("group: nguoi-dan\nquestions: []\n" + "#" * SIZE_LIMIT, "utf-8")
    (folder / "324-2023/can-bo.yml").write_bytes(b"group: can-bo\n\xff\xfe\n")
    (folder / "324-2023/hoc-sinh.yml").write_text("# nothing\n", "utf-8")
    (folder / "324-2023/lao-dong.yml").write_text("group: 0x_\n", "utf-8")
    (folder / OLDER).unlink()
    with pytest.raises(Faults) as refused:
        read_criteria(folder)
    said = str(refused.value)
    assert "nguoi-dan.yml:1: is too large: 257 KB, at most 256" in said
    assert "can-bo.yml:2: is not UTF-8" in said
    assert "hoc-sinh.yml:1: is empty" in said
    assert "lao-dong.yml:1: holds a number that is none" in said
    assert "244-2022/set.yml:1: cannot be read" in said
    with pytest.raises(ContentError, match="no criteria set is here"):
        load_criteria(folder / "nowhere")


def test_two_current_sets_are_refused(folder: Path) -> None:
    shutil.copytree(folder / "324-2023", folder / "325-2026")
    _break(folder / "325-2026/set.yml", "id: 324-2023", "id: 325-2026")
    with pytest.raises(ContentError, match=r"325-2026/set\.yml:\d+: is_current: 324-2023 is current already"):
        load_criteria(folder)
    _break(folder / "324-2023/set.yml", "is_current: true", "is_current: false")
    book = load_criteria(folder)
    old = book.of("324-2023")
    assert book.current.id == "325-2026"
    assert old is not None
    assert len(_questions(old)) == 40, "an assessment that runs is finished on the set it began with"


def test_a_hand_in_a_hurry_sees_all_faults_of_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = Path(shutil.copytree(CRITERIA_DIR.parent, tmp_path / "content"))
    assert main([str(content)]) == 0
    assert capsys.readouterr().out.endswith(" 2 criteria sets, 5 checklists\n")
    first = _break(content / "criteria" / HEAD, "most: 100", "most: 90")
    second = _break(content / "criteria" / CHECKLISTS, "certainty: certain", "certainty: unverified")
    assert main([str(content)]) == 1
    assert [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"{HEAD}:{first}",
        f"criteria/{CHECKLISTS}:{second}",
    ]


# The titles of groups.


def _said(checklist: Checklist) -> list[tuple[str, Remark | ChecklistItem]]:
    remarks = [(one.says, one) for one in (*checklist.known, *checklist.unknown)]
    return [*remarks, *((one.asks, one) for one in checklist.items)]


@pytest.mark.parametrize("checklist", LISTS, ids=[one.id for one in LISTS])
def test_a_checklist_says_what_facts_say_and_no_more(checklist: Checklist, content: Content) -> None:
    for text, said in _said(checklist):
        facts = [content.facts[id_] for id_ in said.facts]
        worst = max((fact.certainty for fact in facts), key=list(Certainty).index)
        assert said.certainty is worst, text
        titles = {fact.citation.title for fact in facts}
        assert set(filter(None, said.source.split("; "))) <= titles, text
        support = " ".join([*titles, *(fact.statement for fact in facts)])
        numbers = set(re.findall(r"\d+", text)) - set(re.findall(r"\d+", support))
        assert not numbers, f"{text}: {numbers}"
    assert set(checklist.about) <= content.entries.keys()


def test_all_four_titles_have_a_checklist_that_admits_what_is_not_known() -> None:
    assert {title.split(" học tập")[0] for title in (one.title for one in LISTS)} == {
        "Gia đình",
        "Dòng họ",
        "Cộng đồng",
        "Đơn vị",
    }
    assert all(one.unknown and one.ask.startswith("Bạn hỏi") for one in LISTS)
    assert not re.search(
        r"\bđiểm số\b|được \d+ điểm", " ".join(text for one in LISTS for text, _ in _said(one))
    )
    assert all(
        len(label) <= LABEL_LIMIT for label in chain((one.label for one in LISTS), (t.label for t in Tick))
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("certainty: single-source", "certainty: unverified", "stands under unknown"),
        ("- id: tre-em", "- id: cong-dan-hoc-tap", "used twice"),
        ("- id: dong-ho\n", "- id: gia-dinh\n", "used twice"),
        ("facts: [242-gia-dinh]", "facts: []", "at least 1"),
        ("only_for: nhà có trẻ em", "points: 10", "not permitted"),
        ("label: Dòng họ học tập", "label: Danh hiệu Dòng họ học tập", "at most 20"),
        ("label: Dòng họ học tập", "  label: Dòng họ học tập", "not valid YAML"),
    ],
)
def test_a_broken_checklist_is_refused_with_its_line(folder: Path, old: str, new: str, reason: str) -> None:
    line = _break(folder / CHECKLISTS, old, new)
    with pytest.raises(Faults) as refused:
        read_checklists(folder / CHECKLISTS)
    assert [error.line for error in refused.value.errors] == [line], refused.value
    assert reason in str(refused.value)
    with pytest.raises(ContentError):
        load_checklists(folder / CHECKLISTS)
