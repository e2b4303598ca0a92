"""The audit is a chain: whatever is changed, taken out or put in is found."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from clients import Api
from factories import World, account, person, phone
from sqlalchemy import text

from farewell.audit import Actor, AuditEntry, broken_entries, record

PLANTS = [
    "UPDATE audit SET actor = 'person:somebody-else' WHERE id = 3",
    "UPDATE audit SET facts = '{\"amount\": 0}' WHERE id = 3",
    "UPDATE audit SET action = 'case.stopped' WHERE id = 3",
    "UPDATE audit SET subject = 'account:X' WHERE id = 3",
    "UPDATE audit SET channel = 'desk' WHERE id = 3",
    "UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE id = 3",
    "DELETE FROM audit WHERE id = 3",
    "UPDATE audit SET hash = 'f' WHERE id = 3",
]


def broken(world: World) -> list[int]:
    """Entries that do not hold."""
    return world.run(lambda work: broken_entries(work.session))


def test_a_whole_chain_has_no_broken_entry(world: World) -> None:
    world.load(account(numbers=[phone()]))
    world.close()

    assert world.count(AuditEntry) > 4
    assert broken(world) == []


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_change_is_found(world: World, plant: str) -> None:
    world.load(account(numbers=[phone()]))
    world.close()

    world.run(lambda work: work.session.execute(text(plant)))

    assert broken(world) != []


def test_an_entry_of_any_zone_holds_after_it_was_read_back(world: World) -> None:
    summer = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=-4)))

    world.run(lambda work: record(work.session, summer, Actor("operator", "cli"), "a", "b"))

    assert broken(world) == []


def test_each_step_says_who_did_it_and_through_which_channel(world: World) -> None:
    world.load(account(numbers=[phone()]))
    world.close()

    entries = world.run(lambda work: work.session.query(AuditEntry).all())

    by_customer = [e for e in entries if e.actor.startswith("person:")]
    assert {e.channel for e in by_customer} == {"api"}
    assert {e.action for e in by_customer} >= {
        "case.opened",
        "requirement.answered",
        "account.closed",
    }


def test_the_audit_holds_no_card_answer_or_message_text(api: Api, world: World) -> None:
    ann = person("ann@example", security={"question": 0, "answer": "Biscuit"})
    world.load(account(payment_method="Visa ending 4242"), people=[ann])
    token = api.sign_in()
    api.say(token, "close my precious account")
    world.closing().open().answer("exit_reason", "words", words="You are too expensive")
    guest = api.guest("tresta")
    api.say(guest, "close")
    api.say(guest, "verify T-1")
    api.say(guest, "Biscuit")

    written = world.run(
        lambda work: " ".join(str(e.facts) + e.subject for e in work.session.query(AuditEntry))
    )

    assert not re.search(r"4242|biscuit|precious|expensive", written, re.IGNORECASE)
