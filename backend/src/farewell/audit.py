"""The audit: every change of state, each entry chained to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from farewell.database import Base, UtcDateTime

FIRST = "0" * 64


@dataclass(frozen=True)
class Actor:
    """Who does something, and through which channel."""

    name: str
    """`person:ID`, `service`, `sweep` or `operator`."""
    channel: str
    """chat, form, api, desk, sweep, cli"""


HOST = Actor("service", "api")
"""The host application, with the service token."""
SWEEP = Actor("sweep", "sweep")
OPERATOR = Actor("operator", "cli")


class AuditEntry(Base):
    """One thing that happened. Holds ids and codes, never card, answer or message text."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    channel: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)

    def computed_hash(self) -> str:
        """The hash that this entry must have."""
        content = json.dumps(
            [
                self.at.astimezone(UTC).isoformat(),
                self.actor,
                self.channel,
                self.action,
                self.subject,
                self.facts,
                self.previous_hash,
            ],
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(content.encode()).hexdigest()


def record(
    session: Session, now: datetime, actor: Actor, action: str, subject: str, **facts: Any
) -> None:
    """Append an entry. The unique `previous_hash` lets no two entries follow the same one."""
    session.flush()
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(
        at=now,
        actor=actor.name,
        channel=actor.channel,
        action=action,
        subject=subject,
        facts=facts,
        previous_hash=last.hash if last else FIRST,
    )
    entry.hash = entry.computed_hash()
    session.add(entry)
    session.flush()


def broken_entries(session: Session) -> list[int]:
    """Ids of entries whose hash or link does not hold; empty when the chain is whole."""
    broken, previous = [], FIRST
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if entry.previous_hash != previous or entry.hash != entry.computed_hash():
            broken.append(entry.id)
        previous = entry.hash
    return broken
