"""The side `ledger`: a card that is only simulated, with a memory of its own.

What a card does is told by its last four digits, the end of the account's payment method, so that
each way a payment can go can be played from an accounts file. `docs/payments.md` lists them.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farewell.clock import Clock
from farewell.database import Database
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
from farewell.payments.tables import SimulatedOperation

DECLINES = "0002"
DECLINES_TWICE = "0341"
ANSWER_IS_LOST = "0119"
NEVER_ANSWERS = "0127"
ANSWERS_LATE = "0259"
REFUSES_REFUNDS = "5126"
MUCH = 2**31 - 1


class SimulatedCard:
    """Moves no money. Remembers every key for ever, like a provider without a limit."""

    keys_kept: timedelta | None = None

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def perform(self, call: Call, key: str) -> Answer:
        """Do what is asked, at most once for a key.

        Raises Silence for a card that loses an answer, after the effect, or never gives one.
        """
        with self._database.transaction() as session:
            reads = isinstance(call, LookUp | ListPayments)
            known = None if reads else session.get(SimulatedOperation, key)
            answer = _answer(known) if known else self._first(session, call, key)
        if isinstance(call, Charge):
            card = call.payer.method or ""
            if card.endswith(NEVER_ANSWERS) or (card.endswith(ANSWER_IS_LOST) and not known):
                raise Silence("timeout")
        return answer

    def _first(self, session: Session, call: Call, key: str) -> Answer:
        match call:
            case Charge():
                status, code = _outcome(session, call)
                about, customer = call.payer.method, call.payer.customer
                made = self._make(session, key, "charge", customer, about, call, status, code)
                return _answer(made)
            case LookUp(reference):
                return _looked_up(session, reference)
            case Refund(reference):
                paid = _by_reference(session, reference)
                card = (paid.about if paid else reference) or ""
                done = not card.endswith(REFUSES_REFUNDS)
                customer = paid.customer if paid else reference
                status, code = ("done", None) if done else ("declined", "refund_refused")
                made = self._make(session, key, "refund", customer, reference, call, status, code)
                return _answer(made)
            case CancelPayment(reference):
                paid = _by_reference(session, reference)
                if paid and paid.status == "done":
                    return Captured(reference, paid.amount_minor, paid.currency)
                if paid:
                    paid.status = "canceled"
                return Done(reference)
            case CancelSubscription(reference):
                self._make(
                    session, key, "cancel_subscription", reference, reference, None, "done", None
                )
                return Done(reference)
            case ListPayments():
                return Done(call.payer.customer, tuple(_payments(session, call)))

    def _make(
        self,
        session: Session,
        key: str,
        kind: str,
        customer: str,
        about: str | None,
        money: Charge | Refund | None,
        status: str,
        code: str | None,
    ) -> SimulatedOperation:
        made = SimulatedOperation(
            key=key,
            reference=f"sim_{secrets.token_hex(8)}",
            kind=kind,
            customer=customer,
            about=about,
            amount_minor=money.amount_minor if money else 0,
            currency=money.currency if money else "",
            status=status,
            code=code,
            at=self._clock(),
        )
        session.add(made)
        session.flush()
        return made


def _by_reference(session: Session, reference: str) -> SimulatedOperation | None:
    found = select(SimulatedOperation).where(SimulatedOperation.reference == reference)
    return session.scalar(found)


def _outcome(session: Session, call: Charge) -> tuple[str, str | None]:
    card = call.payer.method or ""
    if card.endswith(DECLINES):
        return "declined", "card_declined"
    if card.endswith(DECLINES_TWICE):
        before = session.scalar(
            select(func.count()).where(
                SimulatedOperation.customer == call.payer.customer,
                SimulatedOperation.status == "declined",
            )
        )
        return ("declined", "insufficient_funds") if (before or 0) < 2 else ("done", None)
    return ("pending", None) if card.endswith(ANSWERS_LATE) else ("done", None)


def _answer(made: SimulatedOperation) -> Answer:
    match made.status:
        case "declined":
            return Declined(made.code or "declined")
        case "pending":
            return Pending(made.reference)
        case _:
            return Done(made.reference)


def _looked_up(session: Session, reference: str) -> Answer:
    made = _by_reference(session, reference)
    if made is None or made.status == "canceled":
        return Declined("canceled")
    if made.status == "pending":
        made.status = "done"  # late, but it answers
    return _answer(made)


def _payments(session: Session, call: ListPayments) -> list[Payment]:
    """What was paid, and what was paid before there was a simulation: as much as is asked for."""
    made = session.scalars(
        select(SimulatedOperation)
        .where(SimulatedOperation.customer == call.payer.customer)
        .where(SimulatedOperation.kind == "charge", SimulatedOperation.status == "done")
        .order_by(SimulatedOperation.at.desc(), SimulatedOperation.key)
    )
    found = []
    for payment in made:
        if call.since and payment.at < call.since:
            continue
        left = payment.amount_minor - _paid_back(session, payment.reference)
        found.append(Payment(payment.reference, left, payment.currency, payment.at))
    if call.since is None:
        earlier = f"earlier:{call.payer.customer}:{call.payer.method or ''}"
        found.append(Payment(earlier, MUCH, "", datetime.min.replace(tzinfo=UTC)))
    return found


def _paid_back(session: Session, reference: str) -> int:
    back = session.scalar(
        select(func.sum(SimulatedOperation.amount_minor)).where(
            SimulatedOperation.about == reference,
            SimulatedOperation.kind == "refund",
            SimulatedOperation.status == "done",
        )
    )
    return int(back or 0)
