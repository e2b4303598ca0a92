"""Rule 2: twice, in parallel or with a crash in the middle, an account is closed once or not."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from factories import World, account, agency_with, phone, the_account, the_person, usage
from sqlalchemy.exc import IntegrityError

from farewell.audit import Actor, AuditEntry, broken_entries
from farewell.billing.tables import FinalBill
from farewell.closing import case as cases
from farewell.closing import confirm as confirming
from farewell.closing.tables import ClosingCase, Closure
from farewell.errors import Problem
from farewell.lifecycle.tables import Duty
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

RESULTS = (Closure, FinalBill, OutgoingMessage, Duty)


def test_one_confirmation_changes_everything_together(world: World) -> None:
    world.load(account(numbers=[phone()], charges=[usage("Calls", 234)]))

    state = world.closing().settle().confirm()

    shown = world.show("T-1")
    assert state == "closed"
    assert shown["account"]["status"] == "closed"
    assert shown["account"]["billing_locked"] is True
    assert shown["numbers"][0]["status"] == "closed"
    assert [bill["total_minor"] for bill in shown["bills"]] == [1234]
    assert len(shown["closures"]) == 1
    assert "settle_final_bill" in {duty["kind"] for duty in shown["duties"]}
    assert world.count(OutgoingMessage) == 1
    actions = [entry.action for entry in world.run(lambda w: w.session.query(AuditEntry).all())]
    assert actions.count("account.closed") == 1


def test_confirming_again_changes_nothing(world: World) -> None:
    world.load(account(numbers=[phone()]))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    closing.confirm(quote_id, shown)
    before = world.show("T-1")

    again = closing.confirm(quote_id, shown)

    assert again == "closed"
    assert world.show("T-1") == before
    assert [world.count(table) for table in (Closure, FinalBill, OutgoingMessage)] == [1, 1, 1]


def test_twenty_confirmations_in_parallel_close_once(world: World) -> None:
    world.load(account(numbers=[phone()], charges=[usage("Calls", 234)]))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()

    def one(_: int) -> str:
        return closing.confirm(quote_id, shown)

    with ThreadPoolExecutor(20) as pool:
        states = list(pool.map(one, range(20)))

    assert Counter(states) == {"closed": 20}
    assert [world.count(table) for table in (Closure, FinalBill, OutgoingMessage)] == [1, 1, 1]
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_two_people_opening_in_parallel_share_one_case(world: World) -> None:
    roles = {f"p{i}@example": "billing_admin" for i in range(10)}
    world.load(account(roles=roles))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda email: world.closing(email=email).open(), roles))

    assert world.count(ClosingCase) == 1


STEPS = ["_close_account", "duties_of", "receipt", "promise", "settle"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_in_the_middle_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world.load(account(numbers=[phone()], charges=[usage("Calls", 234)], balance_minor=50))
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    before, entries = world.show("T-1"), world.count(AuditEntry)

    def crash(*_: object, **__: object) -> None:
        raise ConnectionError("the machine went away")

    monkeypatch.setattr(confirming, step, crash)
    with pytest.raises(ConnectionError):
        closing.confirm(quote_id, shown)

    assert world.show("T-1") == before
    assert world.count(AuditEntry) == entries
    assert [world.count(table) for table in RESULTS] == [0, 0, 0, 0]
    monkeypatch.undo()
    assert closing.confirm(quote_id, shown) == "closed"
    assert [world.count(table) for table in (Closure, FinalBill, OutgoingMessage)] == [1, 1, 1]


def test_a_crash_while_an_agency_closes_leaves_every_sub_account_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.load(*agency_with("S-1", "S-2"))
    closing = world.closing("A-1").settle()
    quote_id, shown = closing.quote()["id"], closing.codes()

    def crash(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(confirming, "receipt", crash)
    with pytest.raises(ConnectionError):
        closing.confirm(quote_id, shown)

    for number in ("S-1", "S-2"):
        assert world.show(number)["account"]["status"] == "active"
        assert world.show(number)["numbers"][0]["status"] == "active"


def test_the_database_itself_refuses_a_second_standing_closure(world: World) -> None:
    world.load(account())
    world.close()

    def another(work: Work) -> None:
        first = work.session.query(Closure).one()
        work.session.add(
            Closure(
                number="X",
                account_id=first.account_id,
                kind="closed",
                closed_by=first.closed_by,
                closed_at=first.closed_at,
            )
        )

    with pytest.raises(IntegrityError):
        world.run(another)


def test_the_database_itself_refuses_a_second_open_case(world: World) -> None:
    world.load(account())
    world.closing().open()

    def another(work: Work) -> None:
        first = work.session.query(ClosingCase).one()
        work.session.add(
            ClosingCase(
                account_id=first.account_id,
                opened_by=first.opened_by,
                opened_at=first.opened_at,
                touched_at=first.touched_at,
            )
        )

    with pytest.raises(IntegrityError):
        world.run(another)


def test_a_closed_account_opens_no_new_case(world: World) -> None:
    world.load(account())
    world.close()

    with pytest.raises(Problem) as refused:
        world.closing().open()

    assert (refused.value.status, refused.value.code) == (409, "account_not_open")


def test_any_authorised_person_continues_the_same_case(world: World) -> None:
    world.load(account(roles={"ann@example": "billing_admin", "bea@example": "billing_admin"}))
    world.closing(email="ann@example").settle()

    state = world.closing(email="bea@example").open().confirm()

    assert state == "closed"
    assert world.count(ClosingCase) == 1


def test_each_change_of_a_case_raises_its_version(world: World) -> None:
    world.load(account(numbers=[phone()]))
    closing = world.closing().open()
    versions = [world.show("T-1")["closing_case"]["version"]]
    for code in ("keep_numbers", "data_export"):
        world.clock.forward(seconds=1)
        closing.answer(code, {"keep_numbers": "release_all", "data_export": "skip"}[code])
        versions.append(world.show("T-1")["closing_case"]["version"])

    assert versions == sorted(set(versions))


def test_stopping_changes_nothing_and_the_case_can_be_taken_up_again(world: World) -> None:
    world.load(account(numbers=[phone(), phone(1, "submitted")], charges=[usage("Calls", 5)]))
    before = world.show("T-1")
    closing = world.closing().settle()
    case_id = world.show("T-1")["closing_case"]["id"]

    closing.withdraw()

    after = world.show("T-1")
    assert after["closing_case"]["state"] == "abandoned"
    for key in ("account", "numbers", "bills", "duties", "closures", "written_off"):
        assert after[key] == before[key], key
    closing.open()
    assert world.show("T-1")["closing_case"]["id"] == case_id
    assert world.show("T-1")["closing_case"]["state"] == "open"


def test_a_number_given_up_is_safe_again_when_the_customer_stops(world: World) -> None:
    world.load(account(numbers=[phone(0, "submitted")]))
    world.closing().open().answer("open_port", "give_up", phone()["e164"]).withdraw()

    closing = world.closing().open()

    assert ("open_port", phone()["e164"]) in closing.unanswered()


def test_stopping_a_closed_case_is_refused(world: World) -> None:
    world.load(account())
    closing = world.close()

    with pytest.raises(Problem) as refused:
        closing.withdraw()

    assert (refused.value.status, refused.value.code) == (409, "case_over")


def test_a_case_is_resumable_for_the_policy_s_days_and_then_a_new_one_begins(
    world: World,
) -> None:
    world.load(account())
    world.closing().open().withdraw()
    first = world.show("T-1")["closing_case"]["id"]
    world.clock.forward(days=30)
    world.closing().open().withdraw()
    assert world.show("T-1")["closing_case"]["id"] == first

    world.clock.forward(days=30, seconds=1)
    world.closing().open()

    assert world.show("T-1")["closing_case"]["id"] != first


def test_who_loses_the_role_meanwhile_can_no_longer_confirm(world: World) -> None:
    world.load(account())
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()

    def revoke(work: Work) -> None:
        work.session.delete(the_account(work, "T-1").roles[0])

    world.run(revoke)
    with pytest.raises(Problem) as refused:
        closing.confirm(quote_id, shown)

    assert refused.value.code == "role_missing"
    assert world.show("T-1")["account"]["status"] == "closing"


def test_an_answer_of_somebody_without_the_role_is_refused(world: World) -> None:
    world.load(account(roles={"ann@example": "billing_admin", "bob@example": "user"}))
    world.closing().open()

    def as_bob(work: Work) -> None:
        bob = the_person(work, "bob@example")
        case = cases.open_case_of(work, the_account(work, "T-1"))
        assert case is not None
        cases.answer(
            work,
            case=case,
            person=bob,
            actor=Actor("bob", "api"),
            code="data_export",
            value="skip",
        )

    with pytest.raises(Problem) as refused:
        world.run(as_bob)

    assert refused.value.code == "role_missing"


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (account("X-1", numbers=[phone()]), "closed", "numbers_may_be_lost_after"),
        (
            account(
                "X-1",
                vendor="ontraport",
                type="full",
                roles={"ann@example": "owner"},
                numbers=[phone()],
            ),
            "closed",
            "numbers_unknown_after",
        ),
        (
            account("X-1", vendor="ctm", roles={"ann@example": "administrator"}, numbers=[phone()]),
            "released",
            "released",
        ),
    ],
)
def test_numbers_are_released_only_where_the_policy_says_so(
    world: World, given: dict[str, Any], status: str, said: str
) -> None:
    world.load(given)

    world.close("X-1")

    shown = world.show("X-1")
    assert [n["status"] for n in shown["numbers"]] == [status]
    told = world.run(lambda w: w.session.query(Closure).one().statements)
    assert said in {s["code"] for s in told}
    kinds = {d["kind"] for d in shown["duties"]}
    assert ("host_numbers_release" in kinds) is (status == "released")
