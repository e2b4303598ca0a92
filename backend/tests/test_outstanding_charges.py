"""Outstanding charges: written off one by one; payments under way are stopped, or paid back."""

from __future__ import annotations

from typing import Any

import pytest
from clients import SERVICE, Api
from factories import NOON, World, account, the_account, usage
from test_settlement import broken_books, change_billing, duty, paid, told

from farewell.accounts.tables import Charge
from farewell.audit import Actor
from farewell.billing.charging import retry_charge
from farewell.payments.tables import ChargePayment, SimulatedOperation
from farewell.work import Work


def begun(world: World, number: str, status: str, reference: str = "sim_before") -> None:
    """A payment for the account's first charge that was begun before closing."""

    def use(work: Work) -> None:
        one = the_account(work, number)
        charge = one.charges[0]
        retry_charge(work, one, Actor("service", "api"), charge_id=charge.id, reference=reference)
        work.session.add(
            SimulatedOperation(
                key=f"host-{reference}",
                reference=reference,
                kind="charge",
                customer=one.id,
                about="Visa ending 4242",
                amount_minor=charge.amount_minor,
                currency="USD",
                status=status,
                at=work.now,
            )
        )

    world.run(use)


def ontraport(world: World, **more: Any) -> None:
    """A full account with two outstanding charges."""
    charges = [usage("Invoice 1", 14700, "outstanding"), usage("Invoice 2", 2500, "outstanding")]
    roles = {"ann@example": "owner"}
    world.load(
        account("O-1", vendor="ontraport", type="full", roles=roles, charges=charges, **more)
    )


def payment(world: World) -> ChargePayment:
    """The one payment."""
    return world.run(lambda work: work.session.query(ChargePayment).one())


def test_each_charge_is_written_off_by_its_own_entry(world: World) -> None:
    ontraport(world)

    world.close("O-1")

    assert sorted(paid(world, "O-1", "charge_written_off")) == [2500, 14700]
    assert world.show("O-1")["books"] == {"revenue": -17200, "write_off": 17200}
    assert [bill["total_minor"] for bill in world.show("O-1")["bills"]] == [0]
    assert broken_books(world) == []


def test_a_payment_under_way_is_stopped(world: World) -> None:
    ontraport(world)
    begun(world, "O-1", "pending")
    world.close("O-1")

    world.sweep()

    operation = world.run(lambda work: work.session.query(SimulatedOperation).one())
    assert (payment(world).status, operation.status) == ("canceled", "canceled")
    assert "cash" not in world.show("O-1")["books"]
    assert told(world) == []


def test_a_payment_that_went_through_is_paid_back_in_full(world: World) -> None:
    ontraport(world)
    begun(world, "O-1", "done")
    world.close("O-1")

    world.sweep()

    assert paid(world, "O-1", "captured_refunded") == [14700]
    assert payment(world).status == "refunded"
    assert world.show("O-1")["books"] == {"revenue": -17200, "write_off": 17200}
    assert told(world) == ["charge_refunded"]
    assert broken_books(world) == []


def test_what_the_final_bill_charges_is_not_paid_a_second_time(world: World) -> None:
    world.load(account(charges=[usage("Old invoice", 700, "outstanding")]))
    begun(world, "T-1", "done")
    world.close()
    world.clock.forward(days=6)

    world.sweep()

    assert paid(world, "T-1", "captured_refunded") == [700]
    assert paid(world) == [1700]


@pytest.mark.parametrize(
    ("status", "rule", "code"),
    [
        ("pending", {"in_flight": {"value": "not_stated"}}, "payment_in_flight"),
        ("done", {"captured": {"value": "not_stated"}}, "payment_captured"),
    ],
)
def test_where_the_policy_is_silent_a_human_decides_about_a_payment(
    world: World, status: str, rule: dict[str, Any], code: str
) -> None:
    world.load(account(charges=[usage("Old invoice", 700, "outstanding")]))
    change_billing(world, **rule)
    begun(world, "T-1", status)
    world.close()

    world.sweep()

    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == [code]
    assert paid(world, "T-1", "captured_refunded") == []


def provider_charges(world: World, reference: str, days: float, amount: int = 2900) -> None:
    """The provider charges the customer by itself."""

    def use(work: Work) -> None:
        work.session.add(
            SimulatedOperation(
                key=reference,
                reference=reference,
                kind="charge",
                customer="cus_1",
                about="Visa ending 4242",
                amount_minor=amount,
                currency="USD",
                status="done",
                at=world.clock.forward(days=days),
            )
        )

    world.run(use)


