"""How each step of a self-assessment is asked: short, in plain words, with what can be pressed.

Levels are told by words, never by a number or an ordinal: a typed number is always the points. Texts fit a
phone; where everything said would be too long, the explanation goes first, then the ends of descriptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.flows.assessment_state import CONSENT, EVIDENCE, GROUP, MOST_EVIDENCE, PLACE, AssessmentState
from bot.flows.flow import option
from connectors.channel import Capabilities
from connectors.message import Option, Text
from connectors.splitting import shorten
from knowledge.criteria import CriteriaSet, Group, Level, Question

NAME = "assessment"
MOST_LETTERS = 600
"""Characters of one message at most."""
_LEAST_DESCRIPTION = 36
YES_REMIND, YES, NO = "remind", "yes", "no"
"""What can be pressed at the consent, and at the question whether to begin anew."""
SKIP, DONE = "skip", "done"


def ask(
    state: AssessmentState, criteria: CriteriaSet, can: Capabilities, before: str = ""
) -> tuple[Text, ...]:
    """The question of the step the state is at, with a line of news `before` it."""
    question = _question(state, criteria, can, is_after_news=bool(before))
    if not before:
        return (question,)
    text = f"{before}\n\n{question.text}"
    if len(text) > MOST_LETTERS:
        return (Text(before), question)
    return (replace(question, text=text),)


def ask_briefly(state: AssessmentState, criteria: CriteriaSet, can: Capabilities) -> Text:
    """The question alone, for somebody who read all of it a moment ago."""
    full = _question(state, criteria, can, is_after_news=True)
    if state.indicator:
        question = question_of(state, criteria)
        said = "\n".join((heading(state, criteria), question.asks, _hint(can, question)))
    elif state.step == CONSENT:
        said = "Bạn đồng ý bắt đầu tự đánh giá chứ?"
    elif state.step == GROUP:
        said = "Bạn đang làm gì? Bạn cứ gõ, hoặc bấm nhóm của mình:"
    elif state.step == EVIDENCE:
        said = "Bạn gửi minh chứng nếu có, hoặc bấm “Xem kết quả”."
    else:
        return full
    return replace(full, text=said)


def _question(
    state: AssessmentState, criteria: CriteriaSet, can: Capabilities, *, is_after_news: bool
) -> Text:
    if state.step == CONSENT:
        return _consent(criteria)
    if state.step == GROUP:
        return _group(criteria.groups)
    if state.step == PLACE:
        return _place(state)
    if state.step == EVIDENCE:
        return _evidence(state, can, is_after_news=is_after_news)
    return _indicator(state, criteria, can) if state.indicator else _restart(state)


def which_group(groups: Sequence[Group]) -> tuple[Text, ...]:
    """What was said fits several groups: only those are offered."""
    names = " hay ".join(f"“{group.name}”" for group in groups)
    return (_text(f"Bạn muốn tự chấm theo nhóm {names}?", _group_options(groups)),)


def explain(state: AssessmentState, criteria: CriteriaSet, can: Capabilities) -> tuple[Text, ...]:
    """The step in other words and with an example."""
    if state.indicator:
        return (_explained_indicator(state, criteria, can),)
    ways = {
        CONSENT: "Bạn nhắn “đồng ý” để bắt đầu, hoặc “để sau” nếu chưa muốn làm lúc này nhé.",
        GROUP: "Bạn nói giúp mình bạn đang làm gì, ví dụ “tôi làm ruộng” hay “em đi học”, hoặc bấm một nhóm.",
        PLACE: "Mình chưa nhận ra tên này. Bạn gõ tên xã hoặc phường kèm tên tỉnh, ví dụ “xã Chiềng Mai, "
        "Sơn La”; hoặc nhắn “bỏ qua” cũng được.",
        EVIDENCE: f"Bạn {'gửi ảnh, tệp, hoặc ' if can.takes_files else ''}gõ “minh chứng câu 1: …”. "
        "Không có gì thì bạn nhắn “xong” để xem kết quả.",
    }
    said = ways.get(state.step, "Bạn nhắn “có” để làm lại từ đầu, hoặc “không” để làm tiếp.")
    return (_text(said, ask(state, criteria, can)[0].options),)


def point_options(number: int, points: Sequence[int]) -> tuple[Option, ...]:
    """Whole points to choose between."""
    return tuple(option(NAME, str(number), str(one), f"{one} điểm") for one in points)


def which_place(places: Sequence[tuple[str, str]]) -> tuple[Text, ...]:
    """Several places of one name, as pairs of what a button sends and what stands on it."""
    options = tuple(option(NAME, PLACE, value, shorten(label, 35)) for value, label in places)
    said = "Có mấy nơi tên như vậy. Bạn chọn giúp mình, hoặc gõ kèm tên tỉnh nhé."
    return (_text(said, (*options, option(NAME, PLACE, SKIP, "Bỏ qua"))),)


# --- the steps ---------------------------------------------------------------------------------------


def _consent(criteria: CriteriaSet) -> Text:
    count = len(criteria.indicators)
    return _text(
        f"Bạn tự chấm {count} chỉ số “Công dân học tập”, mất khoảng 5 phút. Kết quả chỉ để bạn tham khảo."
        "\n\nMình giữ: nhóm, điểm, và xã/phường, minh chứng nếu bạn gửi. Phần làm dở giữ 60 ngày; kết quả "
        "giữ đến khi bạn nhắn “xóa dữ liệu của tôi”.\n\n"
        "Nếu bạn muốn, khi làm dở mình nhắc một lần sau một ngày. Bạn đồng ý bắt đầu chứ?",
        (
            option(NAME, CONSENT, YES_REMIND, "Đồng ý, nhắc mình"),
            option(NAME, CONSENT, YES, "Đồng ý, không nhắc"),
            option(NAME, CONSENT, NO, "Để sau"),
        ),
    )


def _group(groups: Sequence[Group]) -> Text:
    lines = [f"• {group.label}: {', '.join(_examples(group))}…" for group in groups]
    return _text(
        "\n".join(("Bạn đang làm gì? Bạn cứ gõ, hoặc bấm nhóm của mình:", *lines)), _group_options(groups)
    )


def _examples(group: Group) -> list[str]:
    """Some of whom it includes, without those its label names already."""
    named: list[str] = []
    for one in group.includes:
        if not any(one in other or other in one for other in (group.label.lower(), *named)):
            named.append(one)
    return named[:3]


def _group_options(groups: Sequence[Group]) -> tuple[Option, ...]:
    return tuple(option(NAME, GROUP, group.id, group.label) for group in groups)


def _indicator(state: AssessmentState, criteria: CriteriaSet, can: Capabilities) -> Text:
    question = question_of(state, criteria)
    head = heading(state, criteria)
    got = state.got(state.indicator)
    if got is not None:
        head = f"{head}\nBạn đã cho {got} điểm; giữ nguyên thì nhắn “tiếp tục”."
    hint = _hint(can, question)
    room = MOST_LETTERS - len(head) - len(question.asks) - len(hint) - 3
    levels = _level_lines(question.levels, room)
    means = (question.means,) if len(levels) + len(question.means) + 1 <= room else ()
    said = "\n".join((head, question.asks, *means, levels, hint))
    return _text(said, _level_options(state, can, question))


def _hint(can: Capabilities, question: Question) -> str:
    if not can.max_options:
        example = question.levels[-2].label.lower()
        return f"Bạn gõ chữ của một mức (ví dụ: {example}) hoặc điểm từ 0 đến 10."
    return "Bấm một mức hoặc gõ điểm 0–10. Chưa rõ thì nhắn “ví dụ”."


def _level_lines(levels: Sequence[Level], room: int) -> str:
    """Every level with what it looks like; where room is short the longest descriptions lose their ends."""
    told = [(level, _inside_a_line(level.describes)) for level in levels]
    most = max((len(describes) for _, describes in told), default=0)
    while True:
        lines = "\n".join(
            f"• {level.label} ({level.points}): {shorten(describes, most)}" for level, describes in told
        )
        if len(lines) <= room or most <= _LEAST_DESCRIPTION:
            return lines
        most -= 4


def _inside_a_line(sentence: str) -> str:
    """`Bạn đi đều.` behind a colon: `đi đều.`"""
    rest = sentence.removeprefix("Bạn ")
    return rest[:1].lower() + rest[1:]


def _level_options(state: AssessmentState, can: Capabilities, question: Question) -> tuple[Option, ...]:
    """None where options would only be written out: the levels stand in the text already."""
    if not can.max_options:
        return ()
    levels = tuple(option(NAME, state.step, str(level.points), level.label) for level in question.levels)
    got = state.got(state.indicator)
    if got is None or can.max_options <= len(levels):
        return levels
    return (*levels, option(NAME, state.step, str(got), f"Giữ {got} điểm"))


def _explained_indicator(state: AssessmentState, criteria: CriteriaSet, can: Capabilities) -> Text:
    question = question_of(state, criteria)
    said = (
        f"{heading(state, criteria)}\n{question.asks}\n{question.means}\n"
        "Bạn gõ một số từ 0 đến 10, ví dụ: 7; hoặc một trong các chữ: "
        f"{', '.join(level.label.lower() for level in question.levels)}. Khó quá thì nhắn “bỏ qua”."
    )
    return _text(said, _level_options(state, can, question))


def _place(state: AssessmentState) -> Text:
    known = f" (bạn đã ghi: {state.place})" if state.place else ""
    return _text(
        f"Bạn ở xã, phường nào{known}? Mình dùng để thống kê theo nơi ở và ghi vào phiếu. "
        "Bạn bỏ qua cũng được.",
        (option(NAME, PLACE, SKIP, "Bỏ qua"),),
    )


def _evidence(state: AssessmentState, can: Capabilities, *, is_after_news: bool) -> Text:
    given = "; ".join(f"câu {number}: {got}" for number, got in enumerate(state.points, 1))
    if state.evidence:
        more = "gửi thêm" if can.takes_files else "kể thêm"
        said = f"Bạn {more}, hoặc bấm “Xem kết quả”."
        if not is_after_news:
            said = f"Mình đang giữ {len(state.evidence)} minh chứng. {said}"
    elif not can.takes_files:
        said = (
            "Bước cuối: bạn có giấy khen, giấy chứng nhận, ảnh… thì kể ra đây để mình ghi vào phiếu, ví dụ "
            "“minh chứng câu 1: giấy khen của xã năm 2025”. Không có cũng không sao."
        )
    else:
        said = (
            "Bước cuối: bạn có ảnh, giấy khen, giấy chứng nhận… thì gửi vào đây làm minh chứng. "
            "Không có cũng không sao."
        )
    return _text(
        f"{said}\n\nĐiểm bạn cho: {given}. Muốn sửa, bạn nhắn “sửa câu 3”.",
        (option(NAME, EVIDENCE, DONE, "Xem kết quả"),),
    )


def _restart(state: AssessmentState) -> Text:
    count = len(state.points) - len(state.unanswered)
    return _text(
        f"Bạn đã trả lời {count} câu. Làm lại từ đầu thì các câu này mất. Bạn có chắc không?",
        (option(NAME, state.step, YES, "Làm lại từ đầu"), option(NAME, state.step, NO, "Làm tiếp")),
    )


# --- pieces others use -------------------------------------------------------------------------------


def question_of(state: AssessmentState, criteria: CriteriaSet) -> Question:
    """The question of the indicator being asked, as the citizen's group is asked it."""
    return criteria.indicators[state.indicator - 1].questions[state.group]


def heading(state: AssessmentState, criteria: CriteriaSet) -> str:
    """`Câu 3/10. Sinh hoạt cộng đồng`."""
    indicator = criteria.indicators[state.indicator - 1]
    return f"Câu {indicator.number}/{len(criteria.indicators)}. {indicator.name}"


def where(state: AssessmentState) -> str:
    """How much is left, in a sentence."""
    left = len(state.unanswered)
    if left:
        done = len(state.points) - left
        return f"Bạn đã trả lời {done}/{len(state.points)} câu, còn {left} câu."
    return "Bạn đã trả lời hết các câu, chỉ còn vài bước ngắn."


def evidence_is_full() -> str:
    """There is no room for more evidence."""
    return f"Đủ minh chứng rồi bạn nhé (mỗi câu 3, tất cả {MOST_EVIDENCE})."


def _text(text: str, options: tuple[Option, ...]) -> Text:
    return Text(text, options, numbered=False)
