"""Ready means that a demo person has signed in and got a first answer."""

import re

from launch.http import Unanswered, call
from launch.paths import ROOT


def first_answer(base_url: str) -> None:
    """Raise Unanswered while the whole chain, from sign-in to Rasa's answer, does not work."""
    call("GET", f"{base_url}/readyz", timeout=5)
    signed_in = call("POST", f"{base_url}/api/v1/demo/sign-in", {"email": first_demo_email()})
    token = signed_in["token"]
    call("POST", f"{base_url}/webhooks/rest/webhook", {"message": "hello"}, token=token)
    kept = call("GET", f"{base_url}/api/v1/conversation/messages", token=token)
    # The gateway apologises in the system's name while the assistant is not there.
    if not any(message["sender"] == "bot" for message in kept["messages"]):
        raise Unanswered("the assistant gave no answer to a first message")


def first_demo_email() -> str:
    """The first e-mail of the demo file is a customer who may close."""
    found = re.search(
        r"\bemail:\s*[\"']?([^\s\"'#,}]+@[^\s\"'#,}]+)", (ROOT / "demo/accounts.yml").read_text()
    )
    if found is None:
        raise Unanswered("demo/accounts.yml names no e-mail")
    return found[1]
