"""Call a host application: signed by the Standard Webhooks scheme, until it acknowledges.

The same event keeps its `webhook-id` however often it is sent, so that a host that has seen it
already does nothing again. Any answer in the 200s acknowledges.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from standardwebhooks import Webhook

from farewell.clock import Clock
from farewell.host.addresses import HostAddress
from farewell.payments.provider import Done, Silence

PATIENCE = httpx.Timeout(10, connect=3)


@dataclass(frozen=True)
class HostCall:
    """An event for one vendor's host application; `type` such as `numbers.release`."""

    vendor: str
    type: str
    happened_at: str
    """ISO 8601, UTC."""
    data: dict[str, Any]


class HostCaller:
    """Sends events to the hosts' addresses."""

    def __init__(
        self,
        addresses: Mapping[str, HostAddress],
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._addresses, self._clock = addresses, clock
        self._http = httpx.Client(timeout=PATIENCE, transport=transport, follow_redirects=False)

    def perform(self, call: HostCall, key: str) -> Done:
        """Send an event under the id `key`.

        Raises Silence where it was not acknowledged: it is sent again later.
        """
        address = self._addresses.get(call.vendor)
        if address is None:
            raise Silence("no_host_address")
        body = json.dumps(
            {"type": call.type, "timestamp": call.happened_at, "data": call.data},
            separators=(",", ":"),
            ensure_ascii=False,
        )
        now = self._clock()
        signature = Webhook(address.secret.get_secret_value()).sign(key, now, body)
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            answer = self._http.post(str(address.url), content=body.encode(), headers=headers)
        except httpx.HTTPError as error:
            raise Silence(type(error).__name__) from error
        if not answer.is_success:
            raise Silence(f"http_{answer.status_code}")
        return Done(key)
