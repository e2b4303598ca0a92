"""The backend as the actions see it: one typed method a use case.

`reason` is the code of the reason for leaving that the customer's words hold.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx

PATIENCE = httpx.Timeout(8.0, connect=2.0)
"""Far below the life of Rasa's lock on a conversation (60 s)."""


class BackendUnavailable(Exception):
    """The backend did not answer, or answered with an error. `code` is the problem's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Utterance:
    """A statement to speak: `utter_say_<code>` with its facts."""

    code: str
    facts: dict[str, str]
    shown: str


@dataclass(frozen=True)
class Option:
    """An option that becomes a button."""

    title: str
    code: str


@dataclass(frozen=True)
class Step:
    """What to say and ask next."""

    say: list[Utterance]
    next_requirement: str
    asking: str
    """How its question is worded: `first`, `again` or `with_human`."""
    facts: dict[str, str]
    options: list[Option] = field(default_factory=list)


class Backend:
    """Calls the backend for one conversation. Every method raises BackendUnavailable."""

    def __init__(self, http: httpx.AsyncClient, conversation_id: str) -> None:
        self._http = http
        self._path = f"/api/v1/assistant/conversations/{conversation_id}"

    async def _post(self, path: str, **body: Any) -> dict[str, Any]:
        try:
            answer = await self._http.post(f"{self._path}/{path}", json=body)
        except httpx.HTTPError as error:
            raise BackendUnavailable("backend_unreachable") from error
        if answer.is_success:
            content: dict[str, Any] = answer.json()
            return content
        try:
            code = str(answer.json()["code"])
        except (ValueError, KeyError, TypeError):
            code = f"http_{answer.status_code}"
        raise BackendUnavailable(code)

    async def _say(self, path: str, **body: Any) -> list[Utterance]:
        return _utterances(await self._post(path, **body))

    async def next_step(self) -> Step:
        """What to say and ask next."""
        content = await self._post("next-step")
        return Step(
            say=_utterances(content),
            next_requirement=content["next_requirement"],
            asking=content["asking"],
            facts=content["facts"],
            options=[Option(**option) for option in content["options"]],
        )

    async def wish(self, wish: str, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer wants `closing` or `reactivation`."""
        return await self._say("wish", wish=wish, text=text, **_because(reason))

    async def go_on(self, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer wants to go on."""
        return await self._say("continue", text=text, **_because(reason))

    async def skip_ahead(self, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer wants it done without talk."""
        return await self._say("skip-ahead", text=text, **_because(reason))

    async def choose_account(self, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer names an account."""
        return await self._say("account", text=text, **_because(reason))

    async def change_account(self, text: str, reason: str | None = None) -> list[Utterance]:
        """The account was the wrong one."""
        return await self._say("other-account", text=text, **_because(reason))

    async def answer(
        self, code: str, value: str, text: str = "", reason: str | None = None
    ) -> list[Utterance]:
        """The customer answers a requirement."""
        return await self._say("answers", code=code, value=value, text=text, **_because(reason))

    async def take_option(self, option: str) -> list[Utterance]:
        """The customer pressed an offered option."""
        return await self._say("options", option=option)

    async def take_alternative(self, text: str) -> list[Utterance]:
        """The customer names an alternative."""
        return await self._say("alternative", text=text)

    async def confirm(self, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer answered the confirmation."""
        return await self._say("confirm", text=text, **_because(reason))

    async def stop(self) -> list[Utterance]:
        """The customer does not want to close."""
        return await self._say("stop")

    async def go_back(self) -> list[Utterance]:
        """The customer takes the last answer back."""
        return await self._say("back")

    async def start_over(self) -> list[Utterance]:
        """The customer takes every answer back."""
        return await self._say("start-over")

    async def correct(self) -> list[Utterance]:
        """The last message takes something back or adds something; the backend has the words."""
        return await self._say("correction")

    async def undecided(self) -> list[Utterance]:
        """The customer says neither yes nor no."""
        return await self._say("undecided")

    async def unasked(self, yes: bool) -> list[Utterance]:
        """A yes or no to which no open question belongs."""
        return await self._say("unasked", yes=yes)

    async def not_understood(self, text: str, out_of_scope: bool) -> list[Utterance]:
        """The customer wrote something that no intent fits."""
        return await self._say("not-understood", text=text, out_of_scope=out_of_scope)

    async def question(self, topic: str, text: str, reason: str | None = None) -> list[Utterance]:
        """The customer asks something; the words may name a day."""
        return await self._say(f"questions/{topic}", text=text, **_because(reason))

    async def hand_over(self, error_code: str | None, text: str = "") -> list[Utterance]:
        """The customer wants a human; where a message for them is awaited, the words may be it."""
        return await self._say("handover", error_code=error_code, text=text)

    async def leave_message(self, text: str, *, declined: bool = False) -> list[Utterance]:
        """The customer leaves a message for the humans. `declined`: the words were understood as
        another wish; the backend keeps them where they tell more."""
        return await self._say("message", text=text, declined=declined)

    async def consent(self) -> list[Utterance]:
        """The customer agrees to the price of reactivation."""
        return await self._say("reactivation-consent")

    async def restore_numbers(self, yes: bool) -> list[Utterance]:
        """The customer wants released numbers back, or not."""
        return await self._say("restore-numbers", yes=yes)

    async def begin_verification(self, account_number: str) -> list[Utterance]:
        """A visitor gave an account number."""
        return await self._say("verification", account_number=account_number)

    async def verified(self) -> list[Utterance]:
        """The visitor became a person."""
        return await self._say("verified")


def _because(reason: str | None) -> dict[str, Any]:
    """Why the customer leaves, where the words told it."""
    return {"reason": {"code": reason}} if reason else {}


def _utterances(content: dict[str, Any]) -> list[Utterance]:
    return [Utterance(**utterance) for utterance in content["say"]]


@lru_cache
def connection() -> httpx.AsyncClient:
    """The connection pool to the backend, made once at the first call."""
    return httpx.AsyncClient(
        base_url=os.environ["FAREWELL_BACKEND_URL"],
        headers={"Authorization": f"Bearer {os.environ['FAREWELL_SERVICE_TOKEN']}"},
        timeout=PATIENCE,
    )


def backend(conversation_id: str) -> Backend:
    """The backend for a conversation."""
    return Backend(connection(), conversation_id)
