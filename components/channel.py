"""The channel between the backend's gateway and Rasa: one message in, everything said out.

Unlike Rasa's REST channel it checks a token, and it keeps which response each message came
from (`utter_action`) and the fingerprint under which a statement counts as shown (`shown`).
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

KEPT = ("text", "buttons", "utter_action", "shown")


def _language(body: dict[str, Any]) -> dict[str, str] | None:
    """The conversation's language, the one thing that is taken from the metadata."""
    metadata = body.get("metadata")
    language = metadata.get("language") if isinstance(metadata, dict) else None
    return {"language": language} if isinstance(language, str) else None


class CollectingChannel(OutputChannel):
    """Collects what the assistant says in one turn."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """Name for responses that are made for a channel."""
        return "farewell"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep a message with what the gateway needs to know of it."""
        self.said.append({key: message[key] for key in KEPT if message.get(key)})


class FarewellChannel(InputChannel):
    """Takes messages from the gateway only."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._turns: set[asyncio.Future[Any]] = set()

    @classmethod
    def name(cls) -> str:
        """Part of the route: `/webhooks/farewell/webhook`."""
        return "farewell"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Read the token.

        Raises ValueError without one: the channel must never be open.
        """
        token = (credentials or {}).get("token")
        if not token or "${" in token:
            raise ValueError("credentials.yml: the farewell channel needs FAREWELL_SERVICE_TOKEN")
        return cls(token)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of the channel."""
        routes = Blueprint("farewell_channel")

        @routes.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @routes.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            shown = request.headers.get("Authorization", "")
            if not hmac.compare_digest(shown.encode(), f"Bearer {self._token}".encode()):
                return response.json({"error": "wrong token"}, status=401)
            body = request.json if isinstance(request.json, dict) else {}
            sender, text = body.get("sender"), body.get("message")
            if not isinstance(sender, str) or not isinstance(text, str) or not sender or not text:
                return response.json({"error": "sender and message are needed"}, status=400)
            collected = CollectingChannel()
            message = UserMessage(
                text, collected, sender, input_channel=self.name(), metadata=_language(body)
            )
            # Finished even if the caller goes away: a turn that is cut off has acted, but Rasa
            # would not remember it.
            turn = asyncio.ensure_future(on_new_message(message))
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
            await asyncio.shield(turn)
            return response.json(collected.said)

        return routes
