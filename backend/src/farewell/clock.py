"""The time, passed in wherever a rule depends on it. UTC throughout."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def clock_from(start: datetime | None) -> Clock:
    """The system's clock, or one that shows `start` now and goes on from there."""
    if start is None:
        return system_clock
    began = time.monotonic()
    first = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)

    def shifted() -> datetime:
        return first + timedelta(seconds=time.monotonic() - began)

    return shifted
