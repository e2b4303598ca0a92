"""A visitor gives an account number, and is asked the security question of the account."""

from __future__ import annotations

from farewell.chat import wishes
from farewell.chat.inbound import question_text
from farewell.chat.naming import account_number_in
from farewell.chat.tables import Conversation
from farewell.chat.wishes import Said, verification_ways
from farewell.closing.statements import contacts
from farewell.facts import Statement, VendorWords
from farewell.work import Work

LONGEST = 40
"""Characters of an account number."""


def wish(work: Work, conversation: Conversation, what: str, text: str) -> Said:
    """A wish to close or reactivate; a visitor may give the account number along with it."""
    told = wishes.wish(work, conversation, what, text)
    number = account_number_in(text) if conversation.topic == "verify" else None
    if number is None:
        return told
    return [*told, *begin_verification(work, conversation, number)]


def begin_verification(work: Work, conversation: Conversation, said: str) -> Said:
    """Take the account number from a visitor's words; what they write next is the answer."""
    if not verification_ways(work, conversation):
        conversation.topic = "sign_in"
        return []
    with_digits = [word for word in said.split() if any(c.isdigit() for c in word)]
    if not with_digits and conversation.vendor:  # "I don't know it", "wrong account"
        policy = work.vendor(conversation.vendor)
        ways = {"sign_in_at": VendorWords(policy.sign_in_at), "contacts": contacts(policy)}
        return [Statement("account_number_needed", ways)]
    number = with_digits[0].strip(".,;:!?()#") if len(with_digits) == 1 else ""
    if conversation.person_id or not number or len(number) > LONGEST:
        return [Statement("account_number_unclear", {})]
    conversation.verifying_account = number
    conversation.topic = "none"
    return [Statement("security_question", {"question": question_text(work, conversation, number)})]
