"""Texts that need no guessing: a bare yes or no, a plain confirmation, a wish for a human.

The lists of words are in the catalogue, per language.
"""

from __future__ import annotations

import re

from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation

CONFIRMED = "/confirm_closure"
"""What a plain yes to the confirmation and its button stand for."""

YES, NO = "/affirm", "/deny"

WORDS_OF_A_REASON = 2
"""So many words beside those of a wish tell something."""

CONFIRMATIONS = (
    "confirm",
    "confirm_with_refund",
    "confirm_conversion",
    "confirm_standing",
    "confirm_scheduled",
    "confirm_approval",
    "approve",
)


def is_plain_yes(conversation: Conversation, text: str) -> bool:
    """Whether a text is a plain yes and nothing else, in the conversation's language."""
    return _listed(conversation, text, "plain.yes")


def is_confirmation(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly confirms the closing that was just asked about."""
    return _listed(conversation, text, "plain.confirmation") or is_plain_yes(conversation, text)


def says_it_works(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly says that the number works at the new provider."""
    return _listed(conversation, text, "plain.works")


def gives_up(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly gives up the number that it names."""
    return _listed(conversation, re.sub(r"[+()\d.\-]", " ", text), "plain.give_up")


def stops(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly leaves the check by security answer."""
    return _listed(conversation, text, "plain.stop")


def asks_for_human(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly asks for a human; needed where words must not reach the assistant."""
    said = same_words(text).split()
    words = language_of(conversation).listed("plain.human.words")
    return _listed(conversation, text, "plain.human") or (
        len(said) > 2 and any(word in said for word in words)
    )


def asks_why(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly asks what the security answer is needed for."""
    return _listed(conversation, text.rstrip("? "), "plain.why")


def asks_to_repeat(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly wants to hear the security question again."""
    return _listed(conversation, text.rstrip("? "), "plain.repeat")


def goes_back(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly goes back to the question before the security question."""
    return _listed(conversation, text, "plain.back")


def starts_over(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly begins anew."""
    return _listed(conversation, text, "plain.start_over")


def is_plain_no(conversation: Conversation, text: str) -> bool:
    """Whether a text is a plain no and nothing else."""
    return _listed(conversation, text, "plain.no")


def is_bare_wish(conversation: Conversation, text: str) -> bool:
    """Whether a text holds hardly more than a wish to close: "cancel it already"."""
    words = language_of(conversation).listed("plain.wish.words")
    return sum(word not in words for word in same_words(text).split()) < WORDS_OF_A_REASON


def _listed(conversation: Conversation, text: str, key: str) -> bool:
    known = language_of(conversation).listed(key)
    return same_words(text) in map(same_words, known)


def same_words(text: str) -> str:
    """A text without case and punctuation, but with its question mark: "yes?" is no yes."""
    words = re.findall(r"[\w']+|\?", text.casefold().replace("’", "'"))
    return " ".join(words)
