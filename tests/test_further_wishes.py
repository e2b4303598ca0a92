"""Several wishes in one message: cut into clauses, understood one by one, served or named."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.nlu.training_data.message import Message
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import further as serving
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


def test_a_denial_keeps_its_reason_together() -> None:
    cut = Cutter(["because", "but"], ["not"]).cut("close it, not because of you but because I must")

    assert [clause.text for clause in cut] == [
        "close it,",
        "not because of you",
        "but because I must",
    ]


def test_of_a_very_long_message_the_first_and_last_clauses_are_looked_at() -> None:
    found = CUTTER.cut("a person please. " + "this one. " * 50 + "close my account")

    assert len(found) == MOST
    assert (found[0].text, found[-1].text) == ("a person please.", "close my account")


@pytest.mark.parametrize("run", ["  ,  ", "...", " -- ", "\n\n\n", ", , ", "?!"])
def test_a_run_of_signs_is_one_end(run: str) -> None:
    found = CUTTER.cut(f"close it now{run} and send my data")

    assert [clause.text.strip(" ,.-?!\n") for clause in found] == [
        "close it now",
        "and send my data",
    ]


# --- which clauses count -----------------------------------------------------------------------

CONFIG = {
    "sure": {"ask_*": 0.9, "*": 0.8},
    "doubtful": 0.65,
    "weak": 0.6,
    "wishes": ["cancel_account", "just_cancel", "stop_cancellation", "*_numbers", "ask_*"],
    "alike": [["cancel_account", "just_cancel"]],
    "opposite": {
        "stop_cancellation": ["cancel_account", "just_cancel"],
        "keep_numbers": ["release_numbers"],
    },
    "alone": ["out_of_scope"],
    "same": 0.1,
    "covered": {"reactivate_account": ["go_back"]},
    "corrected": {"stop_cancellation": ["give_exit_reason"]},
    "leads": {"greet": ["ask_*"], "cancel_account": ["stop_cancellation"]},
    "asked_elsewhere": "out_of_scope",
    "requesting": ["please"],
}


def understood(
    intent: str, *clauses: tuple[str, float], words: str = "some words.", whole: float = 0.9
) -> Message:
    """A message of an intent, with clauses of other intents."""
    text = " ".join([words] * (len(clauses) + 1))
    cut = Cutter([]).cut(text)
    ranked = [ClauseIntent(c, [clause]) for c, clause in zip(cut, clauses, strict=False)]
    first = {"name": intent, "confidence": whole}
    message = Message({"text": text, "intent": first, "intent_ranking": [first]})
    message.set(CLAUSE_INTENTS, ranked)
    FurtherWishes(CONFIG).process([message])
    return message


def beside(intent: str, *ranked: tuple[str, float]) -> Message:
    """A message of an intent, with one clause that several intents fit."""
    message = understood(intent)
    message.set(CLAUSE_INTENTS, [ClauseIntent(Cutter([]).cut("one thing. thank you")[0], ranked)])
    FurtherWishes(CONFIG).process([message])
    return message


def further(message: Message) -> list[str]:
    return [entity["value"] for entity in message.get("entities") or []]


def test_a_sure_wish_in_a_clause_is_a_further_one() -> None:
    assert further(understood("cancel_account", ("ask_fees", 0.9))) == ["ask_fees"]


@pytest.mark.parametrize(
    ("intent", "share", "found"),
    [
        ("keep_numbers", 0.8, ["keep_numbers"]),
        ("keep_numbers", 0.79, ["unclear"]),
        ("keep_numbers", 0.65, ["unclear"]),
        ("keep_numbers", 0.64, []),
        ("ask_fees", 0.9, ["ask_fees"]),
        ("ask_fees", 0.89, ["unclear"]),
    ],
)
def test_a_doubtful_one_is_named_only(intent: str, share: float, found: list[str]) -> None:
    assert further(understood("cancel_account", (intent, share))) == found


@pytest.mark.parametrize(
    ("share", "leads", "words"),
    [
        (0.4, "give_exit_reason", "scratch that."),
        (0.39, "stop_cancellation", "scratch that."),
        (0.9, "stop_cancellation", "I do not want to close it."),
    ],
)
def test_a_short_word_of_taking_back_before_a_reason_stops_nothing(
    share: float, leads: str, words: str
) -> None:
    clauses = ("stop_cancellation", 0.9), ("give_exit_reason", share)
    message = understood("stop_cancellation", *clauses, words=words)
    assert message.get("intent")["name"] == leads


def test_taking_back_after_a_reason_stops() -> None:
    clauses = ("give_exit_reason", 0.9), ("stop_cancellation", 0.9)
    assert understood("stop_cancellation", *clauses).get("intent")["name"] == "stop_cancellation"


def test_what_the_leading_wish_holds_already_is_not_named() -> None:
    assert further(understood("reactivate_account", ("go_back", 0.9))) == []


def test_a_doubtful_clause_that_may_be_the_leading_wish_is_not_named() -> None:
    assert further(beside("cancel_account", ("keep_numbers", 0.7), ("ask_fees", 0.3))) == [
        "unclear"
    ]
    assert further(beside("ask_fees", ("keep_numbers", 0.7), ("ask_fees", 0.1))) == []


def test_of_two_opposite_wishes_the_second_is_named_only() -> None:
    message = understood("ask_fees", ("keep_numbers", 0.9), ("release_numbers", 0.9))
    assert further(message) == ["keep_numbers", "unclear"]
    assert further(understood("stop_cancellation", ("cancel_account", 0.9))) == ["unclear"]
    assert further(understood("stop_cancellation", ("just_cancel", 0.7))) == []


def test_opposites_are_never_sure_together() -> None:
    torn = beside("cancel_account", ("release_numbers", 0.49), ("keep_numbers", 0.47))

    assert further(torn) == []


def test_beside_what_is_not_done_here_nothing_begins() -> None:
    assert further(understood("out_of_scope", ("release_numbers", 0.99))) == ["unclear"]
    assert further(understood("out_of_scope", ("release_numbers", 0.7))) == []


def test_a_weak_whole_gives_way_to_a_sure_clause() -> None:
    weak = understood("cancel_account", ("thanks", 0.9), ("ask_fees", 0.95), whole=0.59)
    assert weak.get("intent")["name"] == "ask_fees"
    strong = understood("cancel_account", ("thanks", 0.9), ("ask_fees", 0.95), whole=0.6)
    assert strong.get("intent")["name"] == "cancel_account"
    said_so = understood("cancel_account", ("just_cancel", 0.5), ("ask_fees", 0.95), whole=0.5)
    assert said_so.get("intent")["name"] == "cancel_account"


def test_what_is_no_wish_is_none() -> None:
    assert further(understood("cancel_account", ("thanks", 0.99))) == []


def test_the_same_wish_in_other_words_is_not_another() -> None:
    assert further(understood("cancel_account", ("just_cancel", 0.99), ("ask_fees", 0.9))) == [
        "ask_fees"
    ]


def test_intents_of_one_kind_are_sure_together() -> None:
    close = beside("ask_fees", ("cancel_account", 0.5), ("just_cancel", 0.4))

    assert further(close) == ["cancel_account"]


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


def test_only_a_question_or_request_for_what_is_not_served_is_named() -> None:
    assert further(understood("cancel_account", ("out_of_scope", 0.9))) == []
    for words in ("do you sell hats?", "please sell me hats."):
        asked = understood("cancel_account", ("out_of_scope", 0.9), words=words)
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
        ("ask_fees", ("question", "fees", "close it what else?", None)),
        ("request_human", ("hand_over", None, "close it what else?")),
        ("stop_cancellation", ("stop",)),
        ("have_export", ("answer", "data_export", "have", "close it what else?")),
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


@pytest.mark.parametrize("wish", ["unclear", "give_up_number", "transfer_first", "go_back"])
async def test_what_needs_its_own_message_is_named_and_not_done(wish: str) -> None:
    asked, (said,) = await served("cancel_account", wish)

    assert asked == []
    assert (said["response"], said["words"]) == ("utter_say_one_at_a_time", "what else")


async def test_who_stays_is_heard_first() -> None:
    asked, _ = await served("ask_fees", "ask_refund", "stop_cancellation")

    assert asked[0] == ("stop",)


async def test_beyond_what_a_turn_can_hold_wishes_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, said = await served("cancel_account", *["ask_fees"] * (serving.MOST + 2))
    assert len(asked) == serving.MOST
    assert [m["response"] for m in said[serving.MOST :]] == ["utter_say_one_at_a_time"] * 2

    monkeypatch.setattr(serving, "LONGEST", 0.0)
    asked, said = await served("cancel_account", "ask_fees")
    assert (asked, said[0]["response"]) == ([], "utter_say_one_at_a_time")


async def test_words_are_repeated_shortened_and_in_one_line() -> None:
    words = "and\n\nplease " + "tell my dear aunt " * 10
    entity = {"entity": "further_wish", "value": "unclear", "start": 0, "end": len(words)}
    tracker = Tracker(
        "c-1", {}, {"text": words, "entities": [entity]}, [], False, None, {}, "action_listen"
    )
    dispatcher = CollectingDispatcher()
    await serve(dispatcher, tracker, Backend())  # type: ignore[arg-type]

    said = dispatcher.messages[0]["words"]
    assert said.startswith("and please tell my dear aunt tell")
    assert said.endswith(("aunt…", "dear…", "tell…"))
    assert len(said) <= serving.QUOTED


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
