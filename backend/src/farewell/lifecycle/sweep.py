"""What the passage of time does: to closing cases, and to the duties that follow a closure.

Safe to run twice and from several machines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from farewell.audit import SWEEP, record
from farewell.clock import Clock
from farewell.closing.case import withdraw
from farewell.closing.tables import ClosingCase
from farewell.host.calling import HostCaller
from farewell.idempotency import forget_old
from farewell.lifecycle.execution import InTransaction, do_due, without_handler
from farewell.lifecycle.exports import clear_expired
from farewell.payments.provider import PaymentProvider
from farewell.work import Work

IDLE_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Rested:
    """How many cases rest now, and how many can no longer be resumed."""

    abandoned: int
    expired: int


@dataclass(frozen=True)
class Swept:
    """How much a sweep did, and how many due duties wait for a handler of their kind."""

    cases: Rested
    done: int
    dropped: int
    later: int
    for_human: int
    without_handler: int


def sweep(
    run: InTransaction,
    provider: PaymentProvider,
    host: HostCaller,
    clock: Clock,
    as_of: datetime,
) -> Swept:
    """Do what is due at `as_of` (UTC)."""
    cases = run(lambda work: rest_cases(replace(work, now=as_of)))
    run(lambda work: clear_expired(replace(work, now=as_of)))
    run(lambda work: forget_old(work.session, work.now))  # by the real time, as they are kept
    ended = do_due(run, provider, host, clock, as_of)
    waiting = run(lambda work: without_handler(replace(work, now=as_of)))
    return Swept(
        cases=cases,
        done=ended["finished"],
        dropped=ended["dropped"],
        later=ended["later"],
        for_human=ended["forhuman"],
        without_handler=waiting,
    )


def rest_cases(work: Work) -> Rested:
    """Let cases rest that nobody touched for a day; expire those that can no longer be resumed."""
    idle = list(
        work.session.scalars(
            select(ClosingCase).where(
                ClosingCase.state == "open", ClosingCase.touched_at < work.now - IDLE_FOR
            )
        )
    )
    for case in idle:
        touched = case.touched_at
        withdraw(work, case=case, actor=SWEEP, because="idle")
        case.touched_at = touched
    expired = 0
    for case in work.session.scalars(select(ClosingCase).where(ClosingCase.state == "abandoned")):
        days = timedelta(days=work.policy(case.account).resume_days)
        if case.touched_at < work.now - days:
            case.state = "expired"
            record(work.session, work.now, SWEEP, "case.expired", f"case:{case.id}")
            expired += 1
    return Rested(len(idle), expired)
