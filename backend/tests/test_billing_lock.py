"""Rule 4: after the closure nothing is charged but the quoted final bill."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from clients import SERVICE, Api, problem
from factories import NOON, World, account, phone, the_account, usage

from farewell.accounts.tables import Charge
from farewell.audit import HOST, AuditEntry, broken_entries
from farewell.billing import charging
from farewell.billing.charging import Refused
from farewell.errors import Problem
from farewell.payments.tables import ChargePayment
from farewell.work import Work

OWNER = {"ann@example": "owner"}
Made = Charge | ChargePayment | Refused


def renewal(work: Work, number: str) -> Made:
    """The plan's next month."""
    return charging.renew_plan(work, the_account(work, number), HOST, through=date(2026, 12, 31))


def number_renewal(work: Work, number: str) -> Made:
    """A number's next month."""
    return charging.renew_number(
        work,
        the_account(work, number),
        HOST,
        e164=phone()["e164"],
        amount_minor=300,
        through=date(2026, 12, 31),
    )


def rated_usage(work: Work, number: str) -> Made:
    """Late usage from before the closing."""
    return charging.rate_usage(
        work,
        the_account(work, number),
        HOST,
        description="Minutes",
        amount_minor=12,
        occurred_at=NOON,
    )


def retry(work: Work, number: str) -> Made:
    """A new payment for an old charge."""
    account = the_account(work, number)
    charge_id = account.charges[0].id
    return charging.retry_charge(work, account, HOST, charge_id=charge_id, reference="pi_9")


def item(work: Work, number: str) -> Made:
    """A one-off item."""
    return charging.charge_item(
        work, the_account(work, number), HOST, description="Set-up", amount_minor=4900
    )


PATHS: dict[str, Callable[[Work, str], Made]] = {
    "renewal": renewal,
    "number_renewal": number_renewal,
    "usage": rated_usage,
    "retry": retry,
    "item": item,
}


def ready(world: World, number: str = "T-1", **more: Any) -> None:
    """An account with a number and an open charge."""
    world.load(account(number, numbers=[phone()], charges=[usage("Calls", 5)], **more))


def refusals(world: World) -> list[str]:
    """The paths of recorded refusals."""
    entries = world.run(
        lambda work: work.session.query(AuditEntry).filter_by(action="charge.refused").all()
    )
    return [entry.facts["path"] for entry in entries]


@pytest.mark.parametrize("path", PATHS)
def test_an_active_account_can_be_charged_on_every_path(world: World, path: str) -> None:
    ready(world)

    made = world.run(lambda work: PATHS[path](work, "T-1"))

    assert not isinstance(made, Refused)
    assert refusals(world) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_closed_account_is_charged_on_no_path_and_the_refusal_is_recorded(
    world: World, path: str
) -> None:
    ready(world)
    world.close()
    before = world.count(Charge)

    made = world.run(lambda work: PATHS[path](work, "T-1"))

    assert made == Refused(path, NOON)  # type: ignore[arg-type]
    assert refusals(world) == [path]
    late = 1 if path == "usage" else 0  # kept as written off
    assert (world.count(Charge), world.count(ChargePayment)) == (before + late, 0)
    assert world.run(lambda work: work.session.query(Charge).filter_by(status="open").count()) == 0
    assert world.run(lambda work: broken_entries(work.session)) == []


def test_late_usage_is_written_off_by_its_own_entry(world: World) -> None:
    ready(world)
    world.close()

    world.run(lambda work: rated_usage(work, "T-1"))

    shown = world.show("T-1")
    assert [(w["description"], w["amount_minor"]) for w in shown["written_off"]] == [
        ("Minutes", 12)
    ]
    assert shown["books"] == {"receivable": 1005, "revenue": -1017, "write_off": 12}
    assert [bill["total_minor"] for bill in shown["bills"]] == [1005]


def test_an_account_without_a_plan_is_locked_by_its_closure(world: World) -> None:
    ready(world, plan=None)
    world.close()

    made = world.run(lambda work: item(work, "T-1"))

    assert isinstance(made, Refused)


def test_a_reactivated_account_is_charged_again(world: World) -> None:
    ready(world, "C-1", vendor="ctm", roles={"ann@example": "administrator"})
    world.close("C-1")
    assert isinstance(world.run(lambda work: item(work, "C-1")), Refused)

    world.reactivate("C-1")

    assert isinstance(world.run(lambda work: item(work, "C-1")), Charge)


