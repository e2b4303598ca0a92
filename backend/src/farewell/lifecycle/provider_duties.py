"""What the payment provider is asked so that it charges nothing more by itself, and what is done
where it did all the same (rule 4)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from farewell.accounts.tables import Account, Charge
from farewell.audit import SWEEP, record
from farewell.lifecycle.handling import (
    Dropped,
    Ending,
    Finished,
    ForHuman,
    Handler,
    Later,
    Send,
    Step,
    account_of,
    closure_of,
    payer_of,
)
from farewell.lifecycle.planning import plan
from farewell.lifecycle.tables import Duty, DutyAttempt
from farewell.payments.ledger import move
from farewell.payments.provider import (
    Answer,
    CancelPayment,
    CancelSubscription,
    Captured,
    Declined,
    Done,
    ListPayments,
    Payment,
)
from farewell.payments.tables import ChargePayment, PaymentProfile
from farewell.work import Work

WATCH_DAYS = (1, 7, 35)
"""Days after closing on which the provider's payments are looked through. A period is a month at
the longest, so the last look comes after the day on which it would have renewed."""


def _prepare_subscription(work: Work, duty: Duty) -> Step:
    return Send(CancelSubscription(duty.subject))


def _conclude_subscription(work: Work, duty: Duty, answer: Answer) -> Ending:
    if isinstance(answer, Declined):
        return ForHuman("subscription_not_canceled", {"reason": answer.code})
    return Finished()


def _prepare_payment(work: Work, duty: Duty) -> Step:
    """An open charge's payment was begun before closing. The policy says what becomes of it."""
    payment = work.session.get_one(ChargePayment, duty.subject)
    billing = work.kind(account_of(work, duty)).billing
    if payment.status == "captured":
        return _refund_captured(work, duty, payment, None)
    if payment.status != "in_flight":
        return Dropped(f"payment_{payment.status}")
    if billing.in_flight.stated != "cancel":
        return ForHuman("payment_in_flight", {"reference": payment.reference})
    return Send(CancelPayment(payment.reference))


def _conclude_payment(work: Work, duty: Duty, answer: Answer) -> Ending:
    payment = work.session.get_one(ChargePayment, duty.subject)
    if isinstance(answer, Captured):
        payment.status = "captured"
        return _refund_captured(work, duty, payment, answer)
    if isinstance(answer, Declined):
        return ForHuman("payment_not_canceled", {"reference": payment.reference})
    payment.status = "canceled"
    return Finished()


def _refund_captured(
    work: Work, duty: Duty, payment: ChargePayment, captured: Captured | None
) -> Ending:
    """It has gone through: paid back in full where the policy says so, else a human decides."""
    account = account_of(work, duty)
    charge = work.session.get_one(Charge, payment.charge_id)
    amount = captured.amount_minor if captured else charge.amount_minor
    if work.kind(account).billing.captured.stated != "refund":
        return ForHuman(
            "payment_captured", {"reference": payment.reference, "amount_minor": amount}
        )
    move(
        work,
        key=f"captured:{payment.id}",
        kind="captured_after_closing",
        account=account,
        debit="cash",
        credit="customer_credit",
        amount_minor=amount,
        reference=payment.reference,
    )
    _plan_refund(work, duty, "refund_captured", payment.id, payment.reference, amount)
    return Finished()


def _plan_refund(
    work: Work, duty: Duty, kind: str, subject: str, reference: str, amount_minor: int
) -> None:
    facts = {
        "amount_minor": amount_minor,
        "currency": account_of(work, duty).currency,
        "parts": [[reference, amount_minor]],
        "paid_back_minor": 0,
    }
    plan(work, closure_of(work, duty), kind, subject=subject, facts=facts)


def _prepare_watch(work: Work, duty: Duty) -> Step:
    payer = payer_of(work, account_of(work, duty))
    if payer is None:
        return Dropped("no_payment_method")
    return Send(ListPayments(payer, since=closure_of(work, duty).closed_at))


def _conclude_watch(work: Work, duty: Duty, answer: Answer) -> Ending:
    account = account_of(work, duty)
    if not isinstance(answer, Done):
        return ForHuman("payments_not_listed")
    unknown = _charge_without_outcome(work, account)
    if unknown and unknown.state == "planned":
        return Later(work.now + timedelta(hours=1), "charge_under_way")
    if unknown:
        return ForHuman("charge_unknown", {"duty": unknown.kind})
    back = closure_of(work, duty).undone_at
    strays = [
        payment
        for payment in answer.payments
        if payment.refundable_minor
        and (back is None or payment.made_at < back)  # a reactivated account is charged again
        and not _known(work, payment)
    ]
    if strays and _shared(work, account):
        return ForHuman("customer_shared", {"references": [p.reference for p in strays]})
    for payment in strays:
        amount = payment.refundable_minor
        move(
            work,
            key=f"provider_charge:{payment.reference}",
            kind="provider_charge_received",
            account=account,
            debit="cash",
            credit="customer_credit",
            amount_minor=amount,
            reference=payment.reference,
        )
        _plan_refund(
            work, duty, "refund_provider_charge", payment.reference, payment.reference, amount
        )
        record(
            work.session,
            work.now,
            SWEEP,
            "provider.charged_after_closing",
            f"account:{account.number}",
            reference=payment.reference,
            amount_minor=amount,
        )
    return Finished()


def _charge_without_outcome(work: Work, account: Account) -> Duty | None:
    """The duty whose charge waits for its answer: the charge would look like the provider's own."""
    return work.session.scalar(
        select(Duty)
        .join(DutyAttempt, DutyAttempt.duty_id == Duty.id)
        .where(Duty.account_id == account.id, DutyAttempt.call == "charge")
        .where(DutyAttempt.outcome.is_(None))
        .limit(1)
    )


def _known(work: Work, payment: Payment) -> bool:
    """Whether a payment is one of ours, was begun before closing, or was dealt with already."""
    reference = payment.reference
    return any(
        work.session.scalar(found.limit(1)) is not None
        for found in (
            select(DutyAttempt.id).where(DutyAttempt.reference == reference),
            select(ChargePayment.id).where(ChargePayment.reference == reference),
            select(Duty.id).where(Duty.kind == "refund_provider_charge", Duty.subject == reference),
        )
    )


def _shared(work: Work, account: Account) -> bool:
    """Whether another account that is not closed pays as the same customer of the provider."""
    profile = work.session.get(PaymentProfile, account.id)
    if profile is None:
        return False
    found = (
        select(Account.id)
        .join(PaymentProfile, PaymentProfile.account_id == Account.id)
        .where(PaymentProfile.customer == profile.customer, Account.id != account.id)
        .where(Account.status.in_(("active", "closing", "converted")))
        .limit(1)
    )
    return work.session.scalar(found) is not None


CANCEL_SUBSCRIPTION = Handler(_prepare_subscription, _conclude_subscription)
CANCEL_PAYMENT = Handler(_prepare_payment, _conclude_payment)
WATCH = Handler(_prepare_watch, _conclude_watch)
