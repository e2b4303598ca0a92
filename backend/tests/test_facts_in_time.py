"""What is said fits the account as it is: waiting for a port, closed, long closed, active again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clients import Api
from factories import (
    NOON,
    POLICIES,
    World,
    account,
    agency_with,
    phone,
    the_account,
    the_person,
    usage,
)
from sqlalchemy import select

from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.billing.quote import Bill
from farewell.chat.answers import answer_for_account, answer_for_vendor
from farewell.closing import statements
from farewell.closing.case import standing_closure, state_of
from farewell.closing.receipt import bill_told
from farewell.closing.tables import ClosingCase
from farewell.desk.handover import when_people_answer
from farewell.facts import Phrase, Statement, from_json
from farewell.lifecycle.reactivation import reactivate
from farewell.work import Work

ADMIN = {"ann@example": "administrator"}


def ctm(**more: Any) -> dict[str, Any]:
    """A CTM standalone account of ann@example with a number, a charge and $50.50 held."""
    given = {"balance_minor": 5050, "numbers": [phone()], "charges": [usage("Minutes", 845)]}
    return account("C-1", **({"vendor": "ctm", "roles": ADMIN} | given | more))


def asked(world: World, topic: str, number: str = "C-1") -> list[Statement]:
    """The answer to ann's question about an account."""
    return world.run(
        lambda work: answer_for_account(
            work, topic, the_account(work, number), the_person(work, "ann@example")
        )
    )


def the_case(work: Work) -> ClosingCase:
    """The only case."""
    return work.session.scalars(select(ClosingCase)).one()


def codes(told: list[Statement]) -> list[str]:
    return [statement.code for statement in told]


def receipt_of(world: World, number: str) -> dict[str, dict[str, Any]]:
    """The receipt's statements, by code."""

    def use(work: Any) -> dict[str, dict[str, Any]]:
        closure = standing_closure(work, the_account(work, number))
        assert closure is not None
        return {s["code"]: from_json(s["facts"]) for s in closure.statements}

    return world.run(use)


# --- a number is being ported: the day of closing is not known -------------------------------


