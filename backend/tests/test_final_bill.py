"""The final bill of whole accounts: lines, credit, write-off, zones, agencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from bills import VIEW
from factories import POLICIES, World, account, agency_with, phone, the_account, usage
from hypothesis import given
from hypothesis import strategies as st

from farewell.accounts.snapshot import ChargeView, SubscriptionView
from farewell.billing.quote import Bill, final_bill, stale_when_changed, standing_limit
from farewell.policy.model import Policy

TRESTA = POLICIES["tresta"]
NOON = datetime(2026, 11, 10, 17, tzinfo=UTC)


def bill_of(world: World, number: str) -> Bill:
    """The final bill as of the world's clock."""
    return world.run(
        lambda work: final_bill(
            work.view(the_account(work, number)),
            work.policy(the_account(work, number)),
            work.now,
        )
    )


def test_a_bill_in_arrears_is_the_used_days_and_the_open_charges(world: World) -> None:
    world.load(account(charges=[usage("Calls abroad", 1234)]))

    bill = bill_of(world, "T-1")

    assert [(line.code, line.amount_minor) for line in bill.lines] == [
        ("plan", 1000),
        ("charge", 1234),
    ]
    assert (bill.total_minor, bill.refund_minor) == (2234, 0)
    assert bill.settles_on == date(2026, 11, 15)


ZONES = [
    # the same moment is another day elsewhere: 2026-11-11T03:00Z
    ("America/New_York", datetime(2026, 11, 11, 3, tzinfo=UTC), 10),
    ("UTC", datetime(2026, 11, 11, 3, tzinfo=UTC), 11),
    ("Pacific/Auckland", datetime(2026, 11, 11, 3, tzinfo=UTC), 11),
    ("Pacific/Auckland", datetime(2026, 11, 10, 11, tzinfo=UTC), 11),
    # the days on which clocks change, an hour before midnight and after
    ("America/New_York", datetime(2026, 11, 2, 4, 59, tzinfo=UTC), 1),
    ("America/New_York", datetime(2026, 11, 2, 5, 0, tzinfo=UTC), 2),
    ("America/New_York", datetime(2027, 3, 15, 3, 59, tzinfo=UTC), 14),
    ("America/New_York", datetime(2027, 3, 15, 4, 0, tzinfo=UTC), 15),
]


@pytest.mark.parametrize(("zone", "now", "days"), ZONES)
def test_days_are_counted_in_the_account_s_zone(zone: str, now: datetime, days: int) -> None:
    bill = final_bill(replace(VIEW, zone=zone), TRESTA, now)

    assert bill.lines[0].days == days


@pytest.mark.parametrize(
    ("balance", "total", "refund", "settles_on"),
    [
        (0, 1000, 0, date(2026, 11, 15)),
        (400, 600, 0, date(2026, 11, 15)),
        (1000, 0, 0, date(2026, 11, 15)),
        (9000, 0, 8000, date(2026, 11, 15)),
    ],
)
def test_a_credit_lowers_the_bill_and_the_rest_goes_back(
    balance: int, total: int, refund: int, settles_on: date
) -> None:
    bill = final_bill(replace(VIEW, balance_minor=balance), TRESTA, NOON)

    assert (bill.total_minor, bill.refund_minor, bill.settles_on) == (total, refund, settles_on)


def test_a_kept_balance_pays_nothing_and_is_not_refunded(world: World) -> None:
    world.load(
        account(
            "C-1",
            vendor="ctm",
            type="standalone",
            roles={"ann@example": "administrator"},
            balance_minor=5050,
            charges=[usage("Minutes", 845)],
        )
    )

    bill = bill_of(world, "C-1")

    assert [line.code for line in bill.lines] == ["charge"]
    assert (bill.total_minor, bill.refund_minor) == (845, 0)


def test_outstanding_charges_are_written_off_and_nothing_is_due(world: World) -> None:
    world.load(
        account(
            "O-1",
            vendor="ontraport",
            type="full",
            roles={"ann@example": "owner"},
            charges=[usage("Invoice", 14700, "outstanding"), usage("Contacts", 2500)],
        )
    )

    bill = bill_of(world, "O-1")

    assert bill.lines == ()
    assert [line.amount_minor for line in bill.written_off] == [14700, 2500]
    assert (bill.total_minor, bill.refund_minor) == (0, 0)


def test_an_agency_pays_for_itself_and_its_active_sub_accounts_in_one_bill(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))
    world.close("S-2")

    bill = bill_of(world, "A-1")

    assert [(line.account, line.amount_minor) for line in bill.lines] == [
        ("A-1", 500),
        ("S-1", 100),
    ]
    assert bill.total_minor == 600


def test_a_plan_paid_in_advance_is_not_charged_again(world: World) -> None:
    world.load(*agency_with())

    assert [line.code for line in bill_of(world, "A-1").lines] == ["charge"]


