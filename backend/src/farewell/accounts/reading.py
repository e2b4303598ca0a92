"""Reading an account's rows into plain values."""

from __future__ import annotations

from collections.abc import Iterable

from farewell.accounts.matching import Named
from farewell.accounts.snapshot import (
    AccountView,
    ChargeView,
    NumberView,
    SubscriptionView,
)
from farewell.accounts.tables import Account, Person, PhoneNumber
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
    given_up = port is not None and port.given_up and port.status not in ("verified", "canceled")
    status = port.status if port and port.is_open else None
    return NumberView(number.e164, number.label, status, given_up)


def view(account: Account, policy: Policy) -> AccountView:
    """The account's present state for the rules."""
    kind = policy.type_of(account.type)
    plan = account.subscription
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
        subscription=SubscriptionView(
            plan.plan, plan.price_minor, plan.anchor_day, plan.billed_until
        )
        if plan and plan.status == "active"
        else None,
        numbers=tuple(_number(n) for n in account.numbers if n.status == "active"),
        charges=tuple(
            ChargeView(c.id, c.description, c.amount_minor)
            for c in account.charges
            if c.status == "open"
        ),
        closers=_closers(account, kind.closed_by.stated or []),
        children=tuple(view(child, policy) for child in account.children if child.status in ACTIVE)
        if kind.cascade and kind.cascade.closes_children.stated
        else (),
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
