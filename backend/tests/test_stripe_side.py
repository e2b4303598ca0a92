"""The side `stripe` against localstripe as a server, behind a proxy that makes the network bad."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe as client
from clients import SERVICE, Api
from factories import World, account, usage
from stripe_proxy import SECRET, Faults, StripeProxy, running
from test_settlement import broken_books, duty, paid, told

from farewell.accounts.tables import Charge as ChargeRow
from farewell.audit import Actor
from farewell.billing.charging import retry_charge
from farewell.config import Settings
from farewell.lifecycle.tables import DutyAttempt
from farewell.payments.choosing import PaymentsError, provider_from
from farewell.payments.provider import (
    Answer,
    Charge,
    Declined,
    Done,
    LookUp,
    Payer,
    Pending,
    Silence,
)
from farewell.payments.stripe_side import StripeSide, outcome
from farewell.payments.tables import ChargePayment
from farewell.work import Work

FAILS_ON_CHARGE = "4000000000000341"
ASKS_FOR_AUTHENTICATION = "4000002500003155"
DOUBLES = Faults(doubles=True)


@pytest.fixture(scope="module")
def server() -> Iterator[StripeProxy]:
    """One localstripe for this module; customers are each test's own."""
    with running() as proxy:
        yield proxy


@pytest.fixture
def stripe(server: StripeProxy, world: World) -> StripeProxy:
    """A good network, and a world whose money moves at Stripe; its clock shows the real time."""
    server.faults = Faults()
    server.seen.clear()
    server.answers.clear()
    world.clock.now = datetime.now(UTC) - timedelta(days=20)
    world.provider = StripeSide(SECRET, server.url, seconds=5)
    return server


def known_to_stripe(api: Api, stripe: StripeProxy, number: str = "T-1", **more: Any) -> str:
    """Make the account's holder a customer of Stripe; returns the customer's name there."""
    names = stripe.customer(more.pop("card", "4242424242424242")) | more
    answer = api.call(
        "PUT",
        f"/api/v1/service/accounts/{number}/payment-profile",
        token=SERVICE,
        json=names,
    )
    assert answer.status_code == 204, answer.text
    return str(names["customer"])


def sweeps(world: World, days: int) -> None:
    """Sweep day after day, and what is tried again in between."""
    for _ in range(days * 12):
        world.clock.forward(hours=2)
        world.sweep()


def keys_are_ours(stripe: StripeProxy, world: World) -> None:
    """Every request that may change something had the key of an attempt, and none had another."""
    noted = world.run(lambda work: {a.key for a in work.session.query(DutyAttempt)})
    sent = [request.key for request in stripe.changes()]
    assert sent
    assert set(sent) <= noted
    assert all(re.fullmatch(r"farewell-[0-9a-f-]{36}-\d+", str(key)) for key in sent)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(doubles=True),
        Faults(drops_answers=1),
        Faults(drops_answers=3, doubles=True),
        Faults(drops_requests=2),
    ],
    ids=["good", "doubled", "answer lost", "answers lost and doubled", "requests lost"],
)
def test_the_final_bill_is_charged_once_on_any_network(
    api: Api, world: World, stripe: StripeProxy, faults: Faults
) -> None:
    world.load(account(plan={"name": "Unlimited", "price_minor": 0}, charges=[usage("Calls", 777)]))
    customer = known_to_stripe(api, stripe)
    world.close()
    stripe.faults = faults

    sweeps(world, 10)

    made = stripe.charges(customer)
    assert [(c["amount"], c["currency"], c["status"]) for c in made] == [(777, "usd", "succeeded")]
    assert paid(world) == [777]
    assert duty(world, "settle_final_bill")["state"] == "done"
    assert told(world) == ["final_bill_paid"]
    keys_are_ours(stripe, world)
    charging = [r for r in stripe.changes() if r.path == "/v1/payment_intents"]
    assert len({r.key for r in charging}) == 1
    assert all("off_session=true" in r.body and "confirm=true" in r.body for r in charging)
    assert broken_books(world) == []


