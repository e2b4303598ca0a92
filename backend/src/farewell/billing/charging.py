"""Every path on which an account can be charged; each asks the billing lock first (rule 4).

The host application calls these instead of charging by itself. A refusal is an answer and no
exception, so that its audit entry is committed with it. Amounts are whole minor units of the
account's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from farewell.accounts.tables import Account, Charge
from farewell.audit import Actor, record
from farewell.billing.writing_off import write_off
from farewell.closing.case import standing_closure
from farewell.errors import Problem, not_found
from farewell.payments.tables import ChargePayment
from farewell.work import Work

Path = Literal["renewal", "number_renewal", "usage", "retry", "item"]


@dataclass(frozen=True)
class Refused:
    """The lock said no; `since` is the moment of the closing (UTC)."""

    path: Path
    since: datetime


def refusal(
    work: Work, account: Account, path: Path, actor: Actor, **about: int | str
) -> Refused | None:
    """What the lock says, with an entry in the audit where it refuses.

    The account's row is locked until the end of the transaction: a closing at the same moment comes
    before, and is seen, or after, and writes off what was charged. A converted account goes on and
    may buy single items; what its old plan would charge is refused until it buys a plan again.
    """
    work.session.flush()
    work.session.refresh(account, with_for_update=True)
    closure = standing_closure(work, account)
    since = closure.closed_at if closure else None
    if account.subscription:
        work.session.refresh(account.subscription)
        since = account.subscription.locked_at or since
    if since is None or (path == "item" and account.status == "converted"):
        return None
    subject = f"account:{account.number}"
    record(work.session, work.now, actor, "charge.refused", subject, path=path, **about)
    return Refused(path, since)


def renew_plan(work: Work, account: Account, actor: Actor, *, through: date) -> Charge | Refused:
    """Charge the plan's price for the period that ends with the day `through` (account's zone).

    Raises Problem 409 where that day is billed already, or there is no plan.
    """
    refused = refusal(work, account, "renewal", actor)
    if refused:
        return refused
    plan = account.subscription
    if plan is None:
        raise Problem(409, "no_plan", "This account has no plan.")
    if plan.billed_until and through <= plan.billed_until:
        raise Problem(409, "period_billed", f"Billed through {plan.billed_until} already.")
    plan.billed_until = through
    return _charge(work, account, actor, "renewal", plan.plan, plan.price_minor)


def renew_number(
    work: Work, account: Account, actor: Actor, *, e164: str, amount_minor: int, through: date
) -> Charge | Refused:
    """Charge the renewal of a number for the month that ends with `through` (account's zone).

    Raises Problem 404 for a number that this account does not use, 409 where that day is billed
    already.
    """
    refused = refusal(work, account, "number_renewal", actor, amount_minor=amount_minor)
    if refused:
        return refused
    number = next((n for n in account.numbers if n.e164 == e164 and n.status == "active"), None)
    if number is None:
        raise not_found("number in use")
    if number.renewal_billed_until and through <= number.renewal_billed_until:
        billed = number.renewal_billed_until
        raise Problem(409, "period_billed", f"Billed through {billed} already.")
    number.renewal_billed_until = through
    return _charge(work, account, actor, "number_renewal", e164, amount_minor)


def rate_usage(
    work: Work,
    account: Account,
    actor: Actor,
    *,
    description: str,
    amount_minor: int,
    occurred_at: datetime | None = None,
) -> Charge | Refused:
    """Charge rated usage; `occurred_at` (UTC) may lie before the closing, and is refused too:
    what arrives late is written off and recorded (rule 3)."""
    refused = refusal(work, account, "usage", actor, amount_minor=amount_minor)
    occurred_at = occurred_at or work.now
    closure = standing_closure(work, account)
    if refused and closure:
        late = _add(work, account, "usage", description, amount_minor, occurred_at)
        write_off(work, account, closure.id, late, amount_minor)
    return refused or _charge(work, account, actor, "usage", description, amount_minor, occurred_at)


def charge_item(
    work: Work, account: Account, actor: Actor, *, description: str, amount_minor: int
) -> Charge | Refused:
    """Charge a one-off item."""
    refused = refusal(work, account, "item", actor, amount_minor=amount_minor)
    return refused or _charge(work, account, actor, "item", description, amount_minor)


def retry_charge(
    work: Work, account: Account, actor: Actor, *, charge_id: int, reference: str
) -> ChargePayment | Refused:
    """Note that a payment for an open charge is begun at the provider under `reference`.

    Closing then knows of it, and stops it or pays it back.
    Raises Problem 404 for a charge that is not open in this account.
    """
    refused = refusal(work, account, "retry", actor)
    if refused:
        return refused
    charge = work.session.get(Charge, charge_id)
    if charge is None or charge.account_id != account.id or charge.status != "open":
        raise not_found("open charge")
    payment = ChargePayment(charge_id=charge.id, reference=reference, begun_at=work.now)
    work.session.add(payment)
    subject = f"account:{account.number}"
    record(work.session, work.now, actor, "charge.retried", subject, charge=charge.id)
    return payment


def buy_plan(work: Work, account: Account, actor: Actor, *, plan: str, price_minor: int) -> Account:
    """A converted account takes a paid plan again: the lock opens, and it can be closed anew.

    Raises Problem 409 for an account that was not converted.
    """
    work.session.flush()
    work.session.refresh(account, with_for_update=True)
    closure = standing_closure(work, account)
    if closure is None or closure.kind != "converted" or account.subscription is None:
        raise Problem(409, "account_not_converted", "Only a converted account buys a plan here.")
    subscription = account.subscription
    subscription.plan, subscription.price_minor = plan, price_minor
    subscription.status, subscription.locked_at = "active", None
    today = work.view(account).today(work.now)
    subscription.billed_until = max(today, subscription.billed_until or today)
    account.status, closure.undone_at = "active", work.now
    record(
        work.session,
        work.now,
        actor,
        "plan.bought",
        f"account:{account.number}",
        price_minor=price_minor,
    )
    return account


def _charge(
    work: Work,
    account: Account,
    actor: Actor,
    path: Path,
    description: str,
    amount_minor: int,
    occurred_at: datetime | None = None,
) -> Charge:
    charge = _add(work, account, path, description, amount_minor, occurred_at or work.now)
    record(
        work.session,
        work.now,
        actor,
        "charge.made",
        f"account:{account.number}",
        path=path,
        charge=charge.id,
        amount_minor=amount_minor,
    )
    return charge


def _add(
    work: Work,
    account: Account,
    path: Path,
    description: str,
    amount_minor: int,
    occurred_at: datetime,
) -> Charge:
    charge = Charge(
        account_id=account.id,
        kind="usage" if path == "usage" else "outstanding",
        description=description,
        amount_minor=amount_minor,
        occurred_at=occurred_at,
    )
    work.session.add(charge)
    work.session.flush()
    work.session.expire(account, ["charges"])
    return charge
