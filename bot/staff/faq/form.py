"""An entry as a form: what was typed, what is wrong with it, what should be looked at twice. Pure.

The content's own rules decide (knowledge.items); this says in plain words what they found. What was typed
is kept as it was typed: a form that is refused loses nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.staff import typed as typed_words
from bot.staff.faq.shelf import Shelf
from bot.staff.typed import one_line, text_in
from bot.store.editing import Kept
from connectors.message import clean_text
from knowledge.content import ANSWER_LIMIT, QUESTION_LIMIT, STEP_LIMIT, Content, Item, Kind, Misfit, item
from knowledge.support import (
    leaves_single_source_unsaid,
    leaves_unverified_unsaid,
    support,
    unsupported_documents,
    unsupported_numbers,
)
from nlu.text import vietnamese_text

FACT_FIELD = "can-cu:"
ORIGIN_LIMIT = 300
_UNTOUCHED = ("only_if", "next")
"""Keys of an entry that this form does not show and must not lose."""
_YEAR = re.compile(r"(?:19|20|21)\d\d")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    question: str = ""
    variants: str = ""
    """One a line."""
    answer: str = ""
    step: str = ""
    facts: tuple[str, ...] = ()
    about: str = ""
    """Numbers of documents, one a line."""
    years: str = ""
    featured: bool = False
    note: str = ""
    seek: str = ""
    """Words to find facts by."""
    origin: str = ""
    """Who handed this question over, in their own words (see bot.staff.faq.saving.Saved)."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to look at twice, and the entry it is about where there is one."""

    text: str
    entry: str = ""
    label: str = ""


def typed_of(body: Mapping[str, Any], note: str = "") -> Typed:
    """A stored body in the form's fields."""
    return Typed(
        question=str(body.get("question", "")),
        variants="\n".join(map(str, body.get("variants", ()))),
        answer=str(body.get("answer", "")),
        step=str(body.get("step", "")),
        facts=tuple(map(str, body.get("facts", ()))),
        about="\n".join(map(str, body.get("about", ()))),
        years=years_shown(body),
        featured=bool(body.get("featured", False)),
        note=note,
    )


def typed_in(form: Mapping[str, str]) -> Typed:
    """What was typed, line ends made plain."""
    return Typed(
        question=text_in(form, "cau-hoi"),
        variants=text_in(form, "cach-hoi"),
        answer=text_in(form, "tra-loi"),
        step=text_in(form, "buoc"),
        facts=tuple(name.removeprefix(FACT_FIELD) for name in form if name.startswith(FACT_FIELD)),
        about=text_in(form, "van-ban"),
        years=text_in(form, "nam"),
        featured="goi-y" in form,
        note=text_in(form, "ghi-chu"),
        seek=text_in(form, "tim"),
        origin=text_in(form, "nguon")[:ORIGIN_LIMIT],
    )


def body_of(typed: Typed, former: Mapping[str, Any]) -> dict[str, Any]:
    """The body these fields stand for; `former` is the one the form was made from."""
    body: dict[str, Any] = {name: former[name] for name in _UNTOUCHED if name in former}
    body |= {
        "question": one_line(typed.question),
        "variants": lines_of(typed.variants),
        "answer": clean_text(typed.answer),
        "facts": list(typed.facts),
        "about": lines_of(typed.about),
        "featured": typed.featured,
        "step": clean_text(typed.step),
    }
    if typed.years.strip() == years_shown(former):
        return {**body, "years": former["years"]} if "years" in former else body
    years = years_in(typed.years)
    return {**body, "years": years} if years else body


def checked(
    entry_id: str, typed: Typed, former: Mapping[str, Any], content: Content
) -> tuple[Item | None, dict[str, str]]:
    """The entry, or what is wrong in which field (`question`, `facts` …), in plain words."""
    return checked_body(entry_id, body_of(typed, former), content)


def checked_body(
    entry_id: str, body: Mapping[str, Any], content: Content
) -> tuple[Item | None, dict[str, str]]:
    """The same for a body, wherever it comes from."""
    problems: dict[str, str] = {}
    made: Item | None = None
    try:
        made = item(Kind.ENTRY, entry_id, body)
    except Misfit as misfit:
        for place, _ in misfit.faults:
            name = str(place[0]) if place else "question"
            problems.setdefault(name if name in _WORDS else "question", _wrong(name, body))
    gone = [name for name in _texts(body, "facts") if name not in content.facts]
    if gone:
        problems["facts"] = f"Căn cứ {', '.join(gone)} không còn nữa. Bạn tìm căn cứ khác thay vào nhé."
    unknown = [number for number in _texts(body, "about") if number not in content.documents]
    if unknown:
        problems["about"] = (
            f"Chưa có văn bản mang số hiệu {', '.join(unknown)}. Bạn ghi đúng như “677/QĐ-TTg”."
        )
    return (None if problems else made), problems


