"""Why a customer leaves: a code and words, said when asked, before, or along with a wish."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from clients import SERVICE, Api
from factories import POLICIES, World, account, person

from farewell.audit import AuditEntry
from farewell.chat.tables import Conversation
from farewell.closing.statements import reason_noted
from farewell.errors import Problem
from farewell.facts import as_text
from farewell.i18n import catalogue
from farewell.policy.model import REASON_CODES, ExitReason, ExitReasons, ReasonCode

ASKED = "exit_reason?"
SECURITY = {"question": 0, "answer": "Biscuit"}


@pytest.fixture
def one(world: World) -> World:
    """Ann's only account."""
    world.load(account(), people=[person("ann@example", security=SECURITY)])
    return world


@pytest.fixture
def several(world: World) -> World:
    """Ann's two accounts."""
    world.load(account("T-1", name="Denver"), account("T-2", name="Boston"))
    return world


def reason(world: World, number: str = "T-1") -> tuple[str | None, str | None]:
    """Code and words that the account's case holds."""
    case = world.show(number)["closing_case"]
    return case["reason_code"], case["reason_words"]


def heard(said: list[dict[str, Any]]) -> list[str]:
    """Every statement and question of an answer."""
    return [code for message in said for code in message["text"].split("\n\n")]


def leads_past_the_reason(api: Api, token: str) -> bool:
    """Whether the case comes to its confirmation without asking why."""
    steps = heard(api.say(token, "answer data_export skip"))
    return "confirm?" in steps and ASKED not in steps


# --- when it is asked ----------------------------------------------------------------------------


