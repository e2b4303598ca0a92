"""What the assistant's actions ask the backend to do, one function a wish of the customer.

Each takes the conversation and returns statements to say; what to ask next is worked out
separately by `leading.next_step`, so any order of wishes ends at the right question.
"""

from __future__ import annotations

import re

from farewell.accounts.matching import match_account, match_number
from farewell.accounts.tables import Account, Person
from farewell.audit import Actor
from farewell.billing.money import Money
from farewell.chat.answers import (
    ABOUT_ACCOUNT,
    answer_for_vendor,
    closed_already,
    export_ready,
)
from farewell.chat.leading import candidates
from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.closing.confirm import close_after_port, confirm
from farewell.closing.tables import ClosingCase
from farewell.desk.handover import hand_over
from farewell.errors import Problem
from farewell.facts import Moment, Statement, VendorWords, from_json
from farewell.i18n import catalogue
from farewell.lifecycle.exports import latest_export, make_export, still_readable
from farewell.lifecycle.reactivation import reactivate, restorable_numbers, restore_numbers
from farewell.policy.model import words_in
from farewell.work import Work

AMOUNTS = ("final_bill", "refund")
"""Questions whose answers name amounts: for those who may close."""

CONFIRMED = "/confirm_closure"
"""What a plain yes to the confirmation and its button stand for."""

CONFIRMATIONS = ("confirm", "confirm_with_refund", "confirm_conversion", "confirm_standing")
Said = list[Statement]


def actor_of(conversation: Conversation) -> Actor:
    """Who acts in a conversation."""
    who = f"person:{conversation.person_id}" if conversation.person_id else "visitor"
    return Actor(who, "chat")


def _person(conversation: Conversation) -> Person:
    if conversation.person is None:
        raise Problem(403, "not_signed_in", "Nobody is signed in to this conversation.")
    return conversation.person


def _language(conversation: Conversation) -> str:
    return conversation.person.language if conversation.person else "en"


def _match(work: Work, conversation: Conversation, text: str) -> Account | None:
    person = _person(conversation)
    types = {
        key: words_in(kind.name, _language(conversation))
        for key, kind in work.vendor(person.vendor).account_types.items()
    }
    found = candidates(work, conversation)
    everything = cases.accounts_of(work, person)
    return match_account(text, found, types) or match_account(text, everything, types)


def wish(work: Work, conversation: Conversation, what: str, text: str) -> Said:
    """The customer wants to close or to reactivate; finds the account that is meant.

    `what` is `closing` or `reactivation`.
    """
    conversation.wanted = what
    if conversation.person is None:
        ways = verification_ways(work, conversation)
        conversation.topic = "verify" if ways else "sign_in"
        return []
    accounts = cases.accounts_of(work, conversation.person)
    if not accounts:
        conversation.topic = "none"
        return [Statement("no_account", {})]
    meant = _match(work, conversation, text) if len(accounts) > 1 else accounts[0]
    kept = conversation.account
    if meant is None and kept is not None and _fits(kept, what):
        meant = kept
    found = candidates(work, conversation)
    if meant is None and len(found) == 1:
        meant = found[0]
    if meant is None:
        conversation.topic = "choose_account"
        return []
    return _take(work, conversation, meant)


def _fits(account: Account, what: str) -> bool:
    closed = account.status in ("closed", "converted", "purged")
    return closed if what == "reactivation" else not closed


