"""What the passage of time does to closing cases. Safe to run twice and from several machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from farewell.audit import Actor, record
from farewell.closing.case import withdraw
from farewell.closing.tables import ClosingCase
from farewell.lifecycle.scheduled import carry_out_scheduled, end_unanswered_approvals
from farewell.lifecycle.tables import Duty
from farewell.work import Work

SWEEP = Actor("sweep", "sweep")
IDLE_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Swept:
    """How much a sweep did, and how many duties wait."""

    abandoned: int
    expired: int
    duties_due: int
    closed: int = 0
    """Scheduled closings that took effect."""


def sweep(work: Work) -> Swept:
    """Carry out scheduled closings; let cases rest that nobody touched for a day; expire those that
    can no longer be resumed."""
    closed = carry_out_scheduled(work, SWEEP)
    end_unanswered_approvals(work, SWEEP)
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
    due = work.session.query(Duty).filter(Duty.state == "planned", Duty.due_at <= work.now).count()
    return Swept(len(idle), expired, due, closed)
