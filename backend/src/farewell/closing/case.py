"""Use cases on an open closing case: open, answer, quote, what is owed, stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from farewell.accounts.reading import roles_of
from farewell.accounts.snapshot import AccountView
from farewell.accounts.tables import Account, Person, PhoneNumber
from farewell.audit import Actor, record
from farewell.billing.quote import Bill, Line, stale_when_changed
from farewell.billing.tables import Quote
from farewell.closing.effect import Effect, bill_for, effect_of
from farewell.closing.requirements import (
    ANSWERS,
    NEXT_STEP_LATER,
    Answered,
    Requirement,
    requirements,
    role_blocker,
)
from farewell.closing.tables import (
    CONFIRMED_STATES,
    OPEN_STATES,
    Answer,
    ClosingCase,
    Closure,
    Shown,
)
from farewell.errors import Problem, not_found
from farewell.lifecycle.exports import make_export
from farewell.policy.model import REASON_CODES, AccountType
from farewell.work import Work

WORDS_KEPT = 1000
"""Characters of a reason in the customer's own words that are kept."""


def accounts_of(work: Work, person: Person) -> list[Account]:
    """Accounts that a person may see: own ones, and those under an agency of theirs."""
    ids = {role.account_id for role in person.roles}
    found = work.session.scalars(
        select(Account)
        .where(Account.vendor == person.vendor)
        .where(Account.id.in_(ids) | Account.parent_id.in_(ids))
        .order_by(Account.number)
    )
    return list(found)


def visible_account(work: Work, person: Person, number: str) -> Account:
    """An account by its number.

    Raises Problem 404 alike for one that does not exist and one that the person may not see.
    """
    account = next((a for a in accounts_of(work, person) if a.number == number), None)
    if account is None:
        raise not_found("account")
    return account


def may_close(work: Work, person: Person, account: Account) -> bool:
    """Rule 6: whether the person's role closes this kind of account."""
    allowed = set(work.kind(account).closed_by.stated or [])
    return bool(allowed & roles_of(person, account))


def standing_closure(work: Work, account: Account) -> Closure | None:
    """The closure of an account that is not undone."""
    return work.session.scalar(
        select(Closure).where(Closure.account_id == account.id, Closure.undone_at.is_(None))
    )


def open_case_of(work: Work, account: Account) -> ClosingCase | None:
    """The one case of the account that is not over; a resting one is not over."""
    return work.session.scalar(
        select(ClosingCase).where(
            ClosingCase.account_id == account.id, ClosingCase.state.in_(OPEN_STATES)
        )
    )


def open_case(work: Work, *, person: Person, account: Account, actor: Actor) -> ClosingCase:
    """Open a case or continue the one that is there; a stopped one is taken up again.

    Raises Problem 403 where the role does not close, 409 where the account is not open.
    """
    if account.status not in ("active", "closing"):
        raise Problem(409, "account_not_open", f"Account {account.number} is {account.status}.")
    if not may_close(work, person, account):
        raise Problem(403, "role_missing", "Your role does not close this account.")
    case = open_case_of(work, account)
    if case is None:
        resumable = work.now - timedelta(days=work.policy(account).resume_days)
        case = work.session.scalar(
            select(ClosingCase)
            .where(ClosingCase.account_id == account.id, ClosingCase.state == "abandoned")
            .where(ClosingCase.touched_at >= resumable)
            .order_by(ClosingCase.touched_at.desc())
            .limit(1)
        )
        if case:
            case.state = "open"
            record(work.session, work.now, actor, "case.resumed", f"case:{case.id}")
    if case is None:
        case = ClosingCase(
            account=account,
            opened_by=person.id,
            opened_at=work.now,
            touched_at=work.now,
            answers=[],
        )
        work.session.add(case)
        work.session.flush()
        record(
            work.session, work.now, actor, "case.opened", f"case:{case.id}", account=account.number
        )
    case.touched_at = work.now
    account.status = "closing"
    work.session.flush()
    return case


@dataclass(frozen=True)
class CaseState:
    """A case with what it owes now. The quote is the valid one or None before it was offered."""

    case: ClosingCase
    account: AccountView
    owed: list[Requirement]
    quote: Quote | None
    bill: Bill
    later: Effect | None = None
    """When it takes effect, if later than at once."""

    @property
    def unanswered(self) -> list[Requirement]:
        """Choices and inputs that are still open."""
        return [r for r in self.owed if r.kind in ("choice", "input") and not r.answered]

    @property
    def waits_for_port(self) -> bool:
        """Whether the closing has to wait: a port is open that the customer did not give up."""
        return any(n.port for n in self.account.all_numbers())


