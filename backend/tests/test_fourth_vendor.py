"""A vendor that nobody has thought of goes through the closing by its policy file alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import World, account, e164, phone, the_account, usage

from farewell.billing.money import Money
from farewell.database import Database
from farewell.errors import Problem
from farewell.lifecycle.reactivation import restorable_numbers
from farewell.policy.load import load_policies


def rule(value: Any) -> dict[str, Any]:
    """A rule of the made-up guide."""
    if value == "not_stated":
        return {"value": value}
    return {"value": value, "source": "Nimbus handbook"}


def words(text: str) -> dict[str, str]:
    """The vendor's words in English."""
    return {"en": text}


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of account: in arrears, refund in 9 days, data kept a week, undo by anybody."""
    given: dict[str, Any] = {
        "name": words("Fleet"),
        "closed_by": rule(["captain"]),
        "takes_effect": rule("at_once"),
        "signs_out": rule(True),
        "alternatives": {
            "offers": [
                {
                    "code": "hibernate",
                    "title": words("Hibernate"),
                    "text": words("Everything sleeps."),
                    "sets": {"mode": "asleep"},
                    "source": "Nimbus handbook",
                }
            ]
        },
        "numbers": {
            "on_close": rule("released"),
            "ask_to_keep": rule(True),
            "restore_days": rule(3),
        },
        "billing": {
            "timing": rule("in_arrears"),
            "proration": rule("actual_days"),
            "outstanding": rule("collect"),
            "settle_after_days": rule(12),
            "settle_by": rule("auto_pay"),
            "fees": rule("none"),
            "rounding": "half_even",
            "quote_minutes": 5,
        },
        "balance": {"treatment": rule("refund_to_card"), "days": rule(9)},
        "data": {
            "treatment": rule("kept"),
            "kept_days": rule(7),
            "readable_after_closing": rule(False),
            "offer_export": False,
        },
        "undo": {"by": rule("customer"), "days": rule(2)},
    }
    return given | changes


NIMBUS: dict[str, Any] = {
    "vendor": "nimbus",
    "name": words("Nimbus Telephony"),
    "guide": "Nimbus handbook",
    "sign_in_at": words("the Nimbus bridge"),
    "role_names": {"captain": words("Captain"), "sailor": words("Sailor")},
    "support": {
        "closes_for_customer": rule(False),
        "hours": rule("not_stated"),
        "contacts": [{"channel": "email", "who": words("The crew"), "address": "crew@nimbus"}],
    },
    "exit_reasons": {"choices": [{"code": "quality_or_reliability", "title": words("A storm")}]},
    "resume_days": 4,
    "account_types": {
        "fleet": kind(
            cascade={
                "closes_children": rule(True),
                "transfer_first": rule(False),
                "children_alone_close_parent": rule(False),
            }
        ),
        "boat": kind(name=words("Boat"), parent_type="fleet"),
        "raft": kind(
            name=words("Raft"),
            numbers={
                "on_close": rule("kept"),
                "ask_to_keep": rule("not_stated"),
                "restore_days": rule("not_stated"),
            },
        ),
    },
}


@pytest.fixture
def nimbus(tmp_path: Path, database: Database) -> World:
    """A world in which only Nimbus exists."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "nimbus.yml").write_text(yaml.safe_dump(NIMBUS), encoding="utf-8")
    return World(tmp_path, database, load_policies(folder))


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

    nimbus.reactivate("N-1", price=Money(3000, "JPY"))

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
