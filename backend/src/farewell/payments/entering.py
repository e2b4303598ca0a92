"""What a closure enters into the books, and what it asks of the payment provider; called in the
transaction that closes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from farewell.accounts.tables import Account, Charge, Meter, UsageRecord
from farewell.billing.tables import Adjustment, FinalBill
from farewell.closing.tables import Closure
from farewell.lifecycle.provider_duties import WATCH_DAYS
from farewell.lifecycle.tables import Duty
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
    """Enter the final bill and what is written off; plan what the provider is asked.

    `members` are all closures of this confirmation, the first one included, by closure.
    """
    _raise_bill(work, closure, bill, {account.number: account for account in members.values()})
    _write_off(work, closure, members)
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


def _write_off(work: Work, closure: Closure, members: dict[Closure, Account]) -> None:
    """Each charge and usage that is not on the bill, by its own entry."""
    ids = [each.id for each in members]
    accounts = {account.id: account for account in members.values()}
    found = (
        select(Adjustment, func.coalesce(Charge.account_id, Meter.account_id))
        .outerjoin(Charge, Charge.id == Adjustment.charge_id)
        .outerjoin(UsageRecord, UsageRecord.id == Adjustment.usage_id)
        .outerjoin(Meter, Meter.id == UsageRecord.meter_id)
        .where(Adjustment.closure_id.in_(ids))
        .order_by(Adjustment.id)
    )
    for adjustment, account_id in work.session.execute(found):
        enter_write_off(work, accounts[account_id], adjustment)


def enter_write_off(work: Work, account: Account, adjustment: Adjustment) -> None:
    """Enter an amount that the customer would owe and is not asked for."""
    for kind, debit, credit in WRITING_OFF:
        move(
            work,
            key=f"{kind}:{adjustment.id}",
            kind=kind,
            account=account,
            debit=debit,
            credit=credit,
            amount_minor=adjustment.amount_minor,
        )


WRITING_OFF: tuple[tuple[str, Book, Book], ...] = (
    ("outstanding_brought_in", "receivable", "revenue"),
    ("charge_written_off", "write_off", "receivable"),
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
            _plan(work, each, "cancel_charge_payment", payment_id)
        profile = work.session.get(PaymentProfile, account.id)
        if profile is None:
            continue
        if profile.subscription:
            _plan(work, each, "cancel_provider_subscription", profile.subscription)
        if profile.customer not in watched:
            watched.add(profile.customer)
            for days in WATCH_DAYS:
                _plan(work, each, "watch_provider", str(days), timedelta(days=days))


def _plan(
    work: Work, closure: Closure, kind: str, subject: str, after: timedelta = timedelta()
) -> None:
    work.session.add(
        Duty(
            closure_id=closure.id,
            account_id=closure.account_id,
            kind=kind,
            subject=subject,
            due_at=work.now + after,
        )
    )
