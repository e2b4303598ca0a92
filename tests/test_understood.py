"""What the trained model makes of messages that hold more than one thing."""

from __future__ import annotations

import asyncio
import csv
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from rasa.core.agent import Agent

from launch.paths import MODEL
from nlu.examples import training_examples

WISHES = {
    "cancel_account": "please close my account",
    "ask_fees": "are there any fees?",
    "ask_data_retention": "how long do you keep my recordings?",
    "request_human": "I need to talk to a person",
    "ask_refund": "can I get a refund?",
    "want_export": "send me a copy of my data",
    "keep_numbers": "I want to keep my numbers",
    "ask_final_bill": "what's my final bill?",
    "ask_agent_hours": "what are your opening hours?",
    "ask_effective_date": "when does it take effect?",
}
SAME = {"just_cancel": "cancel_account", "ask_data_export": "want_export"}
TRIAL = Path(__file__).parent / "nlu" / "trial.csv"
NO_REASON = Path(__file__).parent / "nlu" / "no_reason_held_out.csv"


class Mind:
    """The trained model, asked for one message after the other."""

    def __init__(self) -> None:
        self._agent = Agent.load(str(MODEL))

    def parse(self, text: str) -> dict[str, Any]:
        """What the model makes of a text."""
        parsed: dict[str, Any] = asyncio.run(self._agent.parse_message(text))
        return parsed


@pytest.fixture(scope="module")
def mind() -> Mind:
    """One model for all tests of this file."""
    return Mind()


def values(parsed: dict[str, Any], entity: str) -> list[str]:
    return [e["value"] for e in parsed["entities"] if e["entity"] == entity]


def joined(first: str, second: str, joint: str) -> str:
    if joint == " and ":
        return f"{first.rstrip('?')} and {second}"
    return f"{first}{'' if first.endswith('?') else '.'}{joint}{second}"


@pytest.mark.parametrize("joint", [" ", "\n", " and "])
@pytest.mark.parametrize("first", WISHES)
def test_neither_of_two_wishes_is_lost(mind: Mind, first: str, joint: str) -> None:
    lost = []
    for second in (wish for one, wish in permutations(WISHES, 2) if one == first):
        text = joined(WISHES[first], WISHES[second], joint)
        parsed = mind.parse(text)
        found = [parsed["intent"]["name"], *values(parsed, "further_wish")]
        missing = {first, second} - {SAME.get(intent, intent) for intent in found}
        if len(missing) > found.count("unclear"):
            lost.append((text, found))

    assert not lost


def test_no_reason_is_noted_where_none_was_given(mind: Mind) -> None:
    with NO_REASON.open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    noted = [(text, why) for text in texts if (why := values(mind.parse(text), "exit_reason"))]

    assert len(texts) >= 30
    assert not noted


@pytest.mark.parametrize(
    "text",
    [
        "Don't cancel my account, just tell me what the bill would be",
        "do not close my account",
        "please don't close my account yet",
        "don't delete anything",
        "I do not want to cancel",
        "cancel it. actually no, never mind",
        "too many bugs. never mind",
    ],
)
def test_a_refusal_is_no_wish_to_close(mind: Mind, text: str) -> None:
    parsed = mind.parse(text)

    found = {parsed["intent"]["name"], *values(parsed, "further_wish")}
    assert not found & {"cancel_account", "just_cancel", "close_all"}
    assert found & {"stop_cancellation", "deny"}


def test_a_reason_is_found_beside_a_question(mind: Mind) -> None:
    parsed = mind.parse("Your app crashes every single day. Are there any fees?")

    assert parsed["intent"]["name"] == "ask_fees"
    assert values(parsed, "exit_reason") == ["quality_or_reliability"]


def test_a_human_for_a_complaint_comes_before_a_guess(mind: Mind) -> None:
    parsed = mind.parse("My invoice from June is wrong. Please have somebody call me back.")

    found = [parsed["intent"]["name"], *values(parsed, "further_wish")]
    assert "request_human" in found
    assert "cancel_account" not in found


SHORT_AND_COMMON = {
    "whatever",
    "skip that",
    "moving abroad",
    "the second one",
    "wait",
    "hold on",
    "later",
    "what does that mean",
}
"""Sentences of the trial that every set of examples holds."""


def trial() -> list[dict[str, str]]:
    """Sentences as customers throw them in, hardly one of them learnt: negations, corrections,
    remarks, short answers. `intent` may name several that do; `reason` is checked where it says
    `none` or a code."""
    with TRIAL.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tried(mind: Mind) -> list[tuple[dict[str, str], str, str]]:
    """Each row of the trial with the intent and the reason that were understood."""
    parsed = [(row, mind.parse(row["text"])) for row in trial()]
    return [
        (row, one["intent"]["name"], next(iter(values(one, "exit_reason")), "none"))
        for row, one in parsed
    ]


def test_no_sentence_of_the_trial_is_learnt() -> None:
    learnt = {example.text.casefold() for example in training_examples()}
    repeated = {r["text"] for r in trial() if r["text"].casefold() in learnt}

    assert len(trial()) >= 200
    assert repeated <= SHORT_AND_COMMON


def test_most_of_the_trial_is_understood(tried: list[tuple[dict[str, str], str, str]]) -> None:
    right = [intent in row["intent"].split("|") for row, intent, _ in tried]
    named = [row["reason"] == reason for row, _, reason in tried if row["reason"]]

    assert sum(right) / len(right) >= 0.92
    assert sum(named) / len(named) >= 0.92


DANGEROUS = ("have_export", "give_up_number", "port_done", "close_all", "transfer_first")
OPPOSITE = (
    {"stop_cancellation"},
    {"cancel_account", "just_cancel", "close_all", "confirm_closure"},
)


def test_nothing_in_the_trial_is_taken_for_what_loses_something(
    tried: list[tuple[dict[str, str], str, str]],
) -> None:
    """A release by words needs literal ones as well: see the backend's test of the same table."""
    lost = [
        (row["text"], intent)
        for row, intent, _ in tried
        if intent in DANGEROUS and intent not in row["intent"].split("|")
    ]

    assert not lost


def test_stopping_and_closing_are_not_taken_for_each_other(
    tried: list[tuple[dict[str, str], str, str]],
) -> None:
    swapped = []
    for row, intent, _ in tried:
        wanted = set(row["intent"].split("|"))
        for one, other in permutations(OPPOSITE):
            if wanted & one and intent in other and intent not in wanted:
                swapped.append((row["text"], intent))

    assert not swapped


def test_no_reason_of_the_trial_gets_a_wrong_code(
    tried: list[tuple[dict[str, str], str, str]],
) -> None:
    wrong = [
        (row["text"], reason)
        for row, _, reason in tried
        if row["reason"] and reason not in ("none", row["reason"])
    ]

    assert not wrong
