"""Where a policy wants two people, one never counts twice and the second one confirms last."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clients import Api, problem
from factories import World, account, phone, the_account, the_person
from made_up import NIMBUS, kind, rule, words, world_of

from farewell.accounts.tables import PortOut
from farewell.audit import Actor
from farewell.closing import case as cases
from farewell.closing.approval import decline
from farewell.closing.confirm import approve
from farewell.errors import Problem
from farewell.lifecycle.sweep import sweep
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

ANN, BEA, OWN = "ann@example", "bea@example", "own@example"
ROLES = {ANN: "captain", OWN: "owner"}


@pytest.fixture
def double(tmp_path: Path) -> World:
    """A world in which a captain closes and an owner has to agree."""
    policy = deepcopy(NIMBUS)
    policy["role_names"]["owner"] = words("Owner")
    both: dict[str, Any] = {
        "alternatives": {"offers": []},
        "second_approval": rule(["owner"]),
        "signs_out": rule(False),
    }
    policy["account_types"] = {
        "now": kind(**both),
        "later": kind(**both, takes_effect=rule({"notice_days": 30})),
        "fleet": kind(**both),
        "boat": kind(**both, parent_type="fleet"),
    }
    return world_of(tmp_path, policy)


def one(number: str = "N-1", **more: Any) -> dict[str, Any]:
    """An account of $30 a month that a captain and an owner close together."""
    return account(number, **({"vendor": "nimbus", "type": "now", "roles": ROLES} | more))


def confirmed(world: World, email: str = ANN, number: str = "N-1") -> None:
    """The first person confirms."""
    assert world.closing(number, email).settle().confirm() == "waiting_for_approval"


def agreed(world: World, email: str = OWN, number: str = "N-1", **given: Any) -> str:
    """Somebody agrees to what they were shown; returns the case's state."""

    def use(work: Work) -> str:
        who, found = the_person(work, email), the_account(work, number)
        case = cases.open_case_of(work, found)
        assert case is not None
        state = cases.state_of(work, case, with_quote=True)
        assert state.quote is not None
        shown = {r.code for r in state.owed}
        actor = Actor(f"person:{who.id}", "api")
        with_all = {"quote_id": state.quote.id, "shown": shown} | given
        return approve(work, case=case, person=who, actor=actor, **with_all).state

    return world.run(use)


def lose_role(world: World, email: str) -> None:
    """Somebody has no role in the account any more."""

    def use(work: Work) -> None:
        for role in the_account(work, "N-1").roles:
            if role.person.email == email:
                work.session.delete(role)

    world.run(use)


def told(world: World, kind: str) -> list[str]:
    """Who was told something, by e-mail."""

    def use(work: Work) -> list[str]:
        people = {p.id: p.email for p in (the_person(work, e) for e in _known(work))}
        rows = work.session.query(OutgoingMessage).filter_by(kind=kind)
        return sorted(people[row.person_id] for row in rows)

    return world.run(use)


def _known(work: Work) -> list[str]:
    return [role.person.email for role in the_account(work, "N-1").roles] or [ANN]


def test_the_first_confirmation_closes_nothing_and_asks_the_second_person(double: World) -> None:
    double.load(one(numbers=[phone()]))

    confirmed(double)

    shown = double.show("N-1")
    assert (shown["account"]["status"], shown["closures"]) == ("closing", [])
    assert shown["account"]["renewal_stopped"] is False
    assert [n["status"] for n in shown["numbers"]] == ["active"]
    assert told(double, "approval_wanted") == [OWN]


def test_the_second_person_confirms_last_and_that_closes(double: World) -> None:
    double.load(one(numbers=[phone()]))
    confirmed(double)

    assert agreed(double) == "closed"

    shown = double.show("N-1")
    assert shown["account"]["status"] == "closed"
    assert [b["total_minor"] for b in shown["bills"]] == [1000]
    assert shown["closing_case"]["approved_at"] is not None
    assert told(double, "receipt") == [ANN]


def test_one_person_with_both_roles_never_counts_twice(double: World) -> None:
    double.load(one(roles={ANN: ["captain", "owner"], OWN: "owner"}))
    confirmed(double)

    with pytest.raises(Problem) as refused:
        agreed(double, ANN)

    assert (refused.value.status, refused.value.code) == (403, "second_person_needed")
    assert double.closing("N-1").confirm("any", set()) == "waiting_for_approval"
    assert double.show("N-1")["closures"] == []


@pytest.mark.parametrize("email", ["cap@example", "sam@example"])
def test_only_the_named_role_agrees(double: World, email: str) -> None:
    double.load(one(roles=ROLES | {"cap@example": "captain", "sam@example": "sailor"}))
    confirmed(double)

    for use in (agreed, declined):
        with pytest.raises(Problem) as refused:
            use(double, email)
        assert (refused.value.status, refused.value.code) == (403, "role_missing")
    assert double.show("N-1")["closing_case"]["state"] == "waiting_for_approval"


