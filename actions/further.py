"""What a message wanted beside its leading wish: each is served, or named.

Nothing here is irreversible: words alone close, release, port or reactivate nothing.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from textwrap import shorten

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import (
    ExportData,
    HaveExport,
    KeepNumbers,
    ReleaseNumbers,
    SkipExport,
    WaitForPort,
)
from actions.base import Told, said, speak
from actions.client import Backend, Utterance
from actions.questions import QUESTION, answer
from actions.wishes import ChooseAccount, CloseAccount, HandOver, JustCancel, StopClosing

ENTITY = "further_wish"
STAY = "stop_cancellation"
ONE_AT_A_TIME, NOT_SERVED = "utter_say_one_at_a_time", "utter_say_not_served_here"
MOST = 4
"""Wishes beside the leading one that are served; the rest is named."""
LONGEST = 15.0
"""Seconds after which no further wish is begun: Rasa gives a turn a minute in all."""
QUOTED = 80
"""Characters of a customer's words that are repeated to them."""

SERVED: dict[str, Told] = {
    "cancel_account": CloseAccount(),
    "just_cancel": JustCancel(),
    "choose_account": ChooseAccount(),
    STAY: StopClosing(),
    "request_human": HandOver(),
    "want_export": ExportData(),
    "have_export": HaveExport(),
    "decline_export": SkipExport(),
    "keep_numbers": KeepNumbers(),
    "release_numbers": ReleaseNumbers(),
    "wait_for_port": WaitForPort(),
}
"""The action that a wish has where it leads; its one call serves the wish beside another."""


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
    if wish.startswith(QUESTION):
        return answer(backend, tracker, wish)
    served = SERVED.get(wish)
    return served.ask(backend, tracker) if served else None


async def serve(dispatcher: CollectingDispatcher, tracker: Tracker, backend: Backend) -> None:
    """Serve what else the last message wanted, or name it. Raises BackendUnavailable.

    A customer who stays is not led on: that comes first.
    """
    late = time.monotonic() + LONGEST
    wishes = sorted(further_wishes(tracker), key=lambda wish: wish.intent != STAY)
    for number, wish in enumerate(wishes):
        served = number < MOST and time.monotonic() < late
        call = _call(backend, tracker, wish.intent) if served else None
        if call is not None:
            speak(dispatcher, await call)
        else:
            named = NOT_SERVED if wish.intent == "out_of_scope" else ONE_AT_A_TIME
            words = shorten(wish.words, QUOTED, placeholder="…")
            dispatcher.utter_message(response=named, words=words)
