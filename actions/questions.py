"""Questions in the middle, and why something is asked.

Each intent `ask_<topic>` is a topic that the backend can answer.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, Told, reason, said
from actions.client import Backend, Utterance

QUESTION = "ask_"
"""What an intent that asks something begins with."""


async def answer(backend: Backend, tracker: Tracker, intent: str) -> list[Utterance]:
    """The answer to the question that an intent names."""
    return await backend.question(intent[len(QUESTION) :], said(tracker), reason(tracker))


class AnswerQuestion(Told):
    """Answer from policy and account."""

    action_name = "action_answer_question"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Ask for the topic that the intent names."""
        return await answer(backend, tracker, str(tracker.get_intent_of_latest_message()))


class ExplainQuestion(Action):
    """Why the open question is asked; the domain has a reason for each."""

    def name(self) -> str:
        """Name in the domain."""
        return "action_explain_question"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        """The question that was asked last is the one that is open."""
        code = tracker.get_slot("next_requirement") or "none"
        dispatcher.utter_message(response=f"utter_say_why_{code}")
        return []
