"""A visitor becomes a person by account number and security answer; the answer stays here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from clients import Api, button
from factories import World, account, person, the_person

from farewell.chat import identity
from farewell.chat.tables import Conversation, Message, VerificationFailures
from farewell.work import Work

ANSWER = "Biscuit the Third"


@pytest.fixture
def known(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ann, whose security answer is known, closes T-1; Zoe without one closes T-2."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(identity, "_hasher", quick)
    monkeypatch.setattr(identity, "_NOBODYS_HASH", quick.hash("nobody"))
    ann = person("ann@example", security={"question": 0, "answer": ANSWER})
    world.load(account(), account("T-2", roles={"zoe@example": "billing_admin"}), people=[ann])
    return world


def asked(api: Api, number: str = "T-1", vendor: str | None = "tresta") -> str:
    """A visitor's token after the security question was asked."""
    token = api.guest(vendor)
    api.say(token, "close")
    api.say(token, f"verify {number}")
    return token


def test_the_right_answer_makes_the_visitor_the_person(api: Api, known: World) -> None:
    token = asked(api)

    api.say(token, ANSWER)

    assert api.rasa.texts[-1] == "/verified"
    seen = api.call("GET", "/api/v1/me/accounts", token=token).json()
    assert [a["number"] for a in seen] == ["T-1"]


def gives_number(api: Api, known: World, words: str) -> tuple[str, dict[str, Any]]:
    """The conversation of a visitor who writes instead of an account number, and the answer."""
    token = api.guest("tresta")
    api.say(token, "close")
    key: str = known.run(lambda work: work.session.query(Conversation).one().id)
    (told,) = api.runner.run(api.rasa.act(key, "verification", account_number=words))["say"]
    return key, told


@pytest.mark.parametrize("words", ["I don't know it", "wrong account", "🤷"])
def test_who_gives_no_number_hears_of_the_other_ways(api: Api, known: World, words: str) -> None:
    key, told = gives_number(api, known, words)

    assert told["code"] == "account_number_needed"
    assert "(844) 2-TRESTA" in told["facts"]["contacts"]
    assert told["facts"]["sign_in_at"]
    assert api.runner.run(api.rasa.act(key, "next-step"))["next_requirement"] == "verify_account"


@pytest.mark.parametrize("words", ["T-1001 or T-1002", "1" * 41])
def test_what_is_no_account_number_is_not_taken_for_one(api: Api, known: World, words: str) -> None:
    _, told = gives_number(api, known, words)

    assert told["code"] == "account_number_unclear"


@pytest.mark.parametrize("given", ["biscuit the third", "  BISCUIT   the THIRD "])
def test_case_and_spaces_do_not_count(api: Api, known: World, given: str) -> None:
    token = asked(api)

    api.say(token, given)

    assert api.rasa.texts[-1] == "/verified"


@pytest.mark.parametrize("given", ["human", "A person, please!", "I want to talk to a human"])
def test_asking_for_a_human_at_the_security_question_is_no_wrong_answer(
    api: Api, known: World, given: str
) -> None:
    token = asked(api)

    api.say(token, given)

    assert api.rasa.texts[-1] == "/request_human"
    assert known.run(lambda work: work.session.query(VerificationFailures).count()) == 0


@pytest.mark.parametrize("given", [ANSWER, "Rex", "/restart", "a" * 9000, "yes"])
def test_a_security_answer_never_reaches_rasa_and_is_stored_masked(
    api: Api, known: World, given: str
) -> None:
    token = asked(api)
    before = len(api.rasa.requests)

    api.say(token, given)

    assert [t for t in api.rasa.texts[before:] if t != "/verified"] == []
    stored = known.run(lambda work: [m.text for m in work.session.query(Message)])
    assert not any(given in text for text in stored)
    assert api.messages(token)[-2]["text"] == "••••••" or given == ANSWER


def test_the_answer_is_stored_as_an_argon2_hash_only(known: World) -> None:
    stored = known.run(lambda work: the_person(work, "ann@example").security_answer_hash)

    assert stored is not None
    assert stored.startswith("$argon2id$")


def test_a_wrong_answer_offers_another_try_a_stop_and_a_person(api: Api, known: World) -> None:
    said = api.say(asked(api), "Rex")

    assert "does not match" in said[0]["text"]
    assert [b["title"] for b in said[0]["buttons"]] == ["Stop the check", "Talk to a person"]


def test_five_wrong_answers_lock_for_an_hour_even_the_right_one(api: Api, known: World) -> None:
    token = asked(api)
    answers = [api.say(token, f"wrong {i}")[0]["text"] for i in range(5)]
    assert ["too many" in a for a in answers] == [False, False, False, False, True]

    again = asked(api)
    assert "too many" in api.say(again, ANSWER)[0]["text"]
    known.clock.forward(minutes=59, seconds=59)
    again = asked(api)
    assert "too many" in api.say(again, ANSWER)[0]["text"]

    known.clock.forward(seconds=1)
    again = asked(api)
    api.say(again, ANSWER)
    assert api.rasa.texts[-1] == "/verified"


def test_wrong_answers_count_across_conversations(api: Api, known: World) -> None:
    for i in range(5):
        api.say(asked(api), f"wrong {i}")

    assert "too many" in api.say(asked(api), ANSWER)[0]["text"]


