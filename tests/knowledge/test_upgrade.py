"""The three-way comparison: staff's work is never lost, and a shipped change never silently dropped."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from knowledge.content import Item, Kind
from knowledge.upgrade import Action, Key, plan

KEY: Key = (Kind.ENTRY, "x")
VERSIONS = [None, *(Item(Kind.ENTRY, "x", {"answer": text}) for text in "ABC")]


class Book:
    """What is stored of each item, in the plainest form: the outcome of every step as it is meant."""

    def __init__(self) -> None:
        self.base: dict[Key, Item] = {}
        self.live: dict[Key, Item | None] = {}
        self.waiting: dict[Key, Item] = {}

    def ship(self, new: dict[Key, Item]) -> list[Action]:
        steps = plan(self.base, new, self.live)
        for step in steps:
            self.waiting.pop(step.key, None)
            if step.action is Action.CONFLICT:
                assert step.item is not None
                self.waiting[step.key] = step.item
                continue
            if step.action in (Action.KEEP, Action.IN_USE):
                continue
            if step.item is None:
                self.base.pop(step.key, None)
            else:
                self.base[step.key] = step.item
            if step.action in (Action.ADD, Action.TAKE):
                self.live[step.key] = step.item
            if step.action is Action.RETIRE:
                del self.live[step.key]
        return [step.action for step in steps]


def one(item: Item | None) -> dict[Key, Item]:
    return {} if item is None else {KEY: item}


def test_whoever_changed_alone_wins_and_two_changes_wait_for_a_decision() -> None:
    """Every combination of three versions, each of them there or not, taken away by staff or not."""
    for old, new, live in product(VERSIONS, repeat=3):
        for taken_away in (False, True):
            if taken_away and live is not None:
                continue
            book = Book()
            book.base = one(old)
            book.live = {KEY: None} if taken_away else {**one(live)}
            untouched = live == old and not taken_away
            book.ship(one(new))
            if untouched:
                assert book.live.get(KEY) == new, (old, new, live)
                assert not book.waiting
                continue
            assert book.live.get(KEY) == live, "staff's version stays live"
            if new not in (old, live, None) or (taken_away and new not in (old, None)):
                assert book.waiting == one(new), (old, new, live)
            else:
                assert not book.waiting, (old, new, live)


shippings = st.dictionaries(st.sampled_from("pqr"), st.sampled_from("ABC"), max_size=3)
edits = st.dictionaries(st.sampled_from("pqr"), st.sampled_from(["A", "B", "C", "D", None]), max_size=2)


def entries(texts: dict[str, str]) -> dict[Key, Item]:
    return {(Kind.ENTRY, name): Item(Kind.ENTRY, name, {"answer": text}) for name, text in texts.items()}


@given(st.lists(st.tuples(shippings, edits), max_size=6))
def test_over_any_history_staff_changes_live_on_and_repeating_an_upgrade_changes_nothing(
    history: list[tuple[dict[str, str], dict[str, str | None]]],
) -> None:
    book = Book()
    edited: dict[Key, Item | None] = {}
    for texts, changes in history:
        new = entries(texts)
        book.ship(new)
        for key, item in edited.items():
            assert book.live[key] == item, "an upgrade changed what staff had decided"
        for key, item in new.items():
            assert item in (book.live.get(key), book.waiting.get(key), book.base.get(key))
        before = (dict(book.base), dict(book.live), dict(book.waiting))
        book.ship(new)
        assert before == (book.base, book.live, book.waiting)
        for name, text in changes.items():
            key = (Kind.ENTRY, name)
            book.live[key] = None if text is None else Item(Kind.ENTRY, name, {"answer": text})
            edited[key] = book.live[key]
        # What staff set to just what is shipped counts as untouched.
        edited = {key: item for key, item in edited.items() if item is None or item != book.base.get(key)}
        edited = {key: item for key, item in edited.items() if item is None or item != new.get(key)}


def test_what_a_reworded_answer_rests_on_is_not_retired() -> None:
    document = Item(Kind.DOCUMENT, "1/QĐ", {"title": "x"})
    fact = Item(Kind.FACT, "f", {"document": "1/QĐ", "statement": "x"})
    entry = Item(Kind.ENTRY, "e", {"facts": ["f"], "answer": "x"})
    reworded = Item(Kind.ENTRY, "e", {"facts": ["f"], "answer": "y"})
    old = {(item.kind, item.id): item for item in (document, fact, entry)}

    steps = plan(old, {}, {**old, (Kind.ENTRY, "e"): reworded})
    assert {step.key[0]: step.action for step in steps} == {
        Kind.DOCUMENT: Action.IN_USE,
        Kind.FACT: Action.IN_USE,
        Kind.ENTRY: Action.THEIRS,
    }
    untouched = plan(old, {}, old)
    assert {step.action for step in untouched} == {Action.RETIRE}
