"""Quotes and final bills. Amounts are whole minor units of `currency`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from farewell.database import Base, UtcDateTime, new_id


class Quote(Base):
    """A binding offer of the final bill until `expires_at` (rule 3)."""

    __tablename__ = "quotes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("closing_cases.id"), index=True)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    currency: Mapped[str]
    total_minor: Mapped[int]
    """What the customer pays; 0 where a credit is due instead."""
    refund_minor: Mapped[int]
    """What goes back to the customer."""
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    written_off: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    settles_on: Mapped[date]
    facts_hash: Mapped[str]
    """Fingerprint of the facts whose change makes the quote stale."""
    effective_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the closing takes effect that it is for; None for at once."""
    usage_limit_minor: Mapped[int] = mapped_column(default=0)
    """The most that usage between `as_of` and `effective_at` adds to it."""


class FinalBill(Base):
    """The bill of a closure: exactly its quote."""

    __tablename__ = "final_bills"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    closure_id: Mapped[str] = mapped_column(ForeignKey("closures.id"), unique=True)
    quote_id: Mapped[str] = mapped_column(ForeignKey("quotes.id"), unique=True)
    currency: Mapped[str]
    total_minor: Mapped[int]
    refund_minor: Mapped[int]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    settles_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="due")
    """due, settled, nothing_due"""


class Adjustment(Base):
    """An amount written off, by its own entry."""

    __tablename__ = "adjustments"

    id: Mapped[int] = mapped_column(primary_key=True)
    closure_id: Mapped[str] = mapped_column(ForeignKey("closures.id"), index=True)
    charge_id: Mapped[int | None] = mapped_column(ForeignKey("charges.id"))
    description: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