def test_a_right_answer_forgets_the_wrong_ones(api: Api, known: World) -> None:
    for i in range(4):
        api.say(asked(api), f"wrong {i}")
    api.say(asked(api), ANSWER)
    for i in range(4):
        api.say(asked(api), f"wrong {i}")

    api.say(asked(api), ANSWER)

    assert api.rasa.texts[-1] == "/verified"


def test_a_lock_of_one_account_leaves_the_others_alone(api: Api, known: World) -> None:
    for i in range(5):
        api.say(asked(api, "T-2"), f"wrong {i}")

    api.say(asked(api), ANSWER)

    assert api.rasa.texts[-1] == "/verified"


def test_the_lock_never_touches_sign_in(api: Api, known: World) -> None:
    for i in range(5):
        api.say(asked(api), f"wrong {i}")

    token = api.sign_in("ann@example")

    assert api.call("GET", "/api/v1/me/accounts", token=token).status_code == 200


def talk(api: Api, number: str, answers: int) -> list[Any]:
    """What a visitor is told about an account number, answer after answer."""
    token = asked(api, number)
    heard = [m["text"] for m in api.messages(token)]
    heard += [api.say(token, f"wrong {i}")[0]["text"] for i in range(answers)]
    return [text.replace(number, "NUMBER") for text in heard]


@pytest.mark.parametrize("unknown", ["T-404", "T-2", "9999999", "T-1;--"])
def test_an_unknown_account_behaves_like_a_known_one(api: Api, known: World, unknown: str) -> None:
    def shape(heard: list[str]) -> list[str]:
        return [text.split("question:")[0] for text in heard]

    assert shape(talk(api, unknown, 6)) == shape(talk(api, "T-1", 6))


def test_an_unknown_account_always_gets_the_same_question(api: Api, known: World) -> None:
    assert talk(api, "T-404", 1) == talk(api, "T-404", 1)


def pretended(known: World, secret: str) -> list[str]:
    """The questions for numbers that nobody has."""

    def ask(work: Work) -> list[str]:
        visitor = Conversation(token_hash="x", vendor="tresta", created_at=work.now)
        keyed = replace(work, secret=secret)
        numbers = [f"T-9{i:03}" for i in range(40)]
        return [identity.security_question(keyed, visitor, n)["en"] for n in numbers]

    return known.run(ask)


def test_the_pretended_question_takes_the_service_s_secret_to_compute(known: World) -> None:
    assert pretended(known, "one") == pretended(known, "one")
    assert pretended(known, "one") != pretended(known, "another")
    assert len(set(pretended(known, "one"))) == 3


@pytest.mark.parametrize("number", ["T-3", "T-2", "T-404"])
def test_every_attempt_costs_one_hash_and_counts_one_person_s_answer(
    known: World, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    zed = person("zed@example", security={"question": 1, "answer": "Lisbon"})
    both = {"ann@example": "billing_admin", "zed@example": "user"}
    known.load(account("T-3", roles=both), people=[zed])
    compared: list[str] = []
    plain = identity._matches
    monkeypatch.setattr(
        identity, "_matches", lambda stored, given: compared.append(given) or plain(stored, given)
    )

    def attempt(work: Work) -> str:
        visitor = Conversation(token_hash="x", vendor="tresta", created_at=work.now)
        return identity.verify(work, visitor, number, "Lisbon").outcome

    assert known.run(attempt) == "wrong"  # zed's answer is not the one that was asked for
    assert compared == ["Lisbon"]


def test_stopping_the_check_changes_nothing(api: Api, known: World) -> None:
    token = asked(api)
    stop = button(api.say(token, "Rex"), "Stop the check")

    said = api.say(token, stop)

    assert "Nothing has changed" in said[0]["text"]
    api.say(token, "hello")
    assert api.rasa.texts[-1] == "hello"


def test_a_person_is_reached_from_the_check_by_its_button(api: Api, known: World) -> None:
    token = asked(api)
    person_button = button(api.say(token, "Rex"), "Talk to a person")

    api.say(token, person_button)

    assert api.rasa.texts[-1] == "/request_human"


def test_a_conversation_becomes_a_person_only_once(api: Api, known: World) -> None:
    token = asked(api)
    api.say(token, ANSWER)

    api.say(token, "verify T-2")

    conversations = known.run(
        lambda work: [
            (c.person_id is not None, c.verifying_account) for c in work.session.query(Conversation)
        ]
    )
    assert conversations == [(True, None)]


def test_a_vendor_without_verification_asks_to_sign_in(api: Api, known: World) -> None:
    token = api.guest("ctm")

    said = api.say(token, "close")

    assert said[-1]["text"] == "sign_in?"


def test_a_check_for_a_vendor_without_verification_is_declined(api: Api, known: World) -> None:
    token = api.guest("ctm")

    said = api.say(token, "verify C-1")

    assert said[-1]["text"] == "sign_in?"


def test_twenty_wrong_answers_lock_an_address_whatever_the_account(api: Api, known: World) -> None:
    for attempt in range(20):
        token = asked(api, f"T-9{attempt:03}")
        api.say(token, "wrong")

    token = asked(api)
    api.say(token, ANSWER)

    assert "/verified" not in api.rasa.texts
