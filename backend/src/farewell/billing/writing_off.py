"""Write an amount off: by its own entry, and in the books (rule 3)."""

from __future__ import annotations

from farewell.accounts.tables import Account, Charge, UsageRecord
from farewell.billing.tables import Adjustment
from farewell.payments.ledger import Book, move
from farewell.work import Work

MOVES: tuple[tuple[str, Book, Book], ...] = (
    ("outstanding_brought_in", "receivable", "revenue"),
    ("charge_written_off", "write_off", "receivable"),
)
"""What would be owed, and that it is not asked for: kind, debit, credit."""


def write_off(
    work: Work,
    account: Account,
    closure_id: str,
    what: Charge | UsageRecord,
    amount_minor: int,
) -> None:
    """Write a charge or a record of usage off that no bill will hold.

    Amounts are minor units of the account's currency.
    """
    of_usage = isinstance(what, UsageRecord)
    what.status = "written_off"
    adjustment = Adjustment(
        closure_id=closure_id,
        charge_id=None if of_usage else what.id,
        usage_id=what.id if of_usage else None,
        description=what.meter.name if isinstance(what, UsageRecord) else what.description,
        amount_minor=amount_minor,
        currency=account.currency,
        at=work.now,
    )
    work.session.add(adjustment)
    work.session.flush()
    for kind, debit, credit in MOVES:
        move(
            work,
            key=f"{kind}:{adjustment.id}",
            kind=kind,
            account=account,
            debit=debit,
            credit=credit,
            amount_minor=amount_minor,
        )
