"""Several wishes in one message: which of them leads, and which are served or named after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
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
UNCLEAR = "unclear"
"""Value of the entity where a clause is only named: say it by itself, please."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FurtherWishes(GraphComponent, EntityExtractorMixin):
    """Adds an entity `further_wish`, the intent of a clause, for each wish beside the leading one.

    A message as a whole has one intent, and rules follow that. A sure wish in a clause leads
    instead where the whole is weak, where it was taken for something that nobody waits for, or
    where the clause takes a closing back.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """What the numbers and the lists of intents mean; `ask_*` names many.

        `sure`: the least probability of a clause that is served, for intents by name (the first
        that fits). `doubtful`: from here on a clause is named at least. `weak`: below this the
        whole message gives way to a sure clause. `wishes`: what counts as a wish. `alike`: of each
        group only the first is a wish. `opposite`: what is never served beside another wish.
        `alone`: intents of a whole message beside which sure wishes are named and none is served.
        `leads`: for intents of a whole message the wishes that lead instead of them.
        `asked_elsewhere`: a question of this intent is not served here, which is said; also
        what holds one of the words `requesting`.
        """
        return {
            "sure": {"*": 0.8},
            "doubtful": 0.5,
            "weak": 0.6,
            "wishes": [],
            "alike": [],
            "opposite": {},
            "alone": [],
            "leads": {},
            "asked_elsewhere": None,
            "requesting": [],
        }

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
            leading = self._leading(message, clauses)
            if leading:
                self._lead(message, leading.intent, self._share(leading))
            else:
                self._settle_between_alike(message)
            self._add(message, list(self._further(message.get(INTENT)[INTENT_NAME_KEY], clauses)))
        return messages

    def _leading(self, message: Message, clauses: Sequence[ClauseIntent]) -> ClauseIntent | None:
        """The first clause that leads instead of the whole message, or instead of that clause."""
        whole = message.get(INTENT)
        intent = whole[INTENT_NAME_KEY]
        leads = self._leads(intent)
        if whole[PREDICTED_CONFIDENCE_KEY] < self._config["weak"]:
            said_by_itself = any(self._kind(c.intent) == self._kind(intent) for c in clauses)
            leads = leads if said_by_itself else [*leads, *self._config["wishes"]]
        first = self._first_of(leads, clauses)
        return first and (self._first_of(self._leads(first.intent), clauses) or first)

    def _leads(self, intent: str) -> Sequence[str]:
        leads: Sequence[str] = self._config["leads"].get(intent, [])
        return leads

    def _first_of(
        self, leads: Sequence[str], clauses: Sequence[ClauseIntent]
    ) -> ClauseIntent | None:
        sure = filter(self._is_sure, clauses)
        return next((clause for clause in sure if is_one_of(clause.intent, leads)), None)

    def _further(
        self, leading: str, clauses: Sequence[ClauseIntent]
    ) -> Iterator[tuple[str, ClauseIntent]]:
        """The other wishes, one of a kind, in the order of the message: an intent or UNCLEAR."""
        taken = [leading]
        for clause in clauses:
            if not self._wants(clause) or self._share(clause) < self._config["doubtful"]:
                continue
            if self._kind(clause.intent) in map(self._kind, taken):
                continue
            sure = self._is_sure(clause)
            apart = leading in self._config["alone"] or any(
                self._opposite(clause.intent, other) for other in taken
            )
            if apart and not sure:
                continue  # more likely the leading wish in other words than its opposite
            yield (clause.intent if sure and not apart else UNCLEAR), clause
            taken.append(clause.intent)

    def _wants(self, clause: ClauseIntent) -> bool:
        if clause.intent == self._config["asked_elsewhere"]:
            words = clause.clause.text.casefold()
            requests = any(f" {word} " in f" {words} " for word in self._config["requesting"])
            return self._is_sure(clause) and (clause.is_question or requests)
        return is_one_of(clause.intent, self._config["wishes"])

    def _is_sure(self, clause: ClauseIntent) -> bool:
        least: Mapping[str, float] = self._config["sure"]
        return self._share(clause) >= next(
            share for intents, share in least.items() if is_one_of(clause.intent, [intents])
        )

    def _opposite(self, one: str, other: str) -> bool:
        named: Mapping[str, Sequence[str]] = self._config["opposite"]
        return is_one_of(one, named.get(other, [])) or is_one_of(other, named.get(one, []))

    def _kind(self, intent: str) -> str:
        return next((group[0] for group in self._config["alike"] if intent in group), intent)

    def _share(self, clause: ClauseIntent) -> float:
        """How likely a clause is of its likeliest kind."""
        return self._of_kind(clause.ranked, clause.intent)

    def _of_kind(self, ranked: Iterable[tuple[str, float]], intent: str) -> float:
        """How likely it is an intent or one of its kind: they are near each other."""
        kind = self._kind(intent)
        return sum(share for other, share in ranked if self._kind(other) == kind)

    def _settle_between_alike(self, message: Message) -> None:
        """Where only intents of one kind compete, the first of them: asking back helps nobody."""
        if message.get(INTENT)[INTENT_NAME_KEY] != DEFAULT_NLU_FALLBACK_INTENT_NAME:
            return
        ranked = [
            (r[INTENT_NAME_KEY], r[PREDICTED_CONFIDENCE_KEY])
            for r in message.get(INTENT_RANKING_KEY, [])
            if r[INTENT_NAME_KEY] != DEFAULT_NLU_FALLBACK_INTENT_NAME
        ]
        if len(ranked) < 2:
            return
        (first, _), (second, _) = ranked[:2]
        share = self._of_kind(ranked, first)
        if self._kind(first) == self._kind(second) and share >= self._config["doubtful"]:
            self._lead(message, first, share)

    def _lead(self, message: Message, intent: str, share: float) -> None:
        first = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: share}
        ranking = [r for r in message.get(INTENT_RANKING_KEY, []) if r[INTENT_NAME_KEY] != intent]
        message.set(INTENT, first, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [first, *ranking], add_to_output=True)

    def _add(self, message: Message, wishes: Sequence[tuple[str, ClauseIntent]]) -> None:
        entities = [
            {
                ENTITY_ATTRIBUTE_TYPE: ENTITY,
                ENTITY_ATTRIBUTE_VALUE: wanted,
                ENTITY_ATTRIBUTE_START: wish.clause.start,
                ENTITY_ATTRIBUTE_END: wish.clause.end,
                PREDICTED_CONFIDENCE_KEY: self._share(wish),
            }
            for wanted, wish in wishes
        ]
        if entities:
            entities = [*message.get(ENTITIES, []), *self.add_extractor_name(entities)]
            message.set(ENTITIES, entities, add_to_output=True)
