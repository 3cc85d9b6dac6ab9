"""What a new version's content does to content that staff have changed: a three-way comparison, item by item.

For each item there is what was shipped before, what is shipped now, and what is live. Where only one side
changed, that side wins; where both did, staff's version stays live and the new one waits for a decision.
Pure: storing the outcome is somebody else's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledge.items import Item, Kind

Key = tuple[Kind, str]


class Action(StrEnum):
    """What becomes of one item."""

    KEEP = "keep"
    """Nothing changes; a conflict that waited for a decision is over."""
    ADD = "add"
    """New in this version, and nobody made an item of this id meanwhile."""
    TAKE = "take"
    """Changed in this version and untouched by staff."""
    AGREE = "agree"
    """Staff have just what is shipped now."""
    RETIRE = "retire"
    """Shipped no more and untouched by staff."""
    IN_USE = "in_use"
    """Shipped no more and untouched, but something live still rests on it: kept, and looked at again."""
    THEIRS = "theirs"
    """Shipped no more and changed by staff: from now on an item of their own."""
    CONFLICT = "conflict"
    """Changed by both: staff's version stays live, the shipped one is remembered."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one item."""

    action: Action
    key: Key
    item: Item | None
    """As shipped now; None where it is shipped no more."""


def plan(
    shipped_old: Mapping[Key, Item], shipped_new: Mapping[Key, Item], current: Mapping[Key, Item | None]
) -> tuple[Step, ...]:
    """One step for every item that is known to anybody, in the order of keys.

    `shipped_old` is what each item was taken from; `current` what is live, with None for an item that staff
    took away (archived, or made a draft of). An item that is missing there never was, or was retired.
    """
    steps = {
        key: _step(key, shipped_old.get(key), shipped_new.get(key), current)
        for key in sorted({*shipped_old, *shipped_new, *current})
    }
    _keep_what_is_in_use(steps, current)
    return tuple(steps.values())


def _step(key: Key, old: Item | None, new: Item | None, current: Mapping[Key, Item | None]) -> Step:
    taken_away = key in current and current[key] is None
    live = current.get(key)
    return Step(_action(old, new, live, taken_away=taken_away), key, new)


def _action(old: Item | None, new: Item | None, live: Item | None, *, taken_away: bool) -> Action:
    if old == new:
        return Action.KEEP
    if taken_away:
        return Action.CONFLICT if new is not None else Action.THEIRS
    if live == new:
        return Action.AGREE
    if live != old:
        return Action.CONFLICT if new is not None else Action.THEIRS
    if new is None:
        return Action.RETIRE
    return Action.ADD if old is None else Action.TAKE


def _keep_what_is_in_use(steps: dict[Key, Step], current: Mapping[Key, Item | None]) -> None:
    """An answer that staff reworded must not fall silent because the fact under it is shipped no more."""
    while True:
        used = {
            name for step in steps.values() if (live := _live_after(step, current)) for name in rests_on(live)
        }
        spared = [key for key, step in steps.items() if step.action is Action.RETIRE and key in used]
        if not spared:
            return
        for key in spared:
            steps[key] = replace(steps[key], action=Action.IN_USE)


def _live_after(step: Step, current: Mapping[Key, Item | None]) -> Item | None:
    if step.action is Action.RETIRE:
        return None
    return step.item if step.action in (Action.ADD, Action.TAKE) else current.get(step.key)


def rests_on(item: Item) -> tuple[Key, ...]:
    """Items without which this one falls silent: an entry's facts, a fact's document."""
    if item.kind is Kind.ENTRY:
        return tuple((Kind.FACT, name) for name in item.body.get("facts", ()))
    document = item.body.get("document", "") if item.kind is Kind.FACT else ""
    return ((Kind.DOCUMENT, document),) if document else ()
