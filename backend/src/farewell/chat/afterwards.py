"""Answers about an account that is closed or converted: what came of the closing, as of now.

Windows count from the closing; one that is over is said to be over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from farewell.accounts.snapshot import AccountView, NumberView
from farewell.accounts.tables import Account, Person
from farewell.billing.quote import Bill, Line
from farewell.billing.tables import FinalBill
from farewell.closing import statements
from farewell.closing.case import standing_closure
from farewell.closing.receipt import afterwards, bill_told
from farewell.closing.tables import Closure
from farewell.facts import Moment, Statement, from_json
from farewell.lifecycle.exports import still_readable
from farewell.lifecycle.reactivation import offer_for
from farewell.policy.model import AccountType, Policy
from farewell.work import Work

Said = list[Statement]


@dataclass(frozen=True)
class Closed:
    """A closed account, who asks, and what the answers rest on."""

    work: Work
    account: Account
    person: Person
    closure: Closure

    @property
    def policy(self) -> Policy:
        """The rules of the vendor."""
        return self.work.policy(self.account)

    @property
    def kind(self) -> AccountType:
        """The rules under which it was closed: of the account that took it along, if one did."""
        above = self.account.parent if self.closure.parent_id else None
        return self.work.kind(above or self.account)

    @property
    def view(self) -> AccountView:
        """The account as plain values."""
        return self.work.view(self.account)

    @property
    def day(self) -> date:
        """The day of closing in the account's zone."""
        return self.view.today(self.closure.closed_at)

    def told(self, *codes: str) -> Said:
        """What the receipt said under these codes."""
        stored = [s for s in self.closure.statements or [] if s["code"] in codes]
        return [Statement(s["code"], from_json(s["facts"])) for s in stored]

    def over(self, days: int | None) -> date | None:
        """The last day of a window of days from the closing, if it has passed."""
        if days is None:
            return None
        last = self.day + timedelta(days=days)
        return last if self.view.today(self.work.now) > last else None


def closed_already(work: Work, account: Account) -> Statement:
    """That an account is closed or converted already, when, and the closure's number."""
    closure = standing_closure(work, account)
    assert closure is not None
    code = "converted_already" if closure.kind == "converted" else "closed_already"
    return Statement(
        code,
        {
            "account": work.view(account).named(),
            "closure": closure.number,
            "at": Moment(closure.closed_at, account.zone),
        },
    )


def way_back(work: Work, account: Account, person: Person) -> Said:
    """How to get a closed account back, where this person can."""
    closure = standing_closure(work, account)
    if closure is None or not offer_for(work, person, account).possible:
        return []
    return _undo(Closed(work, account, person, closure))


def answer_when_closed(
    work: Work, topic: str, account: Account, person: Person, closure: Closure
) -> Said | None:
    """The answer of an account that is closed; None where it is the same as before."""
    about = ABOUT_CLOSED.get(topic)
    return about(Closed(work, account, person, closure)) if about else None


def _final_bill(closed: Closed) -> Said:
    """The bill's lines and what is paid or refunded; by the rule alone where none is stored."""
    found = closed.work.session.scalar(
        select(FinalBill).where(FinalBill.closure_id == closed.closure.id)
    )
    if found is None:
        return statements.billing_rules(closed.policy, closed.kind)
    bill = Bill(
        currency=found.currency,
        lines=tuple(Line(**line) for line in found.lines),
        written_off=(),
        total_minor=found.total_minor,
        refund_minor=found.refund_minor,
        settles_on=found.settles_on,
    )
    if bill.refund_minor or bill.total_minor:
        told = bill_told(closed.view, closed.policy, bill)
        lines = statements.quote(closed.view, closed.kind, bill).facts["lines"]
        credit = _credit(closed, bill) if bill.refund_minor else []
        return [Statement("bill_lines", {"lines": lines}), *(credit or told)]
    return [*closed.told("charges_canceled", "nothing_to_pay", "bill_as_far_as_known")]


def _credit(closed: Closed, bill: Bill) -> Said:
    credit = statements.credit(closed.view, closed.kind, bill)
    if credit is None or not bill.refund_minor:
        return []
    return [Statement("credit_was_set_off", {**credit.facts, "settles_on": bill.settles_on})]


