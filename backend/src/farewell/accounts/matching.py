"""Find which of the customer's own accounts or numbers is meant by free words; never guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from babel import Locale

from farewell.accounts.spoken import amounts_named, numbers_named
from farewell.accounts.tables import Account
from farewell.billing.money import Money


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", _plain(text)))


def match_account(
    text: str, accounts: Sequence[Account], type_names: dict[str, str], locale: Locale
) -> Account | None:
    """The one account that the words point to: by number, by words of its name that no other of
    these accounts has, by a phone number or a price that only it has, or by its kind. None where
    they point to none or to several."""
    plain = re.sub(r"\s+", "", _plain(text))
    by_number = [a for a in accounts if re.sub(r"\s+", "", _plain(a.number)) in plain]
    if by_number:
        longest = max(len(a.number) for a in by_number)
        return _only([a for a in by_number if len(a.number) == longest])
    return (
        _by_name(text, accounts, type_names)
        or _by_phone(text, accounts)
        or _by_price(text, accounts, locale)
        or _by_kind(text, accounts, type_names)
    )


def _only(found: list[Account]) -> Account | None:
    return found[0] if len(found) == 1 else None


def _by_name(text: str, accounts: Sequence[Account], type_names: dict[str, str]) -> Account | None:
    """Words of kinds ("account", "agency") are no names: everybody says them."""
    said = _tokens(text) - _tokens(" ".join(type_names.values()))
    words = {a.id: _tokens(a.name) for a in accounts}
    scored = []
    for account in accounts:
        others = set().union(*(words[o.id] for o in accounts if o is not account))
        scored.append((len((words[account.id] - others) & said), account))
    best = max((score for score, _ in scored), default=0)
    return _only([account for score, account in scored if score == best and best > 0])


def _by_phone(text: str, accounts: Sequence[Account]) -> Account | None:
    owners = {number.e164: account for account in accounts for number in account.numbers}
    named = match_number(text, list(owners))
    return owners[named] if named else None


def _by_price(text: str, accounts: Sequence[Account], locale: Locale) -> Account | None:
    """The plan's price in the words of an amount: "the $45 one"."""
    currencies = {account.currency for account in accounts}
    named = set().union(*(amounts_named(text, locale, currency) for currency in currencies))
    return _only(
        [
            account
            for account in accounts
            if (plan := account.subscription) and Money(plan.price_minor, account.currency) in named
        ]
    )


def _by_kind(text: str, accounts: Sequence[Account], type_names: dict[str, str]) -> Account | None:
    """The whole name of a kind that only one of the accounts has, such as "the agency"."""

    def names(kind: str) -> bool:
        parts = re.findall(r"\w+", _plain(type_names.get(kind, "")))
        pattern = r"\b" + r"[\W_]*".join(map(re.escape, parts)) + r"\b"
        return bool(parts) and re.search(pattern, _plain(text)) is not None

    named = [a for a in accounts if names(a.type)]
    widest = max((len(type_names.get(a.type, "")) for a in named), default=0)
    return _only([a for a in named if len(type_names.get(a.type, "")) == widest])


def match_number(text: str, e164s: Sequence[str]) -> str | None:
    """The one number that the text names: as a whole in any usual way of writing it, or by its
    last digits (at least four). None if unclear."""
    named = numbers_named(text, e164s) & set(e164s)
    if named:
        return named.pop() if len(named) == 1 else None
    said = re.findall(r"\d{4,}", re.sub(r"[\s().\-/]+", "", text))
    found = {n for n in e164s for digits in said if n.endswith(digits)}
    return found.pop() if len(found) == 1 else None