def with_profile(api: Api, number: str = "T-1", **names: str) -> None:
    """Tell the provider's names for an account."""
    answer = api.call(
        "PUT",
        f"/api/v1/service/accounts/{number}/payment-profile",
        token=SERVICE,
        json={"customer": "cus_1", "subscription": "sub_1"} | names,
    )
    assert answer.status_code == 204, answer.text


def test_the_provider_s_subscription_is_canceled_at_once(api: Api, world: World) -> None:
    world.load(account())
    with_profile(api)
    world.close()

    world.sweep()

    assert duty(world, "cancel_provider_subscription")["state"] == "done"
    operation = world.run(lambda work: work.session.query(SimulatedOperation).one())
    assert (operation.kind, operation.about) == ("cancel_subscription", "sub_1")


@pytest.mark.parametrize("days", [0.5, 5, 30])
def test_what_the_provider_charges_by_itself_after_closing_is_paid_back_in_full(
    api: Api, world: World, days: float
) -> None:
    world.load(account())
    with_profile(api)
    provider_charges(world, "before", 0, 500)
    world.clock.forward(minutes=1)
    world.close()
    provider_charges(world, "stray", days)

    for day in range(1, 40):
        world.clock.now = NOON
        world.clock.forward(days=day, hours=1)
        world.sweep()

    assert paid(world, kind="provider_charge_received") == [2900]
    assert paid(world, kind="provider_charge_refunded") == [2900]
    assert paid(world) == [1000]
    assert world.show("T-1")["books"] == {"cash": 1000, "revenue": -1000}
    assert told(world).count("charge_refunded") == 1
    refunds = world.run(
        lambda work: work.session.query(SimulatedOperation).filter_by(kind="refund").all()
    )
    assert [(r.about, r.amount_minor) for r in refunds] == [("stray", 2900)]
    assert broken_books(world) == []


def test_our_own_charge_is_not_taken_for_the_provider_s(api: Api, world: World) -> None:
    world.load(account())
    with_profile(api)
    world.close()

    for day in range(40):
        world.clock.now = NOON
        world.clock.forward(days=day, hours=1)
        world.sweep()

    assert paid(world) == [1000]
    assert paid(world, kind="provider_charge_refunded") == []


def test_a_charge_of_ours_without_an_answer_makes_the_look_wait(api: Api, world: World) -> None:
    world.load(account(), account("T-2"))
    with_profile(api, method="Visa ending 0127")  # charged, but never answers
    world.close()
    world.clock.forward(days=5)
    world.sweep()
    world.clock.forward(days=2, hours=1)

    world.sweep()

    assert paid(world, kind="provider_charge_refunded") == []
    look = next(d for d in world.show("T-1")["duties"] if d.get("about") == "7")
    assert (look["state"], look["last_error"]) == ("planned", "charge_under_way")

    for _ in range(30):
        world.clock.forward(hours=1)
        world.sweep()
    codes = [t["code"] for t in world.show("T-1")["human_tasks"]]
    assert codes[:2] == ["no_answer", "charge_unknown"]


def test_a_customer_that_an_open_account_shares_is_looked_at_by_a_human(
    api: Api, world: World
) -> None:
    world.load(account(), account("T-2"))
    with_profile(api)
    with_profile(api, "T-2", subscription="sub_2")
    world.close()
    provider_charges(world, "for T-2", 0.5)
    world.clock.forward(days=1)

    world.sweep()

    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["customer_shared"]
    assert paid(world, kind="provider_charge_refunded") == []


def test_charges_of_a_reactivated_account_are_its_own(api: Api, world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    with_profile(api, "C-1")
    world.close("C-1")
    provider_charges(world, "stray", 0.25)
    world.clock.forward(hours=1)
    world.reactivate("C-1")
    provider_charges(world, "rightful", 0.25)
    world.clock.forward(days=1)

    world.sweep()

    refunds = world.run(
        lambda work: work.session.query(SimulatedOperation).filter_by(kind="refund").all()
    )
    assert [r.about for r in refunds] == ["stray"]


def test_no_charge_stays_open_after_closing(world: World) -> None:
    ontraport(world)
    world.close("O-1")

    statuses = world.run(lambda work: {c.status for c in work.session.query(Charge)})

    assert statuses == {"written_off"}
