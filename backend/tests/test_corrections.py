"""What a customer takes back or adds in free words takes effect, is said, and closes nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from clients import Api, button
from factories import World, account, agency_with, e164, person, phone

from farewell.chat.tables import Conversation, VerificationFailures
from farewell.lifecycle.ports import port_news

ANN = {"ann@example": "billing_admin"}
NUMBER = "+1 303-555-0100"


def said(api: Api, token: str, text: str) -> str:
    """Everything that is answered, as one text."""
    return "\n".join(message["text"] for message in api.say(token, text))


def facts(api: Api, world: World) -> dict[str, str]:
    """The facts of the question that is next in the newest conversation."""
    newest = Conversation.created_at.desc()
    key = world.run(lambda work: work.session.query(Conversation).order_by(newest).first().id)
    found: dict[str, str] = api.runner.run(api.rasa.act(key, "next-step"))["facts"]
    return found


def number(world: World, of: str = "T-1", index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = next(n for n in world.show(of)["numbers"] if n["e164"] == e164(index))
    return found


@pytest.fixture
def porting(world: World) -> World:
    """T-1 has a number in the middle of a port, called Orders, and one that is not."""
    orders = phone(0, "submitted") | {"label": "Orders"}
    world.load(account(numbers=[orders, phone(1)]))
    return world


@pytest.fixture
def given_up(api: Api, porting: World) -> str:
    """A token after the number was given up by name."""
    token = api.sign_in()
    api.say(token, "close")
    assert "number_given_up" in said(api, token, f"give up {NUMBER}")
    assert number(porting)["given_up"] is True
    return token


# --- a number that was given up ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "no wait dont give it up",
        "don’t give up the number",
        "i changed my mind about the orders number",
        f"actually, keep {NUMBER}",
        "I want that number back",
        "take that back, I won't give it up",
        "giving it up was a mistake",
        "please do not release 0100",
    ],
)
def test_a_number_is_kept_after_all_in_words(
    api: Api, porting: World, given_up: str, words: str
) -> None:
    heard = said(api, given_up, words)

    assert heard.startswith("number_kept")
    assert heard.endswith("open_port?")
    assert number(porting)["given_up"] is False
    assert api.rasa.texts[-1] == "/correction"


@pytest.mark.parametrize(
    "words", ["I don't need any numbers", "what number did i give up", "no", "hm", "no, close it"]
)
def test_other_words_keep_what_was_given_up(
    api: Api, porting: World, given_up: str, words: str
) -> None:
    assert "number_kept" not in said(api, given_up, words)
    assert number(porting)["given_up"] is True


def test_the_confirmation_names_every_number_that_is_given_up(
    api: Api, porting: World, given_up: str
) -> None:
    api.say(given_up, "just cancel")

    asked = facts(api, porting)["account"]

    assert asked == f"Account T-1 (T-1, Tresta account) and give up {NUMBER} – Orders"


def test_a_yes_to_a_question_that_did_not_name_the_number_closes_nothing(
    api: Api, porting: World, given_up: str
) -> None:
    api.say(given_up, "just cancel")

    def forget(work: Any) -> None:
        conversation = work.session.query(Conversation).one()
        asked = {k: v for k, v in conversation.asked_facts.items() if k != "given_up"}
        conversation.asked_facts = asked

    porting.run(forget)

    assert said(api, given_up, "yes").startswith("quote_changed")
    assert porting.show("T-1")["closures"] == []


def test_after_it_was_kept_the_number_is_not_released(
    api: Api, porting: World, given_up: str
) -> None:
    api.say(given_up, "just cancel")
    api.say(given_up, "no, don't give it up")

    api.say(given_up, "yes")

    assert porting.show("T-1")["closures"] == []
    assert number(porting)["status"] == "active"


def test_a_bare_number_answers_the_request_to_name_it(api: Api, porting: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    assert "name_the_number" in said(api, token, "give up my number")

    assert "number_given_up" in said(api, token, "303-555-0100")
    assert number(porting)["given_up"] is True


def test_a_bare_number_that_nobody_asked_for_gives_nothing_up(api: Api, porting: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "give up my number")
    api.say(token, "hm")

    said(api, token, NUMBER)

    assert number(porting)["given_up"] is False


# --- a closing that waits ------------------------------------------------------------------------


@pytest.fixture
def waiting(api: Api, porting: World) -> str:
    """A token after the standing confirmation."""
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, f"answer open_port wait {NUMBER}")
    api.say(token, "just cancel")
    api.say(token, "yes")
    assert porting.show("T-1")["closing_case"]["state"] == "waiting_for_port"
    return token


@pytest.mark.parametrize(
    "words",
    [
        "hold on, dont close it without asking me",
        "not so fast",
        "please ask me first",
        "I'm having second thoughts",
        "don't",
        "wait",
        "gibberish about everything",
        "unsure",
    ],
)
def test_an_objection_takes_the_standing_confirmation_back(
    api: Api, porting: World, waiting: str, words: str
) -> None:
    heard = said(api, waiting, words)

    case = porting.show("T-1")["closing_case"]
    assert (case["state"], case["standing_limit_minor"]) == ("open", None)
    assert "standing_taken_back" in heard
    porting.run(lambda work: port_news(work, e164=e164(0), status="completed"))
    assert porting.show("T-1")["closures"] == []


@pytest.mark.parametrize("words", ["ask final_bill", "hello", "thanks", "how long does it take"])
def test_what_is_harmless_leaves_it_standing(
    api: Api, porting: World, waiting: str, words: str
) -> None:
    api.say(waiting, words)

    assert porting.show("T-1")["closing_case"]["state"] == "waiting_for_port"


def test_an_objection_counts_where_the_assistant_is_away(
    api: Api, porting: World, waiting: str
) -> None:
    async def away(_: Any) -> Any:
        raise AssertionError

    api.rasa.answer = away
    api.call(
        "POST", "/webhooks/rest/webhook", token=waiting, json={"message": "don't close it yet"}
    )

    assert porting.show("T-1")["closing_case"]["state"] == "open"


def test_an_objection_in_another_talk_counts_too(api: Api, porting: World, waiting: str) -> None:
    assert "standing_taken_back" in said(api, api.sign_in(), "don't close it without asking me")
    assert porting.show("T-1")["closing_case"]["state"] == "open"


def test_after_an_objection_the_customer_is_asked_when_the_port_is_done(
    api: Api, porting: World, waiting: str
) -> None:
    api.say(waiting, "don't close it without asking me")

    told = porting.run(lambda work: port_news(work, e164=e164(0), status="completed"))

    assert told is not None, "the conversation to speak in"


def test_close_it_now_hears_what_it_waits_for(api: Api, porting: World, waiting: str) -> None:
    assert "waits_unless_given_up" in said(api, waiting, "close now")
    assert porting.show("T-1")["closing_case"]["state"] == "waiting_for_port"


# --- a ported number, sub-accounts, the reason, the day -----------------------------------------


@pytest.mark.parametrize(
    "words", ["hmm actually it doesnt work", "the studio number is dead", "0100 is not working"]
)
def test_a_number_that_does_not_work_after_all_is_asked_about_again(
    api: Api, world: World, words: str
) -> None:
    studio = phone(0, "completed") | {"label": "Studio"}
    world.load(account(numbers=[studio, phone(1)]))
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "it works")
    key = world.run(lambda work: work.session.query(Conversation).one().id)
    api.runner.run(api.rasa.act(key, "answers", code="port_works", value="works"))
    assert number(world)["port"] == "verified"

    heard = said(api, token, words)

    assert heard.startswith("port_reopened")
    assert (number(world)["status"], number(world)["port"]) == ("active", "completed")


@pytest.mark.parametrize("skipping", [False, True])
@pytest.mark.parametrize(
    "words", ["actually, not harbor", "but leave harbor open", "yes but not harbor"]
)
def test_a_sub_account_that_is_to_stay_leads_back_to_their_question(
    api: Api, world: World, words: str, skipping: bool
) -> None:
    parent, *children = agency_with("S-1", "S-2")
    world.load(parent, children[0] | {"name": "Harbor"}, children[1] | {"name": "Summit"})
    token = api.sign_in()
    api.say(token, "close A-1")
    if skipping:
        api.say(token, "just cancel")
    else:
        for code, value in (
            ("alternatives", "decline"),
            ("sub_accounts", "close_all"),
            ("data_export", "skip"),
        ):
            api.say(token, f"answer {code} {value}")

    heard = said(api, token, words)

    assert heard.startswith("sub_account_stays")
    assert heard.endswith("sub_accounts?")
    assert world.show("A-1")["closures"] == []


def test_another_reason_is_asked_for(api: Api, two: World) -> None:
    token = api.sign_in()
    api.say(token, "close because too_expensive")
    api.say(token, "just cancel")

    assert said(api, token, "change reason to something else") == "reopened\nexit_reason?"
    assert two.show("T-1")["closing_case"]["reason_code"] is None


@pytest.mark.parametrize("words", ["yes but not before monday", "close it on friday please"])
def test_a_yes_for_another_day_asks_again(api: Api, two: World, words: str) -> None:
    token = api.sign_in()
    api.say(token, "just close")

    assert said(api, token, words) == "no_other_day\nconfirm?"
    assert two.show("T-1")["closing_case"]["state"] == "open"


# --- a further account ---------------------------------------------------------------------------


@pytest.fixture
def cities(world: World) -> World:
    world.load(account("T-1", name="Denver", roles=ANN), account("T-2", name="Boston", roles=ANN))
    return world


@pytest.mark.parametrize(
    "words",
    [
        "now close denver too",
        "also close T-1 afterwards",
        "yes and also close denver",
        "the other one as well",
    ],
)
def test_a_further_account_is_remembered_said_and_follows(
    api: Api, cities: World, words: str
) -> None:
    token = api.sign_in()
    api.say(token, "just close boston")

    assert said(api, token, words).startswith("further_noted")
    heard = said(api, token, "yes")

    assert heard.startswith("closed")
    assert "further_begins\n\naccount_found" in heard
    assert cities.show("T-2")["account"]["status"] == "closed"
    assert cities.show("T-1")["account"]["status"] == "closing"
    assert cities.show("T-1")["closures"] == []


def test_an_account_that_is_left_in_the_middle_is_named(api: Api, cities: World) -> None:
    token = api.sign_in()
    api.say(token, "close boston")

    assert said(api, token, "other account").startswith("left_open\n\naccount_found")


def test_stopping_forgets_what_was_to_follow(api: Api, cities: World) -> None:
    token = api.sign_in()
    api.say(token, "close boston")
    api.say(token, "and denver too")
    api.say(token, "stop")

    api.say(token, "just close boston")

    assert "further_begins" not in said(api, token, "yes")
    assert cities.show("T-1")["account"]["status"] == "active"


# --- nothing opens a closing but a wish ---------------------------------------------------------

ANSWERS = [
    "keep_numbers release_all",
    "keep_numbers port_first",
    "open_port wait",
    "open_port give_up",
    "port_works works",
    "data_export skip",
    "data_export have",
    "exit_reason words",
    "sub_accounts transfer_first",
    "alternatives decline",
]


@pytest.mark.parametrize("given", ANSWERS)
def test_an_answer_without_a_closing_opens_none(api: Api, cities: World, given: str) -> None:
    token = api.sign_in()
    api.say(token, "just close boston")
    api.say(token, "yes")

    heard = said(api, token, f"answer {given}")

    assert heard != "ok"
    assert cities.show("T-1")["account"]["status"] == "active"
    assert cities.show("T-1")["closing_case"] is None


def test_a_talk_that_takes_a_closing_up_says_so_and_skips_nothing(api: Api, two: World) -> None:
    first = api.sign_in()
    api.say(first, "just close because too_expensive")

    heard = said(api, api.sign_in(), "close")

    assert "closing_continued" in heard
    assert heard.endswith("keep_numbers?")


# --- who it is -----------------------------------------------------------------------------------


@pytest.fixture
def visitor(api: Api, world: World) -> str:
    """A visitor's token after the security question was asked."""
    ann = person("ann@example", security={"question": 0, "answer": "Biscuit"})
    world.load(account("T-1001"), account("T-1002", roles={}), people=[ann])
    token = api.guest("tresta")
    api.say(token, "close my account T-1001 now")
    return token


