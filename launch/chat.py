"""`make chat`: talk to a running Farewell in the terminal, as one of its demo people."""

import os
import sys
import threading
from typing import Any

from launch.http import Unanswered, call

PROMPT = "> "
NAMES = {"bot": "Farewell", "agent": "Agent", "system": "—"}


class Chat:
    """One conversation, printed as it grows; a person at the desk may write at any time."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._token = token
        self._last_id: str | None = None
        self._buttons: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Send a line; the number of an offered button stands for that button."""
        message = text
        if text.isdigit() and 0 < int(text) <= len(self._buttons):
            message = self._buttons[int(text) - 1]["payload"]
        url = f"{self._base_url}/webhooks/rest/webhook"
        call("POST", url, {"message": message}, token=self._token, timeout=60)

    def show_new(self) -> bool:
        """Print what others have written since the last look."""
        with self._lock:
            after = f"?after={self._last_id}" if self._last_id is not None else ""
            url = f"{self._base_url}/api/v1/conversation/messages{after}"
            messages = call("GET", url, token=self._token)["messages"]
            if messages:
                self._last_id = messages[-1]["id"]
            others = [message for message in messages if message["sender"] != "customer"]
            for message in others:
                self._print(message)
            return bool(others)

    def watch(self, stopped: threading.Event) -> None:
        """Show what arrives while the customer is at the prompt."""
        while not stopped.wait(2):
            try:
                if self.show_new():
                    print(PROMPT, end="", flush=True)
            except Unanswered:
                continue

    def _print(self, message: dict[str, Any]) -> None:
        print(f"\r{NAMES.get(message['sender'], message['sender'])}: {message['text']}")
        self._buttons = message.get("buttons") or []
        for number, button in enumerate(self._buttons, 1):
            print(f"  {number}  {button['title']}")


def choose_person(base_url: str) -> dict[str, str]:
    people: list[dict[str, str]] = call("GET", f"{base_url}/api/v1/demo/people")
    for number, person in enumerate(people, 1):
        print(f"  {number:>2}  {person['name']}, {person['vendor_name']}: {person['about']}")
    while True:
        chosen = input("Who are you? (a number, or Enter for the first) ").strip() or "1"
        if chosen.isdigit() and 0 < int(chosen) <= len(people):
            return people[int(chosen) - 1]


def talk(base_url: str) -> None:
    person = choose_person(base_url)
    body = {"email": person["email"]}
    token = call("POST", f"{base_url}/api/v1/demo/sign-in", body)["token"]
    print(f"You are {person['name']}. Type a message or a button's number; Ctrl-D ends.")
    chat = Chat(base_url, token)
    chat.show_new()
    stopped = threading.Event()
    threading.Thread(target=chat.watch, args=(stopped,), daemon=True).start()
    try:
        while True:
            text = input(PROMPT).strip()
            if not text:
                continue
            try:
                chat.say(text)
                chat.show_new()
            except Unanswered as error:
                print(error)
    finally:
        stopped.set()


def main() -> int:
    port = os.environ.get("PORT") or "8000"
    base_url = os.environ.get("FAREWELL_BACKEND_URL") or f"http://127.0.0.1:{port}"
    try:
        talk(base_url)
    except Unanswered as error:
        print(f"Farewell does not answer at {base_url} ({error}): start it with `make run`.")
        return 1
    except (EOFError, KeyboardInterrupt):
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
