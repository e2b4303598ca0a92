"""What a customer wants: close, another account, go on, stop, know something.

Each takes the conversation and returns statements to say; what to ask next is worked out
separately by `leading.next_step`, so any order of wishes ends at the right question.
"""

from __future__ import annotations

from farewell.accounts.tables import Account
from farewell.chat import reasons
from farewell.chat.answered import answers_of
from farewell.chat.answers import (
    ABOUT_ACCOUNT,
    answer_for_account,
    answer_for_vendor,
    closed_already,
)
from farewell.chat.leading import candidates
from farewell.chat.naming import accounts_named, number_of_nobody
from farewell.chat.plain import CONFIRMATIONS, asks, same_words
from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation
from farewell.chat.waiting import object_to_waiting
from farewell.closing import case as cases
from farewell.closing import statements
from farewell.desk.handover import human_wanted, when_people_answer
from farewell.facts import Statement, VendorWords
from farewell.lifecycle.reactivation import restorable_numbers
from farewell.work import Work

Said = list[Statement]

CLOSING = ("closing", "closing_now")

WISHES = (*CLOSING, "reactivation", "stop")

DEPENDS = {"choose_vendor": "depends_on_service", "choose_account": "depends_on_which_account"}

AMOUNTS = ("final_bill", "refund")
"""Questions whose answers name amounts: for those who may close."""


