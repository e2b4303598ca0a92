"""Reading an account's rows into plain values."""

from __future__ import annotations

from collections.abc import Iterable

from farewell.accounts.matching import Named
from farewell.accounts.snapshot import (
    AccountView,
    ChargeView,
    MeterView,
    NumberView,
    RenewalView,
    SubscriptionView,
    TaxView,
    UsageView,
)
from farewell.accounts.tables import Account, Meter, Person, PhoneNumber, Subscription
from farewell.billing.money import Money
from farewell.policy.model import Policy

ACTIVE = ("active", "closing")


def _closers(account: Account, roles: Iterable[str]) -> tuple[tuple[str, str], ...]:
    holders = list(account.roles) + (list(account.parent.roles) if account.parent else [])
    wanted = list(roles)
    return tuple(
        dict.fromkeys(
            (role.role, role.person.initials)
            for wished in wanted
            for role in holders
            if role.role == wished
        )
    )


def _number(number: PhoneNumber) -> NumberView:
    port = number.port_out
    return NumberView(
        number.e164,
        number.label,
        port.status if port and port.is_open else None,
        RenewalView(number.renewal_minor, number.renewal_anchor_day, number.renewal_billed_until)
        if number.renewal_minor is not None
        else None,
    )


def _plan(plan: Subscription | None) -> SubscriptionView | None:
    if plan is None or plan.status != "active":
        return None
    return SubscriptionView(
        plan=plan.plan,
        price_minor=plan.price_minor,
        anchor_day=plan.anchor_day,
        billed_until=plan.billed_until,
        interval=plan.interval,
        anchor_month=plan.anchor_month,
        committed_until=plan.committed_until,
    )


def meter_view(meter: Meter) -> MeterView:
    """A meter with the records that no bill has settled."""
    return MeterView(
        name=meter.name,
        price_minor=meter.price_minor,
        per=meter.per,
        records=tuple(
            UsageView(r.id, r.quantity, r.occurred_at) for r in meter.records if r.status == "open"
        ),
    )


def view(account: Account, policy: Policy) -> AccountView:
    """The account's present state for the rules."""
    kind = policy.type_of(account.type)
    return AccountView(
        id=account.id,
        number=account.number,
        name=account.name,
        type=account.type,
        zone=account.zone,
        currency=account.currency,
        balance_minor=account.balance_minor,
        payment_method=account.payment_method,
        parent_name=account.parent.name if account.parent else None,
        subscription=_plan(account.subscription),
        numbers=tuple(_number(n) for n in account.numbers if n.status == "active"),
        charges=tuple(
            ChargeView(c.id, c.description, c.amount_minor, c.kind, c.occurred_at)
            for c in account.charges
            if c.status == "open"
        ),
        closers=_closers(account, kind.closed_by.stated or []),
        children=tuple(view(child, policy) for child in account.children if child.status in ACTIVE)
        if kind.cascade and kind.cascade.closes_children.stated
        else (),
        meters=tuple(meter_view(meter) for meter in account.meters),
        taxes=tuple(TaxView(tax.name, tax.rate_ppm) for tax in account.taxes),
    )


def named(account: Account, kind: str) -> Named:
    """What a customer may call an account by, a closed one too; `kind` is its type in words."""
    plan = account.subscription
    return Named(
        number=account.number,
        name=account.name,
        kind=kind,
        e164s=tuple(number.e164 for number in account.numbers),
        price=Money(plan.price_minor, account.currency) if plan else None,
    )


def roles_of(person: Person, account: Account) -> set[str]:
    """What a person is in an account: by a role in it or in the account above it."""
    ids = {account.id, account.parent_id}
    return {role.role for role in person.roles if role.account_id in ids}
