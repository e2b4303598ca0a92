"""Duties are claimed one by one, so that of several sweeps on one database one does each.

A claim is a row's mark and no open transaction, since a provider is called while it is held. It
ends with the step, after `HELD`, or when the process that made it is gone: then the next sweep on
that machine goes on at once. PostgreSQL skips rows that another sweep is just claiming; SQLite
lets one transaction write at a time.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from farewell.lifecycle.tables import Duty
from farewell.work import Work

HELD = timedelta(minutes=2)
"""Longer than any call of a provider lasts, which ends by its own time limit."""


def new_owner() -> str:
    """The name of one sweep: machine, process, run."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def claim(work: Work, *, kinds: Collection[str], owner: str, clock_now: datetime) -> Duty | None:
    """Take the next due duty of these kinds in hand; None where there is none.

    `work.now` decides what is due, and may be a day to come; `clock_now` is the real moment.
    """
    duty = work.session.scalar(
        select(Duty)
        .where(Duty.state == "planned", Duty.kind.in_(kinds))
        .where(func.coalesce(Duty.next_try_at, Duty.due_at) <= work.now)
        .where(or_(Duty.claimed_by.is_(None), Duty.claimed_until <= clock_now))
        .order_by(Duty.due_at, Duty.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if duty is not None:
        duty.claimed_by, duty.claimed_until = owner, clock_now + HELD
    return duty


def claimed(work: Work, duty_id: str, owner: str) -> Duty | None:
    """The duty, locked, if it is still in this sweep's hands."""
    return work.session.scalar(
        select(Duty).where(Duty.id == duty_id, Duty.claimed_by == owner).with_for_update()
    )


def free_abandoned(work: Work) -> None:
    """Let go of what processes of this machine held that run no longer."""
    here = f"{socket.gethostname()}/"
    for duty in work.session.scalars(
        select(Duty).where(Duty.claimed_by.startswith(here, autoescape=True)).with_for_update()
    ):
        process = int((duty.claimed_by or "").removeprefix(here).partition("/")[0])
        if not _runs(process):
            duty.claimed_by = duty.claimed_until = None


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is somebody else's, so it is there
    return True
