"""Why somebody leaves, as a code, from their own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME, INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_NAME_KEY,
    METADATA,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.sentence_encoder import clauses_of
from components.vector_component import VectorComponent, is_one_of, vector_of

ENTITY = "exit_reason"
"""Name of the entity, and of the key of an intent's metadata in the training data."""
NO_REASON = "none"
OUT_OF_SCOPE, GIVING_ONE = "out_of_scope", "give_exit_reason"
ENOUGH_FOREIGN = 8
"""Every so many examples that are out of scope show what is no reason; all would drown those."""


def marked_reason(example: Message) -> str | None:
    """The reason for leaving that a training example is marked with."""
    marked = (example.get(METADATA) or {}).get(INTENT) or {}
    return marked.get(ENTITY)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class ExitReasonClassifier(VectorComponent, EntityExtractorMixin):
    """Adds the entity `exit_reason` where a message surely gives a reason, as a whole or in one of
    its clauses.

    It learns from blocks of examples whose intent has the metadata `exit_reason`. A reason that is
    not sure is left out: the customer's words are kept anyway, and nobody is told a wrong reason.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`sure`: the least probability; `sure_elsewhere`: the same where a message was understood
        as none of the assistant's topics; `seldom_with`: intents whose examples give no reason,
        though a message may; `never_with`: intents whose messages never give one; `vague`: reasons
        that are only taken from a message which is nothing but a reason."""
        own = {"sure": 0.4, "sure_elsewhere": 0.6, "seldom_with": [], "never_with": []}
        return {**VectorComponent.get_default_config(), **own, "vague": []}

    def labelled(self, training_data: TrainingData) -> tuple[Sequence[NDArray[Any]], list[str]]:
        """Examples marked with a reason, and some that give none."""
        examples = [(m, vector_of(m)) for m in training_data.intent_examples]
        told = [(v, r) for m, v in examples if v is not None and (r := self._reason(m))]
        foreign = [v for m, v in examples if v is not None and m.get(INTENT) == OUT_OF_SCOPE]
        none = [(v, NO_REASON) for v in foreign[::ENOUGH_FOREIGN]]
        return [vector for vector, _ in told + none], [reason for _, reason in told + none]

    def _reason(self, message: Message) -> str | None:
        seldom = message.get(INTENT) in self._config["seldom_with"]
        return marked_reason(message) or (NO_REASON if seldom else None)

    def apply(self, message: Message, ranked: list[tuple[str, float]]) -> None:
        """Add the likeliest reason, if it is sure. A button's payload gives none."""
        assert self._model is not None
        intent = message.get(INTENT)[INTENT_NAME_KEY]
        payload = message.get(TEXT).startswith(INTENT_MESSAGE_PREFIX)
        if payload or is_one_of(intent, self._config["never_with"]):
            return
        elsewhere = intent in (OUT_OF_SCOPE, DEFAULT_NLU_FALLBACK_INTENT_NAME)
        least = self._config["sure_elsewhere" if elsewhere else "sure"]

        def sure(found: tuple[str, float]) -> bool:
            reason, share = found
            return share >= least and reason != NO_REASON and self._fits(reason, intent)

        if sure(ranked[0]):
            self._add(message, *ranked[0])
            return
        clauses = [self._model.ranked(vector)[0] for _, vector in clauses_of(message)]
        surest = max(filter(sure, clauses), key=lambda found: found[1], default=None)
        if surest:
            self._add(message, *surest)

    def _fits(self, reason: str, intent: str) -> bool:
        return reason not in self._config["vague"] or intent == GIVING_ONE

    def _add(self, message: Message, reason: str, share: float) -> None:
        entity = {
            ENTITY_ATTRIBUTE_TYPE: ENTITY,
            ENTITY_ATTRIBUTE_VALUE: reason,
            ENTITY_ATTRIBUTE_START: 0,
            ENTITY_ATTRIBUTE_END: len(message.get(TEXT)),
            PREDICTED_CONFIDENCE_KEY: share,
        }
        (entity,) = self.add_extractor_name([entity])
        message.set(ENTITIES, [*message.get(ENTITIES, []), entity], add_to_output=True)
