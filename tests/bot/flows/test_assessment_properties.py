"""Whatever is heard, a self-assessment stays sound; whatever is stored, reading it never fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.turn import AssessmentFinished
from bot.flows.assessment import Assessment
from bot.flows.assessment_state import decode, encode, is_sound, kept_results
from bot.flows.flow import Command, Context, Heard, Pressed, Sent
from connectors.message import Text
from tests.bot.fakes import START
from tests.bot.flows.stage import BUTTONS, PICTURE, book, current, said

FLOW = Assessment(book())
CONTEXT = Context(START, BUTTONS, "ABCDEFGHJKLM")
_BEGUN = FLOW.begin(CONTEXT).state
assert _BEGUN is not None
STORED = encode(_BEGUN)
STEPS = ["consent", "group", *map(str, range(12)), "place", "evidence", "restart", "x"]
VALUES = [*map(str, range(12)), "yes", "no", "remind", "skip", "done", "nguoi-dan", "xa-chieng-mai-son-la"]
WORDS = """
có|không|nông dân|sinh viên|8|tám|4|7,5|99|khá tốt|bỏ qua|quay lại|sửa câu 3|câu 2 cho 9 điểm|ví dụ
🙂|à nhầm, 6 điểm|sửa nhóm|à nhầm, tôi là công nhân|câu 12 cho 3|làm lại từ đầu|minh chứng: giấy khen
minh chứng câu 3: ảnh lớp học|Chiềng Mai|Tân Tiến|xong|còn mấy câu nữa|đồng ý, có nhắc
Giấy khen của hội nông dân|quyết định 1373 là gì
"""

heard = st.one_of(
    st.builds(Pressed, st.sampled_from(STEPS), st.sampled_from(VALUES)),
    st.sampled_from(WORDS.strip().replace("\n", "|").split("|")).map(said),
    st.text(max_size=40).map(said),
    st.just(Sent((PICTURE,))),
    st.sampled_from(Command),
)
WAY = [said(words) for words in ("có", "nông dân", *("8", "khá tốt") * 6, "bỏ qua", "xong", "xong")]
"""One way through, with answers to spare."""
likely = st.lists(st.lists(heard, max_size=2), min_size=len(WAY), max_size=len(WAY)).map(
    lambda between: [thing for noise, step in zip(between, WAY, strict=True) for thing in (*noise, step)]
)
"""Somebody on that way who does all sorts of things on it."""


@given(likely)
def test_any_sequence_ends_in_a_sound_state_or_a_result_that_adds_up(things: list[Heard | Command]) -> None:
    step = FLOW.begin(CONTEXT)
    for thing in things:
        state = step.state
        if state is None:
            break
        taken = (
            FLOW.command(state, thing, None, CONTEXT)
            if isinstance(thing, Command)
            else FLOW.hear(state, thing, CONTEXT)
        )
        if taken is None:
            assert FLOW.explain(state, CONTEXT)
            continue
        step = taken
        assert step.replies
        assert all(len(part.text) <= 600 for part in step.replies if isinstance(part, Text))
        told = [effect for effect in step.effects if isinstance(effect, AssessmentFinished)]
        assert not told or (len(told) == 1 and step.state is None)
        if step.state is None:
            continue
        assert is_sound(step.state, current())
        assert FLOW.decode(FLOW.version, FLOW.encode(step.state)) == step.state
        assert FLOW.ask(step.state, CONTEXT)
        assert step.state.total == sum(got or 0 for got in step.state.points)
    for effect in step.effects:
        if isinstance(effect, AssessmentFinished):
            assert effect.result.total == sum(effect.result.points)
            assert step.keep is not None
            assert kept_results(step.keep) == (
                replace(effect.result, evidence=tuple(replace(e, url="") for e in effect.result.evidence)),
            )


@given(st.lists(st.integers(0, 10), max_size=9))
def test_back_then_forward_changes_nothing(points: list[int]) -> None:
    step = FLOW.begin(CONTEXT)
    for words in ("có", "nông dân", *map(str, points)):
        assert step.state is not None
        taken = FLOW.hear(step.state, said(words), CONTEXT)
        assert taken is not None
        step = taken
    before = step.state
    assert before is not None
    back = FLOW.command(before, Command.BACK, None, CONTEXT)
    assert back is not None
    assert back.state is not None
    same = said(str(points[-1]) if points else "nông dân")
    forward = FLOW.hear(back.state, same, CONTEXT)
    assert forward is not None
    assert forward.state == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=20,
)


@given(st.integers(-2, 5), st.dictionaries(st.text(max_size=10), json_values, max_size=12))
def test_a_state_of_any_shape_is_read_or_refused_and_never_raises(version: int, data: dict[str, Any]) -> None:
    decode(version, data, book())
    kept_results(data)
    kept_results({"results": [data]})


@given(st.sampled_from(sorted(STORED)), json_values)
def test_one_wrong_field_is_read_soundly_or_refused(field: str, value: object) -> None:
    state = decode(1, {**STORED, field: value}, book())
    assert state is None or is_sound(state, current()) or state.criteria != current().id
