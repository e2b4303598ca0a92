"""The same key gets the same answer, and nothing happens twice."""

from __future__ import annotations

import pytest
from clients import Api, open_case, problem, settled
from factories import World, account


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
