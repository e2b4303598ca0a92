"""Texts that need no guessing: a bare yes or no, a plain confirmation, a wish for a human.

The lists of words are in the catalogue, per language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from farewell.accounts.spoken import holds
from farewell.chat.speaker import language_of
from farewell.chat.tables import Conversation
from farewell.policy.model import AccountType, words_in

CONFIRMED = "/confirm_closure"
"""What a plain yes to the confirmation and its button stand for."""

YES, NO = "/affirm", "/deny"

WORDS_OF_A_REASON = 2
"""So many words beside those of a wish tell something."""

WORDS_OF_A_QUESTION = 3
"""So many words begin with a question word only where something is asked."""

CONFIRMATIONS = ("confirm", "confirm_with_refund", "confirm_conversion", "confirm_standing")


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


def asks(conversation: Conversation, text: str) -> bool:
    """Whether a text is a question, with its mark or by its first words."""
    words = language_of(conversation)
    said = same_words(text).split()
    while said and said[0] in words.listed("plain.asking.before"):
        said = said[1:]
    if text.rstrip().endswith("?"):
        return True
    if len(said) < WORDS_OF_A_QUESTION:
        return False
    helping = words.listed("plain.asking.helping"), words.listed("plain.asking.who")
    return _begins(said, words.listed("plain.asking")) or (
        said[0] in helping[0] and said[1] in helping[1]
    )


def _begins(said: list[str], beginnings: Sequence[str]) -> bool:
    return any(said[: len(words)] == words for words in map(str.split, beginnings))


def objects(conversation: Conversation, text: str) -> bool:
    """Whether a text holds a word with which somebody objects, and asks nothing: "hold on"."""
    words = language_of(conversation)
    said = same_words(text).split()
    if said and said[0] in words.listed("plain.asking"):
        return False
    return _holds(conversation, text, "plain.objection")


def waits(conversation: Conversation, text: str) -> bool:
    """Whether a text only wants a moment: "hold on"."""
    return _listed(conversation, text, "plain.wait")


def takes_number_back(conversation: Conversation, text: str, *, named: bool) -> bool:
    """Whether a text keeps a number that was given up: "don't give it up", "I changed my mind about
    that number". `named`: it names such a number."""
    if _holds(conversation, text, "plain.given_up"):
        return _holds(conversation, text, "plain.objection")
    about = named or _holds(conversation, text, "plain.number")
    return about and _holds(conversation, text, "plain.keeping")


def says_it_fails(conversation: Conversation, text: str, *, named: bool, pointing: bool) -> bool:
    """Whether a text says that a ported number does not work. `named`: it names one. `pointing`:
    "it" means the number."""
    about = named or _holds(conversation, text, "plain.number")
    return (about or pointing) and _holds(conversation, text, "plain.failing")


def excepts(conversation: Conversation, text: str) -> bool:
    """Whether a text holds a word that leaves something out: "but not …", "keep …"."""
    return _holds(conversation, text, "plain.except")


def names_kind(conversation: Conversation, text: str, kind: AccountType) -> bool:
    """Whether a text holds the name of a kind of account."""
    name = words_in(kind.name, language_of(conversation).language)
    return holds(text, [name.casefold()])


def changes_reason(conversation: Conversation, text: str) -> bool:
    """Whether a text wants another reason noted than the one that was given."""
    return _holds(conversation, text, "plain.change_reason")


def adds(conversation: Conversation, text: str) -> bool:
    """Whether a text adds something to what is being done: "also", "afterwards"."""
    return _holds(conversation, text, "plain.adding")


def names_the_other(conversation: Conversation, text: str) -> bool:
    """Whether a text means the only other account: "the other one"."""
    return _holds(conversation, text, "naming.other")


def is_bare_number(text: str) -> bool:
    """Whether a text is digits as in a phone number, and nothing else."""
    return re.fullmatch(r"[\s()+\d./\-\u2010-\u2015]*\d[\s.!)]*", text) is not None


def is_about_a_port(conversation: Conversation, text: str) -> bool:
    """Whether a text speaks of a number or its port."""
    return any(c.isdigit() for c in text) or _holds(conversation, text, "plain.number")


def _holds(conversation: Conversation, text: str, key: str) -> bool:
    return holds(text.replace("’", "'"), language_of(conversation).listed(key))


def _listed(conversation: Conversation, text: str, key: str) -> bool:
    known = language_of(conversation).listed(key)
    return same_words(text) in map(same_words, known)


def same_words(text: str) -> str:
    """A text without case and punctuation, but with its question mark: "yes?" is no yes."""
    words = re.findall(r"[\w']+|\?", text.casefold().replace("’", "'"))
    return " ".join(words)
