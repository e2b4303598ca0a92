"""The books, the provider's names for an account, and the simulated card's memory.

Amounts are whole minor units of `currency`, times UTC.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farewell.database import Base, UtcDateTime, new_id


class PaymentProfile(Base):
    """The payment provider's names for an account; the host application tells them."""

    __tablename__ = "payment_profiles"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    customer: Mapped[str] = mapped_column(index=True)
    method: Mapped[str | None]
    subscription: Mapped[str | None]


class ChargePayment(Base):
    """A payment for an open charge that was begun before the account was closed."""

    __tablename__ = "charge_payments"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    charge_id: Mapped[int] = mapped_column(ForeignKey("charges.id"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(default="in_flight")
    """in_flight, captured, canceled, refunded"""
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerTransaction(Base):
    """One movement of money: entries that come to zero. `key` says what it is for, once."""

    __tablename__ = "ledger_transactions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    currency: Mapped[str]
    reference: Mapped[str | None]
    """The provider's name for it."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    entries: Mapped[list[LedgerEntry]] = relationship(
        back_populates="transaction", order_by="LedgerEntry.id"
    )


class LedgerEntry(Base):
    """One side of a transaction: debits are positive, credits negative."""

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("ledger_transactions.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    book: Mapped[str]
    """receivable, cash, customer_credit, revenue, write_off, forfeited"""
    amount_minor: Mapped[int]
    transaction: Mapped[LedgerTransaction] = relationship(back_populates="entries")


class SimulatedOperation(Base):
    """What the simulated card did, by key: a provider's own memory, apart from the books."""

    __tablename__ = "simulated_operations"

    key: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    """charge, refund, cancel_payment, cancel_subscription"""
    customer: Mapped[str] = mapped_column(index=True)
    about: Mapped[str | None]
    """The payment or subscription that it is about."""
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    """done, declined, pending, canceled"""
    code: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
