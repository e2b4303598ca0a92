"""Several wishes in one message: cut into clauses, understood one by one, served or named."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.nlu.training_data.message import Message
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.client import BackendUnavailable, Utterance
from actions.further import serve
from components.clauses import MOST, Cutter
from components.further_wishes import FurtherWishes
from components.intent_classifier import CLAUSE_INTENTS, ClauseIntent

CUTTER = Cutter(["and", "but", "also"])


# --- clauses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("close it please. what about fees?", ["close it please.", "what about fees?"]),
        ("close it and send my data", ["close it", "and send my data"]),
        (
            "my data, where is it; also who are you",
            ["my data,", "where is it;", "also who are you"],
        ),
        ("I pay $1,200.50 a month", []),
        ("the sandwich and", []),
        ("cancel", []),
        ("", []),
        ("cancel, you are dear", []),
        ("well, that is it. thanks a lot", ["well, that is it.", "thanks a lot"]),
    ],
)
def test_a_message_is_cut_where_a_clause_ends(text: str, clauses: list[str]) -> None:
    found = CUTTER.cut(text)

    assert [clause.text for clause in found] == clauses
    assert all(text[c.start : c.end].strip() == c.text for c in found)


def test_of_a_very_long_message_the_last_clauses_are_looked_at() -> None:
    found = CUTTER.cut("this one. " * 50 + "close my account")

    assert len(found) == MOST
    assert found[-1].text == "close my account"


# --- which clauses count -----------------------------------------------------------------------

CONFIG = {
    "sure": 0.8,
    "wishes": ["cancel_account", "just_cancel", "stop_cancellation", "ask_*"],
    "alike": [["cancel_account", "just_cancel"]],
    "leads": {"greet": ["ask_*"], "cancel_account": ["stop_cancellation"]},
    "asked_elsewhere": "out_of_scope",
}


def understood(intent: str, *clauses: tuple[str, float], words: str = "some words.") -> Message:
    """A message of an intent, with clauses of other intents."""
    text = " ".join([words] * (len(clauses) + 1))
    cut = Cutter([]).cut(text)
    ranked = [ClauseIntent(c, [clause]) for c, clause in zip(cut, clauses, strict=False)]
    first = {"name": intent, "confidence": 0.9}
    message = Message({"text": text, "intent": first, "intent_ranking": [first]})
    message.set(CLAUSE_INTENTS, ranked)
    FurtherWishes(CONFIG).process([message])
    return message


def further(message: Message) -> list[str]:
    return [entity["value"] for entity in message.get("entities") or []]


def test_a_sure_wish_in_a_clause_is_a_further_one() -> None:
    assert further(understood("cancel_account", ("ask_fees", 0.9))) == ["ask_fees"]


def test_a_doubtful_one_is_none() -> None:
    assert further(understood("cancel_account", ("ask_fees", 0.7))) == []


def test_what_is_no_wish_is_none() -> None:
    assert further(understood("cancel_account", ("thanks", 0.99))) == []


def test_the_same_wish_in_other_words_is_not_another() -> None:
    assert further(understood("cancel_account", ("just_cancel", 0.99), ("ask_fees", 0.9))) == [
        "ask_fees"
    ]


def test_intents_of_one_kind_are_sure_together() -> None:
    message = understood("ask_fees")
    clause = Cutter([]).cut("close it. thank you")[0]
    close = ClauseIntent(clause, [("cancel_account", 0.5), ("just_cancel", 0.4)])
    message.set(CLAUSE_INTENTS, [close])
    FurtherWishes(CONFIG).process([message])

    assert further(message) == ["cancel_account"]


@pytest.mark.parametrize(
    ("whole", "clause", "leads"),
    [
        ("greet", "ask_fees", "ask_fees"),
        ("greet", "cancel_account", "greet"),
        ("cancel_account", "stop_cancellation", "stop_cancellation"),
        ("stop_cancellation", "cancel_account", "stop_cancellation"),
    ],
)
def test_a_clause_leads_only_where_the_configuration_says_so(
    whole: str, clause: str, leads: str
) -> None:
    assert understood(whole, (clause, 0.9)).get("intent")["name"] == leads


def test_only_a_question_for_what_is_not_served_is_named() -> None:
    assert further(understood("cancel_account", ("out_of_scope", 0.9))) == []
    asked = understood("cancel_account", ("out_of_scope", 0.9), words="do you sell hats?")
    assert further(asked) == ["out_of_scope"]


# --- serving them --------------------------------------------------------------------------------


class Backend:
    """Notes what is asked; every answer says what it was."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> list[Utterance]:
            self.asked.append((name, *given))
            return [Utterance("stopped", {}, "x")]

        return call