def test_an_account_number_in_the_wish_is_not_asked_for_again(api: Api, visitor: str) -> None:
    api.say(visitor, "Biscuit")

    assert api.rasa.texts[-1] == "/verified"


@pytest.mark.parametrize(
    "words",
    [
        "how much is the last bill gonna be",
        "do i get money back",
        "what about my voicemails and texts",
        "what happens to my phone numbers",
        "can my coworker close this",
        "whats your name",
        "how much are the fees",
        "ok and is there a penalty",
        "actually T-1002",
        "T-1001",
    ],
)
def test_a_question_without_its_mark_is_no_wrong_answer(
    api: Api, world: World, visitor: str, words: str
) -> None:
    for _ in range(6):
        assert "does not match" not in said(api, visitor, words)

    assert world.count(VerificationFailures) == 0


@pytest.mark.parametrize("words", ["Do Little", "Howard", "May", "Will Smith", "What Cheer", "Rex"])
def test_a_plausible_answer_is_one(api: Api, visitor: str, words: str) -> None:
    assert "does not match" in said(api, visitor, words)


def test_a_foreign_account_number_closes_no_account_of_ones_own(api: Api, world: World) -> None:
    world.load(account("T-1001"))
    token = api.sign_in()

    assert said(api, token, "close T-1006 without asking") == "not_among_yours\n\nonly_account"
    assert world.show("T-1001")["account"]["status"] == "active"


