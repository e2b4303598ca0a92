"""What tests of actions need: a backend that answers as it is told, and trackers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

import actions

PREFIX = "/api/v1/assistant/conversations/{conversation_id}/"
STOPPED = {"code": "stopped", "facts": {"account": "Acme (T-1001)"}, "shown": "abc"}


class Fake:
    """A backend that notes what it is asked and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = self.says(STOPPED)

    @staticmethod
    def says(*say: dict[str, Any], **more: Any) -> Callable[[httpx.Request], httpx.Response]:
        return lambda _: httpx.Response(200, json={"say": list(say), **more})

    def step(self, code: str, *say: dict[str, Any], **more: Any) -> None:
        content = {"asking": "first", "facts": {}, "options": [], **more}
        self.answer = self.says(*say, next_requirement=code, **content)

    def breaks(self, error: Exception) -> None:
        def answer(_: httpx.Request) -> httpx.Response:
            raise error

        self.answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.url.path, json.loads(request.content)))
        return self.answer(request)

    @property
    def asked(self) -> str:
        """The path of the one call, within the conversation."""
        ((path, _),) = self.calls
        return path.removeprefix(PREFIX.format(conversation_id="c-1"))

    @property
    def body(self) -> dict[str, Any]:
        ((_, body),) = self.calls
        return body


def tracker(
    text: str = "",
    intent: str = "",
    *,
    option: str | None = None,
    reason: str | None = None,
    events: list[dict[str, Any]] | None = None,
    **slots: Any,
) -> Tracker:
    given = {"option": option, "exit_reason": reason}
    entities = [{"entity": name, "value": value} for name, value in given.items() if value]
    understood = {"name": intent, "confidence": 1.0}
    message = {
        "text": text,
        "intent": understood,
        "intent_ranking": [understood],
        "entities": entities,
    }
    return Tracker("c-1", slots, message, events or [], False, None, {}, "action_listen")


@cache
def named(name: str) -> Action:
    executor = ActionExecutor()
    executor.register_package(actions)
    found: Action = executor.actions[name].__self__
    return found


async def run(name: str, at: Tracker) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The messages that an action utters, and the slots that it sets."""
    dispatcher = CollectingDispatcher()
    events = await named(name).run(dispatcher, at, {})
    return dispatcher.messages, {e["name"]: e["value"] for e in events if e["event"] == "slot"}


async def validated(value: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What the form makes of an account number, and the slots that it sets."""
    dispatcher = CollectingDispatcher()
    form: Any = named("validate_verification_form")
    slots = await form.validate_account_number(value, dispatcher, tracker(), {})
    return dispatcher.messages, slots
