"""Going back reopens the last answer, starting over all of them; a closure stays a closure."""

from __future__ import annotations

from typing import Any

import pytest
from clients import Api, button
from factories import World, account, e164, person, phone

from farewell.chat.tables import Conversation
from farewell.lifecycle.sweep import sweep


def said(api: Api, token: str, text: str) -> str:
    """Everything that is answered, as one text."""
    return "\n".join(message["text"] for message in api.say(token, text))


def case(world: World, number: str = "T-1") -> dict[str, Any]:
    """The closing case of an account."""
    shown: dict[str, Any] = world.show(number)["closing_case"]
    return shown


ANSWERS = (
    ("keep_numbers", "release_all"),
    ("data_export", "skip"),
    ("exit_reason", "words too dear"),
)


def answered(api: Api, world: World, email: str = "ann@example") -> str:
    """A token after every question of T-1 was answered in chat."""
    token = api.sign_in(email)
    api.say(token, "close")
    for code, value in ANSWERS:
        api.say(token, f"answer {code} {value}")
    return token


# --- back ----------------------------------------------------------------------------------------


def test_step_by_step_back_to_the_first_question(api: Api, two: World) -> None:
    token = answered(api, two)

    assert said(api, token, "back") == "reopened\nexit_reason?"
    assert said(api, token, "back") == "reopened\ndata_export?"
    assert said(api, token, "back") == "reopened\nkeep_numbers?"
    assert said(api, token, "back") == "nothing_before\nkeep_numbers?"
    assert two.show("T-1")["closures"] == []


def test_what_is_reopened_is_named(api: Api, two: World) -> None:
    token = answered(api, two)
    key = two.run(lambda work: work.session.query(Conversation).one().id)
    api.say(token, "back")

    (statement,) = api.runner.run(api.rasa.act(key, "back"))["say"]

    assert statement["facts"] == {"question": "the data export"}


def test_the_reason_that_is_taken_back_is_forgotten(api: Api, two: World) -> None:
    token = answered(api, two)
    assert case(two)["reason_words"] is not None

    api.say(token, "back")

    assert case(two)["reason_words"] is None


def test_a_reason_that_was_given_ahead_is_kept(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close because too_expensive")
    api.say(token, "answer keep_numbers release_all")

    assert said(api, token, "back") == "reopened\nkeep_numbers?"
    assert said(api, token, "back") == "nothing_before\nkeep_numbers?"

    assert case(two)["reason_code"] == "too_expensive"
    assert [given["code"] for given in case(two)["answers"]] == ["exit_reason"]


def test_a_reason_goes_along_when_going_back_lets_the_account_be_chosen_anew(
    api: Api, two: World
) -> None:
    two.load(account("T-7", name="Denver"), account("T-8", name="Boston"))
    token = api.sign_in()
    api.say(token, "close T-7 because too_expensive")
    assert said(api, token, "back") == "reopened\nchoose_account?"

    assert "reason_noted" in said(api, token, "close T-8")

    assert case(two, "T-8")["reason_code"] == "too_expensive"


def test_a_number_that_was_given_up_ahead_stays_given_up(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted"), phone(1, "submitted")]))
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, f"answer open_port give_up give up {e164(1)}")

    assert said(api, token, "back").startswith("nothing_before")

    assert world.show("T-1")["numbers"][1]["given_up"]


def test_an_answer_that_was_corrected_last_is_the_last_one(api: Api, two: World) -> None:
    token = answered(api, two)
    api.say(token, "answer data_export export")

    assert said(api, token, "back").endswith("data_export?")
    assert two.show("T-1")["exports"], "an export that was made stays"


def test_a_given_up_number_is_kept_again(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, f"answer open_port give_up give up {e164()}")
    assert world.show("T-1")["numbers"][0]["given_up"]

    assert said(api, token, "back").endswith("open_port?")

    assert not world.show("T-1")["numbers"][0]["given_up"]


def test_a_verified_port_is_not_undone(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "completed"), phone(1)]))
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "yes")
    world.closing().answer("port_works", "works", e164())

    assert said(api, token, "back").startswith("nothing_before")

    assert world.show("T-1")["numbers"][0]["status"] == "ported"


