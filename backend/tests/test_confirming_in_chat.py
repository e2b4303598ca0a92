"""In chat an account closes only on a plain yes to the open question about what was shown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from clients import CONFIRMING, Api
from factories import World, account, agency_with, phone, the_account

from farewell.accounts.tables import Charge
from farewell.chat import replies
from farewell.chat.tables import Conversation
from farewell.closing.tables import Shown
from farewell.work import Work


def conversation_id(world: World) -> str:
    """The only conversation."""
    return world.run(lambda work: work.session.query(Conversation).one().id)


def confirm_now(world: World, surely: bool = True) -> list[str]:
    """What the assistant's confirmation does in the only conversation."""

    def use(work: Work) -> list[str]:
        conversation = work.session.query(Conversation).one()
        return [s.code for s in replies.confirm_closure(work, conversation, surely)]

    return world.run(use)


def shown_in(world: World) -> set[str]:
    """Codes that count as shown."""
    return world.run(lambda work: {s.code for s in work.session.query(Shown)})


def test_a_talk_from_the_wish_to_the_receipt(api: Api, two: World) -> None:
    token = api.sign_in()

    assert api.say(token, "close")[-1]["text"] == "keep_numbers?"
    assert api.say(token, "answer keep_numbers release_all")[-1]["text"] == "data_export?"
    assert api.say(token, "answer data_export skip")[-1]["text"] == "exit_reason?"
    assert api.say(token, "answer exit_reason skip")[-1]["text"] == "confirm?"
    receipt = api.say(token, "yes")

    assert receipt[0]["text"].startswith("closed\n\nfinal_bill_promised")
    assert two.show("T-1")["account"]["status"] == "closed"


def test_confirming_when_nothing_was_asked_closes_nothing(api: Api, two: World) -> None:
    api.sign_in()
    two.closing().settle()

    assert confirm_now(two) == []

    assert two.show("T-1")["closures"] == []


def test_confirming_while_something_else_was_asked_closes_nothing(api: Api, two: World) -> None:
    api.say(api.sign_in(), "close")

    assert confirm_now(two) == []

    assert two.show("T-1")["closures"] == []


def test_an_unclear_yes_is_asked_about(api: Api, two: World) -> None:
    two.closing().settle()
    api.say(api.sign_in(), "close")

    assert confirm_now(two, surely=False) == ["confirm_unclear"]

    assert two.show("T-1")["closures"] == []


@pytest.mark.parametrize("text", ["/confirm_closure", "/affirm", "yes", "close it"])
def test_what_the_assistant_claims_to_have_heard_is_no_evidence(
    api: Api, two: World, text: str
) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")

    api.runner.run(api.rasa.act(conversation_id(two), "confirm", text=text))

    assert two.show("T-1")["closures"] == []


def test_pressing_another_button_is_no_yes(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    lead = api.rasa.lead

    async def with_a_no(body: dict[str, Any]) -> httpx.Response:
        said = (await lead(body)).json()
        said[-1].setdefault("buttons", []).append({"title": "Keep it", "payload": "/deny"})
        return httpx.Response(200, json=said)

    api.rasa.answer = with_a_no
    keep = api.say(token, "close")[-1]["buttons"][-1]["payload"]
    api.say(token, keep)

    api.runner.run(api.rasa.act(conversation_id(two), "confirm", text=""))

    assert two.show("T-1")["closures"] == []


def test_only_what_was_delivered_counts_as_shown(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    lead = api.rasa.lead

    async def forgetful(body: dict[str, Any]) -> httpx.Response:
        said = (await lead(body)).json()
        return httpx.Response(
            200, json=[m for m in said if m.get("utter_action") != "utter_say_quote_due"]
        )

    api.rasa.answer = forgetful
    api.say(token, "close")
    api.rasa.answer = lead

    assert "quote_due" not in shown_in(two)
    assert "no_fees" in shown_in(two)
    api.say(token, "yes")
    assert two.show("T-1")["closures"] == []


def test_nothing_counts_as_shown_when_the_answer_was_lost(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    lead = api.rasa.lead

    async def lost(body: dict[str, Any]) -> httpx.Response:
        await lead(body)
        raise httpx.ReadError("broken")

    api.rasa.answer = lost
    api.say(token, "close")

    assert shown_in(two) == set()
    assert confirm_now(two) == []


def test_what_one_conversation_showed_does_not_count_in_another(api: Api, two: World) -> None:
    two.closing().settle()
    api.say(api.sign_in(), "close")
    other = api.sign_in()

    texts = [m["text"] for m in api.say(other, "close")]

    assert any("quote_due" in text for text in texts)


def test_an_expired_quote_is_shown_anew_before_it_can_be_confirmed(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")
    two.clock.forward(hours=24)

    said = api.say(token, "yes")

    texts = " ".join(m["text"] for m in said)
    assert two.show("T-1")["closures"] == []
    assert "quote_changed" in texts
    assert "quote_due" in texts
    assert said[-1]["text"] == "confirm?"
    api.say(token, "yes")
    assert [b["total_minor"] for b in two.show("T-1")["bills"]] == [1100]


def test_usage_between_question_and_yes_is_not_charged(api: Api, two: World) -> None:
    token = api.sign_in()
    two.closing().settle()
    api.say(token, "close")

    def add(work: Work) -> None:
        found = the_account(work, "T-1")
        found.charges.append(
            Charge(kind="usage", description="Late", amount_minor=999, occurred_at=work.now)
        )

    two.run(add)
    api.say(token, "yes")

    assert [b["total_minor"] for b in two.show("T-1")["bills"]] == [1000]


KINDS = [
    (account("X-1", balance_minor=9000), "confirm_with_refund", "closed"),
    (account("X-1", numbers=[phone(0, "submitted")]), "confirm_standing", "closing"),
    (
        account("X-1", vendor="ontraport", type="premium_pages", roles={"ann@example": "owner"}),
        "confirm_conversion",
        "converted",
    ),
    (
        account("X-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}),
        "confirm",
        "closed",
    ),
]


@pytest.mark.parametrize(("given", "question", "status"), KINDS, ids=[k[1] for k in KINDS])
def test_each_kind_of_closing_has_its_own_question(
    api: Api, world: World, given: dict[str, Any], question: str, status: str
) -> None:
    world.load(given)
    token = api.sign_in()
    world.closing("X-1").settle()
    assert question in CONFIRMING

    assert api.say(token, "close")[-1]["text"] == f"{question}?"
    api.say(token, "yes")

    assert world.show("X-1")["account"]["status"] == status


def test_somebody_without_the_role_is_told_and_asked_nothing(api: Api, two: World) -> None:
    said = api.say(api.sign_in("bob@example"), "close")

    assert said[-1]["text"] == "role_missing?"
    assert two.show("T-1")["closing_case"] is None


def test_somebody_without_the_role_learns_no_amounts(api: Api, two: World) -> None:
    said = api.say(api.sign_in("bob@example"), "ask final_bill")

    assert "quote_due" not in " ".join(m["text"] for m in said)


def test_an_agency_s_question_names_it_and_the_sub_accounts_come_first(
    api: Api, world: World
) -> None:
    world.load(*agency_with("S-1", "S-2"))
    token = api.sign_in()
    world.closing("A-1").settle()

    api.say(token, "close A-1")

    texts = [m["text"] for m in api.messages(token)]
    assert any("sub_accounts_closed" in text for text in texts)
