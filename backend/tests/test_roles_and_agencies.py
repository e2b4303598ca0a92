"""Rule 6 for every kind of account, and what an agency takes along."""

from __future__ import annotations

from typing import Any

import pytest
from factories import (
    POLICIES,
    World,
    account,
    agency_with,
    e164,
    person,
    phone,
    the_account,
    the_person,
)

from farewell.closing import case as cases
from farewell.closing.tables import Closure
from farewell.errors import Problem
from farewell.notify.tables import OutgoingMessage
from farewell.work import Work

WHO_CLOSES = {
    ("tresta", "standalone"): {"billing_admin"},
    ("ctm", "standalone"): {"administrator"},
    ("ctm", "sub_account"): {"administrator", "agency_administrator"},
    ("ctm", "agency"): {"agency_administrator"},
    ("ontraport", "full"): {"owner"},
    ("ontraport", "premium_pages"): {"owner"},
}
PAIRS = [
    (vendor, kind, role, role in closers)
    for (vendor, kind), closers in WHO_CLOSES.items()
    for role in POLICIES[vendor].role_names
]


def one_account(vendor: str, kind: str, roles: dict[str, str]) -> list[dict[str, Any]]:
    """An account of a kind, with the parent that it needs."""
    given = account("X-1", vendor=vendor, type=kind, roles=roles)
    parent_type = POLICIES[vendor].type_of(kind).parent_type
    if parent_type is None:
        return [given]
    return [account("X-0", vendor=vendor, type=parent_type, roles={}), given | {"parent": "X-0"}]


@pytest.mark.parametrize(("vendor", "kind", "role", "may"), PAIRS)
def test_a_role_closes_exactly_what_the_guide_lets_it_close(
    world: World, vendor: str, kind: str, role: str, may: bool
) -> None:
    world.load(*one_account(vendor, kind, {"ann@example": role}))

    if may:
        world.close("X-1")
        assert world.show("X-1")["account"]["status"] in ("closed", "converted")
        return
    with pytest.raises(Problem) as refused:
        world.closing("X-1").open()
    assert (refused.value.status, refused.value.code) == (403, "role_missing")
    assert world.show("X-1")["account"]["status"] == "active"


def test_an_agency_administrator_of_the_agency_closes_a_sub_account(world: World) -> None:
    world.load(*agency_with("S-1"))

    world.close("S-1")

    assert world.show("S-1")["account"]["status"] == "closed"
    assert world.show("A-1")["account"]["status"] == "active"


def test_an_administrator_of_a_sub_account_closes_it_but_not_its_agency(world: World) -> None:
    parent, child = agency_with("S-1")
    world.load(parent, child | {"roles": {"adam@example": "administrator"}})

    with pytest.raises(Problem):
        world.run(lambda work: cases.visible_account(work, the_person(work, "adam@example"), "A-1"))
    world.close("S-1", "adam@example")

    assert world.show("A-1")["account"]["status"] == "active"


def test_a_role_in_one_account_is_worth_nothing_in_another(world: World) -> None:
    world.load(account("T-1"), account("T-2", roles={"bob@example": "billing_admin"}))

    with pytest.raises(Problem) as refused:
        world.closing("T-2", "ann@example").open()

    assert refused.value.code == "role_missing"


def test_who_may_not_close_is_told_who_may_by_role_and_initials(world: World) -> None:
    world.load(
        account(roles={"ann.archer@example": "billing_admin", "bob@example": "user"}),
    )

    blocker = world.run(
        lambda work: cases.blocker_for(
            work, the_person(work, "bob@example"), the_account(work, "T-1")
        )
    )

    assert blocker is not None
    assert blocker.code == "role_missing"
    holder = blocker.facts["holders"][0]
    assert holder.facts["initials"] == "A. A."


def test_an_account_that_nobody_may_close_says_so(world: World) -> None:
    world.load(account(roles={"bob@example": "user"}))

    blocker = world.run(
        lambda work: cases.blocker_for(
            work, the_person(work, "bob@example"), the_account(work, "T-1")
        )
    )

    assert blocker is not None
    assert blocker.code == "role_vacant"
    assert blocker.facts["contacts"]


@pytest.mark.parametrize("number", ["T-2", "T-404", ""])
def test_a_foreign_account_and_an_unknown_one_look_alike(world: World, number: str) -> None:
    world.load(account("T-1"), account("T-2", roles={"bob@example": "billing_admin"}))

    def look(work: Work) -> None:
        cases.visible_account(work, the_person(work, "ann@example"), number)

    with pytest.raises(Problem) as refused:
        world.run(look)

    assert (refused.value.status, refused.value.code) == (404, "not_found")
    assert number not in refused.value.detail or number == ""


def test_an_agency_takes_its_active_sub_accounts_along(world: World) -> None:
    world.load(*agency_with("S-1", "S-2", "S-3"))
    world.close("S-3")
    world.clock.forward(days=1)

    world.close("A-1")

    own = world.show("A-1")["closures"][0]
    assert own["with_parent"] is False
    for number in ("S-1", "S-2"):
        shown = world.show(number)
        assert shown["account"]["status"] == "closed"
        assert shown["account"]["billing_locked"] is True
        assert shown["closures"][0]["with_parent"] is True
        assert shown["numbers"][0]["status"] == "released"
    assert world.show("S-3")["closures"][0]["with_parent"] is False


def test_closures_of_sub_accounts_refer_to_the_agency_s(world: World) -> None:
    world.load(*agency_with("S-1"))

    world.close("A-1")

    def parents(work: Work) -> list[tuple[str, str | None]]:
        rows = work.session.query(Closure).all()
        numbers = {c.id: c.account.number for c in rows}
        return sorted((c.account.number, numbers.get(c.parent_id or "")) for c in rows)

    assert world.run(parents) == [("A-1", None), ("S-1", "A-1")]


