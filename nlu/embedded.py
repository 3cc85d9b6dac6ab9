"""The interpreter inside the process: no server, nothing to install, learnt from nlu/data in seconds.

What was learnt is kept in a file named after what it was learnt from, so an example added and a restart are
all it takes; a file that is torn, foreign or missing costs those seconds and nothing else. What people write
is never kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import structlog

from nlu.accents import AccentRestorer
from nlu.algebra import Numbers
from nlu.classifier import Classifier, Vocabulary, learn
from nlu.features import may_mean, memory_key, message_signs, same_marks, shorten
from nlu.interpreter import ASK_KNOWLEDGE, Interpretation, Likelihood, is_sure
from nlu.reading import Reader, Reading
from nlu.refusals import heed_refusal
from nlu.text import VietnameseText, vietnamese_text
from nlu.training import TrainingData, load_training_data

log = structlog.get_logger(__name__)

_REMEMBERED = 0.97
"""Confidence in what somebody wrote down as an example; the rest is left to what was learnt."""
_ALTERNATIVES = 3
_LONG = 1000
"""Characters from which reading a message takes long enough (3 ms and more) that others should not wait."""
_SHAPED_BY = ("accents", "algebra", "classifier", "features", "folding", "spelling", "text")
"""Modules that decide what is learnt from an example: a model of another edition of them is another model."""
INSTALLED = Path(__file__).parent / "learnt"
"""Where setting up leaves what it learnt (`python -m nlu.embedded`), so that the first start need not."""
_KEPT_MODELS = 3
"""Files of models that stay: an upgrade that is taken back finds its own again."""


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that tells intents: what was learnt, and the examples themselves."""

    classifier: Classifier
    memory: dict[str, tuple[tuple[str, str], ...]]
    """By `memory_key`: examples with their abbreviations opened, and their intents."""

    def likelihoods(self, opened: str, folded: str) -> Numbers:
        """How likely each intent of `classifier.intents` is; they add up to 1."""
        likely = self.classifier.likelihoods(message_signs(opened, folded))
        known = self.remembered(opened, folded)
        if len(known) == 1:
            likely = likely * np.float32(1 - _REMEMBERED)
            likely[self.classifier.intents.index(next(iter(known)))] += _REMEMBERED
        return likely

    def remembered(self, opened: str, folded: str) -> frozenset[str]:
        """Intents of examples this message equals: with the same marks, else with none that contradict."""
        alike = self.memory.get(memory_key(folded), ())
        same = frozenset(intent for example, intent in alike if same_marks(opened, example))
        return same or frozenset(intent for example, intent in alike if may_mean(opened, example))


class EmbeddedInterpreter:
    """Fulfils `Interpreter`. Holds nothing of what it reads; about half a millisecond a message."""

    def __init__(self, reader: Reader, model: Model) -> None:
        self._reader = reader
        self._model = model

    async def interpret(self, text: str) -> Interpretation:
        """See `Interpreter.interpret`."""
        if len(text) > _LONG:
            return await asyncio.to_thread(self.interpret_now, text)
        return self.interpret_now(text)

    def interpret_now(self, text: str) -> Interpretation:
        """The same without waiting, for whoever has no event loop."""
        reading = self._reader.read(text)
        opened, folded = shorten(reading.opened), shorten(reading.folded)
        if not memory_key(folded):
            return _interpretation(reading, Likelihood(ASK_KNOWLEDGE, 0.0), (), sure=False)
        likely = self._model.likelihoods(opened, folded)
        intents = self._model.classifier.intents
        order = np.argsort(-likely, kind="stable")
        ranked = [Likelihood(intents[place], min(float(likely[place]), 1.0)) for place in order]
        return _interpretation(reading, ranked[0], ranked[1 : 1 + _ALTERNATIVES], sure=is_sure(ranked))


def _interpretation(
    reading: Reading, best: Likelihood, others: Iterable[Likelihood], *, sure: bool
) -> Interpretation:
    found = Interpretation(
        intent=best.intent,
        confidence=best.confidence,
        text=reading.text,
        folded=reading.folded,
        restored=reading.restored,
        entities=reading.entities,
        alternatives=tuple(others),
        is_sure=sure,
    )
    return heed_refusal(found, reading.opened)


def open_embedded(
    folder: Path | None,
    reader: Reader | None = None,
    data: TrainingData | None = None,
    text: VietnameseText | None = None,
) -> EmbeddedInterpreter:
    """The interpreter for `data` (the shipped one by default), its model from INSTALLED or kept in `folder`.

    Blocks: some 0.2 s when the model is there, some seconds when it has to be learnt. Several processes may
    do this at once. A folder that cannot be written costs those seconds at every start. Raises
    TrainingDataBroken for faults in the data.
    """
    data = data or load_training_data()
    text = text or vietnamese_text()
    return EmbeddedInterpreter(reader or Reader(text), open_model(folder, data, text))


