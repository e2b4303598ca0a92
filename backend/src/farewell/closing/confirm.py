"""The one confirmation: everything that a closure changes, in one transaction or not at all."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select

from farewell.accounts.numbers import end_numbers
from farewell.accounts.tables import Account, Charge, Person
from farewell.audit import Actor, record
from farewell.billing.quote import Bill, stale_when_changed
from farewell.billing.tables import Adjustment, FinalBill, Quote
from farewell.closing.approval import ask_second, refuse_unasked, second_blocker
from farewell.closing.case import (
    CaseState,
    ask_again,
    bill_of,
    is_scheduled,
    latest_quote,
    may_close,
    offer_quote,
    open_case_of,
    standing_closure,
    state_of,
)
from farewell.closing.receipt import receipt
from farewell.closing.scheduling import (
    PORTS,
    bill_at_end,
    keep_standing,
    lapse,
    lapsed,
    lost_roles,
    schedule,
)
from farewell.closing.tables import OPEN_STATES, Approval, ClosingCase, Closure
from farewell.errors import Problem
from farewell.facts import as_json
from farewell.lifecycle.duties import duties_of
from farewell.lifecycle.tables import Duty
from farewell.notify.outbox import promise
from farewell.work import Work


def confirm(
    work: Work,
    *,
    case: ClosingCase,
    person: Person,
    actor: Actor,
    quote_id: str,
    shown: set[str],
) -> ClosingCase:
    """Close on one confirmation, or keep it standing: for a later end, for a second person, or
    while a number is being ported.

    Confirming a case that is closed, scheduled or waits for a second person changes nothing.
    `shown` are the codes of the requirements that were put before the customer.

    Raises Problem 403 without the role; 409 with `requirements_open`, `requirements_not_shown`,
    `quote_expired`, `second_vacant` or `case_over`.
    """
    settled = case.approval is not None or is_scheduled(case)
    if settled or case.state in ("closed", "converted", "waiting_for_approval"):
        return case
    if case.state not in OPEN_STATES:
        raise Problem(409, "case_over", f"This closing case is {case.state}.")
    if not may_close(work, person, case.account):
        raise Problem(403, "role_missing", "Your role does not close this account.")
    if second_blocker(work, person, case.account):
        raise Problem(409, "second_vacant", "Nobody else has a role that agrees to this closing.")
    state = state_of(work, case)
    quote = _confirmed_quote(state, quote_id, shown)
    case.touched_at = work.now
    if work.kind(case.account).second_roles:
        keep_standing(work, state, quote, person)
        ask_second(work, case, person, actor)
        work.session.flush()
    else:
        _carry_out(work, state, quote, person, actor)
    return case


def _confirmed_quote(
    state: CaseState, quote_id: str, shown: set[str], besides: tuple[str, ...] = ()
) -> Quote:
    """The quote that is confirmed: everything was answered, but for some questions, was shown, and
    is as it was shown."""
    codes = [requirement.code for requirement in state.unanswered]
    if set(codes) - set(besides):
        raise Problem(
            409, "requirements_open", f"Still to be answered: {', '.join(codes)}.", codes=codes
        )
    missing = [r.code for r in state.owed if r.kind == "acknowledge" and r.code not in shown]
    if missing and state.quote is not None:
        raise Problem(
            409,
            "requirements_not_shown",
            f"Show these to the customer first: {', '.join(missing)}.",
            codes=missing,
        )
    quote = state.quote
    if quote is None or quote.id != quote_id:
        raise Problem(
            409, "quote_expired", "The quote has expired or its facts changed; show the new one."
        )
    return quote


def approve(
    work: Work,
    *,
    case: ClosingCase,
    person: Person,
    actor: Actor,
    quote_id: str,
    shown: set[str],
) -> ClosingCase:
    """The second person agrees to what they were shown, and the closing is carried out.

    Where it is no longer what the first person confirmed, nothing closes: the case is open and has
    to be confirmed anew. Raises Problem 403 for the first person again or without the role; 409
    with `approval_not_awaited`, and as `confirm` does for what was not shown.
    """
    refuse_unasked(work, case, person)
    state = state_of(work, case)
    because = lapsed(work, state, state.bill, state.later)
    if because:
        lapse(work, case, because, actor)
        work.session.flush()
        return case
    # A port that was opened meanwhile is waited for, whatever is still to be said about it.
    quote = _confirmed_quote(state, quote_id, shown, besides=PORTS)
    case.approval = Approval(by=person.id, at=work.now)
    case.touched_at = work.now
    record(work.session, work.now, actor, "case.approved", f"case:{case.id}")
    first = work.session.get_one(Person, case.standing_by)
    _carry_out(work, state, quote, first, actor)
    return case


def _carry_out(work: Work, state: CaseState, quote: Quote, person: Person, actor: Actor) -> None:
    case = state.case
    if state.later:
        keep_standing(work, state, quote, person)
        schedule(work, state, state.later, person, actor)
    elif state.waits_for_port:
        keep_standing(work, state, quote, person)
        _wait_for_port(work, case, actor)
    else:
        _close(work, state, quote, person, actor)


def _wait_for_port(work: Work, case: ClosingCase, actor: Actor) -> None:
    case.state = "waiting_for_port"
    record(
        work.session,
        work.now,
        actor,
        "case.waits_for_port",
        f"case:{case.id}",
        limit_minor=case.standing_limit_minor,
    )
    work.session.flush()


def take_effect(work: Work, *, case: ClosingCase, actor: Actor) -> None:
    """Close a scheduled case whose moment has come, as it was agreed.

    A number that is being ported is waited for. Where something is not as it was agreed, nothing
    closes: the case is open, and everybody concerned is told. Before the moment only that is
    looked at, so that there is time to confirm again.
    """
    if not is_scheduled(case) or case.effective_at is None:
        return
    state = state_of(work, case)
    agreed = latest_quote(work, case)
    assert agreed is not None  # a case is scheduled by a quote
    assert state.later is not None
    bill = bill_at_end(work, state, agreed, state.later)
    because = lapsed(work, state, bill, state.later)
    if because:
        lapse(work, case, because, actor)
        work.session.flush()
    elif work.now < case.effective_at:
        return
    elif not state.waits_for_port:
        person = work.session.get_one(Person, case.standing_by)
        _close(work, state, _quote_at_end(work, agreed, bill), person, actor)
    elif case.state == "scheduled":
        _wait_for_port(work, case, actor)


def _quote_at_end(work: Work, agreed: Quote, bill: Bill) -> Quote:
    """The quote of the bill as of the end: it is within what was agreed."""
    quote = Quote(
        case_id=agreed.case_id,
        as_of=work.now,
        expires_at=work.now,
        currency=bill.currency,
        total_minor=bill.total_minor,
        refund_minor=bill.refund_minor,
        lines=bill.stored_lines(),
        written_off=bill.stored_write_offs(),
        settles_on=bill.settles_on,
        facts_hash=agreed.facts_hash,
        effective_at=agreed.effective_at,
        usage_limit_minor=agreed.usage_limit_minor,
    )
    work.session.add(quote)
    work.session.flush()
    return quote


def close_after_port(work: Work, *, case: ClosingCase, actor: Actor) -> bool:
    """Close a waiting case once its numbers work elsewhere, by the standing confirmation.

    Returns False where a port is still open, or where something is not as the customer saw it
    (the bill is higher, a fact has changed, a question is open); then the case is open again and
    has to be confirmed anew.
    """
    if case.state != "waiting_for_port" or case.standing_limit_minor is None:
        return False
    if is_scheduled(case):
        take_effect(work, case=case, actor=actor)
        return case.state == "closed"
    state = state_of(work, case)
    if state.waits_for_port:
        return False
    quote = offer_quote(work, case)
    person = work.session.get_one(Person, case.standing_by)
    if (
        quote.total_minor > case.standing_limit_minor
        or state.unanswered
        or case.standing_facts != stale_when_changed(state.account, with_ports=False)
        or lost_roles(work, case)
    ):
        ask_again(work, case)
        record(work.session, work.now, actor, "case.asks_again", f"case:{case.id}")
        work.session.flush()
        return False
    _close(work, state_of(work, case), quote, person, actor)
    return True


def _close(work: Work, state: CaseState, quote: Quote, person: Person, actor: Actor) -> None:
    case, account = state.case, state.case.account
    converted = work.kind(account).converts is not None
    closure = _close_account(work, account, person, actor, case=case)
    bill = bill_of(quote)
    final = FinalBill(
        closure_id=closure.id,
        quote_id=quote.id,
        currency=quote.currency,
        total_minor=quote.total_minor,
        refund_minor=quote.refund_minor,
        lines=quote.lines,
        settles_on=quote.settles_on,
        status="due" if quote.total_minor or quote.refund_minor else "nothing_due",
    )
    work.session.add(final)
    members = [account]
    cascade = work.kind(account).cascade
    if not converted and cascade and cascade.closes_children.stated:
        for child in account.children:
            if child.status in ("active", "closing"):
                _close_account(work, child, person, actor, parent=closure)
                members.append(child)
    _settle_charges(work, closure, members, quote)
    credited = {line["account"] for line in quote.lines if line["code"] == "credit"}
    for member in members:
        if member.number in credited:
            member.balance_minor = 0  # the credit is in the bill now
    case.state = "converted" if converted else "closed"
    for duty in duties_of(state.account, work.kind(account), work.now, bill):
        work.session.add(
            Duty(closure_id=closure.id, account_id=account.id, kind=duty.kind, due_at=duty.due_at)
        )
    told = receipt(state.account, work.policy(account), closure, bill)
    closure.statements = [{"code": s.code, "facts": as_json(s.facts)} for s in told]
    promise(
        work.session,
        work.now,
        kind="receipt",
        person_id=person.id,
        account=account,
        statements=told,
    )
    work.session.flush()


def _close_account(
    work: Work,
    account: Account,
    person: Person,
    actor: Actor,
    *,
    case: ClosingCase | None = None,
    parent: Closure | None = None,
) -> Closure:
    kind, before = work.kind(account), work.view(account)
    converted = kind.converts is not None
    if standing_closure(work, account):
        raise Problem(409, "closed_already", f"Account {account.number} is closed already.")
    closure = Closure(
        number=f"FW-{work.now:%Y%m%d}-{secrets.token_hex(4).upper()}",
        account=account,
        case_id=case.id if case else None,
        parent_id=parent.id if parent else None,
        kind="converted" if converted else "closed",
        closed_by=person.id,
        closed_at=work.now,
    )
    work.session.add(closure)
    account.status = closure.kind
    if account.subscription:
        account.subscription.status = "free" if converted else "canceled"
        account.subscription.locked_at = work.now
        account.subscription.renewal_stopped_at = None  # the lock does that now
    if not converted:
        end_numbers(account, kind, work.now)
    if parent is not None:
        absorbed = open_case_of(work, account)
        if absorbed:
            absorbed.state = "closed"
        work.session.flush()
        for duty in duties_of(before, kind, work.now, None):
            work.session.add(
                Duty(
                    closure_id=closure.id,
                    account_id=account.id,
                    kind=duty.kind,
                    due_at=duty.due_at,
                )
            )
    record(
        work.session,
        work.now,
        actor,
        f"account.{closure.kind}",
        f"account:{account.number}",
        closure=closure.number,
    )
    return closure


def _settle_charges(work: Work, closure: Closure, members: list[Account], quote: Quote) -> None:
    """Mark what the quote bills; write everything else off, each by its own entry (rule 3)."""
    billed = {line["charge_id"] for line in quote.lines if line["charge_id"] is not None}
    for charge in work.session.scalars(
        select(Charge).where(
            Charge.account_id.in_([m.id for m in members]), Charge.status == "open"
        )
    ):
        charge.status = "billed" if charge.id in billed else "written_off"
        if charge.status == "written_off":
            work.session.add(
                Adjustment(
                    closure_id=closure.id,
                    charge_id=charge.id,
                    description=charge.description,
                    amount_minor=charge.amount_minor,
                    currency=quote.currency,
                    at=work.now,
                )
            )


def closure_json(closure: Closure) -> dict[str, Any]:
    """A closure for the API."""
    return {
        "number": closure.number,
        "kind": closure.kind,
        "closed_at": closure.closed_at.isoformat(),
        "undone_at": closure.undone_at.isoformat() if closure.undone_at else None,
        "statements": closure.statements,
    }