def latest_quote(work: Work, case: ClosingCase) -> Quote | None:
    """The newest quote of the case, valid or not."""
    return work.session.scalar(
        select(Quote).where(Quote.case_id == case.id).order_by(Quote.as_of.desc()).limit(1)
    )


def valid_quote(work: Work, case: ClosingCase, account: AccountView) -> Quote | None:
    """The newest quote, if it has not expired and no fact that binds it has changed. One that was
    agreed to for a later end stands."""
    quote = latest_quote(work, case)
    if quote and is_scheduled(case):
        return quote
    if quote is None or quote.expires_at <= work.now:
        return None
    return quote if quote.facts_hash == stale_when_changed(account) else None


def is_scheduled(case: ClosingCase) -> bool:
    """Whether the closing is settled for a later end; past it, it may wait for a port."""
    return case.state in ("scheduled", "waiting_for_port") and case.effective_at is not None


def is_due(work: Work, case: ClosingCase) -> bool:
    """Whether the moment of a scheduled closing has come."""
    at = case.effective_at
    return case.state == "scheduled" and at is not None and at <= work.now


def refuse_too_late(work: Work, case: ClosingCase) -> None:
    """A scheduled closing can be taken back until it takes effect, whenever that is carried out.

    Raises Problem 409 from then on.
    """
    if is_due(work, case):
        raise Problem(409, "effect_passed", "The closing takes effect at this moment.")


def effect_for(work: Work, account: Account) -> Effect | None:
    """When the closing of an account takes effect: as agreed, else as if confirmed now. None for at
    once, and where nothing is left to close."""
    if account.status not in ("active", "closing"):
        return None
    case, view, kind = open_case_of(work, account), work.view(account), work.kind(account)
    quote = latest_quote(work, case) if case and is_scheduled(case) else None
    if quote:
        return promised_effect(quote, view, kind)
    return effect_of(view, kind, work.now, case.effective_at if case else None)


def bill_of(quote: Quote) -> Bill:
    """The bill that a quote promises."""
    return Bill(
        currency=quote.currency,
        lines=tuple(Line(**line) for line in quote.lines),
        written_off=tuple(Line(**line) for line in quote.written_off),
        total_minor=quote.total_minor,
        refund_minor=quote.refund_minor,
        settles_on=quote.settles_on,
    )


def offer_quote(work: Work, case: ClosingCase) -> Quote:
    """The valid quote, or a new one as of now."""
    account, policy = work.view(case.account), work.policy(case.account)
    quote = valid_quote(work, case, account)
    if quote:
        return quote
    kind = policy.type_of(account.type)
    later = effect_of(account, kind, work.now, case.effective_at)
    bill = bill_for(account, policy, work.now, later)
    minutes = kind.billing.quote_minutes
    # The quote names days counted from closing, so it ends with the account's day.
    tomorrow = datetime.combine(
        account.today(work.now) + timedelta(days=1), time(), ZoneInfo(account.zone)
    )
    quote = Quote(
        case_id=case.id,
        as_of=work.now,
        expires_at=min(work.now + timedelta(minutes=minutes), tomorrow),
        currency=bill.currency,
        total_minor=bill.total_minor,
        refund_minor=bill.refund_minor,
        lines=bill.stored_lines(),
        written_off=bill.stored_write_offs(),
        settles_on=bill.settles_on,
        facts_hash=stale_when_changed(account),
        effective_at=later.at if later else None,
        usage_limit_minor=later.usage_limit_minor if later else 0,
    )
    work.session.add(quote)
    work.session.flush()
    return quote


def said_in(case: ClosingCase) -> Answered:
    """The answers of a case for the rules."""
    return Answered({(a.code, a.subject): a.value for a in case.answers}, case.skip_ahead)


def state_of(work: Work, case: ClosingCase, *, with_quote: bool = False) -> CaseState:
    """What the case owes now. `with_quote` offers a binding quote where none is valid."""
    account, policy = work.view(case.account), work.policy(case.account)
    kind = policy.type_of(account.type)
    quote = offer_quote(work, case) if with_quote else valid_quote(work, case, account)
    at = quote.as_of if quote else work.now
    if quote:
        later, bill = promised_effect(quote, account, kind), bill_of(quote)
    else:
        later = effect_of(account, kind, at, case.effective_at)
        bill = bill_for(account, policy, at, later)
    owed = requirements(account, policy, said_in(case), bill, at, later)
    return CaseState(case, account, owed, quote, bill, later)


