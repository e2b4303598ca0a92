"""Accounts and days that a customer names in passing: looked up, and never promised wrongly."""

from __future__ import annotations

import pytest
from clients import Api
from factories import World, account, phone

from farewell.chat.tables import Conversation

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
        "close the $20 one or the $45 one",
        "close one of them",
    ],
)
def test_what_points_to_none_or_to_several_is_asked(
    api: Api, denver_and_boston: World, words: str
) -> None:
    token = api.sign_in()

    assert said(api, token, words) == "choose_account?"
    assert denver_and_boston.show("T-1")["account"]["status"] == "active"


def test_a_closing_is_not_promised_for_another_day(api: Api, two: World) -> None:
    assert "no_other_day" in said(api, api.sign_in(), "close it in 2 weeks")


@pytest.mark.parametrize(
    "words",
    [
        "close it today",
        "close it",
        "close it, I joined 2 weeks ago",
        "close it, I have paid for 2 years",
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
    conversation = two.run(lambda work: work.session.query(Conversation).one().id)

    asked = api.runner.run(
        api.rasa.act(conversation, "questions/effective_date", text="can I close it tomorrow?")
    )

    assert [statement["code"] for statement in asked["say"]] == ["effect_immediate", "no_other_day"]
