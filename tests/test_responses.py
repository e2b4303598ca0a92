"""The assistant's words per language: Rasa's own responses, from files, English where they lack."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.constants import SESSION_START_METADATA_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot, TextSlot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig, read_endpoint_config

from components.responses import (
    LanguageError,
    ResponsesByLanguage,
    missing,
    read_responses,
)
from launch.paths import ROOT

WHILE_CONFIRMING = [{"type": "slot", "name": "asking", "value": "confirm"}]
NOTHING_OPEN = {
    "text": "Nichts ist offen. Was kann ich tun?",
    "buttons": [
        {"title": "Konto schließen", "payload": "/cancel_account"},
        {"title": "Mit einem Menschen sprechen", "payload": "/request_human"},
    ],
}
ENGLISH = {
    "utter_say_left": [
        {"text": "Left: {account}."},
        {"text": "Still to confirm: {account}.", "condition": WHILE_CONFIRMING},
    ],
    "utter_say_bye": [{"text": "Bye."}],
}


def write(locales: Path, responses: dict[str, Any]) -> Path:
    (locales / "de").mkdir(exist_ok=True)
    content = {"version": "3.1", "responses": responses}
    (locales / "de" / "responses.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return locales


def generator(locales: Path, monkeypatch: pytest.MonkeyPatch) -> ResponsesByLanguage:
    """As Rasa makes it: without a domain, which it sets when the model is loaded."""
    monkeypatch.setenv("FAREWELL_LOCALES", str(locales))
    for name in ("FAREWELL_ACTIONS_URL", "FAREWELL_SERVICE_TOKEN"):
        monkeypatch.setenv(name, "any")
    endpoint = read_endpoint_config(str(ROOT / "endpoints.yml"), "nlg")
    made = NaturalLanguageGenerator.create(endpoint, None)
    assert isinstance(made, ResponsesByLanguage)
    made.responses = Domain.from_file(ROOT / "domain.yml").responses
    return made


def talk(language: str | None = None, asking: str | None = None) -> DialogueStateTracker:
    slots = [AnySlot(SESSION_START_METADATA_SLOT, [{}]), TextSlot("asking", [{}])]
    tracker = DialogueStateTracker("c-1", slots)
    if language:
        tracker.update(UserUttered("hello", metadata={"language": language}))
    if asking:
        tracker.update(SlotSet("asking", asking))
    return tracker


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Nichts ist offen. Was kann ich tun?"),
        ("en", "There is no open"),
        (None, "There is no open"),
        ("fr", "There is no open"),
    ],
)
async def test_the_language_of_the_message_is_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str | None, text: str
) -> None:
    speaks = generator(write(tmp_path, {"utter_nothing_open": [NOTHING_OPEN]}), monkeypatch)

    said = await speaks.generate("utter_nothing_open", talk(language), "farewell")

    assert said is not None
    assert said["text"].startswith(text)
    assert [b["payload"] for b in said["buttons"]] == ["/cancel_account", "/request_human"]


async def test_before_the_first_message_the_sessions_language_is_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks = generator(write(tmp_path, {"utter_nothing_open": [NOTHING_OPEN]}), monkeypatch)
    tracker = talk()
    tracker.update(SlotSet(SESSION_START_METADATA_SLOT, {"language": "de"}))

    said = await speaks.generate("utter_nothing_open", tracker, "farewell")

    assert said is not None
    assert said["text"].startswith("Nichts")


async def test_a_missing_response_is_said_in_english_with_its_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="components.responses"):
        speaks = generator(write(tmp_path, {"utter_nothing_open": [NOTHING_OPEN]}), monkeypatch)

    said = await speaks.generate(
        "utter_say_only_account", talk("de"), "farewell", account="Archer (T-1)"
    )

    assert said is not None
    assert "You have one account here: Archer (T-1)" in said["text"]
    assert "utter_say_only_account" in caplog.text
    assert "utter_nothing_open," not in caplog.text


@pytest.mark.parametrize(("asking", "text"), [(None, "Noch da: A."), ("confirm", "Offen: A.")])
async def test_a_language_may_say_it_differently_under_a_condition(
    tmp_path: Path, asking: str | None, text: str
) -> None:
    german = [
        {"text": "Noch da: {account}."},
        {"text": "Offen: {account}.", "condition": WHILE_CONFIRMING},
    ]
    speaks = ResponsesByLanguage(None, None)
    read = read_responses(write(tmp_path, {"utter_say_left": german}), ENGLISH)
    speaks.speak(read)

    said = await speaks.generate("utter_say_left", talk("de", asking), "farewell", account="A")

    assert said is not None
    assert said["text"] == text


@pytest.mark.parametrize(
    ("responses", "reason"),
    [
        ({"utter_say_lefd": [{"text": "x"}]}, "utter_say_lefd: English has no such response"),
        ({"utter_say_left": [{"text": "{konto}"}]}, "utter_say_left: the facts in braces"),
        ({"utter_say_left": [{"text": "ohne"}]}, "utter_say_left: the facts in braces"),
        (
            {"utter_say_bye": [{"text": "x", "condition": WHILE_CONFIRMING}]},
            "utter_say_bye: English has no variation under this condition",
        ),
        (
            {"utter_say_bye": [{"text": "x", "buttons": [{"title": "y", "payload": "/z"}]}]},
            "utter_say_bye: the facts in braces or the buttons' payloads differ",
        ),
    ],
)
def test_what_does_not_fit_english_is_refused_with_its_place(
    tmp_path: Path, responses: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LanguageError) as refused:
        read_responses(write(tmp_path, responses), ENGLISH)
    assert str(refused.value).startswith(f"de/responses.yml: {reason}")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "de" / "responses.yml").write_text("responses: [", encoding="utf-8")

    with pytest.raises(LanguageError, match=r"de/responses\.yml"):
        read_responses(tmp_path, ENGLISH)


def test_rasa_does_not_start_with_a_bad_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAREWELL_LOCALES", str(write(tmp_path, {"utter_x": [{"text": "x"}]})))

    with pytest.raises(LanguageError):
        NaturalLanguageGenerator.create(
            EndpointConfig(type="components.responses.ResponsesByLanguage"), None
        )


def test_a_variation_that_a_language_lacks_is_counted() -> None:
    assert missing({"utter_say_left": ENGLISH["utter_say_left"][:1]}, ENGLISH) == [
        "utter_say_left",
        "utter_say_bye",
    ]
    assert missing(ENGLISH, ENGLISH) == []


def test_the_languages_that_are_here_can_be_spoken() -> None:
    read_responses(ROOT / "locales", Domain.from_file(ROOT / "domain.yml").responses)