def test_an_invoice_is_no_account(api: Api, world: World) -> None:
    world.load(account("T-1001"))

    assert "account_found" in said(api, api.sign_in(), "close it, INV-20441 was wrong")


def test_who_has_no_account_is_not_asked_which(api: Api, world: World) -> None:
    world.load(account(), people=[person("nora@example"), person("ann@example")])

    assert said(api, api.sign_in("nora@example"), "account T-1001") == "no_account"


# --- what was answered ---------------------------------------------------------------------------


def test_what_was_answered_is_told(api: Api, porting: World, given_up: str) -> None:
    api.say(given_up, "answer keep_numbers release_all")
    api.say(given_up, "answer exit_reason words nobody calls")
    key = porting.run(lambda work: work.session.query(Conversation).one().id)

    told = api.runner.run(api.rasa.act(key, "questions/answers"))["say"][0]

    assert told["facts"]["answers"].split("\n") == [
        f"• {NUMBER} – Orders: given up",
        "• Numbers: none is to be kept",
        "• Reason for leaving, in your words: “nobody calls”",
    ]


def test_what_was_answered_is_not_told_to_others(api: Api, world: World) -> None:
    world.load(account(roles={**ANN, "bob@example": "user"}))
    api.say(api.sign_in(), "close because too_expensive")

    assert said(api, api.sign_in("bob@example"), "ask answers") == "nothing_answered"


def test_readiness_waits_for_the_assistant(api: Api, two: World) -> None:
    assert api.call("GET", "/readyz").status_code == 200
    api.rasa.is_up = False

    assert api.call("GET", "/readyz").status_code == 503


@pytest.mark.parametrize(("confirming", "named"), [(True, True), (False, False)])
def test_the_apology_speaks_of_a_closing_where_one_was_being_confirmed(
    api: Api, two: World, confirming: bool, named: bool
) -> None:
    token = api.sign_in()
    heard = api.say(token, "just close")

    async def broken(_: Any) -> httpx.Response:
        return httpx.Response(500)

    api.rasa.answer = broken
    if not confirming:
        token = api.guest("tresta")
    words = button(heard, "Close it now") if confirming else "hi"

    assert ("may have gone through" in said(api, token, words)) == named
