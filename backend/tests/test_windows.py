"""A window of days includes the whole of its last day, where the account is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farewell.lifecycle.windows import end_of

FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("closed_at", "days", "zone", "end"),
    [
        ("2026-11-10T17:00", 60, "America/New_York", "2027-01-10T05:00"),
        ("2026-11-10T04:59", 1, "America/New_York", "2026-11-11T05:00"),  # the 9th there
        ("2026-11-10T17:00", 1, "Pacific/Auckland", "2026-11-12T11:00"),  # the 11th there
        ("2026-10-31T16:00", 1, "America/New_York", "2026-11-02T05:00"),  # clocks change
        ("2026-11-10T17:00", 0, "UTC", "2026-11-11T00:00"),
    ],
)
def test_the_last_day_counts_whole(closed_at: str, days: int, zone: str, end: str) -> None:
    closed = datetime.fromisoformat(closed_at).replace(tzinfo=UTC)

    assert end_of(closed, days, zone) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(
    st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)),
    st.integers(0, 100),
    st.sampled_from(["America/New_York", "Pacific/Auckland", "Asia/Kolkata", "America/Santiago"]),
)
def test_the_last_second_is_in_the_stated_day_and_the_end_is_not(
    closed: datetime, days: int, zone: str
) -> None:
    end, here = end_of(closed, days, zone), ZoneInfo(zone)
    stated = closed.astimezone(here).date() + timedelta(days=days)

    assert (end - SECOND).astimezone(here).date() == stated
    assert end.astimezone(here).date() == stated + timedelta(days=1)
