"""The record for an auditor: everything about one account's closings, or about a period.

Amounts are whole minor units of the currency beside them, times UTC. Entries of the audit come with
their hashes, so that the chain can be worked out again outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, select

from farewell.accounts.tables import Account, Charge, PhoneNumber, PortOut
from farewell.audit import AuditEntry
from farewell.billing.tables import Adjustment, FinalBill, Quote
from farewell.closing.tables import ClosingCase, Closure
from farewell.database import Base
from farewell.lifecycle.tables import Duty, DutyAttempt, HumanTask
from farewell.payments.tables import ChargePayment, LedgerEntry, LedgerTransaction
from farewell.work import Work

Record = dict[str, Any]
T = TypeVar("T")
PRIVATE = {"name", "payment_method", "reason_words", "statements"}
"""Columns that an auditor of the money has no need of."""


class PeriodError(ValueError):
    """There is no such account or period, or nothing happened in it; the text says which."""


def record_of(work: Work, what: str) -> Record:
    """The record of an account by its number, or of a period such as `2026-11` or
    `2026-11-01..2026-11-30` (whole days in UTC).

    Raises PeriodError for what is neither, and for a period without closures.
    """
    account = work.session.scalar(select(Account).where(Account.number == what))
    if account is not None:
        return _record(work, what, _of_account(account))
    try:
        first, last = _period(what)
    except ValueError as error:
        raise PeriodError(
            f"There is no account {what!r}, and a period is written 2026-11 or "
            "2026-11-01..2026-11-30."
        ) from error
    return _record(work, what, _of_period(first, last))


def _period(what: str) -> tuple[datetime, datetime]:
    if re.fullmatch(r"\d{4}-\d{2}", what):
        start = date.fromisoformat(f"{what}-01")
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        given = [date.fromisoformat(day) for day in what.split("..")]
        start, end = given[0], given[-1] + timedelta(days=1)
        if len(given) > 2 or end <= start:
            raise ValueError(what)
    first, last = (datetime.combine(day, time(), UTC) for day in (start, end))
    return first, last


def _of_account(account: Account) -> Select[Closure]:
    """Its closures, with those of the sub-accounts that they took along."""
    own = select(Closure.id).where(Closure.account_id == account.id)
    return select(Closure).where(Closure.id.in_(own) | Closure.parent_id.in_(own))


def _of_period(first: datetime, last: datetime) -> Select[Closure]:
    """What was closed or undone in it."""
    closed = (Closure.closed_at >= first) & (Closure.closed_at < last)
    undone = (Closure.undone_at >= first) & (Closure.undone_at < last)
    return select(Closure).where(closed | undone)


def _record(work: Work, what: str, wanted: Select[Closure]) -> Record:
    closures = list(work.session.scalars(wanted.order_by(Closure.closed_at, Closure.number)))
    ids = [closure.id for closure in closures]
    numbers = [what, *(closure.account.number for closure in closures)]
    accounts = list(work.session.scalars(select(Account).where(Account.number.in_(numbers))))
    held = [account.id for account in accounts]

    def rows(query: Select[T]) -> list[T]:
        return list(work.session.scalars(query))

    cases = rows(select(ClosingCase).where(ClosingCase.account_id.in_(held)))
    case_ids = [case.id for case in cases]
    duties = rows(select(Duty).where(Duty.closure_id.in_(ids)).order_by(Duty.due_at, Duty.id))
    duty_ids = [duty.id for duty in duties]
    charges = rows(select(Charge).where(Charge.account_id.in_(held)).order_by(Charge.id))
    charge_ids = [charge.id for charge in charges]
    movements = rows(
        select(LedgerTransaction)
        .where(LedgerTransaction.account_id.in_(held))
        .order_by(LedgerTransaction.at, LedgerTransaction.id)
    )
    movement_ids = [m.id for m in movements]
    phones = rows(select(PhoneNumber).where(PhoneNumber.account_id.in_(held)))
    phone_ids = [phone.id for phone in phones]
    subjects = {
        *(f"account:{account.number}" for account in accounts),
        *(f"case:{case_id}" for case_id in case_ids),
        *(f"duty:{duty_id}" for duty_id in duty_ids),
        *(f"number:{phone.e164}" for phone in phones),
    }
    tables: dict[str, Iterable[Base]] = {
        "accounts": accounts,
        "closures": closures,
        "closing_cases": cases,
        "quotes": rows(select(Quote).where(Quote.case_id.in_(case_ids)).order_by(Quote.as_of)),
        "final_bills": rows(select(FinalBill).where(FinalBill.closure_id.in_(ids))),
        "charges": charges,
        "charge_payments": rows(
            select(ChargePayment).where(ChargePayment.charge_id.in_(charge_ids))
        ),
        "adjustments": rows(select(Adjustment).where(Adjustment.closure_id.in_(ids))),
        "numbers": phones,
        "port_outs": rows(select(PortOut).where(PortOut.number_id.in_(phone_ids))),
        "ledger_transactions": movements,
        "ledger_entries": rows(
            select(LedgerEntry).where(LedgerEntry.transaction_id.in_(movement_ids))
        ),
        "duties": duties,
        "duty_attempts": rows(select(DutyAttempt).where(DutyAttempt.duty_id.in_(duty_ids))),
        "human_tasks": rows(select(HumanTask).where(HumanTask.duty_id.in_(duty_ids))),
        "audit": rows(
            select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id)
        ),
    }
    if not accounts and not closures:
        raise PeriodError(f"Nothing was closed and nothing came back in {what}.")
    return {
        "of": what,
        "made_at": work.now.isoformat(),
        **{name: [_row(row) for row in found] for name, found in tables.items()},
    }


def _row(row: Base) -> Record:
    return {
        column.name: _plain(getattr(row, column.key))
        for column in row.__table__.columns
        if column.name not in PRIVATE
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value
