"""Bill options of other companies, from the quote to what the closing leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from bills import policy_with
from clients import SERVICE, Api, problem
from factories import NOON, World, account, phone, the_account

from farewell.accounts.tables import Charge, Subscription, Tax, UsageRecord
from farewell.audit import Actor
from farewell.billing.tables import Adjustment
from farewell.billing.usage import record_usage
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.closing.confirm import close_after_port
from farewell.errors import Problem
from farewell.facts import texts
from farewell.i18n import catalogue
from farewell.work import Work

KEPT = {"treatment": "keep_for_request", "days": 90}
UNDO = "2026-11-10T10:00:00+00:00"


def change_rules(world: World, balance: dict[str, Any] | None = None, **billing: Any) -> None:
    """Give Tresta other rules on the bill."""
    world.policies = {"tresta": policy_with(balance, **billing)}


def metered(*usage: tuple[int, str], **more: Any) -> dict[str, Any]:
    """An account without a plan whose minutes cost 35 cents for every 100."""
    records = [{"quantity": quantity, "at": at} for quantity, at in usage]
    meter = {"name": "Minutes", "price_minor": 35, "per": 100, "usage": records}
    return account(**{"plan": None, "meters": [meter], **more})


def report(quantity: int, reference: str, at: datetime = NOON) -> Callable[[Work], UsageRecord]:
    """Usage that the host application reports."""
    return lambda work: record_usage(
        work, number="T-1", meter="Minutes", quantity=quantity, occurred_at=at, reference=reference
    )


def said(world: World, code: str) -> str:
    """How a notice of the closing case reads."""

    def use(work: Work) -> dict[str, str]:
        case = cases.open_case_of(work, the_account(work, "T-1"))
        assert case is not None
        owed = cases.state_of(work, case, with_quote=True).owed
        facts = next(r.facts for r in owed if r.code == code)
        return texts(facts, catalogue("en"))

    return "\n".join(f"{key}: {text}" for key, text in world.run(use).items())


# --- usage that is measured --------------------------------------------------------------------


def test_measured_usage_is_billed_up_to_the_quote_and_the_rest_written_off_each(
    world: World,
) -> None:
    world.load(metered((1000, "-2d"), (230, "-1d")))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    world.clock.forward(minutes=5)
    world.run(report(4, "late-1"))  # before the quote, but it arrives after it
    world.run(report(100, "late-2", world.clock()))

    assert closing.confirm(quote["id"], shown) == "closed"

    after = world.show("T-1")
    assert [bill["total_minor"] for bill in after["bills"]] == [431]  # 430.5
    assert [a["amount_minor"] for a in after["written_off"]] == [1, 35]
    statuses = world.run(lambda work: [r.status for r in work.session.query(UsageRecord)])
    assert statuses == ["billed", "billed", "written_off", "written_off"]
    # what is billed and what is written off add up to what all of it costs: 1334 minutes
    assert 431 + 1 + 35 == (1334 * 35 + 50) // 100


def test_usage_leaves_a_quote_valid_and_a_changed_rate_does_not(world: World) -> None:
    world.load(metered((1000, "-2d")))
    closing = world.closing().settle()
    first = closing.quote()["id"]
    world.run(report(50, "one"))
    assert closing.quote()["id"] == first

    def dearer(work: Work) -> None:
        the_account(work, "T-1").meters[0].price_minor = 36

    world.run(dearer)
    world.clock.forward(seconds=1)

    assert closing.quote()["id"] != first


def test_usage_that_arrives_after_the_closing_is_written_off_and_recorded(world: World) -> None:
    world.load(metered((1000, "-2d")))
    world.close()
    before = world.show("T-1")["bills"]
    world.clock.forward(days=3)

    world.run(report(100, "late", datetime(2026, 11, 9, tzinfo=UTC)))
    world.run(report(50, "even-later", world.clock()))

    after = world.show("T-1")
    assert after["bills"] == before
    assert [a["amount_minor"] for a in after["written_off"]] == [35, 18]
    rows = world.run(lambda work: [a.usage_id for a in work.session.query(Adjustment)])
    assert None not in rows


def test_usage_of_the_time_before_is_not_billed_after_a_reactivation(world: World) -> None:
    change_rules(world)
    world.load(metered((1000, "-2d"), plan={"name": "Plan", "price_minor": 3000}))
    world.close()
    world.clock.forward(days=2)
    world.reactivate()
    world.clock.forward(hours=1)
    while_closed = datetime(2026, 11, 11, tzinfo=UTC)

    assert world.run(report(100, "old", NOON)).status == "written_off"
    assert world.run(report(100, "closed", while_closed)).status == "written_off"
    assert world.run(report(100, "new", world.clock())).status == "open"


def test_a_reference_is_recorded_once(world: World) -> None:
    world.load(metered())

    first, again = (world.run(report(100, "a")).id for _ in range(2))

    assert first == again
    with pytest.raises(Problem) as refused:
        world.run(report(101, "a"))
    assert refused.value.code == "reference_used"


def test_the_host_reports_usage_with_the_service_token(api: Api, world: World) -> None:
    world.load(metered())
    path = "/api/v1/service/accounts/T-1/usage"
    body = {"meter": "Minutes", "quantity": 10, "occurred_at": UNDO, "reference": "r-1"}

    taken = api.call("POST", path, token=SERVICE, json=body)
    stranger = api.call("POST", path, token=api.sign_in(), json=body)
    unknown = api.call("POST", path.replace("T-1", "T-9"), token=SERVICE, json=body)
    no_meter = api.call("POST", path, token=SERVICE, json=body | {"meter": "Hours"})
    half = api.call("POST", path, token=SERVICE, json=body | {"quantity": 0.5})

    assert taken.json() == {"reference": "r-1", "status": "open"}
    assert problem(stranger) == (401, "service_token_wrong")
    assert [problem(answer)[0] for answer in (unknown, no_meter, half)] == [404, 404, 422]


# --- what makes a quote stale ------------------------------------------------------------------


def _tax(work: Work) -> None:
    mine = the_account(work, "T-1")
    mine.taxes.append(Tax(name="VAT", rate_ppm=190_000))


def _commitment(work: Work) -> None:
    plan_of(work).committed_until = date(2027, 1, 1)


def _interval(work: Work) -> None:
    plan_of(work).interval = "year"


def _renewal(work: Work) -> None:
    the_account(work, "T-1").numbers[0].renewal_minor = 300


def _credit(work: Work) -> None:
    mine = the_account(work, "T-1")
    mine.charges.append(
        Charge(kind="credit", description="Sorry", amount_minor=5, occurred_at=work.now)
    )


def _paid(work: Work) -> None:
    the_account(work, "T-1").charges[0].status = "billed"


def plan_of(work: Work) -> Subscription:
    """The plan of the account."""
    plan = the_account(work, "T-1").subscription
    assert plan is not None
    return plan


CHANGES = [_tax, _commitment, _interval, _renewal, _credit, _paid]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_price_or_a_bill_that_was_paid_makes_a_quote_stale(
    world: World, change: Callable[[Work], None]
) -> None:
    owed = {"kind": "outstanding", "description": "October", "amount_minor": 3000}
    world.load(account(charges=[owed], numbers=[phone()]))
    closing = world.closing().settle()
    quote, shown = closing.quote(), closing.codes()
    world.run(change)
    world.clock.forward(seconds=1)

    with pytest.raises(Problem) as refused:
        closing.confirm(quote["id"], shown)

    assert refused.value.code == "quote_expired"
    assert closing.quote()["id"] != quote["id"]


# --- options -----------------------------------------------------------------------------------


def unpaid_account() -> dict[str, Any]:
    """An account with an earlier bill of $30 that is not paid."""
    return account(charges=[{"kind": "outstanding", "description": "Oct", "amount_minor": 3000}])


def test_an_unpaid_bill_blocks_where_the_policy_says_so(world: World) -> None:
    change_rules(world, unpaid="blocks")
    world.load(unpaid_account())
    closing = world.closing().settle()

    with pytest.raises(Problem) as refused:
        closing.confirm()

    assert refused.value.code == "unpaid_blocks"
    assert "unpaid: $30.00" in said(world, "unpaid_blocks")
    world.run(_paid)
    world.clock.forward(seconds=1)
    assert closing.confirm() == "closed"


def test_and_is_added_where_it_does_not(world: World) -> None:
    change_rules(world, unpaid="added")
    world.load(unpaid_account())

    world.close()

    assert [b["total_minor"] for b in world.show("T-1")["bills"]] == [4000]


def test_an_unpaid_bill_that_comes_up_takes_the_standing_confirmation_back(world: World) -> None:
    change_rules(world, unpaid="blocks")
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    assert closing.confirm() == "waiting_for_port"

    def owe(work: Work) -> None:
        mine = the_account(work, "T-1")
        mine.numbers[0].port_out.status = "verified"  # type: ignore[union-attr]
        mine.numbers[0].status = "ported"
        mine.charges.append(
            Charge(kind="outstanding", description="Oct", amount_minor=1, occurred_at=work.now)
        )

    world.run(owe)

    def use(work: Work) -> bool:
        case = cases.open_case_of(work, the_account(work, "T-1"))
        assert case is not None
        case.standing_limit_minor = 10**6
        return close_after_port(work, case=case, actor=Actor("service", "api"))

    assert world.run(use) is False
    assert world.show("T-1")["closing_case"]["state"] == "open"


def test_a_fee_for_leaving_early_is_paid_once(world: World) -> None:
    change_rules(world, early_termination={"fee": "fixed", "amounts": {"USD": 5000}})
    plan = {"name": "Plan", "price_minor": 3000, "committed_until": date(2027, 3, 31)}
    world.load(account(plan=plan))
    closing = world.closing().settle()

    assert "Leaving before the agreed term is over on Mar 31, 2027: $50.00" in said(
        world, "quote_due"
    )
    closing.confirm()
    world.clock.forward(days=1)
    world.reactivate()
    world.clock.forward(days=1)
    world.close()

    totals = [b["total_minor"] for b in world.show("T-1")["bills"]]
    assert sorted(totals) == [200, 6000]  # 2 more days; no second fee


def test_a_fee_in_a_currency_that_the_policy_does_not_state_is_refused_on_load(
    world: World,
) -> None:
    change_rules(world, early_termination={"fee": "fixed", "amounts": {"USD": 5000}})
    plan = {"name": "Plan", "price_minor": 3000, "committed_until": date(2027, 3, 31)}

    with pytest.raises(ValueError, match="states no fee for leaving early in EUR"):
        world.load(account(plan=plan, currency="EUR"))


def test_a_prepaid_term_goes_back_to_the_card_once(world: World) -> None:
    change_rules(world, timing="in_advance", prepaid="refunded_by_day")
    world.load(account())
    closing = world.closing().settle()

    assert "Unlimited, paid but not used (Nov 11, 2026 to Nov 30, 2026): -$20.00" in said(
        world, "quote_refund"
    )
    closing.confirm()
    world.clock.forward(days=1)
    world.reactivate()
    world.clock.forward(days=1)
    world.close()

    refunds = [b["refund_minor"] for b in world.show("T-1")["bills"]]
    assert sorted(refunds) == [0, 2000]


def test_a_prepaid_term_as_a_credit_is_on_the_balance_and_kept_for_request(world: World) -> None:
    change_rules(world, KEPT, timing="in_advance", prepaid="credited_by_day")
    world.load(account(balance_minor=100))
    closing = world.closing().settle()

    assert "credit: $20.00" in said(world, "quote_credit")
    assert "balance: $21.00" in said(world, "balance_kept")
    closing.confirm()

    after = world.show("T-1")
    assert after["account"]["balance_minor"] == 2100
    assert [b["credit_minor"] for b in after["bills"]] == [2000]
    assert "forfeit_balance" in {duty["kind"] for duty in after["duties"]}
    told = {s["code"]: s["facts"] for s in receipt_of(world)}
    assert told["balance_kept"]["balance"] == {"minor": 2100, "currency": "USD"}


def receipt_of(world: World) -> list[dict[str, Any]]:
    """What the customer was told after closing."""

    def use(work: Work) -> list[dict[str, Any]]:
        closure = cases.standing_closure(work, the_account(work, "T-1"))
        assert closure is not None
        return closure.statements

    return world.run(use)


def test_a_small_bill_is_waived_and_its_charges_are_settled(world: World) -> None:
    change_rules(world, waived_under={"USD": 2000})
    world.load(account(charges=[{"kind": "one_off", "description": "Box", "amount_minor": 500}]))
    closing = world.closing().settle()

    assert "Not charged, because the bill is so small: -$15.00" in said(world, "quote_waived")
    closing.confirm()

    after = world.show("T-1")
    assert [(b["total_minor"], b["status"]) for b in after["bills"]] == [(0, "nothing_due")]
    assert after["written_off"] == []
    assert "settle_final_bill" not in {duty["kind"] for duty in after["duties"]}


def test_renewals_are_not_charged_for_days_that_the_account_was_closed(world: World) -> None:
    change_rules(world, numbers={"on_close": "kept"})
    number = phone() | {"renewal": {"price_minor": 300}}
    world.load(account(plan={"name": "Plan", "price_minor": 0}, numbers=[number]))
    world.close()
    world.clock.forward(days=5)
    world.reactivate()
    world.clock.forward(days=1)

    world.close()

    totals = [b["total_minor"] for b in world.show("T-1")["bills"]]
    assert sorted(totals) == [20, 100]  # 10 days; then the 15th and 16th only


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"early_termination": {"fee": "remaining_months"}}, "fee_for_leaving_early"),
        ({"timing": "in_advance", "prepaid": "refunded_by_day"}, "bill_term_refunded"),
        ({"timing": "in_advance", "prepaid": "not_refunded"}, "bill_usage_only"),
    ],
)
def test_a_question_on_the_rule_is_answered_as_the_policy_says(
    changes: dict[str, Any], code: str
) -> None:
    policy = policy_with(**changes)
    kind = policy.type_of("standalone")

    told = {statements.fees(policy, kind).code, statements.billing_rule(policy, kind).code}

    assert code in told


def test_a_credited_term_is_said_to_be_credited() -> None:
    policy = policy_with(KEPT, timing="in_advance", prepaid="credited_by_day")

    told = statements.billing_rule(policy, policy.type_of("standalone"))

    assert told.code == "bill_term_credited"
