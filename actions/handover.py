"""A message for the humans, taken outside their hours."""

from __future__ import annotations

from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.base import Told, attempt, said, speak
from actions.client import Backend, Utterance, backend


class ValidateMessageForm(FormValidationAction):
    """Takes whatever the customer writes as the message."""

    def name(self) -> str:
        """Name in the domain."""
        return "validate_message_form"

    async def validate_handover_message(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> dict[str, Any]:
        """Keep the message with the handover."""
        if value is None:  # forgotten at the step before, not given by the customer
            return {"handover_message": None}
        call = backend(tracker.sender_id).leave_message(str(value))
        say, error = await attempt(self.name(), tracker, call)
        if error:
            return {"handover_message": "?", "outcome": "failed", "error_code": error}
        speak(dispatcher, say)
        return {"handover_message": str(value)}


class NoMessage(Told):
    """The customer leaves no message."""

    action_name = "action_no_message"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Go on without one, unless the words hold one."""
        return await backend.leave_message(said(tracker), declined=True)