def wish(
    work: Work, conversation: Conversation, what: str, text: str, *, all_of_them: bool = False
) -> Said:
    """The customer wants to close or to reactivate; finds the account that is meant.

    `what` is `closing`, `closing_now` (skip what can be skipped) or `reactivation`. `all_of_them`:
    every account is meant that is not named otherwise.
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
        return _no_account(conversation)
    foreign = number_of_nobody(accounts, text)
    if foreign:
        return _not_yours(work, conversation, foreign, accounts)
    kept = conversation.account
    # A price in a complaint turns nobody away from an account that is being closed.
    plainly = kept is not None and cases.open_case_of(work, kept) is not None
    meant = accounts
    if len(accounts) > 1:
        meant = accounts_named(work, conversation, text, plainly=plainly)
    if len(meant) > 1:
        return _one_at_a_time(work, conversation, meant)
    if not meant and all_of_them and conversation.topic != "closing":
        meant = _everything(candidates(work, conversation))
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


def _everything(accounts: list[Account]) -> list[Account]:
    """All of these accounts; an agency alone where it takes all others along."""
    for account in accounts:
        if all(other is account or other.parent_id == account.id for other in accounts):
            return [account]
    return accounts


def _no_account(conversation: Conversation) -> Said:
    conversation.topic, conversation.wanted = "none", None
    return [Statement("no_account", {})]


def _not_yours(work: Work, conversation: Conversation, number: str, own: list[Account]) -> Said:
    """An account number that is none of the customer's: whether it exists is nobody's business."""
    told = [Statement("not_among_yours", {"number": number})]
    if conversation.topic == "closing":
        return told
    conversation.topic = "choose_account" if len(own) > 1 else "none"
    if len(own) > 1:
        return told
    return [*told, Statement("only_account", {"account": work.view(own[0]).named()})]


def remember(work: Work, conversation: Conversation, further: list[Account]) -> Said:
    """These accounts are to be closed after the present one."""
    known = [key for key in conversation.further if key != conversation.account_id]
    ids = [account.id for account in further if account.id not in known]
    conversation.further = [*known, *(key for key in ids if key != conversation.account_id)]
    return further_told(work, conversation)


def _further(work: Work, conversation: Conversation) -> list[Account]:
    found = [work.session.get(Account, key) for key in conversation.further]
    return [account for account in found if account and account.status in ("active", "closing")]


def further_told(work: Work, conversation: Conversation, *, always: bool = False) -> Said:
    """Which account is first, and which follow. `always`: also where none follows."""
    further, present = _further(work, conversation), conversation.account
    if present is None or not (further or always):
        return []
    if not further:
        label = work.view(present).label(work.kind(present))
        return [Statement("account_found", {"account": label})]
    names = [work.view(account).named() for account in further]
    return [Statement("further_noted", {"account": work.view(present).named(), "accounts": names})]


def next_account(work: Work, conversation: Conversation) -> Said:
    """After a closing: on to the next account that the customer wanted to close."""
    further = _further(work, conversation)
    if not further:
        conversation.further = []
        return []
    conversation.wanted = "closing"
    following = Statement("further_begins", {"account": work.view(further[0]).named()})
    return [following, *take_account(work, conversation, further[0])]


def _one_at_a_time(work: Work, conversation: Conversation, named: list[Account]) -> Said:
    """Several accounts were named in one message: which is the first is asked."""
    conversation.topic = "choose_account"
    conversation.wanted = conversation.wanted or "closing"
    if conversation.wanted in CLOSING:
        conversation.further = [account.id for account in named]
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
        return _not_closed(work, conversation, account)
    left: Said = []
    if account is not conversation.account:
        left = leave(work, conversation)
    conversation.account = account
    if wanted == "reactivation":
        conversation.topic = "reactivation"
        return left
    if wanted == "stop":
        conversation.topic, conversation.wanted = "none", None
        return stop(work, conversation)
    if wanted not in CLOSING:
        conversation.topic, conversation.wanted = "none", None
        return [*left, *question(work, conversation, wanted)]
    if account.status not in ("active", "closing"):
        conversation.topic = "none"
        return [*left, closed_already(work, account)]
    conversation.topic = "closing"
    if not cases.may_close(work, person_of(conversation), account):
        return left
    return [*left, *_begin(work, conversation, account, wanted, going_on)]


def _begin(
    work: Work, conversation: Conversation, account: Account, wanted: str, going_on: bool
) -> Said:
    """Open the closing of an account, or go on with the one that is open."""
    before = cases.open_case_of(work, account)
    taken_up = before is not None and before.conversation_id != conversation.id
    if before:
        cases.ask_rested_again(work, before)
    if before and taken_up:
        before.skip_ahead = False  # said in another talk, and for that one
    case = cases.open_case(
        work, person=person_of(conversation), account=account, actor=actor_of(conversation)
    )
    case.conversation_id = conversation.id
    skips = wanted == "closing_now" and not case.skip_ahead
    case.skip_ahead = case.skip_ahead or wanted == "closing_now"
    conversation.wanted = "closing"
    conversation.further = [key for key in conversation.further if key != account.id]
    work.session.flush()
    told: Said = []
    if not going_on:
        told.append(
            Statement("account_found", {"account": work.view(account).label(work.kind(account))})
        )
        told += further_told(work, conversation)
    elif skips:
        told.append(Statement("questions_skipped", {}))
    given = answers_of(work, case)
    if taken_up and given:
        told.append(Statement("closing_continued", {"answers": given}))
    if case.state == "waiting_for_port":
        numbers = [n.phrase() for n in work.view(account).all_numbers() if n.port]
        told.append(Statement("waits_unless_given_up", {"numbers": numbers}))
    return told


def _not_closed(work: Work, conversation: Conversation, account: Account) -> Said:
    """There is nothing to reactivate; numbers may be wanted back, and a closing goes on."""
    if conversation.topic == "closing":
        conversation.wanted = "closing"
        if account.id in conversation.further:
            return further_told(work, conversation)
        return [Statement("not_closed", {"account": work.view(account).named()})]
    conversation.wanted, conversation.account = None, account
    if restorable_numbers(work, account):
        conversation.topic = "restore"
        return []
    return [Statement("not_closed", {"account": work.view(account).named()})]


def other_account_asked(work: Work, conversation: Conversation, text: str) -> Said:
    """A question that names another account than the one that is being closed turns to none."""
    present = conversation.account if conversation.topic == "closing" else None
    if present is None or not asks(conversation, text):
        return []
    named = accounts_named(work, conversation, text)
    if not named or present in named:
        return []
    names = [work.view(account).named() for account in named]
    facts = {"account": work.view(present).named(), "accounts": names}
    return [Statement("other_account_asked", facts)]


def choose_account(work: Work, conversation: Conversation, text: str) -> Said:
    """The customer names an account, also a different one than before. Nothing is guessed."""
    if conversation.topic == "choose_vendor":
        vendor = _named_vendor(work, text)
        return take_vendor(work, conversation, vendor) if vendor else []
    if conversation.person is None:
        return wish(work, conversation, "closing", text)
    accounts = cases.accounts_of(work, conversation.person)
    if not accounts:
        return _no_account(conversation)
    foreign = number_of_nobody(accounts, text)
    if foreign:
        return _not_yours(work, conversation, foreign, accounts)
    named = accounts if len(accounts) == 1 else accounts_named(work, conversation, text)
    asked = other_account_asked(work, conversation, text)
    if asked:
        return asked
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
    if not accounts:
        return _no_account(conversation)
    if len(accounts) == 1:
        return [Statement("only_account", {"account": work.view(accounts[0]).named()})]
    left = leave(work, conversation)
    coming_back = conversation.topic in ("reactivation", "restore")
    conversation.wanted = conversation.wanted or ("reactivation" if coming_back else "closing")
    present = conversation.account
    meant = [account for account in named if account is not present]
    if len(meant) > 1:
        return [*left, *_one_at_a_time(work, conversation, meant)]
    if not meant:
        meant = [account for account in candidates(work, conversation) if account is not present]
    if len(meant) != 1:
        conversation.topic = "choose_account"
        return left
    return [*left, *take_account(work, conversation, meant[0])]


def leave(work: Work, conversation: Conversation, *, because: str = "other_account") -> Said:
    """Turn away from the present account: a case that is only being talked about is stopped, and
    its reason goes along."""
    case = case_of(work, conversation)
    if case is None or case.state != "open":
        return []
    reasons.take_along(conversation, case)
    cases.withdraw(work, case=case, actor=actor_of(conversation), because=because)
    return [Statement("left_open", {"account": work.view(case.account).named()})]


def skip_ahead(work: Work, conversation: Conversation, text: str) -> Said:
    """ "Just cancel it": skip what can be skipped; every notice is still shown (rule 7)."""
    return wish(work, conversation, "closing_now", text)


def stop(work: Work, conversation: Conversation) -> Said:
    """ "Never mind": nothing changes; a waiting case is withdrawn."""
    choosing = conversation.topic == "choose_account" and conversation.wanted in WISHES
    conversation.wanted = conversation.reason = None
    conversation.further = []
    topic, conversation.topic = conversation.topic, "none"
    if topic in ("reactivation", "restore"):
        return [Statement("stopped_nothing_changed", {})]
    case = case_of(work, conversation)
    if case is None and conversation.person is None:
        return [Statement("stopped_nothing_changed", {})]
    if case is None:
        elsewhere = _stop_elsewhere(work, conversation)
        if choosing and [told.code for told in elsewhere] == ["nothing_to_stop"]:
            return [Statement("stopped_nothing_changed", {})]
        return elsewhere
    cases.withdraw(work, case=case, actor=actor_of(conversation))
    return [Statement("stopped", {"account": work.view(case.account).named()})]


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


def undecided(work: Work, conversation: Conversation) -> Said:
    """ "Not sure": nothing happens meanwhile, nor later without another question."""
    object_to_waiting(work, conversation)
    return [Statement("undecided", {})]


def not_understood(work: Work, conversation: Conversation, text: str, foreign: bool) -> Said:
    """Words that the assistant could not place. Naming an own account is a wish for it.

    `foreign`: they were understood as something that is not done here.
    """
    if conversation.topic == "choose_vendor":
        return choose_account(work, conversation, text)
    idle = conversation.person is not None and conversation.topic == "none"
    about_another = conversation.topic == "closing" and asks(conversation, text)
    if (idle or about_another) and accounts_named(work, conversation, text):
        return choose_account(work, conversation, text)
    if not foreign:  # it may have been an objection
        object_to_waiting(work, conversation)
    if conversation.asked in CONFIRMATIONS:
        return [Statement("confirm_unclear", {})]
    return [Statement("out_of_scope" if foreign else "rephrase", {})]


def question(work: Work, conversation: Conversation, topic: str) -> Said:
    """Answer a question from policy and account; asks which account where it matters."""
    if topic == "answers" and conversation.person is None:
        return [Statement("nothing_answered", {})]
    if conversation.person is None and conversation.vendor is None:
        return _which_first(conversation, "choose_vendor", topic)
    account = conversation.account
    if account is None and conversation.person is not None:
        found = cases.accounts_of(work, conversation.person)
        account = found[0] if len(found) == 1 else None
    wants_back = account is not None and topic == "numbers" and conversation.topic == "none"
    if account and wants_back and restorable_numbers(work, account):
        conversation.account, conversation.topic = account, "restore"
        return []
    vendor = conversation.person.vendor if conversation.person else conversation.vendor
    assert vendor is not None
    policy = work.vendor(vendor)
    if account is not None and topic in ABOUT_ACCOUNT:
        person = conversation.person
        if topic in AMOUNTS and (person is None or not cases.may_close(work, person, account)):
            rule = statements.billing_rule(policy, work.kind(account))
            return [rule, *ABOUT_ACCOUNT["who_can_cancel"](work, account)]
        if topic == "answers" and not (person and cases.may_close(work, person, account)):
            return [Statement("nothing_answered", {})]
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
