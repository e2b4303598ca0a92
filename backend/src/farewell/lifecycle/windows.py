"""Windows of whole days after a closing. "Until Jan 9" includes the whole of Jan 9."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

LATER = timedelta(minutes=5)
"""Pause before looking again whether something else is done."""


def end_of(closed_at: datetime, days: int, zone: str) -> datetime:
    """The first moment after a window: the beginning of the day after the last one.

    The last day is the closing's date in the account's zone plus `days`; the moment is in UTC.
    """
    here = ZoneInfo(zone)
    last = closed_at.astimezone(here).date() + timedelta(days=days)
    return datetime.combine(last + timedelta(days=1), time(), here).astimezone(UTC)
