"""Usage as the host application reports it: open until a bill holds it, written off where it is too
late for one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from farewell.accounts.tables import Account, UsageRecord
from farewell.audit import Actor, record
from farewell.billing.money import rated
from farewell.billing.tables import Adjustment
from farewell.closing.tables import Closure
from farewell.errors import Problem, not_found
from farewell.payments.entering import enter_write_off
from farewell.work import Work

HOST = Actor("service", "api")


def record_usage(
    work: Work, *, number: str, meter: str, quantity: int, occurred_at: datetime, reference: str
) -> UsageRecord:
    """Record a quantity on an account's meter, once for each reference.

    After a closing nothing is charged but the final bill (rule 4): what is used up to then and
    arrives late, and anything while the account is closed, is written off by its own entry.

    Raises Problem 404 for an unknown account or meter, and 409 with `reference_used` where the
    reference stands for something else.
    """
    account = work.session.scalar(select(Account).where(Account.number == number))
    found = next((m for m in account.meters if m.name == meter), None) if account else None
    if account is None or found is None:
        raise not_found("account" if account is None else "meter")
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
        status="written_off" if closure else "open",
    )
    work.session.add(usage)
    work.session.flush()
    if closure is not None:
        late = Adjustment(
            closure_id=closure.parent_id or closure.id,
            usage_id=usage.id,
            description=found.name,
            amount_minor=_cost(work, account, usage),
            currency=account.currency,
            at=work.now,
        )
        work.session.add(late)
        work.session.flush()
        enter_write_off(work, account, late)
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
