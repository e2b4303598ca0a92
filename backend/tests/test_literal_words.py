"""After which something is lost: a release, no export. It takes literal words, or the button."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import pytest
from clients import Api
from factories import World

from farewell.chat import plain
from farewell.chat.tables import Conversation
from farewell.config import REPOSITORY

TRIAL = REPOSITORY / "tests" / "nlu" / "trial.csv"


def answers(world: World) -> dict[str, str]:
    """The answers of T-1's case."""
    case: dict[str, Any] = world.show("T-1")["closing_case"]
    return {answer["code"]: answer["value"] for answer in case["answers"]}


def asked_about_numbers(api: Api) -> str:
    """A token, with the question about the numbers open."""
    token = api.sign_in()
    assert api.say(token, "close")[-1]["text"] == "keep_numbers?"
    return token


def asked_about_data(api: Api) -> str:
    """A token, with the question about the export open."""
    token = asked_about_numbers(api)
    assert api.say(token, "no")  # reaches Rasa as /deny
    api.say(token, "answer keep_numbers release_all")
    return token


@pytest.mark.parametrize(
    "words",
    [
        "i dont want to lose them",
        "i already told you",
        "what if i do nothing",
        "whatever",
        "no wait",
        "i never said that",
        "skip that",
        "skip",
        "not now",
        "don't release them",
        "no i want to keep them",
        "release them?",
        "release them only when the port is through",
        "I don't want to give up my numbers",
        "drop it",
        "we don't want to close after all",
        "I don't need any more time",
        "release 0101, but keep 0102",
    ],
)
def test_words_that_only_resemble_a_refusal_release_no_number(
    api: Api, two: World, words: str
) -> None:
    token = asked_about_numbers(api)

    said = api.say(token, f"answer keep_numbers release_all {words}")

    assert said[0]["text"] == "release_unclear"
    assert said[-1]["text"] == "keep_numbers?"
    assert answers(two) == {}


@pytest.mark.parametrize(
    "words",
    [
        "no i dont need the numbers",
        "release them",
        "nobody calls those numbers, release them",
        "we don't want to keep our numbers",
        "no, let them go",
        "keep none",
        "not porting any number",
        "cancel my account. I don't need my numbers.",
    ],
)
def test_a_literal_refusal_releases_the_numbers(api: Api, two: World, words: str) -> None:
    token = asked_about_numbers(api)

    said = api.say(token, f"answer keep_numbers release_all {words}")

    assert said[0]["text"].startswith("no_number_kept")
    assert answers(two) == {"keep_numbers": "release_all"}


@pytest.mark.parametrize(
    "words",
    [
        "i have not exported yet",
        "i dont have my data",
        "I haven't saved anything",
        "do I have my data?",
        "I need a copy of it",
        "I had it once, but it is gone",
    ],
)
def test_data_is_not_taken_as_saved_by_words_that_say_otherwise(
    api: Api, two: World, words: str
) -> None:
    token = asked_about_data(api)

    said = api.say(token, f"answer data_export have {words}")

    assert said[0]["text"] == "export_unclear"
    assert "data_export" not in answers(two)


@pytest.mark.parametrize(
    "words", ["i have not exported yet", "i dont have my data", "not yet", "no wait",
              "export it and then cancel", "what for?"]
)  # fmt: skip
def test_no_export_is_passed_over_by_a_remark_or_a_wish_for_it(
    api: Api, two: World, words: str
) -> None:
    token = asked_about_data(api)

    said = api.say(token, f"answer data_export skip {words}")

    assert said[0]["text"] == "export_unclear"
    assert "data_export" not in answers(two)


