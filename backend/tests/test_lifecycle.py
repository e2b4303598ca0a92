"""What follows a closure: dated duties, windows to undo it, and what time does to cases."""

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
    reactivate,
    restorable_numbers,
    restore_numbers,
)
from farewell.lifecycle.sweep import Swept, sweep

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
    world.run(
        lambda work: reactivate(
            work,
            person=the_person(work, email),
            account=the_account(work, number),
            actor=Actor("ann", "api"),
            price=price,
        )
    )


def due(world: World, number: str) -> dict[str, datetime]:
    """When each planned duty of an account is due."""
    return {
        d["kind"]: datetime.fromisoformat(d["due_at"])
        for d in world.show(number)["duties"]
        if d["state"] == "planned"
    }


def sweep_now(world: World) -> Swept:
    """One sweep."""
    return world.run(sweep)


def test_tresta_settles_by_noon_of_the_fifth_calendar_day_in_the_account_s_zone(
    world: World,
) -> None:
    world.load(account())

    world.close()

    assert due(world, "T-1") == {
        "host_account_closed": NOON,
        "settle_final_bill": datetime(2026, 11, 15, 17, tzinfo=UTC),
    }


def test_tresta_refunds_a_credit_within_five_calendar_days(world: World) -> None:
    world.load(account(balance_minor=9000))

    world.close()

    assert due(world, "T-1")["refund_credit"] <= NOON + timedelta(days=5)
    assert "settle_final_bill" not in due(world, "T-1")


def test_calendar_days_are_counted_across_a_change_of_clocks(world: World) -> None:
    world.clock.now = datetime(2026, 10, 30, 16, tzinfo=UTC)  # noon in summer time
    world.load(account())

    world.close()

    assert due(world, "T-1")["settle_final_bill"] == datetime(2026, 11, 4, 17, tzinfo=UTC)


def test_ctm_keeps_data_sixty_and_the_balance_ninety_days(world: World) -> None:
    world.load(ctm_standalone(balance_minor=5050, numbers=[phone()], charges=[usage("Min", 5)]))

    world.close("C-1")

    assert due(world, "C-1") == {
        "settle_final_bill": NOON,
        "host_account_closed": NOON,
        "host_numbers_release": NOON,
        "end_reactivation": NOON + timedelta(days=60),
        "purge_data": NOON + timedelta(days=60),
        "forfeit_balance": NOON + timedelta(days=90),
    }


def test_only_a_sub_account_s_numbers_have_a_window_of_fourteen_days(world: World) -> None:
    world.load(*agency_with("S-1"))

    world.close("S-1")

    assert due(world, "S-1")["end_number_restore"] == NOON + timedelta(days=14)


def test_ontraport_deletes_at_once_and_signs_out(world: World) -> None:
    world.load(account("O-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}))

    world.close("O-1")

    assert due(world, "O-1") == {
        "host_account_closed": NOON,
        "host_sessions_revoke": NOON,
        "purge_data": NOON,
    }


@pytest.mark.parametrize(
    ("after", "possible"),
    [
        (timedelta(0), True),
        (timedelta(days=59, hours=23, minutes=59, seconds=59), True),
        (timedelta(days=60) - timedelta(microseconds=1), True),
        (timedelta(days=60), False),
        (timedelta(days=61), False),
    ],
)
@pytest.mark.parametrize("number", ["C-1", "S-1"])
def test_ctm_accounts_come_back_within_sixty_days_to_the_second(
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

    world.clock.forward(days=60)

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
        (timedelta(days=14) - timedelta(seconds=1), [e164()]),
        (timedelta(days=14), []),
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


def test_a_case_that_nobody_touches_rests_after_a_day_and_later_expires(world: World) -> None:
    world.load(account())
    world.closing().open()
    world.clock.forward(days=1)
    assert sweep_now(world).abandoned == 0

    world.clock.forward(seconds=1)
    assert sweep_now(world).abandoned == 1
    assert world.show("T-1")["account"]["status"] == "active"

    world.clock.forward(days=29)
    assert sweep_now(world).expired == 1
    assert world.show("T-1")["closing_case"]["state"] == "expired"


def test_a_case_that_waits_for_a_port_never_rests(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.closing().settle().confirm()

    world.clock.forward(days=90)

    assert sweep_now(world).abandoned == 0
    assert world.show("T-1")["closing_case"]["state"] == "waiting_for_port"


def test_sweeping_twice_changes_nothing_more(world: World) -> None:
    zoe = {"zoe@example": "billing_admin"}
    world.load(account(roles=zoe), account("T-2", roles=zoe), ctm_standalone(balance_minor=5))
    world.closing("T-1", "zoe@example").open()
    world.close("T-2", "zoe@example")
    world.close("C-1")
    world.clock.forward(days=100)
    sweep_now(world)
    before = [world.show(n) for n in ("T-1", "T-2", "C-1")]

    again = sweep_now(world)

    assert [world.show(n) for n in ("T-1", "T-2", "C-1")] == before
    assert (again.abandoned, again.expired) == (0, 0)
