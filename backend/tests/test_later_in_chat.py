"""Closings that take effect later or need a second person, as the conversation leads them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clients import SERVICE, Api, port_path
from factories import World, account, e164, phone, the_account
from made_up import NIMBUS, kind, rule, words, world_of

from farewell.accounts.tables import PhoneNumber
from farewell.lifecycle.sweep import sweep
from farewell.work import Work

ANN, OWN = "ann@example", "own@example"
PLAIN: dict[str, Any] = {"alternatives": {"offers": []}, "signs_out": rule(False)}
NOTICE = rule({"notice_days": 30})


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world in which accounts close after notice, or when an owner agrees, or both."""
    policy = deepcopy(NIMBUS)
    policy["role_names"]["owner"] = words("Owner")
    owner = rule(["owner"])
    policy["account_types"] = {
        "later": kind(**PLAIN, takes_effect=NOTICE),
        "month": kind(**PLAIN, takes_effect=rule("period_end")),
        "double": kind(**PLAIN, second_approval=owner),
        "both": kind(**PLAIN, takes_effect=NOTICE, second_approval=owner),
    }
    return world_of(tmp_path, policy)


def one(type_: str = "later", **more: Any) -> dict[str, Any]:
    """An account that ann@example is captain and own@example owner of."""
    given = {"vendor": "nimbus", "type": type_, "roles": {ANN: "captain", OWN: "owner"}}
    return account("N-1", **(given | more))


def said(api: Api, token: str, text: str) -> str:
    """What is answered to a message."""
    return "\n".join(m["text"] for m in api.say(token, text))


def case(world: World) -> dict[str, Any]:
    """The account's case."""
    shown: dict[str, Any] = world.show("N-1")["closing_case"]
    return shown


def settled(api: Api, world: World, email: str = ANN) -> str:
    """A conversation in which the closing was confirmed with a plain yes."""
    token = api.sign_in(email)
    said(api, token, "just close it")
    said(api, token, "yes")
    return token


# --- a later end ---------------------------------------------------------------------------------


def test_the_day_is_told_before_and_in_the_question(api: Api, world: World) -> None:
    world.load(one())
    token = api.sign_in()

    answer = said(api, token, "just close it")

    assert "effect_notice\n\nquote_at_end\n\nusage_free_until_end" in answer
    assert answer.endswith("confirm_scheduled?")
    assert said(api, token, "yes") == "scheduled?"
    assert case(world)["state"] == "scheduled"


@pytest.mark.parametrize("again", ["close it", "just close it"])
def test_asking_again_says_that_it_is_settled(api: Api, world: World, again: str) -> None:
    world.load(one())
    token = settled(api, world)

    for asks in (token, api.sign_in()):
        assert said(api, asks, again).endswith("scheduled?")
    assert case(world)["state"] == "scheduled"


def test_questions_are_answered_by_what_was_agreed(api: Api, world: World) -> None:
    world.load(one("month", numbers=[phone()]))
    token = api.sign_in()
    assert said(api, token, "ask effective_date").endswith("effect_period_end")
    assert said(api, token, "ask undo") == "withdraw_until\n\nundo_by_customer"
    settled(api, world)
    world.clock.forward(days=10)

    assert said(api, token, "ask closing_number") == "status_scheduled"
    assert said(api, token, "ask effective_date") == "status_scheduled\n\nwithdraw_until"
    assert said(api, token, "ask undo") == "withdraw_until\n\nundo_by_customer"
    assert said(api, token, "ask final_bill").endswith("quote_at_end\n\nusage_free_until_end")


def test_never_mind_withdraws_it_from_any_conversation(api: Api, world: World) -> None:
    world.load(one())
    settled(api, world)

    assert said(api, api.sign_in(), "stop") == "schedule_withdrawn"

    assert world.show("N-1")["account"]["status"] == "active"
    assert world.show("N-1")["account"]["renewal_stopped"] is False


