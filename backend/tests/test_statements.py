"""What is said claims no more than the policy states."""

from __future__ import annotations

from typing import Any

import pytest
from factories import NOON, POLICIES, World, account, the_account

from farewell.closing import statements
from farewell.policy.rule import NOT_STATED, Rule


@pytest.mark.parametrize(
    ("vendor", "kind", "code"),
    [
        ("tresta", "standalone", "bill_in_arrears"),
        ("ctm", "standalone", "bill_usage_only"),
        ("ontraport", "full", "bill_written_off"),
    ],
)
def test_how_the_bill_comes_about(vendor: str, kind: str, code: str) -> None:
    policy = POLICIES[vendor]

    assert statements.billing_rule(policy, policy.type_of(kind)).code == code


def test_a_plan_is_said_to_be_paid_only_where_that_is_stated() -> None:
    policy = POLICIES["ctm"]
    kind = policy.type_of("standalone")
    billing = kind.billing.model_copy(update={"timing": Rule[Any](value=NOT_STATED)})

    told = statements.billing_rule(policy, kind.model_copy(update={"billing": billing}))

    assert told.code == "bill_rule_not_stated"


@pytest.mark.parametrize(("held", "code"), [(0, "no_balance"), (5, "balance_not_stated")])
def test_a_balance_without_a_rule(world: World, held: int, code: str) -> None:
    owner = {"ann@example": "owner"}
    world.load(account("O-1", vendor="ontraport", type="full", roles=owner, balance_minor=held))

    view = world.run(lambda work: work.view(the_account(work, "O-1")))

    assert statements.balance(view, POLICIES["ontraport"], NOON).code == code


@pytest.mark.parametrize(
    ("by_support", "code"), [(True, "numbers_restorable"), (False, "numbers_restorable_until")]
)
def test_support_is_named_for_numbers_only_where_it_can_ask(
    world: World, by_support: bool, code: str
) -> None:
    kind = POLICIES["ctm"].type_of("sub_account")
    numbers = kind.numbers.model_copy(update={"restore_otherwise_by_support": by_support})
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    view = world.run(lambda work: work.view(the_account(work, "C-1")))

    told = statements.number_restore(view, kind.model_copy(update={"numbers": numbers}), NOON)

    assert told is not None
    assert told.code == code