def promised_effect(quote: Quote, account: AccountView, kind: AccountType) -> Effect | None:
    """The later end that a quote is for, whatever the policy says meanwhile."""
    if quote.effective_at is None:
        return None
    later = effect_of(account, kind, quote.as_of, quote.effective_at)
    return replace(later, usage_limit_minor=quote.usage_limit_minor) if later else None


def blocker_for(work: Work, person: Person, account: Account) -> Requirement | None:
    """Why this person cannot close this account, if so."""
    return role_blocker(work.view(account), work.policy(account), roles_of(person, account))


def answer(
    work: Work,
    *,
    case: ClosingCase,
    person: Person,
    actor: Actor,
    code: str,
    value: str,
    subject: str = "",
    words: str | None = None,
) -> None:
    """Record the answer to a requirement and do what it asks for.

    Raises Problem 403 without the role, 409 for a case that is over or takes effect at this moment,
    422 for an answer that the requirement does not take.
    """
    if not may_close(work, person, case.account):
        raise Problem(403, "role_missing", "Your role does not close this account.")
    if case.state not in OPEN_STATES:
        raise Problem(409, "case_over", f"This closing case is {case.state}.")
    refuse_too_late(work, case)
    kind = work.kind(case.account)
    allowed = set(ANSWERS.get(code, ()))
    if code == "alternatives":
        allowed |= {offer.code for offer in kind.alternatives.offers}
    if code == "exit_reason":
        allowed |= set(REASON_CODES)
    if value not in allowed:
        raise Problem(
            422,
            "answer_not_offered",
            f"{code!r} takes one of: {', '.join(sorted(allowed)) or 'nothing'}.",
        )
    # A port has checks of its own; alternatives are no longer owed once they are answered.
    always = ("alternatives", "exit_reason", "open_port", "port_works")
    if code not in always and not _owes(work, case, code, subject):
        raise Problem(409, "requirement_not_owed", f"This case does not ask for {code!r}.")
    if case.state in CONFIRMED_STATES and (code, value) in NEXT_STEP_LATER:
        ask_again(work, case)
    if code in ("open_port", "port_works"):
        _answer_port(work, case, code, value, subject, actor)
    before = case.answer_to(code, subject)
    if before:
        case.answers.remove(before)
        work.session.delete(before)
        work.session.flush()
    case.answers.append(Answer(code=code, subject=subject, value=value, by=person.id, at=work.now))
    case.touched_at = work.now
    if code == "exit_reason":
        case.reason_code = None if value in ("skip", "words") else value
        case.reason_words = words[:WORDS_KEPT] if words and value != "skip" else None
    record(
        work.session,
        work.now,
        actor,
        "requirement.answered",
        f"case:{case.id}",
        code=code,
        value=value,
        about=subject,
    )
    if code == "data_export" and value == "export":
        make_export(work, case.account, actor)
    if code == "alternatives" and value != "decline":
        _take_alternative(work, case, value, actor)
    work.session.flush()


def _owes(work: Work, case: ClosingCase, code: str, subject: str) -> bool:
    return any((r.code, r.subject) == (code, subject) for r in state_of(work, case).owed)


def ask_again(work: Work, case: ClosingCase) -> None:
    """What was agreed has changed, so the confirmation no longer holds, nor that of a second
    person; what was stopped for it goes on."""
    case.state = "open"
    _forget_confirmation(work, case)


def _forget_confirmation(work: Work, case: ClosingCase) -> None:
    case.standing_limit_minor = case.standing_by = case.standing_at = None
    case.effective_at = case.agreed = None
    if case.approval:
        work.session.delete(case.approval)
        case.approval = None
    work.session.flush()
    for account in (case.account, *case.account.children):
        if account.subscription and not _ends_later(work, account):
            account.subscription.renewal_stopped_at = None


def _ends_later(work: Work, account: Account) -> bool:
    """Whether a closing is settled for a later end: its own, or that of the account above."""
    above = account.parent
    cascade = work.kind(above).cascade if above else None
    with_it = above is not None and cascade is not None and cascade.closes_children.stated
    cases = [open_case_of(work, account), open_case_of(work, above) if above and with_it else None]
    return any(case is not None and is_scheduled(case) for case in cases)


