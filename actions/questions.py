"""Questions in the middle: each intent `ask_<topic>` is a topic that the backend can answer."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import Told
from actions.client import Backend, Utterance


class AnswerQuestion(Told):
    """Answer from policy and account."""

    action_name = "action_answer_question"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Ask for the topic that the intent names."""
        return await backend.question(str(tracker.get_intent_of_latest_message())[len("ask_") :])
