"""Actions without a network: their one call, what they say and set, and never an exception."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import yaml
from acting import STOPPED, Fake, named, run, tracker, validated
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import client
from actions.base import Told
from actions.client import PATIENCE
from actions.next_step import FACTS
from launch.paths import ROOT

WHAT_RASA_CAN_WAIT = 60.0
"""Seconds of TICKET_LOCK_LIFETIME, Rasa's default."""

DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text())


def told_actions() -> list[str]:
    named("action_next_step")  # imports all of them

    def below(kind: type) -> Iterator[type]:
        for sub in kind.__subclasses__():
            yield sub
            yield from below(sub)

    return sorted(kind.action_name for kind in below(Told) if hasattr(kind, "action_name"))


# --- one action, one call ----------------------------------------------------------------------

CALLS = [
    ("action_close_account", "wish", {"wish": "closing", "text": "hello"}),
    ("action_reactivate_account", "wish", {"wish": "reactivation", "text": "hello"}),
    ("action_just_cancel", "skip-ahead", {"text": "hello"}),
    ("action_go_on", "continue", {"text": "hello"}),
    ("action_choose_account", "account", {"text": "hello"}),
    ("action_change_account", "other-account", {"text": "hello"}),
    ("action_stop_closing", "stop", {}),
    ("action_go_back", "back", {}),
    ("action_start_over", "start-over", {}),
    ("action_hand_over", "handover", {"error_code": "http_502", "text": "hello"}),
    ("action_confirm_closure", "confirm", {"text": "hello"}),
    ("action_consent_to_reactivation", "reactivation-consent", {}),
    ("action_restore_numbers", "restore-numbers", {"yes": True}),
    ("action_leave_numbers", "restore-numbers", {"yes": False}),
    ("action_answer_question", "questions/fees", {"text": "hello"}),
    ("action_take_option", "options", {"option": "T-1001"}),
    ("action_take_alternative", "alternative", {"text": "hello"}),
    ("action_not_understood", "not-understood", {"text": "hello", "out_of_scope": False}),
    ("action_verified", "verified", {}),
    ("action_no_message", "message", {"text": "hello", "declined": True}),
    ("action_decline_alternatives", "answers", {"code": "alternatives", "value": "decline"}),
    ("action_keep_numbers", "answers", {"code": "keep_numbers", "value": "port_first"}),
    ("action_release_numbers", "answers", {"code": "keep_numbers", "value": "release_all"}),
    ("action_wait_for_port", "answers", {"code": "open_port", "value": "wait"}),
    ("action_give_up_number", "answers", {"code": "open_port", "value": "give_up"}),
    ("action_port_works", "answers", {"code": "port_works", "value": "works"}),
    ("action_port_not_yet", "answers", {"code": "port_works", "value": "not_yet"}),
    ("action_export_data", "answers", {"code": "data_export", "value": "export"}),
    ("action_have_export", "answers", {"code": "data_export", "value": "have"}),
    ("action_skip_export", "answers", {"code": "data_export", "value": "skip"}),
    ("action_close_sub_accounts", "answers", {"code": "sub_accounts", "value": "close_all"}),
    ("action_transfer_first", "answers", {"code": "sub_accounts", "value": "transfer_first"}),
    ("action_decline_approval", "answers", {"code": "approve", "value": "decline"}),
    ("action_give_reason", "answers", {"code": "exit_reason", "value": "words"}),
    ("action_skip_reason", "answers", {"code": "exit_reason", "value": "skip"}),
]


def anything() -> Tracker:
    return tracker("hello", "ask_fees", option="T-1001", error_code="http_502")


@pytest.mark.parametrize(("name", "path", "body"), CALLS, ids=[c[0] for c in CALLS])
async def test_an_action_makes_its_one_call(
    backend: Fake, name: str, path: str, body: dict[str, Any]
) -> None:
    words = {"text": "hello"} if path == "answers" else {}
    messages, slots = await run(name, anything())
    assert (backend.asked, backend.body) == (path, body | words)
    assert [m["response"] for m in messages] == ["utter_say_stopped"]
    assert slots == {"outcome": "done", "error_code": None}