def test_free_words_with_a_code_are_kept_as_both(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    assert ASKED in heard(api.say(token, "answer data_export skip"))

    said = api.say(token, "answer exit_reason words You cost a fortune because too_expensive")

    assert heard(said)[0] == "reason_noted"
    assert reason(one) == ("too_expensive", "You cost a fortune")


def test_free_words_that_nobody_sorted_have_no_code(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close")

    said = api.say(token, "answer exit_reason words My brother answers the phones now")

    assert heard(said)[0] == "reason_thanks"
    assert reason(one) == (None, "My brother answers the phones now")
    assert leads_past_the_reason(api, token)


def test_a_refusal_that_tells_the_reason_is_one(api: Api, one: World) -> None:
    """ "Just close it, you're too expensive": the question is answered all the same."""
    token = api.sign_in()
    api.say(token, "close")

    api.say(token, "answer exit_reason skip too dear because too_expensive")

    assert reason(one) == ("too_expensive", "too dear")


@pytest.mark.parametrize(
    "words", ["cancel it already, your app crashes all day", "close it, garbage app"]
)
def test_the_words_around_a_wish_are_kept(api: Api, one: World, words: str) -> None:
    token = api.sign_in()
    api.say(token, "close")

    said = api.say(token, f"answer exit_reason words {words}")

    assert heard(said)[0] == "reason_thanks"
    assert reason(one) == (None, words)


@pytest.mark.parametrize(
    "words",
    ["just cancel", "Cancel it already!", "I want to close my account now", "/cancel_account"],
)
def test_a_bare_wish_is_no_reason(api: Api, one: World, words: str) -> None:
    token = api.sign_in()
    api.say(token, "close")

    said = api.say(token, f"answer exit_reason words {words}")

    assert "reason_thanks" not in heard(said)
    assert reason(one) == (None, None)
    assert leads_past_the_reason(api, token)


@pytest.mark.parametrize("code", REASON_CODES)
def test_every_reason_is_taken_and_has_a_title(one: World, code: str) -> None:
    one.closing().open().answer("exit_reason", code)

    assert reason(one) == (code, None)
    assert catalogue("en").text(f"reason.{code}")


def test_a_reason_that_is_none_is_refused(one: World) -> None:
    with pytest.raises(Problem) as refused:
        one.closing().open().answer("exit_reason", "too_dear")

    assert refused.value.code == "answer_not_offered"


def test_words_stay_with_the_code_and_have_a_limit(one: World) -> None:
    one.closing().open().answer("exit_reason", "support", words="w" * 3000)

    assert reason(one) == ("support", "w" * 1000)


def test_a_reason_that_is_skipped_leaves_neither_code_nor_words(one: World) -> None:
    one.closing().open().answer("exit_reason", "support", words="rude")

    one.closing().answer("exit_reason", "skip", words="I'd rather not say")

    assert reason(one) == (None, None)


# --- in passing ----------------------------------------------------------------------------------


def test_a_wish_with_a_reason_opens_the_case_with_the_reason_answered(api: Api, one: World) -> None:
    token = api.sign_in()

    said = heard(api.say(token, "close because too_expensive"))

    assert said[:2] == ["account_found", "reason_noted"]
    assert reason(one) == ("too_expensive", "close because too_expensive")
    assert leads_past_the_reason(api, token)


@pytest.mark.parametrize(
    ("code", "title"), [("missing_feature", "No unicorns"), ("support", "Support")]
)
def test_the_reason_is_named_by_the_policy_s_button_else_in_our_own_words(
    code: ReasonCode, title: str
) -> None:
    choice = ExitReason(code="missing_feature", title={"en": "No unicorns"})
    reasons = ExitReasons(choices=[choice])
    policy = POLICIES["tresta"].model_copy(update={"exit_reasons": reasons})

    noted = reason_noted(policy, code).facts["reason"]

    assert as_text(noted, catalogue("en")) == title


@pytest.mark.parametrize(
    "wish",
    [
        "just close because support",
        "account T-1 because support",
        "close because support",
        "answer alternatives decline because support",
        "answer data_export skip because support",
        "/confirm_closure because support",
    ],
)
def test_every_wish_may_hold_a_reason(api: Api, one: World, wish: str) -> None:
    api.say(api.sign_in(), "close")
    conversation = conversation_of(one)

    api.runner.run(api.rasa.lead({"sender": conversation, "message": wish}))

    assert reason(one)[0] == "support"


def test_a_reason_beside_a_question_is_kept_for_the_closing(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "hm")
    key = one.run(lambda work: work.session.query(Conversation).one().id)
    text = "Your app crashes. Are there any fees?"

    told = api.runner.run(
        api.rasa.act(key, "questions/fees", text=text, reason={"code": "quality_or_reliability"})
    )

    assert "reason_noted" not in [s["code"] for s in told["say"]], "nothing is being closed yet"
    assert "reason_noted" in heard(api.say(token, "close"))
    assert reason(one) == ("quality_or_reliability", text)
    assert leads_past_the_reason(api, token)


def test_a_reason_in_passing_does_not_replace_one(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close because closing_business")

    said = heard(api.say(token, "just close because too_expensive"))

    assert "reason_noted" not in said
    assert reason(one)[0] == "closing_business"


def test_not_even_one_in_words_only(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "answer exit_reason words personal matters")

    api.say(token, "close because too_expensive")

    assert reason(one) == (None, "personal matters")


def test_the_real_reason_replaces_what_was_said_before(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close because too_expensive")

    api.say(token, "answer exit_reason words the support is rude because support")

    assert reason(one) == ("support", "the support is rude")


def test_who_skipped_the_question_may_tell_it_later(api: Api, one: World) -> None:
    token = api.sign_in()
    api.say(token, "close")
    api.say(token, "answer exit_reason skip")

    api.say(token, "close because too_hard_to_use")

    assert reason(one)[0] == "too_hard_to_use"


# --- before there is a case ----------------------------------------------------------------------


def test_the_reason_waits_for_the_account_to_be_chosen(api: Api, several: World) -> None:
    token = api.sign_in()
    said = heard(api.say(token, "close because closing_business"))
    assert said == ["choose_account?"]

    said = heard(api.say(token, "account T-2"))

    assert said[:2] == ["account_found", "reason_noted"]
    assert reason(several, "T-2") == ("closing_business", "close because closing_business")
    assert several.show("T-1")["closing_case"] is None
    assert leads_past_the_reason(api, token)


@pytest.mark.parametrize(
    ("words", "noted", "kept"),
    [
        ("it costs too much because too_expensive", "reason_noted", "too_expensive"),
        ("personal matters", "reason_thanks", None),
    ],
)
def test_a_reason_that_was_given_as_such_waits_too(
    api: Api, several: World, words: str, noted: str, kept: str | None
) -> None:
    token = api.sign_in()
    said = heard(api.say(token, f"answer exit_reason words {words}"))
    assert said == ["reason_without_closing"]

    said = heard(api.say(token, "account T-2"))

    assert noted in said
    assert reason(several, "T-2") == (kept, words.split(" because ")[0])


def test_a_reason_in_passing_does_not_replace_one_that_waits(api: Api, several: World) -> None:
    token = api.sign_in()
    api.say(token, "answer exit_reason words the support is rude because support")

    api.say(token, "account T-2 because too_expensive")

    assert reason(several, "T-2") == ("support", "the support is rude")


def test_the_reason_waits_for_the_security_answer(api: Api, one: World) -> None:
    token = api.guest("tresta")
    api.say(token, "close because switched_provider")
    api.say(token, "verify T-1")

    said = heard(api.say(token, "Biscuit"))

    assert said[:2] == ["account_found", "reason_noted"]
    assert reason(one) == ("switched_provider", "close because switched_provider")


def test_the_reason_waits_for_the_service_to_be_chosen(api: Api, one: World) -> None:
    api.say(token := api.guest(), "close because support")
    post(api, conversation_of(one), "options", option="tresta")
    api.say(token, "verify T-1")

    api.say(token, "Biscuit")

    assert reason(one)[0] == "support"


def test_who_may_not_close_leaves_no_case_and_no_error(api: Api, two: World) -> None:
    said = heard(api.say(api.sign_in("bob@example"), "close because support"))

    assert said == ["role_missing?"]
    assert two.show("T-1")["closing_case"] is None


def test_the_reason_goes_along_to_another_account(api: Api, several: World) -> None:
    token = api.sign_in()
    api.say(token, "close T-1 because too_expensive")

    said = heard(api.say(token, "other account"))

    assert "reason_noted" in said
    assert reason(several, "T-2") == ("too_expensive", "close T-1 because too_expensive")


def test_a_closing_that_is_left_for_a_question_takes_nothing(api: Api, several: World) -> None:
    """Which account the words are about is being asked."""
    token = api.sign_in()
    api.say(token, "close T-1")

    api.say(token, "account of my uncle because support")

    assert reason(several, "T-1") == (None, None)


def test_never_mind_forgets_the_reason_that_waits(api: Api, several: World) -> None:
    token = api.sign_in()
    api.say(token, "close because too_expensive")
    api.say(token, "stop")

    said = heard(api.say(token, "close T-2"))

    assert "reason_noted" not in said
    assert reason(several, "T-2") == (None, None)


# --- at the border -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["too_dear", "skip", "words", "", None, 7])
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("wish", {"wish": "closing"}),
        ("skip-ahead", {}),
        ("account", {}),
        ("answers", {"code": "exit_reason", "value": "words"}),
    ],
)
def test_an_unknown_code_is_refused_and_nothing_is_stored(
    api: Api, one: World, path: str, more: dict[str, Any], code: object
) -> None:
    api.sign_in()

    answer = post(api, conversation_of(one), path, text="x", reason={"code": code}, **more)

    assert answer.status_code == 422
    assert one.show("T-1")["closing_case"] is None


@pytest.mark.parametrize(
    "typed",
    ['/give_exit_reason{"exit_reason": "too_expensive"}', '/cancel_account{"exit_reason": "x"}'],
)
def test_a_typed_entity_reaches_rasa_as_mere_words(api: Api, one: World, typed: str) -> None:
    api.say(api.sign_in(), typed)

    assert api.rasa.texts == [typed.removeprefix("/")]


def test_what_comes_with_a_message_does_not_reach_rasa(api: Api, one: World) -> None:
    message = {
        "message": "hello",
        "metadata": {"exit_reason": "support"},
        "entities": [{"entity": "exit_reason", "value": "support"}],
    }

    api.call("POST", "/webhooks/rest/webhook", token=api.sign_in(), json=message)

    (sent,) = api.rasa.requests
    assert (sent["message"], sent["metadata"]) == ("hello", {"language": "en"})


def test_the_audit_holds_the_code_and_no_words(api: Api, one: World) -> None:
    api.say(api.sign_in(), "close this precious thing because too_expensive")

    entries = one.run(lambda work: work.session.query(AuditEntry).all())

    (answered,) = [e.facts for e in entries if e.action == "requirement.answered"]
    assert answered["value"] == "too_expensive"
    assert "precious" not in str([e.facts for e in entries])


def test_the_api_takes_a_code_with_words(api: Api, one: World) -> None:
    token = api.sign_in()
    case = api.call("POST", "/api/v1/accounts/T-1/closing-case", token=token).json()
    path = f"/api/v1/closing-cases/{case['id']}/requirements/exit_reason"

    body = {"answer": "consolidating_accounts", "words": "we merged"}
    assert api.call("PUT", path, token=token, json=body).status_code == 200

    assert reason(one) == ("consolidating_accounts", "we merged")


# --- what the tests above need -------------------------------------------------------------------


def conversation_of(world: World) -> str:
    """The id of the only conversation."""
    return world.run(lambda work: work.session.query(Conversation).one().id)


def post(api: Api, conversation: str, path: str, **body: Any) -> httpx.Response:
    """An action's call to the backend."""
    return api.call(
        "POST",
        f"/api/v1/assistant/conversations/{conversation}/{path}",
        token=SERVICE,
        json=body,
    )