@pytest.mark.parametrize("words_", ["stop", "back", "over"])
def test_when_the_moment_has_come_it_is_too_late(api: Api, world: World, words_: str) -> None:
    world.load(one())
    token = settled(api, world)
    world.clock.now = datetime(2026, 12, 11, 5, tzinfo=UTC)

    assert said(api, token, words_).startswith("status_closing_now")
    assert said(api, token, "ask closing_number").startswith("status_closing_now")

    assert case(world)["state"] == "scheduled"
    assert world.run(sweep).closed == 1


def test_going_back_takes_the_go_ahead_back(api: Api, world: World) -> None:
    world.load(one())
    token = settled(api, world)

    assert said(api, token, "back") == "standing_taken_back\nconfirm_scheduled?"
    assert world.show("N-1")["account"]["renewal_stopped"] is False


def test_the_end_is_told_in_the_conversation(api: Api, world: World) -> None:
    world.load(one())
    token = settled(api, world)
    world.clock.now = datetime(2026, 12, 11, 5, 0, 40, tzinfo=UTC)

    world.run(sweep)

    text = api.messages(token)[-1]["text"]
    assert "is closed, as it was agreed" in text
    assert "FW-20261211-" in text
    assert "$39.68" in text
    assert said(api, token, "close it") == "closed_already"


def test_what_was_not_agreed_is_told_and_asked_about_when_the_customer_comes_back(
    api: Api, world: World
) -> None:
    world.load(one())
    token = settled(api, world)

    def another(work: Work) -> None:
        found = the_account(work, "N-1")
        found.numbers.append(PhoneNumber(e164=e164(7)))

    world.run(another)
    world.clock.forward(days=1)
    world.run(sweep)

    text = api.messages(token)[-1]["text"]
    assert "can't be closed as it was confirmed" in text
    assert "a number that was not spoken of" in text
    answer = said(api, token, "hello")
    assert "numbers_released" in answer
    assert answer.endswith("confirm_scheduled?")


def test_a_port_that_the_carrier_calls_done_is_asked_about_before_the_end(
    api: Api, world: World
) -> None:
    world.load(one(numbers=[phone(0, "submitted")]))
    token = api.sign_in()
    said(api, token, "just close it")
    said(api, token, "answer open_port wait")
    assert said(api, token, "yes") == "scheduled?"

    api.call("PUT", port_path(e164()), token=SERVICE, json={"status": "completed"})

    assert api.messages(token)[-1]["text"] == "port_works?"
    assert case(world)["state"] == "scheduled"


# --- a second person -----------------------------------------------------------------------------


def test_two_people_close_in_two_conversations(api: Api, world: World) -> None:
    world.load(one("double", numbers=[phone()]))
    token = api.sign_in()
    answer = said(api, token, "just close it")
    assert "second_approval" in answer
    assert answer.endswith("confirm_approval?")
    assert said(api, token, "yes") == "waiting_for_approval?"

    second = api.sign_in(OWN)
    answer = said(api, second, "hello")
    assert "numbers_released" in answer
    assert "quote_due" in answer
    assert answer.endswith("approve?")
    assert said(api, second, "yes").startswith("approval_given\n\nclosed")

    assert world.show("N-1")["account"]["status"] == "closed"


def test_the_first_person_s_own_yes_in_another_conversation_does_not_count(
    api: Api, world: World
) -> None:
    world.load(one("double", roles={ANN: ["captain", "owner"], OWN: "owner"}))
    settled(api, world)
    token = api.sign_in()

    assert said(api, token, "close it").endswith("waiting_for_approval?")
    for words_ in ("yes", "/confirm_closure", "answer approve decline"):
        said(api, token, words_)

    assert case(world)["state"] == "waiting_for_approval"


def test_free_words_are_no_agreement(api: Api, world: World) -> None:
    world.load(one("double"))
    settled(api, world)
    second = api.sign_in(OWN)
    said(api, second, "hello")

    said(api, second, "well, sure, why not")

    assert case(world)["state"] == "waiting_for_approval"
    assert said(api, second, "i agree").startswith("approval_given")


