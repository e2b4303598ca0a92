"""The action server is private: on this machine, with a token, and silent about its insides.

Rasa's own binds to all addresses, asks for nothing, allows every origin, and answers an exception
with its text and the whole tracker.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic
from serving import served

import actions
from actions import server
from actions.session import SessionStart
from actions.wishes import CloseAccount

TOKEN = {"Authorization": "Bearer secret"}
SECRET_WORDS = "the customer's own words"


def call(action: str) -> dict[str, Any]:
    message = {"text": SECRET_WORDS, "intent": {"name": "x"}, "entities": []}
    tracker = {
        "sender_id": "c-1",
        "slots": {},
        "latest_message": message,
        "events": [],
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": None,
    }
    return {
        "next_action": action,
        "sender_id": "c-1",
        "tracker": tracker,
        "domain": {},
        "version": "3.6.21",
    }


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Sanic:
    monkeypatch.setattr(Sanic, "test_mode", True)  # or the name is taken at the second start
    return server.make_app("secret")


@pytest.fixture
async def http(app: Sanic) -> AsyncIterator[httpx.AsyncClient]:
    async with served(app) as client:
        yield client


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"X-Token": "secret"}])
@pytest.mark.parametrize("path", ["/webhook", "/actions", "/anything"])
async def test_nothing_is_answered_without_the_token(
    http: httpx.AsyncClient, headers: dict[str, str], path: str
) -> None:
    answer = await http.post(path, json=call("action_session_start"), headers=headers)
    assert answer.status_code == 401
    assert "introduction" not in answer.text


async def test_health_is_open(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).json() == {"status": "ok"}


async def test_with_the_token_an_action_runs(http: httpx.AsyncClient) -> None:
    answer = await http.post("/webhook", json=call("action_session_start"), headers=TOKEN)
    assert answer.status_code == 200
    assert answer.json()["responses"][0]["response"] == "utter_say_introduction"


async def test_no_other_origin_is_allowed(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/webhook",
        json=call("action_session_start"),
        headers=TOKEN | {"Origin": "https://elsewhere.example"},
    )
    assert "access-control-allow-origin" not in answer.headers


async def test_an_exception_says_nothing_of_itself_or_the_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(action: Any, dispatcher: Any, tracker: Any, domain: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(Sanic, "test_mode", True)
    monkeypatch.setattr(SessionStart, "run", fail)
    async with served(server.make_app("secret")) as client:
        answer = await client.post("/webhook", json=call("action_session_start"), headers=TOKEN)
    assert answer.status_code == 500
    assert json.loads(answer.text) == {"error": "action failed"}


async def test_an_action_that_does_not_exist_tells_no_words_of_the_customer(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/webhook", json=call("action_unknown"), headers=TOKEN)
    assert answer.status_code == 404
    assert SECRET_WORDS not in answer.text


def test_there_is_no_server_without_a_token() -> None:
    with pytest.raises(ValueError, match="FAREWELL_SERVICE_TOKEN"):
        server.make_app("")


def test_it_listens_on_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Sanic, "test_mode", True)
    monkeypatch.setattr(Sanic, "run", lambda _, *where, **__: started.append(where))
    monkeypatch.setenv("FAREWELL_SERVICE_TOKEN", "secret")
    monkeypatch.setenv("FAREWELL_ACTIONS_PORT", "5999")
    server.main()
    assert started == [("127.0.0.1", 5999)]


def test_every_action_waits_without_blocking_the_others() -> None:
    """A `run` that is not a coroutine stops the one loop of the server for everybody."""
    executor = ActionExecutor()
    executor.register_package(actions)
    ours = [a.__self__ for a in executor.actions.values()]
    assert CloseAccount in map(type, ours)
    for action in ours:
        assert isinstance(action, Action)
        assert inspect.iscoroutinefunction(action.run), action.name()
