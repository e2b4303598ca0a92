"""What Rasa components around a vector model share: create, train, load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.vector_model import VectorModel

FILE = "model.npz"
Self = TypeVar("Self", bound="VectorComponent")


def is_one_of(intent: str, names: Sequence[str]) -> bool:
    """Whether a list of a component's configuration names an intent; `ask_*` names many."""
    return any(fnmatchcase(intent, name) for name in names)


def vector_of(message: Message) -> NDArray[Any] | None:
    """The sentence vector that the encoder left on a message; None where it has no text."""
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        return None
    vector: NDArray[Any] = sentence.features[0]
    return vector


class VectorComponent(GraphComponent, ABC):
    """Learns labels from sentence vectors, and applies them to messages."""

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, storage, resource
        self._model: VectorModel | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`balance`: see VectorModel.fit."""
        return {"balance": 0.0}

    @classmethod
    def create(
        cls: type[Self],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """A component that has learnt nothing yet."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls: type[Self],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> Self:
        """Load what `train` learnt."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._model = VectorModel.load(folder / FILE)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples."""
        vectors, labels = self.labelled(training_data)
        model = VectorModel.fit(np.stack(vectors), labels, balance=self._config["balance"])
        with self._storage.write_to(self._resource) as folder:
            model.save(folder / FILE)
        return self._resource

    @abstractmethod
    def labelled(self, training_data: TrainingData) -> tuple[Sequence[NDArray[Any]], list[str]]:
        """Vectors of the examples and their labels."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Apply to customers' messages."""
        assert self._model is not None
        for message in messages:
            vector = vector_of(message)
            if vector is not None:
                self.apply(message, self._model.ranked(vector))
        return messages

    @abstractmethod
    def apply(self, message: Message, ranked: list[tuple[str, float]]) -> None:
        """Note the labels with their probabilities on a message."""
