"""Undoing a closure: windows to the second, consent to a price, numbers that come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import (
    NOON,
    World,
    account,
    agency_with,
    e164,
    person,
    phone,
    the_account,
    the_person,
    usage,
)

from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.errors import Problem
from farewell.lifecycle.reactivation import (
    Offer,
    offer_for,
    restorable_numbers,
    restore_numbers,
)
from farewell.work import Work

PRICE = Money(3000, "USD")
ADMIN = {"ann@example": "administrator"}


def ctm_standalone(**more: Any) -> dict[str, Any]:
    """A CTM standalone account that ann@example closes."""
    return account("C-1", vendor="ctm", roles=ADMIN, **more)


def offer(world: World, number: str, email: str = "ann@example") -> Offer:
    """What reactivating would cost, or why it cannot be done."""
    return world.run(
        lambda work: offer_for(work, the_person(work, email), the_account(work, number))
    )


def undo(world: World, number: str, price: Money = PRICE, email: str = "ann@example") -> None:
    """Reactivate with consent to a price."""
    world.reactivate(number, email, price)


def due(world: World, number: str) -> dict[str, datetime]:
    """When each planned duty of an account is due."""
    return {
        d["kind"]: datetime.fromisoformat(d["due_at"])
        for d in world.show(number)["duties"]
        if d["state"] == "planned"
    }


@pytest.mark.parametrize(
    ("after", "possible"),
    [
        (timedelta(0), True),
        (timedelta(days=60), True),
        (datetime(2027, 1, 10, 4, 59, 59, 999_999, tzinfo=UTC) - NOON, True),  # Jan 9, New York
        (datetime(2027, 1, 10, 5, tzinfo=UTC) - NOON, False),
        (timedelta(days=61), False),
    ],
)
@pytest.mark.parametrize("number", ["C-1", "S-1"])
def test_ctm_accounts_come_back_until_the_sixtieth_day_is_over(
    world: World, number: str, after: timedelta, possible: bool
) -> None:
    world.load(ctm_standalone(), *agency_with("S-1"))
    world.close(number)

    world.clock.now = NOON + after

    assert offer(world, number).possible is possible
    if possible:
        undo(world, number)
        assert world.show(number)["account"]["status"] == "active"
    else:
        assert offer(world, number).statement.code == "reactivation_too_late"
        with pytest.raises(Problem) as refused:
            undo(world, number)
        assert refused.value.code == "reactivation_too_late"


@pytest.mark.parametrize("price", [Money(2999, "USD"), Money(3001, "USD"), Money(3000, "EUR")])
def test_consent_to_another_price_reactivates_nothing(world: World, price: Money) -> None:
    world.load(ctm_standalone())
    world.close("C-1")

    with pytest.raises(Problem) as refused:
        undo(world, "C-1", price)

    assert (refused.value.status, refused.value.code) == (409, "price_changed")
    assert world.show("C-1")["account"]["status"] == "closed"


def test_reactivation_unlocks_billing_and_ends_the_duties_of_the_closing(world: World) -> None:
    world.load(ctm_standalone(balance_minor=50))
    world.close("C-1")
    world.clock.forward(days=3)

    undo(world, "C-1")

    shown = world.show("C-1")
    assert shown["account"]["billing_locked"] is False
    assert shown["closures"][0]["undone_at"] == (NOON + timedelta(days=3)).isoformat()
    states = {d["kind"]: d["state"] for d in shown["duties"]}
    for kind in ("purge_data", "end_reactivation", "forfeit_balance"):
        assert states[kind] == "canceled", kind
    assert states["host_account_reactivated"] == "planned"


def test_the_final_bill_stands_after_a_reactivation(world: World) -> None:
    world.load(ctm_standalone(charges=[usage("Minutes", 845)]))
    world.close("C-1")

    undo(world, "C-1")

    assert [b["total_minor"] for b in world.show("C-1")["bills"]] == [845]
    assert "settle_final_bill" in due(world, "C-1")


def test_an_account_can_be_closed_again_after_it_came_back(world: World) -> None:
    world.load(ctm_standalone())
    world.close("C-1")
    undo(world, "C-1")
    world.clock.forward(days=1)

    world.close("C-1")

    closures = world.show("C-1")["closures"]
    assert [c["undone_at"] is None for c in closures] == [False, True]


def test_reactivating_twice_is_refused(world: World) -> None:
    world.load(ctm_standalone())
    world.close("C-1")
    undo(world, "C-1")

    with pytest.raises(Problem) as refused:
        undo(world, "C-1")

    assert refused.value.code == "not_closed"


def test_an_agency_comes_back_through_support_only(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("A-1")

    for number in ("A-1", "S-1"):
        assert offer(world, number).statement.code == "reactivation_by_support"
        with pytest.raises(Problem):
            undo(world, number)


def test_a_sub_account_closed_before_its_agency_comes_back_through_support_too(
    world: World,
) -> None:
    world.load(*agency_with("S-1", "S-2"))
    world.close("S-1")
    world.clock.forward(days=1)
    world.close("A-1")

    assert offer(world, "S-1").statement.code == "reactivation_by_support"


def test_after_sixty_days_an_agency_is_too_late_for_support_as_well(world: World) -> None:
    world.load(*agency_with())
    world.close("A-1")

    world.clock.forward(days=61)

    assert offer(world, "A-1").statement.code == "reactivation_too_late"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (account("X-1"), "reactivation_not_stated"),
        (
            account("X-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}),
            "reactivation_not_stated",
        ),
        (
            account(
                "X-1", vendor="ontraport", type="premium_pages", roles={"ann@example": "owner"}
            ),
            "reactivation_converted",
        ),
    ],
)
def test_where_the_guide_is_silent_nothing_is_undone_here(
    world: World, given: dict[str, Any], code: str
) -> None:
    world.load(given)
    world.close("X-1")

    assert offer(world, "X-1").statement.code == code
    with pytest.raises(Problem) as refused:
        undo(world, "X-1")
    assert refused.value.code == code


def test_who_may_not_close_may_not_reactivate(world: World) -> None:
    world.load(
        ctm_standalone() | {"roles": ADMIN | {"rita@example": "report_manager"}},
        people=[person("rita@example", "ctm")],
    )
    world.close("C-1")

    assert offer(world, "C-1", "rita@example").statement.code == "reactivation_role"


def restorable(world: World, number: str) -> list[str]:
    """Numbers that may come back now."""
    return world.run(
        lambda work: [n.e164 for n in restorable_numbers(work, the_account(work, number))]
    )


def restore(world: World, number: str, email: str = "ann@example") -> int:
    """Bring released numbers back."""
    return world.run(
        lambda work: restore_numbers(
            work,
            person=the_person(work, email),
            account=the_account(work, number),
            actor=Actor("ann", "api"),
        )
    )


@pytest.mark.parametrize(
    ("after", "numbers"),
    [
        (timedelta(days=1), [e164()]),
        (datetime(2026, 11, 25, 4, 59, 59, tzinfo=UTC) - NOON, [e164()]),  # Nov 24, New York
        (datetime(2026, 11, 25, 5, tzinfo=UTC) - NOON, []),
        (timedelta(days=15), []),
    ],
)
def test_numbers_come_back_within_fourteen_days_from_closing(
    world: World, after: timedelta, numbers: list[str]
) -> None:
    world.load(*agency_with("S-1"))
    world.close("S-1")
    undo_at = NOON + min(after, timedelta(days=2))
    world.clock.now = undo_at
    undo(world, "S-1")
    world.clock.now = NOON + after

    assert restorable(world, "S-1") == numbers
    assert restore(world, "S-1") == len(numbers)
    assert {n["status"] for n in world.show("S-1")["numbers"]} == (
        {"active"} if numbers else {"released"}
    )


def test_the_host_is_told_of_restored_numbers_and_no_longer_to_release_them(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("S-1")
    undo(world, "S-1")
    assert "host_numbers_release" in due(world, "S-1")

    restore(world, "S-1")

    states = {d["kind"]: d["state"] for d in world.show("S-1")["duties"]}
    assert states["host_numbers_release"] == "canceled"
    assert states["host_numbers_restore"] == "planned"


def test_numbers_that_only_went_with_the_account_are_not_restored(world: World) -> None:
    policy = world.policies["tresta"]
    kind = policy.account_types["standalone"]
    given = world.policies["ctm"].type_of("sub_account")
    numbers = kind.numbers.model_copy(update={"restore_days": given.numbers.restore_days})
    types = {"standalone": kind.model_copy(update={"undo": given.undo, "numbers": numbers})}
    world.policies = world.policies | {"tresta": policy.model_copy(update={"account_types": types})}
    world.load(account(numbers=[phone()]))
    world.close()

    undo(world, "T-1", Money(3000, "USD"))

    assert restorable(world, "T-1") == []
    assert [n["status"] for n in world.show("T-1")["numbers"]] == ["closed"]


def test_numbers_come_back_only_after_the_account(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("S-1")

    assert restorable(world, "S-1") == []


def test_a_standalone_account_s_numbers_come_back_through_support_only(world: World) -> None:
    world.load(ctm_standalone(numbers=[phone()]))
    world.close("C-1")
    undo(world, "C-1")

    assert restorable(world, "C-1") == []


def test_a_number_that_somebody_else_has_by_now_does_not_come_back(world: World) -> None:
    world.load(*agency_with("S-1"))
    world.close("S-1")
    undo(world, "S-1")
    world.load(account("T-1", numbers=[phone()], roles={}))

    assert restorable(world, "S-1") == []
    assert restore(world, "S-1") == 0


def test_days_on_which_an_account_was_closed_are_not_billed(world: World) -> None:
    policy = world.policies["tresta"].model_copy(deep=True)
    kind = policy.account_types["standalone"]
    given = world.policies["ctm"].type_of("standalone").undo
    types = {"standalone": kind.model_copy(update={"undo": given})}
    world.policies = world.policies | {"tresta": policy.model_copy(update={"account_types": types})}
    world.load(account())
    world.close()  # 10 November: ten days are billed
    world.clock.forward(days=10)
    undo(world, "T-1")
    world.clock.forward(days=1)

    world.close()  # 21 November: the 20th and the 21st are new

    totals = sorted(b["total_minor"] for b in world.show("T-1")["bills"])
    assert totals == [200, 1000]


def test_a_sub_account_taken_along_needs_support_even_after_its_agency_is_back(
    world: World,
) -> None:
    world.load(*agency_with("S-1"))
    world.close("A-1")

    def back_by_support(work: Work) -> None:
        the_account(work, "A-1").status = "active"

    world.run(back_by_support)

    assert offer(world, "S-1").statement.code == "reactivation_by_support"
