"""The customer's data as an archive, made before closing and kept for a stated time."""

from __future__ import annotations

import json
import secrets
import zipfile
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from farewell.accounts.tables import Account
from farewell.audit import SWEEP, Actor, record
from farewell.billing.money import Money
from farewell.billing.tables import Adjustment, FinalBill
from farewell.closing.tables import Closure
from farewell.facts import as_json
from farewell.lifecycle.tables import Export
from farewell.lifecycle.windows import end_of
from farewell.work import Work

KEPT = timedelta(days=30)


def _content(work: Work, account: Account) -> dict[str, Any]:
    """Everything that is stored about an account, the same before and after its closing."""

    def money(minor: int) -> object:
        return as_json(Money(minor, account.currency))

    plan = account.subscription
    return {
        "number": account.number,
        "name": account.name,
        "type": account.type,
        "status": account.status,
        "zone": account.zone,
        "balance": money(account.balance_minor),
        "payment_method": account.payment_method,
        "features": account.features,
        "plan": {
            "name": plan.plan,
            "price": money(plan.price_minor),
            "interval": plan.interval,
            "anchor_day": plan.anchor_day,
            "anchor_month": plan.anchor_month,
            "status": plan.status,
            "billed_until": _day(plan.billed_until),
            "committed_until": _day(plan.committed_until),
        }
        if plan
        else None,
        "roles": [{"person": r.person.name, "role": r.role} for r in account.roles],
        "numbers": [
            {
                "e164": n.e164,
                "label": n.label,
                "status": n.status,
                "port": n.port_out.status if n.port_out else None,
                "renewal": {
                    "price": money(n.renewal_minor),
                    "anchor_day": n.renewal_anchor_day,
                    "billed_until": _day(n.renewal_billed_until),
                }
                if n.renewal_minor is not None
                else None,
            }
            for n in account.numbers
        ],
        "charges": [
            {
                "kind": c.kind,
                "description": c.description,
                "amount": money(c.amount_minor),
                "occurred_at": c.occurred_at.isoformat(),
                "status": c.status,
            }
            for c in account.charges
        ],
        "meters": [
            {
                "name": m.name,
                "price": money(m.price_minor),
                "per": m.per,
                "usage": [
                    {
                        "quantity": r.quantity,
                        "occurred_at": r.occurred_at.isoformat(),
                        "reference": r.reference,
                        "status": r.status,
                    }
                    for r in m.records
                ],
            }
            for m in account.meters
        ],
        "taxes": [{"name": t.name, "rate_ppm": t.rate_ppm} for t in account.taxes],
        "closures": [
            _closure(work, closure)
            for closure in work.session.scalars(
                select(Closure).where(Closure.account_id == account.id).order_by(Closure.closed_at)
            )
        ],
        "sub_accounts": [_content(work, child) for child in account.children],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _closure(work: Work, closure: Closure) -> dict[str, Any]:
    bill = work.session.scalar(select(FinalBill).where(FinalBill.closure_id == closure.id))
    written_off = work.session.scalars(
        select(Adjustment).where(Adjustment.closure_id == closure.id).order_by(Adjustment.id)
    )
    return {
        "number": closure.number,
        "kind": closure.kind,
        "closed_at": closure.closed_at.isoformat(),
        "undone_at": closure.undone_at.isoformat() if closure.undone_at else None,
        "final_bill": {
            "total": as_json(Money(bill.total_minor, bill.currency)),
            "refund": as_json(Money(bill.refund_minor, bill.currency)),
            "credit": as_json(Money(bill.credit_minor, bill.currency)),
            "lines": bill.lines,
            "settles_on": bill.settles_on.isoformat(),
            "status": bill.status,
        }
        if bill
        else None,
        "written_off": [
            {"description": a.description, "amount": as_json(Money(a.amount_minor, a.currency))}
            for a in written_off
        ],
    }


def make_export(work: Work, account: Account, actor: Actor) -> Export:
    """Write an archive of what is stored about the account and note it. Kept for 30 days."""
    export_id = secrets.token_urlsafe(32)
    folder = work.data / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{account.number}-{work.now:%Y%m%dT%H%M%S}-{export_id[:8]}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("account.json", json.dumps(_content(work, account), indent=2))
    path.chmod(0o600)
    export = Export(
        id=export_id,
        account_id=account.id,
        file=path.name,
        created_at=work.now,
        expires_at=work.now + KEPT,
    )
    work.session.add(export)
    record(work.session, work.now, actor, "data.exported", f"account:{account.number}")
    return export


def still_readable(work: Work, account: Account, closure: Closure) -> bool:
    """Whether a closed account's data can still be exported.

    A closing guide: "you may log in to canceled accounts to review and export your data".
    """
    data = work.kind(account).data
    if closure.kind == "converted":
        return True
    days = data.kept_days.stated
    if not data.readable_after_closing.stated or days is None:
        return False
    return work.now < end_of(closure.closed_at, days, account.zone)


def latest_export(work: Work, account: Account) -> Export | None:
    """The newest archive that can still be fetched."""
    return work.session.scalar(
        select(Export)
        .where(Export.account_id == account.id, Export.expires_at > work.now)
        .order_by(Export.created_at.desc())
        .limit(1)
    )


def clear_expired(work: Work) -> int:
    """Delete the archives whose days are over; returns how many. A file that is gone already, for
    a sweep died in between, is no error."""
    over = list(work.session.scalars(select(Export).where(Export.expires_at <= work.now)))
    for export in over:
        (work.data / "exports" / export.file).unlink(missing_ok=True)
        work.session.delete(export)
        subject = f"account:{export.account_id}"
        record(work.session, work.now, SWEEP, "export.deleted", subject)
    return len(over)