def test_just_cancel_it_is_taken_back_as_one_answer(api: Api, two: World) -> None:
    token = api.sign_in()
    assert said(api, token, "just cancel").endswith("confirm?")

    assert said(api, token, "back") == "reopened\nkeep_numbers?"


def test_at_a_waiting_case_the_standing_confirmation_is_taken_back(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    token = api.sign_in()
    api.say(token, "just cancel")
    api.say(token, "answer open_port wait")
    api.say(token, "yes")
    assert case(world)["state"] == "waiting_for_port"

    assert said(api, token, "back") == "standing_taken_back\nconfirm_standing?"

    assert case(world)["state"] == "open"
    assert said(api, token, "back").endswith("open_port?")


def test_an_answer_that_rests_the_case_is_taken_back(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    assert said(api, token, "answer keep_numbers port_first").endswith("porting_first?")

    assert said(api, token, "back") == "reopened\nkeep_numbers?"


def test_before_the_first_question_comes_the_choice_of_the_account(api: Api, two: World) -> None:
    two.load(account("T-7", name="Denver"), account("T-8", name="Boston"))
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "close T-7")

    assert said(api, token, "back") == "reopened\nchoose_account?"

    assert two.show("T-7")["account"]["status"] == "active"
    assert said(api, token, "back") == "nothing_before\nchoose_account?"
    assert "account_found" in said(api, token, "close T-8")


def test_with_nothing_open_there_is_nothing_to_go_back_to(api: Api, two: World) -> None:
    assert said(api, api.sign_in(), "back") == "nothing_to_go_back_to"
    assert said(api, api.guest("tresta"), "back") == "nothing_to_go_back_to"


def test_who_may_not_close_takes_no_answer_of_others_back(api: Api, two: World) -> None:
    answered(api, two)
    token = api.sign_in("bob@example")
    api.say(token, "close")

    assert said(api, token, "back") == "nothing_to_go_back_to"
    assert len(case(two)["answers"]) == len(ANSWERS)


# --- after a closure -----------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["back", "over"])
def test_a_closure_is_never_undone(api: Api, two: World, act: str) -> None:
    token = answered(api, two)
    api.say(token, "yes")

    heard = said(api, token, act)

    assert heard.startswith("closed_already")
    assert len(two.show("T-1")["closures"]) == 1
    assert two.show("T-1")["account"]["status"] == "closed"


def test_after_a_closure_the_way_back_is_named_where_there_is_one(api: Api, world: World) -> None:
    ctm = {"vendor": "ctm", "roles": {"ann@example": "administrator"}}
    world.load(account("C-1", **ctm), account(roles={"zoe@example": "billing_admin"}))
    for email, number, way in (
        ("ann@example", "C-1", "way_back"),
        ("zoe@example", "T-1", "reactivation_not_stated"),
    ):
        token = api.sign_in(email)
        assert said(api, token, "just cancel").endswith("confirm?")
        api.say(token, "yes")

        assert said(api, token, "back") == f"closed_already\n\n{way}"
        assert world.show(number)["account"]["status"] == "closed"


def test_back_at_the_price_of_a_reactivation_changes_nothing(api: Api, world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    world.close("C-1")
    token = api.sign_in()
    api.say(token, "reactivate")

    assert said(api, token, "back") == "nothing_before\nreactivation_consent?"
    assert said(api, token, "over") == "begun_again\nreactivation_consent?"
    assert world.show("C-1")["account"]["status"] == "closed"


# --- from the beginning --------------------------------------------------------------------------


def test_starting_over_takes_every_answer_back_and_shows_everything_again(
    api: Api, two: World
) -> None:
    token = answered(api, two)

    heard = said(api, token, "over")

    assert heard.startswith("started_over\n\nnumbers_may_be_lost")
    assert heard.endswith("keep_numbers?")
    assert case(two)["answers"] == []
    assert case(two)["reason_words"] is None
    assert two.show("T-1")["closures"] == []


def test_a_button_of_before_is_of_no_use_after_starting_over(api: Api, two: World) -> None:
    two.closing().settle()
    token = api.sign_in()
    close = button(api.say(token, "close"), "Close it now")
    api.say(token, "over")

    api.say(token, close)

    assert two.show("T-1")["closures"] == []


def test_starting_over_lets_the_account_be_chosen_anew(api: Api, two: World) -> None:
    two.load(account("T-7"), account("T-8"))
    token = api.sign_in()
    api.say(token, "close T-7")

    assert said(api, token, "over") == "started_over\nchoose_account?"

    assert two.show("T-7")["account"]["status"] == "active"
    assert case(two, "T-7")["state"] == "abandoned"


def test_starting_over_ends_the_waiting_for_a_port(api: Api, world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    token = api.sign_in()
    api.say(token, "just cancel")
    api.say(token, "answer open_port wait")
    api.say(token, "yes")

    assert said(api, token, "over").endswith("open_port?")

    assert case(world)["state"] == "open"
    assert world.show("T-1")["numbers"][0]["port"] == "submitted", "the port runs on"


def test_starting_over_with_nothing_open_is_an_offer_of_help(api: Api, two: World) -> None:
    assert said(api, api.sign_in(), "over") == "fresh_start"


# --- visitors, and the message for humans --------------------------------------------------------


@pytest.fixture
def known(world: World) -> World:
    """Ann, whose security answer is known."""
    ann = person("ann@example", security={"question": 0, "answer": "Biscuit"})
    world.load(account(), people=[ann])
    return world


@pytest.mark.parametrize(
    ("words", "heard"),
    [("go back", "reopened\nverify_account?"), ("start over", "begun_again\nverify_account?")],
)
def test_from_the_security_question_back_to_the_account_number(
    api: Api, known: World, words: str, heard: str
) -> None:
    token = api.guest("tresta")
    api.say(token, "close")
    api.say(token, "verify T-1")

    assert said(api, token, words) == heard

    assert known.run(lambda work: work.session.query(Conversation).one().verifying_account) is None


def test_why_the_security_question_is_asked(api: Api, known: World) -> None:
    token = api.guest("tresta")
    api.say(token, "close")
    question = said(api, token, "verify T-1")
    before = len(api.rasa.texts)

    (heard,) = api.say(token, "Why do you need that?")

    assert "nobody else can close it" in heard["text"]
    assert question
    assert [b["title"] for b in heard["buttons"]] == ["Stop the check", "Talk to a person"]
    assert len(api.rasa.texts) == before, "nothing reaches the assistant"


def test_a_visitor_goes_back_to_the_choice_of_the_service(api: Api, known: World) -> None:
    token = api.guest()
    api.say(token, "close")
    key = known.run(lambda work: work.session.query(Conversation).one().id)
    api.runner.run(api.rasa.act(key, "options", option="tresta"))
    assert said(api, token, "hm") == "verify_account?"

    assert said(api, token, "back") == "reopened\nchoose_vendor?"
    assert said(api, token, "back") == "nothing_before\nchoose_vendor?"


def test_the_service_of_the_page_is_not_chosen_anew(api: Api, known: World) -> None:
    token = api.guest("tresta")
    api.say(token, "close")

    assert said(api, token, "back") == "nothing_before\nverify_account?"
    assert said(api, token, "over") == "begun_again\nverify_account?"


def test_back_from_the_message_leads_to_the_open_question(api: Api, two: World) -> None:
    two.clock.forward(hours=12)  # midnight: nobody answers
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "answer keep_numbers release_all")
    assert said(api, token, "human").endswith("leave_message?")

    assert said(api, token, "back") == "no_message\ndata_export?"
    assert len(case(two)["answers"]) == 1, "only the message is left"


# --- a day later ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["hm", "back", "yes"])
def test_a_closing_that_was_put_aside_meanwhile_is_told_and_not_carried_on(
    api: Api, two: World, words: str
) -> None:
    token = answered(api, two)
    two.clock.forward(days=1, minutes=1)
    two.run(sweep)

    assert said(api, token, words) == "put_aside"

    assert two.show("T-1")["account"]["status"] == "active"
