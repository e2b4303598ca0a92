"""What a message wanted beside its leading wish: each is served, or named.

Nothing here is irreversible: words alone close, release, port or reactivate nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import reason, said, speak
from actions.client import Backend, Utterance

ENTITY = "further_wish"
QUESTION = "ask_"
OPPOSITES = {"cancel_account", "just_cancel", "stop_cancellation", "reactivate_account"}
"""Of two of these in one message only the leading one is done: nobody can want both."""
ONE_AT_A_TIME, NOT_SERVED = "utter_say_one_at_a_time", "utter_say_not_served_here"
QUOTED = 80
"""Characters of a customer's words that are repeated to them."""


@dataclass(frozen=True)
class FurtherWish:
    """The intent of a clause, and its words."""

    intent: str
    words: str


def further_wishes(tracker: Tracker) -> Iterator[FurtherWish]:
    """The wishes beside the leading one, in the order of the message."""
    text = said(tracker)
    for entity in tracker.latest_message.get("entities") or []:
        if entity.get("entity") == ENTITY:
            words = text[entity.get("start", 0) : entity.get("end", 0)].strip(" ,;.!?")
            yield FurtherWish(str(entity.get("value")), words)


def _call(backend: Backend, tracker: Tracker, wish: str) -> Awaitable[list[Utterance]] | None:
    """The call that serves a wish; None where it has to be said by itself."""
    text, leading = said(tracker), tracker.get_intent_of_latest_message()
    if wish in OPPOSITES and leading in OPPOSITES:
        return None
    if wish.startswith(QUESTION):
        return backend.question(wish[len(QUESTION) :], text)
    match wish:
        case "cancel_account":
            return backend.wish("closing", text, reason(tracker))
        case "just_cancel":
            return backend.skip_ahead(text, reason(tracker))
        case "choose_account":
            return backend.choose_account(text, reason(tracker))
        case "request_human":
            return backend.hand_over(None)
        case "want_export":
            return backend.answer("data_export", "export", text)
        case "keep_numbers":
            return backend.answer("keep_numbers", "port_first", text)
        case "release_numbers":
            return backend.answer("keep_numbers", "release_all", text)
        case "wait_for_port":
            return backend.answer("open_port", "wait", text)
    return None


async def serve(dispatcher: CollectingDispatcher, tracker: Tracker, backend: Backend) -> None:
    """Serve what else the last message wanted, or name it. Raises BackendUnavailable."""
    for wish in further_wishes(tracker):
        call = _call(backend, tracker, wish.intent)
        if call is not None:
            speak(dispatcher, await call)
        else:
            named = NOT_SERVED if wish.intent == "out_of_scope" else ONE_AT_A_TIME
            dispatcher.utter_message(response=named, words=wish.words[:QUOTED])
