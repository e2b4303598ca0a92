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
    INTENT_NAME_KEY,
    METADATA,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.intent_classifier import CLAUSE_INTENTS, ClauseIntent
from components.sentence_encoder import clauses_of
from components.vector_component import VectorComponent, is_one_of, vector_of

ENTITY = "exit_reason"
"""Name of the entity, and of the key of an intent's metadata in the training data."""
NO_REASON = "none"
OUT_OF_SCOPE, GIVING_ONE = "out_of_scope", "give_exit_reason"
SOME = 8
"""Every so many examples of other intents show what is no reason; all would drown those."""


def teaches_none(intent: str | None, never_with: Sequence[str]) -> bool:
    """Whether some of an intent's examples are learnt as giving no reason."""
    return intent == OUT_OF_SCOPE or is_one_of(str(intent), never_with)


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
        """`sure`: the least probability where a message was understood as a reason;
        `sure_elsewhere`: the same beside any other intent; `seldom_with`: intents whose examples
        give no reason, though a message may; `never_with`: intents whose messages never give one,
        nor do their examples; `staying`: intents of a whole message with which nobody leaves;
        `vague`: reasons that are only taken from a message which is nothing but a reason."""
        lists: dict[str, Any] = {"seldom_with": [], "never_with": [], "staying": [], "vague": []}
        return {**VectorComponent.get_default_config(), "sure": 0.4, "sure_elsewhere": 0.6, **lists}

    def labelled(self, training_data: TrainingData) -> tuple[Sequence[NDArray[Any]], list[str]]:
        """Examples marked with a reason, and some that give none."""
        examples = [(m, vector_of(m)) for m in training_data.intent_examples]
        known = [(m, v) for m, v in examples if v is not None]
        told = [(v, r) for m, v in known if (r := self._reason(m))]
        never = self._config["never_with"]
        unmarked = [(m, v) for m, v in known if not self._reason(m)]
        others = [v for m, v in unmarked if teaches_none(m.get(INTENT), never)]
        none = [(v, NO_REASON) for v in others[::SOME]]
        return [vector for vector, _ in told + none], [reason for _, reason in told + none]

    def _reason(self, message: Message) -> str | None:
        seldom = message.get(INTENT) in self._config["seldom_with"]
        return marked_reason(message) or (NO_REASON if seldom else None)

    def apply(self, message: Message, ranked: list[tuple[str, float]]) -> None:
        """Add the surest reason of the message or its clauses. A button's payload gives none."""
        assert self._model is not None
        intent = message.get(INTENT)[INTENT_NAME_KEY]
        pressed = message.get(TEXT).startswith(INTENT_MESSAGE_PREFIX)
        if pressed or intent in self._config["staying"]:
            return
        clauses: list[ClauseIntent] = message.get(CLAUSE_INTENTS) or []
        telling = [not is_one_of(c.intent, self._config["never_with"]) for c in clauses]
        found = []
        if all(telling) and not is_one_of(intent, self._config["never_with"]):
            found.append(ranked[0])
        vectors = [v for (_, v), tells in zip(clauses_of(message), telling, strict=True) if tells]
        parts = [self._model.ranked(vector)[0] for vector in vectors]
        # "Not the price, the quality" is about the price as a whole, but in none of its parts.
        if parts and any(one[0] not in [reason for reason, _ in parts] for one in found):
            found = []
        if parts and not any(self._is_sure(one, intent) for one in found):
            found = parts
        sure = [one for one in found if self._is_sure(one, intent)]
        if sure:
            self._add(message, *max(sure, key=lambda one: one[1]))

    def _is_sure(self, found: tuple[str, float], intent: str) -> bool:
        reason, share = found
        giving = intent == GIVING_ONE
        least = self._config["sure" if giving else "sure_elsewhere"]
        return (
            share >= least
            and reason != NO_REASON
            and (giving or reason not in self._config["vague"])
        )

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
