"""The closing case and the closure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farewell.accounts.tables import Account
from farewell.database import Base, UtcDateTime, new_id

CONFIRMED_STATES = ("waiting_for_port", "waiting_for_approval", "scheduled")
"""Confirmed, but not carried out yet: it can still be withdrawn."""
OPEN_STATES = ("open", *CONFIRMED_STATES)
_ONE_OPEN_CASE = text("state IN ('open', 'waiting_for_port', 'waiting_for_approval', 'scheduled')")


class ClosingCase(Base):
    """One customer's wish to close one account, until it is closed or given up."""

    __tablename__ = "closing_cases"
    __table_args__ = (
        Index(
            "uq_closing_cases_open_account",
            "account_id",
            unique=True,
            sqlite_where=_ONE_OPEN_CASE,
            postgresql_where=_ONE_OPEN_CASE,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    state: Mapped[str] = mapped_column(default="open")
    """open, waiting_for_port, waiting_for_approval, scheduled, closed, converted, abandoned,
    expired"""
    version: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    skip_ahead: Mapped[bool] = mapped_column(default=False)
    """The customer said "just cancel it": what can be skipped is skipped."""
    reason_code: Mapped[str | None]
    """Why the customer leaves; None where nothing was said, or the words were not sorted."""
    reason_words: Mapped[str | None]
    """The reason in the customer's own words."""
    standing_limit_minor: Mapped[int | None]
    """A confirmed case closes without another question up to this amount (minor units; negative:
    at least so much goes back)."""
    standing_facts: Mapped[str | None]
    """Fingerprint of what the standing confirmation was given for, open ports left out."""
    standing_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    standing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    effective_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When the confirmed closing takes effect; None where that is at once."""
    agreed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a confirmation for later, or for a second person, was given for."""

    account: Mapped[Account] = relationship()
    answers: Mapped[list[Answer]] = relationship(back_populates="case", order_by="Answer.id")
    approval: Mapped[Approval | None] = relationship(back_populates="case")

    __mapper_args__ = {"version_id_col": version}

    @property
    def gave_reason(self) -> bool:
        """Whether the customer said why, in a code or in words."""
        return bool(self.reason_code or self.reason_words)

    def answer_to(self, code: str, subject: str = "") -> Answer | None:
        """What was answered to a requirement."""
        return next((a for a in self.answers if a.code == code and a.subject == subject), None)


class Approval(Base):
    """A second person agreed to a closing, where the policy needs one; at most once a case."""

    __tablename__ = "approvals"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("closing_cases.id"), unique=True)
    by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case: Mapped[ClosingCase] = relationship(back_populates="approval")


class Answer(Base):
    """The answer to one requirement; `subject` tells which number or offer it is about."""

    __tablename__ = "requirement_answers"
    __table_args__ = (UniqueConstraint("case_id", "code", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("closing_cases.id"), index=True)
    code: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    value: Mapped[str]
    by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case: Mapped[ClosingCase] = relationship(back_populates="answers")


class Shown(Base):
    """A requirement that was put before a customer, with the fingerprint of its facts."""

    __tablename__ = "requirements_shown"
    __table_args__ = (UniqueConstraint("case_id", "viewer", "code", "facts_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("closing_cases.id"), index=True)
    viewer: Mapped[str]
    """The conversation, or the person for form and API."""
    code: Mapped[str]
    facts_hash: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Closure(Base):
    """An account was closed or converted. At most one an account that is not undone (rule 2)."""

    __tablename__ = "closures"
    __table_args__ = (
        Index(
            "uq_closures_standing_account",
            "account_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("closing_cases.id"), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("closures.id"))
    """The agency's closure that took this sub-account along."""
    kind: Mapped[str]
    """closed, converted"""
    closed_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    statements: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What the customer was told: codes and facts of the receipt."""
    account: Mapped[Account] = relationship()
