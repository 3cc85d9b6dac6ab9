"""Vectors once made, kept: a file per model, so that a restart or one edited answer embeds nothing again.

The file is only ever appended to, in records of one size: a key (the hash of the text), a checksum, the
vector. What a crash left half-written is cut off, what does not add up is made anew; losing the whole file
costs time and nothing else. It holds no text.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import mmap
import os
import re
import threading
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

if TYPE_CHECKING:
    from knowledge.embedding import Embedder

log = structlog.get_logger(__name__)

_MAGIC = b"KHVEC1\n\0"
_HEADER = 64
_KEY = 16
_CHUNK = 8
"""Texts embedded between two appends: what an interruption costs, and what the program's end waits for.
32 of the longest took 5 to 10 s on two busy cores."""
_GATHERED = 512
"""Vectors copied in one go; a fraction of a millisecond."""

Progress = Callable[[int, int], None]
"""Called with (texts done, texts to do)."""
Key = bytes


def key_of(text: str) -> Key:
    """What a text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()


class VectorStore:
    """The vectors of one embedder, by text. Safe for several threads and several processes.

    Looking up takes microseconds a text; `add` blocks for as long as the model takes: call it in a thread.
    """

    def __init__(self, folder: Path | None, embedder: Embedder) -> None:
        """`folder` None keeps everything in memory. Raises OSError when the folder cannot be used."""
        self.embedder = embedder
        self._lock = threading.RLock()
        self._rows: dict[Key, int] = {}
        self._memory: list[NDArray[np.float32]] = []
        self._record = np.dtype(
            [("key", f"V{_KEY}"), ("sum", "<u4"), ("vector", "<f4", (embedder.dimensions,))]
        )
        self._file = -1
        self._forget_file: weakref.finalize[[int], VectorStore] | None = None
        self._records: NDArray[np.void] | None = None
        self.path: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", embedder.name).strip("-.")[-80:]
            tail = hashlib.blake2b(embedder.name.encode(), digest_size=4).hexdigest()
            self.path = folder / f"{name}-{tail}.vectors"
            with self._lock:
                self._refresh()

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` that have no vector yet, each once, in order."""
        with self._lock:
            self._refresh()
            return [text for text in dict.fromkeys(texts) if key_of(text) not in self._rows]

    def add(self, texts: Sequence[str], progress: Progress | None = None) -> None:
        """Embed what is missing. Interrupted, it keeps what was done; several may add at once."""
        missing = self.missing(texts)
        # Alike lengths together, so that the cores finish each chunk at the same time.
        missing.sort(key=len, reverse=True)
        done = 0
        if progress and missing:
            progress(0, len(missing))
        while done < len(missing):
            chunk = missing[done : done + _CHUNK]
            self._append([key_of(text) for text in chunk], self.embedder.passages(chunk))
            done += len(chunk)
            if progress:
                progress(done, len(missing))

    def get(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of `texts`, shape (texts, dimensions). Raises KeyError for one that is missing."""
        with self._lock:
            if any(key_of(text) not in self._rows for text in texts):
                self._refresh()
            rows = [self._rows[key_of(text)] for text in texts]
            made = np.empty((len(rows), self.embedder.dimensions), np.float32)
            # In pieces: numpy keeps Python's lock while it gathers, and the event loop needs it now and then.
            for start in range(0, len(rows), _GATHERED):
                piece = rows[start : start + _GATHERED]
                if self.path is None:
                    made[start : start + len(piece)] = [self._memory[row] for row in piece]
                elif self._records is not None:
                    made[start : start + len(piece)] = self._records["vector"][piece]
            return made

    def _append(self, keys: Sequence[Key], vectors: NDArray[np.float32]) -> None:
        with self._lock:
            if self.path is None:
                for key, vector in zip(keys, vectors, strict=True):
                    self._rows[key] = len(self._memory)
                    self._memory.append(vector)
                return
            records = np.zeros(len(keys), dtype=self._record)
            records["key"] = np.frombuffer(b"".join(keys), dtype=f"V{_KEY}")
            records["vector"] = vectors
            for record in records:
                record["sum"] = _sum_of(record)
            self._refresh()  # the file may have gone while the model was at work
            with self._locked():
                content = records.tobytes()
                if os.pwrite(self._file, content, self._repair()) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            self._refresh()

    # --- the file ---------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Take in what was appended since, here or by another process; start anew when the file is gone."""
        if self.path is None:
            return
        if self._file < 0 or self._is_gone():
            self._open()
        size = os.fstat(self._file).st_size
        count = (size - _HEADER) // self._record.itemsize
        known = 0 if self._records is None else len(self._records)
        if count < known:  # somebody cut the file: trust nothing that was read from it
            self._rows.clear()
            known = 0
        if count == known and self._records is not None:
            return
        if count <= 0:
            self._records = None
            return
        mapped = mmap.mmap(self._file, _HEADER + count * self._record.itemsize, access=mmap.ACCESS_READ)
        self._records = np.frombuffer(mapped, self._record, count, _HEADER)
        broken = 0
        for row in range(known, count):
            record = self._records[row]
            if int(record["sum"]) == _sum_of(record):
                self._rows[record["key"].tobytes()] = row
            else:
                broken += 1
        if broken:
            log.warning("vectors_damaged", file=self.path.name, records=broken, kept=len(self._rows))

    def _is_gone(self) -> bool:
        if not self._is_moved():
            return False
        assert self.path is not None
        log.warning("vectors_gone", file=self.path.name)
        return True

    def _open(self) -> None:
        """Open or make the file; what is no file of ours is moved aside."""
        assert self.path is not None
        self._rows.clear()
        self._records = None
        if self._forget_file is not None:
            self._forget_file()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._forget_file = weakref.finalize(self, os.close, self._file)
        with self._locked():
            size = os.fstat(self._file).st_size
            start = os.pread(self._file, _HEADER, 0)
            if size < _HEADER and self._header().startswith(start):
                os.pwrite(self._file, self._header(), 0)
            elif start != self._header():
                log.warning("vectors_unreadable", file=self.path.name)
                self.path.replace(self.path.with_suffix(".damaged"))
            else:
                self._repair()
        if self._is_moved():
            self._open()

    def _is_moved(self) -> bool:
        assert self.path is not None
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return True
        mine = os.fstat(self._file)
        return (there.st_ino, there.st_dev) != (mine.st_ino, mine.st_dev)

    def _header(self) -> bytes:
        name = hashlib.blake2b(self.embedder.name.encode(), digest_size=16).digest()
        return (_MAGIC + self.embedder.dimensions.to_bytes(4, "little") + name).ljust(_HEADER, b"\0")

    def _repair(self) -> int:
        """Cut off a record that a crash left unfinished; gives the file's end. Only under the file's lock."""
        size = os.fstat(self._file).st_size
        rest = (size - _HEADER) % self._record.itemsize
        if rest:
            log.warning("vectors_torn", file=self.path.name if self.path else "", octets=rest)
            os.ftruncate(self._file, size - rest)
        return size - rest

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """While no other process appends to the file."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def _sum_of(record: np.void) -> int:
    return zlib.crc32(record["vector"].tobytes(), zlib.crc32(record["key"].tobytes()))
