"""Promise a message inside the transaction that causes it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from farewell.accounts.tables import Account
from farewell.facts import Statement, as_json
from farewell.notify.tables import OutgoingMessage


def promise(
    session: Session,
    now: datetime,
    *,
    kind: str,
    person_id: str,
    account: Account,
    statements: list[Statement],
) -> None:
    """Put a message into the outbox; it leaves after the commit."""
    session.add(
        OutgoingMessage(
            kind=kind,
            person_id=person_id,
            account_id=account.id,
            facts={"statements": [{"code": s.code, "facts": as_json(s.facts)} for s in statements]},
            created_at=now,
        )
    )