def test_a_no_is_told_to_the_first_person(api: Api, world: World) -> None:
    world.load(one("double"))
    token = settled(api, world)
    second = api.sign_in(OWN)
    said(api, second, "hello")

    assert said(api, second, "answer approve decline") == "approval_refused"

    assert case(world)["state"] == "abandoned"
    assert "O. did not agree" in api.messages(token)[-1]["text"]


def test_who_is_not_asked_declines_nothing(api: Api, world: World) -> None:
    world.load(one("double"))
    token = settled(api, world)
    second = api.sign_in(OWN)

    said(api, token, "answer approve decline")
    said(api, second, "answer approve decline")  # the question was not put before them yet

    assert case(world)["state"] == "waiting_for_approval"


def test_not_now_leaves_it_open_and_continue_comes_back(api: Api, world: World) -> None:
    world.load(one("double"))
    settled(api, world)
    second = api.sign_in(OWN)
    said(api, second, "hello")

    assert said(api, second, "stop") == "approval_left_open"
    assert said(api, second, "hello") == "ok"
    assert said(api, second, "close it").endswith("approve?")


@pytest.mark.parametrize(("words_", "told"), [("back", "nothing_before"), ("over", "begun_again")])
def test_the_second_person_takes_no_answer_of_the_first_back(
    api: Api, world: World, words_: str, told: str
) -> None:
    world.load(one("double", roles={ANN: "captain", OWN: ["captain", "owner"]}))
    settled(api, world)
    second = api.sign_in(OWN)
    said(api, second, "hello")

    assert said(api, second, words_) == f"{told}\napprove?"
    assert case(world)["state"] == "waiting_for_approval"


def test_the_second_person_is_told_the_amounts_and_somebody_else_is_not(
    api: Api, world: World
) -> None:
    world.load(one("double", roles={ANN: "captain", OWN: "owner", "sam@example": "sailor"}))
    settled(api, world)

    assert "quote_due" in said(api, api.sign_in(OWN), "ask final_bill")
    assert "quote_due" not in said(api, api.sign_in("sam@example"), "ask final_bill")


def test_what_lapsed_is_said_to_the_second_person(api: Api, world: World) -> None:
    world.load(one("double"))
    settled(api, world)
    second = api.sign_in(OWN)
    said(api, second, "hello")

    def dearer(work: Work) -> None:
        plan = the_account(work, "N-1").subscription
        assert plan is not None
        plan.price_minor = 9000

    world.run(dearer)
    world.clock.forward(seconds=1)

    assert said(api, second, "yes") == "approval_lapsed"
    assert case(world)["state"] == "open"


def test_where_nobody_could_agree_it_is_said_at_once(api: Api, world: World) -> None:
    world.load(one("double", roles={ANN: ["captain", "owner"]}))

    assert said(api, api.sign_in(), "close it").endswith("second_vacant?")
    assert case(world) is None


def test_with_notice_the_second_word_settles_the_day(api: Api, world: World) -> None:
    world.load(one("both"))
    token = settled(api, world)
    assert said(api, token, "ask closing_number") == "status_waiting_for_approval"
    assert said(api, token, "ask effective_date") == "effect_notice\n\nsecond_approval"
    second = api.sign_in(OWN)
    said(api, second, "hello")

    assert said(api, second, "yes") == "approval_given\n\nstatus_scheduled"

    assert case(world)["last_day"] == "2026-12-10"
    assert said(api, token, "close it").endswith("scheduled?")


def test_the_second_person_is_told_in_a_conversation_that_is_open(api: Api, world: World) -> None:
    world.load(one("double"))
    second = api.sign_in(OWN)
    said(api, second, "hello")

    settled(api, world)

    assert "A. has confirmed" in api.messages(second)[-1]["text"]
    assert said(api, second, "hello").endswith("approve?")
