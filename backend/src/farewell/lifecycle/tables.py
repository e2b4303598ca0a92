"""Dated duties that follow a closure."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from farewell.database import Base, UtcDateTime, new_id


class Duty(Base):
    """Something that must be done at a time: settle the bill, purge data, end a window."""

    __tablename__ = "duties"
    __table_args__ = (UniqueConstraint("closure_id", "kind"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    closure_id: Mapped[str] = mapped_column(ForeignKey("closures.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(default="planned")
    """planned, done, canceled"""


class Export(Base):
    """An archive of an account's data. The id cannot be guessed and is the link."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    file: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
