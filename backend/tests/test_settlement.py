"""The final bill is charged on its day, tried again on the policy's days, and never lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from factories import NOON, World, account, agency_with, usage

from farewell.lifecycle.duties import retry_at
from farewell.notify.tables import OutgoingMessage
from farewell.payments.ledger import findings

ADMIN = {"ann@example": "administrator"}
DUE = datetime(2026, 11, 15, 17, tzinfo=UTC)


def duty(world: World, kind: str, number: str = "T-1") -> dict[str, Any]:
    """One duty of an account."""
    return next(d for d in world.show(number)["duties"] if d["kind"] == kind)


def told(world: World) -> list[str]:
    """Kinds of messages after the receipt, oldest first."""
    messages = world.run(
        lambda work: work.session.query(OutgoingMessage).order_by(OutgoingMessage.created_at).all()
    )
    return [message.kind for message in messages if message.kind != "receipt"]


def paid(world: World, number: str = "T-1", kind: str = "final_bill_charged") -> list[int]:
    """Amounts of an account's payments of a kind."""
    return [p["amount_minor"] for p in world.show(number)["payments"] if p["kind"] == kind]


def broken_books(world: World) -> list[str]:
    """What does not hold in the books."""
    return world.run(lambda work: findings(work.session))


def test_the_bill_is_charged_on_the_policy_s_day_and_not_before(world: World) -> None:
    world.load(account())
    world.close()

    world.clock.now = DUE.replace(hour=16, minute=59)
    world.sweep()
    assert (paid(world), world.show("T-1")["bills"][0]["status"]) == ([], "due")

    world.clock.now = DUE
    world.sweep()
    assert paid(world) == [1000]
    assert world.show("T-1")["bills"][0]["status"] == "settled"
    assert duty(world, "settle_final_bill")["state"] == "done"
    assert world.show("T-1")["books"] == {"cash": 1000, "revenue": -1000}
    assert told(world) == ["final_bill_paid"]


def test_a_second_sweep_charges_nothing_more(world: World) -> None:
    world.load(account())
    world.close()
    world.clock.now = DUE

    world.sweep()
    world.sweep()

    assert paid(world) == [1000]


def test_a_credit_goes_back_to_the_card_and_the_bill_is_settled(world: World) -> None:
    world.load(account(balance_minor=9000))
    world.close()

    world.clock.now = DUE
    world.sweep()

    assert paid(world, kind="credit_refunded") == [8000]
    assert world.show("T-1")["bills"][0]["status"] == "settled"
    assert world.show("T-1")["books"] == {"cash": 1000, "revenue": -1000}
    assert told(world) == ["credit_refunded"]


def test_a_refund_that_the_card_refuses_ends_with_a_human(world: World) -> None:
    world.load(account(balance_minor=9000, payment_method="Visa ending 5126"))
    world.close()

    world.clock.now = DUE
    world.sweep()

    shown = world.show("T-1")
    assert [task["code"] for task in shown["human_tasks"]] == ["refund_declined"]
    assert shown["human_tasks"][0]["facts"]["amount_minor"] == 8000
    assert shown["bills"][0]["status"] == "needs_human"
    assert shown["books"]["customer_credit"] == -8000, "it is still owed"
    assert told(world) == ["refund_needs_human"]


def test_a_declined_charge_is_tried_on_the_policy_s_days_and_then_a_human_has_it(
    world: World,
) -> None:
    world.load(account(payment_method="Visa ending 0002"))
    world.close()
    tried = []

    for day in range(40):
        world.clock.now = DUE.replace(hour=17, minute=30)
        world.clock.forward(days=day)
        before = len(duty(world, "settle_final_bill").get("attempts", []))
        world.sweep()
        if len(duty(world, "settle_final_bill")["attempts"]) > before:
            tried.append(day)

    assert tried == [0, 3, 5, 7]
    shown = world.show("T-1")
    assert duty(world, "settle_final_bill")["state"] == "needs_human"
    assert [(t["code"], t["state"]) for t in shown["human_tasks"]] == [
        ("charge_declined", "waiting")
    ]
    assert shown["human_tasks"][0]["facts"] == {
        "amount_minor": 1000,
        "currency": "USD",
        "reason": "card_declined",
        "tries": 4,
    }
    assert shown["bills"][0]["status"] == "needs_human"
    assert shown["books"]["receivable"] == 1000, "it is still owed"
    assert told(world) == ["charge_declined"] * 3 + ["charge_needs_human"]
    assert paid(world) == []


def test_each_try_of_a_declined_charge_has_a_key_of_its_own(world: World) -> None:
    world.load(account(payment_method="Visa ending 0341"))  # declines twice
    world.close()

    for day in (0, 3, 5):
        world.clock.now = DUE
        world.clock.forward(days=day)
        world.sweep()

    outcomes = [a["outcome"] for a in duty(world, "settle_final_bill")["attempts"]]
    assert outcomes == ["declined", "declined", "done"]
    assert paid(world) == [1000]
    assert told(world) == ["charge_declined", "charge_declined", "final_bill_paid"]