def declined(world: World, email: str = OWN) -> str:
    """Somebody does not agree; returns the case's state."""

    def use(work: Work) -> str:
        who = the_person(work, email)
        case = cases.open_case_of(work, the_account(work, "N-1"))
        assert case is not None
        decline(work, case=case, person=who, actor=Actor("x", "api"))
        return case.state

    return world.run(use)


def test_before_the_first_confirmation_nobody_can_agree(double: World) -> None:
    double.load(one())
    double.closing("N-1").settle()

    with pytest.raises(Problem) as refused:
        agreed(double)

    assert (refused.value.status, refused.value.code) == (409, "approval_not_awaited")


@pytest.mark.parametrize(
    ("given", "code"),
    [({"shown": set()}, "requirements_not_shown"), ({"quote_id": "other"}, "quote_expired")],
)
def test_the_second_person_agrees_only_to_what_they_were_shown(
    double: World, given: dict[str, Any], code: str
) -> None:
    double.load(one())
    confirmed(double)

    with pytest.raises(Problem) as refused:
        agreed(double, **given)

    assert refused.value.code == code
    assert double.show("N-1")["closures"] == []


def test_a_no_stops_the_closing_and_the_first_person_is_told(double: World) -> None:
    double.load(one())
    confirmed(double)

    assert declined(double) == "abandoned"

    assert double.show("N-1")["account"]["status"] == "active"
    assert told(double, "approval_declined") == [ANN]
    double.clock.forward(seconds=1)
    confirmed(double)
    assert agreed(double) == "closed"


def test_where_nobody_else_could_agree_nothing_is_confirmed(double: World) -> None:
    double.load(one(roles={ANN: ["captain", "owner"]}))
    closing = double.closing("N-1").settle()

    with pytest.raises(Problem) as refused:
        closing.confirm()

    assert (refused.value.status, refused.value.code) == (409, "second_vacant")


def test_the_first_person_s_role_is_lost_meanwhile(double: World) -> None:
    double.load(one(roles=ROLES | {BEA: "captain"}))
    confirmed(double)
    lose_role(double, ANN)
    double.clock.forward(seconds=1)

    assert agreed(double) == "open"

    assert double.show("N-1")["closures"] == []
    assert double.count(OutgoingMessage) == 3  # the question; what lapsed, to Ann and to Bea
    double.clock.forward(seconds=1)
    confirmed(double, BEA)
    assert agreed(double) == "closed"


def test_a_bill_above_what_the_first_person_saw_closes_nothing(double: World) -> None:
    double.load(one())
    confirmed(double)
    limit = double.show("N-1")["closing_case"]["standing_limit_minor"]
    assert limit == 3000
    double.clock.forward(days=22)  # another period: the one before was billed

    def dearer(work: Work) -> None:
        found = the_account(work, "N-1").subscription
        assert found is not None
        found.price_minor = 40000

    double.run(dearer)

    assert agreed(double) == "open"
    assert told(double, "closing_lapsed") == [ANN]


def test_a_day_later_it_closes_for_the_days_used_up_to_the_limit(double: World) -> None:
    double.load(one())
    confirmed(double)
    double.clock.forward(days=1)

    assert agreed(double) == "closed"

    assert [b["total_minor"] for b in double.show("N-1")["bills"]] == [1100]


def test_agreeing_twice_closes_once(double: World) -> None:
    double.load(one())
    confirmed(double)
    agreed(double)

    api = Api(double)
    token = api.sign_in(OWN)
    case = double.show("N-1")["closing_case"]["id"]
    again = api.call(
        "POST",
        f"/api/v1/closing-cases/{case}/approve",
        token=token,
        json={"quote_id": "x", "shown": []},
        key="k",
    )
    api.close()

    assert problem(again) == (409, "approval_not_awaited")
    assert len(double.show("N-1")["closures"]) == 1


def test_with_notice_the_day_counts_from_the_first_confirmation(double: World) -> None:
    double.load(one(type="later"))
    confirmed(double)
    case = double.show("N-1")["closing_case"]
    assert (case["state"], case["last_day"]) == ("waiting_for_approval", "2026-12-10")
    double.clock.forward(days=5)
    assert double.show("N-1")["account"]["renewal_stopped"] is False

    assert agreed(double) == "scheduled"

    shown = double.show("N-1")
    assert shown["closing_case"]["last_day"] == "2026-12-10"
    assert shown["account"]["renewal_stopped"] is True
    double.clock.forward(days=30)
    assert double.run(sweep).closed == 1


