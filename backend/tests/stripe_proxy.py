"""Stands between Farewell and localstripe: records, doubles requests, drops answers.

localstripe knows no idempotency keys. The proxy adds what Stripe documents: the first answer to a
key is kept and given again; the same key with other parameters is an error. The network's faults
come before that: a doubled request arrives at Stripe twice.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx

SECRET = "sk_test_farewell"


@dataclass(frozen=True)
class Recorded:
    """One request as Farewell sent it."""

    method: str
    path: str
    key: str | None
    body: str


@dataclass
class Faults:
    """What the network does to requests that change something."""

    doubles: bool = False
    drops_answers: int = 0
    drops_requests: int = 0
    fails: int = 0
    """Stripe answers 500 after it did what it was asked, and keeps that answer for the key."""


@dataclass
class StripeProxy:
    """The proxy: its address, what it saw, what it does wrong."""

    url: str
    upstream: httpx.Client
    seen: list[Recorded] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    answers: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def changes(self) -> list[Recorded]:
        """Requests that may change something."""
        return [r for r in self.seen if r.method != "GET"]

    def handle(self, sent: Recorded, headers: dict[str, str]) -> tuple[int, bytes] | None:
        """One request; None: the connection breaks."""
        with self.lock:
            self.seen.append(sent)
            if sent.method == "GET":
                return self._forward(sent, headers)
            if self.faults.drops_requests:
                self.faults.drops_requests -= 1
                return None
            answer = self._once(sent, headers)
            if self.faults.doubles:
                answer = self._once(sent, headers)
            if self.faults.drops_answers:
                self.faults.drops_answers -= 1
                return None
            return answer

    def _once(self, sent: Recorded, headers: dict[str, str]) -> tuple[int, bytes]:
        if sent.key is None:
            return self._forward(sent, headers)
        asked = f"{sent.method} {sent.path} {sent.body}"
        known = self.answers.get(sent.key)
        if known and known[0] != asked:
            error = {"type": "idempotency_error", "message": "Keys are for one request only."}
            return 400, json.dumps({"error": error}).encode()
        if known is None:
            status, body = self._forward(sent, headers)
            if self.faults.fails:
                self.faults.fails -= 1
                status, body = 500, json.dumps({"error": {"type": "api_error"}}).encode()
            known = self.answers[sent.key] = (asked, status, body)
        return known[1], known[2]

    def _forward(self, sent: Recorded, headers: dict[str, str]) -> tuple[int, bytes]:
        answer = self.upstream.request(
            sent.method, sent.path, headers=headers, content=sent.body.encode()
        )
        return answer.status_code, answer.content

    def stripe(self, method: str, path: str, **data: Any) -> dict[str, Any]:
        """Something that happens at Stripe without Farewell."""
        answer = self.upstream.request(
            method,
            f"/v1/{path}",
            headers={"Authorization": f"Bearer {SECRET}"},
            **({"params": data} if method == "GET" else {"json": data}),
        )
        answer.raise_for_status()
        done: dict[str, Any] = answer.json()
        return done

    def customer(self, card: str = "4242424242424242") -> dict[str, str]:
        """A customer with a card on file as the default."""
        method = self.stripe(
            "POST",
            "payment_methods",
            type="card",
            card={"number": card, "exp_month": "12", "exp_year": "2035", "cvc": "123"},
        )["id"]
        customer = self.stripe(
            "POST",
            "customers",
            payment_method=method,
            invoice_settings={"default_payment_method": method},
        )["id"]
        return {"customer": customer, "method": method}

    def charges(self, customer: str) -> list[dict[str, Any]]:
        """What this customer was charged, successful or not."""
        listed: list[dict[str, Any]] = self.stripe("GET", "charges", customer=customer, limit=100)[
            "data"
        ]
        return listed


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _handler(proxy: StripeProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = Recorded(
                self.command,
                self.path,
                self.headers.get("Idempotency-Key"),
                self.rfile.read(length).decode(),
            )
            kept = ("Authorization", "Content-Type")
            headers = {k: self.headers[k] for k in kept if self.headers.get(k)}
            answer = proxy.handle(sent, headers)
            self.close_connection = True
            if answer is None:
                return
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def running() -> Iterator[StripeProxy]:
    """localstripe as a server of its own, and the proxy before it."""
    port = _free_port()
    script = Path(__file__).parent / "localstripe_server.py"
    with (
        subprocess.Popen([sys.executable, str(script), str(port)]) as stripe,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as upstream,
    ):
        try:
            _wait(upstream)
            server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
            proxy = StripeProxy(f"http://127.0.0.1:{server.server_port}", upstream)
            server.RequestHandlerClass = _handler(proxy)
            thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            yield proxy
            server.shutdown()
            server.server_close()
            thread.join()
        finally:
            stripe.terminate()


def _wait(upstream: httpx.Client) -> None:
    for _ in range(400):
        try:
            upstream.get("/v1/customers", headers={"Authorization": f"Bearer {SECRET}"})
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("localstripe does not answer")
