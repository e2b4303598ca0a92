"""The beginning of a conversation: Farewell says that it is a bot."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, SessionStarted
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events


class SessionStart(Action):
    """Introduces itself once; nothing is carried over, since the backend keeps what counts."""

    def name(self) -> str:
        """Rasa's own name for the start of a session."""
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        """Speak first, then listen."""
        dispatcher.utter_message(response="utter_say_introduction")
        return [SessionStarted(), ActionExecuted("action_listen")]
