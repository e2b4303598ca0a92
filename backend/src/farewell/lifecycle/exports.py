"""The customer's data as an archive, made before closing and kept for a stated time."""

from __future__ import annotations

import json
import secrets
import zipfile
from datetime import timedelta

from sqlalchemy import select

from farewell.accounts.snapshot import AccountView
from farewell.accounts.tables import Account
from farewell.audit import Actor, record
from farewell.closing.tables import Closure
from farewell.facts import as_json
from farewell.lifecycle.tables import Export
from farewell.work import Work

KEPT = timedelta(days=30)


def _content(account: AccountView) -> dict[str, object]:
    return {
        "number": account.number,
        "name": account.name,
        "type": account.type,
        "balance": as_json(account.money(account.balance_minor)),
        "plan": account.subscription.plan if account.subscription else None,
        "numbers": [{"e164": n.e164, "label": n.label} for n in account.numbers],
        "open_charges": [
            {"description": c.description, "amount": as_json(account.money(c.amount_minor))}
            for c in account.charges
        ],
        "sub_accounts": [_content(child) for child in account.children],
    }


def make_export(work: Work, account: Account, actor: Actor) -> Export:
    """Write an archive of what is stored about the account and note it. Kept for 30 days."""
    export_id = secrets.token_urlsafe(32)
    folder = work.data / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{account.number}-{work.now:%Y%m%dT%H%M%S}-{export_id[:8]}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("account.json", json.dumps(_content(work.view(account)), indent=2))
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

    CTM's guide: "you may log in to canceled accounts to review and export your data" for 60 days.
    """
    data = work.kind(account).data
    if closure.kind == "converted":
        return True
    days = data.kept_days.stated
    if not data.readable_after_closing.stated or days is None:
        return False
    return work.now < closure.closed_at + timedelta(days=days)


def latest_export(work: Work, account: Account) -> Export | None:
    """The newest archive that can still be fetched."""
    return work.session.scalar(
        select(Export)
        .where(Export.account_id == account.id, Export.expires_at > work.now)
        .order_by(Export.created_at.desc())
        .limit(1)
    )
