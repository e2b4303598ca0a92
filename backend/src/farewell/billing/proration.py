"""Which days (or seconds) of a period were used, and what they cost.

`docs/billing.md` states which days count, with the public conventions that are followed.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from farewell.billing.money import Rounding, rated

Interval = Literal["month", "quarter", "year"]
Proration = Literal["actual_days", "actual_over_30", "strict_30_360", "by_second"]
MONTHS: dict[Interval, int] = {"month": 1, "quarter": 3, "year": 12}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A billing period in the account's zone: from `start` up to and without `end`."""

    start: date
    end: date
    months: int = 1
    anchor_day: int = 1
    """The day of the month that was agreed; `start` is earlier in a month without it."""

    @property
    def days(self) -> int:
        """Actual days in the period."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.end - DAY


@dataclass(frozen=True)
class Counting:
    """How parts of a period are counted and rounded, and the zone in which days begin."""

    proration: Proration
    rounding: Rounding
    zone: ZoneInfo

    @property
    def unit(self) -> Literal["days", "seconds"]:
        """What `counted` and `whole` count."""
        return "seconds" if self.proration == "by_second" else "days"


def _anchored(month: int, anchor_day: int) -> date:
    """The anchor in a month (months since year 0); in a shorter month its last day."""
    year, index = divmod(month, 12)
    return date(year, index + 1, min(anchor_day, calendar.monthrange(year, index + 1)[1]))


def period_of(
    day: date, anchor_day: int, interval: Interval = "month", anchor_month: int = 1
) -> Period:
    """The period that contains `day`: it starts on a day of the month, for quarters and years in
    `anchor_month` and every third or twelfth month from there.

    Raises ValueError for an anchor outside 1 to 31, or a month outside 1 to 12.
    """
    if not 1 <= anchor_day <= 31:
        raise ValueError(f"anchor day {anchor_day} is not between 1 and 31")
    if not 1 <= anchor_month <= 12:
        raise ValueError(f"anchor month {anchor_month} is not between 1 and 12")
    months = MONTHS[interval]
    month = day.year * 12 + day.month - 1
    month -= (month - (anchor_month - 1)) % months
    if _anchored(month, anchor_day) > day:
        month -= months
    return Period(
        _anchored(month, anchor_day), _anchored(month + months, anchor_day), months, anchor_day
    )


def whole(period: Period, counting: Counting) -> int:
    """What a whole period counts: its actual days, 30 a month, or its seconds."""
    match counting.proration:
        case "actual_days":
            return period.days
        case "by_second":
            return _seconds(period.start, _midnight(period.end, counting.zone), counting.zone)
        case _:
            return 30 * period.months


def counted(period: Period, last: date, counting: Counting, moment: datetime | None = None) -> int:
    """What the part from the period's start through `last` counts; 0 before its start.

    Days are counted whole. Seconds end at `moment`, or with the day where there is none.
    """
    if last < period.start:
        return 0
    last = min(last, period.last)
    match counting.proration:
        case "by_second":
            end = _midnight(last + DAY, counting.zone)
            return _seconds(period.start, min(moment or end, end), counting.zone)
        case "strict_30_360":
            return _of_30_each(period, last)
        case _:
            return (last - period.start).days + 1


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _seconds(start: date, end: datetime, zone: ZoneInfo) -> int:
    """Seconds that really passed; a day on which clocks change has 23 or 25 hours."""
    return max((end - _midnight(start, zone)) // timedelta(seconds=1), 0)


def _of_30_each(period: Period, last: date) -> int:
    """Days through `last` where every month has 30: a month's last day is its 30th."""
    if last == period.last:
        return 30 * period.months
    ends_month = last.day == calendar.monthrange(last.year, last.month)[1]
    months = (last.year - period.start.year) * 12 + last.month - period.start.month
    days = (30 if ends_month else last.day) - min(period.anchor_day, 30) + 1
    return min(30 * months + days, 30 * period.months)


@dataclass(frozen=True)
class Used:
    """The part of a period that is still to be billed; `days` are seconds where they are counted"""

    first: date
    last: date
    days: int
    of_days: int
    amount_minor: int


def used_to_date(
    price_minor: int,
    period: Period,
    today: date,
    billed_until: date | None,
    counting: Counting,
    moment: datetime | None = None,
) -> Used | None:
    """What was used from the period's start through `today` and no bill covers (the arrears guide:
    "pro-rated bill for the current month's partial service"): the closing day counts as used.

    Seconds end at `moment`. The amount is a difference of rounded cumulative amounts, so parts add
    up to the whole. None where everything is billed already.
    """
    first = period.start
    if billed_until is not None and billed_until >= first:
        first = billed_until + DAY
    if first > today:
        return None
    of = whole(period, counting)
    through_today = counted(period, today, counting, moment)
    before = counted(period, first - DAY, counting)
    if through_today <= before:
        return None
    amount = rated(price_minor, through_today, of, counting.rounding) - rated(
        price_minor, before, of, counting.rounding
    )
    return Used(first, today, through_today - before, of, amount)


def unused_after(
    price_minor: int,
    period: Period,
    today: date,
    paid_until: date,
    counting: Counting,
    moment: datetime | None = None,
) -> int:
    """What of a period that is paid through `paid_until` is left after `today`, or after `moment`
    where seconds are counted: what was paid less what the used part costs.

    What is used and what is left add up to the price. Days over 30 are the exception: what they
    cost beyond the price is not paid in advance, so it is not given back either; and nothing is
    left of a shorter month at its end.
    """
    of = whole(period, counting)
    paid = rated(price_minor, counted(period, paid_until, counting), of, counting.rounding)
    used = rated(price_minor, counted(period, today, counting, moment), of, counting.rounding)
    return max(min(paid, price_minor) - used, 0)


def whole_months(first: date, last: date) -> int:
    """How many whole months fit from the day `first` to the day `last`; a month begun is none."""
    months = (last.year - first.year) * 12 + last.month - first.month
    ends = _anchored(first.year * 12 + first.month - 1 + months, first.day)
    return max(months if ends <= last else months - 1, 0)
