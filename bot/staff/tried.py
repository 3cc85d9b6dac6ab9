"""What came of trying the bot, in plain words: the answer as a channel shows it, and why it is that. Pure.

It tells what one turn was made of. Nothing here keeps, counts or writes anything; texts of citizens, staff
and documents are as hostile here as anywhere, and templates escape them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.ask import source_line
from bot.dialogue.state import ConversationState, decode_state, encode_state
from bot.dialogue.turn import AssessmentFinished, Forget, Missed, Mode, Outcome, SetMode, Turn
from bot.flows.results import AssessmentProgress, DataCopy, Sheet
from bot.staff.inbox.why import Explained, explain
from bot.staff.library.addresses import passage_path, shipped_path
from bot.store.transcript import Place
from bot.store.turns import Why
from connectors.channel import Channel
from connectors.message import Card, File, Option, Part, Text
from knowledge.base import DOCUMENT, KnowledgeBase
from knowledge.excerpts import LIBRARY
from nlu.interpreter import Entity

LINES_KEPT = 12
"""Of the talk so far, that the page goes on showing."""
_LINE = 1_000
"""Characters of one of them."""
TALK_LIMIT = 60_000
"""Characters of a talk as it travels in the form."""
_ENTITIES = {
    "document": "văn bản",
    "year": "năm",
    "percentage": "tỉ lệ",
    "score": "số điểm",
    "title": "danh hiệu",
    "place": "nơi",
}
_SHEETS = {"card": "Ảnh kết quả tự đánh giá", "paper": "Phiếu tự đánh giá để in (PDF)"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said in the talk."""

    by_bot: bool
    text: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk as it travels in the form: what the bot remembers of it, and what was said."""

    state: ConversationState = field(default_factory=ConversationState)
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it goes out."""

    text: str
    sources: Sequence[str]
    links: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """Something recognised in the words."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Near:
    """Something that was weighed."""

    label: str
    path: str
    score: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One try."""

    asked: str
    bubbles: Sequence[Bubble]
    options: Sequence[Option]
    why: str
    """One sentence: why it answered, or why not."""
    intent: str
    intent_id: str
    entities: Sequence[Reading]
    taken: Near | None
    weighed: Sequence[Near]
    would_do: Sequence[str]
    """What would happen beside the answer if a citizen had said this."""


def pack(talk: Talk) -> str:
    """The talk as text for a field of the form."""
    lines = [[line.by_bot, line.text] for line in talk.lines]
    return json.dumps({"state": json.loads(encode_state(talk.state)), "lines": lines}, ensure_ascii=False)


