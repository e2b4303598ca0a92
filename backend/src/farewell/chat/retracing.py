"""The customer goes back: one question, or to the beginning.

What was closed stays closed, and an export that was made stays made.
"""

from __future__ import annotations

from farewell.accounts.tables import Account
from farewell.chat.answers import closed_already
from farewell.chat.leading import candidates
from farewell.chat.speaker import actor_of, case_of, person_of
from farewell.chat.tables import Conversation
from farewell.chat.wishes import leave
from farewell.closing import case as cases
from farewell.closing.taking_back import STANDING, take_back_all, take_back_last
from farewell.facts import Phrase, Statement
from farewell.lifecycle.reactivation import offer_for
from farewell.work import Work

Said = list[Statement]

IDENTIFYING = ("verify", "sign_in", "choose_vendor")
"""Topics in which a visitor is on the way to a person."""


def go_back(work: Work, conversation: Conversation) -> Said:
    """Reopen what was answered last, say what that is, and let it be asked again."""
    if conversation.awaits_message:
        conversation.awaits_message = None
        return [Statement("no_message", {})]
    if conversation.verifying_account:
        conversation.verifying_account, conversation.topic = None, "verify"
        return _reopened("account_number")
    if conversation.person is None:
        return _visitor_back(conversation)
    if conversation.topic == "approval":  # what the first person answered is not taken back here
        return [Statement("nothing_before", {})]
    case = case_of(work, conversation)
    if case is None:
        return _back_without_case(work, conversation)
    conversation.topic = "closing"
    code = take_back_last(work, case=case, actor=actor_of(conversation))
    if code == STANDING:
        return [Statement("standing_taken_back", {})]
    if code:
        return _reopened(code)
    if len(candidates(work, conversation)) == 1:
        return [Statement("nothing_before", {})]
    _choose_account_anew(work, conversation, because="other_account")
    return _reopened("choose_account")


def start_over(work: Work, conversation: Conversation) -> Said:
    """Take every answer back and ask from the beginning."""
    conversation.awaits_message, conversation.times_asked = None, 0
    if conversation.verifying_account:
        conversation.verifying_account, conversation.topic = None, "verify"
    if conversation.person is None:
        if _forget_vendor(conversation) or conversation.topic in IDENTIFYING:
            return [Statement("begun_again", {})]
        return [Statement("fresh_start", {})]
    if conversation.topic == "approval":
        return [Statement("begun_again", {})]
    case = case_of(work, conversation)
    if case is None:
        return _over_without_case(work, conversation)
    conversation.topic = "closing"
    actor, account = actor_of(conversation), work.view(case.account).named()
    take_back_all(work, case=case, viewer=conversation.id, actor=actor)
    if len(candidates(work, conversation)) > 1:
        _choose_account_anew(work, conversation, because="started_over")
    return [Statement("started_over", {"account": account})]


def _reopened(question: str) -> Said:
    return [Statement("reopened", {"question": Phrase(f"step.{question}", {})})]


def _visitor_back(conversation: Conversation) -> Said:
    if _forget_vendor(conversation):
        return _reopened("choose_vendor")
    if conversation.topic in IDENTIFYING:
        return [Statement("nothing_before", {})]
    return [Statement("nothing_to_go_back_to", {})]


def _forget_vendor(conversation: Conversation) -> bool:
    """Let a visitor choose the service anew, if it was chosen here for a wish."""
    if not (conversation.chose_vendor and conversation.wanted):
        return False
    conversation.vendor, conversation.chose_vendor = None, False
    conversation.topic = "choose_vendor"
    return True


def _back_without_case(work: Work, conversation: Conversation) -> Said:
    if conversation.topic == "reactivation" and len(candidates(work, conversation)) > 1:
        conversation.account, conversation.topic = None, "choose_account"
        return _reopened("choose_account")
    if conversation.topic == "closing":
        return []  # the case rests, and the next step says so
    if conversation.topic != "none":
        return [Statement("nothing_before", {})]
    account = conversation.account
    if account and cases.standing_closure(work, account):
        return _done(work, conversation, account)
    return [Statement("nothing_to_go_back_to", {})]


def _done(work: Work, conversation: Conversation, account: Account) -> Said:
    """A closure is not taken back here; where the policy allows it, it can be undone otherwise."""
    offer = offer_for(work, person_of(conversation), account)
    way_back = Statement("way_back", {}) if offer.possible else offer.statement
    return [closed_already(work, account), way_back]


def _over_without_case(work: Work, conversation: Conversation) -> Said:
    topic, account = conversation.topic, conversation.account
    if topic == "reactivation" and len(candidates(work, conversation)) > 1:
        conversation.account, conversation.topic = None, "choose_account"
    if topic in ("reactivation", "restore", "choose_account"):
        return [Statement("begun_again", {})]
    conversation.topic, conversation.wanted = "none", None
    closed = account is not None and cases.standing_closure(work, account)
    told = [closed_already(work, account)] if account and closed else []
    return [*told, Statement("fresh_start", {})]


def _choose_account_anew(work: Work, conversation: Conversation, *, because: str) -> None:
    leave(work, conversation, because=because)
    conversation.account, conversation.wanted = None, "closing"
    conversation.topic = "choose_account"
