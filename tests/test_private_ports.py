"""Rasa and the action server answer nobody without the service token, on the running whole."""

from __future__ import annotations

import httpx
import pytest
from wire.farewell import Farewell

RASA = [
    ("GET", "/status"),
    ("GET", "/conversations/c-1/tracker"),
    ("POST", "/conversations/c-1/messages"),
    ("POST", "/conversations/c-1/trigger_intent"),
    ("POST", "/conversations/c-1/tracker/events"),
    ("POST", "/model/parse"),
    ("POST", "/model/train"),
    ("PUT", "/model"),
    ("GET", "/domain"),
    ("POST", "/webhooks/rest/webhook"),
    ("POST", "/webhooks/callback/webhook"),
    ("GET", "/webhooks/socketio"),
    ("POST", "/webhooks/farewell/webhook"),
]
BODY = {"sender": "c-1", "message": "/confirm_closure", "text": "yes", "next_action": "x"}


@pytest.mark.parametrize(("method", "path"), RASA)
def test_rasa_answers_nobody_else(farewell: Farewell, method: str, path: str) -> None:
    answer = httpx.request(method, farewell.rasa_url + path, json=BODY, trust_env=False)
    assert answer.status_code in (401, 404, 405)


@pytest.mark.parametrize("path", ["/webhook", "/actions"])
def test_the_action_server_answers_nobody_else(farewell: Farewell, path: str) -> None:
    answer = httpx.post(farewell.actions_url + path, json=BODY, trust_env=False)
    assert answer.status_code == 401
