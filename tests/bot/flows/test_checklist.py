"""Going through what is known of the titles for groups of people."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.checklist import ChecklistFlow, ChecklistState
from bot.flows.flow import Command, Pressed
from connectors.message import Text
from knowledge.checklists import Checklist, load_checklists
from tests.bot.flows.stage import Stage, pressed, said


@cache
def lists() -> tuple[Checklist, ...]:
    return load_checklists()


def stage(entry: str = "") -> Stage[ChecklistState]:
    return Stage(ChecklistFlow(lists()), entry)


@pytest.mark.parametrize(
    ("entry", "model"),
    [("gia_dinh", "gia-dinh"), ("dong-ho", "dong-ho"), ("don_vi", "don-vi"), ("cong_dan", "")],
)
def test_the_title_somebody_named_is_gone_through_at_once(entry: str, model: str) -> None:
    assert stage(entry).state.model == model


def test_a_community_is_one_of_two_kinds_and_that_is_asked() -> None:
    asked = stage("cong_dong")
    assert list(asked.options) == ["Cộng đồng thôn, bản", "Cộng đồng cấp xã"]
    asked.press("Cộng đồng cấp xã")
    assert asked.state.model == "cong-dong-xa"


@pytest.mark.parametrize(
    ("words", "model"), [("dòng họ nhà tôi", "dong-ho"), ("truong toi", "don-vi"), ("gia dinh", "gia-dinh")]
)
def test_the_list_is_found_in_words(words: str, model: str) -> None:
    asked = stage()
    asked.hear(words)
    assert asked.state.model == model


@pytest.mark.parametrize("one", lists(), ids=lambda one: one.id)
def test_the_end_tells_all_that_was_ticked_and_all_that_nobody_says_without_points(one: Checklist) -> None:
    asked = stage()
    asked.hear(Pressed("model", one.id))
    ticks = ["đã có", "chưa", "chưa rõ"]
    told = [asked.words]
    for index, _ in enumerate(one.items):
        asked.hear(ticks[index % 3])
        told.append(asked.words)
    assert asked.step.state is None
    for index, item in enumerate(one.items):
        assert item.asks in asked.words
        assert (item.next_step in asked.words) == (ticks[index % 3] == "chưa")
        assert item.source in told[index]
    assert all(remark.says in asked.words for remark in one.unknown)
    assert one.ask in asked.words
    assert "không phải kết quả chấm" in asked.words
    assert all(len(part.text) <= 600 for part in asked.step.replies if isinstance(part, Text))


def test_two_quick_taps_go_on_once_and_an_old_button_changes_its_tick() -> None:
    asked = stage("gia_dinh")
    first = asked.options
    asked.hear(pressed(first["Đã có"]), pressed(first["Đã có"]))
    assert (asked.state.at, asked.state.ticks) == (1, ("have",))
    asked.hear(pressed(first["Chưa rõ"]))
    assert (asked.state.at, asked.state.ticks) == (1, ("unsure",))
    asked.hear(Pressed("dong-ho.0", "have"), Pressed("model", "dong-ho"), Pressed("gia-dinh.x", "have"))
    assert (asked.state.at, asked.state.ticks) == (1, ("unsure",))


def test_back_skip_and_what_is_no_tick() -> None:
    asked = stage("gia_dinh")
    assert asked.refuses("Quyết định 242 là gì?")
    asked.command(Command.SKIP)
    asked.hear("chưa")
    asked.command(Command.BACK)
    assert (asked.state.at, asked.state.ticks) == (1, ("skipped", "lack"))
    asked.hear("co roi")
    assert (asked.state.at, asked.state.ticks) == (2, ("skipped", "have"))


_VALUES = (
    st.none() | st.integers(-2, 9) | st.text(max_size=5) | st.sampled_from(["gia-dinh", "have", "skipped"])
)


@given(_VALUES, _VALUES, st.lists(_VALUES, max_size=6) | _VALUES)
def test_a_stored_state_is_read_soundly_or_refused(model: object, at: object, ticks: object) -> None:
    asked = stage()
    state = asked.flow.decode(1, {"model": model, "at": at, "ticks": ticks})
    if state is not None:
        assert asked.flow.ask(state, asked.context)
        assert asked.flow.hear(state, said("chưa có"), asked.context) is not None or not state.model
