"""Accounts and what belongs to them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from farewell.billing.proration import Interval
from farewell.database import Base, UtcDateTime, new_id


class Person(Base):
    """Somebody who uses a vendor's product. `subject` is the host application's id."""

    __tablename__ = "persons"
    __table_args__ = (UniqueConstraint("vendor", "subject"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    vendor: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    about: Mapped[str | None]
    """Demo data only: what this person is good for trying out."""
    security_question: Mapped[int | None]
    """Index into the policy's security questions."""
    security_answer_hash: Mapped[str | None]
    roles: Mapped[list[Role]] = relationship(back_populates="person")

    @property
    def initials(self) -> str:
        """The first letters of the name, such as `A. B.`; said instead of the name."""
        return " ".join(f"{part[0]}." for part in self.name.split() if part)


class Account(Base):
    """A customer's account with a vendor. `number` is unique and is what people see."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    vendor: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    type: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    """active, closing, closed, converted, purged"""
    zone: Mapped[str] = mapped_column(default="UTC")
    currency: Mapped[str]
    balance_minor: Mapped[int] = mapped_column(default=0)
    """Money that the vendor holds for the customer, in minor units; never negative."""
    payment_method: Mapped[str | None]
    features: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)

    parent: Mapped[Account | None] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list[Account]] = relationship(
        back_populates="parent", order_by="Account.number"
    )
    roles: Mapped[list[Role]] = relationship(back_populates="account", order_by="Role.id")
    numbers: Mapped[list[PhoneNumber]] = relationship(
        back_populates="account", order_by="PhoneNumber.e164"
    )
    subscription: Mapped[Subscription | None] = relationship(back_populates="account")
    charges: Mapped[list[Charge]] = relationship(back_populates="account", order_by="Charge.id")
    meters: Mapped[list[Meter]] = relationship(back_populates="account", order_by="Meter.id")
    taxes: Mapped[list[Tax]] = relationship(back_populates="account", order_by="Tax.id")


class Role(Base):
    """What a person is in an account."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("account_id", "person_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    role: Mapped[str]
    account: Mapped[Account] = relationship(back_populates="roles")
    person: Mapped[Person] = relationship(back_populates="roles")


class Subscription(Base):
    """The plan that an account pays for. `locked_at` is the billing lock."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), unique=True)
    plan: Mapped[str]
    price_minor: Mapped[int]
    """Price of a full period in minor units."""
    interval: Mapped[Interval] = mapped_column(String, default="month")
    """month, quarter, year"""
    anchor_day: Mapped[int] = mapped_column(default=1)
    """Day of the month on which a period starts, in the account's zone."""
    anchor_month: Mapped[int] = mapped_column(default=1)
    """A month (1 to 12) in which a quarter or year starts."""
    status: Mapped[str] = mapped_column(default="active")
    """active, canceled, free"""
    billed_until: Mapped[date | None]
    """Last day that has been billed in full already (account's zone)."""
    committed_until: Mapped[date | None]
    """Last day of the commitment, if there is one (account's zone)."""
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship(back_populates="subscription")


class Charge(Base):
    """Something with an amount of its own that no final bill has settled."""

    __tablename__ = "charges"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str]
    """usage, one_off, outstanding (an earlier bill that is not paid), credit (given to the
    customer)"""
    description: Mapped[str]
    amount_minor: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(default="open")
    """open, billed, written_off"""
    account: Mapped[Account] = relationship(back_populates="charges")


class Meter(Base):
    """Something that is measured and costs `price_minor` for every `per` units."""

    __tablename__ = "meters"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    price_minor: Mapped[int]
    per: Mapped[int] = mapped_column(default=1)
    account: Mapped[Account] = relationship(back_populates="meters")
    records: Mapped[list[UsageRecord]] = relationship(
        back_populates="meter", order_by="UsageRecord.id"
    )


class UsageRecord(Base):
    """A quantity that was used, in whole units of its meter."""

    __tablename__ = "usage_records"
    __table_args__ = (UniqueConstraint("meter_id", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"), index=True)
    reference: Mapped[str | None]
    """The host application's id; the same one is recorded once."""
    quantity: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(default="open")
    """open, billed, written_off"""
    meter: Mapped[Meter] = relationship(back_populates="records")


class Tax(Base):
    """A tax that the account bears, as parts per million of what is taxed (8.875 % is 88750)."""

    __tablename__ = "taxes"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    rate_ppm: Mapped[int]
    account: Mapped[Account] = relationship(back_populates="taxes")


class PhoneNumber(Base):
    """A number of the account; the e164 form is `+13035550101`."""

    __tablename__ = "phone_numbers"
    __table_args__ = (
        Index(
            "uq_phone_numbers_in_use",
            "e164",
            unique=True,
            sqlite_where=text("status = 'active'"),
            postgresql_where=text("status = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    e164: Mapped[str]
    label: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="active")
    """active, releasing (the host has not acknowledged yet), released, closed (it went with the
    account; nobody releases it), ported"""
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    renewal_minor: Mapped[int | None]
    """What the number costs a month beside the plan, in minor units."""
    renewal_anchor_day: Mapped[int] = mapped_column(default=1)
    """Day of the month on which it renews, in the account's zone."""
    renewal_billed_until: Mapped[date | None]
    """Last day of the number that has been billed already (account's zone)."""
    account: Mapped[Account] = relationship(back_populates="numbers")
    port_out: Mapped[PortOut | None] = relationship(back_populates="number")

    @property
    def is_released(self) -> bool:
        """Whether it was given back by a closing, acknowledged by the host or not yet."""
        return self.status in ("releasing", "released")


class PortOut(Base):
    """A number on its way to another provider. `completed` is the carrier's word, `verified`
    is the customer's: it works there."""

    __tablename__ = "port_outs"

    id: Mapped[int] = mapped_column(primary_key=True)
    number_id: Mapped[int] = mapped_column(ForeignKey("phone_numbers.id"), unique=True)
    status: Mapped[str]
    """submitted, confirmed, completed, verified, canceled"""
    given_up: Mapped[bool] = mapped_column(default=False)
    """The customer gave this very number up by name."""
    number: Mapped[PhoneNumber] = relationship(back_populates="port_out")

    @property
    def is_open(self) -> bool:
        """Whether the number must not be released (rule 5)."""
        return self.status not in ("verified", "canceled") and not self.given_up
