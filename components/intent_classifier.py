"""Which intent a message has: logistic regression on the sentence's vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.clauses import Clause
from components.sentence_encoder import clauses_of
from components.vector_component import VectorComponent, vector_of

RANKED = 10
"""Intents that are passed on; more say nothing."""
CLAUSE_INTENTS = "clause_intents"
"""Where a message keeps the intents of its clauses, if it has several."""


@dataclass(frozen=True)
class ClauseIntent:
    """The likeliest intents of a clause with their probabilities, likeliest first."""

    clause: Clause
    ranked: Sequence[tuple[str, float]]

    @property
    def intent(self) -> str:
        """The likeliest one."""
        return self.ranked[0][0]

    @property
    def share(self) -> float:
        """How likely that one is."""
        return self.ranked[0][1]

    @property
    def is_question(self) -> bool:
        """Whether the clause is written as a question."""
        return self.clause.text.endswith("?")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class VectorIntentClassifier(VectorComponent, IntentClassifier):
    """Intents from sentence vectors; out of scope is an intent like any other."""

    def labelled(self, training_data: TrainingData) -> tuple[Sequence[NDArray[Any]], list[str]]:
        """All examples that have an intent."""
        found = [(vector_of(m), m.get(INTENT)) for m in training_data.intent_examples]
        known = [(vector, intent) for vector, intent in found if vector is not None and intent]
        return [vector for vector, _ in known], [intent for _, intent in known]

    def apply(self, message: Message, ranked: list[tuple[str, float]]) -> None:
        """The likeliest intent, and the next ones."""
        ranking = [{"name": name, "confidence": share} for name, share in ranked[:RANKED]]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify customers' messages, and each of their clauses."""
        assert self._model is not None
        for message in super().process(messages):
            clauses = clauses_of(message)
            ranked = [ClauseIntent(c, self._model.ranked(v)[:RANKED]) for c, v in clauses]
            message.set(CLAUSE_INTENTS, ranked)
        return messages
