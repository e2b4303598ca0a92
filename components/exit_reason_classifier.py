"""Why somebody leaves, as a code, from their own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    METADATA,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.vector_component import VectorComponent, vector_of

ENTITY = "exit_reason"
"""Name of the entity, and of the key of an intent's metadata in the training data."""
NO_REASON = "none"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class ExitReasonClassifier(VectorComponent, EntityExtractorMixin):
    """Adds the entity `exit_reason` where a message surely gives a reason.

    It learns from blocks of examples whose intent has the metadata `exit_reason`. A reason that is
    not sure is left out: the customer's words are kept anyway, and nobody is told a wrong reason.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`sure`: the least probability; `without_reason`: intents that never give one."""
        return {**VectorComponent.get_default_config(), "sure": 0.4, "without_reason": []}

    def labelled(self, training_data: TrainingData) -> tuple[Sequence[NDArray[Any]], list[str]]:
        """Examples marked with a reason, and those of intents that give none."""
        found = [(vector_of(m), self._reason(m)) for m in training_data.intent_examples]
        known = [(vector, reason) for vector, reason in found if vector is not None and reason]
        return [vector for vector, _ in known], [reason for _, reason in known]

    def _reason(self, message: Message) -> str | None:
        marked = (message.get(METADATA) or {}).get(INTENT) or {}
        if ENTITY in marked:
            return str(marked[ENTITY])
        return NO_REASON if message.get(INTENT) in self._config["without_reason"] else None

    def apply(self, message: Message, ranked: list[tuple[str, float]]) -> None:
        """Add the likeliest reason, if it is sure. A button's payload gives none."""
        reason, share = ranked[0]
        payload = message.get(TEXT).startswith(INTENT_MESSAGE_PREFIX)
        if payload or reason == NO_REASON or share < self._config["sure"]:
            return
        entity = {
            ENTITY_ATTRIBUTE_TYPE: ENTITY,
            ENTITY_ATTRIBUTE_VALUE: reason,
            ENTITY_ATTRIBUTE_START: 0,
            ENTITY_ATTRIBUTE_END: len(message.get(TEXT)),
            PREDICTED_CONFIDENCE_KEY: share,
        }
        (entity,) = self.add_extractor_name([entity])
        message.set(ENTITIES, [*message.get(ENTITIES, []), entity], add_to_output=True)