def unpack(given: str) -> Talk:
    """The talk out of the form; a new one when it is no talk, or longer than any is."""
    if len(given) > TALK_LIMIT:
        return Talk()
    try:
        read = json.loads(given)
        state = decode_state(json.dumps(read["state"]))
        lines = tuple(Line(bool(by_bot), str(text)[:_LINE]) for by_bot, text in read["lines"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Talk()
    return Talk(state, lines[-LINES_KEPT:])


def going_on(talk: Talk, asked: str, turn: Turn, bubbles: Sequence[Bubble]) -> Talk:
    """The talk with one more turn in it."""
    said = (
        Line(by_bot=False, text=asked[:_LINE]),
        *(Line(by_bot=True, text=one.text[:_LINE]) for one in bubbles),
    )
    return Talk(turn.state, (*talk.lines, *said)[-LINES_KEPT:])


def label_of(payload: str, state: ConversationState) -> str:
    """What somebody read who pressed this."""
    return next((one.label for one in state.offered if one.payload == payload), "(nút cũ)")


def bubbles_of(turn: Turn, channel: Channel) -> list[Bubble]:
    """The answer as this channel would send it."""
    found: list[Bubble] = []
    for reply in turn.replies:
        if isinstance(reply, Sheet):
            found.append(Bubble(f"[{_SHEETS.get(reply.form, 'Tệp')}]", (), ()))
        elif isinstance(reply, DataCopy):
            found.append(Bubble("[Tệp PDF: những gì đang lưu về người hỏi]", (), ()))
        else:
            found += [_bubble(piece) for piece in channel.fit(reply)]
    return found


def tried(
    asked: str, turn: Turn, bubbles: Sequence[Bubble], base: KnowledgeBase, places: Mapping[int, Place]
) -> Tried:
    """One turn in words. `places`: where passages of documents stand (see `passages_in`)."""
    record = _record(turn)
    told = explain(0, record, base, places)
    paths = [_path(one.id) for one in turn.understanding.passages]
    taken = told.taken
    return Tried(
        asked,
        bubbles,
        _options(turn),
        _why(turn, told),
        told.meant,
        turn.understanding.intent,
        [_reading(one) for one in turn.understanding.entities],
        Near(taken.label, taken.path or _path(record.entry_id), "") if taken else None,
        [Near(one.label, one.path or path, one.score) for one, path in zip(told.weighed, paths, strict=True)],
        _would_do(turn),
    )


def passages_in(turn: Turn) -> set[int]:
    """Ids of the passages of documents in a turn, to look up where they stand."""
    ids = (turn.understanding.entry_id, *(one.id for one in turn.understanding.passages))
    return {number for one in ids if (number := _passage(one))}


def _record(turn: Turn) -> Why:
    why = turn.understanding
    declined = next((effect.reason for effect in turn.effects if isinstance(effect, Missed)), "")
    passages = tuple((one.id, one.score) for one in why.passages)
    is_no = turn.outcome is Outcome.ABSTAINED
    return Why(
        turn.outcome.value, why.intent, why.confidence, why.entry_id, passages, declined if is_no else ""
    )


def _why(turn: Turn, told: Explained) -> str:
    """Why it answered or declined, in one sentence."""
    if turn.outcome is Outcome.ABSTAINED:
        return told.reason or told.outcome
    if turn.outcome is not Outcome.ANSWERED or told.taken is None:
        return told.outcome
    entry_id = turn.understanding.entry_id
    if entry_id.startswith(DOCUMENT):
        return "Câu hỏi nhắc tên văn bản, nên trợ lý trả lời bằng thông tin của chính văn bản ấy."
    if entry_id.startswith(LIBRARY):
        return "Chưa có câu trả lời soạn sẵn, nên trợ lý trích một đoạn trong văn bản đã tải lên."
    score = next((one.score for one in turn.understanding.passages if one.id == entry_id), None)
    how = f" ({score:.0%})" if score is not None else ""
    return f"Nội dung này giống câu hỏi nhất{how} và đủ chắc để trả lời."


def _would_do(turn: Turn) -> list[str]:
    found = []
    for effect in turn.effects:
        match effect:
            case SetMode(mode=Mode.WAITING):
                found.append("cuộc trò chuyện vào Hộp thư, chờ cán bộ")
            case Missed():
                found.append("câu này vào danh sách Chưa trả lời được")
            case Forget():
                found.append("dữ liệu về người ấy bị xóa")
            case AssessmentProgress() | AssessmentFinished():
                found.append("phần tự đánh giá được lưu lại")
    return list(dict.fromkeys(found))


def _options(turn: Turn) -> list[Option]:
    """What can be pressed now: what the last message offers."""
    offered = [one for reply in turn.replies if isinstance(reply, Text | Card) for one in reply.options]
    return list({one.payload: one for one in offered}.values())


def _bubble(part: Part) -> Bubble:
    if isinstance(part, Text):
        sources = [source_line(source).removeprefix("Nguồn: ") for source in part.sources]
        return Bubble(part.text, sources, [link.label for link in part.links])
    if isinstance(part, Card):
        text = "\n".join(filter(None, (part.title, part.subtitle)))
        return Bubble(text, (), [link.label for link in part.links])
    if isinstance(part, File):
        return Bubble(f"[Tệp: {part.name}] {part.caption}".strip(), (), ())
    return Bubble(part.text, (), ())


def _reading(entity: Entity) -> Reading:
    return Reading(_ENTITIES.get(entity.kind, entity.kind), entity.value.replace("_", " "))


def _path(id_: str) -> str:
    """The page of what is no entry; empty where it has none."""
    number = _passage(id_)
    if number:
        return passage_path(number)
    return shipped_path(id_.removeprefix(DOCUMENT)) if id_.startswith(DOCUMENT) else ""


def _passage(id_: str) -> int:
    bare = id_.removeprefix(LIBRARY)
    is_one = bare[:1] == "p" and bare[1:].isascii() and bare[1:].isdigit()
    return int(bare[1:19]) if is_one else 0
