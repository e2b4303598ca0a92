"""What follows a closure: dated duties, and what time does to cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from factories import (
    NOON,
    World,
    account,
    agency_with,
    phone,
    usage,
)

from farewell.lifecycle.sweep import Rested, rest_cases

ADMIN = {"ann@example": "administrator"}


def ctm_standalone(**more: Any) -> dict[str, Any]:
    """A CTM standalone account that ann@example closes."""
    return account("C-1", vendor="ctm", roles=ADMIN, **more)


def due(world: World, number: str) -> dict[str, datetime]:
    """When each planned duty of an account is due."""
    return {
        d["kind"]: datetime.fromisoformat(d["due_at"])
        for d in world.show(number)["duties"]
        if d["state"] == "planned"
    }


def sweep_now(world: World) -> Rested:
    """One sweep over the cases."""
    return world.run(rest_cases)


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
        "end_reactivation": datetime(2027, 1, 10, 5, tzinfo=UTC),  # Jan 9 is over in New York
        "purge_data": datetime(2027, 1, 10, 5, tzinfo=UTC),
        "host_data_purge": datetime(2027, 1, 10, 5, tzinfo=UTC),
        "remind_balance": datetime(2027, 1, 25, 17, tzinfo=UTC),  # 14 days before Feb 8
        "forfeit_balance": datetime(2027, 2, 9, 5, tzinfo=UTC),
    }


def test_only_a_sub_account_s_numbers_have_a_window_of_fourteen_days(world: World) -> None:
    world.load(*agency_with("S-1"))

    world.close("S-1")

    assert due(world, "S-1")["end_number_restore"] == datetime(2026, 11, 25, 5, tzinfo=UTC)


def test_ontraport_deletes_at_once_and_signs_out(world: World) -> None:
    world.load(account("O-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}))

    world.close("O-1")

    assert due(world, "O-1") == {
        "host_account_closed": NOON,
        "host_sessions_revoke": NOON,
        "purge_data": NOON,
        "host_data_purge": NOON,
    }


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
    world.sweep()
    before = [world.show(n) for n in ("T-1", "T-2", "C-1")]

    again = world.sweep()

    assert [world.show(n) for n in ("T-1", "T-2", "C-1")] == before
    assert again.cases == Rested(0, 0)
    assert (again.done, again.dropped, again.later, again.for_human) == (0, 0, 0, 0)
