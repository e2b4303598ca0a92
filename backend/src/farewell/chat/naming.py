"""Which account, number or day a message names, in the words of the conversation's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from farewell.accounts.matching import NamingWords, match_number, named_plainly, pointed_to
from farewell.accounts.reading import named
from farewell.accounts.spoken import DayWords, day_asked_for, holds
from farewell.accounts.tables import Account, PhoneNumber
from farewell.chat.leading import candidates
from farewell.chat.speaker import language_of, person_of
from farewell.chat.tables import Conversation
from farewell.closing.case import accounts_of
from farewell.i18n import Catalogue
from farewell.policy.model import words_in
from farewell.work import Work


def accounts_named(
    work: Work, conversation: Conversation, text: str, *, plainly: bool = False
) -> list[Account]:
    """The customer's own accounts that the words point to; those that fit the wish come first.

    `plainly`: by account number, words of the name or a whole phone number, and nothing else.
    """
    person, words = person_of(conversation), language_of(conversation)
    kinds = {
        key: words_in(kind.name, words.language)
        for key, kind in work.vendor(person.vendor).account_types.items()
    }
    around = _naming_words(words, tuple(kinds.values()))
    asked = conversation.topic == "choose_account"
    for accounts in (candidates(work, conversation), accounts_of(work, person)):
        by_name = {named(account, kinds.get(account.type, "")): account for account in accounts}
        if plainly:
            found = named_plainly(text, [*by_name], around, asked=asked)
        else:
            found = pointed_to(text, [*by_name], around, words.locale, asked=asked)
        if found:
            return [by_name[one] for one in found]
    return []


def number_named(conversation: Conversation, text: str, e164s: list[str]) -> str | None:
    """The one of these numbers that the text, which is about a number, names. None if unclear."""
    around = _naming_words(language_of(conversation), ())
    return match_number(text, e164s, around, asked=True)


ACCOUNT_NUMBER = re.compile(r"(?<![\w-])([^\W\d_]{1,4})-\d{3,10}(?![\w-])")
"""Letters, a dash and digits."""
LETTERS_OF_ANY = 2
"""Of a number with so many letters it can be told without an account; `INV-2044` is an invoice."""


def number_of_nobody(own: list[Account], text: str) -> str | None:
    """An account number that the text holds and that is none of these accounts', though it begins
    like theirs. None where it names one of them."""
    said = list(ACCOUNT_NUMBER.finditer(text))
    numbers = {account.number.casefold() for account in own}
    if any(match[0].casefold() in numbers for match in said):
        return None
    letters = {number.partition("-")[0] for number in numbers}
    return next((match[0] for match in said if match[1].casefold() in letters), None)


def account_number_in(text: str) -> str | None:
    """The one account number in a visitor's words."""
    said = [m[0] for m in ACCOUNT_NUMBER.finditer(text) if len(m[1]) <= LETTERS_OF_ANY]
    return said[0] if len(said) == 1 else None


def numbers_meant(
    conversation: Conversation, text: str, numbers: Sequence[PhoneNumber]
) -> list[PhoneNumber]:
    """The ones of these numbers that a text names, by number or by label."""
    e164 = number_named(conversation, text, [number.e164 for number in numbers])
    if e164 is not None:
        return [number for number in numbers if number.e164 == e164]
    return [n for n in numbers if n.label and holds(text, [n.label.casefold()])]


def day_named(conversation: Conversation, text: str, now: datetime) -> date | None:
    """The day on which the customer plainly wants something; `now` is their local time."""
    words = language_of(conversation)
    around = DayWords(
        asking=words.listed("day.asking"),
        wishing=words.listed("day.wishing"),
        other=words.listed("day.other"),
        after_tomorrow=words.listed("day.after_tomorrow"),
        month_end=words.listed("day.month_end"),
        joining=words.listed("day.joining"),
    )
    return day_asked_for(text, words.locale, now, around)


def _naming_words(words: Catalogue, kinds: tuple[str, ...]) -> NamingWords:
    return NamingWords(
        kinds=kinds,
        account=words.listed("naming.account"),
        phone=words.listed("naming.phone"),
        card=words.listed("naming.card"),
    )