def test_no_action_is_left_out_here() -> None:
    assert told_actions() == sorted(name for name, _, _ in CALLS)


async def test_a_statement_is_uttered_with_its_facts_and_its_fingerprint(backend: Fake) -> None:
    messages, _ = await run("action_stop_closing", tracker())
    assert messages[0]["account"] == "Acme (T-1001)"
    assert messages[0]["shown"] == "abc"


WISHES = {
    "action_close_account",
    "action_just_cancel",
    "action_go_on",
    "action_choose_account",
    "action_change_account",
    "action_confirm_closure",
    "action_decline_alternatives",
    "action_skip_export",
    "action_give_reason",
    "action_skip_reason",
}
"""Actions that answer a wish to close, or a reason."""


@pytest.mark.parametrize("name", [name for name, _, _ in CALLS])
async def test_only_a_wish_a_question_or_a_reason_tells_why(backend: Fake, name: str) -> None:
    await run(name, tracker("it fails too often", "ask_fees", reason="quality_or_reliability"))
    telling = {*WISHES, "action_answer_question"}
    why = {"code": "quality_or_reliability"} if name in telling else None
    assert backend.body.get("reason") == why


def test_every_action_that_answers_a_wish_to_close_may_tell_why() -> None:
    """What "cancel, you're too expensive" leads to, whatever is being asked."""
    wishes = {"cancel_account", "just_cancel", "choose_account", "change_account"}
    rules = [
        rule
        for file in sorted((ROOT / "data" / "rules").glob("*.yml"))
        for rule in yaml.safe_load(file.read_text())["rules"]
    ]
    answering = {
        rule["steps"][1]["action"]
        for rule in rules
        for step in rule["steps"][0].get("or", rule["steps"][:1])
        if step.get("intent") in {*wishes, "give_exit_reason", "continue_closing"}
    }
    assert answering & set(told_actions()) == WISHES


@pytest.mark.parametrize(
    ("intent", "value"), [("cancel_account", "words"), ("skip", "skip"), ("deny", "skip")]
)
async def test_a_wish_in_place_of_the_reason_is_passed_on_with_its_words(
    backend: Fake, intent: str, value: str
) -> None:
    """The backend knows whether anything but the wish is said."""
    await run("action_skip_reason", tracker("cancel it, it crashes", intent))
    assert (backend.body["value"], backend.body["text"]) == (value, "cancel it, it crashes")


async def test_an_option_comes_from_its_button_only(backend: Fake) -> None:
    await run("action_take_option", tracker("T-1001", "choose_option"))
    assert backend.body == {"option": ""}


# --- when the backend fails --------------------------------------------------------------------

FAILURES: dict[str, tuple[Callable[[Fake], None], str]] = {
    "unreachable": (lambda b: b.breaks(httpx.ConnectError("no")), "backend_unreachable"),
    "slow": (lambda b: b.breaks(httpx.ReadTimeout("slow")), "backend_unreachable"),
    "gone away": (lambda b: b.breaks(httpx.RemoteProtocolError("gone")), "backend_unreachable"),
    "500 in words": (lambda b: answers(b, 500, text="Internal Server Error"), "http_500"),
    "500 in JSON": (lambda b: answers(b, 500, json=["no", "problem"]), "http_500"),
    "a problem": (lambda b: answers(b, 409, json={"code": "case_changed"}), "case_changed"),
    "not JSON": (lambda b: answers(b, 200, text="<html>"), "action_failed"),
    "another shape": (lambda b: answers(b, 200, json={"said": []}), "action_failed"),
    "another statement": (lambda b: answers(b, 200, json={"say": [{"c": 1}]}), "action_failed"),
}


def answers(backend: Fake, status: int, **content: Any) -> None:
    backend.answer = lambda _: httpx.Response(status, **content)