def test_closing_and_charging_at_the_same_moment_charges_nothing_beside_the_bill(
    world: World,
) -> None:
    ready(world)
    closing = world.closing().settle()
    quote_id, shown = closing.quote()["id"], closing.codes()

    def one(index: int) -> object:
        if index == 5:
            return closing.confirm(quote_id, shown)
        return world.run(lambda work: item(work, "T-1"))

    with ThreadPoolExecutor(11) as pool:
        list(pool.map(one, range(11)))

    states = world.run(lambda work: [c.status for c in the_account(work, "T-1").charges])
    assert "open" not in states
    assert world.show("T-1")["bills"][0]["total_minor"] == 1000 + 5


@pytest.mark.parametrize("path", [path for path in PATHS if path != "item"])
def test_a_converted_account_s_old_plan_is_charged_no_more(world: World, path: str) -> None:
    ready(world, "O-1", vendor="ontraport", type="premium_pages", roles=OWNER)
    world.close("O-1")

    assert isinstance(world.run(lambda work: PATHS[path](work, "O-1")), Refused)


def test_a_converted_account_may_buy_single_items_and_a_plan_again(world: World) -> None:
    ready(world, "O-1", vendor="ontraport", type="premium_pages", roles=OWNER)
    world.close("O-1")
    assert isinstance(world.run(lambda work: item(work, "O-1")), Charge)

    def buy(work: Work) -> None:
        charging.buy_plan(work, the_account(work, "O-1"), HOST, plan="Premium", price_minor=4900)

    world.run(buy)

    shown = world.show("O-1")["account"]
    assert (shown["status"], shown["billing_locked"]) == ("active", False)
    assert isinstance(world.run(lambda work: renewal(work, "O-1")), Charge)
    world.clock.forward(days=1)
    world.close("O-1")
    assert [c["undone_at"] is None for c in world.show("O-1")["closures"]] == [False, True]


def test_only_a_converted_account_buys_its_way_out_of_the_lock(world: World) -> None:
    ready(world)
    world.close()

    def buy(work: Work) -> None:
        charging.buy_plan(work, the_account(work, "T-1"), HOST, plan="X", price_minor=1)

    with pytest.raises(Problem) as refused:
        world.run(buy)

    assert refused.value.code == "account_not_converted"
    assert world.show("T-1")["account"]["billing_locked"] is True


def test_no_period_is_renewed_twice(world: World) -> None:
    ready(world)
    world.run(lambda work: renewal(work, "T-1"))

    with pytest.raises(Problem) as refused:
        world.run(lambda work: renewal(work, "T-1"))

    assert refused.value.code == "period_billed"


def charge(api: Api, body: dict[str, Any], key: str | None = "k1") -> Any:
    """The host charges T-1."""
    return api.call(
        "POST", "/api/v1/service/accounts/T-1/charges", token=SERVICE, key=key, json=body
    )


def test_the_host_charges_through_the_lock_and_once_for_a_key(api: Api, world: World) -> None:
    ready(world)
    body = {"path": "item", "description": "Set-up", "amount_minor": 4900}

    first, again = charge(api, body), charge(api, body)

    assert (first.status_code, again.json()) == (201, first.json())
    assert world.count(Charge) == 2
    assert problem(charge(api, body, key=None)) == (400, "idempotency_key_required")
    assert problem(charge(api, body | {"amount_minor": -1}, "k2")) == (422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {"path": "item", "description": "Set-up", "amount_minor": 4900},
        {"path": "usage", "description": "Minutes", "amount_minor": 3},
        {"path": "renewal", "through": "2026-12-31"},
        {
            "path": "number_renewal",
            "e164": phone()["e164"],
            "amount_minor": 300,
            "through": "2026-12-31",
        },
        {"path": "retry", "charge_id": 1, "reference": "pi_1"},
    ],
)
def test_the_host_is_refused_after_closing_on_every_path(
    api: Api, world: World, body: dict[str, Any]
) -> None:
    ready(world)
    assert charge(api, body, "before").status_code == 201
    world.close()

    refused, again = charge(api, body, "after"), charge(api, body, "after")

    assert problem(refused) == problem(again) == (409, "billing_locked")
    assert refusals(world) == [body["path"]]


def test_nobody_but_the_service_charges(api: Api, world: World) -> None:
    ready(world)
    for path in ("charges", "plan"):
        answer = api.call(
            "POST",
            f"/api/v1/service/accounts/T-1/{path}",
            token=api.sign_in(),
            key="k",
            json={},
        )
        assert problem(answer) == (401, "service_token_wrong")