def _refund(closed: Closed) -> Said:
    kept = closed.told("balance_kept", "balance_not_stated")
    over = closed.over(closed.kind.balance.days.stated)
    if kept and kept[0].code == "balance_kept" and over:
        return [Statement("balance_time_over", {**kept[0].facts, "until": over})]
    if kept:
        return kept
    if closed.kind.balance.treatment.stated == "refund_to_card":
        return _final_bill(closed)
    return [statements.balance(closed.view, closed.policy, closed.day)]


def data_kept(closed: Closed) -> Said:
    """What becomes of the data from here on."""
    if closed.closure.kind == "converted":
        return [statements.data(closed.policy, closed.kind, closed.day)]
    over = closed.over(closed.kind.data.kept_days.stated)
    if over:
        return [Statement("data_time_over", {"until": over})]
    return [afterwards(statements.data(closed.policy, closed.kind, closed.day))]


def export_after(work: Work, account: Account, person: Person, closure: Closure) -> Said:
    """Whether the data can still be exported, and what becomes of it."""
    closed = Closed(work, account, person, closure)
    if still_readable(work, account, closure):
        return [Statement("export_still_offered", {}), *data_kept(closed)]
    ways = statements.contacts(closed.policy)
    return [Statement("export_too_late", {"contacts": ways}), *data_kept(closed)]


def _numbers(closed: Closed) -> Said:
    """The numbers that went with the account and those under it, and whether they can be back."""
    along = [
        child
        for child in closed.account.children
        if (found := standing_closure(closed.work, child)) and found.parent_id == closed.closure.id
    ]
    numbers = [n for a in (closed.account, *along) for n in a.numbers]
    if closed.closure.kind == "converted":
        return [statements.numbers(closed.view, closed.policy)]
    gone = {
        status: [NumberView(n.e164, n.label, None).phrase() for n in numbers if n.status == status]
        for status in ("released", "closed")
    }
    if gone["released"]:
        return [
            Statement("numbers_were_released", {"numbers": gone["released"]}),
            *_restoring(closed),
        ]
    if gone["closed"]:
        lost = closed.kind.numbers.on_close.stated == "may_be_lost"
        code = "numbers_may_be_lost_after" if lost else "numbers_unknown_after"
        return [Statement(code, {"numbers": gone["closed"]})]
    return [statements.numbers(closed.view, closed.policy)]


def _restoring(closed: Closed) -> Said:
    rules = closed.kind.numbers
    if closed.over(rules.restore_days.stated):
        return [statements.restore_too_late(closed.policy, closed.kind)]
    told = statements.number_restore(closed.policy, closed.kind, closed.day)
    return [told] if told else []


def _undo(closed: Closed) -> Said:
    """How this closing can be undone, by this person, as of now."""
    offer = offer_for(closed.work, closed.person, closed.account)
    rule = statements.undo(closed.policy, closed.kind, closed.day)
    by_rule = offer.possible or offer.statement.code in (
        "reactivation_by_support",
        "reactivation_not_stated",
        "reactivation_role",
    )
    if not by_rule:
        return [offer.statement]
    if offer.statement.code == "reactivation_by_support" and rule.code != "undo_by_support":
        return [offer.statement]
    return [rule]


def _sub_accounts(closed: Closed) -> Said | None:
    told = closed.told("sub_accounts_were_closed")
    return told or None


def _fees(closed: Closed) -> Said:
    if closed.kind.billing.fees.stated == "none":
        return [statements.fees(closed.policy, closed.kind)]
    return _final_bill(closed)


def _closed(closed: Closed) -> Said:
    return [closed_already(closed.work, closed.account)]


ABOUT_CLOSED: dict[str, Callable[[Closed], Said | None]] = {
    "final_bill": _final_bill,
    "fees": _fees,
    "refund": _refund,
    "data_retention": data_kept,
    "numbers": _numbers,
    "port_out": _numbers,
    "undo": _undo,
    "effective_date": _closed,
    "alternative": lambda closed: [*_closed(closed), *_undo(closed)],
    "sub_accounts": _sub_accounts,
}