@pytest.fixture(params=list(FAILURES))
def failing(request: pytest.FixtureRequest, backend: Fake) -> str:
    """A backend that fails in one way; gives the code of the failure."""
    fail, code = FAILURES[request.param]
    fail(backend)
    return code


async def test_a_failure_is_an_outcome_and_no_exception(failing: str) -> None:
    """Rasa does not retry: an action that raised would be silence, and its events lost (#7630)."""
    messages, slots = await run("action_confirm_closure", tracker("yes", "affirm"))
    assert messages == []
    assert slots == {"outcome": "failed", "error_code": failing}


@pytest.mark.parametrize("name", [name for name, _, _ in CALLS])
async def test_no_action_raises_when_the_backend_is_away(backend: Fake, name: str) -> None:
    backend.breaks(httpx.ConnectError("no"))
    _, slots = await run(name, anything())
    assert slots == {"outcome": "failed", "error_code": "backend_unreachable"}


async def test_a_failed_action_leads_to_an_answer_and_the_backend_is_not_asked(
    backend: Fake,
) -> None:
    _, slots = await run("action_next_step", tracker(outcome="failed", error_code="http_502"))
    assert backend.calls == []
    assert slots["next_requirement"] == "unavailable"
    assert slots["outcome"] == "done"
    assert "error_code" not in slots, "a human who is called needs it"


async def test_a_failed_next_step_leads_to_an_answer(failing: str) -> None:
    messages, slots = await run("action_next_step", tracker())
    assert messages == []
    assert slots["next_requirement"] == "unavailable"
    assert slots["error_code"] == failing


async def test_after_a_failure_the_next_turn_asks_again(backend: Fake) -> None:
    backend.step("data_export")
    _, slots = await run("action_next_step", tracker(outcome="done"))
    assert slots["next_requirement"] == "data_export"


def test_actions_give_up_long_before_rasa_gives_the_conversation_away() -> None:
    """An action that outlives the lock of its conversation lets the next message run beside it."""
    waits = [PATIENCE.connect, PATIENCE.read, PATIENCE.write, PATIENCE.pool]
    assert sum(seconds or WHAT_RASA_CAN_WAIT for seconds in waits) < WHAT_RASA_CAN_WAIT / 2


# --- what comes next ---------------------------------------------------------------------------


async def test_the_next_step_sets_the_requirement_and_every_fact_anew(backend: Fake) -> None:
    backend.step("confirm", STOPPED, asking="again", facts={"total": "$17.42", "unknown": "x"})
    messages, slots = await run("action_next_step", tracker(numbers="old", total="$1.00"))
    assert [m["response"] for m in messages] == ["utter_say_stopped"]
    assert slots["next_requirement"] == "confirm"
    assert slots["asking"] == "again"
    assert slots["total"] == "$17.42"
    assert slots["numbers"] is None
    assert set(FACTS) <= set(slots)
    assert "unknown" not in slots


USER, BOT = {"event": "user"}, {"event": "bot"}


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([USER], "nothing_open"),
        ([USER, BOT], "none"),
        ([BOT, USER, {"event": "action"}], "nothing_open"),
        ([], "nothing_open"),
    ],
)
async def test_a_turn_in_which_nothing_was_said_still_gets_an_answer(
    backend: Fake, events: list[dict[str, Any]], code: str
) -> None:
    backend.step("none")
    _, slots = await run("action_next_step", tracker(events=events))
    assert slots["next_requirement"] == code


async def test_a_statement_of_the_next_step_is_an_answer(backend: Fake) -> None:
    backend.step("none", STOPPED)
    _, slots = await run("action_next_step", tracker(events=[USER]))
    assert slots["next_requirement"] == "none"


