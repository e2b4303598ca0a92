"""A kept balance goes back on request after closing, is reminded of once, and is then forfeited."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from clients import Api, problem
from factories import World, account, agency_with, person, the_account
from test_settlement import broken_books, duty, paid, told

from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

PATH = "/api/v1/accounts/C-1/balance-refund"
LAST = datetime(2027, 2, 9, 4, 59, 59, tzinfo=UTC)  # Feb 8 in New York: 90 days after Nov 10
OVER = datetime(2027, 2, 9, 5, tzinfo=UTC)


@pytest.fixture
def kept(world: World) -> World:
    """C-1 of CTM with a balance of $50.50; Rita may look but not close."""
    roles = {"ann@example": "administrator", "rita@example": "report_manager"}
    world.load(
        account("C-1", vendor="ctm", roles=roles, balance_minor=5050),
        people=[person("rita@example", "ctm")],
    )
    return world


def ask(api: Api, email: str = "ann@example", key: str | None = "k1", path: str = PATH) -> Any:
    """Ask for the balance."""
    return api.call("POST", path, token=api.sign_in(email), key=key)


def test_asked_for_after_closing_it_is_refunded_in_full(api: Api, kept: World) -> None:
    kept.close("C-1")

    answer = ask(api)
    kept.sweep()

    assert answer.status_code == 202
    assert answer.json() == {"account": "C-1", "refund": {"minor": 5050, "currency": "USD"}}
    assert paid(kept, "C-1", "balance_refunded") == [5050]
    assert kept.show("C-1")["account"]["balance_minor"] == 0
    assert "customer_credit" not in kept.show("C-1")["books"]
    assert told(kept) == ["balance_refunded"]
    for kind in ("remind_balance", "forfeit_balance"):
        assert duty(kept, kind, "C-1")["state"] == "canceled"


def test_it_is_refused_before_closing(api: Api, kept: World) -> None:
    assert problem(ask(api)) == (409, "account_not_closed")
    assert kept.show("C-1")["account"]["balance_minor"] == 5050


def test_somebody_without_the_role_is_refused(api: Api, kept: World) -> None:
    kept.close("C-1")

    assert problem(ask(api, "rita@example")) == (403, "role_missing")
    assert kept.show("C-1")["account"]["balance_minor"] == 5050


def test_a_stranger_hears_what_an_unknown_account_gets(api: Api, kept: World) -> None:
    kept.load(account("T-9", roles={"zoe@example": "billing_admin"}))
    kept.close("C-1")

    unknown = ask(api, "zoe@example", path="/api/v1/accounts/C-404/balance-refund")
    assert problem(ask(api, "zoe@example")) == problem(unknown) == (404, "not_found")


def test_the_last_second_of_the_days_counts_and_the_next_does_not(api: Api, kept: World) -> None:
    kept.close("C-1")

    kept.clock.now = OVER
    assert problem(ask(api, key="late")) == (409, "balance_days_over")
    kept.clock.now = LAST
    assert ask(api, key="in time").status_code == 202


def test_the_same_key_and_another_key_refund_once(api: Api, kept: World) -> None:
    kept.close("C-1")

    first, again = ask(api), ask(api)
    other = ask(api, key="k2")
    kept.sweep()

    assert again.json() == first.json()
    assert problem(other) == (409, "no_balance")
    assert problem(ask(api, key=None)) == (400, "idempotency_key_required")
    assert paid(kept, "C-1", "balance_refunded") == [5050]


def test_a_vendor_that_keeps_no_balance_refuses(api: Api, world: World) -> None:
    world.load(account("T-1", balance_minor=5050))
    world.close()

    answer = ask(api, path="/api/v1/accounts/T-1/balance-refund")

    assert problem(answer) == (409, "balance_not_kept")


def test_a_refund_that_is_asked_for_is_not_forfeited_or_given_twice(api: Api, kept: World) -> None:
    kept.close("C-1")
    kept.clock.now = LAST
    ask(api)

    kept.clock.now = OVER
    kept.sweep()

    assert paid(kept, "C-1", "balance_refunded") == [5050]
    assert paid(kept, "C-1", "balance_forfeited") == []


def test_a_reminder_comes_before_the_days_are_over_and_then_it_is_forfeited(kept: World) -> None:
    kept.close("C-1")
    seen = []
    for moment in (
        datetime(2027, 1, 25, 16, 59, tzinfo=UTC),
        datetime(2027, 1, 25, 17, tzinfo=UTC),
        LAST,
        OVER,
    ):
        kept.clock.now = moment
        kept.sweep()
        seen.append((told(kept), kept.show("C-1")["account"]["balance_minor"]))

    assert seen == [
        ([], 5050),
        (["balance_reminder"], 5050),
        (["balance_reminder"], 5050),
        (["balance_reminder", "balance_forfeited"], 0),
    ]
    assert kept.show("C-1")["books"] == {"cash": 5050, "forfeited": -5050}
    assert broken_books(kept) == []


def test_the_reminder_tells_amount_day_and_way(kept: World) -> None:
    kept.close("C-1")
    kept.clock.now = datetime(2027, 1, 25, 17, tzinfo=UTC)
    kept.sweep()

    message = kept.run(
        lambda work: work.session.query(OutgoingMessage).filter_by(kind="balance_reminder").one()
    )
    (statement,) = message.facts["statements"]

    assert statement["facts"]["balance"] == {"minor": 5050, "currency": "USD"}
    assert statement["facts"]["until"] == {"day": "2027-02-08"}
    assert statement["facts"]["through"] == {"words": {"en": "the ticket portal"}}


def test_a_sweep_that_was_away_for_months_reminds_nobody_of_what_is_gone(kept: World) -> None:
    kept.close("C-1")
    kept.clock.now = OVER

    kept.sweep()

    assert told(kept) == ["balance_forfeited"]
    assert duty(kept, "remind_balance", "C-1")["last_error"] == "too_late"


def test_a_reactivated_account_keeps_its_balance(kept: World) -> None:
    kept.close("C-1")
    kept.reactivate("C-1")

    kept.clock.now = OVER
    kept.sweep()

    assert kept.show("C-1")["account"]["balance_minor"] == 5050
    assert told(kept) == []


def test_what_was_used_up_between_two_closings_is_not_owed_any_more(kept: World) -> None:
    kept.close("C-1")
    kept.reactivate("C-1")

    def use_up(work: Work) -> None:
        the_account(work, "C-1").balance_minor = 1000

    kept.run(use_up)
    kept.clock.forward(days=1)
    kept.close("C-1")

    assert kept.show("C-1")["books"]["customer_credit"] == -1000


def test_each_account_of_an_agency_forfeits_its_own_balance(world: World) -> None:
    agency, sub = agency_with("S-1")
    world.load(agency | {"balance_minor": 700}, sub | {"balance_minor": 30})
    world.close("A-1")
    world.clock.now = OVER

    world.sweep()

    assert [paid(world, n, "balance_forfeited") for n in ("A-1", "S-1")] == [[700], [30]]
    assert broken_books(world) == []


def test_a_refund_to_a_refusing_card_ends_with_a_human_and_stays_owed(
    api: Api, world: World
) -> None:
    world.load(
        account(
            "C-1",
            vendor="ctm",
            roles={"ann@example": "administrator"},
            balance_minor=5050,
            payment_method="Visa ending 5126",
        )
    )
    world.close("C-1")
    ask(api)

    world.sweep()

    assert [t["code"] for t in world.show("C-1")["human_tasks"]] == ["refund_declined"]
    assert world.show("C-1")["books"]["customer_credit"] == -5050
    assert told(world) == ["refund_needs_human"]