def ask_rested_again(work: Work, case: ClosingCase) -> None:
    """The customer comes back: what was put off for later is a question again."""
    put_off = {*NEXT_STEP_LATER, ("port_works", "not_yet")}
    for given in [a for a in case.answers if (a.code, a.value) in put_off]:
        case.answers.remove(given)
        work.session.delete(given)
    work.session.flush()


def _answer_port(
    work: Work, case: ClosingCase, code: str, value: str, subject: str, actor: Actor
) -> None:
    ids = [case.account_id, *(child.id for child in case.account.children)]
    number = work.session.scalar(
        select(PhoneNumber).where(
            PhoneNumber.e164 == subject,
            PhoneNumber.account_id.in_(ids),
            PhoneNumber.status == "active",
        )
    )
    port = number.port_out if number else None
    if number is None or port is None or not port.is_open:
        raise Problem(422, "no_open_port", "That number has no open port-out on this account.")
    if value == "give_up":
        port.given_up = True
        record(work.session, work.now, actor, "port.given_up", f"number:{subject}")
        if case.state in CONFIRMED_STATES:
            ask_again(work, case)
    if value == "works":
        if port.status != "completed":
            raise Problem(409, "port_not_completed", "The carrier has not completed this port yet.")
        port.status, number.status = "verified", "ported"
        record(work.session, work.now, actor, "port.verified", f"number:{subject}")


def _take_alternative(work: Work, case: ClosingCase, code: str, actor: Actor) -> None:
    offers = work.kind(case.account).alternatives.offers
    offer = next(offer for offer in offers if offer.code == code)
    case.account.features = {**case.account.features, **offer.sets}
    withdraw(work, case=case, actor=actor, because=f"alternative:{code}")


def withdraw(work: Work, *, case: ClosingCase, actor: Actor, because: str = "customer") -> None:
    """Stop a case, a confirmed one too; nothing else changes, and it can be taken up again.

    Raises Problem 409 where the account is closed already, or is closing at this moment.
    """
    if case.state == "abandoned":
        return
    if case.state not in OPEN_STATES:
        raise Problem(409, "case_over", f"This closing case is {case.state}.")
    refuse_too_late(work, case)
    case.state = "abandoned"
    case.touched_at = work.now
    _forget_confirmation(work, case)
    case.skip_ahead = False
    _keep_offered_once(work, case)
    for answer in [a for a in case.answers if a.code not in KEPT_WHEN_STOPPED]:
        case.answers.remove(answer)
        work.session.delete(answer)
    for account in (case.account, *case.account.children):
        for number in account.numbers:
            if number.status == "active" and number.port_out:
                number.port_out.given_up = False  # it was given up for this closing only
    case.account.status = "active"
    record(work.session, work.now, actor, "case.stopped", f"case:{case.id}", because=because)
    work.session.flush()


KEPT_WHEN_STOPPED = ("alternatives", "exit_reason")
"""Asked once and for all: alternatives are offered in one message only (rule 7)."""


def _keep_offered_once(work: Work, case: ClosingCase) -> None:
    """Alternatives that were offered and left without an answer count as declined."""
    offered = work.session.scalar(
        select(Shown.id).where(Shown.case_id == case.id, Shown.code == "alternatives").limit(1)
    )
    if offered and case.answer_to("alternatives") is None:
        case.answers.append(
            Answer(code="alternatives", subject="", value="decline", by=case.opened_by, at=work.now)
        )


def mark_shown(work: Work, *, case: ClosingCase, viewer: str, shown: list[tuple[str, str]]) -> None:
    """Note that requirements (code and fingerprint) were put before a viewer."""
    known = set(seen_by(work, case, viewer))
    for code, facts_hash in shown:
        if (code, facts_hash) not in known:
            work.session.add(
                Shown(case_id=case.id, viewer=viewer, code=code, facts_hash=facts_hash, at=work.now)
            )
            known.add((code, facts_hash))
    work.session.flush()


def seen_by(work: Work, case: ClosingCase, viewer: str) -> list[tuple[str, str]]:
    """What was put before a viewer: codes and fingerprints."""
    rows = work.session.execute(
        select(Shown.code, Shown.facts_hash).where(Shown.case_id == case.id, Shown.viewer == viewer)
    )
    return [(code, facts_hash) for code, facts_hash in rows]
