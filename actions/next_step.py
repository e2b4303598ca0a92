"""Lead on: what the backend says comes next, for the rules to branch on."""

from __future__ import annotations

import json
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Events, speak
from actions.client import BackendUnavailable, backend
from actions.further import serve

log = logging.getLogger(__name__)
FACTS = (
    "account",
    "accounts",
    "amount",
    "contacts",
    "holders",
    "last_day",
    "limit",
    "number",
    "numbers",
    "offers",
    "plan",
    "port_state",
    "price",
    "refund",
    "roles",
    "sign_in_at",
    "steps",
    "sub_accounts",
    "total",
    "vendor",
    "when",
    "who",
)
"""Slots that questions may use; each is set anew at every step."""


def spoke_this_turn(tracker: Tracker) -> bool:
    """Whether the customer's last message has been answered with something already."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "bot":
            return True
    return False


class NextStep(Action):
    """Serves what else the message wanted; then sets `next_requirement`, the facts of its question
    and how it is worded."""

    def name(self) -> str:
        """Name in the domain."""
        return "action_next_step"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        """Ask the backend; a failure is a step of its own, never silence."""
        # What a form took would be taken again the next time, without asking.
        forgotten = [SlotSet("account_number", None), SlotSet("handover_message", None)]
        if tracker.get_slot("outcome") == "failed":
            return [
                *forgotten,
                SlotSet("next_requirement", "unavailable"),
                SlotSet("outcome", "done"),
            ]
        try:
            if tracker.get_slot("handover_message") is None:  # that message was for humans
                await serve(dispatcher, tracker, backend(tracker.sender_id))
            step = await backend(tracker.sender_id).next_step()
        except BackendUnavailable as error:
            return [*forgotten, *_unavailable(error.code)]
        except Exception:
            log.exception("next step in %s", tracker.sender_id)
            return [*forgotten, *_unavailable("action_failed")]
        speak(dispatcher, step.say)
        code = step.next_requirement
        spoke = spoke_this_turn(tracker) or bool(dispatcher.messages)
        if code == "none" and not spoke:
            code = "nothing_open"
        options = [{"title": option.title, "code": option.code} for option in step.options]
        return [
            *forgotten,
            SlotSet("next_requirement", code),
            SlotSet("asking", step.asking),
            SlotSet("options", options),
            *(SlotSet(fact, step.facts.get(fact)) for fact in FACTS),
        ]


def _unavailable(error_code: str) -> Events:
    return [SlotSet("next_requirement", "unavailable"), SlotSet("error_code", error_code)]


class OfferOptions(Action):
    """Ask the open question with the options of policy or account as buttons."""

    def name(self) -> str:
        """Name in the domain."""
        return "action_offer_options"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        """Words come from the domain, titles from policy and account."""
        buttons = [
            {
                "title": option["title"],
                "payload": "/choose_option" + json.dumps({"option": option["code"]}),
            }
            for option in tracker.get_slot("options") or []
        ]
        code = tracker.get_slot("next_requirement")
        dispatcher.utter_message(response=f"utter_ask_{code}", buttons=buttons)
        return []