def _take(work: Work, conversation: Conversation, account: Account) -> Said:
    """Go on with an account: lead through what the customer wanted."""
    going_on = conversation.topic == "closing" and conversation.account is account
    conversation.account = account
    wanted = conversation.wanted or "closing"
    if wanted == "reactivation" and _fits(account, "closing"):
        # Nothing to reactivate; a closing that is being talked about goes on.
        conversation.wanted = "closing" if going_on else None
        return [Statement("not_closed", {"account": work.view(account).named()})]
    if wanted == "reactivation":
        conversation.topic = "reactivation"
        return []
    if wanted != "closing":
        conversation.topic, conversation.wanted = "none", None
        return question(work, conversation, wanted)
    if account.status not in ("active", "closing"):
        conversation.topic = "none"
        return [closed_already(work, account)]
    conversation.topic = "closing"
    person = _person(conversation)
    if not cases.may_close(work, person, account):
        return []
    before = cases.open_case_of(work, account)
    for code, value in (("keep_numbers", "port_first"), ("sub_accounts", "transfer_first")):
        rested = before.answer_to(code) if before else None
        if before and rested and rested.value == value:
            before.answers.remove(rested)
            work.session.delete(rested)
            work.session.flush()
    cases.open_case(work, person=person, account=account, actor=actor_of(conversation))
    if going_on:
        return []
    return [Statement("account_found", {"account": work.view(account).label(work.kind(account))})]


def choose_account(work: Work, conversation: Conversation, text: str) -> Said:
    """The customer names an account, also a different one than before. Nothing is guessed."""
    if conversation.person is None:
        return wish(work, conversation, "closing", text)
    account = _match(work, conversation, text)
    if account is None:
        if len(cases.accounts_of(work, conversation.person)) == 1:
            account = cases.accounts_of(work, conversation.person)[0]
        else:
            conversation.topic = "choose_account"
            conversation.wanted = conversation.wanted or "closing"
            return [Statement("account_not_clear", {})]
    if account is not conversation.account:
        _leave(work, conversation)
    conversation.wanted = conversation.wanted or "closing"
    return _take(work, conversation, account)


