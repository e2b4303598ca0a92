"""Everything about one account as JSON (`farewell show`)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from farewell.accounts.tables import Account
from farewell.billing.tables import Adjustment, FinalBill
from farewell.closing.effect import TICK
from farewell.closing.tables import ClosingCase, Closure
from farewell.desk.tables import Handover
from farewell.errors import not_found
from farewell.lifecycle.tables import Duty, Export
from farewell.work import Work


def show(work: Work, number: str) -> dict[str, Any]:
    """The account with its case, numbers, bills and duties; amounts in minor units.

    Raises Problem 404 for an unknown number.
    """
    session = work.session
    account = session.scalar(select(Account).where(Account.number == number))
    if account is None:
        raise not_found("account")
    case = session.scalar(
        select(ClosingCase)
        .where(ClosingCase.account_id == account.id)
        .order_by(ClosingCase.touched_at.desc())
        .limit(1)
    )
    closures = list(
        session.scalars(
            select(Closure).where(Closure.account_id == account.id).order_by(Closure.closed_at)
        )
    )
    ids = [closure.id for closure in closures]
    bills = session.scalars(select(FinalBill).where(FinalBill.closure_id.in_(ids)))
    duties = session.scalars(
        select(Duty).where(Duty.account_id == account.id).order_by(Duty.due_at, Duty.kind)
    )
    adjustments = session.scalars(select(Adjustment).where(Adjustment.closure_id.in_(ids)))
    handovers = session.scalars(select(Handover).where(Handover.account_id == account.id))
    exports = session.scalars(select(Export).where(Export.account_id == account.id))
    return {
        "account": {
            "number": account.number,
            "vendor": account.vendor,
            "name": account.name,
            "type": account.type,
            "status": account.status,
            "currency": account.currency,
            "balance_minor": account.balance_minor,
            "features": account.features,
            "parent": account.parent.number if account.parent else None,
            "billing_locked": bool(account.subscription and account.subscription.locked_at),
            "renewal_stopped": bool(
                account.subscription and account.subscription.renewal_stopped_at
            ),
        },
        "closing_case": _case(case),
        "closures": [
            {
                "number": c.number,
                "kind": c.kind,
                "closed_at": c.closed_at.isoformat(),
                "undone_at": c.undone_at.isoformat() if c.undone_at else None,
                "with_parent": c.parent_id is not None,
            }
            for c in closures
        ],
        "numbers": [
            {
                "e164": n.e164,
                "label": n.label,
                "status": n.status,
                "port": n.port_out.status if n.port_out else None,
                "given_up": bool(n.port_out and n.port_out.given_up),
            }
            for n in account.numbers
        ],
        "bills": [
            {
                "total_minor": b.total_minor,
                "refund_minor": b.refund_minor,
                "currency": b.currency,
                "lines": b.lines,
                "settles_on": b.settles_on.isoformat(),
                "status": b.status,
            }
            for b in bills
        ],
        "written_off": [
            {"description": a.description, "amount_minor": a.amount_minor, "currency": a.currency}
            for a in adjustments
        ],
        "duties": [
            {"kind": d.kind, "due_at": d.due_at.isoformat(), "state": d.state} for d in duties
        ],
        "handovers": [
            {"step": h.step, "error_code": h.error_code, "summary": h.summary, "message": h.message}
            for h in handovers
        ],
        "exports": [{"file": e.file, "expires_at": e.expires_at.isoformat()} for e in exports],
    }


def _case(case: ClosingCase | None) -> dict[str, Any] | None:
    if case is None:
        return None
    return {
        "id": case.id,
        "state": case.state,
        "version": case.version,
        "reason_code": case.reason_code,
        "reason_words": case.reason_words,
        "standing_limit_minor": case.standing_limit_minor,
        "effective_at": case.effective_at.isoformat() if case.effective_at else None,
        "last_day": _last_day(case),
        "approved_at": case.approval.at.isoformat() if case.approval else None,
        "answers": [{"code": a.code, "about": a.subject, "value": a.value} for a in case.answers],
    }


def _last_day(case: ClosingCase) -> str | None:
    """The last day of service of a closing that is confirmed for later (account's zone)."""
    if case.effective_at is None:
        return None
    last = (case.effective_at - TICK).astimezone(ZoneInfo(case.account.zone))
    return last.date().isoformat()
