"""A closing that was confirmed for later: what was agreed, whether it still holds, and the bill."""

from __future__ import annotations

from dataclasses import replace

from farewell.accounts.snapshot import AccountView
from farewell.accounts.tables import Account, Charge, Person
from farewell.audit import Actor, record
from farewell.billing.quote import Bill, stale_when_changed, standing_limit
from farewell.billing.tables import Quote
from farewell.closing import statements
from farewell.closing.approval import may_approve
from farewell.closing.case import CaseState, ask_again, bill_of, may_close
from farewell.closing.effect import Effect, agreed_facts, bill_for, net_of, what_changed
from farewell.closing.tables import ClosingCase
from farewell.facts import Phrase, Statement
from farewell.notify.outbox import promise
from farewell.notify.telling import tell
from farewell.work import Work

PORTS = ("open_port", "port_works")


def limit_of(work: Work, state: CaseState, quote: Quote) -> int:
    """The most that a confirmation for later is good for (minor units; negative: money back).

    With a later end that is the quote and the usage until then. Else it is the bill with each plan
    charged to the end of its current period.
    """
    if state.later:
        return net_of(bill_of(quote)) + quote.usage_limit_minor
    return standing_limit(state.account, work.policy(state.case.account), quote.as_of)


def keep_standing(work: Work, state: CaseState, quote: Quote, person: Person) -> None:
    """Keep a confirmation for later: by whom, up to which amount, and what it was given for. What
    a second person agrees to never costs more than what the first one did."""
    case, limit = state.case, limit_of(work, state, quote)
    before = case.standing_limit_minor if case.approval else None
    case.standing_limit_minor = limit if before is None else min(limit, before)
    case.standing_facts = stale_when_changed(state.account, with_ports=False)
    case.standing_by = person.id
    case.standing_at = case.standing_at if case.approval else work.now
    case.effective_at = quote.effective_at
    case.agreed = agreed_facts(state.account, _notices(state))


def _notices(state: CaseState) -> list[str]:
    return [r.code for r in state.owed if r.kind == "acknowledge"]


def schedule(work: Work, state: CaseState, later: Effect, person: Person, actor: Actor) -> None:
    """Settle a closing for its later end: service goes on, nothing renews, and nothing is charged
    until the final bill."""
    case = state.case
    case.state = "scheduled"
    for account in members(work, case.account):
        if account.subscription:
            account.subscription.renewal_stopped_at = work.now
    record(
        work.session,
        work.now,
        actor,
        "case.scheduled",
        f"case:{case.id}",
        effective_at=later.at.isoformat(),
        limit_minor=case.standing_limit_minor,
    )
    kind = work.kind(case.account)
    promise(
        work.session,
        work.now,
        kind="closing_scheduled",
        person_id=person.id,
        account=case.account,
        statements=[
            is_scheduled_for(state.account, later),
            statements.quote(state.account, kind, state.bill, later),
            statements.usage_until_effect(state.account, later),
            withdraw_until(later),
        ],
    )
    work.session.flush()


def members(work: Work, account: Account) -> list[Account]:
    """The account and those that close with it."""
    cascade = work.kind(account).cascade
    children = account.children if cascade and cascade.closes_children.stated else []
    return [account, *(c for c in children if c.status in ("active", "closing"))]


def is_scheduled_for(account: AccountView, later: Effect) -> Statement:
    """That the closing is settled, and for when."""
    return Statement("status_scheduled", {"account": account.named(), "last_day": later.last_day})


def withdraw_until(later: Effect) -> Statement:
    """How long a closing with a later end can be taken back."""
    return Statement("withdraw_until", {"last_day": later.last_day})


def lapsed(work: Work, state: CaseState, bill: Bill, later: Effect | None) -> list[str]:
    """Why a confirmation for later no longer holds: who gave it may not any more, or something is
    not as it was agreed. Empty where it holds. An open port is none of these: it waits."""
    case = state.case
    because = lost_roles(work, case)
    if (later.at if later else None) != case.effective_at:
        because.append("date")
    now = agreed_facts(state.account, _notices(state))
    because += what_changed(case.agreed or now, now)
    if any(r.code not in PORTS for r in state.unanswered):
        because.append("questions")
    if case.standing_limit_minor is None or net_of(bill) > case.standing_limit_minor:
        because.append("amount")
    return because


def lost_roles(work: Work, case: ClosingCase) -> list[str]:
    """Whose confirmation no longer counts, because they may not give it any more."""
    first = work.session.get_one(Person, case.standing_by)
    lost = [] if may_close(work, first, case.account) else ["role"]
    if case.approval:
        second = work.session.get_one(Person, case.approval.by)
        lost += [] if may_approve(work, second, case.account) else ["approval"]
    return lost


def lapse(work: Work, case: ClosingCase, because: list[str], actor: Actor) -> None:
    """The confirmation is void: the case asks again, and everybody concerned is told why."""
    first, account = work.session.get_one(Person, case.standing_by), case.account
    ask_again(work, case)
    case.touched_at = work.now
    record(work.session, work.now, actor, "case.asks_again", f"case:{case.id}", because=because)
    told = {first.id: first}
    if "role" in because:  # others may still want it, and have to know that it does not happen
        roles = [*account.roles, *(account.parent.roles if account.parent else [])]
        closers = [r.person for r in roles if may_close(work, r.person, account)]
        told |= {person.id: person for person in closers}
    for person in told.values():
        tell(work, person, account, has_lapsed(work, account, because), asks=True)


def has_lapsed(work: Work, account: Account, because: list[str]) -> Statement:
    """That a closing cannot be carried out as it was confirmed, and why."""
    reasons = [Phrase(f"lapsed.{reason}", {}) for reason in because]
    return Statement("closing_lapsed", {"account": work.view(account).named(), "because": reasons})


def bill_at_end(work: Work, state: CaseState, agreed: Quote, later: Effect) -> Bill:
    """The final bill as of the end: what was quoted, and usage until then as far as it was agreed.

    Nothing else is charged, even if it arrived meanwhile; it is written off on closing.
    """
    account = _with_agreed_charges(work, state.account, agreed, later)
    bill = bill_for(account, work.policy(state.case.account), agreed.as_of, later)
    # After an outage or a port it is not settled before the customer hears of it.
    return replace(bill, settles_on=max(bill.settles_on, state.account.today(work.now)))


def _with_agreed_charges(
    work: Work, account: AccountView, agreed: Quote, later: Effect
) -> AccountView:
    quoted = {line["charge_id"] for line in [*agreed.lines, *agreed.written_off]}
    left = agreed.usage_limit_minor
    parts = []
    for part in account.everywhere():
        kept = []
        for view in part.charges:
            charge = work.session.get_one(Charge, view.id)
            until_then = agreed.as_of < charge.occurred_at < later.at
            fits = charge.kind == "usage" and until_then and view.amount_minor <= left
            if view.id not in quoted and fits:
                left -= view.amount_minor
            if view.id in quoted or fits:
                kept.append(view)
        parts.append(replace(part, charges=tuple(kept), children=()))
    return replace(parts[0], children=tuple(parts[1:]))