def change_account(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Wrong account": leave the present one unchanged and ask, or take the one that is named."""
    if conversation.person is None:
        return wish(work, conversation, "closing", text)
    account = _match(work, conversation, text)
    accounts = cases.accounts_of(work, conversation.person)
    if len(accounts) == 1:
        return [Statement("only_account", {"account": work.view(accounts[0]).named()})]
    _leave(work, conversation)
    conversation.wanted = conversation.wanted or "closing"
    others = [a for a in candidates(work, conversation) if a is not conversation.account]
    if account is conversation.account:
        account = None
    if account is None and len(others) == 1:
        account = others[0]
    if account is None:
        conversation.topic = "choose_account"
        return []
    return _take(work, conversation, account)


def _leave(work: Work, conversation: Conversation) -> None:
    """Turn away from the present account: a case that is only being talked about is stopped."""
    case = _case(work, conversation)
    if case and case.state == "open":
        cases.withdraw(work, case=case, actor=actor_of(conversation), because="other_account")


def _case(work: Work, conversation: Conversation) -> ClosingCase | None:
    if conversation.account is None or conversation.person is None:
        return None
    if not cases.may_close(work, conversation.person, conversation.account):
        return None
    return cases.open_case_of(work, conversation.account)


def _opened(work: Work, conversation: Conversation, text: str) -> tuple[Said, ClosingCase | None]:
    """The case that an answer belongs to; opens one where the customer is ahead of us."""
    case = _case(work, conversation)
    if case is not None:
        conversation.topic = "closing"
        return [], case
    said = wish(work, conversation, "closing", text)
    return said, _case(work, conversation)


def skip_ahead(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Just cancel it": skip what can be skipped; every notice is still shown (rule 7)."""
    said = wish(work, conversation, "closing", text)
    case = _case(work, conversation)
    if case and conversation.topic == "closing":
        case.skip_ahead = True
        work.session.flush()
    return said if not (case and conversation.asked) else []


def answer(
    work: Work, conversation: Conversation, code: str, value: str, text: str | None = None
) -> Said:
    """The customer answers a requirement, asked or not. `text` names a number or gives words."""
    if (code, value) == ("data_export", "export") and _case(work, conversation) is None:
        return _export_alone(work, conversation, text or "")
    said, case = _opened(work, conversation, text or "")
    if case is None:
        return said
    person, actor = _person(conversation), actor_of(conversation)
    subject = ""
    if code in ("open_port", "port_works"):
        subject_or_statement = _port(work, conversation, case, code, value, text or "")
        if isinstance(subject_or_statement, Statement):
            return [*said, subject_or_statement]
        subject = subject_or_statement
    words = text if code == "exit_reason" else None
    cases.answer(
        work,
        case=case,
        person=person,
        actor=actor,
        code=code,
        value=value,
        subject=subject,
        words=words,
    )
    return [*said, *_after(work, conversation, case, code, value)]


def _export_alone(work: Work, conversation: Conversation, text: str) -> Said:
    """An export without a closing: before one, or after it while the data is kept."""
    if conversation.person is None:
        return wish(work, conversation, "data_export", text)
    accounts = cases.accounts_of(work, conversation.person)
    account = conversation.account or (accounts[0] if len(accounts) == 1 else None)
    if account is None:
        return question(work, conversation, "data_export")
    if not cases.may_close(work, conversation.person, account):
        return ABOUT_ACCOUNT["who_can_cancel"](work, account)
    closure = cases.standing_closure(work, account)
    if closure and not still_readable(work, account, closure):
        return [
            Statement("export_too_late", {"contacts": statements.contacts(work.policy(account))})
        ]
    export = make_export(work, account, actor_of(conversation))
    work.session.flush()
    return [export_ready(export.id, work, account)]


def _after(
    work: Work, conversation: Conversation, case: ClosingCase, code: str, value: str
) -> Said:
    if code == "data_export" and value == "export":
        export = latest_export(work, case.account)
        return [export_ready(export.id, work, case.account)] if export else []
    if code == "port_works" and value == "works":
        if close_after_port(work, case=case, actor=actor_of(conversation)):
            conversation.topic = "none"
            return closing_told(work, case.account)
        return [Statement("port_verified", {})]
    if code == "open_port" and value == "give_up":
        return [Statement("number_given_up", {})]
    if code == "alternatives" and value != "decline":
        conversation.topic, conversation.wanted = "none", None
        offer = next(o for o in work.kind(case.account).alternatives.offers if o.code == value)
        facts = {"title": VendorWords(offer.title)}
        if offer.still_charged:
            facts["charged"] = VendorWords(offer.still_charged)
            return [Statement("alternative_taken_charged", facts)]
        told = [Statement("alternative_taken", facts)]
        if offer.human:
            told += hand_over(work, conversation=conversation, actor=actor_of(conversation))
        return told
    if code == "exit_reason" and value not in ("skip",):
        return [Statement("reason_thanks", {})]
    return []


def _port(
    work: Work, conversation: Conversation, case: ClosingCase, code: str, value: str, text: str
) -> str | Statement:
    """The number that the answer is about: named in the text, or the one just asked about.

    Rule 5: a number is given up by its name only, typed or on the button that names it.
    """
    numbers = work.view(case.account).all_numbers()
    named = match_number(text, [n.e164 for n in numbers])
    fitting = [n for n in numbers if n.port and (n.port == "completed" or code == "open_port")]
    if named:
        if any(n.e164 == named for n in fitting):
            return named
        return Statement("no_open_port", {})
    bound = conversation.asked_facts.get("subject")
    by_name = value != "give_up" or conversation.pressed == "/give_up_number"
    if conversation.asked in ("open_port", "port_works") and bound and by_name:
        return str(bound)
    if len(fitting) == 1 and fitting[0].port == "completed":
        return fitting[0].e164
    if not fitting:
        return Statement("no_open_port", {})
    return Statement("name_the_number", {"numbers": [n.phrase() for n in fitting]})


def take_option(work: Work, conversation: Conversation, code: str, text: str) -> Said:
    """A button with an option of account or policy was pressed."""
    if conversation.topic == "choose_account":
        account = next((a for a in candidates(work, conversation) if a.number == code), None)
        if account is None:
            return [Statement("account_not_clear", {})]
        return _take(work, conversation, account)
    if conversation.asked in ("alternatives", "exit_reason"):
        return answer(work, conversation, conversation.asked, code, text or None)
    return []


def take_alternative(work: Work, conversation: Conversation, text: str) -> Said:
    """The customer names an alternative in words; taken only where one is clearly meant."""
    account = conversation.account
    if account is None or conversation.person is None:
        return question(work, conversation, "alternative")
    offers = work.kind(account).alternatives.offers
    if not offers:
        return question(work, conversation, "alternative")
    said = set(text.casefold().split())
    words = {
        o.code: set(words_in(o.title, _language(conversation)).casefold().split()) for o in offers
    }
    scored = sorted(((len(said & words[o.code]), o.code) for o in offers), reverse=True)
    clear = len(scored) == 1 or scored[0][0] > scored[1][0]
    if not clear:
        return [Statement("which_alternative", {})]
    return answer(work, conversation, "alternatives", scored[0][1])


def confirm_closure(work: Work, conversation: Conversation, plain: bool) -> Said:
    """Close, if the customer plainly said yes to exactly this question and this quote.

    What the customer saw is what the gateway delivered in this conversation, nothing else.
    """
    case = _case(work, conversation)
    if conversation.asked not in CONFIRMATIONS or case is None:
        if conversation.account and conversation.account.status in ("closed", "converted"):
            return [closed_already(work, conversation.account)]
        return []
    if not plain:
        return [Statement("confirm_unclear", {})]
    state = cases.state_of(work, case)
    seen = set(cases.seen_by(work, case, conversation.id))
    shown = {r.code for r in state.owed if (r.code, r.facts_hash) in seen}
    try:
        confirm(
            work,
            case=case,
            person=_person(conversation),
            actor=actor_of(conversation),
            quote_id=str(conversation.asked_facts.get("quote_id")),
            shown=shown,
        )
    except Problem as problem:
        if problem.code not in ("requirements_open", "requirements_not_shown", "quote_expired"):
            raise
        return [Statement("quote_changed", {})]
    if case.state == "waiting_for_port":
        return []
    conversation.topic, conversation.wanted = "none", None
    return closing_told(work, case.account)


def closing_told(work: Work, account: Account) -> Said:
    """The receipt of an account's closure, as it was stored with it."""
    closure = cases.standing_closure(work, account)
    if closure is None:
        return []
    return [Statement(s["code"], from_json(s["facts"])) for s in closure.statements]


def stop(work: Work, conversation: Conversation) -> Said:
    """ "Never mind": nothing changes; a waiting case is withdrawn."""
    conversation.wanted = None
    topic, conversation.topic = conversation.topic, "none"
    if topic in ("reactivation", "restore"):
        return [Statement("stopped_nothing_changed", {})]
    case = _case(work, conversation)
    if case is None and conversation.person is None:
        return [Statement("stopped_nothing_changed", {})]
    if case is None:
        return [Statement("nothing_to_stop", {})]
    cases.withdraw(work, case=case, actor=actor_of(conversation))
    return [Statement("stopped", {"account": work.view(case.account).named()})]


def go_on(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Where were we?": lead on with the open case, if there is one."""
    if conversation.topic != "none":
        return []
    return wish(work, conversation, conversation.wanted or "closing", text)


def question(work: Work, conversation: Conversation, topic: str) -> Said:
    """Answer a question from policy and account; asks which account where it matters."""
    if conversation.person is None and conversation.vendor is None:
        return [Statement("vendor_unknown", {})]
    account = conversation.account
    if account is None and conversation.person is not None:
        found = cases.accounts_of(work, conversation.person)
        account = found[0] if len(found) == 1 else None
    vendor = conversation.person.vendor if conversation.person else conversation.vendor
    assert vendor is not None
    policy = work.vendor(vendor)
    if account is not None and topic in ABOUT_ACCOUNT:
        person = conversation.person
        if topic in AMOUNTS and (person is None or not cases.may_close(work, person, account)):
            rule = statements.billing_rule(policy, work.kind(account))
            return [rule, *ABOUT_ACCOUNT["who_can_cancel"](work, account)]
        return ABOUT_ACCOUNT[topic](work, account)
    told = answer_for_vendor(
        work, topic, policy, account.zone if account else _zone(work, policy.vendor)
    )
    if told is not None:
        return told
    if conversation.person is None:
        return [Statement("depends_on_account", {"sign_in_at": VendorWords(policy.sign_in_at)})]
    if not cases.accounts_of(work, conversation.person):
        return [Statement("no_account", {})]
    conversation.topic, conversation.wanted = "choose_account", topic
    return []


def _zone(work: Work, vendor: str) -> str:
    hours = work.vendor(vendor).support.hours.stated
    return hours.zone if hours else "UTC"


def consent(work: Work, conversation: Conversation) -> Said:
    """The customer agrees to reactivate at the price that was just shown."""
    account, shown = conversation.account, conversation.asked_facts
    if conversation.asked != "reactivation_consent" or account is None or "price" not in shown:
        return []
    price = Money(int(shown["price"]), str(shown["currency"]))
    try:
        reactivate(
            work,
            person=_person(conversation),
            account=account,
            actor=actor_of(conversation),
            price=price,
        )
    except Problem as problem:
        if problem.code == "price_changed":
            return [Statement("quote_changed", {})]
        raise
    conversation.topic, conversation.wanted = "restore", None
    moment = Moment(work.now, account.zone)
    told = [Statement("reactivated", {"account": work.view(account).named(), "at": moment})]
    released = any(number.status == "released" for number in account.numbers)
    late = released and not restorable_numbers(work, account)
    if late and work.kind(account).numbers.restore_otherwise_by_support:
        ways = statements.contacts(work.policy(account))
        told.append(Statement("numbers_by_support", {"contacts": ways}))
    return told


def restore(work: Work, conversation: Conversation, yes: bool) -> Said:
    """Bring released numbers back after a reactivation, or leave it."""
    account = conversation.account
    if conversation.asked != "restore_numbers" or account is None:
        return []
    conversation.topic = "none"
    if not yes:
        return [Statement("numbers_left", {})]
    count = restore_numbers(
        work, person=_person(conversation), account=account, actor=actor_of(conversation)
    )
    return [Statement("numbers_restored", {"count": count})]


def verification_ways(work: Work, conversation: Conversation) -> bool:
    """Whether a visitor can become a person by account number and security answer."""
    if conversation.vendor:
        return bool(work.vendor(conversation.vendor).verification)
    return any(policy.verification for policy in work.policies.values())


def is_plain_yes(conversation: Conversation, text: str) -> bool:
    """Whether a text is a plain yes and nothing else, in the conversation's language."""
    return _listed(conversation, text, "plain.yes")


def is_confirmation(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly confirms the closing that was just asked about."""
    return _listed(conversation, text, "plain.confirmation") or is_plain_yes(conversation, text)


def asks_for_human(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly asks for a human; needed where words must not reach the assistant."""
    return _listed(conversation, text, "plain.human")


def is_plain_no(conversation: Conversation, text: str) -> bool:
    """Whether a text is a plain no and nothing else."""
    return _listed(conversation, text, "plain.no")


def _listed(conversation: Conversation, text: str, key: str) -> bool:
    known = catalogue(_language(conversation)).text(key).split("|")
    return same_words(text) in map(same_words, known)


def same_words(text: str) -> str:
    """A text without case and punctuation, but with its question mark: "yes?" is no yes."""
    words = re.findall(r"[\w']+|\?", text.casefold().replace("’", "'"))
    return " ".join(words)
