"""Nothing is charged after a closing but the quoted final bill (rule 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from farewell.accounts.tables import Charge
from farewell.audit import AuditEntry
from farewell.auditing.proof import Proof
from farewell.billing.tables import FinalBill
from farewell.closing.tables import Closure
from farewell.lifecycle.tables import Duty, DutyAttempt
from farewell.payments.tables import LedgerTransaction, PaymentProfile, SimulatedOperation
from farewell.work import Work

Moment = tuple[datetime, int]
"""A time and the id of an audit entry, which orders what happened at the same time."""
NEVER: Moment = (datetime.max.replace(tzinfo=UTC), 0)
REOPENS = ("account.reactivated", "plan.bought")
TAKEN_AND_OWED_BACK = {
    "captured_after_closing": "refund_captured",
    "provider_charge_received": "refund_provider_charge",
}
"""Money that came in without being on the bill, and the duty that pays it back."""


@dataclass(frozen=True)
class Closed:
    """A closure, and from when to when its account was closed by it."""

    closure: Closure
    start: Moment
    end: Moment

    def holds(self, moment: Moment) -> bool:
        """Whether the account was closed at a moment."""
        return self.start < moment < self.end


def nothing_charged_after_closing(work: Work) -> Proof:
    """Locks, charges, movements in the books, and what the simulated card remembers."""
    closed = _closed(work)
    findings = [
        *_locks(closed),
        *_open_charges(work),
        *_charges_made(work, closed),
        *_cash_taken(work),
        *_card(work, closed),
    ]
    return Proof(len(closed), findings)


def _closed(work: Work) -> list[Closed]:
    closing: dict[str, int] = {}
    reopening: dict[tuple[str, datetime], int] = {}
    for entry in _entries(work, "account.closed", "account.converted"):
        closing[entry.facts["closure"]] = entry.id
    for entry in _entries(work, *REOPENS):
        reopening[entry.subject, entry.at] = entry.id
    found = []
    for closure in work.session.scalars(select(Closure).order_by(Closure.closed_at)):
        end, subject = NEVER, f"account:{closure.account.number}"
        if closure.undone_at:
            end = (closure.undone_at, reopening.get((subject, closure.undone_at), 0))
        found.append(Closed(closure, (closure.closed_at, closing.get(closure.number, 0)), end))
    return found


def _entries(work: Work, *actions: str) -> list[AuditEntry]:
    wanted = select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id)
    return list(work.session.scalars(wanted))


def _locks(closed: list[Closed]) -> Iterator[str]:
    for each in closed:
        account = each.closure.account
        plan = account.subscription
        if each.closure.undone_at is None and plan and plan.locked_at is None:
            yield f"account {account.number} is {account.status}, and its billing is not locked"


def _open_charges(work: Work) -> Iterator[str]:
    standing = (
        select(Charge)
        .join(Closure, Closure.account_id == Charge.account_id)
        .where(Closure.undone_at.is_(None), Closure.kind == "closed", Charge.status == "open")
    )
    for charge in work.session.scalars(standing):
        yield f"charge {charge.id} of closed account {charge.account.number} is still open"


def _charges_made(work: Work, closed: list[Closed]) -> Iterator[str]:
    by_subject = defaultdict(list)
    for each in closed:
        by_subject[f"account:{each.closure.account.number}"].append(each)
    for entry in _entries(work, "charge.made"):
        for each in by_subject[entry.subject]:
            bought = each.closure.kind == "converted" and entry.facts.get("path") == "item"
            if each.holds((entry.at, entry.id)) and not bought:
                yield f"{entry.subject} was charged after closure {each.closure.number}"


def _cash_taken(work: Work) -> Iterator[str]:
    """Each payment for a final bill is its total; what else came in is paid back, or will be."""
    totals = {
        f"charged:{bill.id}": bill.total_minor for bill in work.session.scalars(select(FinalBill))
    }
    refunds = {
        (duty.kind, str(duty.subject)): duty.state
        for duty in work.session.scalars(
            select(Duty).where(Duty.kind.in_(TAKEN_AND_OWED_BACK.values()))
        )
    }
    for movement in work.session.scalars(select(LedgerTransaction)):
        taken = sum(entry.amount_minor for entry in movement.entries if entry.book == "cash")
        if movement.kind == "final_bill_charged" and taken != totals.get(movement.key):
            yield f"{movement.key} took {taken}, and the final bill is {totals.get(movement.key)}"
        if movement.kind in TAKEN_AND_OWED_BACK:
            subject = movement.key.partition(":")[2]
            state = refunds.get((TAKEN_AND_OWED_BACK[movement.kind], subject))
            if state not in ("planned", "done", "needs_human"):
                yield f"{movement.key} was taken after a closing and is not paid back"


def _card(work: Work, closed: list[Closed]) -> Iterator[str]:
    """The simulated card remembers by itself; the books can't hide a payment from it."""
    customers = {
        profile.account_id: profile.customer
        for profile in work.session.scalars(select(PaymentProfile))
    }
    ours = set(work.session.scalars(select(DutyAttempt.key).where(DutyAttempt.call == "charge")))
    watched = set(
        work.session.scalars(
            select(Duty.account_id).where(Duty.kind == "watch_provider", Duty.state == "planned")
        )
    )
    paid: dict[str, list[SimulatedOperation]] = defaultdict(list)
    returned: dict[str, int] = defaultdict(int)
    for operation in work.session.scalars(
        select(SimulatedOperation).where(SimulatedOperation.status == "done")
    ):
        if operation.kind == "charge":
            paid[operation.customer].append(operation)
        elif operation.kind == "refund" and operation.about:
            returned[operation.about] += operation.amount_minor
    for each in closed:
        account_id = each.closure.account_id
        for operation in paid[customers.get(account_id, account_id)]:
            if not each.start[0] < operation.at < each.end[0]:
                continue
            back = returned[operation.reference] >= operation.amount_minor
            if operation.key not in ours and not back and account_id not in watched:
                number = each.closure.account.number
                yield f"the card of closed account {number} was charged: {operation.reference}"
