"""`farewell load`: a file is taken whole, twice harmlessly, or refused with place and reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import (
    POLICIES,
    World,
    account,
    agency_with,
    person,
    phone,
    the_account,
    the_person,
)

from farewell.accounts.file import LoadError, read_file
from farewell.accounts.load import load, moment
from farewell.accounts.snapshot import RenewalView, SubscriptionView
from farewell.accounts.tables import Account, Person
from farewell.closing import case as cases
from farewell.config import REPOSITORY

DEMO = REPOSITORY / "demo" / "accounts.yml"


def refusal(world: World, tmp_path: Path, content: dict[str, Any]) -> str:
    """What is said of a file that cannot be loaded."""
    path = tmp_path / "accounts.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(LoadError) as refused:
        world.run(lambda work: load(work, read_file(path)))
    return str(refused.value)


def test_the_demo_file_loads_and_loading_it_again_adds_nothing(world: World) -> None:
    content = read_file(DEMO)
    assert world.run(lambda work: load(work, content)) == (
        len(content.people),
        len(content.accounts),
    )

    assert world.run(lambda work: load(work, content)) == (0, 0)


def test_the_first_person_of_the_demo_may_close(world: World) -> None:
    content = read_file(DEMO)
    world.run(lambda work: load(work, content))
    first = content.people[0].email

    def closable(work: Any) -> list[str]:
        who = the_person(work, first)
        return [a.number for a in cases.accounts_of(work, who) if cases.may_close(work, who, a)]

    assert world.run(closable) == ["T-1001"]


def test_the_demo_has_every_kind_of_account_and_role() -> None:
    content = read_file(DEMO)
    kinds = {(a.vendor, a.type) for a in content.accounts}
    roles = {(a.vendor, r) for a in content.accounts for r in a.roles.values()}

    assert kinds == {(v, k) for v, p in POLICIES.items() for k in p.account_types}
    assert roles == {(v, r) for v, p in POLICIES.items() for r in p.role_names}


def test_every_account_of_the_demo_that_is_open_can_be_closed_by_who_may(world: World) -> None:
    content = read_file(DEMO)
    world.run(lambda work: load(work, content))
    closers = {
        a.number: email
        for a in content.accounts
        for email, role in a.roles.items()
        if not a.closed and role in (POLICIES[a.vendor].type_of(a.type).closed_by.stated or [])
    }
    assert len(closers) >= 10

    for number, email in sorted(closers.items(), reverse=True):
        world.close(number, email)

    states = {number: world.show(number)["account"]["status"] for number in closers}
    waiting = {number for number, state in states.items() if state == "closing"}
    assert waiting == {"T-1002", "T-1003", "A-3100"}


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown key", {"people": [], "colour": 1}, "accounts.yml: colour"),
    ("an unknown vendor of a person", {"people": [person("a@b", "acme")]}, "vendor 'acme'"),
    ("an unknown kind of account", {"accounts": [account(type="castle", roles={})]}, "'castle'"),
    ("an unknown zone", {"accounts": [account(zone="Mars/Base")]}, "unknown time zone"),
    ("an unknown person in a role", {"accounts": [account()]}, "no person 'ann@example'"),
    (
        "an unknown role",
        {"people": [person("ann@example")], "accounts": [account(roles={"ann@example": "king"})]},
        "no role 'king'",
    ),
    ("an unknown parent", {"accounts": [account(parent="A-9", roles={})]}, "parent 'A-9'"),
    ("a negative price", {"accounts": [account(plan={"name": "x", "price_minor": -1})]}, "price"),
    ("a negative balance", {"accounts": [account(balance_minor=-1)]}, "balance_minor"),
    ("half a cent", {"accounts": [account(balance_minor=0.5)]}, "balance_minor"),
    ("no phone number", {"accounts": [account(numbers=[{"e164": "home"}])]}, "e164"),
    (
        "an anchor on the 32nd",
        {"accounts": [account(plan={"name": "x", "price_minor": 1, "anchor_day": 32})]},
        "anchor_day",
    ),
    (
        "a year that begins nobody knows when",
        {"accounts": [account(plan={"name": "x", "price_minor": 1, "interval": "year"})]},
        "anchor_month belongs to a plan by quarter or year, and it needs it",
    ),
    (
        "a month that begins in a month",
        {"accounts": [account(plan={"name": "x", "price_minor": 1, "anchor_month": 2})]},
        "anchor_month belongs to a plan by quarter or year",
    ),
    (
        "a tax as a binary fraction",
        {"accounts": [account(taxes=[{"name": "VAT", "rate": 8.875}])]},
        'write the rate in quotes, such as "8.875"',
    ),
    (
        "a tax finer than can be stored",
        {"accounts": [account(taxes=[{"name": "VAT", "rate": "8.87555"}])]},
        "no more than 4 decimal places",
    ),
    (
        "a rate for none",
        {"accounts": [account(meters=[{"name": "x", "price_minor": 1, "per": 0}])]},
        "per",
    ),
    (
        "half a unit of usage",
        {
            "accounts": [
                account(meters=[{"name": "x", "price_minor": 1, "usage": [{"quantity": 0.5}]}])
            ]
        },
        "quantity",
    ),
    (
        "a credit that is a debt",
        {
            "accounts": [
                account(charges=[{"kind": "credit", "description": "x", "amount_minor": -1}])
            ]
        },
        "amount_minor",
    ),
    (
        "a security question that is not there",
        {"people": [person("ann@example", security={"question": 9, "answer": "x"})]},
        "security question 9",
    ),
    (
        "a parent of the wrong kind",
        {
            "accounts": [
                account("C-1", vendor="ctm", type="standalone", roles={}),
                account("S-1", vendor="ctm", type="sub_account", parent="C-1", roles={}),
            ]
        },
        "parent 'C-1'",
    ),
    (
        "a parent of another vendor",
        {
            "accounts": [
                account("A-1", vendor="ctm", type="agency", roles={}),
                account("T-1", parent="A-1", roles={}),
            ]
        },
        "parent 'A-1'",
    ),
    (
        "a sub-account in another currency than its parent",
        {
            "accounts": [
                account("A-1", vendor="ctm", type="agency", roles={}),
                account(
                    "S-1", vendor="ctm", type="sub_account", parent="A-1", roles={}, currency="EUR"
                ),
            ]
        },
        "currency",
    ),
    ("a number that could be a path", {"accounts": [account("../etc", roles={})]}, "number"),
]


@pytest.mark.parametrize(("content", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_file_is_refused_and_nothing_is_loaded(
    world: World, tmp_path: Path, content: dict[str, Any], said: str
) -> None:
    assert said in refusal(world, tmp_path, content)

    assert (world.count(Account), world.count(Person)) == (0, 0)


def test_broken_yaml_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "accounts.yml"
    path.write_text("people: [", encoding="utf-8")

    with pytest.raises(LoadError, match=r"accounts\.yml: not valid YAML"):
        read_file(path)


def test_an_account_closed_before_loading_has_its_closure_and_its_open_duties(
    world: World,
) -> None:
    parent, child = agency_with("S-1")
    closed = {"closed": {"at": "-10d", "by": "ann@example"}}
    world.load(parent, child | closed)

    shown = world.show("S-1")

    assert shown["account"]["status"] == "closed"
    assert len(shown["closures"]) == 1
    assert {d["kind"] for d in shown["duties"]} == {
        "end_number_restore",
        "end_reactivation",
        "purge_data",
        "host_data_purge",
    }


def test_an_account_converted_before_loading_keeps_its_numbers(world: World) -> None:
    world.load(
        account(
            "P-1",
            vendor="ontraport",
            type="premium_pages",
            roles={"ann@example": "owner"},
            numbers=[phone()],
            closed={"at": "-3d", "by": "ann@example"},
        )
    )

    shown = world.show("P-1")

    assert shown["account"]["status"] == "converted"
    assert [n["status"] for n in shown["numbers"]] == ["active"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-20d", datetime(2026, 10, 21, 17, tzinfo=UTC)),
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_time_or_days_before_now(
    world: World, given: str, expected: datetime
) -> None:
    assert moment(given, world.clock()) == expected


@pytest.mark.parametrize("given", ["20d", "yesterday", "2026-11-01", "2026-11-01T00:00:00"])
def test_a_moment_without_zone_or_sense_is_refused(world: World, given: str) -> None:
    with pytest.raises(LoadError):
        moment(given, world.clock())


def test_what_a_bill_needs_is_loaded_exactly(world: World) -> None:
    world.load(
        account(
            plan={
                "name": "Plan",
                "price_minor": 36500,
                "interval": "year",
                "anchor_day": 29,
                "anchor_month": 2,
                "billed_until": date(2026, 11, 1),
                "committed_until": date(2027, 2, 27),
            },
            numbers=[
                phone()
                | {"renewal": {"price_minor": 200, "anchor_day": 12, "billed_until": "2026-11-11"}}
            ],
            meters=[
                {
                    "name": "Minutes",
                    "price_minor": 35,
                    "per": 100,
                    "usage": [{"quantity": 7, "at": "-3d", "reference": "r"}],
                }
            ],
            taxes=[{"name": "State", "rate": "8.875"}, {"name": "City", "rate": 1}],
        )
    )

    view = world.run(lambda work: work.view(the_account(work, "T-1")))

    assert view.subscription == SubscriptionView(
        "Plan", 36500, 29, date(2026, 11, 1), "year", 2, date(2027, 2, 27)
    )
    assert view.numbers[0].renewal == RenewalView(200, 12, date(2026, 11, 11))
    assert [(m.name, m.price_minor, m.per) for m in view.meters] == [("Minutes", 35, 100)]
    usage = view.meters[0].records[0]
    assert (usage.quantity, usage.occurred_at) == (7, world.clock() - timedelta(days=3))
    assert [(t.name, t.rate_ppm) for t in view.taxes] == [("State", 88750), ("City", 10000)]
