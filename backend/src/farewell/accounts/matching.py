"""Find which of the customer's own accounts or numbers is meant by free words; never guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale

from farewell.accounts.spoken import amounts_named, holds, numbers_named
from farewell.billing.money import Money

DASHES = r"\-\u2010-\u2015"
DIGITS = re.compile(rf"(?<!\w)(?<![^\W\d_][{DASHES}])\d(?:[\s().\-/]*\d)*(?!\w)")
"""Digits as in a phone number, which are no part of a word or of a number such as `T-1005`."""


@dataclass(frozen=True)
class Named:
    """What a customer may call an account by. `kind` is its type in the customer's language."""

    number: str
    name: str
    kind: str
    e164s: tuple[str, ...]
    price: Money | None


@dataclass(frozen=True)
class NamingWords:
    """A language's words around names and digits, in lower case."""

    kinds: Sequence[str]
    """All kinds of account: words that everybody says, so that they name none."""
    account: Sequence[str]
    """Right before an account number that is nothing but digits."""
    phone: Sequence[str]
    """Of which one makes four digits the end of a phone number: "line", "ending"."""
    card: Sequence[str]
    """After which digits are never a phone number's."""


def named_plainly(
    text: str, accounts: Sequence[Named], words: NamingWords, *, asked: bool = False
) -> list[Named]:
    """The accounts that a text names by number, by words of the name that no other of these
    accounts has, or by a whole phone number.

    `asked`: it was just asked which account is meant.
    """
    said = numbers_named(text, [e164 for account in accounts for e164 in account.e164s])
    by_name = _by_name(text, accounts, words.kinds)
    return [
        account
        for account in accounts
        if _by_number(text, account.number, words, asked)
        or account in by_name
        or said & set(account.e164s)
    ]


def pointed_to(
    text: str,
    accounts: Sequence[Named],
    words: NamingWords,
    locale: Locale,
    *,
    asked: bool = False,
) -> list[Named]:
    """The accounts that are named plainly, else those that the last digits of a phone number, a
    price or a kind tells from the others. Empty where the words point to none."""
    return (
        named_plainly(text, accounts, words, asked=asked)
        or _by_last_digits(text, accounts, words, asked)
        or _by_price(text, accounts, locale)
        or _by_kind(text, accounts)
    )


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", _plain(text)))


def _by_number(text: str, number: str, words: NamingWords, asked: bool) -> bool:
    """Whole, with spaces and dashes as the customer likes. Mere digits often are something else."""
    parts = re.findall(r"[^\W\d_]+|\d+", _plain(number))
    written = rf"[\s{DASHES}]*".join(map(re.escape, parts))
    alone = rf"\W*{written}\W*"
    whole = rf"(?<!\w)(?<!\w[{DASHES}]){written}(?![{DASHES}]?\w)"
    if not parts:
        return False
    if number.isdigit() and not asked and not re.fullmatch(alone, _plain(text)):
        whole = rf"(?:#|\b(?:{'|'.join(map(re.escape, words.account))})[\s#:.]+){whole}"
    return re.search(whole, _plain(text)) is not None


def _by_name(text: str, accounts: Sequence[Named], kinds: Sequence[str]) -> list[Named]:
    said = _tokens(text) - _tokens(" ".join(kinds))
    own = {account.number: _tokens(account.name) for account in accounts}

    def words_of_others(account: Named) -> set[str]:
        return set().union(*(own[other.number] for other in accounts if other is not account))

    return [a for a in accounts if (own[a.number] - words_of_others(a)) & said]


def _by_last_digits(
    text: str, accounts: Sequence[Named], words: NamingWords, asked: bool
) -> list[Named]:
    e164s = [e164 for account in accounts for e164 in account.e164s]
    found = _ending(text, e164s, words, asked)
    return [account for account in accounts if found & set(account.e164s)]


def _by_price(text: str, accounts: Sequence[Named], locale: Locale) -> list[Named]:
    """The plan's price in the words of an amount, if no two have it: "the $45 one"."""
    currencies = {account.price.currency for account in accounts if account.price}
    said = set().union(*(amounts_named(text, locale, currency) for currency in currencies))
    found = [account for account in accounts if account.price in said]
    return found if len({account.price for account in found}) == len(found) else []


def _by_kind(text: str, accounts: Sequence[Named]) -> list[Named]:
    """The whole name of a kind that only one of the accounts has, such as "the agency"."""

    def says(kind: str) -> bool:
        parts = re.findall(r"\w+", _plain(kind))
        pattern = r"\b" + r"[\W_]*".join(map(re.escape, parts)) + r"\b"
        return bool(parts) and re.search(pattern, _plain(text)) is not None

    said = [account for account in accounts if says(account.kind)]
    widest = max((len(account.kind) for account in said), default=0)
    found = [account for account in said if len(account.kind) == widest]
    return found if len(found) == 1 else []


def match_number(
    text: str, e164s: Sequence[str], words: NamingWords, *, asked: bool = False
) -> str | None:
    """The one number that the text names: as a whole in any usual way of writing it, or by its
    last digits (at least four). None if unclear.

    `asked`: the text is about a number, whether or not it says so.
    """
    found = numbers_named(text, e164s) & set(e164s) or _ending(text, e164s, words, asked)
    return found.pop() if len(found) == 1 else None


def _ending(text: str, e164s: Sequence[str], words: NamingWords, asked: bool) -> set[str]:
    """The numbers whose last digits a text names, where its digits are a phone number's."""
    about_a_number = asked or holds(text, words.phone) or not re.search(r"[^\W\d_]", text)
    if not about_a_number:
        return set()
    ends = [
        re.sub(r"\D", "", match[0])
        for match in DIGITS.finditer(text)
        if not holds(text[: match.start()], words.card)
    ]
    by_end = [{e164 for e164 in e164s if len(end) >= 4 and e164.endswith(end)} for end in ends]
    return set().union(*(found for found in by_end if len(found) == 1))
