"""Rule 5: no number with an open port-out is released unless that very number was given up."""

from __future__ import annotations

import pytest
from factories import World, account, agency_with, e164, phone, the_account, the_person, usage

from farewell.accounts.tables import Charge, PortOut
from farewell.audit import Actor
from farewell.closing import case as cases
from farewell.closing.confirm import close_after_port
from farewell.errors import Problem
from farewell.lifecycle.ports import port_news
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

OPEN = ["submitted", "confirmed", "completed"]


def statuses(world: World, number: str = "T-1") -> dict[str, str]:
    """Status of each phone number of an account."""
    return {n["e164"]: n["status"] for n in world.show(number)["numbers"]}


def news(world: World, index: int, status: str) -> None:
    """The carrier reports a port's status."""
    world.clock.forward(hours=1)
    world.run(lambda work: port_news(work, e164=e164(index), status=status))


def it_works(world: World, index: int, number: str = "T-1", email: str = "ann@example") -> bool:
    """The customer says that a number works at the new provider; True when that closed."""

    def use(work: Work) -> bool:
        case = cases.open_case_of(work, the_account(work, number))
        assert case is not None
        actor = Actor("ann", "api")
        cases.answer(
            work,
            case=case,
            person=the_person(work, email),
            actor=actor,
            code="port_works",
            value="works",
            subject=e164(index),
        )
        return close_after_port(work, case=case, actor=actor)

    return world.run(use)


@pytest.mark.parametrize("state", OPEN)
def test_a_number_that_is_being_ported_is_asked_about(world: World, state: str) -> None:
    world.load(account(numbers=[phone(0, state)]))
    code = "port_works" if state == "completed" else "open_port"

    assert (code, e164()) in world.closing().open().unanswered()


@pytest.mark.parametrize("state", ["verified", "canceled"])
def test_a_port_that_is_over_is_no_question(world: World, state: str) -> None:
    world.load(account(numbers=[phone(0, state)]))

    codes = {code for code, _ in world.closing().open().unanswered()}

    assert not codes & {"open_port", "port_works"}


@pytest.mark.parametrize("state", OPEN)
def test_confirming_with_an_open_port_waits_and_releases_nothing(world: World, state: str) -> None:
    world.load(account(numbers=[phone(0, state), phone(1)]))

    assert world.closing().settle().confirm() == "waiting_for_port"

    shown = world.show("T-1")
    assert statuses(world) == {e164(0): "active", e164(1): "active"}
    assert shown["closures"] == []
    assert shown["account"]["billing_locked"] is False


def test_even_a_hurried_customer_s_port_is_kept(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().open()

    def hurry(work: Work) -> None:
        case = cases.open_case_of(work, the_account(work, "T-1"))
        assert case is not None
        case.skip_ahead = True

    world.run(hurry)

    assert closing.unanswered() == [("open_port", e164())]


def test_giving_up_the_number_by_name_lets_it_go(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))

    closing = world.closing().settle(open_port="give_up")

    assert closing.confirm() == "closed"
    assert statuses(world) == {e164(): "closed"}


