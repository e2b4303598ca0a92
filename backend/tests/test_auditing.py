"""`farewell audit` holds after everything that happens, and finds each planted fault."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import World, account, agency_with, phone, the_account, usage
from sqlalchemy import text
from typer.testing import CliRunner

from farewell.accounts.tables import Charge
from farewell.audit import HOST, record
from farewell.auditing.checks import CHECKS, prove, report
from farewell.auditing.records import PeriodError, record_of
from farewell.billing.tables import FinalBill, Quote
from farewell.cli import app
from farewell.closing.tables import Closure
from farewell.idempotency import IdempotencyKey
from farewell.lifecycle.tables import Duty, DutyAttempt, Export
from farewell.payments.ledger import move
from farewell.payments.provider import Charge as CardCharge
from farewell.payments.provider import Payer
from farewell.work import Work

LATER = timedelta(days=6)


@pytest.fixture
def closed(world: World) -> World:
    """T-1 is closed and paid, T-2 is closed with a credit that went back, T-3 goes on."""
    world.load(
        account(numbers=[phone()], charges=[usage("Calls", 500)]),
        account("T-2", balance_minor=9000),
        account("T-3", numbers=[phone(5, "submitted")]),
    )
    world.close()
    world.close("T-2")
    world.closing("T-3").open()
    world.clock.now += LATER
    world.sweep()
    return world


def findings(world: World) -> dict[str, list[str]]:
    """What is found, by check; checks that hold are left out."""
    proofs = world.run(prove)
    return {name: proof.findings for name, proof in proofs.items() if proof.findings}


def test_after_closings_payments_and_refunds_everything_holds(closed: World) -> None:
    proofs = closed.run(prove)

    assert findings(closed) == {}
    assert {
        name: proof.counted for name, proof in proofs.items() if name != "audit chain whole"
    } == {
        "nothing charged after closing": 2,
        "one closure": 3,
        "one final bill": 2,
        "one settlement, books balanced": 6,
        "no open port released": 1,
        "duties done": 6,
        "nothing past its retention": 0,
    }


# --- each planted fault is found ----------------------------------------------------------------


def sql(statement: str) -> Any:
    return lambda work: work.session.execute(text(statement))


def closure_of(work: Work, number: str = "T-1") -> Closure:
    return work.session.query(Closure).filter_by(account_id=the_account(work, number).id).one()


def charged_after(work: Work) -> None:
    record(work.session, work.now, HOST, "charge.made", "account:T-1", path="item")


def open_charge(work: Work) -> None:
    work.session.add(
        Charge(
            account_id=the_account(work, "T-1").id,
            kind="usage",
            description="Late",
            amount_minor=1,
            occurred_at=work.now,
        )
    )


def paid_twice(work: Work) -> None:
    first = work.session.query(DutyAttempt).filter_by(call="charge").first()
    assert first is not None
    work.session.add(
        DutyAttempt(
            duty_id=first.duty_id,
            number=first.number + 1,
            call="charge",
            key="again",
            started_at=work.now,
            outcome="done",
        )
    )


def paid_back_too_much(work: Work) -> None:
    duty = work.session.query(Duty).filter_by(kind="refund_credit").one()
    move(
        work,
        key=f"refunded:{duty.id}:again",
        kind="credit_refunded",
        account=the_account(work, "T-2"),
        debit="customer_credit",
        credit="cash",
        amount_minor=1,
    )


def taken_and_kept(work: Work) -> None:
    move(
        work,
        key="provider_charge:stray",
        kind="provider_charge_received",
        account=the_account(work, "T-1"),
        debit="cash",
        credit="customer_credit",
        amount_minor=3000,
    )


def second_bill(work: Work) -> None:
    one = closure_of(work)
    bill = work.session.query(FinalBill).filter_by(closure_id=one.id).one()
    old = work.session.get_one(Quote, bill.quote_id)
    values = {c.name: getattr(old, c.name) for c in Quote.__table__.columns if c.name != "id"}
    quote = Quote(**values)
    work.session.add(quote)
    work.session.flush()
    other = closure_of(work, "T-2")
    work.session.query(FinalBill).filter_by(closure_id=other.id).one().quote_id = quote.id


def old_export(work: Work) -> None:
    work.session.add(
        Export(
            id="x",
            account_id=the_account(work, "T-1").id,
            file="x.zip",
            created_at=work.now - timedelta(days=60),
            expires_at=work.now - timedelta(days=30),
        )
    )


def old_key(work: Work) -> None:
    work.session.add(
        IdempotencyKey(
            caller="a", key="k", request_hash="h", created_at=work.now - timedelta(days=30)
        )
    )


FAULTS = {
    "a charge after closing": ("nothing charged after closing", charged_after),
    "an open charge": ("nothing charged after closing", open_charge),
    "no lock": ("nothing charged after closing", sql("UPDATE subscriptions SET locked_at = NULL")),
    "a stray payment kept": ("nothing charged after closing", taken_and_kept),
    "more taken than billed": (
        "nothing charged after closing",
        sql("UPDATE final_bills SET total_minor = total_minor - 1 WHERE total_minor > 0"),
    ),
    "closed without a closure": (
        "one closure",
        sql("UPDATE accounts SET status = 'closed' WHERE number = 'T-3'"),
    ),
    "open in spite of a closure": (
        "one closure",
        sql("UPDATE accounts SET status = 'active' WHERE number = 'T-1'"),
    ),
    "a case closed without a closure": (
        "one closure",
        sql("UPDATE closing_cases SET state = 'closed' WHERE state = 'abandoned'"),
    ),
    "one case closed twice": (
        "one closure",
        sql("UPDATE closures SET case_id = (SELECT min(case_id) FROM closures)"),
    ),
    "no bill": ("one final bill", sql("DELETE FROM final_bills WHERE total_minor > 0")),
    "another total than quoted": (
        "one final bill",
        sql("UPDATE quotes SET total_minor = total_minor + 1"),
    ),
    "another case's quote": ("one final bill", second_bill),
    "lines that do not add up": (
        "one final bill",
        sql("UPDATE final_bills SET lines = '[]' WHERE total_minor > 0"),
    ),
    "paid twice": ("one settlement, books balanced", paid_twice),
    "paid back too much": ("one settlement, books balanced", paid_back_too_much),
    "books that do not balance": (
        "one settlement, books balanced",
        sql("UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE id = 1"),
    ),
    "settled and not paid": (
        "one settlement, books balanced",
        sql("DELETE FROM ledger_entries WHERE book = 'cash'"),
    ),
    "a changed entry": (
        "audit chain whole",
        sql("UPDATE audit SET actor = 'person:nobody' WHERE id = 4"),
    ),
    "a ported number released": (
        "no open port released",
        sql(
            "UPDATE phone_numbers SET status = 'released' WHERE account_id IN "
            "(SELECT id FROM accounts WHERE number = 'T-3')"
        ),
    ),
    "a duty forgotten": (
        "duties done",
        sql("UPDATE duties SET state = 'planned', due_at = '2026-10-01 00:00:00+00:00'"),
    ),
    "a human who never heard of it": (
        "duties done",
        sql("UPDATE duties SET state = 'needs_human'"),
    ),
    "an old archive": ("nothing past its retention", old_export),
    "an old answer": ("nothing past its retention", old_key),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_its_check(closed: World, fault: str) -> None:
    check, plant = FAULTS[fault]

    closed.run(plant)

    assert check in findings(closed)


def test_every_check_is_shown_to_find_something() -> None:
    assert {check for check, _ in FAULTS.values()} == set(CHECKS)


def test_a_payment_that_only_the_card_remembers_is_found(closed: World) -> None:
    payer = Payer(closed.run(lambda work: the_account(work, "T-1").id), "Visa ending 4242")

    closed.provider.perform(CardCharge(payer, 3000, "USD"), "a key of nobody")

    assert list(findings(closed)) == ["nothing charged after closing"]


def test_an_account_that_came_back_may_be_charged_again(world: World) -> None:
    world.load(account("C-1", vendor="ctm", roles={"ann@example": "administrator"}))
    world.close("C-1")
    world.reactivate("C-1")

    world.run(
        lambda work: record(
            work.session,
            work.now,
            HOST,
            "charge.made",
            "account:C-1",
            path="renewal",
        )
    )

    assert findings(world) == {}


# --- the record for an auditor ------------------------------------------------------------------


def test_the_record_of_an_account_holds_its_money_and_its_chain(closed: World) -> None:
    made = closed.run(lambda work: record_of(work, "T-1"))

    assert [a["number"] for a in made["accounts"]] == ["T-1"]
    assert made["final_bills"][0]["total_minor"] == made["quotes"][0]["total_minor"] == 1500
    assert sum(entry["amount_minor"] for entry in made["ledger_entries"]) == 0
    assert {"case.opened", "account.closed", "duty.finished"} <= {
        e["action"] for e in made["audit"]
    }
    assert all(entry["hash"] and entry["previous_hash"] for entry in made["audit"])
    assert "4242" not in json.dumps(made)


def test_the_record_of_an_agency_holds_what_closed_with_it(world: World) -> None:
    world.load(*agency_with("A-2", "A-3"))
    world.close("A-1")

    made = world.run(lambda work: record_of(work, "A-1"))

    assert [a["number"] for a in made["accounts"]] == ["A-1", "A-2", "A-3"]
    assert len(made["closures"]) == 3


@pytest.mark.parametrize(
    ("period", "closures"),
    [("2026-11", 2), ("2026-11-10..2026-11-10", 2), ("2026-11-10", 2)],
)
def test_the_record_of_a_period_holds_its_closures(
    closed: World, period: str, closures: int
) -> None:
    assert len(closed.run(lambda work: record_of(work, period))["closures"]) == closures


@pytest.mark.parametrize("what", ["T-99", "2026-13", "2026-11-10..2026-11-01", "a..b..c", ""])
def test_what_is_neither_account_nor_period_is_refused(closed: World, what: str) -> None:
    with pytest.raises(PeriodError, match="2026-11"):
        closed.run(lambda work: record_of(work, what))


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FAREWELL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return lambda *given: CliRunner().invoke(app, ["audit", *given])


def test_the_command_prints_what_it_counted_and_ends_well(command: Any) -> None:
    done = command()

    assert done.exit_code == 0
    assert done.output.count("holds") == len(CHECKS)


def test_the_command_tells_of_nothing_to_export(command: Any) -> None:
    done = command("--export", "2026-11")

    assert (done.exit_code, "Nothing was closed" in done.output) == (1, True)


def test_a_finding_is_printed_under_its_check(closed: World) -> None:
    closed.run(open_charge)

    printed = report(closed.run(prove))

    assert "1 FOUND\n    charge " in printed
