"""The public API: what each route does."""

from __future__ import annotations

import pytest
from clients import Api, open_case, problem, settled
from factories import World, account

from farewell.chat.tables import Conversation
from farewell.lifecycle.tables import Export


def test_a_customer_sees_own_accounts_and_what_may_be_closed(api: Api, two: World) -> None:
    seen = {
        email: api.call("GET", "/api/v1/me/accounts", token=api.sign_in(email)).json()
        for email in ("ann@example", "bob@example")
    }

    assert [(a["number"], a["may_close"]) for a in seen["ann@example"]] == [("T-1", True)]
    assert [(a["number"], a["may_close"]) for a in seen["bob@example"]] == [("T-1", False)]


def test_an_account_is_closed_from_the_first_call_to_the_receipt(api: Api, two: World) -> None:
    token = api.sign_in()
    path, body = settled(api, token)

    closed = api.call("POST", f"{path}/confirm", token=token, key="k1", json=body)

    assert closed.status_code == 200
    case = closed.json()
    assert case["state"] == "closed"
    assert case["closure"]["number"].startswith("FW-20261110-")
    codes = [s["code"] for s in case["closure"]["statements"]]
    assert codes[:2] == ["closed", "final_bill_promised"]
    assert two.show("T-1")["account"]["status"] == "closed"


def test_a_case_tells_what_it_owes_with_codes_kinds_and_facts(api: Api, two: World) -> None:
    case = open_case(api, api.sign_in())

    assert case["state"] == "open"
    assert case["quote"] is None
    kinds = {r["code"]: r["kind"] for r in case["requirements"]}
    assert kinds["keep_numbers"] == "choice"
    assert kinds["quote_due"] == "acknowledge"
    assert kinds["exit_reason"] == "input"
    bill = next(r for r in case["requirements"] if r["code"] == "quote_due")
    assert bill["facts"]["total"] == {"minor": 1000, "currency": "USD"}


def test_a_case_can_be_stopped_and_taken_up_again(api: Api, two: World) -> None:
    token = api.sign_in()
    case = open_case(api, token)

    stopped = api.call("POST", f"/api/v1/closing-cases/{case['id']}/withdraw", token=token).json()

    assert stopped["state"] == "abandoned"
    assert two.show("T-1")["account"]["status"] == "active"
    assert open_case(api, token)["id"] == case["id"]


def test_reactivation_takes_the_price_once(api: Api, world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    world.close("C-1")
    token, path = api.sign_in(), "/api/v1/accounts/C-1/reactivation"
    price = {"price_minor": 3000, "currency": "USD"}

    missing = api.call("POST", path, token=token, json=price)
    wrong = api.call("POST", path, token=token, key="k1", json=price | {"price_minor": 1})
    right = api.call("POST", path, token=token, key="k2", json=price)
    again = api.call("POST", path, token=token, key="k2", json=price)

    assert problem(missing) == (400, "idempotency_key_required")
    assert problem(wrong) == (409, "price_changed")
    assert (right.json()["status"], again.json()) == ("active", right.json())


def test_an_export_can_be_fetched_until_its_day(api: Api, two: World) -> None:
    token = api.sign_in()
    case_id = open_case(api, token)["id"]
    api.call(
        "PUT",
        f"/api/v1/closing-cases/{case_id}/requirements/data_export",
        token=token,
        json={"answer": "export"},
    )
    said = api.say(token, "ask data_export")
    assert said
    export_id = two.run(lambda work: work.session.query(Export).one().id)

    fetched = api.call("GET", f"/exports/{export_id}")

    assert fetched.status_code == 200
    assert fetched.content.startswith(b"PK")
    assert problem(api.call("GET", "/exports/guessed")) == (404, "not_found")
    two.clock.forward(days=30)
    assert problem(api.call("GET", f"/exports/{export_id}")) == (404, "not_found")


def test_each_demo_sign_in_starts_a_new_conversation(api: Api, two: World) -> None:
    assert api.sign_in() != api.sign_in()
    assert two.count(Conversation) == 2


@pytest.mark.parametrize(("path", "status"), [("/healthz", "ok"), ("/readyz", "ready")])
def test_health_is_told_without_a_token(api: Api, path: str, status: str) -> None:
    assert api.call("GET", path).json() == {"status": status}
