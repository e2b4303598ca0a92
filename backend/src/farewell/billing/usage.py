"""Usage as the host application reports it: open until a bill holds it, written off where it is too
late for one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from farewell.accounts.finding import account_numbered
from farewell.accounts.tables import Account, UsageRecord
from farewell.audit import HOST, record
from farewell.billing.money import rated
from farewell.billing.writing_off import write_off
from farewell.closing.tables import Closure
from farewell.errors import Problem, not_found
from farewell.work import Work


def record_usage(
    work: Work, *, number: str, meter: str, quantity: int, occurred_at: datetime, reference: str
) -> UsageRecord:
    """Record a quantity on an account's meter, once for each reference.

    After a closing nothing is charged but the final bill (rule 4): what is used up to then and
    arrives late, and anything while the account is closed, is written off by its own entry.

    Raises Problem 404 for an unknown account or meter, and 409 with `reference_used` where the
    reference stands for something else.
    """
    account = account_numbered(work.session, number)
    found = next((m for m in account.meters if m.name == meter), None)
    if found is None:
        raise not_found("meter")
    known = work.session.scalar(
        select(UsageRecord).where(
            UsageRecord.meter_id == found.id, UsageRecord.reference == reference
        )
    )
    if known is not None:
        if (known.quantity, known.occurred_at) != (quantity, occurred_at):
            raise Problem(409, "reference_used", "This reference stands for other usage.")
        return known
    closure = _closure_before(work, account, occurred_at)
    usage = UsageRecord(
        meter=found,
        reference=reference,
        quantity=quantity,
        occurred_at=occurred_at,
    )
    work.session.add(usage)
    work.session.flush()
    if closure is not None:
        cost = _cost(work, account, usage)
        write_off(work, account, closure.parent_id or closure.id, usage, cost)
    action = "usage.written_off" if closure else "usage.recorded"
    record(work.session, work.now, HOST, action, f"account:{number}", usage=usage.id)
    work.session.flush()
    return usage


def _closure_before(work: Work, account: Account, occurred_at: datetime) -> Closure | None:
    """The closure whose final bill the usage is too late for: one that stands, or one that was
    undone only after the usage."""
    closures = work.session.scalars(
        select(Closure).where(Closure.account_id == account.id).order_by(Closure.closed_at.desc())
    )
    return next((c for c in closures if c.undone_at is None or occurred_at <= c.undone_at), None)


def _cost(work: Work, account: Account, usage: UsageRecord) -> int:
    """What it adds to all that was settled before, so that written-off parts add up."""
    meter, rounding = usage.meter, work.kind(account).billing.rounding
    before = sum(r.quantity for r in meter.records if r.status != "open" and r is not usage)
    return rated(meter.price_minor, before + usage.quantity, meter.per, rounding) - rated(
        meter.price_minor, before, meter.per, rounding
    )
