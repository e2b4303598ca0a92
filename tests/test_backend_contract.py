"""The actions' calls against the backend's own description of its API."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any, ClassVar

import jsonschema
import pytest
from acting import PREFIX, Fake, validated

from actions import client
from actions.client import Backend
from launch.paths import BACKEND_PYTHON, ROOT

DESCRIBE = """
import json
from fastapi import FastAPI
from farewell.chat.assistant import router
app = FastAPI()
app.include_router(router)
print(json.dumps(app.openapi()))
"""


@cache
def openapi() -> dict[str, Any]:
    described = subprocess.run(
        [BACKEND_PYTHON, "-c", DESCRIBE], capture_output=True, text=True, check=True, cwd=ROOT
    )
    content: dict[str, Any] = json.loads(described.stdout)
    return content


def check(path: str, body: dict[str, Any]) -> None:
    """Fails where the backend would refuse the body."""
    wanted = openapi()["paths"][path]["post"].get("requestBody")
    if wanted is None:
        assert body == {}
        return
    schema = wanted["content"]["application/json"]["schema"]
    whole = {**schema, "components": openapi()["components"]}
    jsonschema.validate(body, whole)
    known = openapi()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
    assert set(body) <= set(known), "the backend would ignore the rest"


class Calls:
    """One call of each method of the client."""

    ARGUMENTS: ClassVar[dict[str, list[Any]]] = {
        "wish": ["closing", "close it", "support"],
        "go_on": ["continue", "support"],
        "skip_ahead": ["just cancel it", "support"],
        "choose_account": ["the Denver one", "support"],
        "change_account": ["wrong account", "support"],
        "answer": ["exit_reason", "words", "too expensive", "too_expensive"],
        "take_option": ["T-1001"],
        "take_alternative": ["the pause"],
        "confirm": ["yes", "support"],
        "question": ["fees", "are there fees?", "support"],
        "not_understood": ["qwerty", False],
        "hand_over": [None, "a person"],
        "leave_message": ["please call me"],
        "restore_numbers": [True],
        "unasked": [True],
        "begin_verification": ["T-1001"],
    }

    @staticmethod
    def methods() -> list[str]:
        return [name for name in vars(Backend) if not name.startswith("_")]


def route_of(path: str) -> str:
    found = path.removeprefix(PREFIX.format(conversation_id="c-1"))
    return PREFIX + ("questions/{topic}" if found.startswith("questions/") else found)


@pytest.mark.parametrize("method", Calls.methods())
async def test_the_backend_has_every_route_and_takes_every_body(backend: Fake, method: str) -> None:
    backend.step("none")
    await getattr(client.backend("c-1"), method)(*Calls.ARGUMENTS.get(method, []))
    ((path, body),) = backend.calls
    check(route_of(path), body)


async def test_every_route_for_the_assistant_is_used(backend: Fake) -> None:
    backend.step("none")
    for method in Calls.methods():
        await getattr(client.backend("c-1"), method)(*Calls.ARGUMENTS.get(method, []))
    assert {route_of(path) for path, _ in backend.calls} == set(openapi()["paths"])


async def test_a_long_text_is_an_unclear_account_number_and_no_failure(backend: Fake) -> None:
    await validated("4" * 3000)
    check(PREFIX + "verification", backend.body)
