"""Why the bot answered as it did, in plain words: what it understood, what it took, what it weighed. Pure.

It tells what was recorded with the turn and guesses nothing: what is not on record is not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.dialogue.turn import Outcome
from bot.store.transcript import Place
from bot.store.turns import Why
from knowledge.answer import AbstentionReason
from knowledge.base import KnowledgeBase
from knowledge.repertoire import FACT

_LIBRARY, _DOCUMENT = "library:", "document:"
_FAQ = "/staff/cau-hoi/"
INTENTS = {
    "ask_knowledge": "hỏi về khuyến học",
    "start_assessment": "muốn tự đánh giá",
    "resume_assessment": "muốn làm tiếp bài tự đánh giá",
    "ask_my_result": "hỏi kết quả của mình",
    "human_request": "muốn gặp cán bộ",
    "greet": "chào hỏi",
    "thanks": "cảm ơn",
    "goodbye": "tạm biệt",
    "bot_identity": "hỏi đang nói chuyện với ai",
    "help": "hỏi trợ lý làm được gì",
    "subscribe": "muốn nhận tin của Hội",
    "unsubscribe": "muốn thôi nhận tin",
    "erase_my_data": "muốn xóa dữ liệu của mình",
    "export_my_data": "muốn xem dữ liệu của mình",
    "submit_story": "muốn gửi bài, gửi gương tốt",
    "feedback_good": "khen câu trả lời",
    "feedback_bad": "nói câu trả lời chưa đúng",
    "affirm": "đồng ý",
    "deny": "không đồng ý",
    "back": "muốn quay lại bước trước",
    "skip": "muốn bỏ qua câu này",
    "correct_answer": "muốn sửa câu đã trả lời",
    "restart": "muốn làm lại từ đầu",
    "stop": "muốn dừng",
    "repeat": "muốn nghe lại",
    "change_language": "muốn nói tiếng khác",
    "abuse": "nói nặng lời",
    "out_of_scope": "hỏi việc ngoài lĩnh vực của Hội",
}
"""What each intent of the interpreter means to the citizen."""
_OUTCOMES = {
    Outcome.ANSWERED: "Trả lời theo nội dung có sẵn.",
    Outcome.ABSTAINED: "Nói thật là chưa biết.",
    Outcome.FLOW: "Đang hướng dẫn từng bước.",
    Outcome.SMALLTALK: "Trò chuyện thường, không tra cứu.",
    Outcome.HANDOFF: "Chuyển cho cán bộ.",
    Outcome.SLOWED: "Nhắc người dân nhắn chậm lại.",
    Outcome.PARKED: "Trợ lý gặp lỗi nên xin lỗi người dân.",
}
_REASONS = {
    AbstentionReason.OUT_OF_SCOPE: "Không thấy nội dung nào giống, hoặc đây là việc của nơi khác.",
    AbstentionReason.NOT_KNOWN: "Đúng lĩnh vực của Hội, nhưng nội dung có sẵn chưa nói tới.",
    AbstentionReason.TOO_VAGUE: "Câu hỏi có thể hiểu nhiều cách nên trợ lý hỏi lại.",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was taken or weighed."""

    label: str
    path: str
    """Its page, where it has one."""
    score: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one answer reads as it does."""

    event_id: int
    outcome: str
    meant: str
    """What the citizen seemed to want, and how sure that was; empty where nothing had to be guessed."""
    reason: str
    """Why there was no answer."""
    taken: Source | None
    weighed: Sequence[Source]


def library_passages(whys: Iterable[Why]) -> set[int]:
    """Ids of the passages of documents named in these, to look up where they stand."""
    named = (one for why in whys for one in (why.entry_id, *(id_ for id_, _ in why.passages)))
    return {number for number in map(_passage, named) if number}


def explain(event_id: int, why: Why, base: KnowledgeBase, places: Mapping[int, Place]) -> Explained:
    """The record of one turn in words."""
    outcome = Outcome(why.outcome)
    meant = INTENTS.get(why.intent, "")
    declined = why.declined if why.declined in set(AbstentionReason) else ""
    return Explained(
        event_id,
        _OUTCOMES.get(outcome, ""),
        f"{meant[:1].upper()}{meant[1:]}, {_sureness(why.confidence)}" if meant else "",
        _REASONS[AbstentionReason(declined)] if declined else "",
        _source(why.entry_id, None, base, places) if why.entry_id else None,
        [_source(id_, score, base, places) for id_, score in why.passages],
    )


def _sureness(confidence: float) -> str:
    told = f"{confidence:.0%}"
    if confidence >= 0.85:
        return f"chắc ({told})"
    return f"khá chắc ({told})" if confidence >= 0.6 else f"chưa chắc ({told})"


def _source(id_: str, score: float | None, base: KnowledgeBase, places: Mapping[int, Place]) -> Source:
    number = _passage(id_)
    if number:
        # How near a passage is, is told by a number that is no share of anything.
        told = "" if score is None else f"điểm {score:.3f}".replace(".", ",")
        place = places.get(number)
        label = ", ".join(filter(None, (place.title, place.locator))) if place else "Văn bản đã gỡ"
        return Source(label, "", told)
    told = "" if score is None else f"giống {score:.0%}"
    if id_.startswith(_DOCUMENT):
        return Source(f"Văn bản {id_.removeprefix(_DOCUMENT)}", "", told)
    line = base.repertoire.line(id_)
    if id_.startswith(FACT):
        return Source(line.text if line else "Căn cứ đã bỏ", "", told)
    return Source(
        line.question if line else f"Câu không còn dùng ({id_})", f"{_FAQ}{quote(id_, safe='')}", told
    )


def _passage(id_: str) -> int:
    """The number in `library:p12` or `p12`; 0 for anything else."""
    bare = id_.removeprefix(_LIBRARY)
    is_passage = bare[:1] == "p" and bare[1:].isascii() and bare[1:].isdigit()
    return int(bare[1:19]) if is_passage else 0
