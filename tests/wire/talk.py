"""One customer's conversation over the wire, with what must hold in every answer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from launch.http import call

ANSWER_SECONDS = 10.5
"""The gateway answers within 10 s; the rest is the way there and back."""
LEAK = re.compile(r"\{\w*\}|\butter_|\bNone\b|\bnull\b|Traceback|\[object")


@dataclass
class Turn:
    """What came back to one act."""

    text: str
    buttons: list[dict[str, str]]
    seconds: float
    messages: list[dict[str, Any]] = field(default_factory=list)
    """What was said, one by one; the open question is the last."""


@dataclass
class Talk:
    """A conversation, opened by sign-in or as a visitor."""

    base_url: str
    token: str
    heard: int = 0
    """Id of the newest message that was fetched."""
    offered: list[dict[str, str]] = field(default_factory=list)
    """Buttons of the newest answer that had any."""
    ever_offered: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def sign_in(cls, base_url: str, email: str) -> Talk:
        signed_in = call("POST", f"{base_url}/api/v1/demo/sign-in", {"email": email})
        return cls(base_url, signed_in["token"])

    @classmethod
    def visit(cls, base_url: str, vendor: str | None) -> Talk:
        guest = call("POST", f"{base_url}/api/v1/guest", {"vendor": vendor})
        return cls(base_url, guest["token"])

    def send(self, message: str) -> Turn:
        """Send a message or a button's payload; the answer is checked and kept."""
        began = time.monotonic()
        answer = call(
            "POST",
            f"{self.base_url}/webhooks/rest/webhook",
            {"message": message},
            token=self.token,
            timeout=60,
        )
        seconds = time.monotonic() - began
        new = self.fetch()
        said = [message["text"] for message in new if message["sender"] != "customer"]
        wire = [message["text"] for message in answer]
        assert wire, "there was no answer"
        assert all(text in said for text in wire), f"the page would not show all of {wire}"
        assert seconds <= ANSWER_SECONDS, f"the answer took {seconds:.1f} s"
        return self.turn(answer, seconds)

    def turn(self, messages: list[dict[str, Any]], seconds: float = 0) -> Turn:
        """Messages as one turn; every one is checked for what must never be in it."""
        buttons: list[dict[str, str]] = []
        for message in messages:
            assert message["text"].strip(), "a message without text"
            assert not LEAK.search(message["text"]), f"a bare fact or name: {message['text']}"
            for button in message.get("buttons") or []:
                opaque = re.fullmatch(r"[\w-]{8,}", button["payload"])
                assert opaque, f"not an opaque id: {button['payload']}"
                assert not LEAK.search(button["title"]), button["title"]
                buttons.append(button)
        if buttons:
            self.offered = buttons
            self.ever_offered += buttons
        return Turn("\n".join(message["text"] for message in messages), buttons, seconds, messages)

    def fetch(self) -> list[dict[str, Any]]:
        """Messages that are new since the last look."""
        url = f"{self.base_url}/api/v1/conversation/messages?after={self.heard}"
        messages: list[dict[str, Any]] = call("GET", url, token=self.token)["messages"]
        if messages:
            self.heard = messages[-1]["id"]
        return messages

    def payload(self, title: str, *, ever: bool = False) -> str:
        """The id of a button by its title, among the newest or among all that were offered."""
        among = self.ever_offered if ever else self.offered
        found = [button["payload"] for button in among if button["title"] == title]
        titles = ", ".join(button["title"] for button in among)
        assert found, f"there is no button {title!r}; there is: {titles or 'none'}"
        return found[0] if ever else found[-1]