def test_a_sweep_that_comes_late_does_not_use_up_the_days_at_once(world: World) -> None:
    world.load(account(payment_method="Visa ending 0002"))
    world.close()
    world.clock.now = DUE
    world.clock.forward(days=60)

    world.sweep()

    assert len(duty(world, "settle_final_bill")["attempts"]) == 1
    assert duty(world, "settle_final_bill")["state"] == "planned"


def test_where_the_policy_states_no_days_a_declined_charge_goes_to_a_human_at_once(
    world: World,
) -> None:
    world.load(account(payment_method="Visa ending 0002"))
    change_billing(world, retry_days={"value": "not_stated"})
    world.close()
    world.clock.now = DUE

    world.sweep()

    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["charge_declined"]


def change_billing(world: World, **rules: dict[str, Any]) -> None:
    """Give Tresta other billing rules."""
    policy = world.policies["tresta"]
    kind = policy.type_of("standalone")
    billing = type(kind.billing).model_validate(kind.billing.model_dump() | rules)
    types = {"standalone": kind.model_copy(update={"billing": billing})}
    world.policies = world.policies | {"tresta": policy.model_copy(update={"account_types": types})}


def test_without_a_payment_method_a_human_has_it_and_the_customer_is_told(world: World) -> None:
    world.load(account(payment_method=None))
    world.close()
    world.clock.now = DUE

    world.sweep()

    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["no_payment_method"]
    assert told(world) == ["charge_needs_human"]


def test_a_card_that_answers_late_is_asked_again_and_charged_once(world: World) -> None:
    world.load(account(payment_method="Visa ending 0259"))
    world.close()
    world.clock.now = DUE
    world.sweep()
    assert (paid(world), duty(world, "settle_final_bill")["state"]) == ([], "planned")

    world.clock.forward(minutes=1)
    world.sweep()

    assert paid(world) == [1000]
    assert len(duty(world, "settle_final_bill")["attempts"]) == 1


def test_an_agency_s_one_bill_is_charged_once_to_the_agency(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))
    world.close("A-1")

    world.sweep()

    assert paid(world, "A-1") == [500 + 100 + 101]
    assert (paid(world, "S-1"), paid(world, "S-2")) == ([], [])
    assert broken_books(world) == []


def test_reactivated_before_settlement_the_final_bill_is_still_charged_once(world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles=ADMIN, charges=[usage("Minutes", 845)]))
    world.close("C-1")
    world.reactivate("C-1")

    world.sweep()
    world.clock.forward(days=10)
    world.sweep()

    assert paid(world, "C-1") == [845]
    assert world.show("C-1")["bills"][0]["status"] == "settled"


def test_no_day_is_billed_twice_by_two_closings_with_a_reactivation_between(world: World) -> None:
    policy = world.policies["tresta"]
    kind = policy.type_of("standalone")
    undo = world.policies["ctm"].type_of("standalone").undo
    types = {"standalone": kind.model_copy(update={"undo": undo})}
    world.policies = world.policies | {"tresta": policy.model_copy(update={"account_types": types})}
    world.load(account())
    world.close()  # 10 November: ten days of thirty
    world.clock.forward(days=2)
    world.reactivate("T-1")  # before the settlement on the 15th
    world.clock.forward(days=8)
    world.close()  # 20 November: the days from the 12th

    world.clock.forward(days=10)
    world.sweep()

    assert sorted(paid(world)) == [900, 1000]
    assert broken_books(world) == []


@pytest.mark.parametrize(
    ("tried", "now", "expected"),
    [
        (1, "2026-11-15T17:00", "2026-11-18T17:00"),
        (2, "2026-11-18T17:00", "2026-11-20T17:00"),
        (3, "2026-11-20T17:00", "2026-11-22T17:00"),
        (4, "2026-11-22T17:00", None),
        (2, "2026-11-28T03:00", "2026-11-28T17:00"),  # late: the 27th there, so the day after
    ],
)
def test_retries_are_counted_from_the_first_decline_at_noon_there(
    tried: int, now: str, expected: str | None
) -> None:
    at = retry_at(
        DUE, [3, 5, 7], tried, datetime.fromisoformat(now).replace(tzinfo=UTC), "America/New_York"
    )

    assert at == (datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None)


def test_windows_that_end_are_done_when_they_end(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("S-1")
    states = []
    for day in (14, 15, 60, 61):
        world.clock.now = NOON
        world.clock.forward(days=day)
        world.sweep()
        states.append(
            tuple(
                duty(world, k, "S-1")["state"] for k in ("end_number_restore", "end_reactivation")
            )
        )

    assert states == [
        ("planned", "planned"),
        ("done", "planned"),
        ("done", "planned"),
        ("done", "done"),
    ]


def test_what_no_handler_does_stays_planned_and_is_counted(world: World) -> None:
    world.load(account("O-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}))
    world.close("O-1")

    swept = world.sweep()

    assert swept.without_handler == 1
    assert [d["kind"] for d in world.show("O-1")["duties"] if d["state"] == "planned"] == [
        "purge_data"
    ]
