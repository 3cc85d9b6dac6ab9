"""Gives Rasa's classifiers what our own interpreter sees in a message: its signs and the pieces of its words.

Rasa's counting featurizers take a long message for a loud one and know nothing of marks that were left out;
these signs find more of the wishes in examples held back (docs/decisions/0004-rasa-apart.md has the figures).
Learns a vocabulary and nothing else.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.classifier import Vocabulary
from nlu.features import Signs, message_signs, shorten
from nlu.text import vietnamese_text

_FILE = "vocabulary.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SignFeaturizer(SparseFeaturizer, GraphComponent):
    """One sparse row for each message.

    `loudness` multiplies every value. Rasa's logistic regression cannot be told how much to believe its
    examples; louder features are believed more, which makes it surer.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """As nlu/classifier.py has them; a sign is learnt when `least` messages have it."""
        return {**SparseFeaturizer.get_default_config(), "loudness": 1.0, "least": 2}

    def __init__(
        self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource
    ) -> None:
        super().__init__(name, config)
        self._loudness = float(config["loudness"])
        self._least = int(config["least"])
        self._model_storage = model_storage
        self._resource = resource
        self._vocabulary = Vocabulary({}, {})

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SignFeaturizer:
        """One that knows nothing yet."""
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SignFeaturizer:
        """One that knows what `train` learnt."""
        featurizer = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as folder:
            signs, pieces = json.loads(Path(folder, _FILE).read_text("utf-8"))
        featurizer._vocabulary = Vocabulary(
            {sign: place for place, sign in enumerate(signs)},
            {piece: len(signs) + place for place, piece in enumerate(pieces)},
        )
        return featurizer

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises InvalidConfigException for values nothing can be learnt with."""
        if not float(config["loudness"]) > 0 or int(config["least"]) < 1:
            raise InvalidConfigException("SignFeaturizer: loudness must be above 0, least at least 1")

    def train(self, training_data: TrainingData) -> Resource:
        """Learn which signs and pieces there are."""
        texts = [example.get(TEXT) for example in training_data.intent_examples]
        self._vocabulary = Vocabulary.of([_signs(text) for text in texts if text], self._least)
        known = [list(self._vocabulary.signs), list(self._vocabulary.pieces)]
        with self._model_storage.write_to(self._resource) as folder:
            Path(folder, _FILE).write_text(json.dumps(known), "utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give each example its features."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its features; one without a known sign gets a row of zeros."""
        for message in messages:
            text = message.get(TEXT)
            if text is not None:
                self.add_features_to_message(None, self._row(text), TEXT, message)
        return messages

    def _row(self, text: str) -> scipy.sparse.coo_matrix:
        signs = _signs(text)
        row = self._vocabulary.row(signs)
        # The last column says how much of a message nobody taught, or gibberish would be taken for whatever
        # the few letters it shares with an example belong to.
        row[len(self._vocabulary)] = self._strangeness(signs)
        values = np.fromiter(row.values(), np.float64, len(row)) * self._loudness
        places = (np.zeros(len(row), np.int32), np.fromiter(row, np.int32, len(row)))
        return scipy.sparse.coo_matrix((values, places), shape=(1, len(self._vocabulary) + 1))

    def _strangeness(self, signs: Signs) -> float:
        """Unknown words and symbols, as loud as known ones are."""
        single = [sign for sign in signs.plain if sign[0] in "ws"]
        unknown = sum(sign not in self._vocabulary.signs for sign in single)
        return unknown / math.sqrt(len(single) or 1)


def _signs(text: str) -> Signs:
    analysis = vietnamese_text()
    return message_signs(shorten(analysis.open_abbreviations(text)), shorten(analysis.as_meant(text)))
