"""What the customer is told after closing: number, time, bill, deadlines, how to undo."""

from __future__ import annotations

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill
from farewell.closing import statements
from farewell.closing.tables import Closure
from farewell.facts import Facts, Moment, Statement, VendorWords
from farewell.policy.model import Policy


def receipt(account: AccountView, policy: Policy, closure: Closure, bill: Bill) -> list[Statement]:
    """The statements of the receipt, as of the closing. `account` is its state before, with the
    bill's credit on its balance."""
    kind = policy.type_of(account.type)
    facts: Facts = {
        "account": account.label(kind),
        "closure": closure.number,
        "at": Moment(closure.closed_at, account.zone),
    }
    if kind.converts:
        plan = VendorWords(kind.converts.to_plan)
        told = [Statement("converted", {**facts, "plan": plan})]
    else:
        told = [Statement("closed", facts)]
    if account.children:
        told.append(_afterwards(statements.children(account)))
    told.append(_bill(account, bill))
    if kind.converts:
        return told
    at = closure.closed_at
    if kind.signs_out.stated:
        told.append(Statement("signed_out", {}))
    listed = [n for n in account.all_numbers() if n.port is None]
    if listed and kind.numbers.on_close.stated == "released":
        told.append(Statement("released", {"count": len(listed)}))
        restore = statements.number_restore(account, kind, at)
        if restore:
            told.append(restore)
    elif listed:
        told.append(_afterwards(statements.numbers(account, policy)))
    if account.held_minor and kind.balance.treatment.stated != "refund_to_card":
        told.append(statements.balance(account, policy, at))
    told.append(_afterwards(statements.data(account, policy, at)))
    told.append(statements.undo(account, policy, at))
    return told


AFTERWARDS = {
    "data_not_stated": "data_unknown_after",
    "data_deleted": "data_deletion_begun",
    "numbers_may_be_lost": "numbers_may_be_lost_after",
    "numbers_not_stated": "numbers_unknown_after",
    "sub_accounts_closed": "sub_accounts_were_closed",
}
"""Notices that read differently once the account is closed."""


def _afterwards(statement: Statement) -> Statement:
    return Statement(AFTERWARDS.get(statement.code, statement.code), statement.facts)


def _bill(account: AccountView, bill: Bill) -> Statement:
    money = account.money
    if bill.refund_minor:
        facts: Facts = {"refund": money(bill.refund_minor), "settles_on": bill.settles_on}
        return Statement("refund_promised", facts)
    if bill.total_minor:
        facts = {"total": money(bill.total_minor), "settles_on": bill.settles_on}
        return Statement("final_bill_promised", facts)
    if bill.written_off:
        written_off = sum(line.amount_minor for line in bill.written_off)
        return Statement("charges_canceled", {"amount": money(written_off), "total": money(0)})
    return Statement("nothing_to_pay", {"total": money(0)})
