"""What holds for every final bill, whatever the account has and the policy says."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bills import VIEW, policy_with
from hypothesis import assume, given
from hypothesis import strategies as st

from farewell.accounts.snapshot import (
    AccountView,
    ChargeView,
    MeterView,
    NumberView,
    RenewalView,
    SubscriptionView,
    TaxView,
    UsageView,
)
from farewell.billing.proration import period_of
from farewell.billing.quote import Bill, final_bill, standing_limit
from farewell.policy.model import Policy

NOON = datetime(2026, 11, 10, 17, tzinfo=UTC)
money = st.integers(0, 10**9)
near = st.dates(date(2026, 9, 1), date(2027, 2, 28))
moments = st.datetimes(
    datetime(2026, 9, 1),  # noqa: DTZ001
    datetime(2027, 2, 28),  # noqa: DTZ001
    timezones=st.just(UTC),
)
intervals = st.sampled_from(["month", "quarter", "year"])


def listed(of: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    """A few of something, in a tuple."""
    return st.lists(of, max_size=most).map(tuple)


plans = st.builds(
    SubscriptionView,
    st.just("Plan"),
    money,
    st.integers(1, 31),
    st.none() | near,
    interval=intervals,
    anchor_month=st.integers(1, 12),
    committed_until=st.none() | near,
)
numbers = st.builds(
    NumberView,
    st.just("+13035550100"),
    st.none(),
    st.none(),
    st.none() | st.builds(RenewalView, money, st.integers(1, 31), st.none() | near),
)
kinds = st.sampled_from(["usage", "one_off", "outstanding", "credit"])
charges = listed(
    st.builds(ChargeView, st.integers(1, 99), st.just("Charge"), money, kinds, st.none() | moments)
)
meters = listed(
    st.builds(
        MeterView,
        st.just("Minutes"),
        money,
        st.integers(1, 1000),
        listed(st.builds(UsageView, st.integers(1, 99), st.integers(0, 10**6), moments)),
    )
)
taxes = listed(st.builds(TaxView, st.just("Tax"), st.integers(0, 300_000)))


def accounts(children: st.SearchStrategy[Any]) -> st.SearchStrategy[AccountView]:
    """Accounts with anything on them."""
    return st.builds(
        replace,
        st.just(VIEW),
        number=st.sampled_from(["T-1", "T-2", "T-3"]),
        subscription=st.none() | plans,
        numbers=listed(numbers),
        charges=charges,
        meters=meters,
        taxes=taxes,
        balance_minor=money,
        children=children,
    )


families = accounts(listed(accounts(st.just(())), 2))
FEES: list[Any] = [
    "not_stated",
    {"fee": "fixed", "amounts": {"USD": 5000}},
    {"fee": "remaining_months"},
    {"fee": "share_of_remaining_months", "percent": 30},
]
PRORATIONS = ["actual_days", "actual_over_30", "strict_30_360", "by_second"]
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "proration": st.sampled_from(PRORATIONS),
    "rounding": st.sampled_from(["half_up", "half_even"]),
    "early_termination": st.sampled_from(FEES),
    "waived_under": st.sampled_from(["not_stated", {"USD": 100_000}]),
    "taxed": st.sampled_from(["not_stated", ["plan"], ["renewal", "usage", "one_off"]]),
}
TO_CARD, KEPT = {"treatment": "refund_to_card"}, {"treatment": "keep_for_request"}
in_arrears = st.fixed_dictionaries({"balance": st.sampled_from([TO_CARD, KEPT]), **COMMON})
in_advance = st.fixed_dictionaries(
    {
        "balance": st.just(KEPT),
        "timing": st.just("in_advance"),
        "prepaid": st.sampled_from(["refunded_by_day", "credited_by_day"]),
        **COMMON,
        "taxed": st.sampled_from(["not_stated", ["plan", "prepaid"]]),
    }
)
policies = (in_arrears | in_advance).map(lambda given: policy_with(**given))


@given(account=families, policy=policies, now=moments)
def test_lines_add_up_to_what_is_charged_or_given_back(
    account: AccountView, policy: Policy, now: datetime
) -> None:
    bill = final_bill(account, policy, now)

    assert sum(line.amount_minor for line in bill.lines) == (
        bill.total_minor - bill.refund_minor - bill.credit_minor
    )
    assert min(bill.total_minor, bill.refund_minor, bill.credit_minor) >= 0
    assert bill.total_minor == 0 or bill.refund_minor == bill.credit_minor == 0
    for line in bill.lines:
        if line.code in ("plan", "renewal", "charge", "usage", "fee"):
            assert line.amount_minor >= 0
        if line.code in ("prepaid", "credit_note", "credit", "waived"):
            assert line.amount_minor <= 0


def outcome(bill: Bill) -> tuple[object, ...]:
    """What a bill comes to, whatever the order of its lines."""
    lines = sorted((x.code, x.account, x.amount_minor) for x in bill.lines)
    return bill.total_minor, bill.refund_minor, bill.credit_minor, bill.settles_on, lines


def shuffled(account: AccountView, seed: int) -> AccountView:
    """The same account, read in another order."""
    chance = random.Random(seed)  # noqa: S311

    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    return replace(
        account,
        numbers=mixed(account.numbers),
        charges=mixed(account.charges),
        meters=mixed(tuple(replace(m, records=mixed(m.records)) for m in account.meters)),
        taxes=mixed(account.taxes),
        children=mixed(tuple(shuffled(child, seed) for child in account.children)),
    )


@given(account=families, policy=policies, now=moments, seed=st.integers())
def test_the_order_of_lines_is_irrelevant(
    account: AccountView, policy: Policy, now: datetime, seed: int
) -> None:
    mixed = final_bill(shuffled(account, seed), policy, now)

    assert outcome(mixed) == outcome(final_bill(account, policy, now))


@given(plan=plans, policy=policies, now=moments)
def test_a_plan_costs_no_more_than_its_price_and_gives_back_no_more_than_was_paid(
    plan: SubscriptionView, policy: Policy, now: datetime
) -> None:
    billing = policy.type_of("standalone").billing
    bill = final_bill(replace(VIEW, subscription=plan), policy, now)

    for line in bill.lines:
        if line.code == "plan" and billing.proration.stated != "actual_over_30":
            assert line.amount_minor <= plan.price_minor
        if line.code == "prepaid" and plan.billed_until is None:
            assert -line.amount_minor <= plan.price_minor


@given(account=families, policy=policies, later=st.integers(0, 40 * 86400))
def test_the_standing_limit_covers_every_later_moment_of_the_present_periods(
    account: AccountView, policy: Policy, later: int
) -> None:
    moment = NOON + timedelta(seconds=later)
    today, then = VIEW.today(NOON), VIEW.today(moment)
    for part in account.everywhere():
        for number in part.numbers:
            if number.renewal:
                assume(then <= period_of(today, number.renewal.anchor_day).last)
        plan = part.subscription
        if plan:
            period = period_of(today, plan.anchor_day, plan.interval, plan.anchor_month)
            assume(then <= period.last)
    settled = replace(
        account,
        **without_news(account),
        children=tuple(replace(child, **without_news(child)) for child in account.children),
    )

    assert final_bill(settled, policy, moment).total_minor <= standing_limit(settled, policy, NOON)


def without_news(account: AccountView) -> dict[str, Any]:
    """Charges and usage up to now only: later ones are asked about anew."""
    return {
        "charges": tuple(c for c in account.charges if not c.occurred_at or c.occurred_at <= NOON),
        "meters": tuple(
            replace(m, records=tuple(r for r in m.records if r.occurred_at <= NOON))
            for m in account.meters
        ),
    }
