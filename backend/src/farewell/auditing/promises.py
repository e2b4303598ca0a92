"""What was promised for the time after a closing: numbers, duties, what is thrown away when."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from farewell.accounts.tables import PhoneNumber, PortOut
from farewell.audit import AuditEntry, broken_entries
from farewell.auditing.proof import Proof
from farewell.idempotency import IdempotencyKey
from farewell.lifecycle.tables import Duty, Export, HumanTask
from farewell.work import Work

LATE = timedelta(days=7)
"""After this long a due duty that nobody has touched is a promise that is not kept."""
LINGERS = timedelta(days=7)
"""Longest time that something may outlive its end, until the next clearing."""


def no_open_port_released(work: Work) -> Proof:
    """No number with an open port went without the customer's word on that number (rule 5)."""
    found = select(PhoneNumber, PortOut).join(PortOut, PortOut.number_id == PhoneNumber.id)
    findings, counted = [], 0
    for number, port in work.session.execute(found):
        counted += 1
        if port.is_open and number.status in ("released", "releasing", "closed"):
            findings.append(f"number {number.e164} is {number.status} with a port {port.status}")
    return Proof(counted, findings)


def chain_whole(work: Work) -> Proof:
    """No entry of the audit was changed, taken out or put in."""
    counted = work.session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    broken = broken_entries(work.session)
    return Proof(
        counted, [f"audit entry {entry} does not follow the one before" for entry in broken]
    )


def duties_done(work: Work) -> Proof:
    """What was due is done, or is tried again, or a human has it."""
    tasks = set(work.session.scalars(select(HumanTask.duty_id)))
    findings, counted = [], 0
    for duty in work.session.scalars(select(Duty)):
        counted += 1
        due = max(duty.due_at, duty.next_try_at or duty.due_at)
        if duty.state == "planned" and due < work.now - LATE:
            findings.append(f"duty {duty.kind} of {duty.id} was due on {due:%Y-%m-%d}")
        if duty.state == "needs_human" and duty.id not in tasks:
            findings.append(
                f"duty {duty.kind} of {duty.id} waits for a human who never heard of it"
            )
    return Proof(counted, findings)


def nothing_past_retention(work: Work) -> Proof:
    """Archives and stored answers are gone when their days are over."""
    findings, counted = [], 0
    for export in work.session.scalars(select(Export)):
        counted += 1
        if export.expires_at < work.now - LINGERS:
            findings.append(f"an export of account {export.account_id} outlived its days")
    keys = select(IdempotencyKey.key).where(IdempotencyKey.created_at < work.now - 2 * LINGERS)
    findings += [f"idempotency key {key} outlived its days" for key in work.session.scalars(keys)]
    return Proof(counted, findings)