def test_while_a_port_is_open_no_day_is_promised(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted"), phone(1)]))
    closing = world.closing().settle()

    owed = closing.codes()

    assert {"effect_after_port", "quote_due_later"} <= owed
    assert not owed & {"effect_immediate", "quote_due"}


def test_a_bill_that_is_not_due_yet_says_how_many_days_after_the_closing(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    closing.codes()

    (told,) = [s for s in asked(world, "final_bill", "T-1") if s.code == "quote_due_later"]

    assert told.facts["when"] == Phrase("when.days_after", {"days": 5})
    assert "settles_on" not in told.facts


def test_a_credit_while_a_port_is_open(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")], balance_minor=9000))

    assert "quote_refund_later" in codes(asked(world, "final_bill", "T-1"))
    assert codes(asked(world, "effective_date", "T-1")) == ["effect_after_port"]


def test_every_window_of_a_later_closing_is_counted_from_it(world: World) -> None:
    agency, child = agency_with("S-1")
    world.load(agency | {"balance_minor": 100}, child | {"numbers": [phone(0, "confirmed")]})

    for topic in ("undo", "data_retention", "refund"):
        untils = [s.facts["until"] for s in asked(world, topic, "A-1") if "until" in s.facts]
        assert untils == [Phrase("until.from_closing", {})], topic


def test_the_notices_of_a_later_closing_count_from_it_too(world: World) -> None:
    agency, child = agency_with("S-1")
    numbers = [phone(0, "confirmed"), phone(1)]
    world.load(agency | {"balance_minor": 100}, child | {"numbers": numbers})
    world.closing("A-1").settle()

    untils = {
        r.code: r.facts["until"]
        for r in world.run(lambda work: state_of(work, the_case(work)).owed)
        if "until" in r.facts
    }

    assert set(untils) == {"data_kept_readable", "balance_kept", "undo_by_support"}
    assert all(until == Phrase("until.from_closing", {}) for until in untils.values())


def test_once_the_port_is_done_the_day_is_said(world: World) -> None:
    world.load(account(numbers=[phone(1)]))

    assert {"effect_immediate", "quote_due"} <= world.closing().settle().codes()


def test_who_is_signed_out_is_told_so_for_a_later_closing_too(world: World) -> None:
    owner = {"ann@example": "owner"}
    ported = [phone(0, "submitted")]
    world.load(account("O-1", vendor="ontraport", type="full", roles=owner, numbers=ported))

    assert codes(asked(world, "effective_date", "O-1")) == ["effect_signed_out_after_port"]


# --- money ------------------------------------------------------------------------------------


def test_a_credit_is_set_off_against_the_bill(world: World) -> None:
    world.load(account(balance_minor=9000))

    (told,) = asked(world, "refund", "T-1")

    assert told.code == "credit_refunded"
    amounts = {k: told.facts[k].minor for k in ("balance", "owed", "refund")}
    assert amounts == {"balance": 9000, "owed": 1000, "refund": 8000}


@pytest.mark.parametrize(("held", "code"), [(0, "no_credit"), (300, "credit_used_up")])
def test_no_credit_is_left_to_refund(world: World, held: int, code: str) -> None:
    world.load(account(balance_minor=held))

    assert codes(asked(world, "refund", "T-1")) == [code]


@pytest.mark.parametrize("topic", ["refund", "final_bill"])
def test_after_the_closing_the_credit_and_the_bill_are_both_explained(
    world: World, topic: str
) -> None:
    world.load(account(balance_minor=9000))
    world.close("T-1")

    lines, credit = asked(world, topic, "T-1")

    assert (lines.code, credit.code) == ("bill_lines", "credit_was_set_off")
    assert [line.facts["amount"].minor for line in lines.facts["lines"]] == [1000, -9000]
    assert credit.facts["refund"] == Money(8000, "USD")
    assert credit.facts["settles_on"] == (NOON + timedelta(days=5)).date()


def test_a_bill_without_auto_pay_is_due_and_not_charged(world: World) -> None:
    world.load(account())
    view = world.run(lambda work: work.view(the_account(work, "T-1")))
    bill = Bill("USD", (), (), 500, 0, NOON.date())
    policy = POLICIES["tresta"]
    kind = policy.type_of("standalone")
    by_hand = kind.billing.model_copy(
        update={"settle_by": kind.billing.settle_by.model_copy(update={"value": "none"})}
    )
    kinds = {"standalone": kind.model_copy(update={"billing": by_hand})}
    other = policy.model_copy(update={"account_types": kinds})

    assert codes(bill_told(view, policy, bill)) == ["final_bill_promised"]
    assert codes(bill_told(view, other, bill)) == ["final_bill_due"]


def test_the_balance_is_asked_for_until_its_time_is_over(world: World) -> None:
    world.load(ctm())
    world.close("C-1")

    world.clock.forward(days=90)
    assert codes(asked(world, "refund")) == ["balance_kept"]
    world.clock.forward(days=1)
    assert codes(asked(world, "refund")) == ["balance_time_over"]


def test_what_is_assumed_about_the_bill_is_said_to_be(world: World) -> None:
    world.load(ctm())

    assert codes(asked(world, "final_bill"))[-1] == "bill_as_far_as_known"
    assert "bill_as_far_as_known" in world.closing("C-1").settle().codes()
    world.close("C-1")
    assert "bill_as_far_as_known" in receipt_of(world, "C-1")


def test_what_the_guide_states_about_the_bill_is_not_called_assumed(world: World) -> None:
    world.load(account())

    assert "bill_as_far_as_known" not in codes(asked(world, "final_bill", "T-1"))


def test_taking_a_pause_does_not_end_the_charges(world: World) -> None:
    world.load(ctm())
    world.closing("C-1").open().answer("alternatives", "pause_swapping")

    assert codes(asked(world, "final_bill"))[0] == "charged_until_closed"


def test_an_account_that_is_not_paused_is_not_told_of_a_pause(world: World) -> None:
    world.load(ctm())

    assert "charged_until_closed" not in codes(asked(world, "final_bill"))


def test_at_the_alternatives_a_question_about_charges_is_about_them_too(
    api: Api, world: World
) -> None:
    world.load(ctm())
    token = api.sign_in()
    api.say(token, "close")

    heard = "\n".join(m["text"] for m in api.say(token, "ask final_bill"))

    assert heard.startswith("charged_until_closed")
    assert "quote_due" in heard


def test_the_alternatives_are_not_listed_twice_in_one_turn(api: Api, world: World) -> None:
    world.load(ctm())
    token = api.sign_in()
    assert api.say(token, "ask alternative")[0]["text"] == "alternatives_listed"
    api.say(token, "close")

    (heard,) = api.say(token, "ask alternative")

    assert heard["text"] == "alternatives?"


def test_who_may_not_close_hears_the_rule_on_a_balance_without_the_amount(
    api: Api, world: World
) -> None:
    roles = {"ann@example": "administrator", "rita@example": "report_manager"}
    world.load(ctm(roles=roles))
    token = api.sign_in("rita@example")

    heard = "\n".join(m["text"] for m in api.say(token, "ask refund"))

    assert heard.startswith("balance_kept_rule")
    assert "who_closes" in heard
    assert "balance_kept\n" not in heard


@pytest.mark.parametrize("vendor", ["tresta", "ctm", "ontraport"])
def test_the_rule_on_a_balance_without_an_account(vendor: str, world: World) -> None:
    told = world.run(lambda work: answer_for_vendor(work, "refund", POLICIES[vendor], "UTC"))

    assert told is not None
    expected = {
        "tresta": "balance_refund_rule",
        "ctm": "balance_kept_rule",
        "ontraport": "balance_rule_not_stated",
    }
    assert codes(told) == [expected[vendor]]


def test_kinds_of_account_with_different_days_get_no_common_answer(world: World) -> None:
    """The codes may be the same and the facts not."""
    policy = POLICIES["ctm"]
    kinds = dict(policy.account_types)
    data = kinds["agency"].data
    shorter = data.model_copy(update={"kept_days": data.kept_days.model_copy(update={"value": 7})})
    kinds["agency"] = kinds["agency"].model_copy(update={"data": shorter})
    other = policy.model_copy(update={"account_types": kinds})

    def told(which: Any) -> list[Statement] | None:
        return world.run(lambda work: answer_for_vendor(work, "data_retention", which, "UTC"))

    assert codes(told(policy) or []) == ["data_kept_readable"]
    assert told(other) is None


# --- closed, and long closed -------------------------------------------------------------------


def test_a_closed_account_answers_as_one(world: World) -> None:
    world.load(ctm(closed={"at": "-20d", "by": "ann@example"}))

    assert codes(asked(world, "effective_date")) == ["closed_already"]
    assert codes(asked(world, "numbers")) == ["numbers_were_released", "numbers_restore_not_stated"]
    assert codes(asked(world, "data_retention")) == ["data_kept_readable"]
    assert codes(asked(world, "undo")) == ["undo_by_customer"]
    assert codes(asked(world, "alternative")) == ["closed_already", "undo_by_customer"]
    assert codes(asked(world, "data_export")) == ["export_still_offered", "data_kept_readable"]


def test_windows_that_have_passed_are_said_to_be_over(world: World) -> None:
    world.load(ctm(closed={"at": "-70d", "by": "ann@example"}))

    assert codes(asked(world, "data_retention")) == ["data_time_over"]
    assert codes(asked(world, "undo")) == ["reactivation_too_late"]
    assert codes(asked(world, "data_export")) == ["export_too_late", "data_time_over"]


def test_deletion_that_may_have_begun_is_not_announced(world: World) -> None:
    closed = {"at": "-3d", "by": "ann@example"}
    owner = {"ann@example": "owner"}
    world.load(account("O-1", vendor="ontraport", type="full", roles=owner, closed=closed))

    assert codes(asked(world, "data_retention", "O-1")) == ["data_deletion_begun"]
    assert codes(asked(world, "data_export", "O-1")) == ["export_too_late", "data_deletion_begun"]
    assert codes(asked(world, "undo", "O-1")) == ["undo_not_stated"]


@pytest.mark.parametrize(("days", "code"), [(10, "numbers_restorable"), (20, "numbers_by_support")])
def test_released_numbers_of_a_closed_sub_account(world: World, days: int, code: str) -> None:
    agency, child = agency_with("S-1")
    closed = {"at": f"-{days}d", "by": "ann@example"}
    world.load(agency, child | {"closed": closed})

    assert codes(asked(world, "numbers", "S-1")) == ["numbers_were_released", code]


def test_a_sub_account_that_its_agency_took_along_comes_back_through_support(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("A-1")

    assert codes(asked(world, "undo", "S-1")) == ["undo_by_support"]
    told = asked(world, "numbers", "A-1")
    assert codes(told) == ["numbers_were_released", "numbers_restore_not_stated"]
    assert len(told[0].facts["numbers"]) == 1


@pytest.mark.parametrize(("days", "told"), [(20, True), (70, False)])
def test_a_wish_to_close_a_closed_account_hears_the_way_back_while_there_is_one(
    api: Api, world: World, days: int, told: bool
) -> None:
    world.load(ctm(closed={"at": f"-{days}d", "by": "ann@example"}))

    heard = "\n".join(m["text"] for m in api.say(api.sign_in(), "close"))

    assert heard.startswith("closed_already")
    assert ("undo_by_customer" in heard) is told


# --- active again ------------------------------------------------------------------------------


@pytest.fixture
def active_again(world: World) -> World:
    """A sub-account that was closed ten days ago and is active again."""
    agency, child = agency_with("S-1")
    world.load(agency, child | {"closed": {"at": "-10d", "by": "ann@example"}})
    world.run(
        lambda work: reactivate(
            work,
            person=the_person(work, "ann@example"),
            account=the_account(work, "S-1"),
            actor=Actor("ann", "api"),
            price=Money(3000, "USD"),
        )
    )
    return world


def test_an_account_that_is_active_again_answers_as_one(active_again: World) -> None:
    assert codes(asked(active_again, "numbers", "S-1")) == ["numbers_to_restore"]
    assert codes(asked(active_again, "data_retention", "S-1"))[0] == "data_while_active"
    assert codes(asked(active_again, "undo", "S-1"))[0] == "closing_again_possible"


def test_after_the_time_to_restore_support_is_named(active_again: World) -> None:
    active_again.clock.forward(days=10)

    assert codes(asked(active_again, "numbers", "S-1")) == ["numbers_by_support"]


def test_at_the_question_of_consent_regret_is_about_the_reactivation(
    api: Api, world: World
) -> None:
    world.load(ctm(closed={"at": "-20d", "by": "ann@example"}))
    token = api.sign_in()
    api.say(token, "reactivate")

    heard = "\n".join(m["text"] for m in api.say(token, "ask undo"))

    assert heard == "closing_again_possible\nreactivation_consent?"


# --- what the guides do not say ------------------------------------------------------------------


def test_a_number_that_is_not_ported_first_may_be_lost(world: World) -> None:
    world.load(account(numbers=[phone()]))

    assert codes(asked(world, "port_out", "T-1")) == ["port_steps", "port_before_closing"]


def test_a_role_that_no_guide_names_is_marked() -> None:
    policy = POLICIES["ontraport"]
    (role,) = statements.roles(policy, policy.type_of("full"))
    assert isinstance(role, Phrase)
    assert role.key == "role.assumed"

    stated = POLICIES["ctm"]
    assert not isinstance(statements.roles(stated, stated.type_of("agency"))[0], Phrase)


def test_data_of_a_converted_account_stays_as_far_as_we_know() -> None:
    policy = POLICIES["ontraport"]

    told = statements.data(policy, policy.type_of("premium_pages"), NOON.date())

    assert told.code == "data_stays_assumed"


@pytest.mark.parametrize(("vendor", "within", "without"), [("tresta", 2, True), ("ctm", 1, False)])
def test_hours_are_claimed_for_the_ways_that_have_them(
    world: World, vendor: str, within: int, without: bool
) -> None:
    told = world.run(lambda work: when_people_answer(POLICIES[vendor], work, "UTC"))

    assert len(told.facts["contacts"]) == within
    assert bool(told.facts["others"]) is without


@pytest.mark.parametrize(
    ("number", "code"), [("S-1", "transfer_by_vendor"), ("C-1", "transfer_not_stated")]
)
def test_who_can_transfer_an_account(world: World, number: str, code: str) -> None:
    world.load(*agency_with("S-1"), ctm(numbers=[]))

    assert codes(asked(world, "transfer", number)) == [code]


# --- charges that are held to be wrong -----------------------------------------------------------


def ask(api: Api, world: World, topic: str, text: str) -> list[str]:
    """The codes of the answer to a question in the customer's words."""
    token = api.sign_in()
    api.say(token, "hm")
    key = api.rasa.requests[-1]["sender"]
    answer = api.runner.run(api.rasa.act(key, f"questions/{topic}", text=text))
    return [s["code"] for s in answer["say"]]


def test_a_disputed_charge_is_not_judged_and_a_human_is_offered(api: Api, two: World) -> None:
    assert ask(api, two, "disputed_charge", "you charged me twice") == ["dispute"]


@pytest.mark.parametrize(
    ("text", "disputed"),
    [
        ("refund the duplicate charge", True),
        ("you charged me two times, I want that back", True),
        ("I don’t recognise it, refund me", True),
        ("do I get my credit back?", False),
        ("how much is the final bill?", False),
    ],
)
def test_a_question_about_money_may_hold_a_dispute(
    api: Api, two: World, text: str, disputed: bool
) -> None:
    told = ask(api, two, "refund", text)

    assert ("dispute" in told) is disputed
    assert "no_credit" in told


# --- sub-accounts by name ------------------------------------------------------------------------


def test_a_sub_account_that_is_named_is_told_of(api: Api, world: World) -> None:
    agency, one, other = agency_with("S-1", "S-2")
    closed = {"at": "-10d", "by": "ann@example"}
    world.load(agency, one | {"name": "Harbor Dental"}, other | {"name": "Oak", "closed": closed})
    token = api.sign_in()
    api.say(token, "account A-1")
    key = api.rasa.requests[-1]["sender"]

    def told(text: str) -> list[str]:
        body = {"text": text, "out_of_scope": True}
        answer = api.runner.run(api.rasa.act(key, "not-understood", **body))
        return [s["code"] for s in answer["say"]]

    assert told("keep Harbor Dental") == ["closes_with_parent"]
    assert told("is S-2 affected") == ["closed_already"]
    assert told("keep calm") == ["out_of_scope"]


def test_links_begin_with_the_public_address(world: World) -> None:
    world.load(account())
    api = Api(world, public_url="https://bye.example/")
    token = api.sign_in()
    key_before = len(api.rasa.requests)
    api.say(token, "hm")
    key = api.rasa.requests[key_before]["sender"]

    (ready,) = api.runner.run(
        api.rasa.act(key, "answers", code="data_export", value="export", text="")
    )["say"]

    assert ready["facts"]["link"].startswith("https://bye.example/exports/")
    api.close()
