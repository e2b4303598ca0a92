"""The running application without a network: a caller of its API, and a Rasa made of paper."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
from factories import World

from farewell.app import create_app
from farewell.chat.identity import HostKey
from farewell.config import Settings
from farewell.services import Services

SERVICE = "the-service-token"
CONFIRMING = (
    "confirm",
    "confirm_with_refund",
    "confirm_conversion",
    "confirm_standing",
    "confirm_scheduled",
    "confirm_approval",
    "approve",
)
Said = list[dict[str, Any]]


class PaperRasa:
    """Takes what the gateway sends to Rasa, and answers as Rasa with its actions would.

    It leads by the backend's own words: each code is said as itself. `because CODE` at the end of
    a wish is the reason that was found in it. `answer` replaces it all.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[httpx.Headers] = []
        self.answer: Callable[[dict[str, Any]], Awaitable[httpx.Response]] = self.lead
        self.backend: httpx.AsyncClient | None = None

    @property
    def texts(self) -> list[str]:
        """The texts that reached Rasa."""
        return [request["message"] for request in self.requests]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """One call of the gateway."""
        body = json.loads(request.content)
        self.requests.append(body)
        self.headers.append(request.headers)
        return await self.answer(body)

    async def act(self, sender: str, action: str, **body: Any) -> dict[str, Any]:
        """One action's call to the backend."""
        assert self.backend is not None
        response = await self.backend.post(
            f"/api/v1/assistant/conversations/{sender}/{action}",
            json=body,
            headers={"Authorization": f"Bearer {SERVICE}"},
        )
        response.raise_for_status()
        done: dict[str, Any] = response.json()
        return done

    async def lead(self, body: dict[str, Any]) -> httpx.Response:
        """Understand a few words and lead on."""
        sender, text = body["sender"], body["message"]
        words, _, code = text.partition(" because ")
        wish = {"text": text, "reason": {"code": code} if code else None}
        said: Said = []
        match words.split(" "):
            case ["close", *_]:
                said += spoken(await self.act(sender, "wish", **wish, wish="closing"))
            case ["just", "close", *_]:
                said += spoken(await self.act(sender, "skip-ahead", **wish))
            case ["account", *_]:
                said += spoken(await self.act(sender, "account", **wish))
            case ["other", "account", *_]:
                said += spoken(await self.act(sender, "other-account", **wish))
            case ["stop"]:
                said += spoken(await self.act(sender, "stop"))
            case ["/confirm_closure"]:
                said += spoken(await self.act(sender, "confirm", **wish))
            case ["answer", asked, value, *rest]:
                given = wish | {"code": asked, "value": value, "text": " ".join(rest)}
                said += spoken(await self.act(sender, "answers", **given))
            case ["verify", number]:
                said += spoken(await self.act(sender, "verification", account_number=number))
            case ["/verified"]:
                said += spoken(await self.act(sender, "verified"))
            case ["ask", topic]:
                said += spoken(await self.act(sender, f"questions/{topic}"))
            case ["back"] | ["/go_back"]:
                said += spoken(await self.act(sender, "back"))
            case ["over"] | ["/start_over"]:
                said += spoken(await self.act(sender, "start-over"))
            case ["stop"]:
                said += spoken(await self.act(sender, "stop"))
            case ["just", "cancel"]:
                said += spoken(await self.act(sender, "skip-ahead", text=text))
            case ["reactivate"]:
                said += spoken(await self.act(sender, "wish", wish="reactivation", text=text))
            case ["human"]:
                said += spoken(await self.act(sender, "handover"))
        step = await self.act(sender, "next-step")
        said += spoken(step)
        if step["next_requirement"] != "none":
            code = step["next_requirement"]
            buttons = [{"title": o["title"], "payload": "/choose_option"} for o in step["options"]]
            if code in CONFIRMING:
                buttons.append({"title": "Close it now", "payload": "/confirm_closure"})
            said.append(
                {"text": f"{code}?", "utter_action": f"utter_ask_{code}", "buttons": buttons}
            )
        return httpx.Response(200, json=said or [{"text": "ok"}])


def spoken(answer: dict[str, Any]) -> Said:
    """An action's statements as Rasa sends them out."""
    return [
        {"text": s["code"], "utter_action": f"utter_say_{s['code']}", "shown": s["shown"]}
        for s in answer["say"]
    ]


class Api:
    """Calls the application as a customer's browser or the host application does."""

    def __init__(
        self,
        world: World,
        *,
        host_keys: dict[str, HostKey] | None = None,
        address: str = "127.0.0.1",
        **settings: Any,
    ) -> None:
        self.rasa = PaperRasa()
        chosen = {"data": world.folder, "service_token": SERVICE, "demo": True} | settings
        services = Services(
            settings=Settings(**chosen),
            database=world.database,
            policies=world.policies,
            clock=world.clock,
            host_keys=host_keys or {},
        )
        self.app = create_app(services, rasa_transport=httpx.MockTransport(self.rasa))
        transport = httpx.ASGITransport(
            self.app, raise_app_exceptions=False, client=(address, 50000)
        )
        self.http = httpx.AsyncClient(transport=transport, base_url="http://farewell.test")
        self.rasa.backend = self.http
        self.runner = asyncio.Runner()

    def close(self) -> None:
        """Let go of the event loop."""
        self.runner.run(self.app.state.gateway.close())
        self.runner.run(self.http.aclose())
        self.runner.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= more.pop("headers", {})
        return self.runner.run(self.http.request(method, path, headers=headers, **more))

    def sign_in(self, email: str = "ann@example") -> str:
        """The token of a new conversation of a person."""
        answer = self.call("POST", "/api/v1/demo/sign-in", json={"email": email})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    def guest(self, vendor: str | None = None) -> str:
        """The token of a visitor's new conversation."""
        token: str = self.call("POST", "/api/v1/guest", json={"vendor": vendor}).json()["token"]
        return token

    def say(self, token: str, text: str) -> Said:
        """A message, and its answer."""
        answer = self.call("POST", "/webhooks/rest/webhook", token=token, json={"message": text})
        assert answer.status_code == 200, answer.text
        said: Said = answer.json()
        return said

    def messages(self, token: str, after: int = 0) -> Said:
        """What the conversation holds."""
        answer = self.call("GET", f"/api/v1/conversation/messages?after={after}", token=token)
        said: Said = answer.json()["messages"]
        return said


def port_path(e164: str) -> str:
    """Where the carrier reports a port."""
    return f"/api/v1/service/numbers/{quote(e164)}/port-out"


def button(said: Said, title: str) -> str:
    """The payload of an offered button."""
    return next(b["payload"] for m in said for b in m.get("buttons") or [] if b["title"] == title)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal; checks that it is a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def open_case(api: Api, token: str, number: str = "T-1") -> dict[str, Any]:
    """Open a closing case."""
    answer = api.call("POST", f"/api/v1/accounts/{number}/closing-case", token=token)
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


def settled(api: Api, token: str) -> tuple[str, dict[str, Any]]:
    """A case with every question answered: its path, and the body that confirms it."""
    path = f"/api/v1/closing-cases/{open_case(api, token)['id']}"
    for code, given in (
        ("keep_numbers", "release_all"),
        ("data_export", "skip"),
        ("exit_reason", "too_expensive"),
    ):
        done = api.call("PUT", f"{path}/requirements/{code}", token=token, json={"answer": given})
        assert done.status_code == 200, done.text
    quote = api.call("POST", f"{path}/quotes", token=token).json()
    case = api.call("GET", path, token=token).json()
    return path, {"quote_id": quote["id"], "shown": [r["code"] for r in case["requirements"]]}
