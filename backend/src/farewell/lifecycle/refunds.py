"""Pay money back: a credit after closing, a kept balance on request, what was charged in error.

A provider pays back against earlier payments. So which payment gives how much is settled first and
committed; each part is then a call with its own key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from farewell.billing.money import Money
from farewell.facts import Phrase, Statement
from farewell.lifecycle.handling import (
    Again,
    Dropped,
    Ending,
    Finished,
    ForHuman,
    Handler,
    Send,
    Step,
    account_of,
    bill_of,
    payer_of,
    tell,
    tell_host_of_bill,
)
from farewell.lifecycle.tables import Duty
from farewell.payments.ledger import move
from farewell.payments.provider import Answer, Declined, Done, ListPayments, Payment, Refund
from farewell.payments.tables import ChargePayment
from farewell.work import Work


@dataclass(frozen=True)
class Owed:
    """What is to be paid back, in minor units."""

    amount_minor: int
    currency: str


def parts_of(payments: Iterable[Payment], owed: Owed) -> list[tuple[str, int]] | None:
    """Which payment gives how much, newest first; None where all together do not reach."""
    parts, left = [], owed.amount_minor
    for payment in payments:
        if payment.currency not in ("", owed.currency) or payment.refundable_minor <= 0:
            continue
        part = min(left, payment.refundable_minor)
        parts.append((payment.reference, part))
        left -= part
        if left == 0:
            return parts
    return None


def _owed(work: Work, duty: Duty) -> Owed:
    """The final bill's credit, or the amount that the duty was planned with."""
    if duty.kind == "refund_credit":
        bill = bill_of(work, duty)
        return Owed(bill.refund_minor, bill.currency)
    return Owed(duty.facts["amount_minor"], duty.facts["currency"])


def _human(work: Work, duty: Duty, code: str, **facts: str) -> ForHuman:
    owed, account = _owed(work, duty), account_of(work, duty)
    if duty.kind == "refund_credit":
        bill_of(work, duty).status = "needs_human"
    money = Money(owed.amount_minor - duty.facts.get("paid_back_minor", 0), owed.currency)
    tell(
        work,
        duty,
        Statement("refund_needs_human", {"account": account.number, "refund": money}),
    )
    return ForHuman(code, {"amount_minor": money.minor, "currency": money.currency, **facts})


def _prepare(work: Work, duty: Duty) -> Step:
    owed = _owed(work, duty)
    if duty.kind == "refund_credit" and bill_of(work, duty).status != "due":
        return Dropped(f"bill_{bill_of(work, duty).status}")
    if "parts" not in duty.facts:
        payer = payer_of(work, account_of(work, duty))
        if payer is None:
            return _human(work, duty, "no_payment_method")
        return Send(ListPayments(payer))
    reference, amount = duty.facts["parts"][0]
    return Send(Refund(reference, amount, owed.currency))


def _conclude(work: Work, duty: Duty, answer: Answer) -> Ending:
    owed, account = _owed(work, duty), account_of(work, duty)
    if isinstance(answer, Declined):
        return _human(work, duty, "refund_declined", reason=answer.code)
    if "parts" not in duty.facts:
        payments = answer.payments if isinstance(answer, Done) else ()
        parts = parts_of(payments, owed)
        if parts is None:
            return _human(work, duty, "nothing_to_refund_to")
        duty.facts = {**duty.facts, "parts": parts, "paid_back_minor": 0}
        return Again()
    (_, amount), *left = duty.facts["parts"]
    paid_back = duty.facts["paid_back_minor"] + amount
    move(
        work,
        key=f"refunded:{duty.id}:{paid_back}",
        kind=LEDGER_KINDS[duty.kind],
        account=account,
        debit="customer_credit",
        credit="cash",
        amount_minor=amount,
        reference=answer.reference,
    )
    duty.facts = {**duty.facts, "parts": left, "paid_back_minor": paid_back}
    if left:
        return Again()
    _all_paid_back(work, duty, owed)
    return Finished()


LEDGER_KINDS = {
    "refund_credit": "credit_refunded",
    "refund_balance": "balance_refunded",
    "refund_captured": "captured_refunded",
    "refund_provider_charge": "provider_charge_refunded",
}
TOLD = {
    "refund_credit": "credit_refunded",
    "refund_balance": "balance_refunded",
    "refund_captured": "charge_refunded",
    "refund_provider_charge": "charge_refunded",
}


def _all_paid_back(work: Work, duty: Duty, owed: Owed) -> None:
    account = account_of(work, duty)
    if duty.kind == "refund_credit":
        bill = bill_of(work, duty)
        bill.status = "settled"
        tell_host_of_bill(work, duty, bill)
    if duty.kind == "refund_captured":
        work.session.get_one(ChargePayment, duty.subject).status = "refunded"
    facts = {
        "account": account.number,
        "refund": Money(owed.amount_minor, owed.currency),
        "method": account.payment_method or Phrase("method.on_file", {}),
    }
    tell(work, duty, Statement(TOLD[duty.kind], facts))


def _given_up(work: Work, duty: Duty) -> None:
    _human(work, duty, "no_answer")


REFUND = Handler(_prepare, _conclude, _given_up)
