"""What the assistant has to say and ask next, worked out for one conversation.

The one place where a conversation's topic, its account and the closing case come together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from farewell.accounts.snapshot import NumberView
from farewell.accounts.tables import Account, Person
from farewell.billing.quote import standing_limit
from farewell.chat.answers import closed_already
from farewell.chat.tables import Conversation
from farewell.closing.approval import (
    awaited_anywhere,
    awaited_from,
    named_holders,
    second_blocker,
)
from farewell.closing.case import (
    CaseState,
    accounts_of,
    blocker_for,
    open_case_of,
    seen_by,
    state_of,
)
from farewell.closing.effect import amount_of
from farewell.closing.requirements import Requirement
from farewell.closing.scheduling import PORTS, limit_of
from farewell.closing.statements import quote as quote_statement
from farewell.closing.statements import role_names
from farewell.facts import Facts, Phrase, Statement, VendorWords, fingerprint
from farewell.lifecycle.reactivation import offer_for, restorable_numbers
from farewell.work import Work


@dataclass(frozen=True)
class Option:
    """A button: a title that comes from policy or account, and the option's code."""

    title: Phrase | VendorWords
    code: str


@dataclass(frozen=True)
class Step:
    """What to say and the next requirement: a code that the assistant's rules branch on."""

    code: str
    facts: Facts = field(default_factory=dict)
    say: Sequence[tuple[Statement, str]] = ()
    """Statements with the fingerprint under which they count as shown."""
    options: Sequence[Option] = ()
    bound: dict[str, str] = field(default_factory=dict)
    """What an answer refers to: the quote, the number."""


IDLE = Step("none")


def next_step(work: Work, conversation: Conversation) -> Step:
    """The next thing to say and ask in this conversation."""
    if conversation.awaits_message:
        return Step("leave_message")
    match conversation.topic:
        case "verify":
            return Step("verify_account")
        case "choose_vendor":
            return _choose_vendor(work)
        case "sign_in":
            conversation.topic = "none"
            return Step("sign_in", _sign_in(work, conversation))
        case "choose_account":
            return choose_account(work, conversation)
        case "closing":
            return _closing(work, conversation)
        case "reactivation":
            return _reactivation(work, conversation)
        case "restore":
            return _restore(work, conversation)
        case "approval":
            return _approval(work, conversation)
        case _:
            return _awaited(work, conversation)


def _sign_in(work: Work, conversation: Conversation) -> Facts:
    if conversation.vendor is None:
        names = [VendorWords(p.name) for p in work.policies.values()]
        return {"vendor": names[0] if len(names) == 1 else "", "sign_in_at": ""}
    policy = work.vendor(conversation.vendor)
    return {"vendor": VendorWords(policy.name), "sign_in_at": VendorWords(policy.sign_in_at)}


def _choose_vendor(work: Work) -> Step:
    """Ask a visitor which service it is about."""
    names = [(VendorWords(policy.name), code) for code, policy in work.policies.items()]
    return Step("choose_vendor", options=[Option(name, code) for name, code in names])


def candidates(work: Work, conversation: Conversation) -> list[Account]:
    """The accounts that the wish can be about: open ones to close, closed ones to reactivate."""
    assert conversation.person is not None
    found = accounts_of(work, conversation.person)
    if conversation.wanted == "reactivation":
        return [a for a in found if a.status in ("closed", "converted")] or found
    return [a for a in found if a.status in ("active", "closing")] or found


def choose_account(work: Work, conversation: Conversation) -> Step:
    """Ask which account is meant."""
    found = candidates(work, conversation)
    labels = [work.view(a).label(work.kind(a)) for a in found]
    return Step(
        "choose_account",
        {"accounts": labels},
        options=[Option(work.view(a).named(), a.number) for a in found],
    )


