"""Settle the final bill: charge the method on file, again on the policy's days, then a human."""

from __future__ import annotations

from datetime import datetime

from farewell.accounts.tables import Account
from farewell.billing.money import Money
from farewell.billing.tables import FinalBill
from farewell.facts import Facts, Phrase, Statement
from farewell.lifecycle.duties import retry_at
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
    attempts_of,
    bill_of,
    payer_of,
    tell,
    tell_host_of_bill,
)
from farewell.lifecycle.tables import Duty
from farewell.payments.ledger import move
from farewell.payments.provider import Answer, Charge, Declined
from farewell.work import Work


def _prepare(work: Work, duty: Duty) -> Step:
    bill, account = bill_of(work, duty), account_of(work, duty)
    if bill.status not in ("due", "retrying"):
        return Dropped(f"bill_{bill.status}")
    if work.kind(account).billing.settle_by.stated != "auto_pay":
        return _to_human(work, duty, bill, "settled_otherwise")
    payer = payer_of(work, account)
    if payer is None:
        return _to_human(work, duty, bill, "no_payment_method")
    return Send(Charge(payer, bill.total_minor, bill.currency))


def _conclude(work: Work, duty: Duty, answer: Answer) -> Ending:
    bill, account = bill_of(work, duty), account_of(work, duty)
    if isinstance(answer, Declined):
        return _declined(work, duty, bill, account, answer)
    move(
        work,
        key=f"charged:{bill.id}",
        kind="final_bill_charged",
        account=account,
        debit="cash",
        credit="receivable",
        amount_minor=bill.total_minor,
        reference=answer.reference,
    )
    bill.status = "settled"
    tell_host_of_bill(work, duty, bill)
    tell(work, duty, Statement("final_bill_paid", _facts(bill, account)))
    return Finished()


def _declined(
    work: Work, duty: Duty, bill: FinalBill, account: Account, answer: Declined
) -> Ending:
    declined = [a for a in attempts_of(work, duty) if a.outcome == "declined"]
    first = duty.facts.get("first_declined_at")
    if first is None:
        first = work.now.isoformat()
        duty.facts = {**duty.facts, "first_declined_at": first}
    days = work.kind(account).billing.retry_days.stated or []
    again = retry_at(datetime.fromisoformat(first), days, len(declined), work.now, account.zone)
    if again is None or answer.final:
        tries = len(declined)
        return _to_human(work, duty, bill, "charge_declined", reason=answer.code, tries=tries)
    bill.status = "retrying"
    on = work.view(account).today(again)
    tell(work, duty, Statement("charge_declined", {**_facts(bill, account), "again_on": on}))
    return Later(again, answer.code)


def _to_human(work: Work, duty: Duty, bill: FinalBill, code: str, **facts: str | int) -> ForHuman:
    """Nobody is charged any more by the program; a human speaks with the customer."""
    bill.status = "needs_human"
    account = account_of(work, duty)
    if code != "settled_otherwise":
        tell(work, duty, Statement("charge_needs_human", _facts(bill, account)))
    return ForHuman(code, {"amount_minor": bill.total_minor, "currency": bill.currency, **facts})


def _given_up(work: Work, duty: Duty) -> None:
    bill = bill_of(work, duty)
    bill.status = "needs_human"
    tell(work, duty, Statement("payment_unclear", _facts(bill, account_of(work, duty))))


def _facts(bill: FinalBill, account: Account) -> Facts:
    return {
        "account": account.number,
        "total": Money(bill.total_minor, bill.currency),
        "method": account.payment_method or Phrase("method.on_file", {}),
    }


SETTLE = Handler(_prepare, _conclude, _given_up)
