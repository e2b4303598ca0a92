"""Handovers: a customer asked for a human."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from farewell.database import Base, UtcDateTime, new_id


class Handover(Base):
    """What a human needs in order to take over."""

    __tablename__ = "handovers"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    step: Mapped[str]
    """The requirement that was open, or `none`."""
    error_code: Mapped[str | None]
    summary: Mapped[str]
    message: Mapped[str | None]
    """What the customer left for the human."""
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