def warnings(made: Item, shelf: Shelf, likely: Sequence[tuple[Kept, float]]) -> list[Doubt]:
    """What whoever publishes this should confirm; `likely` are entries that seem to answer the same."""
    entry = shelf.entry_of(made)
    if entry is None:
        return [Doubt("Có căn cứ không còn nữa.")]
    analysis, rests_on = vietnamese_text(), support(entry, shelf.content.documents)
    said = f"{entry.answer}\n{entry.step}"
    found = [
        Doubt(f"Số {number} chưa thấy trong căn cứ nào đã chọn.")
        for number in unsupported_numbers(said, rests_on, analysis)
    ]
    found += [
        Doubt(f"Văn bản {number}/{kind} được nhắc tới mà không nằm trong căn cứ nào đã chọn.")
        for number, kind in unsupported_documents(said, rests_on, analysis)
    ]
    if leaves_unverified_unsaid(entry):
        found.append(Doubt("Có căn cứ chưa xác minh, nhưng câu trả lời chưa nói rõ điều đó (“chưa rõ”…)."))
    if leaves_single_source_unsaid(entry):
        found.append(Doubt("Có căn cứ chỉ từ một nguồn, nhưng câu trả lời chưa nói “theo …”."))
    same = shelf.asked_in_the_same_words((entry.question, *entry.variants), entry.id)
    found += [
        Doubt(f"“{asking}” đã là cách hỏi của:", kept.id, str(kept.body.get("question", kept.id)))
        for asking, kept in same
    ]
    told = {kept.id for _, kept in same}
    return found + similar([(kept, score) for kept, score in likely if kept.id not in told])


def similar(likely: Sequence[tuple[Kept, float]]) -> list[Doubt]:
    """Entries that may answer the same already."""
    return [
        Doubt("Có thể đã có câu này rồi:", kept.id, str(kept.body.get("question", kept.id)))
        for kept, _ in likely
    ]


def token_of(found: Sequence[Doubt]) -> str:
    """What a confirmation stands for: these warnings and no other."""
    said = "\n".join(f"{one.text}|{one.entry}" for one in found)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def why_of(note: str, confirmed: Sequence[Doubt], otherwise: str) -> str:
    """The line of the history: the officer's note, and what they confirmed."""
    said = " ".join(clean_text(note).split())[:200] or otherwise
    if not confirmed:
        return said
    about = " ".join(" ".join(filter(None, (one.text, one.label))) for one in confirmed)
    return f"{said} (đã xác nhận: {about})"[:300]


def new_id(question: str, taken: Container[str]) -> str:
    """An id of its own for a new question."""
    return typed_words.new_id(question, taken, "cau-hoi")


def years_shown(body: Mapping[str, Any]) -> str:
    """`2025, 2030`."""
    return ", ".join(map(str, body.get("years") or ()))


def years_in(text: str) -> list[int | str]:
    """What stands between commas or spaces: a year as a number, anything else as it is."""
    found = (one for one in re.split(r"[\s,;]+", text) if one)
    return [int(one) if _YEAR.fullmatch(one) else one for one in found]


def lines_of(text: str) -> list[str]:
    """Lines that say something, each once."""
    return list(dict.fromkeys(line for raw in text.splitlines() if (line := one_line(raw))))


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    found = body.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


_WORDS = {
    "question": (QUESTION_LIMIT, "Bạn chưa viết câu hỏi.", "Câu hỏi", "để hiện vừa trên nút bấm"),
    "answer": (ANSWER_LIMIT, "Bạn chưa viết câu trả lời.", "Câu trả lời", "để đọc được trên điện thoại"),
    "step": (STEP_LIMIT, "", "Bước tiếp theo", ""),
    "variants": (0, "", "", ""),
    "facts": (0, "", "", ""),
    "about": (0, "", "", ""),
    "years": (0, "", "", ""),
    "only_if": (0, "", "", ""),
    "next": (0, "", "", ""),
}


def _wrong(name: str, body: Mapping[str, Any]) -> str:
    """What the rules found in a field, for whoever typed it."""
    if name == "facts":
        return "Chọn ít nhất một căn cứ, để người dân biết câu trả lời lấy từ đâu."
    if name == "years":
        return "Năm viết bằng bốn chữ số, cách nhau bằng dấu phẩy, ví dụ: 2025, 2030."
    limit, empty, label, reason = _WORDS.get(name, (0, "", "", ""))
    value = body.get(name)
    if limit and isinstance(value, str) and len(value) > limit:
        told = f"{label} dài {len(value)} ký tự, tối đa {limit}"
        return f"{told} {reason}." if reason else f"{told}."
    return empty or "Nội dung ở đây chưa dùng được. Bạn xem lại giúp nhé."
