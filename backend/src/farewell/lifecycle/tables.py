"""Dated duties that follow a closure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from farewell.database import Base, UtcDateTime, new_id


class Duty(Base):
    """Something that must be done at a time: settle the bill, purge data, end a window."""

    __tablename__ = "duties"
    __table_args__ = (UniqueConstraint("closure_id", "kind", "subject"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    closure_id: Mapped[str] = mapped_column(ForeignKey("closures.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    """What it is about, where a closure has several of a kind."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(default="planned")
    """planned, done, canceled, needs_human"""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What its handler keeps: amounts in minor units, parts of a refund."""
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it is taken up again after a first try; None: at `due_at`."""
    last_error: Mapped[str | None]
    """Code of what went wrong last."""
    unanswered: Mapped[int] = mapped_column(default=0)
    """Tries in a row that ended without an answer."""
    claimed_by: Mapped[str | None]
    """The sweep that has it in hand: `machine/process/run`."""
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """By the real clock: after this moment another sweep may take it."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class DutyAttempt(Base):
    """One call of the payment provider, noted with its key before it is made."""

    __tablename__ = "duty_attempts"
    __table_args__ = (UniqueConstraint("duty_id", "number"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    duty_id: Mapped[str] = mapped_column(ForeignKey("duties.id"), index=True)
    number: Mapped[int]
    call: Mapped[str]
    """charge, refund, cancelpayment, cancelsubscription, listpayments"""
    key: Mapped[str] = mapped_column(unique=True)
    """The idempotency key; the same for every repetition of this call."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """By the real clock, for providers forget keys."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None]
    """None (not known yet), done, declined, captured"""
    reference: Mapped[str | None] = mapped_column(index=True)
    code: Mapped[str | None]


class HumanTask(Base):
    """A duty that a human has to finish."""

    __tablename__ = "human_tasks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    duty_id: Mapped[str] = mapped_column(ForeignKey("duties.id"), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    code: Mapped[str]
    """Why; `docs/payments.md` lists the codes."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Export(Base):
    """An archive of an account's data. The id cannot be guessed and is the link."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    file: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
