"""At most one closure that is not undone, one final bill a closure, and the quote is the bill."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from farewell.accounts.tables import Account
from farewell.auditing.proof import Proof
from farewell.billing.tables import FinalBill, Quote
from farewell.closing.tables import ClosingCase, Closure
from farewell.lifecycle.tables import Duty, DutyAttempt
from farewell.payments.ledger import findings as book_findings
from farewell.payments.tables import LedgerTransaction
from farewell.work import Work

CLOSED = ("closed", "converted", "purged")


def one_closure(work: Work) -> Proof:
    """Accounts and their closures agree, and no account or case has two."""
    accounts = {account.id: account for account in work.session.scalars(select(Account))}
    closures = list(work.session.scalars(select(Closure)))
    standing = Counter(c.account_id for c in closures if c.undone_at is None)
    cases = Counter(c.case_id for c in closures if c.case_id)
    findings = [
        f"account {accounts[account].number} has {n} closures that are not undone"
        for account, n in standing.items()
        if n > 1
    ]
    findings += [f"closing case {case} has {n} closures" for case, n in cases.items() if n > 1]
    for account in accounts.values():
        if (account.status in CLOSED) != bool(standing[account.id]):
            findings.append(
                f"account {account.number} is {account.status} and has "
                f"{standing[account.id]} closures that are not undone"
            )
    for case in work.session.scalars(
        select(ClosingCase).where(ClosingCase.state.in_(("closed", "converted")))
    ):
        taken_along = any(c.account_id == case.account_id and c.parent_id for c in closures)
        if not cases[case.id] and not taken_along:
            findings.append(f"closing case {case.id} is {case.state} without a closure")
    return Proof(len(accounts), findings)


def one_final_bill(work: Work) -> Proof:
    """A closure by a case has exactly one bill, which is its quote and adds up (rule 3)."""
    bills = defaultdict(list)
    for bill in work.session.scalars(select(FinalBill)):
        bills[bill.closure_id].append(bill)
    quotes = {quote.id: quote for quote in work.session.scalars(select(Quote))}
    findings = []
    for closure in work.session.scalars(select(Closure)):
        found = bills.pop(closure.id, [])
        wanted = 1 if closure.case_id else 0
        if len(found) != wanted:
            findings.append(f"closure {closure.number} has {len(found)} final bills")
        for bill in found:
            findings += _bill(closure, bill, quotes.get(bill.quote_id))
    findings += [f"final bill {b.id} has no closure" for found in bills.values() for b in found]
    return Proof(sum(1 for _ in work.session.scalars(select(FinalBill.id))), findings)


def _bill(closure: Closure, bill: FinalBill, quote: Quote | None) -> Iterator[str]:
    name = f"final bill of {closure.number}"
    if quote is None:
        yield f"{name} has no quote"
        return
    if quote.case_id != closure.case_id:
        yield f"{name} has the quote of another case"
    if _amounts(bill) != _amounts(quote) or bill.lines != quote.lines:
        yield f"{name} is not its quote"
    lines = sum(line["amount_minor"] for line in bill.lines)
    expected = bill.total_minor - bill.refund_minor - bill.credit_minor
    if lines != expected:
        yield f"{name}: lines come to {lines}, not to {expected}"
    if bill.total_minor < 0 or bill.refund_minor < 0 or (bill.total_minor and bill.refund_minor):
        yield f"{name} both asks and gives, or is negative"


def _amounts(one: FinalBill | Quote) -> tuple[str, int, int, int]:
    return one.currency, one.total_minor, one.refund_minor, one.credit_minor


def one_settlement(work: Work) -> Proof:
    """A bill is paid or paid back at most once, and as far as its status says."""
    findings = book_findings(work.session)
    charged = Counter(
        work.session.scalars(
            select(DutyAttempt.duty_id).where(
                DutyAttempt.call == "charge", DutyAttempt.outcome == "done"
            )
        )
    )
    findings += [f"duty {duty} charged {n} times" for duty, n in charged.items() if n > 1]
    returned: Counter[str] = Counter()
    for movement in work.session.scalars(
        select(LedgerTransaction).where(LedgerTransaction.kind == "credit_refunded")
    ):
        returned[movement.key.split(":")[1]] -= sum(
            entry.amount_minor for entry in movement.entries if entry.book == "cash"
        )
    findings += _refunds(work, returned)
    return Proof(sum(1 for _ in work.session.scalars(select(LedgerTransaction.id))), findings)


def _refunds(work: Work, returned: Counter[str]) -> Iterator[str]:
    found = (
        select(Duty, FinalBill)
        .join(FinalBill, FinalBill.closure_id == Duty.closure_id)
        .where(Duty.kind == "refund_credit")
    )
    for duty, bill in work.session.execute(found):
        expected = bill.refund_minor if duty.state == "done" else None
        if returned[duty.id] > bill.refund_minor or expected not in (None, returned[duty.id]):
            yield f"duty {duty.id} paid back {returned[duty.id]} of {bill.refund_minor}"
