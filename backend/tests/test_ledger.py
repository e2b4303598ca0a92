"""The books balance by construction, and a check finds what was changed behind their back."""

from __future__ import annotations

from typing import Any

import pytest
from factories import World, account, agency_with, the_account, usage
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from test_settlement import DUE, broken_books

from farewell.accounts.tables import Charge
from farewell.lifecycle.refunds import Owed, parts_of
from farewell.payments.ledger import LedgerError, move, post
from farewell.payments.provider import Payment
from farewell.payments.tables import LedgerTransaction
from farewell.work import Work


def enter(world: World, amounts: list[Any], key: str = "k") -> None:
    """A transaction over several books."""
    names = ("cash", "receivable", "revenue", "write_off")

    def use(work: Work) -> None:
        one = the_account(work, "T-1")
        entries = {(one.id, name): amount for name, amount in zip(names, amounts, strict=False)}
        post(work, key=key, kind="test", account=one, entries=entries)  # type: ignore[arg-type]

    world.run(use)


@pytest.mark.parametrize("amounts", [[1], [5, -4], [1, 1, -1], [2.5, -2.5], [True, -1]])
def test_what_does_not_balance_in_whole_amounts_is_not_entered(
    world: World, amounts: list[Any]
) -> None:
    world.load(account())

    with pytest.raises(LedgerError):
        enter(world, amounts)

    assert world.count(LedgerTransaction) == 0


def test_what_balances_is_entered_once_for_a_key(world: World) -> None:
    world.load(account())
    enter(world, [7, -3, -4])

    with pytest.raises(IntegrityError):
        enter(world, [7, -3, -4])

    assert world.show("T-1")["books"] == {"cash": 7, "receivable": -3, "revenue": -4}


def test_an_amount_below_zero_is_not_moved(world: World) -> None:
    world.load(account())

    def use(work: Work) -> None:
        move(
            work,
            key="k",
            kind="test",
            account=the_account(work, "T-1"),
            debit="cash",
            credit="revenue",
            amount_minor=-1,
        )

    with pytest.raises(LedgerError):
        world.run(use)


def test_a_bill_with_a_credit_leaves_exactly_what_is_owed(world: World) -> None:
    world.load(account(balance_minor=400))  # 1000 owed
    world.close()

    assert world.show("T-1")["books"] == {"cash": 400, "receivable": 600, "revenue": -1000}
    world.clock.now = DUE
    world.sweep()
    assert world.show("T-1")["books"] == {"cash": 1000, "revenue": -1000}


PLANTS = [
    "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE book = 'cash'",
    "DELETE FROM ledger_entries WHERE book = 'cash'",
    "DELETE FROM ledger_entries",
    "UPDATE final_bills SET status = 'due'",
    "UPDATE final_bills SET total_minor = 1",
    "UPDATE ledger_transactions SET kind = 'other' WHERE kind = 'final_bill_charged'",
]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_change_in_the_books_is_found(world: World, plant: str) -> None:
    world.load(account())
    world.close()
    world.clock.now = DUE
    world.sweep()
    assert broken_books(world) == []

    world.run(lambda work: work.session.execute(text(plant)))

    assert broken_books(world) != []


def test_a_whole_agency_with_write_offs_balances(world: World) -> None:
    agency, sub = agency_with("S-1")
    world.load(agency, sub)
    closing = world.closing("A-1").settle()
    quote_id, shown = closing.quote()["id"], closing.codes()
    late = usage("Late", 9)
    world.run(lambda work: _add(work, late))
    closing.confirm(quote_id, shown)
    world.clock.now = DUE
    world.sweep()

    assert broken_books(world) == []
    assert world.show("S-1")["books"] == {"revenue": -9, "write_off": 9}


def _add(work: Work, charge: dict[str, Any]) -> None:
    one = the_account(work, "S-1")
    work.session.add(Charge(account_id=one.id, occurred_at=work.now, **charge))


@given(
    st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["USD", "EUR", ""])), max_size=8),
    st.integers(1, 1500),
)
def test_parts_of_a_refund_are_the_whole_of_it_and_no_payment_gives_more_than_it_has(
    given_payments: list[tuple[int, str]], owed: int
) -> None:
    payments = [Payment(f"p{i}", a, c, DUE) for i, (a, c) in enumerate(given_payments)]
    usable = {p.reference: p.refundable_minor for p in payments if p.currency != "EUR"}

    parts = parts_of(payments, Owed(owed, "USD"))

    if sum(usable.values()) < owed:
        assert parts is None
    else:
        assert parts is not None
        assert sum(amount for _, amount in parts) == owed
        assert all(0 < amount <= usable[reference] for reference, amount in parts)
        assert len({reference for reference, _ in parts}) == len(parts)
