"""Idempotency keys: the same key and body get the stored answer, another body is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from farewell.database import Base, UtcDateTime
from farewell.errors import Problem

KEPT = timedelta(hours=48)


class IdempotencyKey(Base):
    """One answered call of one caller."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def once(
    session: Session,
    now: datetime,
    *,
    caller: str,
    key: str | None,
    request: Any,
    run: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Run a use case once for a key; it shares the transaction, so both hold or neither.

    Raises Problem 400 without a key and 422 where the key was used with another body.
    """
    if not key or len(key) > 200:
        raise Problem(
            400, "idempotency_key_required", "Send an Idempotency-Key header, such as a new UUID."
        )
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
    known = session.get(IdempotencyKey, (caller, key))
    if known:
        if known.request_hash != digest:
            raise Problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request; take a new one.",
            )
        return known.body
    body = run()
    session.add(
        IdempotencyKey(caller=caller, key=key, request_hash=digest, body=body, created_at=now)
    )
    session.flush()
    return body
