"""Verification of a visitor: the account number here, the security answer at the gateway only."""

from __future__ import annotations

from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.base import Told, attempt, speak
from actions.client import Backend, Utterance, backend


class ValidateVerificationForm(FormValidationAction):
    """Takes the account number; from then on the gateway keeps the answer away from here."""

    def name(self) -> str:
        """Name in the domain."""
        return "validate_verification_form"

    async def validate_account_number(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> dict[str, Any]:
        """Begin the verification; `action_next_step` asks for an unclear number again."""
        if value is None:  # forgotten at the step before, not given by the customer
            return {"account_number": None}
        call = backend(tracker.sender_id).begin_verification(str(value)[:200])
        say, error = await attempt(self.name(), tracker, call)
        if error:
            return {"account_number": "?", "outcome": "failed", "error_code": error}
        speak(dispatcher, say)
        return {"account_number": str(value)}


class Verified(Told):
    """The visitor became a person; go on with what was wanted."""

    action_name = "action_verified"

    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """Take up the wish."""
        return await backend.verified()
