"""Proration: worked examples, with their sources where they are published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from farewell.billing.money import Money, Rounding, rated
from farewell.billing.proration import (
    Counting,
    Interval,
    Period,
    Proration,
    counted,
    period_of,
    unused_after,
    used_to_date,
    whole,
    whole_months,
)

NEW_YORK = ZoneInfo("America/New_York")


def by(proration: Proration = "actual_days", rounding: Rounding = "half_up") -> Counting:
    """A way to count, in New York."""
    return Counting(proration, rounding, NEW_YORK)


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
    period = period_of(day, anchor)

    assert (period.start, period.end, period.days) == (start, end, days)


@pytest.mark.parametrize("anchor", [0, 32, -1])
def test_an_anchor_outside_the_month_is_refused(anchor: int) -> None:
    with pytest.raises(ValueError, match="anchor day"):
        period_of(date(2026, 11, 10), anchor)


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
    used = used_to_date(price, period_of(today, anchor), today, billed, by())

    assert used is not None
    assert (used.days, used.of_days, used.amount_minor) == (days, of, amount)


LONGER_PERIODS: list[tuple[date, int, Interval, int, date, date]] = [
    # day, anchor day, interval, anchor month, start, end (not in it)
    (date(2026, 11, 10), 1, "quarter", 1, date(2026, 10, 1), date(2027, 1, 1)),
    (date(2026, 11, 10), 15, "quarter", 2, date(2026, 8, 15), date(2026, 11, 15)),
    (date(2026, 11, 15), 15, "quarter", 2, date(2026, 11, 15), date(2027, 2, 15)),
    (date(2027, 2, 27), 31, "quarter", 11, date(2026, 11, 30), date(2027, 2, 28)),
    (date(2027, 2, 28), 31, "quarter", 11, date(2027, 2, 28), date(2027, 5, 31)),
    (date(2026, 11, 10), 1, "year", 1, date(2026, 1, 1), date(2027, 1, 1)),
    (date(2026, 11, 10), 10, "year", 11, date(2026, 11, 10), date(2027, 11, 10)),
    (date(2026, 11, 9), 10, "year", 11, date(2025, 11, 10), date(2026, 11, 10)),
    (date(2028, 2, 28), 29, "year", 2, date(2027, 2, 28), date(2028, 2, 29)),
    (date(2028, 2, 29), 29, "year", 2, date(2028, 2, 29), date(2029, 2, 28)),
]


@pytest.mark.parametrize(("day", "anchor", "interval", "month", "start", "end"), LONGER_PERIODS)
def test_quarters_and_years_run_from_their_month(
    day: date, anchor: int, interval: Interval, month: int, start: date, end: date
) -> None:
    period = period_of(day, anchor, interval, month)

    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize("month", [0, 13])
def test_a_month_outside_the_year_is_refused(month: int) -> None:
    with pytest.raises(ValueError, match="anchor month"):
        period_of(date(2026, 11, 10), 1, "year", month)


# Zuora, "Prorating - 30 days or actual days": first and last day, then what the three options
# count (actual days of the month, days over 30, strictly 30 days).
ZUORA = [
    (date(2021, 1, 27), date(2021, 1, 31), (5, 31), (5, 30), (4, 30)),
    (date(2021, 2, 27), date(2021, 2, 28), (2, 28), (2, 30), (4, 30)),
    (date(2020, 2, 1), date(2020, 2, 29), (29, 29), (29, 30), (30, 30)),
    (date(2021, 4, 21), date(2021, 4, 29), (9, 30), (9, 30), (9, 30)),
]


@pytest.mark.parametrize(("first", "last", "actual", "over_30", "strict"), ZUORA)
def test_days_count_as_in_the_three_published_options(
    first: date,
    last: date,
    actual: tuple[int, int],
    over_30: tuple[int, int],
    strict: tuple[int, int],
) -> None:
    month = period_of(first, 1)
    before = first - timedelta(days=1)

    def counts(proration: Proration) -> tuple[int, int]:
        counting = by(proration)
        part = counted(month, last, counting) - counted(month, before, counting)
        return part, whole(month, counting)

    assert counts("actual_days") == actual
    assert counts("actual_over_30") == over_30
    assert counts("strict_30_360") == strict


STRICT = [
    # anchor, last day, days of 30
    (1, date(2027, 1, 30), 30),
    (1, date(2027, 1, 31), 30),
    (1, date(2027, 2, 10), 10),
    (1, date(2027, 2, 28), 30),
    (15, date(2027, 1, 31), 16),
    (15, date(2027, 2, 14), 30),
    (15, date(2027, 2, 28), 16),
    (15, date(2027, 3, 1), 17),
    (31, date(2027, 1, 31), 1),
    (31, date(2027, 2, 26), 27),
    (31, date(2027, 2, 27), 30),
    (31, date(2027, 2, 28), 1),
    (31, date(2027, 3, 30), 30),
    (28, date(2027, 2, 28), 3),
    (28, date(2027, 3, 1), 4),
]


@pytest.mark.parametrize(("anchor", "last", "days"), STRICT)
def test_strictly_every_month_has_thirty_days(anchor: int, last: date, days: int) -> None:
    period = period_of(last, anchor)

    assert counted(period, last, by("strict_30_360")) == days


SECONDS = [
    # moment (UTC), seconds from the start of the month in New York, seconds of the month
    (datetime(2026, 11, 1, 4, tzinfo=UTC), 0, 30 * 86400 + 3600),
    (datetime(2026, 11, 1, 4, 0, 1, tzinfo=UTC), 1, 30 * 86400 + 3600),
    (datetime(2026, 11, 2, 5, tzinfo=UTC), 25 * 3600, 30 * 86400 + 3600),  # clocks went back
    (datetime(2026, 3, 9, 4, tzinfo=UTC), 8 * 86400 - 3600, 31 * 86400 - 3600),  # forward
    (datetime(2026, 6, 16, 4, tzinfo=UTC), 15 * 86400, 30 * 86400),
]


@pytest.mark.parametrize(("moment", "seconds", "of"), SECONDS)
def test_seconds_are_those_that_passed_also_when_clocks_change(
    moment: datetime, seconds: int, of: int
) -> None:
    counting = by("by_second")
    today = moment.astimezone(NEW_YORK).date()
    month = period_of(today, 1)

    assert counted(month, today, counting, moment) == seconds
    assert whole(month, counting) == of


# Stripe, "Prorations": half of a period of $20 costs $10, half of one of $10 leaves $5.
def test_half_of_the_seconds_cost_half_of_the_price() -> None:
    june = period_of(date(2026, 6, 16), 1)
    noon = datetime(2026, 6, 16, 4, tzinfo=UTC)  # midnight in New York: half of June
    used = used_to_date(2000, june, date(2026, 6, 16), None, by("by_second"), noon)

    assert used is not None
    assert (used.amount_minor, used.days, used.of_days) == (1000, 15 * 86400, 30 * 86400)
    left = unused_after(1000, june, date(2026, 6, 16), june.last, by("by_second"), noon)
    assert left == 500


def test_nothing_is_billed_of_the_very_second_in_which_a_period_starts() -> None:
    start = datetime(2026, 6, 1, 4, tzinfo=UTC)
    june = period_of(date(2026, 6, 1), 1)

    assert used_to_date(2000, june, june.start, None, by("by_second"), start) is None


OVER_30 = [
    # price, last day, amount: a month of 31 days costs more than its price, a shorter one less
    (3000, date(2026, 1, 31), 3100),
    (3000, date(2026, 2, 28), 2800),
    (3000, date(2026, 4, 30), 3000),
    (3000, date(2026, 1, 10), 1000),
]


@pytest.mark.parametrize(("price", "last", "amount"), OVER_30)
def test_days_over_thirty_cost_a_thirtieth_each(price: int, last: date, amount: int) -> None:
    used = used_to_date(price, period_of(last, 1), last, None, by("actual_over_30"))

    assert used is not None
    assert used.amount_minor == amount


LEFT: list[tuple[Proration, date, date, int]] = [
    # of a year of $365 in advance: counting, closing day, paid until, what is left
    ("actual_days", date(2026, 1, 1), date(2026, 12, 31), 36400),
    ("actual_days", date(2026, 12, 31), date(2026, 12, 31), 0),
    ("actual_days", date(2026, 3, 31), date(2026, 6, 30), 9100),
    ("actual_days", date(2026, 7, 1), date(2026, 6, 30), 0),
    ("strict_30_360", date(2026, 6, 30), date(2026, 12, 31), 18250),
]


@pytest.mark.parametrize(("proration", "today", "paid", "left"), LEFT)
def test_what_is_left_of_a_prepaid_year(
    proration: Proration, today: date, paid: date, left: int
) -> None:
    year = period_of(today, 1, "year", 1)

    assert unused_after(36500, year, today, paid, by(proration)) == left


MONTHS_LEFT = [
    (date(2026, 9, 30), date(2026, 12, 31), 3),
    (date(2026, 9, 15), date(2026, 12, 31), 3),
    (date(2026, 8, 31), date(2026, 12, 31), 4),
    (date(2026, 12, 30), date(2026, 12, 31), 0),
    (date(2026, 12, 31), date(2026, 12, 31), 0),
    (date(2027, 1, 31), date(2027, 2, 28), 1),
    (date(2026, 11, 22), date(2028, 11, 21), 23),
    (date(2026, 11, 22), date(2028, 11, 22), 24),
    (date(2026, 12, 31), date(2026, 11, 1), 0),
]


@pytest.mark.parametrize(("first", "last", "months"), MONTHS_LEFT)
def test_a_month_begun_is_no_whole_month(first: date, last: date, months: int) -> None:
    assert whole_months(first, last) == months


@pytest.mark.parametrize("billed", [date(2026, 11, 10), date(2026, 11, 30), date(2027, 5, 1)])
def test_days_that_are_billed_already_are_not_billed_again(billed: date) -> None:
    today = date(2026, 11, 10)

    assert used_to_date(3000, period_of(today, 1), today, billed, by()) is None


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
    assert rated(10, part, 20, rounding) == amount


@pytest.mark.parametrize(("part", "of"), [(-1, 30), (0, 0), (1, -1)])
def test_what_is_no_share_is_refused(part: int, of: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        rated(3000, part, of, "half_up")


@pytest.mark.parametrize(
    ("amount", "part", "of", "half_up", "half_even"),
    [
        (35, 1234, 100, 432, 432),  # 431.9
        (5, 1, 2, 3, 2),
        (-5, 1, 2, -3, -2),
        (15, 1, 10, 2, 2),
        (25, 1, 10, 3, 2),
        (10**15 + 1, 1, 2, 5 * 10**14 + 1, 5 * 10**14),  # exact far beyond binary fractions
    ],
)
def test_rates_are_exact_and_rounded_once(
    amount: int, part: int, of: int, half_up: int, half_even: int
) -> None:
    assert rated(amount, part, of, "half_up") == half_up
    assert rated(amount, part, of, "half_even") == half_even


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
