"""A process killed at any statement leaves nothing half done, and who comes after it finishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clients import Api, settled
from dying import deaths, die_at, everything
from factories import World, account, agency_with, phone, the_account, the_person, usage

from farewell.audit import Actor, broken_entries
from farewell.billing.money import Money
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.lifecycle.reactivation import reactivate
from farewell.lifecycle.sweep import rest_cases
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

ONCE = (Closure, FinalBill, OutgoingMessage)


def closing_one(world: World) -> Callable[[World], object]:
    """One account with a number, a charge and a balance."""
    world.load(account(numbers=[phone()], charges=[usage("Calls", 234)], balance_minor=50))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    return lambda _: closing.confirm(quote_id, shown)


def test_a_process_killed_at_each_statement_of_the_closing_leaves_nothing_half_done(
    world: World,
) -> None:
    run = closing_one(world)
    before = everything(world)
    statements = []

    for death in deaths(world, run):
        statements.append(death.statement)
        assert everything(world) == before, death

    assert [world.count(table) for table in ONCE] == [1, 1, 1]
    assert world.show("T-1")["account"]["status"] == "closed"
    assert world.run(lambda work: broken_entries(work.session)) == []
    # It died at the writing ones too, and last of all with everything written.
    assert sum(s.startswith(("INSERT", "UPDATE")) for s in statements) >= 12
    assert statements[-1] == "COMMIT"


def test_an_agency_killed_at_each_statement_closes_with_all_its_sub_accounts_or_not_at_all(
    world: World,
) -> None:
    world.load(*agency_with("S-1", "S-2"))
    closing = world.closing("A-1").settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    before = everything(world)

    for death in deaths(world, lambda _: closing.confirm(quote_id, shown)):
        assert everything(world) == before, death

    statuses = {world.show(number)["account"]["status"] for number in ("A-1", "S-1", "S-2")}
    assert statuses == {"closed"}
    assert [world.count(table) for table in ONCE] == [3, 1, 1]


def test_a_reactivation_killed_at_each_statement_happens_once_or_not_at_all(world: World) -> None:
    world.load(account(vendor="ctm", roles={"ann@example": "administrator"}, numbers=[phone()]))
    world.close()
    before = everything(world)

    def run(world: World) -> object:
        def use(work: Work) -> Closure:
            who = the_person(work, "ann@example")
            price = Money(3000, "USD")
            actor = Actor(f"person:{who.id}", "api")
            number = the_account(work, "T-1")
            return reactivate(work, person=who, account=number, actor=actor, price=price)

        return world.run(use)

    for death in deaths(world, run):
        assert everything(world) == before, death

    shown = world.show("T-1")
    assert shown["account"]["status"] == "active"
    assert [c["undone_at"] is not None for c in shown["closures"]] == [True]


def test_a_sweep_killed_at_each_statement_stops_idle_cases_once(world: World) -> None:
    world.load(account(), account("T-2"))
    for number in ("T-1", "T-2"):
        world.closing(number).open()
    world.clock.forward(days=2)
    before = everything(world)

    for death in deaths(world, lambda world: world.run(rest_cases)):
        assert everything(world) == before, death

    assert stops(world) == 2


def stops(world: World) -> int:
    """How often the audit says that a case was stopped."""
    audit = everything(world)["audit"]
    return sum("case.stopped" in row for row in audit)


def test_a_call_killed_at_each_statement_is_answered_under_the_same_key(world: World) -> None:
    api = Api(world)
    world.load(account(numbers=[phone()]))
    token = api.sign_in()
    path, body = settled(api, token)
    api.close()

    def confirm(world: World) -> dict[str, Any]:
        again = Api(world)
        answer = again.call("POST", f"{path}/confirm", token=token, key="k1", json=body)
        again.close()
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    died = 0
    for death in deaths(world, confirm):
        died += 1
        assert world.count(Closure) == world.count(OutgoingMessage) <= 1, death
        world.clock.forward(seconds=21)  # the claim of the dead process lapses

    assert died > 20
    assert [world.count(table) for table in ONCE] == [1, 1, 1]
    assert confirm(world)["closure"]["number"] == world.show("T-1")["closures"][0]["number"]


def test_an_answer_lost_after_the_commit_is_given_again(world: World) -> None:
    run = closing_one(world)

    assert die_at(10_000, world, run) is None  # it came through, and nobody heard of it

    assert run(world) == "closed"
    assert [world.count(table) for table in ONCE] == [1, 1, 1]


def test_a_use_case_that_fails_by_itself_is_not_taken_for_a_death(world: World) -> None:
    def fail(world: World) -> None:
        raise ValueError("not a death")

    with pytest.raises(AssertionError, match="not a death"):
        die_at(1, world, fail)
