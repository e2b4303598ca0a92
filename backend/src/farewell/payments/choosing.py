"""Which side of the payment interface is used."""

from __future__ import annotations

from farewell.clock import Clock
from farewell.config import Settings
from farewell.database import Database
from farewell.payments.provider import PaymentProvider
from farewell.payments.simulated import SimulatedCard


class PaymentsError(RuntimeError):
    """Payments are not set up; the text says what to set."""


def provider_from(settings: Settings, database: Database, clock: Clock) -> PaymentProvider:
    """The side that `FAREWELL_PAYMENTS` names.

    Raises PaymentsError where Stripe is chosen without its key.
    """
    if settings.payments == "ledger":
        return SimulatedCard(database, clock)
    if settings.stripe_key is None:
        raise PaymentsError("FAREWELL_PAYMENTS=stripe needs FAREWELL_STRIPE_KEY.")
    # Only here, for the client takes its time to load and most commands need none.
    from farewell.payments.stripe_side import StripeSide

    return StripeSide(settings.stripe_key.get_secret_value(), settings.stripe_url)