async def test_options_become_buttons(backend: Fake) -> None:
    options = [{"title": 'The "Denver" one', "code": "T-1001"}]
    backend.step("choose_account", options=options)
    _, slots = await run("action_next_step", tracker())
    messages, _ = await run("action_offer_options", tracker(**slots))
    assert messages[0]["response"] == "utter_ask_choose_account"
    assert messages[0]["buttons"] == [
        {"title": 'The "Denver" one', "payload": '/choose_option{"option": "T-1001"}'}
    ]


async def test_a_question_without_options_has_no_buttons_of_its_own(backend: Fake) -> None:
    messages, _ = await run("action_offer_options", tracker(next_requirement="exit_reason"))
    assert messages[0]["response"] == "utter_ask_exit_reason"
    assert not messages[0]["buttons"]


@pytest.mark.parametrize(("asked", "why"), [("data_export", "data_export"), (None, "none")])
async def test_the_reason_is_that_of_the_question_that_is_open(
    backend: Fake, asked: str | None, why: str
) -> None:
    messages, slots = await run("action_explain_question", tracker(next_requirement=asked))
    assert [m["response"] for m in messages] == [f"utter_say_why_{why}"]
    assert (backend.calls, slots) == ([], {})


@pytest.mark.parametrize("asked", DOMAIN["slots"]["next_requirement"]["values"])
async def test_every_question_is_explained_by_its_own_reason(backend: Fake, asked: str) -> None:
    ((said,), _) = await run("action_explain_question", tracker(next_requirement=asked))

    assert said["response"] == f"utter_say_why_{asked}"
    assert said["response"] in DOMAIN["responses"]


async def test_a_conversation_begins_with_what_speaks() -> None:
    dispatcher = CollectingDispatcher()
    events = await named("action_session_start").run(dispatcher, tracker(), {})
    assert [m["response"] for m in dispatcher.messages] == ["utter_say_introduction"]
    assert [e["event"] for e in events] == ["session_started", "action"]


def test_what_speaks_first_says_that_it_is_a_bot() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    assert re.search(r"\bbot\b", domain["responses"]["utter_say_introduction"][0]["text"])


# --- the account number of a visitor -----------------------------------------------------------


async def test_an_account_number_begins_the_verification(backend: Fake) -> None:
    backend.answer = backend.says({"code": "security_question", "facts": {}, "shown": ""})
    messages, slots = await validated("T-1001")
    assert (backend.asked, backend.body) == ("verification", {"account_number": "T-1001"})
    assert [m["response"] for m in messages] == ["utter_say_security_question"]
    assert slots == {"account_number": "T-1001"}


async def test_an_unclear_account_number_is_asked_for_again(backend: Fake) -> None:
    backend.answer = backend.says({"code": "account_number_unclear", "facts": {}, "shown": ""})
    _, slots = await validated("my account")
    assert slots == {"account_number": "my account"}, "the form ends, and the next step asks"


async def test_a_failure_ends_the_form_and_not_the_answer(failing: str) -> None:
    """A form whose action fails is wiped by Rasa's rewind, with `utter_default` only."""
    messages, slots = await validated("T-1001")
    assert messages == []
    assert slots["outcome"] == "failed"
    assert slots["error_code"] == failing
    assert slots["account_number"], "the form has to end, for `action_next_step` to answer"


@pytest.mark.parametrize("outcome", ["failed", "done"])
async def test_an_account_number_is_forgotten_after_use(backend: Fake, outcome: str) -> None:
    """A filled slot would be taken by the next verification without asking."""
    backend.step("none")
    _, slots = await run("action_next_step", tracker(account_number="T-1001", outcome=outcome))
    assert slots["account_number"] is None


def test_the_connection_shows_the_token_to_the_backend_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAREWELL_BACKEND_URL", "http://127.0.0.1:8123")
    monkeypatch.setenv("FAREWELL_SERVICE_TOKEN", "secret")
    client.connection.cache_clear()
    try:
        http = client.connection()
        assert http.headers["Authorization"] == "Bearer secret"
        assert str(http.base_url) == "http://127.0.0.1:8123"
        assert not http.follow_redirects
    finally:
        client.connection.cache_clear()
