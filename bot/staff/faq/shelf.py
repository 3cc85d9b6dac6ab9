"""The entries as staff see them: all that is kept, in groups, and found in the bot's own way.

Read anew only when the content's revision moves. Nothing here writes or knows HTTP.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.store import content as stored
from bot.store import editing
from bot.store.content import Status
from bot.store.database import Database
from bot.store.editing import Kept
from knowledge.base import KnowledgeBase
from knowledge.content import Certainty, Content, Entry, Fact, Item, Kind, assemble
from knowledge.index import Mode
from nlu.text import fold, syllables

_LOOKED_AT = 80
_HARDLY = 0.03
"""Below this the bot itself sees hardly any resemblance."""
_FACTS_FOUND = 8
_OWNERS_SHOWN = 20


class Filter(StrEnum):
    """Which entries to list."""

    ALL = "tat-ca"
    PUBLISHED = "dang-dung"
    DRAFT = "ban-nhap"
    ARCHIVED = "luu-tru"
    CONFLICT = "xung-dot"


_STATUS_OF = {
    Filter.PUBLISHED: Status.PUBLISHED,
    Filter.DRAFT: Status.DRAFT,
    Filter.ARCHIVED: Status.ARCHIVED,
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything that is kept at one moment."""

    revision: int
    entries: Mapping[str, Kept]
    items: Mapping[tuple[Kind, str], Item]
    """What answers rest on (drafts of facts too), and the published entries."""
    content: Content
    """Made of `items`."""
    drafts_of_facts: frozenset[str]
    """Facts that become live with the first entry that rests on them."""
    _folded: dict[str, str] = field(default_factory=dict)
    _owners: dict[str, list[Kept]] = field(default_factory=dict)
    """By a folded way of asking. Made when first needed."""

    def with_(self, changed: Item) -> Content:
        """The content as it would be with one item changed."""
        return assemble([*({**self.items, (changed.kind, changed.id): changed}).values()])[0]

    def entry_of(self, made: Item) -> Entry | None:
        """An entry with the facts it rests on; None where they are not there. A thousandth of `with_`."""
        facts = [self.items.get((Kind.FACT, name)) for name in made.body["facts"]]
        numbers = {str(fact.body["document"]) for fact in facts if fact and "document" in fact.body}
        documents = [self.items.get((Kind.DOCUMENT, one)) for one in {*numbers, *made.body.get("about", ())}]
        return assemble([made, *filter(None, facts), *filter(None, documents)])[0].entries.get(made.id)

    def topics_of(self, kept: Kept) -> tuple[str, ...]:
        """What an entry is about: the documents and topics of its facts."""
        facts = (self.content.facts.get(name) for name in kept.body.get("facts", ()))
        names = (topic_of(fact) for fact in facts if fact is not None)
        return tuple(dict.fromkeys(filter(None, names)))

    def topics(self) -> list[tuple[str, int]]:
        """Every topic with its number of entries, in the order of names."""
        counted = Counter(name for kept in self.entries.values() for name in self.topics_of(kept))
        return sorted(counted.items(), key=lambda pair: fold(pair[0]))

    def counts(self) -> dict[Filter, int]:
        """How many entries each filter lists."""
        return {one: sum(fits(kept, one) for kept in self.entries.values()) for one in Filter}

    def holds(self, kept: Kept, wanted: Sequence[str]) -> bool:
        """Does an entry say every one of these folded syllables?"""
        text = self._folded.get(kept.id)
        if text is None:
            body = kept.body
            said = (body.get("question", ""), *body.get("variants", ()), body.get("answer", ""), kept.id)
            text = self._folded[kept.id] = f" {' '.join(syllables(' '.join(map(str, said))))} "
        return all(f" {one} " in text for one in wanted)

    def asked_in_the_same_words(self, asked: Iterable[str], but: str) -> list[tuple[str, Kept]]:
        """Ways of asking that another entry has already, with that entry."""
        if not self._owners:
            for kept in self.entries.values():
                if kept.status is not Status.ARCHIVED:
                    for one in (kept.body.get("question", ""), *kept.body.get("variants", ())):
                        self._owners.setdefault(fold(str(one)), []).append(kept)
        found = ((one, self._owners.get(fold(one), ())) for one in dict.fromkeys(asked))
        return [(one, kept) for one, owners in found for kept in owners if kept.id != but][:_OWNERS_SHOWN]

    def is_unsure(self, kept: Kept) -> bool:
        """Does an entry rest on something that is not certain?"""
        facts = (self.content.facts.get(name) for name in kept.body.get("facts", ()))
        return any(fact is None or fact.certainty is not Certainty.CERTAIN for fact in facts)

    def facts_like(self, words: str) -> list[Fact]:
        """Facts that say all of the words, else those that say most; the best supported first."""
        wanted = syllables(words)
        if not wanted:
            return []
        scored = []
        for fact in self.content.facts.values():
            place = fact.citation
            text = f" {' '.join(syllables(f'{fact.statement} {place.title} {place.locator} {fact.topic}'))} "
            hits = sum(f" {one} " in text for one in wanted) + (fact.id == words.strip())
            scored.append((hits, fact))
        least = max(1, (len(wanted) + 1) // 2)
        best = sorted((pair for pair in scored if pair[0] >= least), key=lambda pair: -pair[0])
        return [fact for _, fact in best[:_FACTS_FOUND]]


class Shelves:
    """The shelf as it is now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelf: Shelf | None = None

    async def now(self) -> Shelf:
        """What is kept, read anew when something changed."""
        async with self._database.read() as connection:
            revision = await stored.revision(connection)
            if self._shelf is not None and self._shelf.revision == revision:
                return self._shelf
            rows = {kind: await editing.every(connection, kind) for kind in _READ}
        self._shelf = await asyncio.to_thread(shelf_of, revision, rows)
        return self._shelf


_READ = (Kind.DOCUMENT, Kind.FACT, Kind.ENTRY)


def shelf_of(revision: int, rows: Mapping[Kind, Sequence[Kept]]) -> Shelf:
    """Everything that is kept, put together. Some 30 ms for what ships."""
    items = {
        (kind, kept.id): Item(kind, kept.id, kept.body)
        for kind in _READ
        for kept in rows[kind]
        if kept.status is Status.PUBLISHED or (kind is Kind.FACT and kept.status is Status.DRAFT)
    }
    return Shelf(
        revision,
        {kept.id: kept for kept in rows[Kind.ENTRY]},
        items,
        assemble(items.values())[0],
        frozenset(kept.id for kept in rows[Kind.FACT] if kept.status is Status.DRAFT),
    )


def fits(kept: Kept, wanted: Filter) -> bool:
    """Does the filter list this entry?"""
    if wanted is Filter.CONFLICT:
        return kept.conflict is not None
    return wanted is Filter.ALL or kept.status is _STATUS_OF[wanted]


def topic_of(fact: Fact) -> str:
    """The document or topic a fact belongs to."""
    return fact.topic or fact.document or fact.citation.title


async def found(shelf: Shelf, base: KnowledgeBase, words: str) -> list[Kept]:
    """Entries for what was typed, the likeliest first: as the bot finds them, then by their words alone."""
    wanted = syllables(words)
    if not wanted:
        return []
    ranked = await base.ranking(words, Mode.HYBRID, _LOOKED_AT)
    near = [one.id for one in ranked if one.score >= _HARDLY and one.id in shelf.entries]
    by_words = [kept.id for kept in shelf.entries.values() if shelf.holds(kept, wanted)]
    exact = [words.strip()] if words.strip() in shelf.entries else []
    return [shelf.entries[one] for one in dict.fromkeys([*exact, *near, *by_words])]


async def alike(shelf: Shelf, base: KnowledgeBase, question: str, but: str) -> list[tuple[Kept, float]]:
    """At most three live entries that may already answer this question, with how likely."""
    ranked = await base.ranking(question, Mode.HYBRID, 10)
    near = [(one.id, one.score) for one in ranked if one.score >= ALIKE and one.id != but]
    return [(shelf.entries[one], score) for one, score in near if one in shelf.entries][:3]


ALIKE = 0.5
"""More likely than not the same thing is meant."""