def test_paid_in_advance_means_no_used_days_even_where_days_are_counted() -> None:
    kind = TRESTA.type_of("standalone")
    advance = kind.billing.timing.model_copy(update={"value": "in_advance"})
    billing = kind.billing.model_copy(update={"timing": advance})
    types = {"standalone": kind.model_copy(update={"billing": billing})}

    bill = final_bill(VIEW, TRESTA.model_copy(update={"account_types": types}), NOON)

    assert (bill.lines, bill.total_minor) == ((), 0)


money = st.integers(min_value=0, max_value=10**9)


@given(
    price=money,
    balance=money,
    charges=st.lists(money, max_size=5),
    anchor=st.integers(1, 31),
    policy=st.sampled_from(list(POLICIES.values())),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_bill_adds_up_and_charges_or_refunds_but_never_both(
    price: int, balance: int, charges: list[int], anchor: int, policy: Policy, now: datetime
) -> None:
    view = replace(
        VIEW,
        type=next(iter(policy.account_types)),
        subscription=SubscriptionView("Plan", price, anchor, None),
        balance_minor=balance,
        charges=tuple(ChargeView(i, "Charge", c) for i, c in enumerate(charges)),
    )

    bill = final_bill(view, policy, now)

    assert min(bill.total_minor, bill.refund_minor) == 0
    assert bill.total_minor >= 0
    assert bill.refund_minor <= balance
    assert bill.total_minor <= price + sum(charges)
    assert sum(line.amount_minor for line in bill.lines) == bill.total_minor - bill.refund_minor
    named = [
        line.amount_minor for line in (*bill.lines, *bill.written_off) if line.charge_id is not None
    ]
    assert sorted(named) == sorted(charges)


@given(
    price=money,
    anchor=st.integers(1, 31),
    hours=st.integers(0, 24 * 40),
    zone=st.sampled_from(["America/New_York", "UTC", "Pacific/Auckland"]),
)
def test_the_standing_limit_covers_every_later_day_of_the_period(
    price: int, anchor: int, hours: int, zone: str
) -> None:
    view = replace(VIEW, zone=zone, subscription=SubscriptionView("Plan", price, anchor, None))
    limit = standing_limit(view, TRESTA, NOON)
    later = datetime.fromtimestamp(NOON.timestamp() + hours * 3600, UTC)

    assert final_bill(view, TRESTA, NOON).total_minor <= limit <= price
    assert final_bill(view, TRESTA, later).total_minor <= limit


def test_the_standing_limit_of_a_parent_counts_days_in_the_parent_s_zone() -> None:
    policy = TRESTA.model_copy(deep=True)
    child = replace(VIEW, number="T-2", zone="Pacific/Auckland")
    parent = replace(VIEW, subscription=None, children=(child,))
    last_evening = datetime(2026, 11, 30, 17, tzinfo=UTC)  # 1 December already in Auckland

    bill = final_bill(parent, policy, last_evening)

    assert bill.total_minor == 3000
    assert standing_limit(parent, policy, last_evening) == 3000


def test_sub_account_lines_name_their_account(world: World) -> None:
    world.load(*agency_with("S-1"))

    assert {line.account for line in bill_of(world, "A-1").lines} == {"A-1", "S-1"}


STALE = [
    ("plan's price", {"subscription": SubscriptionView("Unlimited", 3001, 1, None)}),
    ("plan's name", {"subscription": SubscriptionView("Basic", 3000, 1, None)}),
    ("plan's anchor", {"subscription": SubscriptionView("Unlimited", 3000, 2, None)}),
    ("no plan", {"subscription": None}),
    ("payment", {"payment_method": "Visa ending 1111"}),
    ("balance", {"balance_minor": 1}),
    ("roles", {"closers": (("billing_admin", "B. B."),)}),
    ("sub-accounts", {"children": (replace(VIEW, number="T-2"),)}),
]


@pytest.mark.parametrize("change", [s[1] for s in STALE], ids=[s[0] for s in STALE])
def test_a_binding_fact_that_changes_makes_a_quote_stale(change: dict[str, object]) -> None:
    assert stale_when_changed(replace(VIEW, **change)) != stale_when_changed(VIEW)  # type: ignore[arg-type]


def test_usage_and_names_leave_a_quote_valid() -> None:
    other = replace(VIEW, name="New name", charges=(ChargeView(1, "Calls", 5),))

    assert stale_when_changed(other) == stale_when_changed(VIEW)


def test_a_port_that_moves_on_makes_a_quote_stale(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.load(account("T-2", numbers=[phone(1, "confirmed")]))

    def mark(number: str) -> str:
        view = world.run(lambda work: work.view(the_account(work, number)))
        return stale_when_changed(
            replace(view, number="T", numbers=(replace(view.numbers[0], e164="x"),))
        )

    assert mark("T-1") != mark("T-2")
