"""A second language is files alone: a made-up one, from greeting to receipt, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from wire.farewell import Farewell
from wire.made_up import KEPT, LANGUAGE, english_in, made_up, write_locales, write_policies
from wire.talk import Talk, Turn

from launch.http import call

PEOPLE = [
    {"email": "wyn@tresta.example", "name": "Wyn Wood", "vendor": "tresta", "language": LANGUAGE},
    {"email": "mair@ctm.example", "name": "Mair Moon", "vendor": "ctm", "language": LANGUAGE},
]
ACCOUNTS: list[dict[str, Any]] = [
    {
        "number": "T-9001",
        "vendor": "tresta",
        "name": "Wood Works",
        "type": "standalone",
        "zone": "America/New_York",
        "payment_method": "Visa ending 4242",
        "plan": {"name": "Unlimited plan", "price_minor": 4500},
        "roles": {"wyn@tresta.example": "billing_admin"},
        "numbers": [{"e164": "+12125550191", "label": "Main line"}],
        "charges": [{"kind": "usage", "description": "Long calls", "amount_minor": 1234}],
    },
    {
        "number": "C-9001",
        "vendor": "ctm",
        "name": "Moon Media",
        "type": "standalone",
        "zone": "America/New_York",
        "balance_minor": 2500,
        "roles": {"mair@ctm.example": "administrator"},
        "numbers": [{"e164": "+12125550192"}],
        "plan": {"name": "Marketing plan", "price_minor": 7900},
    },
]
FACTS = {
    *("Wood Works", "T-9001", "Visa ending 4242", "Unlimited plan", "Main line", "Long calls"),
    *("Moon Media", "C-9001", "Marketing plan", "2-TRESTA", "America/New_York", "EST", "US$"),
    *("Llun", "Mawrth", "Sad", "Tach", "Rhag", "Chwef", "Ion"),
}
"""What the customers' data, the vendors' addresses and the calendar of Welsh put into a text."""


@pytest.fixture(scope="module")
def farewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farewell]:
    home: Path = tmp_path_factory.mktemp("languages")
    locales, policies = write_locales(home / "locales"), write_policies(home / "policies")
    with Farewell(home / "data", policies, locales) as running:
        running.load({"people": PEOPLE, "accounts": ACCOUNTS}, home / "people.yml")
        yield running


class Foreign(Talk):
    """A conversation in which nothing may be said in English."""

    def turn(self, messages: list[dict[str, Any]], seconds: float = 0) -> Turn:
        turn = super().turn(messages, seconds)
        for text in (turn.text, *(button["title"] for button in turn.buttons)):
            assert english_in(text, FACTS | self.links(text)) == [], text
        return turn

    @staticmethod
    def links(text: str) -> set[str]:
        return {word for word in text.split() if word.startswith("/exports/")}

    def press(self, title: str) -> Turn:
        return self.send(self.payload(made_up(title)))


def test_an_english_sentence_would_be_seen() -> None:
    assert english_in(made_up("Close {account} now"), ["{account}"]) == []
    assert english_in(made_up("Close it.") + " Sure? Wood Works", FACTS) == ["Sure"]


def test_a_closing_from_greeting_to_receipt(farewell: Farewell) -> None:
    talk = Foreign.sign_in(farewell.base_url, "wyn@tresta.example")
    greeting = talk.send("hello").text
    assert made_up("I'm Farewell, a bot") in greeting
    talk.press("Close my account")
    for question in (
        "what happens to my data?",
        "when does support answer?",
        "who may cancel?",
        "can I undo this?",
        "what is my final bill?",
        "how do I port my number?",
        "a person, please",
        "what is the weather?",
        "blub",
    ):
        talk.send(question)
    talk.press("No, I don't need them")
    talk.press("No export")
    talk.send("how much is the bill, and when is it charged?")
    asked = talk.press("Skip")
    assert "US$" in asked.text
    told = talk.send(made_up("yes please"))

    assert "Tach 2026" in told.text
    assert "US$" in told.text
    shown = farewell.show("T-9001")
    assert shown["account"]["status"] == "closed"


def test_a_closing_with_alternatives_and_its_undoing(farewell: Farewell) -> None:
    talk = Foreign.sign_in(farewell.base_url, "mair@ctm.example")
    talk.send("just cancel it")
    told = talk.press("Yes, close it")

    assert "Tach 2026" in told.text
    talk.send("I want my account back")
    talk.send(made_up("yes"))
    talk.send(made_up("no"))
    assert farewell.show("C-9001")["account"]["status"] == "active"


def test_a_visitor_is_spoken_to_in_the_language_of_the_page(farewell: Farewell) -> None:
    guest = call(
        "POST",
        f"{farewell.base_url}/api/v1/guest",
        {"vendor": "tresta", "language": f"{LANGUAGE}-GB"},
    )
    assert guest["language"] == LANGUAGE
    talk = Foreign(farewell.base_url, guest["token"])
    talk.send("close my account")
    talk.send("T-9001")
    talk.send(made_up("never mind"))


def test_the_page_is_in_the_browsers_language(farewell: Farewell) -> None:
    liked = {"Accept-Language": f"{LANGUAGE}, en;q=0.5"}
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(farewell.base_url, headers=liked).text
    words = call("GET", f"{farewell.base_url}/assets/words/{LANGUAGE}.json")

    assert f'<html lang="{LANGUAGE}">' in page
    assert made_up("load the page again") in page
    for part in words.values():
        assert english_in(" ".join(KEPT.sub("", text) for text in part.values()), []) == []


def test_a_language_that_does_not_exist_is_english(farewell: Farewell) -> None:
    guest = call("POST", f"{farewell.base_url}/api/v1/guest", {"language": "tlh"})

    assert guest["language"] == "en"
    assert "Hello" in Talk(farewell.base_url, guest["token"]).send("hello").text


def test_the_apology_is_in_the_language_too(farewell: Farewell) -> None:
    talk = Foreign.sign_in(farewell.base_url, "wyn@tresta.example")
    farewell.stop("rasa")
    try:
        talk.send("hello")
    finally:
        farewell.start("rasa")
