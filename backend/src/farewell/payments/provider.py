"""What Farewell asks of whoever moves the money, and what may be answered.

One interface with two sides: a simulated card (`simulated.py`) and Stripe (`stripe_side.py`).
Only duties call it, after the commit and outside every transaction. Each call carries an
idempotency key: the same key again never has a second effect. Amounts are whole minor units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class Payer:
    """Whom the provider charges or pays back: its own names for customer and method."""

    customer: str
    method: str | None
    """None: the customer's default method."""


@dataclass(frozen=True)
class Charge:
    """Charge the method on file while the customer is away."""

    payer: Payer
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class LookUp:
    """Ask what became of a payment that was still under way."""

    reference: str


@dataclass(frozen=True)
class Refund:
    """Pay back a part of an earlier payment, or all of it."""

    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class CancelPayment:
    """Stop a payment that is under way."""

    reference: str


@dataclass(frozen=True)
class CancelSubscription:
    """End the subscription at the provider, at once and without another invoice."""

    reference: str


@dataclass(frozen=True)
class ListPayments:
    """Read the customer's captured payments, newest first; `since` is in UTC."""

    payer: Payer
    since: datetime | None = None


Call = Charge | LookUp | Refund | CancelPayment | CancelSubscription | ListPayments


@dataclass(frozen=True)
class Payment:
    """A captured payment, and how much of it can still be paid back."""

    reference: str
    refundable_minor: int
    currency: str
    """ISO 4217; empty: any."""
    made_at: datetime


@dataclass(frozen=True)
class Done:
    """It happened. `reference` is the provider's name for it."""

    reference: str
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True)
class Declined:
    """It did not happen and will not under this key; `code` is the provider's reason."""

    code: str
    final: bool = False
    """It will not happen on another day either: the provider does not accept the request itself."""


@dataclass(frozen=True)
class Pending:
    """It is under way; ask again for `reference`."""

    reference: str


@dataclass(frozen=True)
class Captured:
    """Too late to stop: the payment has gone through."""

    reference: str
    amount_minor: int
    currency: str


Answer = Done | Declined | Pending | Captured


class Silence(Exception):
    """No answer that says what happened: ask again with the same key. The text is a short code."""


class PaymentProvider(Protocol):
    """One side of the interface."""

    keys_kept: timedelta | None
    """How long the provider remembers a key; None: for ever."""

    def perform(self, call: Call, key: str) -> Answer:
        """Do what is asked, at most once for a key.

        Raises Silence where it is not known whether it happened.
        """
        ...
