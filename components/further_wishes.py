"""Several wishes in one message: which of them leads, and which are served after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
)
from rasa.shared.nlu.training_data.message import Message

from components.intent_classifier import CLAUSE_INTENTS, ClauseIntent
from components.vector_component import is_one_of

ENTITY = "further_wish"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FurtherWishes(GraphComponent, EntityExtractorMixin):
    """Adds an entity `further_wish`, the intent of a clause, for each wish beside the leading one.

    A message as a whole has one intent, and rules follow that. A sure wish in a clause leads
    instead where the whole was taken for something that nobody waits for, or where it takes a
    closing back.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """What the lists of intents mean. `sure` is the least probability of a clause's kind.

        `wishes`: what counts as a wish. `alike`: of each group only the first is a wish. `leads`:
        for intents of a whole message the wishes that lead instead of them. `asked_elsewhere`: a
        question of this intent is not served here, which is said.
        """
        return {"sure": 0.8, "wishes": [], "alike": [], "leads": {}, "asked_elsewhere": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FurtherWishes:
        """Nothing is learnt."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Look at the clauses of customers' messages."""
        for message in messages:
            clauses: list[ClauseIntent] = message.get(CLAUSE_INTENTS) or []
            sure = [clause for clause in clauses if self._share(clause) >= self._config["sure"]]
            whole = message.get(INTENT)[INTENT_NAME_KEY]
            leading = self._leading(whole, sure)
            if leading:
                self._lead(message, leading)
            self._add(message, self._further(leading.intent if leading else whole, sure))
        return messages

    def _leading(self, whole: str, clauses: Sequence[ClauseIntent]) -> ClauseIntent | None:
        """The first clause that leads instead of the whole message."""
        leads = self._config["leads"].get(whole, [])
        return next((clause for clause in clauses if is_one_of(clause.intent, leads)), None)

    def _further(self, leading: str, clauses: Sequence[ClauseIntent]) -> list[ClauseIntent]:
        """The other wishes, one of a kind, in the order of the message."""
        kinds = {self._kind(leading)}
        found = []
        for clause in clauses:
            asked = clause.intent == self._config["asked_elsewhere"] and clause.is_question
            if not asked and not is_one_of(clause.intent, self._config["wishes"]):
                continue
            if self._kind(clause.intent) not in kinds:
                kinds.add(self._kind(clause.intent))
                found.append(clause)
        return found

    def _kind(self, intent: str) -> str:
        return next((group[0] for group in self._config["alike"] if intent in group), intent)

    def _share(self, clause: ClauseIntent) -> float:
        """How likely a clause is of its likeliest kind: intents of one kind are near each other."""
        kind = self._kind(clause.intent)
        return sum(share for intent, share in clause.ranked if self._kind(intent) == kind)

    def _lead(self, message: Message, wish: ClauseIntent) -> None:
        first = {INTENT_NAME_KEY: wish.intent, PREDICTED_CONFIDENCE_KEY: self._share(wish)}
        ranking = [
            r for r in message.get(INTENT_RANKING_KEY, []) if r[INTENT_NAME_KEY] != wish.intent
        ]
        message.set(INTENT, first, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [first, *ranking], add_to_output=True)

    def _add(self, message: Message, wishes: Sequence[ClauseIntent]) -> None:
        entities = [
            {
                ENTITY_ATTRIBUTE_TYPE: ENTITY,
                ENTITY_ATTRIBUTE_VALUE: wish.intent,
                ENTITY_ATTRIBUTE_START: wish.clause.start,
                ENTITY_ATTRIBUTE_END: wish.clause.end,
                PREDICTED_CONFIDENCE_KEY: self._share(wish),
            }
            for wish in wishes
        ]
        if entities:
            entities = [*message.get(ENTITIES, []), *self.add_extractor_name(entities)]
            message.set(ENTITIES, entities, add_to_output=True)
