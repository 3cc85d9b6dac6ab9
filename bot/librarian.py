"""Keeps what the bot knows in step with the database: loads it, makes its vectors, swaps it when it changes.

Every process has its own; all follow the content's revision in SQL, so an edit is live everywhere within a
second. Questions are answered from the old base until the new one is whole: nothing here ever makes one wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.store import content as stored_content
from bot.store import library as stored_library
from bot.store.database import Database, StoreUnavailable
from bot.tasks import end
from knowledge.analysis import TextAnalysis
from knowledge.answer import Abstention, Answer, Suggestion
from knowledge.base import KnowledgeBase
from knowledge.content import Item, content_of, load_shipped
from knowledge.embedding import Embedder, EmbedderUnavailable, open_embedder
from knowledge.excerpts import Library
from knowledge.library import LibraryPassage
from knowledge.meaning import MeaningIndex
from knowledge.vectors import VectorStore

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.25
"""How often the revision is looked at: one SELECT of one row."""
_AT_ONCE = 40
"""New texts up to which their vectors are made before a changed base is taken into use (under a second)."""

Progress = Callable[[int, int], None]


class _StoppedEarly(Exception):
    """Making vectors was broken off because the program ends."""


@dataclass(frozen=True, slots=True)
class State:
    """How far it is, for `doctor` and the console."""

    entries: int
    embedder: str
    """Name of the model in use; empty when looking by words only."""
    embedder_problem: str
    """Why there is none, in plain words; empty when all is well."""
    vectors_missing: int


class Librarian:
    """Fulfils `Knowledge` with whatever base is current."""

    def __init__(self, base: KnowledgeBase, analysis: TextAnalysis, embedder: str, folder: Path) -> None:
        """`embedder` is the EMBEDDER setting; vectors and the library's index are kept in `folder`."""
        self._base = base
        self._analysis = analysis
        self._setting = embedder
        self._folder = folder
        self._embedder: Embedder | None = None
        self._problem = ""
        self._missing = 0
        self._questions = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._library = Library(analysis, None, folder / "library")
        base.consult(self._library)
        self._stopping = False
        self._library_is_behind = False
        self._library_has_model = False
        self._revision = -1

    @property
    def base(self) -> KnowledgeBase:
        """The base in use, for showing why an answer came out as it did."""
        return self._base

    @property
    def revision(self) -> int:
        """Of the content `base` was made of; -1 before the first."""
        return self._revision

    @property
    def state(self) -> State:
        """See `State`."""
        name = self._embedder.name if self._embedder and not self._missing else ""
        return State(self._base.size, name, self._problem, self._missing)

    # --- Knowledge ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """See `Knowledge.size`."""
        return self._base.size

    async def ask(self, question: str, after: str = "") -> Answer | Abstention:
        """See `Knowledge.ask`."""
        return await self._base.ask(question, after)

    def restore(self, text: str) -> str:
        """See `KnowledgeBase.restore`."""
        return self._base.restore(text)

    def entry(self, entry_id: str) -> Answer | None:
        """See `Knowledge.entry`."""
        return self._base.entry(entry_id)

    def suggestions(self, entry_ids: Sequence[str]) -> tuple[Suggestion, ...]:
        """See `Knowledge.suggestions`."""
        return self._base.suggestions(entry_ids)

    def starters(self, count: int) -> tuple[Suggestion, ...]:
        """See `Knowledge.starters`."""
        return self._base.starters(count)

    # --- keeping in step ---------------------------------------------------------------------------

    async def follow(self, database: Database, stop: asyncio.Event) -> None:
        """Make the vectors, then take over every change until `stop` is set."""
        leaving = asyncio.create_task(self._leave_when(stop))
        try:
            await self._keep_up(database, stop)
        except _StoppedEarly:
            log.info("vectors_left_for_next_time")
        finally:
            await end(leaving)

    async def _leave_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True

    async def _keep_up(self, database: Database, stop: asyncio.Event) -> None:
        await self.learn_meanings()
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            try:
                await self.refresh(database)
            except _StoppedEarly:
                raise
            except StoreUnavailable:
                log.warning("content_not_looked_at", reason="store unavailable")
            except Exception:
                # What is in use goes on serving; the next change is another chance.
                log.exception("content_not_taken_over")

    async def refresh(self, database: Database) -> bool:
        """Take over what changed since the last look; True when something did."""
        async with database.glance() as connection:
            revision = await stored_content.revision(connection)
        if revision == self._revision:
            return False
        async with database.read() as connection:
            items = await stored_content.load(connection)
            passages = await stored_library.load_passages(connection)
        await self.take(revision, items, passages)
        if self._missing or self._library_is_behind:
            await self.learn_meanings()
        return True

    async def take(self, revision: int, items: Sequence[Item], passages: Sequence[LibraryPassage]) -> None:
        """Make this what is known. What is in use answers until the new base is whole."""
        started = time.perf_counter()
        base, meanings = await asyncio.to_thread(self._rebuild, items)
        changed = await asyncio.to_thread(self._library.take, passages)
        self._library_is_behind = self._library_is_behind or changed > 0
        self._revision = revision
        self._take(base, meanings)
        seconds = round(time.perf_counter() - started, 2)
        log.info("content_taken_over", revision=revision, passages=len(passages), seconds=seconds)

    async def learn_meanings(self, progress: Progress | None = None) -> None:
        """Open the embedder and make every missing vector. Looking by words serves meanwhile."""
        if self._embedder is None and not self._problem:
            try:
                self._embedder = await asyncio.to_thread(open_embedder, self._setting)
            except EmbedderUnavailable as error:
                self._problem = str(error)
                log.warning("embedder_unavailable", setting=self._setting, reason=str(error))
        if self._embedder is None:
            return
        base = self._base
        meanings = await asyncio.to_thread(self._meanings_of, base, self._embedder, progress)
        if base is self._base:
            self._take(base, meanings)
        await asyncio.to_thread(self._library_understands, self._embedder)

    def close(self) -> None:
        """Let go of the model and of the library's index."""
        self._stopping = True
        self._questions.shutdown(wait=True, cancel_futures=True)
        self._library.close()
        if self._embedder is not None:
            self._embedder.close()

    def _take(self, base: KnowledgeBase, meanings: MeaningIndex | None) -> None:
        if meanings is not None and self._embedder is not None:
            base.understand_meaning(meanings, self._embedder, self._questions)
        base.consult(self._library)
        self._base = base

    def _rebuild(self, items: Sequence[Item]) -> tuple[KnowledgeBase, MeaningIndex | None]:
        """A base of these items; with its meanings when few vectors are missing. In a thread."""
        base = KnowledgeBase(content_of(items), self._analysis, former=self._base)
        if self._embedder is None:
            return base, None
        texts = [line.meaning for line in base.repertoire.lines]
        self._missing = len(VectorStore(self._folder, self._embedder).missing(texts))
        if self._missing > _AT_ONCE:
            return base, None
        return base, self._meanings_of(base, self._embedder, None)

    def _library_understands(self, embedder: Embedder) -> None:
        """Bring the library's vectors up to its passages. In a thread."""
        if not self._library_has_model:
            self._library.understand(VectorStore(self._folder, embedder), self._go_on)
            self._library_has_model = True
        self._library.catch_up(self._go_on)
        self._library_is_behind = False

    def _go_on(self, done: int, of: int) -> None:
        """Called between texts while vectors are made. What was made is kept."""
        if self._stopping:
            raise _StoppedEarly

    def _meanings_of(
        self, base: KnowledgeBase, embedder: Embedder, progress: Progress | None
    ) -> MeaningIndex:
        started = time.perf_counter()
        store = VectorStore(self._folder, embedder)
        texts = [line.meaning for line in base.repertoire.lines]
        missing = len(store.missing(texts))

        def told(done: int, of: int) -> None:
            self._go_on(done, of)
            self._missing = of - done
            if progress is not None:
                progress(done, of)

        self._missing = missing
        meanings = MeaningIndex(base.repertoire.lines, embedder, store, told)
        self._missing = 0
        if missing:
            seconds = round(time.perf_counter() - started, 1)
            log.info("vectors_made", texts=missing, model=embedder.name, seconds=seconds)
        return meanings


async def take_over_shipped(database: Database, clock: Clock) -> None:
    """Bring the content of this version of the program into the database, keeping what staff changed."""
    shipped = await asyncio.to_thread(load_shipped)
    report = await database.write(lambda connection: stored_content.sync(connection, shipped.items, clock()))
    if report.added or report.updated or report.retired or report.conflicts:
        log.info(
            "content_upgraded",
            added=len(report.added),
            updated=len(report.updated),
            retired=len(report.retired),
            kept=len(report.kept),
            conflicts=len(report.conflicts),
        )


async def open_librarian(
    database: Database, analysis: TextAnalysis, embedder: str, folder: Path, clock: Clock
) -> Librarian:
    """A librarian with everything that is published, looking by words until `learn_meanings`."""
    await take_over_shipped(database, clock)
    base = await asyncio.to_thread(lambda: KnowledgeBase(content_of(()), analysis))
    librarian = Librarian(base, analysis, embedder, folder)
    await librarian.refresh(database)
    return librarian
