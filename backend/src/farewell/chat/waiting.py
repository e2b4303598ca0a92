"""An objection to a closing that waits for a port: it no longer closes without another question."""

from __future__ import annotations

from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing.tables import ClosingCase
from farewell.work import Work


def object_to_waiting(work: Work, conversation: Conversation) -> bool:
    """Take the standing confirmation back: the cases of this conversation, or of this person, that
    wait for a port ask again at the end. Returns whether there was any."""
    waiting = _waiting(work, conversation)
    for case in waiting:
        cases.ask_again(case)
        case.touched_at = work.now
    if waiting:
        conversation.objected = True
        conversation.account = conversation.account or waiting[0].account
        work.session.flush()
    return bool(waiting)


def _waiting(work: Work, conversation: Conversation) -> list[ClosingCase]:
    person = conversation.person
    if person is None or conversation.awaits_message:
        return []
    accounts = cases.accounts_of(work, person)
    if conversation.account is not None:
        accounts = [conversation.account]
    found = [
        cases.open_case_of(work, account)
        for account in accounts
        if cases.may_close(work, person, account)
    ]
    return [case for case in found if case is not None and case.state == "waiting_for_port"]
