"""Proration by actual days: worked examples and what holds for all of them."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import farewell.billing
from farewell.billing.money import Money, Rounding, share
from farewell.billing.proration import Period, monthly_period, used_to_date

PERIODS = [
    # day, anchor, start, end (not in it), days
    (date(2026, 11, 10), 1, date(2026, 11, 1), date(2026, 12, 1), 30),
    (date(2026, 11, 1), 1, date(2026, 11, 1), date(2026, 12, 1), 30),
    (date(2026, 11, 30), 1, date(2026, 11, 1), date(2026, 12, 1), 30),
    (date(2026, 12, 31), 1, date(2026, 12, 1), date(2027, 1, 1), 31),
    (date(2026, 11, 14), 15, date(2026, 10, 15), date(2026, 11, 15), 31),
    (date(2026, 11, 15), 15, date(2026, 11, 15), date(2026, 12, 15), 30),
    (date(2027, 1, 3), 15, date(2026, 12, 15), date(2027, 1, 15), 31),
    (date(2027, 2, 28), 29, date(2027, 2, 28), date(2027, 3, 29), 29),
    (date(2028, 2, 29), 29, date(2028, 2, 29), date(2028, 3, 29), 29),
    (date(2028, 2, 28), 29, date(2028, 1, 29), date(2028, 2, 29), 31),
    (date(2027, 2, 28), 30, date(2027, 2, 28), date(2027, 3, 30), 30),
    (date(2027, 3, 29), 30, date(2027, 2, 28), date(2027, 3, 30), 30),
    (date(2027, 2, 27), 31, date(2027, 1, 31), date(2027, 2, 28), 28),
    (date(2027, 4, 30), 31, date(2027, 4, 30), date(2027, 5, 31), 31),
    (date(2027, 5, 30), 31, date(2027, 4, 30), date(2027, 5, 31), 31),
    (date(2028, 2, 10), 1, date(2028, 2, 1), date(2028, 3, 1), 29),
]


@pytest.mark.parametrize(("day", "anchor", "start", "end", "days"), PERIODS)
def test_a_period_runs_from_anchor_to_anchor(
    day: date, anchor: int, start: date, end: date, days: int
) -> None:
    period = monthly_period(day, anchor)

    assert (period.start, period.end, period.days) == (start, end, days)


@pytest.mark.parametrize("anchor", [0, 32, -1])
def test_an_anchor_outside_the_month_is_refused(anchor: int) -> None:
    with pytest.raises(ValueError, match="anchor day"):
        monthly_period(date(2026, 11, 10), anchor)


USED = [
    # price, anchor, today, billed until, days, of, amount
    (3000, 1, date(2026, 11, 10), None, 10, 30, 1000),
    (3000, 1, date(2026, 11, 1), None, 1, 30, 100),
    (3000, 1, date(2026, 11, 30), None, 30, 30, 3000),
    (4500, 1, date(2026, 12, 10), None, 10, 31, 1452),  # 1451.61…
    (2900, 1, date(2028, 2, 29), None, 29, 29, 2900),
    (2900, 1, date(2028, 2, 28), None, 28, 29, 2800),
    (2800, 1, date(2027, 2, 14), None, 14, 28, 1400),
    (3100, 15, date(2026, 11, 14), None, 31, 31, 3100),
    (3000, 15, date(2026, 11, 15), None, 1, 30, 100),
    (3000, 31, date(2027, 2, 28), None, 1, 31, 97),  # 96.77…
    (3000, 1, date(2026, 11, 10), date(2026, 11, 4), 6, 30, 600),
    (3000, 1, date(2026, 11, 10), date(2026, 10, 31), 10, 30, 1000),
    (0, 1, date(2026, 11, 10), None, 10, 30, 0),
    (1, 1, date(2026, 11, 15), None, 15, 30, 1),  # half a cent, half up
]


@pytest.mark.parametrize(("price", "anchor", "today", "billed", "days", "of", "amount"), USED)
def test_the_used_days_cost_their_share(
    price: int, anchor: int, today: date, billed: date | None, days: int, of: int, amount: int
) -> None:
    used = used_to_date(price, monthly_period(today, anchor), today, billed, "half_up")

    assert used is not None
    assert (used.days, used.of_days, used.amount_minor) == (days, of, amount)


@pytest.mark.parametrize("billed", [date(2026, 11, 10), date(2026, 11, 30), date(2027, 5, 1)])
def test_days_that_are_billed_already_are_not_billed_again(billed: date) -> None:
    today = date(2026, 11, 10)

    assert used_to_date(3000, monthly_period(today, 1), today, billed, "half_up") is None


@pytest.mark.parametrize(
    ("part", "rounding", "amount"),
    [
        (1, "half_up", 1),
        (1, "half_even", 0),
        (3, "half_up", 2),
        (3, "half_even", 2),
        (5, "half_up", 3),
        (5, "half_even", 2),
    ],
)
def test_halves_are_rounded_as_the_policy_says(part: int, rounding: Rounding, amount: int) -> None:
    assert share(10, part, 20, rounding) == amount


@pytest.mark.parametrize(("part", "whole"), [(-1, 30), (31, 30), (0, 0), (1, -1)])
def test_what_is_no_share_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        share(3000, part, whole, "half_up")


prices = st.integers(min_value=0, max_value=10**12)
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31))
anchors = st.integers(min_value=1, max_value=31)
roundings = st.sampled_from(["half_up", "half_even"])


@given(day=days, anchor=anchors)
def test_every_day_lies_in_its_period_and_periods_join(day: date, anchor: int) -> None:
    period = monthly_period(day, anchor)

    assert period.start <= day < period.end
    assert 28 <= period.days <= 31
    assert monthly_period(period.end, anchor).start == period.end
    assert monthly_period(period.end - timedelta(days=1), anchor) == period


@given(price=prices, day=days, anchor=anchors, cut=st.integers(0, 30), rounding=roundings)
def test_parts_of_a_period_add_up_to_the_whole(
    price: int, day: date, anchor: int, cut: int, rounding: Rounding
) -> None:
    period = monthly_period(day, anchor)
    last = period.end - timedelta(days=1)
    middle = min(period.start + timedelta(days=cut), last)

    whole = used_to_date(price, period, last, None, rounding)
    first = used_to_date(price, period, middle, None, rounding)
    rest = used_to_date(price, period, last, middle, rounding)

    assert whole is not None
    assert first is not None
    assert whole.amount_minor == price
    assert first.amount_minor + (rest.amount_minor if rest else 0) == price


@given(price=prices, day=days, anchor=anchors, back=st.integers(0, 40), rounding=roundings)
def test_a_share_is_never_negative_and_never_more_than_the_price(
    price: int, day: date, anchor: int, back: int, rounding: Rounding
) -> None:
    used = used_to_date(
        price, monthly_period(day, anchor), day, day - timedelta(days=back), rounding
    )

    if used is not None:
        assert 0 <= used.amount_minor <= price
        assert 1 <= used.days <= used.of_days


@given(price=prices, day=days, anchor=anchors)
def test_a_longer_stay_never_costs_less(price: int, day: date, anchor: int) -> None:
    period = monthly_period(day, anchor)
    amounts = []
    for offset in range(period.days):
        used = used_to_date(price, period, period.start + timedelta(days=offset), None, "half_up")
        amounts.append(used.amount_minor if used else 0)

    assert amounts == sorted(amounts)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1467, "USD", "$14.67"),
        (1467, "JPY", "¥1,467"),
        (1467, "KWD", "KWD1.467"),
        (5, "EUR", "€0.05"),
        (0, "USD", "$0.00"),
        (123456789012, "USD", "$1,234,567,890.12"),
    ],
)
def test_amounts_are_written_with_their_currency_s_decimals(
    minor: int, currency: str, text: str
) -> None:
    assert Money(minor, currency).text("en").replace("\xa0", "") == text


def test_a_period_counts_actual_days() -> None:
    assert Period(date(2028, 2, 1), date(2028, 3, 1)).days == 29


BILLING = sorted(Path(farewell.billing.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", BILLING, ids=lambda path: path.name)
def test_billing_knows_no_float(path: Path) -> None:
    offending = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id in ("float", "round")
        divided = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        if divided:
            assert isinstance(node, ast.BinOp)
            divided = "Decimal(" not in ast.unparse(node.left)
        if is_float or named or divided:
            offending.append(f"{path.name}:{getattr(node, 'lineno', '?')}")

    assert offending == []
