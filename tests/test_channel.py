"""The channel between gateway and Rasa: with the token only, one message in, everything said out.

Rasa's own channels take sender, metadata and channel from anybody (`--auth-token` does not cover
them, RasaHQ/rasa#2689), and forget which response a message came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
import yaml
from rasa.core.channels.channel import UserMessage
from sanic import Sanic
from serving import served

from components.channel import FarewellChannel
from launch.paths import ROOT

TOKEN = {"Authorization": "Bearer secret"}
MESSAGE = {"sender": "c-1", "message": "hello"}
Turn = Callable[[UserMessage], Awaitable[Any]]


def client_of(turn: Turn) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    Sanic.test_mode = True  # or the name is taken at the second test
    app = Sanic("channel_under_test", configure_logging=False)
    channel = FarewellChannel.from_credentials({"token": "secret"})
    app.blueprint(channel.blueprint(turn), url_prefix="/webhooks/farewell")
    return served(app, TOKEN)


class Heard:
    """Takes messages as Rasa would, and answers them."""

    def __init__(self, *says: dict[str, Any]) -> None:
        self.messages: list[UserMessage] = []
        self._says = says

    async def __call__(self, message: UserMessage) -> None:
        self.messages.append(message)
        for said in self._says:
            await message.output_channel.send_response(message.sender_id, said)


async def post(heard: Turn, json: Any = MESSAGE, **more: Any) -> httpx.Response:
    async with client_of(heard) as client:
        return await client.post("/webhooks/farewell/webhook", json=json, **more)


@pytest.mark.parametrize("shown", ["", "Bearer wrong", "secret", "bearer secret", "Bearer secrét"])
async def test_without_the_token_nothing_is_heard(shown: str) -> None:
    heard = Heard()
    answer = await post(heard, headers={"Authorization": shown.encode()})
    assert answer.status_code == 401
    assert heard.messages == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "hello",
        [MESSAGE],
        {"sender": "c-1"},
        {"message": "hello"},
        {"sender": "", "message": "hello"},
        {"sender": "c-1", "message": ""},
        {"sender": 1, "message": "hello"},
        {"sender": "c-1", "message": {"text": "hello"}},
    ],
)
async def test_a_body_without_sender_and_message_is_refused(body: Any) -> None:
    heard = Heard()
    assert (await post(heard, body)).status_code == 400
    assert heard.messages == []


async def test_what_is_not_json_is_refused() -> None:
    heard = Heard()
    async with client_of(heard) as client:
        answer = await client.post("/webhooks/farewell/webhook", content=b"{hello")
    assert answer.status_code == 400
    assert heard.messages == []


async def test_a_message_is_heard_as_the_gateway_sent_it_and_nothing_else_is_believed() -> None:
    heard = Heard()
    extra = {"metadata": {"role": "admin"}, "input_channel": "cmdline", "parse_data": {}}
    await post(heard, MESSAGE | extra)
    (message,) = heard.messages
    assert (message.text, message.sender_id, message.input_channel) == ("hello", "c-1", "farewell")
    assert not message.metadata
    assert not message.parse_data


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ({"language": "es", "role": "admin"}, {"language": "es"}),
        ({"language": ["es"]}, {}),
        ("es", {}),
        (None, {}),
    ],
)
async def test_of_the_metadata_only_the_language_is_taken(
    metadata: Any, kept: dict[str, str]
) -> None:
    heard = Heard()
    await post(heard, MESSAGE | {"metadata": metadata})
    assert (heard.messages[0].metadata or {}) == kept


async def test_everything_said_comes_back_with_where_it_came_from() -> None:
    said = {"text": "Hello", "utter_action": "utter_say_closed", "shown": "abc"}
    asked = {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/affirm"}]}
    asked["utter_action"] = "utter_ask_confirm"
    answer = await post(Heard({**said, "account": "Acme", "buttons": []}, asked))
    assert answer.json() == [said, asked]


async def test_two_turns_do_not_hear_each_other() -> None:
    first = await post(Heard({"text": "one"}))
    second = await post(Heard({"text": "two"}))
    assert (first.json(), second.json()) == ([{"text": "one"}], [{"text": "two"}])


async def test_a_turn_is_finished_though_the_gateway_went_away() -> None:
    """A turn that is cut off has acted, but Rasa does not save it, and the retry acts again."""
    begun, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def turn(_: UserMessage) -> None:
        begun.set()
        await go_on.wait()
        finished.set()

    calling = asyncio.create_task(post(turn))
    await begun.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    go_on.set()
    await asyncio.wait_for(finished.wait(), 2)


async def test_a_turn_that_fails_is_an_error_for_the_gateway() -> None:
    async def turn(_: UserMessage) -> None:
        raise RuntimeError("no")

    assert (await post(turn)).status_code == 500


@pytest.mark.parametrize(
    "credentials", [None, {}, {"token": ""}, {"token": "${FAREWELL_SERVICE_TOKEN}"}]
)
def test_there_is_no_channel_without_a_token(credentials: dict[str, str] | None) -> None:
    """Rasa leaves a variable that is not set standing as it is written."""
    with pytest.raises(ValueError, match="FAREWELL_SERVICE_TOKEN"):
        FarewellChannel.from_credentials(credentials)


def test_it_is_the_only_channel() -> None:
    credentials = yaml.safe_load((ROOT / "credentials.yml").read_text())
    assert list(credentials) == ["components.channel.FarewellChannel"]


def test_rasa_listens_on_this_machine_only_and_serves_no_api() -> None:
    (rasa,) = [
        line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("rasa:")
    ]
    assert "--interface 127.0.0.1" in rasa
    assert "--enable-api" not in rasa
    assert "--model models/farewell.tar.gz" in rasa
