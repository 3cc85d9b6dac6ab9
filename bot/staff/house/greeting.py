"""Lời chào & gợi ý: the first words of the bot, the questions and the actions offered with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.dialogue.menu import ACTIONS
from bot.dialogue.texts import WISHES
from bot.house_rules import GREETING_LIMIT, MOST_STARTERS, WELCOME_LIMIT, HouseRules
from bot.staff.house.section import House, Wanted
from bot.staff.typed import text_in
from connectors.message import clean_text
from knowledge.base import KnowledgeBase
from knowledge.index import Mode
from nlu.text import syllables

_STARTER, _ACTION, _ORDER, _UP = "cau:", "nut:", "thu-tu", "len:"
_LOOKED_AT, _FOUND = 40, 8


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    welcome: str = ""
    greeting: str = ""
    starters: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    seek: str = ""


class Greeting:
    """See `Section`."""

    slug, title = "loi-chao", "Lời chào và gợi ý"
    about = "Lời đầu tiên người dân đọc, và những câu, những việc được mời bấm ngay dưới đó."
    sets = ("welcome", "greeting", "starters", "actions")
    fields: Mapping[str, str] = {
        "welcome": "Lời chào lần đầu",
        "greeting": "Lời chào lại",
        "starters": "Câu hỏi gợi ý",
        "actions": "Việc được mời làm",
    }

    def typed_of(self, house: House) -> Typed:
        """See `Section.typed_of`."""
        rules = house.rules
        return Typed(rules.texts.welcome, rules.texts.greeting, rules.starters, rules.actions)

    def typed_in(self, form: Mapping[str, str]) -> Typed:
        """See `Section.typed_in`. What was chosen keeps its order; what was ticked in a search comes last."""
        ticked = [name.removeprefix(_STARTER) for name in form if name.startswith(_STARTER)]
        order = [one for one in form.get(_ORDER, "").split() if one in ticked]
        starters = list(dict.fromkeys([*order, *ticked]))
        wanted = form.get("viec", "")
        if wanted.startswith(_UP) and (raised := wanted.removeprefix(_UP)) in starters:
            place = starters.index(raised)
            starters.insert(max(0, place - 1), starters.pop(place))
        actions = tuple(one for one in ACTIONS if _field(one) in form)
        return Typed(
            text_in(form, "loi-chao"),
            text_in(form, "chao-lai"),
            tuple(starters),
            actions,
            text_in(form, "tim"),
        )

    def read(self, typed: Typed, house: House) -> Wanted:
        """See `Section.read`. Nothing typed, or the bot's own words: its own words."""
        installed = house.installation.texts
        welcome, greeting = clean_text(typed.welcome), clean_text(typed.greeting)
        values = {
            "welcome": "" if welcome in ("", installed.welcome) else welcome,
            "greeting": "" if greeting in ("", installed.greeting) else greeting,
            "starters": typed.starters,
            "actions": typed.actions,
        }
        return Wanted(values)

    async def shown(self, typed: Typed, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        chosen = [(one, question_of(house.base, one)) for one in typed.starters]
        found = await _found(house.base, typed.seek[:200])
        return {
            "limits": {"welcome": WELCOME_LIMIT, "greeting": GREETING_LIMIT, "starters": MOST_STARTERS},
            "chosen": [
                (one, question or "Câu này không còn dùng", bool(question)) for one, question in chosen
            ],
            "seeking": [one for one in found if one[0] not in typed.starters],
            "featured": [one.question for one in house.base.starters(3)],
            "actions": [(_field(one), WISHES[one].label, one in typed.actions) for one in ACTIONS],
        }


def _field(action: str) -> str:
    return f"{_ACTION}{action.replace('_', '-')}"


def question_of(base: KnowledgeBase, entry_id: str) -> str:
    """What an entry asks; empty when it is not published."""
    return next((one.question for one in base.suggestions((entry_id,))), "")


async def _found(base: KnowledgeBase, words: str) -> list[tuple[str, str]]:
    """Entries for what was typed, as the bot finds them: (id, question)."""
    if not syllables(words):
        return []
    ranked = await base.ranking(words, Mode.HYBRID, _LOOKED_AT)
    found = ((one.id, question_of(base, one.id)) for one in ranked)
    return [one for one in found if one[1]][:_FOUND]
