"""Each cell of the three vendors' rules, as the guides have them."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from factories import POLICIES

from farewell.policy.model import words_in

STATED, ASSUMED, SILENT = "stated", "assumed", "not_stated"


def rule_at(path: str) -> Any:
    """A rule by its path, such as `tresta.standalone.billing.fees`."""
    vendor, *parts = path.split(".")
    found: Any = POLICIES[vendor]
    if parts[0] != "support":
        found = found.type_of(parts.pop(0))
    for part in parts:
        found = getattr(found, part)
    return found


def origin_of(rule: Any) -> str:
    """Where a rule comes from: the guide, us, or nowhere."""
    if rule.source:
        return STATED
    return ASSUMED if rule.assumed else SILENT


CELLS: list[tuple[str, Any, str]] = [
    # who may close
    ("tresta.standalone.closed_by", ["billing_admin"], STATED),
    ("ctm.standalone.closed_by", ["administrator"], STATED),
    ("ctm.sub_account.closed_by", ["agency_administrator", "administrator"], STATED),
    ("ctm.agency.closed_by", ["agency_administrator"], STATED),
    ("ontraport.full.closed_by", ["owner"], ASSUMED),
    ("ontraport.premium_pages.closed_by", ["owner"], ASSUMED),
    # takes effect
    ("tresta.standalone.takes_effect", "at_once", STATED),
    ("ctm.standalone.takes_effect", "at_once", STATED),
    ("ctm.sub_account.takes_effect", "at_once", STATED),
    ("ctm.agency.takes_effect", "at_once", STATED),
    ("ontraport.full.takes_effect", "at_once", STATED),
    ("ontraport.full.signs_out", True, STATED),
    ("ontraport.premium_pages.signs_out", False, ASSUMED),
    # numbers
    ("tresta.standalone.numbers.ask_to_keep", True, STATED),
    ("tresta.standalone.numbers.on_close", "may_be_lost", STATED),
    ("tresta.standalone.numbers.restore_days", None, SILENT),
    ("ctm.standalone.numbers.on_close", "released", STATED),
    ("ctm.sub_account.numbers.on_close", "released", STATED),
    ("ctm.agency.numbers.on_close", "released", STATED),
    ("ctm.sub_account.numbers.restore_days", 14, STATED),
    ("ctm.standalone.numbers.restore_days", None, SILENT),
    ("ontraport.full.numbers.on_close", None, SILENT),
    # billing
    ("tresta.standalone.billing.timing", "in_arrears", STATED),
    ("tresta.standalone.billing.proration", "actual_days", STATED),
    ("tresta.standalone.billing.settle_after_days", 5, STATED),
    ("tresta.standalone.billing.settle_by", "auto_pay", STATED),
    ("ctm.standalone.billing.timing", "in_advance", ASSUMED),
    ("ctm.standalone.billing.proration", "none", ASSUMED),
    ("ctm.standalone.billing.outstanding", "collect", ASSUMED),
    ("ontraport.full.billing.outstanding", "write_off", STATED),
    ("ontraport.premium_pages.billing.outstanding", "write_off", ASSUMED),
    ("ontraport.full.billing.settle_by", "none", STATED),
    # balance or credit
    ("tresta.standalone.balance.treatment", "refund_to_card", STATED),
    ("tresta.standalone.balance.days", 5, STATED),
    ("ctm.standalone.balance.treatment", "keep_for_request", STATED),
    ("ctm.standalone.balance.days", 90, STATED),
    ("ctm.sub_account.balance.days", 90, STATED),
    ("ctm.agency.balance.days", 90, STATED),
    ("ontraport.full.balance.treatment", None, SILENT),
    ("ontraport.full.balance.days", None, SILENT),
    # fees or penalties
    ("tresta.standalone.billing.fees", "none", STATED),
    ("ctm.standalone.billing.fees", None, SILENT),
    ("ctm.agency.billing.fees", None, SILENT),
    ("ontraport.full.billing.fees", None, SILENT),
    # data
    ("tresta.standalone.data.treatment", None, SILENT),
    ("tresta.standalone.data.kept_days", None, SILENT),
    ("ctm.standalone.data.treatment", "kept", STATED),
    ("ctm.standalone.data.kept_days", 60, STATED),
    ("ctm.standalone.data.readable_after_closing", True, STATED),
    ("ctm.sub_account.data.kept_days", 60, STATED),
    ("ctm.agency.data.kept_days", 60, STATED),
    ("ontraport.full.data.treatment", "deleted_at_once", STATED),
    ("ontraport.full.data.kept_days", None, SILENT),
    # undo
    ("tresta.standalone.undo.by", None, SILENT),
    ("ctm.standalone.undo.by", "customer", STATED),
    ("ctm.standalone.undo.days", 60, STATED),
    ("ctm.sub_account.undo.by", "customer", STATED),
    ("ctm.sub_account.undo.days", 60, STATED),
    ("ctm.agency.undo.by", "support", STATED),
    ("ctm.agency.undo.days", 60, STATED),
    ("ontraport.full.undo.by", None, SILENT),
    ("ontraport.full.undo.days", None, SILENT),
    # cascade
    ("ctm.agency.cascade.closes_children", True, STATED),
    ("ctm.agency.cascade.transfer_first", True, STATED),
    ("ctm.agency.cascade.children_alone_close_parent", False, STATED),
    # support closes for the customer
    ("tresta.support.closes_for_customer", True, STATED),
    ("ctm.support.closes_for_customer", False, STATED),
    ("ontraport.support.closes_for_customer", False, STATED),
    ("ctm.support.hours", None, SILENT),
    ("ontraport.support.hours", None, SILENT),
]


@pytest.mark.parametrize(("path", "value", "origin"), CELLS, ids=[cell[0] for cell in CELLS])
def test_the_policy_says_what_the_guide_says(path: str, value: Any, origin: str) -> None:
    rule = rule_at(path)

    assert (rule.stated, origin_of(rule)) == (value, origin)


@pytest.mark.parametrize(
    ("vendor", "types"),
    [
        ("tresta", {"standalone"}),
        ("ctm", {"standalone", "sub_account", "agency"}),
        ("ontraport", {"full", "premium_pages"}),
    ],
)
def test_a_vendor_has_exactly_its_account_types(vendor: str, types: set[str]) -> None:
    assert set(POLICIES[vendor].account_types) == types


def test_tresta_answers_monday_to_friday_eight_to_twenty_eastern() -> None:
    hours = POLICIES["tresta"].support.hours.stated

    assert hours is not None
    assert hours.days == ["mon", "tue", "wed", "thu", "fri"]
    assert (hours.opens, hours.closes, hours.zone) == (time(8), time(20), "America/New_York")


def test_the_ways_to_reach_people_are_printed_as_in_the_guides() -> None:
    def printed(address: str | dict[str, str] | None) -> str | None:
        return words_in(address, "en") if isinstance(address, dict) else address

    reached = {
        vendor: {(c.channel, printed(c.address)) for c in policy.support.contacts}
        for vendor, policy in POLICIES.items()
    }

    assert {("phone", "(844) 2-TRESTA"), ("chat", None)} <= reached["tresta"]
    assert reached["ctm"] == {("portal", "the ticket portal")}
    assert reached["ontraport"] == {("phone", "(805) 568 1424 option 1"), ("chat", None)}


def test_only_tresta_knows_verification_by_account_number_and_security_answer() -> None:
    ways = {vendor: policy.verification for vendor, policy in POLICIES.items()}

    assert ways == {
        "tresta": ["account_number_and_security_answer"],
        "ctm": [],
        "ontraport": [],
    }


def test_only_ctm_support_asks_for_the_specific_failing_step() -> None:
    assert {v for v, p in POLICIES.items() if p.support.needs_failing_step} == {"ctm"}


def test_tresta_shows_the_three_steps_of_a_port_out_in_order() -> None:
    steps = [s["en"] for s in POLICIES["tresta"].type_of("standalone").numbers.port_out_steps]

    assert [step.split()[0] for step in steps] == ["Initiate", "Wait", "Verify"]


@pytest.mark.parametrize(
    ("kind", "besides"),
    [("standalone", []), ("sub_account", ["transfer_out"]), ("agency", [])],
)
def test_ctm_offers_two_alternatives_that_are_still_charged(kind: str, besides: list[str]) -> None:
    """The guide names the transfer for sub-accounts: "transfer accounts instead"."""
    every = POLICIES["ctm"].type_of(kind).alternatives.offers
    offers = every[-2:]

    assert [offer.code for offer in every] == [*besides, "pause_swapping", "stop_calls"]
    for offer in offers:
        assert offer.still_charged is not None
        for charged in ("subscription", "number renewals", "usage", "features"):
            assert charged in offer.still_charged["en"]
    assert offers[0].sets == {"number_swapping": "paused"}
    assert offers[1].sets == {"number_swapping": "paused", "incoming_calls": "stopped"}


def test_tresta_offers_no_alternative_and_ontraport_its_advisor() -> None:
    assert POLICIES["tresta"].type_of("standalone").alternatives.offers == []
    offers = POLICIES["ontraport"].type_of("full").alternatives.offers
    assert [(offer.code, offer.human) for offer in offers] == [("advisor", True)]
    assert "(805) 568 1424 option 1" in offers[0].text["en"]


def test_only_a_ctm_sub_account_has_its_name_double_checked() -> None:
    double_checked = {
        (vendor, key)
        for vendor, policy in POLICIES.items()
        for key, kind in policy.account_types.items()
        if kind.double_check_name
    }

    assert double_checked == {("ctm", "sub_account")}


def test_only_premium_pages_convert_and_to_the_free_plan() -> None:
    converting = {
        (vendor, key): kind.converts.to_plan["en"]
        for vendor, policy in POLICIES.items()
        for key, kind in policy.account_types.items()
        if kind.converts
    }

    assert converting == {("ontraport", "premium_pages"): "ONTRApages Free"}


def test_a_ctm_balance_is_requested_through_the_ticket_portal() -> None:
    for kind in POLICIES["ctm"].account_types.values():
        assert kind.balance.request_through == {"en": "the ticket portal"}


def test_ctms_support_asks_for_released_numbers_of_sub_accounts_only() -> None:
    kinds = POLICIES["ctm"].account_types
    by_support = [key for key, kind in kinds.items() if kind.numbers.restore_otherwise_by_support]
    assert by_support == ["sub_account"]


def test_trestas_hours_are_for_phone_and_chat() -> None:
    contacts = POLICIES["tresta"].support.contacts
    assert [(c.channel, c.in_hours) for c in contacts] == [
        ("phone", True),
        ("chat", True),
        ("email", False),
    ]


def test_after_sixty_days_ctm_needs_a_new_account() -> None:
    for kind in POLICIES["ctm"].account_types.values():
        assert kind.undo.after_that is not None
        assert "new account" in kind.undo.after_that["en"]
