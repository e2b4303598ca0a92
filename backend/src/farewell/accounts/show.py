"""Everything about one account as JSON (`farewell show`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from farewell.accounts.finding import account_numbered
from farewell.billing.tables import Adjustment, FinalBill
from farewell.closing.tables import ClosingCase, Closure
from farewell.desk.tables import Handover
from farewell.lifecycle.tables import Duty, DutyAttempt, Export, HumanTask
from farewell.payments.ledger import books
from farewell.payments.tables import LedgerTransaction
from farewell.work import Work


def show(work: Work, number: str) -> dict[str, Any]:
    """The account with its case, numbers, bills and duties; amounts in minor units.

    Raises Problem 404 for an unknown number.
    """
    session = work.session
    account = account_numbered(session, number)
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
    attempts = list(
        session.scalars(
            select(DutyAttempt)
            .join(Duty, Duty.id == DutyAttempt.duty_id)
            .where(Duty.account_id == account.id)
            .order_by(DutyAttempt.number)
        )
    )
    tasks = session.scalars(
        select(HumanTask).where(HumanTask.account_id == account.id).order_by(HumanTask.created_at)
    )
    movements = session.scalars(
        select(LedgerTransaction)
        .where(LedgerTransaction.account_id == account.id)
        .order_by(LedgerTransaction.at, LedgerTransaction.key)
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
                "credit_minor": b.credit_minor,
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
        "duties": [_duty(d, [a for a in attempts if a.duty_id == d.id]) for d in duties],
        "human_tasks": [{"code": t.code, "facts": t.facts, "state": t.state} for t in tasks],
        "books": books(session, account.id),
        "payments": [
            {
                "kind": t.kind,
                "amount_minor": sum(e.amount_minor for e in t.entries if e.amount_minor > 0),
                "currency": t.currency,
                "at": t.at.isoformat(),
                "reference": t.reference,
            }
            for t in movements
        ],
        "handovers": [
            {"step": h.step, "error_code": h.error_code, "summary": h.summary, "message": h.message}
            for h in handovers
        ],
        "exports": [{"file": e.file, "expires_at": e.expires_at.isoformat()} for e in exports],
    }


def _duty(duty: Duty, attempts: list[DutyAttempt]) -> dict[str, Any]:
    shown = {"kind": duty.kind, "due_at": duty.due_at.isoformat(), "state": duty.state}
    if duty.subject:
        shown["about"] = duty.subject
    if duty.next_try_at and duty.state == "planned":
        shown["again_at"] = duty.next_try_at.isoformat()
    if duty.last_error:
        shown["last_error"] = duty.last_error
    if not attempts:
        return shown
    return shown | {
        "attempts": [
            {"call": a.call, "outcome": a.outcome or "unknown", "code": a.code} for a in attempts
        ]
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
        "answers": [{"code": a.code, "about": a.subject, "value": a.value} for a in case.answers],
    }
