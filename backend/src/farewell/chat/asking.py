"""The open question of a conversation: what it is about, and how often it was asked in a row."""

from __future__ import annotations

from typing import Any, Literal

from farewell.chat.tables import Conversation
from farewell.facts import fingerprint

Asking = Literal["first", "again", "with_human"]
"""How a question is worded: fully, shorter, and with a way to a human."""

ASKED_BY_FORMS = {"verify_account": "account_number", "leave_message": "handover_message"}
"""Steps whose question the assistant asks under the name of a form's slot."""


def asking(conversation: Conversation, step: str, about: dict[str, str]) -> Asking:
    """How the question of the next step is worded."""
    key = _key(conversation, ASKED_BY_FORMS.get(step, step), about)
    if key != conversation.asked_key or conversation.times_asked == 0:
        return "first"
    return "again" if conversation.times_asked == 1 else "with_human"


def note_asked(conversation: Conversation, question: str | None) -> None:
    """Note the question that was delivered; None where nothing is asked."""
    if question is None:
        forget_question(conversation)
        return
    key = _key(conversation, question, conversation.step_facts)
    before = conversation.times_asked if key == conversation.asked_key else 0
    conversation.asked, conversation.asked_key = question, key
    conversation.asked_facts, conversation.times_asked = conversation.step_facts, before + 1


def forget_question(conversation: Conversation) -> None:
    """No question is open any more."""
    conversation.asked, conversation.asked_key = None, None
    conversation.asked_facts, conversation.times_asked = {}, 0


def _key(conversation: Conversation, question: str, about: dict[str, Any]) -> str:
    """A question with what it is about: another account, quote or number is another question."""
    return f"{question}:{fingerprint({**about, 'account_id': conversation.account_id})}"
