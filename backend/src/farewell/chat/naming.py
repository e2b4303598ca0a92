"""Which account, number or day a message names, in the words of the conversation's language."""

from __future__ import annotations

from datetime import date, datetime

from farewell.accounts.matching import NamingWords, match_number, named_plainly, pointed_to
from farewell.accounts.reading import named
from farewell.accounts.spoken import DayWords, day_asked_for
from farewell.accounts.tables import Account
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
