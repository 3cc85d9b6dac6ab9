"""Which intent a message has: a multinomial logistic regression over signs and pieces, and how sure it is.

Written in numpy on purpose (docs/decisions/0009-interpreter.md): it is small, learns in seconds and brings no
second scientific stack into the process that serves. Confidence is calibrated on messages the model has not
seen. The same data give the same model. Nothing here reads files or the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.algebra import Numbers, Sparse, minimise
from nlu.features import Signs, pieces

_CALIBRATION_PARTS = 3
"""One part of so many is held out to see what confidence is worth."""
_RIDGE = 1e-4
_STEPS = 40
"""Of the optimiser. With twenty held-out messages come out worse, with sixty no better."""
_SCALES = {"w": 2.0, "b": 1.2, "s": 1.0, "m": 1.3, "n": 0.8}
"""How loudly each kind of sign speaks; chosen on held-out folds."""
_PIECES = 1.0
_BESIDE_MARKS = 0.7
"""How loudly words without marks speak in a message that has marks: `đúng` shall say more than `dung`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which sign and which piece has which row of weights."""

    signs: dict[str, int]
    pieces: dict[str, int]
    """Rows after those of the signs."""

    @classmethod
    def of(cls, messages: Iterable[Signs], least: int = 2) -> Vocabulary:
        """What occurs in at least `least` of the messages."""
        signs: Counter[str] = Counter()
        words: Counter[str] = Counter()
        for message in messages:
            signs.update({*message.plain, *message.marked})
            words.update(set(message.words))
        runs: Counter[str] = Counter()
        for word, count in words.items():
            runs.update(dict.fromkeys(pieces(word), count))
        kept = sorted(sign for sign, count in signs.items() if count >= least)
        kept_pieces = sorted(piece for piece, count in runs.items() if count >= least)
        return cls(
            {sign: place for place, sign in enumerate(kept)},
            {piece: len(kept) + place for place, piece in enumerate(kept_pieces)},
        )

    def __len__(self) -> int:
        return len(self.signs) + len(self.pieces)

    def sign_row(self, message: Signs) -> dict[int, float]:
        """The known signs of a message as row numbers and values."""
        loudness = _loudness(message)
        softened = loudness * _BESIDE_MARKS if message.marked else loudness
        row = {
            place: _SCALES[sign[0]] * softened
            for sign in message.plain
            if (place := self.signs.get(sign)) is not None
        }
        for sign in message.marked:
            place = self.signs.get(sign)
            if place is not None:
                row[place] = _SCALES[sign[0]] * loudness
        return row

    def piece_row(self, word: str) -> dict[int, float]:
        """The known pieces of a word as row numbers and values; of length 1 when there are any."""
        found = [place for piece in pieces(word) if (place := self.pieces.get(piece)) is not None]
        return dict.fromkeys(found, _PIECES / len(found) ** 0.5) if found else {}

    def row(self, message: Signs) -> dict[int, float]:
        """All that is known of a message as row numbers and values."""
        row = self.sign_row(message)
        loudness = _loudness(message)
        for word in message.words:
            for place, value in self.piece_row(word).items():
                row[place] = row.get(place, 0.0) + value * loudness
        return row


def _loudness(message: Signs) -> float:
    """Makes long messages no louder than short ones."""
    return float(1 / max(len(message.words), 1) ** 0.5)


@dataclass(frozen=True, slots=True)
class Table:
    """All messages that are learnt from: their signs, their words, and the pieces of those words.

    Multiplied word by word rather than message by message: pieces are many, different words are few.
    """

    signs: Sparse
    words: Sparse
    pieces: Sparse

    @classmethod
    def of(cls, messages: Sequence[Signs], vocabulary: Vocabulary) -> Table:
        """The messages in terms of a vocabulary."""
        known = {word: place for place, word in enumerate(sorted({w for m in messages for w in m.words}))}
        counts = [
            {known[word]: count * _loudness(m) for word, count in Counter(m.words).items()} for m in messages
        ]
        first = len(vocabulary.signs)
        shifted = [
            {place - first: value for place, value in vocabulary.piece_row(word).items()} for word in known
        ]
        return cls(
            Sparse.of([vocabulary.sign_row(m) for m in messages], first),
            Sparse.of(counts, len(known)),
            Sparse.of(shifted, len(vocabulary.pieces)),
        )

    def times(self, weights: Numbers) -> Numbers:
        """Logits without bias, (messages, intents)."""
        first = self.signs.shape[1]
        return self.signs.times(weights[:first]) + self.words.times(self.pieces.times(weights[first:]))

    def transposed_times(self, error: Numbers) -> Numbers:
        """What each weight had to do with the error, (rows of the vocabulary, intents)."""
        by_word = self.words.transposed_times(error)
        return np.vstack([self.signs.transposed_times(error), self.pieces.transposed_times(by_word)])


@dataclass(frozen=True, slots=True)
class Classifier:
    """What was learnt."""

    intents: tuple[str, ...]
    vocabulary: Vocabulary
    weights: Numbers
    """(rows of the vocabulary, intents)."""
    bias: Numbers
    sharpness: float
    """What logits are multiplied with so that confidence is what it says."""

    def likelihoods(self, message: Signs) -> Numbers:
        """How likely each intent is, calibrated; they add up to 1."""
        return softmax(self.logits(message).reshape(1, -1) * np.float32(self.sharpness)).reshape(-1)

    def logits(self, message: Signs) -> Numbers:
        """Uncalibrated."""
        row = self.vocabulary.row(message)
        if not row:
            return self.bias
        places = np.fromiter(row, np.intp, len(row))
        values = np.fromiter(row.values(), np.float32, len(row))
        scores: Numbers = values @ self.weights[places] + self.bias
        return scores


def learn(messages: Sequence[Signs], intents: Sequence[str]) -> Classifier:
    """A calibrated classifier from messages and their intents. Some seconds for 3,000 messages."""
    names, truth = _numbered(intents)
    places, logits = held_out(messages, intents, part=0, parts=_CALIBRATION_PARTS)
    sharpness = calibrate(logits, truth[places]) if places else 1.0
    vocabulary, weights, bias = _fit(messages, truth, len(names), _STEPS)
    return Classifier(names, vocabulary, weights, bias, sharpness)


def held_out(
    messages: Sequence[Signs], intents: Sequence[str], part: int, parts: int
) -> tuple[list[int], Numbers]:
    """Places of one part of the messages, and their logits by a model of the other parts.

    Every intent is spread evenly over the parts.
    """
    names, truth = _numbered(intents)
    turn = np.zeros(len(truth), np.intp)
    for number in range(len(names)):
        places = np.flatnonzero(truth == number)
        turn[places] = np.arange(len(places)) % parts
    seen = [int(place) for place in np.flatnonzero(turn != part)]
    left = [int(place) for place in np.flatnonzero(turn == part)]
    if not seen or not left:
        return [], np.zeros((0, len(names)), np.float32)
    learnt = _fit([messages[place] for place in seen], truth[seen], len(names), _STEPS)
    one = Classifier(names, *learnt, sharpness=1.0)
    return left, np.array([one.logits(messages[place]) for place in left], np.float32)


def _numbered(intents: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Names in alphabetical order, and the number of each message's."""
    names = tuple(sorted(set(intents)))
    number = {name: place for place, name in enumerate(names)}
    return names, np.array([number[intent] for intent in intents], np.intp)


