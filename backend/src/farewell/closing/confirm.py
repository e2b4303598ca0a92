"""The one confirmation: everything that a closure changes, in one transaction or not at all."""

from __future__ import annotations

import secrets
from typing import Any

from farewell.accounts.numbers import end_numbers
from farewell.accounts.tables import Account, Person
from farewell.audit import Actor, record
from farewell.billing.quote import stale_when_changed, standing_limit, unpaid_that_blocks
from farewell.billing.settling import settle
from farewell.billing.tables import FinalBill, Quote
from farewell.closing.case import (
    CaseState,
    bill_of,
    may_close,
    offer_quote,
    open_case_of,
    standing_closure,
    state_of,
)
from farewell.closing.receipt import receipt
from farewell.closing.tables import OPEN_STATES, ClosingCase, Closure
from farewell.errors import Problem
from farewell.facts import as_json
from farewell.lifecycle.duties import duties_of
from farewell.lifecycle.planning import plan
from farewell.notify.outbox import promise
from farewell.payments.entering import enter_balances, enter_closure
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
    """Close on one confirmation, or keep it standing while a number is being ported.

    Confirming a case that is closed already changes nothing. `shown` are the codes of the
    requirements that were put before the customer.

    Raises Problem 403 without the role; 409 with `requirements_open`, `requirements_not_shown`,
    `quote_expired`, `unpaid_blocks` or `case_over`.
    """
    if case.state in ("closed", "converted"):
        return case
    if case.state not in OPEN_STATES:
        raise Problem(409, "case_over", f"This closing case is {case.state}.")
    if not may_close(work, person, case.account):
        raise Problem(403, "role_missing", "Your role does not close this account.")
    state = state_of(work, case)
    if state.unanswered:
        codes = [requirement.code for requirement in state.unanswered]
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
    if unpaid_that_blocks(state.account, work.policy(case.account)):
        raise Problem(409, "unpaid_blocks", "Earlier bills have to be paid before it closes.")
    case.touched_at = work.now
    if state.waits_for_port:
        case.state = "waiting_for_port"
        case.standing_limit_minor = standing_limit(
            state.account, work.policy(case.account), quote.as_of
        )
        case.standing_facts = stale_when_changed(state.account, with_ports=False)
        case.standing_by, case.standing_at = person.id, work.now
        record(
            work.session,
            work.now,
            actor,
            "case.waits_for_port",
            f"case:{case.id}",
            limit_minor=case.standing_limit_minor,
        )
        work.session.flush()
        return case
    _close(work, state, quote, person, actor)
    return case


def close_after_port(work: Work, *, case: ClosingCase, actor: Actor) -> bool:
    """Close a waiting case once its numbers work elsewhere, by the standing confirmation.

    Returns False where a port is still open, or where something is not as the customer saw it
    (the bill is higher, a fact has changed, a question is open); then the case is open again and
    has to be confirmed anew.
    """
    if case.state != "waiting_for_port" or case.standing_limit_minor is None:
        return False
    state = state_of(work, case)
    if state.waits_for_port:
        return False
    quote = offer_quote(work, case)
    person = work.session.get_one(Person, case.standing_by)
    if (
        quote.total_minor > case.standing_limit_minor
        or unpaid_that_blocks(state.account, work.policy(case.account))
        or state.unanswered
        or case.standing_facts != stale_when_changed(state.account, with_ports=False)
        or not may_close(work, person, case.account)
    ):
        case.state, case.standing_limit_minor = "open", None
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
        credit_minor=quote.credit_minor,
        lines=quote.lines,
        settles_on=quote.settles_on,
        status="due" if quote.total_minor or quote.refund_minor else "nothing_due",
    )
    work.session.add(final)
    members = {closure: account}
    cascade = work.kind(account).cascade
    if not converted and cascade and cascade.closes_children.stated:
        for child in account.children:
            if child.status in ("active", "closing"):
                members[_close_account(work, child, person, actor, parent=closure)] = child
    enter_balances(work, members)
    settle(work, closure_id=closure.id, members=members.values(), bill=bill)
    work.session.flush()
    enter_closure(work, closure=closure, bill=final, members=members)
    case.state = "converted" if converted else "closed"
    after = bill.credited(state.account)
    for duty in duties_of(after, work.kind(account), work.now, bill):
        plan(work, closure, duty.kind, due_at=duty.due_at)
    told = receipt(after, work.policy(account), closure, bill)
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
    if not converted:
        end_numbers(account, kind, work.now, told_to_host=account.vendor in work.hosts)
    if parent is not None:
        absorbed = open_case_of(work, account)
        if absorbed:
            absorbed.state = "closed"
        work.session.flush()
        for duty in duties_of(before, kind, work.now, None):
            plan(work, closure, duty.kind, due_at=duty.due_at)
    record(
        work.session,
        work.now,
        actor,
        f"account.{closure.kind}",
        f"account:{account.number}",
        closure=closure.number,
    )
    return closure


def closure_json(closure: Closure) -> dict[str, Any]:
    """A closure for the API."""
    return {
        "number": closure.number,
        "kind": closure.kind,
        "closed_at": closure.closed_at.isoformat(),
        "undone_at": closure.undone_at.isoformat() if closure.undone_at else None,
        "statements": closure.statements,
    }