def test_a_failure_at_stripe_is_asked_for_again_and_ends_with_a_human(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    """Stripe keeps a 500 for the key too: only a human can find out what became of it."""
    world.load(account())
    customer = known_to_stripe(api, stripe)
    world.close()
    stripe.faults = Faults(fails=1)

    sweeps(world, 15)

    assert len(stripe.charges(customer)) == 1
    assert [t["code"] for t in world.show("T-1")["human_tasks"]][:1] == ["outcome_unknown"]
    assert world.show("T-1")["bills"][0]["status"] == "needs_human"
    assert (paid(world), told(world)) == ([], ["payment_unclear"])
    keys_are_ours(stripe, world)


def test_a_customer_that_stripe_does_not_know_is_a_human_s_matter_at_once(
    world: World, stripe: StripeProxy
) -> None:
    world.load(account())
    world.close()

    sweeps(world, 6)

    (task,) = world.show("T-1")["human_tasks"]
    assert (task["code"], task["facts"]["tries"]) == ("charge_declined", 1)
    assert told(world) == ["charge_needs_human"]


def test_the_default_method_is_charged_where_none_is_named(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    world.load(account())
    customer = known_to_stripe(api, stripe, method=None)
    world.close()

    sweeps(world, 6)

    assert [c["status"] for c in stripe.charges(customer)] == ["succeeded"]


def test_a_declining_card_is_tried_on_the_policy_s_days_with_new_keys_and_then_a_human(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    world.load(account())
    customer = known_to_stripe(api, stripe, card=FAILS_ON_CHARGE)
    world.close()
    stripe.faults = DOUBLES

    sweeps(world, 20)

    assert [c["status"] for c in stripe.charges(customer)] == ["failed"] * 4
    assert len({r.key for r in stripe.changes()}) == 4
    (task,) = world.show("T-1")["human_tasks"]
    assert (task["code"], task["facts"]["reason"]) == ("charge_declined", "card_declined")
    assert told(world) == ["charge_declined"] * 3 + ["charge_needs_human"]


def test_a_card_that_asks_for_authentication_is_declined_for_nobody_is_there(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    names = stripe.customer(ASKS_FOR_AUTHENTICATION)
    payer = Payer(names["customer"], names["method"])

    answer = world.provider.perform(Charge(payer, 100, "USD"), "farewell-auth")

    assert answer == Declined("requires_action")


def test_a_credit_goes_back_against_earlier_payments_newest_first(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    world.load(account(balance_minor=9000))
    customer = known_to_stripe(api, stripe)
    for amount in (6000, 5000):
        stripe.stripe("POST", "charges", amount=amount, currency="usd", customer=customer)
        _next_second()
    world.clock.now = datetime.now(UTC)
    world.close()
    owed = world.show("T-1")["bills"][0]["refund_minor"]
    stripe.faults = Faults(doubles=True, drops_answers=1)

    sweeps(world, 7)

    back = {c["amount"]: c["amount_refunded"] for c in stripe.charges(customer)}
    assert back == {5000: 5000, 6000: owed - 5000}
    assert sum(paid(world, kind="credit_refunded")) == owed
    assert world.show("T-1")["bills"][0]["status"] == "settled"
    assert told(world) == ["credit_refunded"]
    keys_are_ours(stripe, world)


def _next_second() -> None:
    """Stripe tells times in seconds."""
    time.sleep(1.1)


def test_more_than_was_ever_paid_is_not_refunded_by_a_program(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    world.load(account(balance_minor=9000))
    customer = known_to_stripe(api, stripe)
    stripe.stripe("POST", "charges", amount=100, currency="usd", customer=customer)
    _next_second()
    world.clock.now = datetime.now(UTC)
    world.close()

    sweeps(world, 7)

    assert [t["code"] for t in world.show("T-1")["human_tasks"]] == ["nothing_to_refund_to"]
    assert [c["amount_refunded"] for c in stripe.charges(customer)] == [0]


def test_the_subscription_ends_and_what_stripe_charged_by_itself_is_paid_back(
    api: Api, world: World, stripe: StripeProxy
) -> None:
    world.load(account())
    names = stripe.customer()
    plan = stripe.stripe(
        "POST", "plans", amount=2900, currency="usd", interval="month", product={"name": "Pro"}
    )
    subscription = stripe.stripe(
        "POST", "subscriptions", customer=names["customer"], items=[{"plan": plan["id"]}]
    )["id"]
    answer = api.call(
        "PUT",
        "/api/v1/service/accounts/T-1/payment-profile",
        token=SERVICE,
        json=names | {"subscription": subscription},
    )
    assert answer.status_code == 204
    world.clock.now = datetime.now(UTC)
    _next_second()
    world.close()
    stripe.faults = Faults(doubles=True)
    _next_second()
    stray = stripe.stripe(
        "POST", "charges", amount=2900, currency="usd", customer=names["customer"]
    )["id"]

    sweeps(world, 40)

    ended = stripe.stripe("GET", f"subscriptions/{subscription}")
    assert ended["status"] == "canceled"
    refunded = {
        c["id"]: c["amount_refunded"]
        for c in stripe.charges(names["customer"])
        if c["amount_refunded"]
    }
    assert refunded == {stray: 2900}
    assert paid(world, kind="provider_charge_refunded") == [2900]
    assert duty(world, "settle_final_bill")["state"] == "done"
    assert told(world).count("charge_refunded") == 1
    keys_are_ours(stripe, world)
    assert broken_books(world) == []


@pytest.mark.parametrize(
    ("captured", "status"), [(False, "canceled"), (True, "refunded")], ids=["stopped", "paid back"]
)
def test_a_payment_for_an_outstanding_charge_is_stopped_or_paid_back(
    api: Api, world: World, stripe: StripeProxy, captured: bool, status: str
) -> None:
    charges = [usage("Invoice", 14700, "outstanding")]
    roles = {"ann@example": "owner"}
    world.load(account("O-1", vendor="ontraport", type="full", roles=roles, charges=charges))
    customer = known_to_stripe(api, stripe, "O-1")
    intent = stripe.stripe(
        "POST",
        "payment_intents",
        amount=14700,
        currency="usd",
        customer=customer,
        payment_method="pm_card_visa",
        confirm=True,
        capture_method="automatic" if captured else "manual",
    )["id"]

    def begun(work: Work) -> None:
        charge = work.session.query(ChargeRow).one()
        host = Actor("service", "api")
        retry_charge(work, charge.account, host, charge_id=charge.id, reference=intent)

    world.run(begun)
    world.close("O-1")
    stripe.faults = Faults(doubles=True, drops_answers=1)

    sweeps(world, 3)

    assert world.run(lambda work: work.session.query(ChargePayment).one().status) == status
    assert [c["amount_refunded"] for c in stripe.charges(customer)] == [14700 if captured else 0]
    keys_are_ours(stripe, world)
    assert broken_books(world) == []


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("succeeded", Done("pi_1")),
        ("processing", Pending("pi_1")),
        ("requires_action", Declined("requires_action")),
        ("requires_payment_method", Declined("expired_card")),
        ("canceled", Declined("canceled")),
    ],
)
def test_each_state_of_a_payment_has_its_answer(status: str, answer: Answer) -> None:
    error = {"code": "expired_card"} if status == "requires_payment_method" else None
    intent = client.PaymentIntent.construct_from(
        {"id": "pi_1", "status": status, "last_payment_error": error}, SECRET
    )

    assert outcome(intent) == answer


def test_a_payment_is_looked_up_by_its_name(world: World, stripe: StripeProxy) -> None:
    made = world.provider.perform(Charge(Payer(**stripe.customer()), 500, "USD"), "farewell-look")
    assert isinstance(made, Done)

    assert world.provider.perform(LookUp(made.reference), "farewell-look") == made
    assert len(stripe.changes()) == 1


def test_a_key_with_another_request_is_not_taken_for_a_decline(
    world: World, stripe: StripeProxy
) -> None:
    payer = Payer(**stripe.customer())
    world.provider.perform(Charge(payer, 100, "USD"), "farewell-same")

    with pytest.raises(Silence):
        world.provider.perform(Charge(payer, 101, "USD"), "farewell-same")

    assert [c["amount"] for c in stripe.charges(payer.customer)] == [100]


def test_no_answer_and_a_wrong_secret_are_silence(world: World, stripe: StripeProxy) -> None:
    payer = Payer(**stripe.customer())
    nobody = StripeSide(SECRET, "http://127.0.0.1:9", seconds=1)
    stranger = StripeSide("not-a-secret", stripe.url)

    for side in (nobody, stranger):
        with pytest.raises(Silence):
            side.perform(Charge(payer, 100, "USD"), "farewell-nobody")

    assert stripe.charges(payer.customer) == []


def test_stripe_needs_its_key(world: World) -> None:
    settings = Settings(payments="stripe", stripe_key=None)

    with pytest.raises(PaymentsError, match="FAREWELL_STRIPE_KEY"):
        provider_from(settings, world.database, world.clock)


def test_stripe_s_key_is_not_shown_in_settings() -> None:
    assert "sk_live" not in repr(Settings(payments="stripe", stripe_key="sk_live_1"))
