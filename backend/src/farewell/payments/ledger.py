"""The books: every movement of money is a transaction whose entries come to zero.

| Book | Grows with a debit (+) or a credit (−) |
|---|---|
| `receivable` | + what the customer owes |
| `cash` | + what the vendor has received |
| `customer_credit` | − what the vendor owes the customer |
| `revenue` | − what was billed |
| `write_off` | + what is no longer asked for |
| `forfeited` | − kept balances whose days are over |
"""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farewell.accounts.tables import Account
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.payments.tables import LedgerEntry, LedgerTransaction
from farewell.work import Work

Book = Literal["receivable", "cash", "customer_credit", "revenue", "write_off", "forfeited"]
Entries = dict[tuple[str, Book], int]
"""Amounts in minor units by account id and book; debits positive, credits negative."""


class LedgerError(ValueError):
    """A transaction that does not balance, or holds something else than whole amounts."""


def post(
    work: Work,
    *,
    key: str,
    kind: str,
    account: Account,
    entries: Entries,
    reference: str | None = None,
) -> None:
    """Enter one transaction in the account's currency. Entries of nothing are left out.

    The key is unique: what it names cannot be entered twice (the database refuses it).
    Raises LedgerError unless the entries are whole amounts that come to zero.
    """
    if any(type(amount) is not int for amount in entries.values()):
        raise LedgerError(f"{kind}: amounts are whole minor units")
    if sum(entries.values()):
        raise LedgerError(f"{kind}: the entries come to {sum(entries.values())}, not to 0")
    stored = {place: amount for place, amount in entries.items() if amount}
    if not stored:
        return
    transaction = LedgerTransaction(
        key=key,
        kind=kind,
        account_id=account.id,
        currency=account.currency,
        reference=reference,
        at=work.now,
    )
    transaction.entries = [
        LedgerEntry(account_id=account_id, book=book, amount_minor=amount)
        for (account_id, book), amount in stored.items()
    ]
    work.session.add(transaction)
    work.session.flush()


def move(
    work: Work,
    *,
    key: str,
    kind: str,
    account: Account,
    debit: Book,
    credit: Book,
    amount_minor: int,
    reference: str | None = None,
) -> None:
    """Enter an amount of one account from one book to another.

    Raises LedgerError for an amount below 0.
    """
    if amount_minor < 0:
        raise LedgerError(f"{kind}: {amount_minor} is below 0; turn debit and credit round")
    entries: Entries = {(account.id, debit): amount_minor, (account.id, credit): -amount_minor}
    post(work, key=key, kind=kind, account=account, entries=entries, reference=reference)


def bring_in_balance(work: Work, account: Account, *, because: str) -> None:
    """Have the books tell the balance that the account tells; they begin with its closing.

    A balance that grew was paid in; one that shrank while the account was active was used up.
    """
    held = -standing(work.session, account.id, "customer_credit")
    more = account.balance_minor - held
    move(
        work,
        key=f"balance:{because}",
        kind="balance_brought_in",
        account=account,
        debit="cash" if more > 0 else "customer_credit",
        credit="customer_credit" if more > 0 else "revenue",
        amount_minor=abs(more),
    )


def standing(session: Session, account_id: str, book: Book) -> int:
    """What stands in an account's book (minor units; debits positive)."""
    total = session.scalar(
        select(func.sum(LedgerEntry.amount_minor)).where(
            LedgerEntry.account_id == account_id, LedgerEntry.book == book
        )
    )
    return int(total or 0)


def books(session: Session, account_id: str) -> dict[str, int]:
    """What stands in each of an account's books, where it is not nothing."""
    rows = session.execute(
        select(LedgerEntry.book, func.sum(LedgerEntry.amount_minor))
        .where(LedgerEntry.account_id == account_id)
        .group_by(LedgerEntry.book)
        .order_by(LedgerEntry.book)
    )
    return {book: int(total) for book, total in rows if total}


def findings(session: Session) -> list[str]:
    """What does not hold in the books, one line each; empty when everything does.

    Transactions that do not come to zero or hold nothing, and final bills whose payments are not
    what their status says.
    """
    found = []
    sums: dict[str, int] = defaultdict(int)
    for entry in session.scalars(select(LedgerEntry)):
        sums[entry.transaction_id] += entry.amount_minor
    for transaction in session.scalars(select(LedgerTransaction)):
        if sums[transaction.id] or not transaction.entries:
            found.append(f"transaction {transaction.key} does not balance")
    paid = {
        transaction.key: sum(e.amount_minor for e in transaction.entries if e.book == "cash")
        for transaction in session.scalars(
            select(LedgerTransaction).where(LedgerTransaction.kind == "final_bill_charged")
        )
    }
    bills = select(FinalBill, Closure).join(Closure, Closure.id == FinalBill.closure_id)
    for bill, closure in session.execute(bills):
        expected = bill.total_minor if bill.status == "settled" else 0
        if paid.get(f"charged:{bill.id}", 0) != expected:
            found.append(f"final bill of {closure.number} is {bill.status}; the books differ")
    return found