def open_model(folder: Path | None, data: TrainingData, text: VietnameseText) -> Model:
    """What `data` teach: read from `folder`, or learnt and left there."""
    edition = edition_of(data)
    name = f"nlu-{edition}.npz"
    path = folder / name if folder else None
    forms = [(text.open_abbreviations(e.text), text.as_meant(e.text)) for e in data.examples]
    classifier = _load(INSTALLED / name, edition) or (_load(path, edition) if path else None)
    if classifier is None:
        started = time.monotonic()
        classifier = learn([message_signs(*form) for form in forms], [e.intent for e in data.examples])
        log.info(
            "interpreter_taught",
            examples=len(data.examples),
            intents=len(classifier.intents),
            seconds=round(time.monotonic() - started, 1),
        )
        if path:
            _save(path, edition, classifier)
    memory: dict[str, tuple[tuple[str, str], ...]] = {}
    for (opened, folded), example in zip(forms, data.examples, strict=True):
        key = memory_key(folded)
        memory[key] = (*memory.get(key, ()), (opened, example.intent))
    return Model(classifier, memory)


def restorer_for(data: TrainingData, further: Iterable[str] = ()) -> AccentRestorer:
    """Puts marks back as the examples and `further` texts (the content) have them; teach it more any time."""
    return AccentRestorer.train([*further, *(example.text for example in data.examples)])


def edition_of(data: TrainingData) -> str:
    """What a model depends on: the data, the short forms and this program, as a name for its file."""
    digest = hashlib.blake2b(data.content_hash.encode(), digest_size=12)
    here = files("nlu")
    for name in (*(f"{module}.py" for module in _SHAPED_BY), "data/abbreviations.yml"):
        digest.update((here / name).read_bytes())
    return digest.hexdigest()


# --- the file ---------------------------------------------------------------------------------------


def _save(path: Path, edition: str, classifier: Classifier) -> None:
    """Whole or not at all; another process may be doing the same."""
    vocabulary = json.dumps([list(classifier.vocabulary.signs), list(classifier.vocabulary.pieces)])
    head = json.dumps({"edition": edition, "intents": classifier.intents, "sharpness": classifier.sharpness})
    unfinished = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            unfinished = file.name
            np.savez(
                file,
                head=np.frombuffer(head.encode(), np.uint8),
                vocabulary=np.frombuffer(vocabulary.encode("utf-8", "surrogatepass"), np.uint8),
                weights=classifier.weights,
                bias=classifier.bias,
            )
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
        _tidy(path.parent)
    except OSError as error:
        log.warning("interpreter_not_kept", file=path.name, reason=error.strerror)
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()


def _tidy(folder: Path) -> None:
    """Models of former data go, the latest stay."""
    models = sorted(folder.glob("nlu-*.npz"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in models[_KEPT_MODELS:]:
        old.unlink(missing_ok=True)


def _load(path: Path, edition: str) -> Classifier | None:
    """What is in the file, or None when it is not exactly what we would have written."""
    try:
        # Opened here, because numpy leaves a file open that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            head = json.loads(kept["head"].tobytes())
            signs, pieces = json.loads(kept["vocabulary"].tobytes())
            weights, bias = kept["weights"], kept["bias"]
        intents = tuple(head["intents"])
        places = [{sign: place for place, sign in enumerate(signs)}]
        places.append({piece: len(signs) + place for place, piece in enumerate(pieces)})
        vocabulary = Vocabulary(*places)
        fits = (
            head["edition"] == edition
            and weights.shape == (len(vocabulary), len(intents))
            and bias.shape == (len(intents),)
            and weights.dtype == bias.dtype == np.float32
            and bool(np.isfinite(weights).all() and np.isfinite(bias).all())
        )
        sharpness = float(head["sharpness"])
    except FileNotFoundError:
        return None
    except Exception as error:
        # Damaged bytes break the many readers below in as many ways; none of them may keep us from starting.
        log.warning("interpreter_unreadable", file=path.name, reason=type(error).__name__)
        return None
    if not fits:
        log.warning("interpreter_unreadable", file=path.name, reason="foreign")
        return None
    return Classifier(intents, vocabulary, weights, bias, sharpness)


if __name__ == "__main__":
    open_embedded(INSTALLED)
