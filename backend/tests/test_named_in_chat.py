"""Accounts and days that a customer names in passing: looked up, and never promised wrongly."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from clients import Api, spoken
from factories import World, account, phone

from farewell.chat.tables import Conversation
from farewell.closing.tables import ClosingCase

ANN = {"ann@example": "billing_admin"}


@pytest.fixture
def denver_and_boston(world: World) -> World:
    """Ann has two accounts with other phone numbers and prices."""
    world.load(
        account("T-1", name="Denver", roles=ANN, numbers=[phone(0)], plan=plan(4500)),
        account("T-2", name="Boston", roles=ANN, numbers=[phone(1)], plan=plan(2000)),
    )
    return world


def plan(price_minor: int) -> dict[str, object]:
    return {"name": "Plan", "price_minor": price_minor}


def said(api: Api, token: str, text: str) -> str:
    """Everything that is answered, as one text."""
    return "\n".join(message["text"] for message in api.say(token, text))


def act(api: Api, world: World, action: str, **body: object) -> dict[str, Any]:
    """One call of the assistant's actions in the only conversation."""
    key = world.run(lambda work: work.session.query(Conversation).one().id)
    return api.runner.run(api.rasa.act(key, action, **body))


@pytest.mark.parametrize(
    "words",
    [
        "close the one with (303) 555-0101",
        "close the one ending in 0101",
        "close the $20 one",
        "close the one for 20 dollars a month",
        "close boston",
    ],
)
def test_an_account_is_found_by_what_only_it_has(
    api: Api, denver_and_boston: World, words: str
) -> None:
    token = api.sign_in()

    assert said(api, token, words).startswith("account_found")
    assert denver_and_boston.show("T-2")["account"]["status"] == "closing"
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"


@pytest.mark.parametrize(
    "words",
    [
        "close the one ending in 0999",
        "close the $99 one",
        "close the one with 20 people",
        "close one of them",
        "close both",
        "close the one I paid for with the card ending in 0101",
        "close it, my code is 0101",
    ],
)
def test_what_points_to_none_is_asked(api: Api, denver_and_boston: World, words: str) -> None:
    token = api.sign_in()

    assert said(api, token, words) == "choose_account?"
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"


@pytest.mark.parametrize(
    "words",
    [
        "close denver and boston please",
        "close T-1, T-2",
        "close (303) 555-0100 and (303) 555-0101",
        "close the $20 one or the $45 one",
        "just close boston and T-1",
    ],
)
def test_several_accounts_are_named_back_and_the_first_is_asked(
    api: Api, denver_and_boston: World, words: str
) -> None:
    token = api.sign_in()

    asked = api.say(token, words)

    assert [message["text"] for message in asked] == ["one_account_at_a_time", "choose_account?"]
    assert denver_and_boston.count(ClosingCase) == 0
    act(api, denver_and_boston, "options", option="T-2")
    assert denver_and_boston.show("T-2")["account"]["status"] == "closing"
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"


def test_only_accounts_that_were_named_are_named_back(api: Api, denver_and_boston: World) -> None:
    denver_and_boston.load(account("T-3", name="Austin", roles=ANN))
    api.say(api.sign_in(), "hello")

    told = act(api, denver_and_boston, "wish", wish="closing", text="close denver and austin")[
        "say"
    ]

    assert told[0]["facts"]["accounts"].splitlines() == ["• Denver (T-1)", "• Austin (T-3)"]


@pytest.mark.parametrize("words", ["other account", "account"])
def test_several_others_are_named_back_too(api: Api, denver_and_boston: World, words: str) -> None:
    denver_and_boston.load(account("T-3", name="Austin", roles=ANN))
    token = api.sign_in()
    api.say(token, "close denver")

    told = said(api, token, f"{words} boston and austin")

    assert "one_account_at_a_time" in told
    assert told.startswith("left_open") == (words == "other account")


