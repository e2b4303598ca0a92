"""Idempotency keys: the same key and body get the same answer, another body is an error.

A call first claims its key in a transaction of its own, so that others see it in flight. Its
answer is stored in the transaction of the use case itself, and only by who holds the claim:
both hold or neither. A claim whose process died lapses by itself.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from farewell.database import Base, UtcDateTime, new_id
from farewell.errors import Problem

KEPT = timedelta(hours=48)
CLAIM_LAPSES = timedelta(seconds=20)
"""Twice as long as a use case tries (`database.PATIENCE`). One that takes longer is harmless: it
finds that the claim is another's, and is rolled back."""


class IdempotencyKey(Base):
    """One call of one caller, in flight or answered."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    claim: Mapped[str | None] = mapped_column(String(36))
    """Who carries the call out now; None once it is answered."""
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The answer; None while the call is in flight."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the call was claimed, then when it was answered."""


@dataclass(frozen=True)
class Claim:
    """The right to carry out a call, or the answer that it got before."""

    caller: str
    key: str
    id: str
    answer: dict[str, Any] | None = None


def in_flight() -> Problem:
    """409 while the same call is being carried out elsewhere."""
    return Problem(
        409,
        "idempotency_key_in_flight",
        "A request with this Idempotency-Key is being carried out; send it again in a moment.",
    )


def claim(session: Session, now: datetime, *, caller: str, key: str | None, request: Any) -> Claim:
    """Claim a key for a call, or find the call's answer.

    Raises Problem 400 without a key, 422 where it was used with another body, 409 while the same
    call is in flight.
    """
    if not key or len(key) > 200:
        raise Problem(
            400, "idempotency_key_required", "Send an Idempotency-Key header, such as a new UUID."
        )
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    mine = Claim(caller, key, new_id())
    known = session.get(IdempotencyKey, (caller, key))
    if known is None or known.created_at < now - KEPT:
        known = known or IdempotencyKey(caller=caller, key=key)
        session.add(known)
    elif known.request_hash != digest:
        raise Problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request; take a new one.",
        )
    elif known.body is not None:
        return Claim(caller, key, mine.id, known.body)
    elif now < known.created_at + CLAIM_LAPSES:
        raise in_flight()
    known.request_hash, known.claim, known.body, known.created_at = digest, mine.id, None, now
    session.flush()
    return mine


def settle(session: Session, now: datetime, claim: Claim, body: dict[str, Any]) -> None:
    """Store the answer, in the transaction that did what it tells.

    Raises Problem 409 where the claim lapsed and another one carries the call out.
    """
    known = session.get(IdempotencyKey, (claim.caller, claim.key))
    if known is None or known.claim != claim.id:
        raise in_flight()
    known.claim, known.body, known.created_at = None, body, now
    session.flush()


def release(session: Session, claim: Claim) -> None:
    """Give a claim back: nothing was done, so that the same key may be sent again."""
    session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.caller == claim.caller,
            IdempotencyKey.key == claim.key,
            IdempotencyKey.claim == claim.id,
        )
    )


def forget_old(session: Session, now: datetime) -> None:
    """Delete the calls that are kept no longer."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
