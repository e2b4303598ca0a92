"""Reactivate a closed account within the policy's window, with consent to the price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from farewell.accounts.tables import Account, Person, PhoneNumber
from farewell.audit import Actor, record
from farewell.billing.money import Money
from farewell.closing.case import may_close, standing_closure
from farewell.closing.statements import contacts, vendor
from farewell.closing.tables import Closure
from farewell.errors import Problem
from farewell.facts import Phrase, Statement, VendorWords
from farewell.lifecycle.planning import plan
from farewell.lifecycle.tables import Duty
from farewell.lifecycle.windows import end_of
from farewell.work import Work

CANCELED_BY_REACTIVATION = (
    "end_reactivation",
    "purge_data",
    "host_data_purge",
    "remind_balance",
    "forfeit_balance",
    "cancel_provider_subscription",
)


@dataclass(frozen=True)
class Offer:
    """What reactivating costs, or why it cannot be done here."""

    possible: bool
    statement: Statement
    price: Money | None = None


def offer_for(work: Work, person: Person, account: Account) -> Offer:
    """Whether this person can reactivate this account now, and at which price a period."""
    policy, kind = work.policy(account), work.kind(account)
    closure = standing_closure(work, account)
    if closure is None:
        return Offer(False, Statement("not_closed", {"account": work.view(account).named()}))
    if closure.kind == "converted":
        facts = {"account": work.view(account).named(), "contacts": contacts(policy)}
        return Offer(False, Statement("reactivation_converted", facts))
    if not may_close(work, person, account):
        return Offer(False, Statement("reactivation_role", {"contacts": contacts(policy)}))
    days = kind.undo.days.stated
    ended = days is not None and work.now >= end_of(closure.closed_at, days, account.zone)
    after = VendorWords(kind.undo.after_that or {"en": ""})
    if ended:
        return Offer(False, Statement("reactivation_too_late", {"days": days, "after": after}))
    taken_along = closure.parent_id or (account.parent and account.parent.status == "closed")
    by = "support" if taken_along else kind.undo.by.stated
    if by == "support":
        return Offer(False, Statement("reactivation_by_support", {"contacts": contacts(policy)}))
    if by == "nobody":
        return Offer(False, Statement("undo_never", {}))
    if by != "customer":
        facts = {"vendor": vendor(policy), "contacts": contacts(policy)}
        return Offer(False, Statement("reactivation_not_stated", facts))
    price = Money(account.subscription.price_minor if account.subscription else 0, account.currency)
    interval = account.subscription.interval if account.subscription else "month"
    facts = {
        "account": work.view(account).named(),
        "price": Phrase(f"price.{interval}", {"price": price}),
    }
    return Offer(True, Statement("reactivation_offer", facts), price)


def reactivate(
    work: Work, *, person: Person, account: Account, actor: Actor, price: Money
) -> Closure:
    """Undo the closure at the price that the customer agreed to. The final bill stands.

    Raises Problem 409 where it is not possible or the price is another one.
    """
    offer = offer_for(work, person, account)
    closure = standing_closure(work, account)
    if not offer.possible or closure is None:
        raise Problem(409, offer.statement.code, "This account cannot be reactivated here.")
    if offer.price != price:
        raise Problem(409, "price_changed", "The price is another one; ask for consent again.")
    closure.undone_at = work.now
    account.status = "active"
    if account.subscription:
        account.subscription.status, account.subscription.locked_at = "active", None
        account.subscription.billed_until = _not_charged_until(work, account, closure)
    for number in account.numbers:
        number.renewal_billed_until = _not_charged_until(work, account, closure)
    for duty in work.session.query(Duty).filter_by(closure_id=closure.id, state="planned"):
        if duty.kind in CANCELED_BY_REACTIVATION:
            duty.state = "canceled"
    plan(work, closure, "host_account_reactivated")
    record(
        work.session,
        work.now,
        actor,
        "account.reactivated",
        f"account:{account.number}",
        closure=closure.number,
        price_minor=price.minor,
    )
    work.session.flush()
    return closure


def _not_charged_until(work: Work, account: Account, closure: Closure) -> date:
    """The closing day is in the final bill, and the days after it were spent closed (rule 4)."""
    account_view = work.view(account)
    day_before = account_view.today(work.now) - timedelta(days=1)
    return max(account_view.today(closure.closed_at), day_before)


def restorable_numbers(work: Work, account: Account) -> list[PhoneNumber]:
    """Released numbers that may come back: the account was closed within the policy's days.

    A closing guide: "Once the Sub-account has been reactivated, if it was canceled within 14 days,
    you can restore the released Tracking Numbers." Counted from closing.
    """
    days = work.kind(account).numbers.restore_days.stated
    if days is None or account.status not in ("active", "closing"):
        return []
    released = [
        n
        for n in account.numbers
        if n.is_released and n.released_at and work.now < end_of(n.released_at, days, account.zone)
    ]
    in_use = select(PhoneNumber.e164).where(
        PhoneNumber.status == "active", PhoneNumber.e164.in_([n.e164 for n in released])
    )
    taken = set(work.session.scalars(in_use))
    return [n for n in released if n.e164 not in taken]


def restore_numbers(work: Work, *, person: Person, account: Account, actor: Actor) -> int:
    """Bring the restorable numbers back; returns how many.

    The host application restores what it has released; a release that it was not told of yet is
    not told any more. Raises Problem 403 without the role.
    """
    if not may_close(work, person, account):
        raise Problem(403, "role_missing", "Your role does not restore numbers of this account.")
    numbers = restorable_numbers(work, account)
    released_at = {number.released_at for number in numbers}
    for closure in work.session.scalars(
        select(Closure).where(Closure.account_id == account.id, Closure.closed_at.in_(released_at))
    ):
        _tell_the_host(work, closure, [n for n in numbers if n.released_at == closure.closed_at])
    day_before = work.view(account).today(work.now) - timedelta(days=1)
    for number in numbers:
        number.status, number.released_at = "active", None
        number.renewal_billed_until = max(number.renewal_billed_until or day_before, day_before)
        record(work.session, work.now, actor, "number.restored", f"number:{number.e164}")
    return len(numbers)


def _tell_the_host(work: Work, closure: Closure, numbers: list[PhoneNumber]) -> None:
    """Have a closure's released numbers restored: now, also where that was done once before."""
    duties = {d.kind: d for d in work.session.query(Duty).filter_by(closure_id=closure.id)}
    release = duties.get("host_numbers_release")
    if release and release.state == "planned":
        release.state = "canceled"
    restore = duties.get("host_numbers_restore") or plan(work, closure, "host_numbers_restore")
    restore.state, restore.due_at = "planned", work.now
    restore.facts = {"numbers": [number.e164 for number in numbers]}
