"""Rasa's featurizer for the sentence encoder: one dense vector for a message."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.clauses import Clause, Cutter
from components.encoder.runtime import Encoder, Vector
from components.encoder.weights import EncoderBroken

CLAUSES = "clauses"
"""Where a message keeps its clauses, if it has several."""


class Spelling:
    """Writes words as the encoder knows them: to it, "dont" is hardly a negation."""

    def __init__(self, spelled: Mapping[str, str]) -> None:
        words = "|".join(map(re.escape, spelled)) or "(?!)"
        self._spelled, self._words = spelled, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)

    def of(self, text: str) -> str:
        """The text with its words as they are usually written."""
        return self._words.sub(lambda match: self._spelled[match[0].casefold()], text)


class Clauses:
    """The clauses of a message; they are encoded when somebody looks at them."""

    def __init__(self, encoder: Encoder, spelling: Spelling, clauses: Sequence[Clause]) -> None:
        self._encoder, self._spelling, self._clauses = encoder, spelling, clauses

    @cached_property
    def encoded(self) -> list[tuple[Clause, Vector]]:
        """Each clause with its vector, in the order of the message."""
        texts = [self._spelling.of(clause.text) for clause in self._clauses]
        vectors = self._encoder.encode_all(texts)
        return list(zip(self._clauses, vectors, strict=True))


def clauses_of(message: Message) -> list[tuple[Clause, Vector]]:
    """The clauses of a message with their vectors; none where it is a single one."""
    clauses: Clauses | None = message.get(CLAUSES)
    return clauses.encoded if clauses else []


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Gives each message its sentence vector, and one to each of its clauses.

    Training puts the encoder into the model, so that a running assistant needs the model alone.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`joining`: words that join clauses, in the assistant's language; `denying`: words after
        which they join none; `spelled`: how words are written that many write otherwise."""
        own: dict[str, Any] = {"joining": [], "denying": [], "spelled": {}}
        return {**DenseFeaturizer.get_default_config(), **own}

    def __init__(self, config: dict[str, Any], name: str, storage: ModelStorage, own: Resource):
        super().__init__(name, config)
        self._storage, self._resource = storage, own
        self._encoder: Encoder | None = None
        self._cutter = Cutter(config["joining"], config["denying"])
        self._spelling = Spelling(config["spelled"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """A component that holds no encoder yet."""
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> SentenceEncoder:
        """Load the encoder from the model. Raises EncoderBroken."""
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as folder:
            try:
                component._encoder = Encoder(folder)
            except EncoderBroken:
                # The process ends with one line; the server would show the stack as well.
                logging.getLogger("sanic.error").setLevel(logging.CRITICAL)
                raise
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Nothing is learnt: the pre-trained encoder goes into the model. Raises EncoderBroken."""
        with self._storage.write_to(self._resource) as folder:
            Encoder.make(folder)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Encode the examples, on all processors."""
        assert self._encoder is not None
        examples = [m for m in training_data.training_examples if m.get(TEXT) is not None]
        vectors = self._encoder.encode_all([self._spelling.of(m.get(TEXT)) for m in examples])
        for message, vector in zip(examples, vectors, strict=True):
            self._note(message, vector)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Encode customers' messages. A button's payload has no clauses."""
        assert self._encoder is not None
        for message in messages:
            text = message.get(TEXT)
            if text is None:
                continue
            self._note(message, self._encoder.encode(self._spelling.of(text)))
            if not text.startswith(INTENT_MESSAGE_PREFIX):
                clauses = self._cutter.cut(text)
                encoded = Clauses(self._encoder, self._spelling, clauses) if clauses else None
                message.set(CLAUSES, encoded)
        return messages

    def _note(self, message: Message, vector: Vector) -> None:
        self.add_features_to_message(None, vector.reshape(1, -1), TEXT, message)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Any words will do."""
