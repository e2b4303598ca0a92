"""What a customer wants: close, another account, go on, stop, know something.

Each takes the conversation and returns statements to say; what to ask next is worked out
separately by `leading.next_step`, so any order of wishes ends at the right question.
"""

from __future__ import annotations

from farewell.accounts.tables import Account, Person
from farewell.chat import reasons
from farewell.chat.answers import (
    ABOUT_ACCOUNT,
    answer_for_account,
    answer_for_vendor,
    closed_already,
)
from farewell.chat.leading import candidates
from farewell.chat.naming import accounts_named
from farewell.chat.plain import same_words
from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.closing.approval import awaited_from, second_blocker
from farewell.desk.handover import human_wanted, when_people_answer
from farewell.facts import Statement, VendorWords
from farewell.work import Work

Said = list[Statement]

CLOSING = ("closing", "closing_now")

WISHES = (*CLOSING, "reactivation", "stop")

DEPENDS = {"choose_vendor": "depends_on_service", "choose_account": "depends_on_which_account"}

AMOUNTS = ("final_bill", "refund")
"""Questions whose answers name amounts: for those who may close."""


def wish(work: Work, conversation: Conversation, what: str, text: str) -> Said:
    """The customer wants to close or to reactivate; finds the account that is meant.

    `what` is `closing`, `closing_now` (skip what can be skipped) or `reactivation`.
    """
    conversation.wanted = what
    if conversation.person is None and conversation.vendor is None:
        conversation.topic = "choose_vendor"
        return []
    if conversation.person is None:
        ways = verification_ways(work, conversation)
        conversation.topic = "verify" if ways else "sign_in"
        return []
    accounts = cases.accounts_of(work, conversation.person)
    if not accounts:
        conversation.topic = "none"
        return [Statement("no_account", {})]
    kept = conversation.account
    # A price in a complaint turns nobody away from an account that is being closed.
    plainly = kept is not None and cases.open_case_of(work, kept) is not None
    meant = accounts
    if len(accounts) > 1:
        meant = accounts_named(work, conversation, text, plainly=plainly)
    if len(meant) > 1:
        return _one_at_a_time(work, conversation, meant)
    if not meant and kept is not None and _fits(kept, what):
        meant = [kept]
    if not meant:
        meant = candidates(work, conversation)
    if len(meant) > 1:
        conversation.topic = "choose_account"
        return []
    return take_account(work, conversation, meant[0])


def _one_at_a_time(work: Work, conversation: Conversation, named: list[Account]) -> Said:
    """Several accounts were named in one message: which is the first is asked."""
    conversation.topic = "choose_account"
    conversation.wanted = conversation.wanted or "closing"
    return [Statement("one_account_at_a_time", {"accounts": [work.view(a).named() for a in named]})]


def _fits(account: Account, what: str) -> bool:
    closed = account.status in ("closed", "converted", "purged")
    return closed if what == "reactivation" else not closed


def take_account(work: Work, conversation: Conversation, account: Account) -> Said:
    """Go on with an account: lead through what the customer wanted."""
    in_closing = conversation.topic == "closing"
    going_on = in_closing and conversation.account is account
    wanted = conversation.wanted or "closing"
    if wanted == "reactivation" and _fits(account, "closing"):
        # Nothing to reactivate; a closing that is being talked about goes on.
        conversation.wanted = "closing" if in_closing else None
        conversation.account = conversation.account if in_closing else account
        return [Statement("not_closed", {"account": work.view(account).named()})]
    if account is not conversation.account:
        leave(work, conversation)
    conversation.account = account
    if wanted == "reactivation":
        conversation.topic = "reactivation"
        return []
    if wanted == "stop":
        conversation.topic, conversation.wanted = "none", None
        return stop(work, conversation)
    if wanted not in CLOSING:
        conversation.topic, conversation.wanted = "none", None
        return question(work, conversation, wanted)
    if account.status not in ("active", "closing"):
        conversation.topic = "none"
        return [closed_already(work, account)]
    conversation.topic = "closing"
    person = person_of(conversation)
    if not cases.may_close(work, person, account):
        return []
    before = cases.open_case_of(work, account)
    if before is None and second_blocker(work, person, account):
        return []
    if before:
        cases.ask_rested_again(work, before)
    case = cases.open_case(work, person=person, account=account, actor=actor_of(conversation))
    case.skip_ahead = case.skip_ahead or wanted == "closing_now"
    conversation.wanted = "closing"
    work.session.flush()
    if going_on:
        return []
    return [Statement("account_found", {"account": work.view(account).label(work.kind(account))})]