def test_an_agreement_after_the_agreed_day_settles_nothing(double: World) -> None:
    double.load(one(type="later"))
    confirmed(double)
    double.clock.forward(days=31)

    assert agreed(double) == "open"

    assert double.show("N-1")["closing_case"]["effective_at"] is None
    assert told(double, "closing_lapsed") == [ANN]


def test_an_agreement_falls_with_the_role_of_who_gave_it(double: World) -> None:
    double.load(one(type="later", roles=ROLES | {"two@example": "owner"}))
    confirmed(double)
    agreed(double)
    lose_role(double, OWN)

    double.clock.forward(days=31)

    assert double.run(sweep).closed == 0
    assert double.show("N-1")["closing_case"]["state"] == "open"
    confirmed(double)
    assert agreed(double, "two@example") == "scheduled"


def test_a_closing_that_was_agreed_to_waits_for_an_open_port(double: World) -> None:
    double.load(one(numbers=[phone(0, "submitted")]))
    confirmed(double)

    assert agreed(double) == "waiting_for_port"

    case = double.show("N-1")["closing_case"]
    assert case["standing_limit_minor"] == 3000
    assert [n["status"] for n in double.show("N-1")["numbers"]] == ["active"]
    assert double.closing("N-1").confirm("any", set()) == "waiting_for_port"


def test_a_port_that_is_opened_before_the_agreement_is_waited_for(double: World) -> None:
    double.load(one(numbers=[phone()]))
    confirmed(double)

    def port(work: Work) -> None:
        the_account(work, "N-1").numbers[0].port_out = PortOut(status="submitted")

    double.run(port)
    double.clock.forward(seconds=1)

    assert agreed(double) == "waiting_for_port"


def test_the_first_person_can_stop_while_it_waits(double: World) -> None:
    double.load(one())
    confirmed(double)

    double.closing("N-1").withdraw()

    assert double.show("N-1")["closing_case"]["state"] == "abandoned"
    assert double.show("N-1")["account"]["status"] == "active"


def test_what_nobody_answers_ends_after_the_policy_s_days(double: World) -> None:
    double.load(one())
    confirmed(double)
    double.clock.forward(days=4)
    double.run(sweep)
    assert double.show("N-1")["closing_case"]["state"] == "waiting_for_approval"

    double.clock.now += timedelta(seconds=1)
    double.run(sweep)

    assert double.show("N-1")["account"]["status"] == "active"
    assert told(double, "approval_missing") == [ANN]


def test_the_owner_of_the_account_above_agrees_for_one_under_it(double: World) -> None:
    double.load(one(type="fleet"), one("N-2", type="boat", parent="N-1", roles={BEA: "captain"}))
    confirmed(double, BEA, "N-2")

    assert agreed(double, OWN, "N-2") == "closed"


# --- through the API -----------------------------------------------------------------------------


def test_the_api_shows_what_is_awaited_and_takes_the_second_word_once(double: World) -> None:
    double.load(one(type="later"))
    confirmed(double)
    api = Api(double)
    token, first = api.sign_in(OWN), api.sign_in(ANN)
    path = f"/api/v1/closing-cases/{double.show('N-1')['closing_case']['id']}"

    quote = api.call("POST", f"{path}/quotes", token=token).json()
    case = api.call("GET", path, token=token).json()
    body = {"quote_id": quote["id"], "shown": [r["code"] for r in case["requirements"]]}
    own = api.call("POST", f"{path}/approve", token=first, json=body, key="a")
    bare = api.call("POST", f"{path}/approve", token=token, json=body)
    done = [api.call("POST", f"{path}/approve", token=token, json=body, key="b") for _ in range(2)]
    api.close()

    assert case["second_approval"] == {"roles": ["owner"], "approved_at": None}
    assert case["state"] == "waiting_for_approval"
    assert quote["effective_at"] == case["effective_at"] == "2026-12-11T05:00:00+00:00"
    assert problem(own) == (403, "second_person_needed")
    assert problem(bare) == (400, "idempotency_key_required")
    assert [d.json()["state"] for d in done] == ["scheduled", "scheduled"]
    assert done[0].json()["last_day"] == "2026-12-10"
    assert done[0].json() == done[1].json()


def test_the_api_takes_a_no(double: World) -> None:
    double.load(one())
    confirmed(double)
    api = Api(double)
    path = f"/api/v1/closing-cases/{double.show('N-1')['closing_case']['id']}"

    own = api.call("POST", f"{path}/decline", token=api.sign_in(ANN))
    done = api.call("POST", f"{path}/decline", token=api.sign_in(OWN))
    api.close()

    assert problem(own) == (403, "second_person_needed")
    assert done.json()["state"] == "abandoned"
