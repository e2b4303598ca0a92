"""Scheduled closings when their time comes, and confirmations that wait for a second person."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select

from farewell.accounts.tables import Person
from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.billing.tables import FinalBill
from farewell.closing.case import standing_closure, withdraw
from farewell.closing.confirm import take_effect
from farewell.closing.tables import ClosingCase
from farewell.errors import Problem
from farewell.facts import Moment, Phrase, Statement
from farewell.notify.telling import say_in_chat, tell
from farewell.work import Work

log = logging.getLogger(__name__)


def carry_out_scheduled(work: Work, actor: Actor) -> int:
    """Close what is due, look whether everything else still is as it was agreed, and tell. Returns
    how many were closed. One that cannot be closed keeps none of the others open."""
    closed = 0
    for case in work.session.scalars(select(ClosingCase).where(ClosingCase.state == "scheduled")):
        person = work.session.get_one(Person, case.standing_by)
        try:
            with work.session.begin_nested():
                take_effect(work, case=case, actor=actor)
                _tell_what_came(work, case, person)
        except Problem as problem:
            log.error("case %s does not take effect: %s", case.id, problem.code)
            continue
        closed += case.state == "closed"
    return closed


def _tell_what_came(work: Work, case: ClosingCase, person: Person) -> None:
    account = case.account
    named = work.view(account).named()
    closure = standing_closure(work, account)
    if case.state == "waiting_for_port":
        numbers = [n.phrase() for n in work.view(account).all_numbers() if n.port]
        facts = {"account": named, "numbers": numbers}
        tell(work, person, account, Statement("closing_waits_for_port", facts), asks=True)
    if case.state == "closed" and closure:
        bill = work.session.scalars(
            select(FinalBill).where(FinalBill.closure_id == closure.id)
        ).one()
        facts = {
            "account": named,
            "closure": closure.number,
            "at": Moment(closure.closed_at, account.zone),
            "amount": _amount(bill),
            "settles_on": bill.settles_on,
        }
        # The receipt is in the outbox already.
        say_in_chat(work, person, account, Statement("closed_as_scheduled", facts))


def _amount(bill: FinalBill) -> Phrase:
    if bill.refund_minor:
        return Phrase("told.amount.refund", {"refund": Money(bill.refund_minor, bill.currency)})
    return Phrase("told.amount.total", {"total": Money(bill.total_minor, bill.currency)})


def end_unanswered_approvals(work: Work, actor: Actor) -> int:
    """Stop what no second person has answered within the policy's days; returns how many."""
    ended = 0
    waiting = select(ClosingCase).where(ClosingCase.state == "waiting_for_approval")
    for case in work.session.scalars(waiting):
        days = timedelta(days=work.policy(case.account).resume_days)
        if case.standing_at is None or case.standing_at >= work.now - days:
            continue
        person = work.session.get_one(Person, case.standing_by)
        withdraw(work, case=case, actor=actor, because="approval_missing")
        facts = {"account": work.view(case.account).named()}
        tell(work, person, case.account, Statement("approval_missing", facts))
        ended += 1
    return ended