@pytest.mark.parametrize(
    ("value", "words", "noted"),
    [
        ("have", "we saved everything last week", "data_saved"),
        ("skip", "we don't need an export", "no_export"),
        ("skip", "cancel it already", "no_export"),
    ],
)
def test_what_becomes_of_the_data_is_said_back(
    api: Api, two: World, value: str, words: str, noted: str
) -> None:
    token = asked_about_data(api)

    said = api.say(token, f"answer data_export {value} {words}")

    assert said[0]["text"].startswith(noted)
    assert answers(two)["data_export"] == value


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("did that", "/have_export"),
        ("already did that", "/have_export"),
        ("have it", "/have_export"),
        ("I'll do it myself", "/decline_export"),
        ("i dont want one", "/decline_export"),
        ("not now", "not now"),
        ("do it", "do it"),
    ],
)
def test_short_replies_mean_what_the_open_question_is_about(
    api: Api, two: World, words: str, sent: str
) -> None:
    token = asked_about_data(api)

    api.say(token, words)

    assert api.rasa.texts[-1] == sent


def test_elsewhere_the_same_replies_are_only_words(api: Api, two: World) -> None:
    token = asked_about_numbers(api)

    api.say(token, "did that")

    assert api.rasa.texts[-1] == "did that"


def test_who_wants_the_data_first_is_not_led_past_the_export(api: Api, two: World) -> None:
    token = api.sign_in()

    steps = [m["text"] for m in api.say(token, "just close it after you export it")]

    assert "keep_numbers?" in steps
    assert not two.show("T-1")["closing_case"]["answers"]


@pytest.mark.parametrize(
    "words",
    ["who is my new provider", "are you going to charge me", "will I lose it?", "how do I call"],
)
def test_a_question_is_no_reason_for_leaving(api: Api, two: World, words: str) -> None:
    two.closing().settle()
    token = api.sign_in()
    api.say(token, "close")

    said = api.say(token, f"answer exit_reason words {words} because switched_provider")

    assert said[0]["text"] == "rephrase"
    assert two.show("T-1")["closing_case"]["reason_words"] != words


@pytest.mark.parametrize(
    "words",
    ["yep do it", "yes close", "yes close the account now", "YES CLOSE IT ALREADY", "yes thanks",
     "yess", "absolutely", "yeah sure", "Sure, go ahead!", "yes yes", "ok yes please",
     "do it now", "go ahead please", "Yes, please close my account. Thanks!"],
)  # fmt: skip
def test_a_yes_in_whatever_plain_words_closes(api: Api, two: World, words: str) -> None:
    two.closing().settle()
    token = api.sign_in()
    api.say(token, "close")

    api.say(token, words)

    assert len(two.show("T-1")["closures"]) == 1


@pytest.mark.parametrize(
    "words",
    ["yes but not before monday", "yes but not harbor", "yes, close it on friday", "sure?",
     "yes cancel", "yes no", "ok", "thanks", "now", "yes if it is free", "absolutely not",
     "of course not", "yes, do not close it", "sure, but first my data", "yes keep it",
     "close it?", "go ahead and wait", "yes close the other one", "do it tomorrow"],
)  # fmt: skip
def test_a_yes_with_anything_else_closes_nothing(api: Api, two: World, words: str) -> None:
    two.closing().settle()
    token = api.sign_in()
    api.say(token, "close")

    api.say(token, words)

    assert two.show("T-1")["closures"] == []


def rows() -> Iterator[dict[str, str]]:
    """The trial of the assistant's understanding."""
    with TRIAL.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def test_no_sentence_of_the_trial_loses_anything_by_being_misread(api: Api, two: World) -> None:
    """However the assistant takes them: their words must say it as well."""
    api.sign_in()

    def lost(work: Any) -> list[tuple[str, str]]:
        conversation = work.session.query(Conversation).one()
        found = []
        for row in rows():
            text, wanted = row["text"], row["intent"].split("|")
            if "release_numbers" not in wanted and plain.releases(conversation, text):
                found.append((text, "release"))
            kept = plain.says_data_is_kept(conversation, text)
            if row["place"] == "data_export" and "have_export" not in wanted and kept:
                found.append((text, "have"))
            yes = plain.is_confirmation(conversation, text)
            if yes and not {"affirm", "cancel_account", "just_cancel"} & set(wanted):
                found.append((text, "confirm"))
        return found

    assert two.run(lost) == []
