"""A vendor that nobody has thought of goes through the closing by its policy file alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from factories import World, account, e164, phone, the_account, the_person, usage
from made_up import NIMBUS, world_of

from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.errors import Problem
from farewell.lifecycle.reactivation import reactivate, restorable_numbers


@pytest.fixture
def nimbus(tmp_path: Path) -> World:
    """A world in which only Nimbus exists."""
    return world_of(tmp_path, NIMBUS)


def fleet(number: str = "N-1", **more: Any) -> dict[str, Any]:
    """A fleet in yen and in Auckland, of which ann@example is captain."""
    given = account(
        number,
        vendor="nimbus",
        type="fleet",
        zone="Pacific/Auckland",
        currency="JPY",
        roles={"ann@example": "captain"},
    )
    return given | more


def test_it_closes_with_its_own_periods_currency_and_zone(nimbus: World) -> None:
    nimbus.load(fleet(numbers=[phone()], charges=[usage("Wind", 7)]))

    nimbus.close("N-1")

    shown = nimbus.show("N-1")
    # 11 November in Auckland: 11 of 30 days of ¥3000, and ¥7
    assert [(b["total_minor"], b["currency"]) for b in shown["bills"]] == [(1107, "JPY")]
    assert shown["bills"][0]["settles_on"] == date(2026, 11, 23).isoformat()
    due = {d["kind"]: d["due_at"] for d in shown["duties"]}
    assert due["purge_data"] == "2026-11-18T11:00:00+00:00"  # the 18th is over
    assert due["end_reactivation"] == "2026-11-13T11:00:00+00:00"
    assert due["end_number_restore"] == "2026-11-14T11:00:00+00:00"
    assert "host_sessions_revoke" in due


def test_its_credit_is_refunded_by_its_own_day(nimbus: World) -> None:
    nimbus.load(fleet(balance_minor=5000))

    nimbus.close("N-1")

    bill = nimbus.show("N-1")["bills"][0]
    assert (bill["refund_minor"], bill["settles_on"]) == (3900, "2026-11-20")


def test_its_roles_decide(nimbus: World) -> None:
    nimbus.load(fleet(roles={"sam@example": "sailor"}))

    with pytest.raises(Problem) as refused:
        nimbus.closing("N-1", "sam@example").open()

    assert refused.value.code == "role_missing"


def test_its_questions_are_its_own(nimbus: World) -> None:
    nimbus.load(fleet(numbers=[phone()]))

    asked = nimbus.closing("N-1").open().unanswered()

    assert asked == [("alternatives", ""), ("keep_numbers", ""), ("exit_reason", "")]


def test_its_alternative_and_reason_are_taken(nimbus: World) -> None:
    nimbus.load(fleet(), fleet("N-2"))
    nimbus.closing("N-2").open().answer("exit_reason", "quality_or_reliability")

    nimbus.closing("N-1").open().answer("alternatives", "hibernate")

    assert nimbus.show("N-1")["account"]["features"] == {"mode": "asleep"}
    assert nimbus.show("N-2")["closing_case"]["reason_code"] == "quality_or_reliability"


def test_its_quotes_live_five_minutes(nimbus: World) -> None:
    nimbus.load(fleet())
    closing = nimbus.closing("N-1").settle()
    first = closing.quote()["id"]

    nimbus.clock.forward(minutes=5)

    assert closing.quote()["id"] != first


def test_its_cases_are_resumable_for_four_days(nimbus: World) -> None:
    nimbus.load(fleet())
    nimbus.closing("N-1").open().withdraw()
    first = nimbus.show("N-1")["closing_case"]["id"]
    nimbus.clock.forward(days=4, seconds=1)

    nimbus.closing("N-1").open()

    assert nimbus.show("N-1")["closing_case"]["id"] != first


def test_it_is_undone_within_two_days_and_numbers_within_three(nimbus: World) -> None:
    nimbus.load(fleet(numbers=[phone()]))
    nimbus.close("N-1")
    nimbus.clock.forward(days=1)

    nimbus.run(
        lambda work: reactivate(
            work,
            person=the_person(work, "ann@example"),
            account=the_account(work, "N-1"),
            actor=Actor("ann", "api"),
            price=Money(3000, "JPY"),
        )
    )

    numbers = nimbus.run(
        lambda work: [n.e164 for n in restorable_numbers(work, the_account(work, "N-1"))]
    )
    assert numbers == [e164()]


def test_its_children_are_billed_with_their_plans_and_credits(nimbus: World) -> None:
    nimbus.load(
        fleet(),
        fleet("N-2", type="boat", parent="N-1", roles={}, balance_minor=100),
    )

    nimbus.close("N-1")

    shown = nimbus.show("N-1")
    assert [b["total_minor"] for b in shown["bills"]] == [1100 + 1100 - 100]
    assert nimbus.show("N-2")["account"]["balance_minor"] == 0


def test_numbers_that_it_keeps_are_kept(nimbus: World) -> None:
    nimbus.load(fleet("N-3", type="raft", numbers=[phone()]))

    nimbus.close("N-3")

    assert [n["status"] for n in nimbus.show("N-3")["numbers"]] == ["active"]
