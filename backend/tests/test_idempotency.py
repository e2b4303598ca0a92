"""The same key gets the same answer, and nothing happens twice."""

from __future__ import annotations

from typing import Any

import pytest
from clients import Api, open_case, problem, settled
from dying import die_at
from factories import World, account

from farewell.errors import Problem
from farewell.idempotency import Claim, IdempotencyKey, claim, forget_old, settle


def test_the_same_key_gets_the_same_answer_and_nothing_happens_twice(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    first = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    again = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    assert again.json() == first.json()
    assert len(two.show("T-1")["closures"]) == 1


def test_another_key_after_closing_answers_closed_as_well(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    again = api.call("POST", f"{path}/confirm", token=token, key="k2", json=body)

    assert again.json()["state"] == "closed"
    assert len(two.show("T-1")["closures"]) == 1


def test_a_used_key_with_another_body_is_refused(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    other = api.call(
        "POST", f"{path}/confirm", token=token, key="k1", json=body | {"quote_id": "another"}
    )

    assert problem(other) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("key", [None, "k" * 201])
def test_confirming_needs_a_usable_key(api: Api, two: World, key: str | None) -> None:
    token = api.sign_in()
    path, body = settled(api, token)

    answer = api.call("POST", f"{path}/confirm", token=token, key=key, json=body)

    assert problem(answer) == (400, "idempotency_key_required")
    assert two.show("T-1")["account"]["status"] == "closing"


def test_a_refusal_is_not_remembered_under_its_key(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)
    refused = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body | {"shown": []})
    assert problem(refused) == (409, "requirements_not_shown")

    answer = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    assert answer.json()["state"] == "closed"


def test_two_people_may_use_the_same_key(api: Api, world: World) -> None:
    world.load(account(), account("T-2", roles={"zoe@example": "billing_admin"}))
    for email, number in (("ann@example", "T-1"), ("zoe@example", "T-2")):
        world.closing(number, email).settle()
        token = api.sign_in(email)
        path = f"/api/v1/closing-cases/{open_case(api, token, number)['id']}"
        quote = api.call("POST", f"{path}/quotes", token=token).json()
        case = api.call("GET", path, token=token).json()
        body = {"quote_id": quote["id"], "shown": [r["code"] for r in case["requirements"]]}

        answer = api.call("POST", f"{path}/confirm", token=token, key="same", json=body)

        assert answer.json()["account"] == number


def claimed(world: World, request: str = "close") -> Claim:
    """A claim of Ann's key, in a transaction of its own."""
    return world.run(
        lambda w: claim(w.session, w.now, caller="person:ann", key="k1", request=request)
    )


def answered(world: World, mine: Claim, body: dict[str, Any]) -> None:
    """The answer of a claimed call."""
    world.run(lambda w: settle(w.session, w.now, mine, body))


def test_a_process_that_died_in_flight_blocks_its_key_for_seconds_only(two: World) -> None:
    api = Api(two)
    token = api.sign_in()
    path, body = settled(api, token)
    api.close()

    def confirm(world: World) -> tuple[int, str]:
        caller = Api(world)
        answer = caller.call("POST", f"{path}/confirm", token=token, key="k1", json=body)
        caller.close()
        return answer.status_code, answer.json().get("code") or answer.json()["state"]

    at = 1
    while two.count(IdempotencyKey) == 0:  # it dies as soon as the claim is there to be seen
        assert die_at(at, two, confirm) is not None
        at += 1

    assert confirm(two) == (409, "idempotency_key_in_flight")
    two.clock.forward(seconds=20)
    assert confirm(two) == (200, "closed")
    assert len(two.show("T-1")["closures"]) == 1


def test_who_comes_back_after_the_claim_went_to_another_stores_nothing(world: World) -> None:
    slow = claimed(world)
    world.clock.forward(seconds=20)
    fast = claimed(world)

    with pytest.raises(Problem) as refused:
        answered(world, slow, {"by": "slow"})
    answered(world, fast, {"by": "fast"})

    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_in_flight")
    assert claimed(world).answer == {"by": "fast"}


def test_an_answer_is_kept_for_a_day_and_forgotten_after_two(world: World) -> None:
    answered(world, claimed(world), {"by": "first"})

    world.clock.forward(hours=24)
    world.run(lambda w: forget_old(w.session, w.now))
    assert claimed(world).answer == {"by": "first"}

    world.clock.forward(hours=24, seconds=1)
    assert claimed(world, "something else").answer is None
    world.clock.forward(hours=48, seconds=1)
    world.run(lambda w: forget_old(w.session, w.now))
    assert world.count(IdempotencyKey) == 0


def test_a_refused_call_leaves_no_claim(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)

    refused = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body | {"shown": []})

    assert problem(refused) == (409, "requirements_not_shown")
    assert two.count(IdempotencyKey) == 0
