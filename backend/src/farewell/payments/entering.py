"""What a closure enters into the books, and what it asks of the payment provider; called in the
transaction that closes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from farewell.accounts.tables import Account, Charge
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.lifecycle.planning import plan
from farewell.lifecycle.provider_duties import WATCH_DAYS
from farewell.payments.ledger import Book, Entries, bring_in_balance, move, post
from farewell.payments.tables import ChargePayment, PaymentProfile
from farewell.work import Work


def enter_balances(work: Work, members: dict[Closure, Account]) -> None:
    """Enter what each account holds, before it is set off against the bill."""
    for each, account in members.items():
        bring_in_balance(work, account, because=f"closing:{each.id}")


def enter_closure(
    work: Work, *, closure: Closure, bill: FinalBill, members: dict[Closure, Account]
) -> None:
    """Enter the final bill; plan what the provider is asked.

    `members` are all closures of this confirmation, the first one included, by closure.
    """
    _raise_bill(work, closure, bill, {account.number: account for account in members.values()})
    _ask_provider(work, closure, members)


def _raise_bill(
    work: Work, closure: Closure, bill: FinalBill, accounts: dict[str, Account]
) -> None:
    """Lines raise it, also below 0 where a prepaid term comes back; credits are set off then, and
    what is left goes to the customer's credit, for a refund or as a balance."""
    owed = sum(line["amount_minor"] for line in bill.lines if line["code"] != "credit")
    move(
        work,
        key=f"bill:{bill.id}",
        kind="final_bill_raised",
        account=closure.account,
        debit="receivable" if owed >= 0 else "revenue",
        credit="revenue" if owed >= 0 else "receivable",
        amount_minor=abs(owed),
    )
    if owed == bill.total_minor:
        return
    own: tuple[str, Book] = (closure.account.id, "customer_credit")
    entries: Entries = {(closure.account.id, "receivable"): bill.total_minor - owed}
    for line in bill.lines:
        if line["code"] == "credit":
            place: tuple[str, Book] = (accounts[line["account"]].id, "customer_credit")
            entries[place] = entries.get(place, 0) - line["amount_minor"]
    entries[own] = entries.get(own, 0) - bill.refund_minor - bill.credit_minor
    post(
        work,
        key=f"credit:{bill.id}",
        kind="credit_set_off",
        account=closure.account,
        entries=entries,
    )


def _ask_provider(work: Work, closure: Closure, members: dict[Closure, Account]) -> None:
    watched: set[str] = set()
    for each, account in members.items():
        begun = (
            select(ChargePayment.id)
            .join(Charge, Charge.id == ChargePayment.charge_id)
            .where(Charge.account_id == account.id)
            .where(ChargePayment.status.in_(("in_flight", "captured")))
            .where(Charge.status.in_(("billed", "written_off")))
        )
        for payment_id in work.session.scalars(begun):
            plan(work, each, "cancel_charge_payment", subject=payment_id)
        profile = work.session.get(PaymentProfile, account.id)
        if profile is None:
            continue
        if profile.subscription:
            plan(work, each, "cancel_provider_subscription", subject=profile.subscription)
        if profile.customer not in watched:
            watched.add(profile.customer)
            for days in WATCH_DAYS:
                due_at = work.now + timedelta(days=days)
                plan(work, each, "watch_provider", due_at=due_at, subject=str(days))