# --- in the middle of a closing ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "close it, you charged me $20",
        "close it, the line ending in 0101 never worked",
        "just close it, 20 dollars is too much",
    ],
)
def test_a_complaint_does_not_change_the_account_that_is_being_closed(
    api: Api, denver_and_boston: World, words: str
) -> None:
    token = api.sign_in()
    api.say(token, "close denver")

    assert "account_found" not in said(api, token, words)

    assert denver_and_boston.show("T-1")["account"]["status"] == "closing"
    assert denver_and_boston.show("T-2")["account"]["status"] == "active"


@pytest.mark.parametrize("words", ["close boston", "close T-2", "just close +1 303 555 0101"])
def test_an_account_that_is_named_plainly_takes_the_place_of_the_other(
    api: Api, denver_and_boston: World, words: str
) -> None:
    token = api.sign_in()
    api.say(token, "close denver because too_expensive")

    heard = said(api, token, words)

    assert heard.startswith("left_open\n\naccount_found")
    assert "reason_noted" in heard
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"
    assert denver_and_boston.show("T-1")["closing_case"]["state"] == "abandoned"
    assert denver_and_boston.show("T-2")["account"]["status"] == "closing"


def test_a_price_changes_the_account_where_that_is_what_is_wanted(
    api: Api, denver_and_boston: World
) -> None:
    token = api.sign_in()
    api.say(token, "close denver")

    told = said(api, token, "other account the $20 one")

    assert told.startswith("left_open\n\naccount_found")

    assert denver_and_boston.show("T-2")["account"]["status"] == "closing"
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"


def test_the_other_account_is_wanted_back_while_one_is_being_closed(
    api: Api, denver_and_boston: World
) -> None:
    """It is not closed, and the closing goes on."""
    api.say(api.sign_in(), "close denver")

    told = act(api, denver_and_boston, "wish", wish="reactivation", text="I want boston back")[
        "say"
    ]

    assert [statement["code"] for statement in told] == ["not_closed"]
    assert act(api, denver_and_boston, "next-step")["next_requirement"] == "keep_numbers"
    assert denver_and_boston.show("T-1")["account"]["status"] == "closing"


# --- days ----------------------------------------------------------------------------------------


def test_a_closing_is_not_promised_for_another_day(api: Api, two: World) -> None:
    assert "no_other_day" in said(api, api.sign_in(), "close it in 2 weeks")


@pytest.mark.parametrize(
    "words",
    [
        "close it today",
        "close it",
        "close it, I joined 2 weeks ago",
        "close it, I have paid for 2 years",
        "close it, I signed up on monday",
        "close it, you charged me on november 20",
        "close it, I'm within 30 days of signing up",
        "answer exit_reason words you were down on monday",
    ],
)
def test_no_other_day_is_spoken_of_where_none_to_come_is_named(
    api: Api, two: World, words: str
) -> None:
    assert "no_other_day" not in said(api, api.sign_in(), words)


def test_a_question_for_a_day_is_answered_with_that_day(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close")

    asked = act(api, two, "questions/effective_date", text="can I close it tomorrow?")

    assert [statement["code"] for statement in asked["say"]] == ["effect_immediate", "no_other_day"]


def test_what_is_said_twice_in_one_answer_is_delivered_once(api: Api, two: World) -> None:
    """ "Close it tomorrow. Can I close it tomorrow?" is a wish and a question with the same day."""
    token, words = api.sign_in(), "close it tomorrow"

    async def twice(body: dict[str, Any]) -> httpx.Response:
        told = spoken(await api.rasa.act(body["sender"], "wish", wish="closing", text=words))
        asked = await api.rasa.act(body["sender"], "questions/effective_date", text=words)
        return httpx.Response(200, json=[*told, *spoken(asked)])

    api.rasa.answer = twice

    assert said(api, token, words).split() == ["account_found", "no_other_day", "effect_immediate"]
