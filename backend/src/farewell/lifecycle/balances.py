"""A kept balance: refunded on request after closing, of which a reminder tells, then forfeited.

A closing guide: "The remaining available balances are not refunded automatically. Once your account
is fully canceled, contact support to request a refund", "within 90 days".
"""

from __future__ import annotations

from farewell.accounts.tables import Account, Person
from farewell.audit import Actor, record
from farewell.billing.money import Money
from farewell.closing import statements
from farewell.closing.case import may_close, standing_closure
from farewell.errors import Problem
from farewell.facts import Statement
from farewell.lifecycle.handling import (
    Dropped,
    Ending,
    Finished,
    Handler,
    account_of,
    closure_of,
    tell,
)
from farewell.lifecycle.planning import plan
from farewell.lifecycle.tables import Duty
from farewell.lifecycle.windows import end_of
from farewell.payments.ledger import bring_in_balance, move
from farewell.work import Work

BALANCE_DUTIES = ("remind_balance", "forfeit_balance")


def request_balance_refund(work: Work, *, person: Person, account: Account, actor: Actor) -> Money:
    """Set the kept balance aside for its refund; a duty pays it back. Returns the amount.

    Raises Problem 403 without the role that closes; 409 with `account_not_closed`,
    `balance_not_kept`, `balance_days_over` or `no_balance`.
    """
    if not may_close(work, person, account):
        raise Problem(403, "role_missing", "Your role does not ask for this account's balance.")
    closure = standing_closure(work, account)
    if closure is None or closure.kind != "closed":
        raise Problem(409, "account_not_closed", "The balance is refunded only after closing.")
    balance = work.kind(account).balance
    days = balance.days.stated
    if balance.treatment.stated != "keep_for_request" or days is None:
        raise Problem(409, "balance_not_kept", "This vendor keeps no balance for a request.")
    if work.now >= end_of(closure.closed_at, days, account.zone):
        raise Problem(409, "balance_days_over", f"The {days} days for a request are over.")
    if not account.balance_minor:
        raise Problem(409, "no_balance", "There is no balance to refund, or it was asked for.")
    bring_in_balance(work, account, because=f"request:{closure.id}")
    money = Money(account.balance_minor, account.currency)
    account.balance_minor = 0
    for duty in work.session.query(Duty).filter_by(closure_id=closure.id, state="planned"):
        if duty.kind in BALANCE_DUTIES:
            duty.state, duty.finished_at = "canceled", work.now
    facts = {"amount_minor": money.minor, "currency": money.currency}
    plan(work, closure, "refund_balance", facts=facts)
    record(
        work.session,
        work.now,
        actor,
        "balance.refund_requested",
        f"account:{account.number}",
        amount_minor=money.minor,
    )
    work.session.flush()
    return money


def _forfeit(work: Work, duty: Duty) -> Ending:
    account = account_of(work, duty)
    if not account.balance_minor:
        return Dropped("no_balance")
    bring_in_balance(work, account, because=f"forfeit:{duty.id}")
    money = Money(account.balance_minor, account.currency)
    move(
        work,
        key=f"forfeited:{duty.id}",
        kind="balance_forfeited",
        account=account,
        debit="customer_credit",
        credit="forfeited",
        amount_minor=money.minor,
    )
    account.balance_minor = 0
    tell(
        work,
        duty,
        Statement("balance_forfeited", {"account": account.number, "balance": money}),
    )
    return Finished()


def _remind(work: Work, duty: Duty) -> Ending:
    account, kept = account_of(work, duty), work.kind(account_of(work, duty)).balance
    days = kept.days.stated
    closed_at = closure_of(work, duty).closed_at
    if not account.balance_minor or days is None:
        return Dropped("no_balance")
    if work.now >= end_of(closed_at, days, account.zone):
        return Dropped("too_late")
    view = work.view(account)
    kept_statement = statements.balance(view, work.policy(account), closed_at)
    tell(work, duty, Statement("balance_reminder", kept_statement.facts))
    return Finished()


FORFEIT, REMIND = Handler(_forfeit), Handler(_remind)
