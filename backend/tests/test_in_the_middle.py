"""What comes in the middle of a question takes nothing away from it."""

from __future__ import annotations

import pytest
from clients import Api, button
from factories import World, account, person

from farewell.chat.tables import Conversation
from farewell.desk.tables import Handover

ANSWER = "Biscuit the Third"


@pytest.fixture
def known(world: World) -> World:
    """Ann, whose security answer is known, closes T-1."""
    ann = person("ann@example", security={"question": 0, "answer": ANSWER})
    world.load(account(), people=[ann])
    return world


def said(api: Api, token: str, text: str) -> str:
    return "\n".join(message["text"] for message in api.say(token, text))


def checked(api: Api) -> str:
    """A visitor's token after the security question was asked."""
    token = api.guest("tresta")
    api.say(token, "close")
    api.say(token, "verify T-1")
    return token


def test_a_question_before_the_account_is_chosen_waits_and_the_closing_goes_on(
    api: Api, two: World
) -> None:
    two.load(account("T-7", name="Denver"), account("T-8", name="Boston"))
    token = api.sign_in()
    api.say(token, "close")

    assert said(api, token, "ask final_bill") == "depends_on_which_account\nchoose_account?"

    assert "account_found" in said(api, token, "account T-7")
    assert two.show("T-7")["account"]["status"] == "closing"


def test_a_question_without_a_closing_is_answered_when_the_account_is_chosen(
    api: Api, two: World
) -> None:
    two.load(account("T-7", name="Denver"), account("T-8", name="Boston"))
    token = api.sign_in()

    assert said(api, token, "ask final_bill") == "choose_account?"

    assert "quote" in said(api, token, "account T-7")
    assert two.show("T-7")["account"]["status"] == "active"


@pytest.mark.parametrize("between", ["ask fees", "human"])
def test_what_comes_before_the_service_is_chosen_forgets_no_closing(
    api: Api, known: World, between: str
) -> None:
    token = api.guest()
    api.say(token, "close")
    api.say(token, between)
    key = known.run(lambda work: work.session.query(Conversation).one().id)

    told = api.runner.run(api.rasa.act(key, "options", option="tresta"))

    assert said(api, token, "hm") == "verify_account?"
    assert [s["code"] for s in told["say"]] == (["human_now"] if between == "human" else [])


def test_an_export_in_the_middle_of_the_check_forgets_no_closing(api: Api, known: World) -> None:
    token = api.guest("tresta")
    api.say(token, "close")

    told = said(api, token, "answer data_export export")

    assert told == "depends_on_account\nverify_account?"
    api.say(token, "verify T-1")
    api.say(token, ANSWER)
    assert known.show("T-1")["account"]["status"] == "closing"


def test_a_question_at_the_security_question_is_no_wrong_answer(api: Api, known: World) -> None:
    token = checked(api)
    before = len(api.rasa.texts)

    for _ in range(6):
        (heard,) = api.say(token, "how much will my final bill be?")

    assert "once the check is done. So, your security question" in heard["text"]
    assert len(api.rasa.texts) == before, "nothing reaches the assistant"
    api.say(token, ANSWER)
    assert api.rasa.texts[-1] == "/verified"


def test_a_wrong_answer_is_one_without_a_question_mark(api: Api, known: World) -> None:
    token = checked(api)

    assert "does not match" in said(api, token, "Rex")


@pytest.mark.parametrize("words", ["what did you ask?", "Please repeat the question"])
def test_the_security_question_is_said_again_in_other_words(
    api: Api, known: World, words: str
) -> None:
    token = checked(api)

    (heard,) = api.say(token, words)

    assert heard["text"].startswith("So, your security question")
    assert [b["title"] for b in heard["buttons"]] == ["Stop the check", "Talk to a person"]


def test_a_human_does_not_end_the_check(api: Api, known: World) -> None:
    token = checked(api)
    person_button = button(api.say(token, "Rex"), "Talk to a person")
    api.say(token, person_button)

    api.say(token, ANSWER)

    assert api.rasa.texts[-1] == "/verified"


@pytest.mark.parametrize("raw", ["", "a" * 5000])
def test_a_message_that_is_not_read_is_followed_by_the_open_question(
    api: Api, two: World, raw: str
) -> None:
    token = api.sign_in()
    api.say(token, "close")

    heard = api.say(token, raw)

    assert api.rasa.texts[-1] == "/repeat_question"
    assert heard[-1]["text"].endswith("?")
    assert len(heard) == 2


def test_an_answer_of_a_closing_does_not_end_a_reactivation(api: Api, world: World) -> None:
    closed = {"at": "-5d", "by": "ann@example"}
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}, closed=closed))
    token = api.sign_in()
    api.say(token, "reactivate")

    told = said(api, token, "answer keep_numbers port_first")

    assert told.endswith("reactivation_consent?")


def test_when_a_conversion_takes_effect_is_said_too(api: Api, world: World) -> None:
    world.load(
        account("P-1", vendor="ontraport", type="premium_pages", roles={"ann@example": "owner"})
    )
    token = api.sign_in()

    assert said(api, token, "ask effective_date").split() == [
        "converts_to_plan",
        "effect_immediate",
    ]


def test_who_leaves_no_message_hears_so(api: Api, two: World) -> None:
    two.clock.forward(hours=14)  # in the night
    token = api.sign_in()
    assert "leave_message?" in said(api, token, "human")
    key = two.run(lambda work: work.session.query(Conversation).one().id)

    told = api.runner.run(api.rasa.act(key, "message", text=""))

    assert [s["code"] for s in told["say"]] == ["no_message"]


def asked_for_a_message(api: Api, world: World) -> str:
    """The conversation of somebody who wants a human in the night."""
    world.clock.forward(hours=14)
    token = api.sign_in()
    assert "leave_message?" in said(api, token, "human")
    return world.run(lambda work: work.session.query(Conversation).one().id)


def messages(world: World) -> list[str | None]:
    """What was left for the humans, handover by handover."""
    return world.run(
        lambda work: [h.message for h in work.session.query(Handover).order_by(Handover.created_at)]
    )


@pytest.mark.parametrize(
    "text",
    [
        "My invoice is wrong. I want to cancel because of that",
        "I want to cancel the second line and keep the first",
        "Invoice is wrong. Call me back",
    ],
)
@pytest.mark.parametrize("use", ["message", "handover"])
def test_a_message_that_was_understood_as_a_wish_is_not_lost(
    api: Api, two: World, text: str, use: str
) -> None:
    key = asked_for_a_message(api, two)
    body = {"declined": True} if use == "message" else {}

    told = api.runner.run(api.rasa.act(key, use, text=text, **body))

    assert [s["code"] for s in told["say"]] == ["message_left"]
    assert messages(two) == [text]


@pytest.mark.parametrize("text", ["no thanks", "No thanks. Just cancel it", "close my account"])
def test_a_bare_wish_is_no_message(api: Api, two: World, text: str) -> None:
    key = asked_for_a_message(api, two)

    told = api.runner.run(api.rasa.act(key, "message", text=text, declined=True))

    assert [s["code"] for s in told["say"]] == ["no_message"]
    assert messages(two) == [None]


def test_who_wants_a_human_again_in_few_words_is_asked_again(api: Api, two: World) -> None:
    key = asked_for_a_message(api, two)

    told = api.runner.run(api.rasa.act(key, "handover", text="a real person please"))

    assert [s["code"] for s in told["say"]] == ["handover_recorded", "human_later"]
    assert messages(two) == [None, None]
