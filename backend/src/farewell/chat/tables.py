"""Conversations, their messages and the buttons that were offered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farewell.accounts.tables import Account, Person
from farewell.database import Base, UtcDateTime, new_id


class Conversation(Base):
    """One talk. Identity belongs to it (rule 1): who it is, and which account it is about."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    """`issuer/cid` where the host application named the conversation."""
    vendor: Mapped[str | None]
    chose_vendor: Mapped[bool] = mapped_column(default=False)
    """Whether a visitor said here which vendor it is about, and may take that back."""
    language: Mapped[str | None]
    """The language of the page that a visitor came from; a person has one of their own."""
    person_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    topic: Mapped[str] = mapped_column(default="none")
    """What is being led through: none, choose_account, verify, closing, reactivation, restore"""
    wanted: Mapped[str | None]
    """The wish that waits for an account: closing, reactivation, or a question's topic."""
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The reason for leaving (code, words, whether it was given as such) that waits for a case."""
    asked: Mapped[str | None]
    """The requirement whose question was delivered last and is still open."""
    asked_facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What an answer to the open question is about: the quote, the number, the price."""
    asked_key: Mapped[str | None]
    """The open question with what it is about; another account, quote or number is another
    question."""
    times_asked: Mapped[int] = mapped_column(default=0)
    """How often the open question was delivered in a row; it is worded accordingly."""
    step_facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the next question will be about; becomes `asked_facts` when it is delivered."""
    pressed: Mapped[str | None]
    """What the last customer message certainly means: the payload of its button, or of a plain
    yes or no. None for free words: nothing irreversible follows from those."""
    actions_ran: Mapped[bool] = mapped_column(default=False)
    """Whether the assistant's actions reached the backend since the last customer message."""
    verifying_account: Mapped[str | None]
    """Account number given by a visitor; the next message is the security answer."""
    awaits_number: Mapped[str | None]
    """The answer about a port whose number was just asked for; the next message may be it."""
    further: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Ids of the accounts that are to be closed after the present one."""
    objected: Mapped[bool] = mapped_column(default=False)
    """Whether a standing confirmation was taken back that the customer has to hear of yet."""
    awaits_message: Mapped[str | None]
    """The handover for which the customer may leave a message now."""
    address: Mapped[str | None]
    """Network address that a visitor came from; limits wrong security answers."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person | None] = relationship()
    account: Mapped[Account | None] = relationship()


class Message(Base):
    """One message. `id` rises within a conversation, so `after` continues where one stopped."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    sender: Mapped[str]
    """customer, bot, agent, system"""
    text: Mapped[str]
    buttons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OfferedButton(Base):
    """A button's opaque payload and the intent behind it, until its question is settled."""

    __tablename__ = "offered_buttons"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    title: Mapped[str]
    payload: Mapped[str]
    question: Mapped[str | None]
    settled: Mapped[bool] = mapped_column(default=False)


class VerificationFailures(Base):
    """Wrong security answers for an account number (known or not) or an address."""

    __tablename__ = "verification_failures"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