def _closing(work: Work, conversation: Conversation) -> Step:
    account, person = conversation.account, conversation.person
    if account is None or person is None:
        conversation.topic = "none"
        return IDLE
    if awaited_from(work, person, account):
        conversation.topic = "approval"
        return _approval(work, conversation)
    blocker = blocker_for(work, person, account)
    case = open_case_of(work, account)
    if blocker is None and (case is None or case.state == "open"):
        blocker = second_blocker(work, person, account)
    if blocker:
        conversation.topic = "none"
        return Step(blocker.code, blocker.facts)
    if case is None:
        conversation.topic = "none"
        # Meanwhile it was closed elsewhere, or it rests after a day without an answer.
        told = (
            Statement("put_aside", {"account": work.view(account).named()})
            if account.status in ("active", "closing")
            else closed_already(work, account)
        )
        return Step("none", say=[(told, fingerprint(told.facts))])
    for code, answer, rest in RESTS:
        given = case.answer_to(code)
        if given and given.value == answer:
            conversation.topic = "none"
            facts = next((r.facts for r in state_of(work, case).owed if r.code == code), None)
            if facts is not None:
                return Step(rest, facts)
    if case.state in ("scheduled", "waiting_for_approval"):
        return _confirmed(work, conversation, state_of(work, case))
    state = state_of(work, case)
    if not _asks_before_quote(work, state):
        state = state_of(work, case, with_quote=True)
    say: list[tuple[Statement, str]] = []
    unseen = _unseen(work, conversation, state)
    for requirement in state.owed:
        if requirement in unseen:
            say.append(_said(requirement))
        elif requirement.kind != "acknowledge" and not requirement.answered:
            return _ask(requirement, say)
    if case.state == "waiting_for_port":
        conversation.topic = "none"
        return Step("waiting_for_port", _waiting(state), say)
    return _confirmation(work, state, say)


def _unseen(work: Work, conversation: Conversation, state: CaseState) -> list[Requirement]:
    """Notices that this conversation has not been shown, or not with these facts."""
    seen = set(seen_by(work, state.case, conversation.id))
    notices = [r for r in state.owed if r.kind == "acknowledge"]
    return [r for r in notices if (r.code, r.facts_hash) not in seen]


def _said(notice: Requirement) -> tuple[Statement, str]:
    return Statement(notice.code, notice.facts), notice.facts_hash


RESTS = (
    ("keep_numbers", "port_first", "porting_first"),
    ("sub_accounts", "transfer_first", "transferring_first"),
)
"""Answers after which the case rests, and how the rest is called."""


def _asks_before_quote(work: Work, state: CaseState) -> bool:
    kind = work.kind(state.case.account)
    for requirement in state.owed:
        if requirement.code == quote_statement(state.account, kind, state.bill, state.later).code:
            return False
        if requirement.kind != "acknowledge" and not requirement.answered:
            return True
    return False


def _ask(requirement: Requirement, say: list[tuple[Statement, str]]) -> Step:
    facts = {k: v for k, v in requirement.facts.items() if k != "options"}
    options = [Option(o["title"], o["code"]) for o in requirement.facts.get("options", [])]
    bound = {"subject": requirement.subject} if requirement.subject else {}
    return Step(requirement.code, facts, say, options, bound)


def _waiting(state: CaseState) -> Facts:
    limit = state.case.standing_limit_minor or 0
    return {
        "numbers": [n.phrase() for n in state.account.all_numbers() if n.port],
        "limit": state.account.money(limit),
    }


def _confirmed(work: Work, conversation: Conversation, state: CaseState) -> Step:
    """A closing that is settled for later, or waits for a second person: what it waits for. A port
    is asked about all the same."""
    for requirement in state.unanswered:
        if requirement.code in PORTS:
            return _ask(requirement, [])
    conversation.topic = "none"
    case, account = state.case, state.account
    policy, kind = work.policy(case.account), work.kind(case.account)
    facts: Facts = {"account": account.label(kind)}
    if case.state == "waiting_for_approval":
        first = work.session.get_one(Person, case.standing_by)
        facts["roles"] = role_names(policy, kind.second_roles)
        facts["holders"] = named_holders(work, case.account, besides=first)
        return Step("waiting_for_approval", facts)
    assert state.later is not None
    facts["last_day"] = state.later.last_day
    limit = case.standing_limit_minor or 0
    facts["amount"] = amount_of(state.bill, limit, state.later)
    return Step("scheduled", facts)