async def served(leading: str, *wishes: str) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]]]:
    """The calls to the backend, and what is said, for a message with further wishes."""
    entities = [{"entity": "further_wish", "value": w, "start": 9, "end": 18} for w in wishes]
    intent = {"name": leading, "confidence": 1.0}
    understood = {"intent": intent, "intent_ranking": [intent], "entities": entities}
    message = {"text": "close it what else?", **understood}
    tracker = Tracker("c-1", {}, message, [], False, None, {}, "action_listen")
    backend, dispatcher = Backend(), CollectingDispatcher()
    await serve(dispatcher, tracker, backend)  # type: ignore[arg-type]
    return backend.asked, dispatcher.messages


@pytest.mark.parametrize(
    ("wish", "call"),
    [
        ("ask_fees", ("question", "fees", "close it what else?")),
        ("request_human", ("hand_over", None)),
        ("want_export", ("answer", "data_export", "export", "close it what else?")),
        ("keep_numbers", ("answer", "keep_numbers", "port_first", "close it what else?")),
        ("release_numbers", ("answer", "keep_numbers", "release_all", "close it what else?")),
        ("wait_for_port", ("answer", "open_port", "wait", "close it what else?")),
        ("choose_account", ("choose_account", "close it what else?", None)),
    ],
)
async def test_a_further_wish_is_served(wish: str, call: tuple[Any, ...]) -> None:
    asked, said = await served("cancel_account", wish)

    assert asked == [call]
    assert [message["response"] for message in said] == ["utter_say_stopped"]


@pytest.mark.parametrize("wish", ["give_up_number", "transfer_first", "change_account"])
async def test_what_needs_its_own_message_is_named_and_not_done(wish: str) -> None:
    asked, (said,) = await served("cancel_account", wish)

    assert asked == []
    assert (said["response"], said["words"]) == ("utter_say_one_at_a_time", "what else")


@pytest.mark.parametrize(
    ("leading", "wish"),
    [
        ("stop_cancellation", "cancel_account"),
        ("cancel_account", "reactivate_account"),
        ("reactivate_account", "just_cancel"),
    ],
)
async def test_of_two_opposite_wishes_the_second_is_named_and_not_done(
    leading: str, wish: str
) -> None:
    asked, (said,) = await served(leading, wish)

    assert asked == []
    assert said["response"] == "utter_say_one_at_a_time"


async def test_what_is_not_served_here_is_said() -> None:
    asked, (said,) = await served("cancel_account", "out_of_scope")

    assert asked == []
    assert (said["response"], said["words"]) == ("utter_say_not_served_here", "what else")


async def test_a_backend_that_fails_is_not_hidden() -> None:
    class Broken(Backend):
        def __getattr__(self, name: str) -> Any:
            async def call(*given: Any) -> list[Utterance]:
                raise BackendUnavailable("http_502")

            return call

    message = {
        "text": "x",
        "intent": {},
        "entities": [{"entity": "further_wish", "value": "ask_fees"}],
    }
    tracker = Tracker("c-1", {}, message, [], False, None, {}, "action_listen")
    with pytest.raises(BackendUnavailable):
        await serve(CollectingDispatcher(), tracker, Broken())  # type: ignore[arg-type]
