"""What all actions share: ask the backend, speak, and never raise."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.client import Backend, BackendUnavailable, Utterance, backend

log = logging.getLogger(__name__)
Events = list[dict[str, Any]]


def speak(dispatcher: CollectingDispatcher, say: list[Utterance]) -> None:
    """Utter each statement by its code; `shown` tells the gateway what the customer saw."""
    for utterance in say:
        dispatcher.utter_message(
            response=f"utter_say_{utterance.code}", shown=utterance.shown, **utterance.facts
        )


def said(tracker: Tracker) -> str:
    """The customer's last message."""
    return str(tracker.latest_message.get("text") or "")


def reason(tracker: Tracker) -> str | None:
    """The code of the reason for leaving that the last message surely holds, if any."""
    return next(tracker.get_latest_entity_values("exit_reason"), None)


async def attempt(
    what: str, tracker: Tracker, call: Awaitable[list[Utterance]]
) -> tuple[list[Utterance], str | None]:
    """What the backend says, and the code of the error where it failed. Never raises."""
    try:
        return await call, None
    except BackendUnavailable as error:
        log.warning("%s in %s: %s", what, tracker.sender_id, error.code)
        return [], error.code
    except Exception:
        log.exception("%s in %s", what, tracker.sender_id)
        return [], "action_failed"


class Told(Action, ABC):
    """An action that passes a wish on and speaks what came of it.

    Whatever goes wrong ends in the slot `outcome`, which `action_next_step` turns into an answer
    with a way to a human: an action that raised would be silence (Rasa does not retry).
    """

    action_name: ClassVar[str]

    def name(self) -> str:
        """Name in the domain."""
        return self.action_name

    @abstractmethod
    async def ask(self, backend: Backend, tracker: Tracker) -> list[Utterance]:
        """The one call to the backend."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        """Ask, speak, and note whether it worked."""
        call = self.ask(backend(tracker.sender_id), tracker)
        say, error = await attempt(self.action_name, tracker, call)
        if error:
            return [SlotSet("outcome", "failed"), SlotSet("error_code", error)]
        speak(dispatcher, say)
        return [SlotSet("outcome", "done"), SlotSet("error_code", None)]
