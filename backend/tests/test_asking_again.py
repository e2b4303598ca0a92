"""A question that is asked again is counted, so that it is worded anew and a human is offered."""

from __future__ import annotations

import httpx
import pytest
from clients import Api, button
from factories import World, account

from farewell.chat.tables import Conversation


def asking(api: Api, world: World) -> str:
    """How the open question of the only conversation would be worded now."""
    key = world.run(lambda work: work.session.query(Conversation).one().id)
    wording: str = api.runner.run(api.rasa.act(key, "next-step"))["asking"]
    return wording


def test_a_question_is_counted_while_other_things_come_between(api: Api, two: World) -> None:
    token = api.sign_in()
    counted = []
    for text in ("close", "ask fees", "hm", "human", "hm"):
        api.say(token, text)
        counted.append(asking(api, two))

    assert counted == ["again", "with_human", "with_human", "with_human", "with_human"]


def test_the_next_question_is_asked_for_the_first_time(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "hm")
    key = two.run(lambda work: work.session.query(Conversation).one().id)
    given = {"code": "keep_numbers", "value": "release_all", "text": ""}
    api.runner.run(api.rasa.act(key, "answers", **given))

    assert asking(api, two) == "first"


async def no_answer(_: object) -> httpx.Response:
    """A Rasa that is broken."""
    return httpx.Response(500)


def test_after_an_apology_the_question_is_asked_in_full(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    api.rasa.answer = no_answer
    api.say(token, "hm")

    assert asking(api, two) == "first"


def test_another_quote_is_another_question(api: Api, two: World) -> None:
    two.closing().settle()
    token = api.sign_in()
    api.say(token, "close")
    assert asking(api, two) == "again"

    two.clock.forward(hours=2)

    assert asking(api, two) == "first"


def test_the_same_question_about_another_account_is_another_question(api: Api, two: World) -> None:
    two.load(account("T-7"), account("T-8"))
    two.closing("T-7").open()
    token = api.sign_in()
    api.say(token, "close T-7")
    assert asking(api, two) == "again"
    key = two.run(lambda work: work.session.query(Conversation).one().id)

    api.runner.run(api.rasa.act(key, "other-account", text="T-8"))

    assert asking(api, two) == "first"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_button_from_the_first_asking_still_works(api: Api, two: World, times: int) -> None:
    two.closing().settle()
    token = api.sign_in()
    first = button(api.say(token, "close"), "Close it now")
    for _ in range(times):
        api.say(token, "hm")

    assert api.say(token, first)[0]["text"].startswith("closed")


def test_a_plain_yes_counts_for_a_question_that_was_asked_again(api: Api, two: World) -> None:
    two.closing().settle()
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "qzx vbnm")
    api.say(token, "wrtp")
    assert two.show("T-1")["closures"] == []

    api.say(token, "yes")

    assert len(two.show("T-1")["closures"]) == 1
