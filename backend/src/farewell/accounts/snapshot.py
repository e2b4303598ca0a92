"""An account as plain values, so that rules need no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import phonenumbers

from farewell.billing.money import Money
from farewell.facts import Phrase, VendorWords
from farewell.policy.model import AccountType


def readable(e164: str) -> str:
    """A phone number as people write it, such as `+1 303-555-0101`."""
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@dataclass(frozen=True)
class NumberView:
    """A phone number with the state of its port-out, if any."""

    e164: str
    label: str | None
    port: str | None
    """None, submitted, confirmed or completed: only ports that are open."""

    def phrase(self) -> Phrase:
        """The number for people."""
        facts = {"number": readable(self.e164)}
        if not self.label:
            return Phrase("number.plain", facts)
        return Phrase("number.labelled", {**facts, "label": self.label})


@dataclass(frozen=True)
class ChargeView:
    """An open charge in minor units."""

    id: int
    description: str
    amount_minor: int


@dataclass(frozen=True)
class SubscriptionView:
    """The plan that is being paid for."""

    plan: str
    price_minor: int
    anchor_day: int
    billed_until: date | None


@dataclass(frozen=True)
class AccountView:
    """What the rules see of an account and the active accounts under it."""

    id: str
    number: str
    name: str
    type: str
    zone: str
    currency: str
    balance_minor: int
    payment_method: str | None
    parent_name: str | None
    subscription: SubscriptionView | None
    numbers: tuple[NumberView, ...]
    charges: tuple[ChargeView, ...]
    closers: tuple[tuple[str, str], ...]
    """Role and initials of everybody who may close, by the policy."""
    children: tuple[AccountView, ...] = field(default=())

    def label(self, kind: AccountType) -> Phrase:
        """Name, number and kind for people."""
        return Phrase(
            "account.label",
            {"name": self.name, "number": self.number, "type": VendorWords(kind.name)},
        )

    def named(self) -> Phrase:
        """Name and number for people."""
        return Phrase("account.named", {"name": self.name, "number": self.number})

    def money(self, minor: int) -> Money:
        """An amount in the account's currency."""
        return Money(minor, self.currency)

    def today(self, now: datetime) -> date:
        """The present day in the account's zone."""
        return now.astimezone(ZoneInfo(self.zone)).date()

    def everywhere(self) -> tuple[AccountView, ...]:
        """This account and the active ones under it."""
        return (self, *self.children)

    @property
    def held_minor(self) -> int:
        """Money held for the customer here and in the active accounts under it."""
        return sum(account.balance_minor for account in self.everywhere())

    def all_numbers(self) -> tuple[NumberView, ...]:
        """Numbers in use here and in the active accounts under it."""
        return tuple(number for account in self.everywhere() for number in account.numbers)

    @property
    def porting(self) -> bool:
        """Whether a number is being ported, so that the day of closing is not known yet."""
        return any(number.port for number in self.all_numbers())