def test_one_bill_and_one_receipt_cover_the_whole_agency(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))

    world.close("A-1")

    assert [b["total_minor"] for b in world.show("A-1")["bills"]] == [500 + 100 + 101]
    assert world.show("S-1")["bills"] == []
    assert world.count(OutgoingMessage) == 1


def test_the_open_case_of_a_sub_account_is_absorbed(world: World) -> None:
    parent, child = agency_with("S-1")
    world.load(parent, child | {"roles": {"adam@example": "administrator"}})
    world.closing("S-1", "adam@example").settle()

    world.close("A-1")

    assert world.show("S-1")["closing_case"]["state"] == "closed"
    assert len(world.show("S-1")["closures"]) == 1


def test_every_number_of_the_agency_is_told_to_the_host(world: World) -> None:
    world.load(*agency_with("S-1"))

    world.close("A-1")

    kinds = {duty["kind"] for duty in world.show("S-1")["duties"]}
    assert {"host_account_closed", "host_numbers_release", "end_number_restore"} <= kinds


def test_closing_every_sub_account_leaves_the_agency_open_and_charged(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))
    world.close("S-1")
    world.close("S-2")

    shown = world.show("A-1")

    assert shown["account"]["status"] == "active"
    assert shown["account"]["billing_locked"] is False


def test_sub_accounts_and_numbers_are_listed_before_an_agency_closes(world: World) -> None:
    world.load(*agency_with("S-1", "S-2"))
    closing = world.closing("A-1").open()

    codes = [code for code, _ in closing.owed()]

    assert codes.index("sub_accounts_closed") < codes.index("quote_due")
    assert "numbers_released" in codes
    assert ("sub_accounts", "") in closing.unanswered()


def test_wanting_to_move_a_sub_account_out_first_keeps_the_agency_open(world: World) -> None:
    world.load(*agency_with("S-1"))
    closing = world.closing("A-1").settle(alternatives="decline")

    closing.answer("sub_accounts", "transfer_first")

    with pytest.raises(Problem) as refused:
        closing.confirm()
    assert refused.value.code == "requirements_open"


def test_a_sub_account_s_name_is_double_checked_beside_its_agency(world: World) -> None:
    world.load(*agency_with("S-1"))

    assert world.closing("S-1").open().owed()[0] == ("check_sub_account", "acknowledge")


def test_other_accounts_have_no_name_check(world: World) -> None:
    world.load(*agency_with("S-1"))

    assert "check_sub_account" not in dict(world.closing("A-1").open().owed())


@pytest.mark.parametrize(
    ("code", "features"),
    [
        ("pause_swapping", {"number_swapping": "paused"}),
        ("stop_calls", {"number_swapping": "paused", "incoming_calls": "stopped"}),
    ],
)
def test_taking_an_alternative_changes_features_and_stops_the_case(
    world: World, code: str, features: dict[str, str]
) -> None:
    world.load(
        account("C-1", vendor="ctm", roles={"ann@example": "administrator"}, features={"sms": "on"})
    )

    world.closing("C-1").open().answer("alternatives", code)

    shown = world.show("C-1")
    assert shown["account"]["features"] == {"sms": "on"} | features
    assert shown["account"]["status"] == "active"
    assert shown["account"]["billing_locked"] is False
    assert shown["closing_case"]["state"] == "abandoned"


def test_alternatives_that_were_declined_are_not_offered_again(world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    closing = world.closing("C-1").open().answer("alternatives", "decline").withdraw()

    closing.open()

    assert "alternatives" not in dict(closing.owed())


def test_an_alternative_that_the_policy_does_not_have_is_refused(world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))

    with pytest.raises(Problem) as refused:
        world.closing("C-1").open().answer("alternatives", "half_price")

    assert (refused.value.status, refused.value.code) == (422, "answer_not_offered")


def test_premium_pages_become_free_and_lose_nothing(world: World) -> None:
    world.load(
        account(
            "P-1",
            vendor="ontraport",
            type="premium_pages",
            roles={"ann@example": "owner"},
            numbers=[phone()],
        )
    )
    closing = world.closing("P-1").settle()
    codes = closing.codes()

    assert closing.confirm() == "converted"

    shown = world.show("P-1")
    assert shown["account"]["status"] == "converted"
    assert shown["numbers"][0] == {
        "e164": e164(),
        "label": None,
        "status": "active",
        "port": None,
        "given_up": False,
    }
    assert {duty["kind"] for duty in shown["duties"]} == {"host_plan_convert"}
    assert "converts_to_plan" in codes
    assert not codes & {"data_deleted", "data_export", "effect_signed_out"}


def test_a_full_account_is_warned_of_deletion_and_sign_out(world: World) -> None:
    world.load(account("O-1", vendor="ontraport", type="full", roles={"ann@example": "owner"}))

    codes = [code for code, _ in world.closing("O-1").open().owed()]

    assert codes.index("data_deleted") < codes.index("data_export")
    assert "effect_signed_out" in codes
    world.close("O-1")
    kinds = {duty["kind"] for duty in world.show("O-1")["duties"]}
    assert {"host_sessions_revoke", "purge_data", "host_account_closed"} <= kinds


def test_somebody_without_any_role_sees_no_account(world: World) -> None:
    world.load(account(), people=[person("nora@example")])

    seen = world.run(lambda work: cases.accounts_of(work, the_person(work, "nora@example")))

    assert seen == []
