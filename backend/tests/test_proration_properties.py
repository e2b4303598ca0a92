"""What holds for every period, price and way to count."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from farewell.billing.money import rated
from farewell.billing.proration import (
    Counting,
    Interval,
    Period,
    Proration,
    period_of,
    unused_after,
    used_to_date,
)

prices = st.integers(min_value=0, max_value=10**12)
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31))
anchors = st.integers(min_value=1, max_value=31)
PRORATIONS: list[Proration] = ["actual_days", "actual_over_30", "strict_30_360", "by_second"]
ZONES = ["America/New_York", "UTC", "Pacific/Auckland", "America/Sao_Paulo", "Asia/Kathmandu"]
countings = st.builds(
    Counting,
    proration=st.sampled_from(PRORATIONS),
    rounding=st.sampled_from(["half_up", "half_even"]),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
periods = st.builds(
    period_of,
    days,
    anchors,
    st.sampled_from(["month", "quarter", "year"]),
    st.integers(1, 12),
)


def whole_price(price: int, period: Period, counting: Counting) -> int:
    """What a period costs that is used to its end: its price, but for days over 30."""
    if counting.proration == "actual_over_30":
        return rated(price, period.days, 30 * period.months, counting.rounding)
    return price


@given(
    day=days,
    anchor=anchors,
    interval=st.sampled_from(["month", "quarter", "year"]),
    month=st.integers(1, 12),
)
def test_every_day_lies_in_its_period_and_periods_join(
    day: date, anchor: int, interval: Interval, month: int
) -> None:
    period = period_of(day, anchor, interval, month)

    assert period.start <= day < period.end
    assert {"month": 28, "quarter": 89, "year": 365}[interval] <= period.days
    assert period.days <= {"month": 31, "quarter": 92, "year": 366}[interval]
    assert period_of(period.end, anchor, interval, month).start == period.end
    assert period_of(period.last, anchor, interval, month) == period
    if interval != "month":
        assert (period.start.month - month) % period.months == 0


@given(price=prices, period=periods, counting=countings, cuts=st.lists(st.integers(0, 366)))
def test_parts_of_a_period_add_up_to_the_whole(
    price: int, period: Period, counting: Counting, cuts: list[int]
) -> None:
    until = sorted({*(period.start + timedelta(days=c % period.days) for c in cuts), period.last})

    billed, total = None, 0
    for last in until:
        part = used_to_date(price, period, last, billed, counting)
        total, billed = total + (part.amount_minor if part else 0), last

    assert total == whole_price(price, period, counting)


@given(price=prices, period=periods, counting=countings, at=st.integers(0, 366), back=days)
def test_a_share_is_never_negative_and_never_more_than_the_price(
    price: int, period: Period, counting: Counting, at: int, back: date
) -> None:
    day = period.start + timedelta(days=at % period.days)

    used = used_to_date(price, period, day, back, counting)

    if used is not None:
        assert 0 <= used.amount_minor <= whole_price(price, period, counting)
        assert used.days >= 1
        assert used.days <= used.of_days or counting.proration == "actual_over_30"


@given(price=prices, period=periods, counting=countings)
def test_a_longer_stay_never_costs_less(price: int, period: Period, counting: Counting) -> None:
    amounts = []
    for offset in range(period.days):
        used = used_to_date(price, period, period.start + timedelta(days=offset), None, counting)
        amounts.append(used.amount_minor if used else 0)

    assert amounts == sorted(amounts)


@given(price=prices, period=periods, counting=countings, seconds=st.integers(0, 366 * 86400))
def test_what_is_used_and_what_is_left_add_up_to_what_was_paid(
    price: int, period: Period, counting: Counting, seconds: int
) -> None:
    start = datetime.combine(period.start, time(), counting.zone).astimezone(UTC)
    moment = start + timedelta(seconds=seconds)
    today = moment.astimezone(counting.zone).date()
    if today > period.last:
        return

    used = used_to_date(price, period, today, None, counting, moment)
    left = unused_after(price, period, today, period.last, counting, moment)

    paid = min(price, whole_price(price, period, counting))
    spent = used.amount_minor if used else 0
    assert 0 <= left <= price
    assert spent + left == max(paid, spent)
    if counting.proration != "actual_over_30":
        assert (spent + left, spent <= price) == (price, True)


@given(price=prices, period=periods, counting=countings)
def test_nothing_is_left_of_a_period_that_was_used_to_its_end(
    price: int, period: Period, counting: Counting
) -> None:
    assert unused_after(price, period, period.last, period.last, counting) == 0