def choose_account(work: Work, conversation: Conversation, text: str) -> Said:
    """The customer names an account, also a different one than before. Nothing is guessed."""
    if conversation.topic == "choose_vendor":
        vendor = _named_vendor(work, text)
        return take_vendor(work, conversation, vendor) if vendor else []
    if conversation.person is None:
        return wish(work, conversation, "closing", text)
    accounts = cases.accounts_of(work, conversation.person)
    named = accounts if len(accounts) == 1 else accounts_named(work, conversation, text)
    if len(named) > 1:
        return _one_at_a_time(work, conversation, named)
    conversation.wanted = conversation.wanted or "closing"
    if not named:
        conversation.topic = "choose_account"
        return [Statement("account_not_clear", {})]
    return take_account(work, conversation, named[0])


def change_account(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Wrong account": leave the present one unchanged and ask, or take the one that is named."""
    if conversation.person is None:
        return wish(work, conversation, "closing", text)
    named = accounts_named(work, conversation, text)
    accounts = cases.accounts_of(work, conversation.person)
    if len(accounts) == 1:
        return [Statement("only_account", {"account": work.view(accounts[0]).named()})]
    leave(work, conversation)
    coming_back = conversation.topic in ("reactivation", "restore")
    conversation.wanted = conversation.wanted or ("reactivation" if coming_back else "closing")
    present = conversation.account
    meant = [account for account in named if account is not present]
    if len(meant) > 1:
        return _one_at_a_time(work, conversation, meant)
    if not meant:
        meant = [account for account in candidates(work, conversation) if account is not present]
    if len(meant) != 1:
        conversation.topic = "choose_account"
        return []
    return take_account(work, conversation, meant[0])


def leave(work: Work, conversation: Conversation, *, because: str = "other_account") -> None:
    """Turn away from the present account: a case that is only being talked about is stopped, and
    its reason goes along."""
    case = case_of(work, conversation)
    if case and case.state == "open":
        reasons.take_along(conversation, case)
        cases.withdraw(work, case=case, actor=actor_of(conversation), because=because)


def skip_ahead(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Just cancel it": skip what can be skipped; every notice is still shown (rule 7)."""
    return wish(work, conversation, "closing_now", text)


def stop(work: Work, conversation: Conversation) -> Said:
    """ "Never mind": nothing changes; a waiting case is withdrawn."""
    conversation.wanted = conversation.reason = None
    topic, conversation.topic = conversation.topic, "none"
    if topic in ("reactivation", "restore"):
        return [Statement("stopped_nothing_changed", {})]
    if topic == "approval":
        return [Statement("approval_left_open", {})]
    case = case_of(work, conversation)
    if case is None and conversation.person is None:
        return [Statement("stopped_nothing_changed", {})]
    if case is None:
        return _stop_elsewhere(work, conversation)
    code = "schedule_withdrawn" if cases.is_scheduled(case) else "stopped"
    cases.withdraw(work, case=case, actor=actor_of(conversation))
    return [Statement(code, {"account": work.view(case.account).named()})]


def _stop_elsewhere(work: Work, conversation: Conversation) -> Said:
    """Nothing is being closed in this conversation; perhaps in another one."""
    person = person_of(conversation)
    accounts = [
        account
        for account in cases.accounts_of(work, person)
        if cases.may_close(work, person, account) and cases.open_case_of(work, account)
    ]
    if not accounts:
        return [Statement("nothing_to_stop", {})]
    if len(accounts) == 1:
        conversation.account = accounts[0]
        return stop(work, conversation)
    conversation.topic, conversation.wanted = "choose_account", "stop"
    return []


def take_vendor(work: Work, conversation: Conversation, vendor: str) -> Said:
    """A visitor says which service it is about; go on with what was wanted."""
    conversation.vendor, conversation.topic = vendor, "none"
    conversation.chose_vendor = True
    wanted, conversation.wanted = conversation.wanted or "closing", None
    told = []
    if human_wanted(work, conversation):
        told = [when_people_answer(work.vendor(vendor), work, _zone(work, vendor))]
    if wanted in (*CLOSING, "reactivation"):
        return [*told, *wish(work, conversation, wanted, "")]
    return told if wanted == "human" else [*told, *question(work, conversation, wanted)]


def _named_vendor(work: Work, text: str) -> str | None:
    said = same_words(text)
    named = [
        code
        for code, policy in work.policies.items()
        if any(same_words(name) in said for name in (*policy.name.values(), code))
    ]
    return named[0] if len(named) == 1 else None


def go_on(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Where were we?": lead on with the open case, if there is one."""
    rests = conversation.topic == "closing" and case_of(work, conversation) is None
    if conversation.topic != "none" and not rests:
        return []
    return wish(work, conversation, conversation.wanted or "closing", text)


def not_understood(work: Work, conversation: Conversation, text: str, foreign: bool) -> Said:
    """Words that the assistant could not place. Naming an own account is a wish for it.

    `foreign`: they were understood as something that is not done here.
    """
    if conversation.topic == "choose_vendor":
        return choose_account(work, conversation, text)
    idle = conversation.person is not None and conversation.topic == "none"
    if idle and accounts_named(work, conversation, text):
        return choose_account(work, conversation, text)
    return [Statement("out_of_scope" if foreign else "rephrase", {})]


def question(work: Work, conversation: Conversation, topic: str) -> Said:
    """Answer a question from policy and account; asks which account where it matters."""
    if conversation.person is None and conversation.vendor is None:
        return _which_first(conversation, "choose_vendor", topic)
    account = conversation.account
    if account is None and conversation.person is not None:
        found = cases.accounts_of(work, conversation.person)
        account = found[0] if len(found) == 1 else None
    vendor = conversation.person.vendor if conversation.person else conversation.vendor
    assert vendor is not None
    policy = work.vendor(vendor)
    if account is not None and topic in ABOUT_ACCOUNT:
        person = conversation.person
        if topic in AMOUNTS and (person is None or not _may_see_amounts(work, person, account)):
            rule = statements.billing_rule(policy, work.kind(account))
            return [rule, *ABOUT_ACCOUNT["who_can_cancel"](work, account)]
        if topic == "data_export" and not (person and cases.may_close(work, person, account)):
            topic = "data_retention"  # the archive is for those who may close
        return answer_for_account(work, topic, account)
    told = None
    if conversation.person is None or topic not in AMOUNTS:
        zone = account.zone if account else _zone(work, policy.vendor)
        told = answer_for_vendor(work, topic, policy, zone)
    if told is not None:
        return told
    if conversation.person is None:
        return [Statement("depends_on_account", {"sign_in_at": VendorWords(policy.sign_in_at)})]
    if not cases.accounts_of(work, conversation.person):
        return [Statement("no_account", {})]
    return _which_first(conversation, "choose_account", topic)


def _may_see_amounts(work: Work, person: Person, account: Account) -> bool:
    """Amounts are for those who may close, and for whom a closing waits as the second person."""
    asked = awaited_from(work, person, account) is not None
    return asked or cases.may_close(work, person, account)


def _which_first(conversation: Conversation, which: str, topic: str) -> Said:
    """An answer that depends on service or account waits for it; a wish that waits already is not
    forgotten over it."""
    if conversation.topic == which and conversation.wanted in WISHES:
        return [Statement(DEPENDS[which], {})]
    conversation.topic, conversation.wanted = which, topic
    return []


def _zone(work: Work, vendor: str) -> str:
    hours = work.vendor(vendor).support.hours.stated
    return hours.zone if hours else "UTC"


def verification_ways(work: Work, conversation: Conversation) -> bool:
    """Whether a visitor can become a person by account number and security answer."""
    if conversation.vendor:
        return bool(work.vendor(conversation.vendor).verification)
    return any(policy.verification for policy in work.policies.values())