def test_giving_up_one_number_keeps_the_other(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted"), phone(1, "submitted")]))
    closing = world.closing().open()
    closing.answer("open_port", "give_up", e164(0))

    assert closing.settle().confirm() == "waiting_for_port"

    assert set(statuses(world).values()) == {"active"}


@pytest.mark.parametrize("subject", ["", e164(1), e164(7), "all", "+1"])
def test_only_the_very_number_of_an_open_port_can_be_given_up(world: World, subject: str) -> None:
    world.load(
        account(numbers=[phone(0, "submitted"), phone(1)]),
        account("T-2", numbers=[phone(7, "submitted")]),
    )
    closing = world.closing().open()

    with pytest.raises(Problem) as refused:
        closing.answer("open_port", "give_up", subject)

    assert (refused.value.status, refused.value.code) == (422, "no_open_port")


@pytest.mark.parametrize("state", ["submitted", "confirmed"])
def test_a_port_that_the_carrier_has_not_completed_cannot_work(world: World, state: str) -> None:
    world.load(account(numbers=[phone(0, state)]))
    closing = world.closing().open()

    with pytest.raises(Problem) as refused:
        closing.answer("port_works", "works", e164())

    assert (refused.value.status, refused.value.code) == (409, "port_not_completed")


def test_completed_is_the_carrier_s_word_and_verified_the_customer_s(world: World) -> None:
    world.load(account(numbers=[phone(0, "completed")]))
    closing = world.closing().open()
    assert closing.unanswered()[0] == ("port_works", e164())

    closing.answer("port_works", "works", e164())

    assert world.show("T-1")["numbers"][0]["port"] == "verified"
    assert statuses(world) == {e164(): "ported"}


def test_a_number_that_works_elsewhere_is_not_released_by_the_closing(world: World) -> None:
    world.load(account(numbers=[phone(0, "completed")]))

    assert world.closing().settle(port_works="works").confirm() == "closed"

    assert statuses(world) == {e164(): "ported"}


def test_a_waiting_case_closes_on_a_yes_without_another_question(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.closing().settle().confirm()
    world.clock.forward(days=5)
    news(world, 0, "completed")
    assert world.show("T-1")["account"]["status"] == "closing"

    closed = it_works(world, 0)

    shown = world.show("T-1")
    assert closed
    assert shown["account"]["status"] == "closed"
    assert [b["total_minor"] for b in shown["bills"]] == [1500]
    assert shown["bills"][0]["total_minor"] <= 3000


def test_a_waiting_case_with_two_ports_closes_only_after_both_work(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted"), phone(1, "submitted")]))
    world.closing().settle().confirm()
    news(world, 0, "completed")
    news(world, 1, "completed")

    assert not it_works(world, 0)
    assert world.show("T-1")["closing_case"]["state"] == "waiting_for_port"
    assert it_works(world, 1)


def test_a_bill_above_the_limit_is_asked_about_again(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.closing().settle().confirm()
    assert world.show("T-1")["closing_case"]["standing_limit_minor"] == 3000

    def add(work: Work) -> None:
        found = the_account(work, "T-1")
        found.charges.append(
            Charge(kind="usage", description="x", amount_minor=2001, occurred_at=world.clock())
        )

    world.run(add)
    news(world, 0, "completed")

    assert not it_works(world, 0)

    case = world.show("T-1")["closing_case"]
    assert (case["state"], case["standing_limit_minor"]) == ("open", None)
    assert world.closing().settle().confirm() == "closed"


def test_a_bill_of_exactly_the_limit_closes(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")], charges=[usage("Calls", 50)]))
    world.closing().settle().confirm()
    limit = world.show("T-1")["closing_case"]["standing_limit_minor"]
    world.clock.forward(days=20)  # the last day of the period
    news(world, 0, "completed")

    assert it_works(world, 0)

    assert world.show("T-1")["bills"][0]["total_minor"] == limit == 3050


def test_a_standing_confirmation_falls_with_the_role_of_who_gave_it(world: World) -> None:
    world.load(
        account(
            numbers=[phone(0, "submitted")],
            roles={"ann@example": "billing_admin", "bea@example": "billing_admin"},
        )
    )
    world.closing().settle().confirm()

    def revoke(work: Work) -> None:
        roles = the_account(work, "T-1").roles
        work.session.delete(next(r for r in roles if r.person.email == "ann@example"))

    world.run(revoke)
    news(world, 0, "completed")

    assert not it_works(world, 0, email="bea@example")
    assert world.show("T-1")["closing_case"]["state"] == "open"


def test_a_waiting_case_can_be_stopped(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    closing.confirm()

    closing.withdraw()

    shown = world.show("T-1")
    assert shown["closing_case"]["state"] == "abandoned"
    assert shown["closing_case"]["standing_limit_minor"] is None
    assert shown["account"]["status"] == "active"


def test_giving_up_while_waiting_asks_for_a_new_confirmation(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    closing.confirm()
    world.clock.forward(seconds=1)

    closing.answer("open_port", "give_up", e164())

    assert world.show("T-1")["closing_case"]["state"] == "open"
    assert statuses(world) == {e164(): "active"}
    assert closing.settle().confirm() == "closed"


def test_a_port_that_is_canceled_ends_the_standing_confirmation(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    closing.confirm()

    news(world, 0, "canceled")
    closing.answer("exit_reason", "too_expensive")
    closed = world.run(
        lambda work: close_after_port(
            work,
            case=cases.open_case_of(work, the_account(work, "T-1")),
            actor=Actor("ann", "api"),
        )
    )

    assert not closed
    assert world.show("T-1")["closing_case"]["state"] == "open"
    assert statuses(world) == {e164(): "active"}


def test_a_new_port_of_a_number_once_given_up_is_protected_again(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().open().answer("open_port", "give_up", e164())
    news(world, 0, "canceled")

    news(world, 0, "submitted")

    assert ("open_port", e164()) in closing.unanswered()


def test_a_given_up_port_stays_given_up_when_it_moves_on(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().open().answer("open_port", "give_up", e164())

    news(world, 0, "confirmed")

    assert ("open_port", e164()) not in closing.unanswered()


def test_news_of_a_completed_port_promises_a_question_to_who_waits(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.closing().settle().confirm()

    news(world, 0, "completed")
    news(world, 0, "completed")

    kinds = world.run(lambda work: [m.kind for m in work.session.query(OutgoingMessage)])
    assert kinds == ["port_completed"]


def test_news_of_a_number_that_nobody_has_is_not_found(world: World) -> None:
    with pytest.raises(Problem) as refused:
        news(world, 0, "completed")

    assert refused.value.status == 404


def test_an_open_port_of_a_sub_account_keeps_the_whole_agency_open(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))

    def port(work: Work) -> None:
        the_account(work, "S-2").numbers[0].port_out = PortOut(status="confirmed")

    world.run(port)
    closing = world.closing("A-1").settle()

    assert closing.confirm() == "waiting_for_port"

    for number in ("A-1", "S-1", "S-2"):
        assert world.show(number)["closures"] == []
    news(world, 1, "completed")
    assert it_works(world, 1, "A-1")
    assert statuses(world, "S-1") == {e164(0): "released"}
    assert statuses(world, "S-2") == {e164(1): "ported"}


def test_the_last_guard_refuses_a_number_with_an_open_port(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    monkeypatch.setattr(cases.CaseState, "waits_for_port", False)

    with pytest.raises(Problem) as refused:
        closing.confirm(quote_id, shown)

    assert refused.value.code == "port_open"
    assert statuses(world) == {e164(): "active"}
