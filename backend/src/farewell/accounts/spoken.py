"""Days, amounts and phone numbers in a customer's own words. What is not plain is not found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

import phonenumbers
from babel import Locale
from babel.dates import get_day_names
from babel.numbers import get_currency_name, get_currency_symbol
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher
from price_parser import Price

from farewell.billing.money import Money

LOOKED_AT = 500
"""Characters in which days and amounts are looked for: naming one is short, and looking is slow."""
ROUND_THE_CLOCK = "24/7"
"""Looks like the 24th of July."""
AMOUNT = re.compile(r"([^\W\d_]{1,20}|[^\w\s])?\s?(\d[\d.,]*)\s?([^\W\d_]+|[^\w\s])?")
"""Digits, with the word or sign before and after them."""


def day_named(text: str, locale: Locale, now: datetime) -> date | None:
    """The day that a text plainly names: with day and month, as a weekday to come, or counted from
    `now` (the customer's local time). None where it names none or several."""
    text = text[:LOOKED_AT]
    weekdays = {name.casefold() for name in get_day_names("wide", locale=locale).values()}
    settings = {
        "PREFER_DATES_FROM": "future",
        "RELATIVE_BASE": now.replace(tzinfo=None),
        "REQUIRE_PARTS": ["day", "month"],
    }
    language = locale.language
    found = {words: at.date() for words, at in _dates(text, language, settings)}
    named = [word for word in re.findall(r"\w+", text.casefold()) if word in weekdays]
    for word in named:
        weekday = {**settings, "REQUIRE_PARTS": []}
        found |= {words: at.date() for words, at in _dates(word, language, weekday)}
    days = set(found.values())
    return days.pop() if len(days) == 1 else None


def _dates(text: str, language: str, settings: dict[str, object]) -> list[tuple[str, datetime]]:
    # Imported at the first wish: it takes a second, which no start and no command has to wait for.
    from dateparser.search import search_dates

    found = search_dates(text, languages=[language], settings=settings) or []
    return [(words, at) for words, at in found if words.strip() != ROUND_THE_CLOCK]


def amounts_named(text: str, locale: Locale, currency: str) -> set[Money]:
    """The amounts of a currency that a text names with the currency's sign, code or name."""
    signs = {
        get_currency_symbol(currency, locale).casefold(),
        currency.casefold(),
        *(get_currency_name(currency, n, locale).split()[-1].casefold() for n in (1, 2)),
    }
    found = set()
    for before, digits, after in AMOUNT.findall(text[:LOOKED_AT]):
        amount = Price.fromstring(digits).amount
        if amount is not None and {before.casefold(), after.casefold()} & signs:
            found.add(Money.of(amount, currency))
    return found


def numbers_named(text: str, e164s: Iterable[str]) -> set[str]:
    """The whole phone numbers (E.164) that a text names, written in any usual way of the countries
    of these numbers."""
    regions = {phonenumbers.region_code_for_number(phonenumbers.parse(n)) for n in e164s}
    return {
        phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
        for region in regions
        for match in PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.POSSIBLE)
    }