def calibrate(logits: Numbers, truth: NDArray[np.intp]) -> float:
    """The sharpness under which the right intents are likeliest together."""
    tried = np.geomspace(0.3, 5.0, 60)
    losses = [-np.log(softmax(logits * s)[np.arange(len(truth)), truth] + 1e-9).mean() for s in tried]
    return float(tried[int(np.argmin(losses))].item())


def softmax(logits: Numbers) -> Numbers:
    """Row by row."""
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely: Numbers = (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)
    return likely


def _fit(
    messages: Sequence[Signs], truth: NDArray[np.intp], intents: int, steps: int
) -> tuple[Vocabulary, Numbers, Numbers]:
    """Weights for messages as they are and, where they carry marks, as they would be without."""
    marked = [place for place, message in enumerate(messages) if message.marked]
    seen = [*messages, *(messages[place].bare for place in marked)]
    told = np.concatenate([truth, truth[marked]]).astype(np.intp)
    vocabulary = Vocabulary.of(messages)
    table = Table.of(seen, vocabulary)
    wanted = np.zeros((len(seen), intents), np.float32)
    wanted[np.arange(len(seen)), told] = 1

    def slope(parameters: Numbers) -> tuple[float, Numbers]:
        likely = softmax(table.times(parameters[:-1]) + parameters[-1])
        hit = likely[np.arange(len(seen)), told]
        loss = -float(np.log(hit + 1e-12).mean())
        loss += 0.5 * _RIDGE * float(np.square(parameters[:-1]).sum())
        error = ((likely - wanted) / len(seen)).astype(np.float32)
        gradient = np.vstack([table.transposed_times(error), error.sum(axis=0)])
        gradient[:-1] += _RIDGE * parameters[:-1]
        return loss, gradient

    found = minimise(slope, np.zeros((len(vocabulary) + 1, intents), np.float32), steps)
    return vocabulary, found[:-1], found[-1]