def _awaited(work: Work, conversation: Conversation) -> Step:
    """Nothing is being led through. A closing that waits for this person to agree is put before
    them, once; after that they come back to it as to any closing."""
    person = conversation.person
    case = awaited_anywhere(work, person) if person else None
    if case is None or any(code == "approve" for code, _ in seen_by(work, case, conversation.id)):
        return IDLE
    conversation.account, conversation.topic = case.account, "approval"
    return _approval(work, conversation)


def _approval(work: Work, conversation: Conversation) -> Step:
    """Put before the second person what the first one saw, and ask whether they agree."""
    account, person = conversation.account, conversation.person
    case = awaited_from(work, person, account) if account and person else None
    if case is None:
        conversation.topic = "none"
        return IDLE
    state = state_of(work, case, with_quote=True)
    assert state.quote is not None
    first = work.session.get_one(Person, case.standing_by)
    facts = _when_and_how_much(work, state) | {"who": first.initials}
    say = [_said(notice) for notice in _unseen(work, conversation, state)]
    return Step("approve", facts, say, bound={"quote_id": state.quote.id})


def _when_and_how_much(work: Work, state: CaseState) -> Facts:
    """What a confirmation for later is given for."""
    account, quote = state.account, state.quote
    assert quote is not None
    when = Phrase("when.at_once", {})
    if state.later:
        when = Phrase("when.end_of", {"day": state.later.last_day})
    elif state.waits_for_port:
        when = Phrase("when.after_port", {})
    return {
        "account": account.label(work.kind(state.case.account)),
        "when": when,
        "amount": amount_of(state.bill, limit_of(work, state, quote), state.later),
    }


def _confirmation(work: Work, state: CaseState, say: list[tuple[Statement, str]]) -> Step:
    account, policy = state.account, work.policy(state.case.account)
    kind = policy.type_of(account.type)
    assert state.quote is not None
    facts: Facts = {
        "account": account.label(kind),
        "total": account.money(state.bill.total_minor),
        "refund": account.money(state.bill.refund_minor),
    }
    bound = {"quote_id": state.quote.id}
    if kind.second_roles:
        later = _when_and_how_much(work, state)
        later["roles"] = role_names(policy, kind.second_roles)
        return Step("confirm_approval", later, say, bound=bound)
    if state.later:
        later = _when_and_how_much(work, state) | {"last_day": state.later.last_day}
        return Step("confirm_scheduled", later, say, bound=bound)
    if state.waits_for_port:
        limit = standing_limit(account, policy, state.quote.as_of)
        facts["limit"] = account.money(limit)
        facts["numbers"] = [n.phrase() for n in account.all_numbers() if n.port]
        return Step("confirm_standing", facts, say, bound=bound)
    if kind.converts:
        facts["plan"] = VendorWords(kind.converts.to_plan)
        return Step("confirm_conversion", facts, say, bound=bound)
    code = "confirm_with_refund" if state.bill.refund_minor else "confirm"
    return Step(code, facts, say, bound=bound)


def _reactivation(work: Work, conversation: Conversation) -> Step:
    account, person = conversation.account, conversation.person
    if account is None or person is None:
        conversation.topic = "none"
        return IDLE
    offer = offer_for(work, person, account)
    if not offer.possible or offer.price is None:
        conversation.topic = "none"
        return Step("none", say=[(offer.statement, fingerprint(offer.statement.facts))])
    return Step(
        "reactivation_consent",
        offer.statement.facts,
        bound={"price": str(offer.price.minor), "currency": offer.price.currency},
    )


def _restore(work: Work, conversation: Conversation) -> Step:
    numbers = restorable_numbers(work, conversation.account) if conversation.account else []
    if not numbers or conversation.account is None:
        conversation.topic = "none"
        return IDLE
    phrases = [NumberView(n.e164, n.label, None).phrase() for n in numbers]
    return Step("restore_numbers", {"numbers": phrases})
