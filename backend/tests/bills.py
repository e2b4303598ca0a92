"""Policies with other rules on the final bill, and an account to try them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from factories import POLICIES

from farewell.accounts.snapshot import AccountView, SubscriptionView
from farewell.policy.model import Policy

VIEW = AccountView(
    id="id",
    number="T-1",
    name="Account",
    type="standalone",
    zone="America/New_York",
    currency="USD",
    balance_minor=0,
    payment_method="Visa ending 4242",
    parent_name=None,
    subscription=SubscriptionView("Unlimited", 3000, 1, None),
    numbers=(),
    charges=(),
    closers=(("billing_admin", "A. A."),),
)
"""A plan of $30 a month in New York."""


def rules(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as rules of a made-up guide; what is no rule stays as it is."""
    plain = ("rounding", "quote_minutes")
    return {
        key: value
        if key in plain
        else {"value": value} | ({} if value == "not_stated" else {"source": "a guide"})
        for key, value in values.items()
    }


def policy_with(
    balance: Mapping[str, Any] | None = None,
    *,
    numbers: Mapping[str, Any] | None = None,
    **billing: Any,
) -> Policy:
    """Tresta's policy, silent on fees and undone by the customer, with other rules on the bill."""
    given = POLICIES["tresta"].model_dump(mode="json")
    kind = given["account_types"]["standalone"]
    kind["billing"] |= rules({"fees": "not_stated", **billing})
    kind["balance"] |= rules(balance or {})
    kind["numbers"] |= rules(numbers or {})
    kind["undo"] |= rules({"by": "customer", "days": 60})
    return Policy.model_validate(given)


def plan_of(**changes: Any) -> AccountView:
    """The account with another plan."""
    assert VIEW.subscription is not None
    return replace(VIEW, subscription=replace(VIEW.subscription, **changes))
