"""What the customer is told after closing: number, time, bill, deadlines, how to undo."""

from __future__ import annotations

from farewell.accounts.snapshot import AccountView
from farewell.billing.quote import Bill
from farewell.closing import statements
from farewell.closing.tables import Closure
from farewell.facts import Facts, Moment, Statement, VendorWords
from farewell.policy.model import Policy


def receipt(account: AccountView, policy: Policy, closure: Closure, bill: Bill) -> list[Statement]:
    """The statements of the receipt, as of the closing. `account` is its state before."""
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
        told.append(afterwards(statements.children(account)))
    told += bill_told(account, policy, bill)
    if kind.converts:
        return told
    closed_on = account.today(closure.closed_at)
    if kind.signs_out.stated:
        told.append(Statement("signed_out", {}))
    listed = [n for n in account.all_numbers() if n.port is None]
    if listed and kind.numbers.on_close.stated == "released":
        told.append(Statement("released", {"count": len(listed)}))
        restore = statements.number_restore(policy, kind, closed_on)
        if restore:
            told.append(restore)
    elif listed:
        told.append(afterwards(statements.numbers(account, policy)))
    if account.held_minor and kind.balance.treatment.stated != "refund_to_card":
        told.append(statements.balance(account, policy, closed_on))
    told.append(afterwards(statements.data(policy, kind, closed_on)))
    told.append(statements.undo(policy, kind, closed_on))
    return told


AFTERWARDS = {
    "data_not_stated": "data_unknown_after",
    "data_deleted": "data_deletion_begun",
    "numbers_may_be_lost": "numbers_may_be_lost_after",
    "numbers_not_stated": "numbers_unknown_after",
    "sub_accounts_closed": "sub_accounts_were_closed",
}
"""Notices that read differently once the account is closed."""


def afterwards(statement: Statement) -> Statement:
    """A statement as it reads once the account is closed."""
    return Statement(AFTERWARDS.get(statement.code, statement.code), statement.facts)


def bill_told(account: AccountView, policy: Policy, bill: Bill) -> list[Statement]:
    """What is charged, refunded or cancelled by the final bill, and when."""
    kind, money = policy.type_of(account.type), account.money
    facts: Facts = {"total": money(bill.total_minor)}
    if bill.refund_minor:
        facts = {"refund": money(bill.refund_minor), "settles_on": bill.settles_on}
        told = Statement("refund_promised", facts)
    elif bill.total_minor:
        by_itself = kind.billing.settle_by.stated == "auto_pay"
        code = "final_bill_promised" if by_itself else "final_bill_due"
        told = Statement(code, {**facts, "settles_on": bill.settles_on})
    elif bill.written_off:
        written_off = sum(line.amount_minor for line in bill.written_off)
        told = Statement("charges_canceled", {"amount": money(written_off), **facts})
    else:
        told = Statement("nothing_to_pay", facts)
    assumed = statements.bill_assumed(policy, kind)
    return [told, *([assumed] if assumed else [])]
