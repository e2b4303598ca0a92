"""The side `stripe`: the official client, with our key on every call.

The client repeats nothing by itself: what repeats is a later run of the duty, with the same key.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import stripe

from farewell.payments.provider import (
    Answer,
    Call,
    CancelPayment,
    CancelSubscription,
    Captured,
    Charge,
    Declined,
    Done,
    ListPayments,
    LookUp,
    Payment,
    Pending,
    Refund,
    Silence,
)

SECONDS = 30.0
"""Time limit of one call; well below the time for which a duty is claimed."""
PAGE = 100
"""Payments that are read at a time; the client reads on by itself."""


class StripeSide:
    """Charges, refunds and cancels at Stripe. Amounts are minor units, as Stripe counts them."""

    keys_kept: timedelta | None = timedelta(hours=24)
    """Stripe: keys may be removed "after they're at least 24 hours old"."""

    def __init__(self, secret_key: str, url: str | None = None, seconds: float = SECONDS) -> None:
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": url} if url else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=seconds),
        )

    def perform(self, call: Call, key: str) -> Answer:
        """Do what is asked, at most once for a key.

        Raises Silence where Stripe did not answer, was busy with the same key, or failed itself.
        """
        try:
            return self._perform(call, key)
        except stripe.CardError as error:
            return Declined(error.code or "card_declined")
        except (stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError) as e:
            raise Silence(type(e).__name__) from e
        except stripe.InvalidRequestError as error:
            # An answer: Stripe did nothing and says why.
            return Declined(error.code or "invalid_request", final=True)
        except stripe.StripeError as error:
            raise Silence(type(error).__name__) from error

    def _perform(self, call: Call, key: str) -> Answer:
        match call:
            case Charge():
                return self._charge(call, key)
            case LookUp(reference):
                return outcome(self._client.v1.payment_intents.retrieve(reference))
            case Refund():
                return self._refund(call, key)
            case CancelPayment(reference):
                return self._cancel_payment(reference, key)
            case CancelSubscription(reference):
                return self._cancel_subscription(reference, key)
            case ListPayments():
                return Done(call.payer.customer, self._payments(call))

    def _charge(self, call: Charge, key: str) -> Answer:
        method = call.payer.method or self._default_method(call.payer.customer)
        if method is None:
            return Declined("no_payment_method", final=True)
        intent = self._client.v1.payment_intents.create(
            {
                "amount": call.amount_minor,
                "currency": call.currency.lower(),
                "customer": call.payer.customer,
                "payment_method": method,
                "confirm": True,
                "off_session": True,
                "metadata": {"farewell": key},
            },
            {"idempotency_key": key},
        )
        return outcome(intent)

    def _default_method(self, customer: str) -> str | None:
        settings = self._client.v1.customers.retrieve(customer).invoice_settings
        method = settings.default_payment_method if settings else None
        return method if isinstance(method, str) or method is None else method.id

    def _refund(self, call: Refund, key: str) -> Answer:
        asked: stripe.params.RefundCreateParams = {
            "amount": call.amount_minor,
            "metadata": {"farewell": key},
        }
        asked["payment_intent" if call.reference.startswith("pi_") else "charge"] = call.reference
        refund = self._client.v1.refunds.create(asked, {"idempotency_key": key})
        if refund.status in ("failed", "canceled"):
            return Declined(refund.failure_reason or refund.status)
        return Done(refund.id)

    def _cancel_payment(self, reference: str, key: str) -> Answer:
        intent = self._client.v1.payment_intents.retrieve(reference)
        if intent.status == "succeeded":
            return Captured(reference, intent.amount, intent.currency.upper())
        if intent.status == "canceled":
            return Done(reference)
        if intent.status == "processing":
            raise Silence("processing")  # it can be neither stopped nor paid back yet
        self._client.v1.payment_intents.cancel(reference, {}, {"idempotency_key": key})
        return Done(reference)

    def _cancel_subscription(self, reference: str, key: str) -> Answer:
        subscription = self._client.v1.subscriptions.retrieve(reference)
        if subscription.status not in ("canceled", "incomplete_expired"):
            self._client.v1.subscriptions.cancel(reference, {}, {"idempotency_key": key})
        return Done(reference)

    def _payments(self, call: ListPayments) -> tuple[Payment, ...]:
        listed = self._client.v1.charges.list(
            {
                "customer": call.payer.customer,
                "limit": PAGE,
                **({"created": {"gt": int(call.since.timestamp())}} if call.since else {}),
            }
        )
        found = [
            Payment(
                reference=_intent_of(charge) or charge.id,
                refundable_minor=charge.amount - charge.amount_refunded,
                currency=charge.currency.upper(),
                made_at=datetime.fromtimestamp(charge.created, UTC),
            )
            for charge in listed.auto_paging_iter()
            if charge.status == "succeeded" and charge.captured
        ]
        return tuple(sorted(found, key=lambda payment: payment.made_at, reverse=True))


def _intent_of(charge: stripe.Charge) -> str | None:
    intent = charge.payment_intent
    return intent if isinstance(intent, str) or intent is None else intent.id


def outcome(intent: stripe.PaymentIntent) -> Answer:
    """What a payment's state at Stripe means for the duty."""
    match intent.status:
        case "succeeded":
            return Done(intent.id)
        case "processing":
            return Pending(intent.id)
        case _:
            # Off session nobody is there to authenticate, so this payment will not happen.
            error = intent.last_payment_error
            return Declined((error.code if error else None) or intent.status)
