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

HAVE_DATA, NO_EXPORT = "/have_export", "/decline_export"

WORDS_OF_A_REASON = 2
"""So many words beside those of a wish tell something."""

CONFIRMATIONS = ("confirm", "confirm_with_refund", "confirm_conversion", "confirm_standing")


def is_plain_yes(conversation: Conversation, text: str) -> bool:
    """Whether a text is a plain yes and nothing else, in the conversation's language."""
    return _is_yes(conversation, text, "plain.yes.after")


def is_confirmation(conversation: Conversation, text: str) -> bool:
    """Whether a text plainly confirms the closing that was just asked about."""
    return (
        _listed(conversation, _unadorned(conversation, text), "plain.confirmation")
        or _is_yes(conversation, text, "plain.confirmation.after_yes")
        or is_plain_yes(conversation, text)
    )


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
    return _listed(conversation, _unadorned(conversation, text), "plain.no")


def has_data(conversation: Conversation, text: str) -> bool:
    """Whether a text, in reply to the offer of an export, plainly says that the data is there."""
    return _listed(conversation, _unadorned(conversation, text), "plain.has_data")


def wants_no_export(conversation: Conversation, text: str) -> bool:
    """Whether a text, in reply to the offer of an export, plainly leaves it."""
    return _listed(conversation, _unadorned(conversation, text), "plain.no_export")


def is_bare_wish(conversation: Conversation, text: str) -> bool:
    """Whether a text holds hardly more than a wish to close: "cancel it already"."""
    words = language_of(conversation).listed("plain.wish.words")
    return sum(word not in words for word in same_words(text).split()) < WORDS_OF_A_REASON


def releases(conversation: Conversation, text: str) -> bool:
    """Whether a text literally refuses to keep the numbers, and says nothing against it.

    A remark, a question or a condition releases nothing, whatever else the words resemble.
    """
    if _holds(conversation, text, "plain.remark"):
        return False
    refused = False
    for clause in _clauses(text):
        if _holds(conversation, clause, "plain.refusing"):
            refused = True
            continue
        clause = _without_answer(conversation, clause)
        negated = _holds(conversation, clause, "plain.not")
        losing = _holds(conversation, clause, "plain.losing")
        dropping = _holds(conversation, clause, "plain.dropping")
        named = _holds(conversation, clause, "plain.numbers")
        giving = _holds(conversation, clause, "plain.releasing") or (dropping and named)
        if negated and (giving or dropping or losing):
            return False
        keeping = named and _holds(conversation, clause, "plain.keeping")
        if keeping and not (negated or giving):
            return False
        refused = refused or giving or (keeping and negated)
    return refused


def says_data_is_kept(conversation: Conversation, text: str) -> bool:
    """Whether a text literally says that the customer has the data already."""
    if _holds(conversation, text, "plain.remark") or _holds(conversation, text, "plain.wanting"):
        return False
    answered = [_without_answer(conversation, clause) for clause in _clauses(text)]
    having = [clause for clause in answered if _holds(conversation, clause, "plain.having")]
    return bool(having) and not any(_holds(conversation, c, "plain.not") for c in having)


def asks_for_export(conversation: Conversation, text: str) -> bool:
    """Whether some words ask for the data: a wish that nothing may pass over."""
    return any(
        _holds(conversation, clause, "plain.exporting")
        and not _holds(conversation, clause, "plain.not")
        and not _holds(conversation, clause, "plain.having")
        for clause in _clauses(text)
    )


def leaves_export(conversation: Conversation, text: str) -> bool:
    """Whether words that were understood as a no to an export may be one.

    A remark or a question is none ("I said close it" is a wish); nor is it that the data is not
    there yet.
    """
    missing = any(
        _holds(conversation, clause, "plain.not") and _holds(conversation, clause, "plain.having")
        for clause in _clauses(text)
    )
    if missing or asks_for_export(conversation, text):
        return False
    wish = language_of(conversation).listed("plain.wish.words")
    rest = " ".join(word for word in same_words(text).split() if word not in wish)
    return not _holds(conversation, rest, "plain.remark")


def asks(conversation: Conversation, text: str, *, anyhow: bool = False) -> bool:
    """Whether a text begins as a question; `anyhow`: or ends as one."""
    said = same_words(text) + " "
    begins = any(said.startswith(f"{w} ") for w in language_of(conversation).listed("plain.asking"))
    return begins or (anyhow and said.endswith("? "))


def _is_yes(conversation: Conversation, text: str, after: str) -> bool:
    """Whether a text is made of words for yes, courtesies, and what may follow a yes: no other."""
    words = language_of(conversation)
    yes, tails = (_any_of(words.listed(key)) for key in ("plain.yes", after))
    said = _unadorned(conversation, text)
    return bool(re.fullmatch(rf"(?:{yes})(?: (?:{yes}))*(?: (?:{tails}))?", said))


def _unadorned(conversation: Conversation, text: str) -> str:
    """The words of a text without courtesies; all of them where it holds nothing else."""
    polite = _any_of(language_of(conversation).listed("plain.polite"))
    said = spelled(text)
    return " ".join(re.sub(rf"\b(?:{polite})\b", " ", said).split()) or said


def _any_of(phrases: tuple[str, ...]) -> str:
    """A pattern for one of these phrases."""
    longest_first = sorted(map(spelled, phrases), key=len, reverse=True)
    return "|".join(re.escape(phrase) for phrase in longest_first)


def _listed(conversation: Conversation, text: str, key: str) -> bool:
    return spelled(text) in map(spelled, language_of(conversation).listed(key))


def spelled(text: str) -> str:
    """The same words, however long they are drawn out: "yesss" is "yes"."""
    return re.sub(r"([^\W\d_])\1+", r"\1", same_words(text))


def _holds(conversation: Conversation, text: str, key: str) -> bool:
    """Whether a text holds one of the listed words or phrases."""
    said = f" {same_words(text)} "
    return any(f" {word} " in said for word in language_of(conversation).listed(key))


def _clauses(text: str) -> list[str]:
    """The words of a text's parts."""
    return [same_words(part) for part in re.split(r"[.,;:!\n]+|\s[-–—]+\s", text)]


def _without_answer(conversation: Conversation, clause: str) -> str:
    """A clause without a yes or no at its beginning: "no release them" refuses no release."""
    words = language_of(conversation)
    answer = _any_of((*words.listed("plain.yes"), *words.listed("plain.no")))
    return re.sub(rf"^(?:(?:{answer})\b ?)+", "", clause)


def same_words(text: str) -> str:
    """A text without case and punctuation, but with its question mark: "yes?" is no yes."""
    words = re.findall(r"[\w']+|\?", text.casefold().replace("’", "'"))
    return " ".join(words)
