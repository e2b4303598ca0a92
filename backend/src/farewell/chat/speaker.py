"""Who speaks in a conversation, and which case they are in."""

from __future__ import annotations

from farewell.accounts.tables import Person
from farewell.audit import Actor
from farewell.chat.tables import Conversation
from farewell.closing import case as cases
from farewell.closing.tables import ClosingCase
from farewell.errors import Problem
from farewell.i18n import ENGLISH, Catalogue, catalogue
from farewell.work import Work


def actor_of(conversation: Conversation) -> Actor:
    """Who acts in a conversation."""
    who = f"person:{conversation.person_id}" if conversation.person_id else "visitor"
    return Actor(who, "chat")


def person_of(conversation: Conversation) -> Person:
    """The signed-in person.

    Raises Problem 403 for a visitor.
    """
    if conversation.person is None:
        raise Problem(403, "not_signed_in", "Nobody is signed in to this conversation.")
    return conversation.person


def language_of(conversation: Conversation) -> Catalogue:
    """The words of the conversation: in the language of the page that a visitor came from, else
    in the person's, else in English."""
    person = conversation.person
    return catalogue(conversation.language or (person.language if person else ENGLISH))


def case_of(work: Work, conversation: Conversation) -> ClosingCase | None:
    """The open case of the conversation's account, if the person may close it."""
    if conversation.account is None or conversation.person is None:
        return None
    if not cases.may_close(work, conversation.person, conversation.account):
        return None
    return cases.open_case_of(work, conversation.account)
