"""Days, amounts and phone numbers in a customer's own words. What is not plain is not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
CLAUSE_END = r"[;!?\n]+|,(?=\s)(?!\s*\d{4}\b)|(?<!\d)\.(?=\s)"
"""Where a clause ends; the comma before a year ends none."""


@dataclass(frozen=True)
class DayWords:
    """A language's words around a day, in lower case."""

    asking: Sequence[str]
    """Right before a day that is asked for: "by", "effective"."""
    wishing: Sequence[str]
    """Somewhere before such a day: "cancel", "I want"."""
    other: Sequence[str]
    """Beside which a day is another one, mostly one of the past: "since", "charged"."""
    after_tomorrow: Sequence[str]
    month_end: Sequence[str]
    joining: Sequence[str]
    """After which another clause begins: "because", "and"."""


@dataclass(frozen=True)
class _Found:
    """A day, and the characters that name it."""

    start: int
    end: int
    day: date


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether a text holds one of these words or phrases, whole."""
    return re.search(_any_of(words), text.casefold()) is not None


def _any_of(words: Sequence[str]) -> str:
    return rf"\b(?:{'|'.join(map(re.escape, words))})\b"


def day_asked_for(text: str, locale: Locale, now: datetime, words: DayWords) -> date | None:
    """The day on which something is plainly asked for: with day and month, as a weekday to come, or
    counted from `now` (the customer's local time). None where there is none or several."""
    text = text[:LOOKED_AT].casefold()
    known = list(_known_days(text, now.date(), words))
    for found in known:  # which the parser would misread
        text = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    cut = re.compile(f"{CLAUSE_END}|{_any_of(words.joining)}")
    ends = [0, *(match.end() for match in cut.finditer(text)), len(text)]
    by_clause: dict[tuple[int, int], list[_Found]] = {}
    for found in [*known, *_days_in(text, locale, now)]:
        start = max(end for end in ends if end <= found.start)
        end = min(end for end in ends if end >= found.end)
        by_clause.setdefault((start, end), []).append(found)
    days = {
        found.day
        for (start, end), named in by_clause.items()
        for found in named
        if len({one.day for one in named}) == 1
        and _is_asked_for(text[start:end], found.start - start, words)
    }
    return days.pop() if len(days) == 1 else None


def _is_asked_for(clause: str, at: int, words: DayWords) -> bool:
    """Whether a clause asks for the day at a position in it."""
    if holds(clause, words.other):
        return False
    asked = re.match(rf"\W*(?:{_any_of(words.asking)}\W*)+", clause)
    nothing_else_before = asked is not None and asked.end() >= at
    return nothing_else_before or holds(clause[:at], words.wishing)


def _known_days(text: str, today: date, words: DayWords) -> Iterator[_Found]:
    """The days for which a language's words are listed."""
    month_end = (today.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for phrases, day in (
        (words.after_tomorrow, today + timedelta(days=2)),
        (words.month_end, month_end),
    ):
        for match in re.finditer(_any_of(phrases), text):
            yield _Found(*match.span(), day)


def _days_in(text: str, locale: Locale, now: datetime) -> Iterator[_Found]:
    """Every other day that is named."""
    settings = {
        "PREFER_DATES_FROM": "future",
        "RELATIVE_BASE": now.replace(tzinfo=None),
        "REQUIRE_PARTS": ["day", "month"],
    }
    full = list(_dates(text, locale.language, settings))
    yield from full
    weekdays = {name.casefold() for name in get_day_names("wide", locale=locale).values()}
    for match in re.finditer(r"\w+", text):
        within = any(found.start <= match.start() < found.end for found in full)
        if match[0] in weekdays and not within:
            weekday = {**settings, "REQUIRE_PARTS": []}
            for found in _dates(match[0], locale.language, weekday):
                yield _Found(*match.span(), found.day)


def _dates(text: str, language: str, settings: dict[str, object]) -> Iterator[_Found]:
    # Imported at the first wish: it takes a second, which no start and no command has to wait for.
    from dateparser.search import search_dates

    end = 0
    for words, at in search_dates(text, languages=[language], settings=settings) or []:
        start = max(text.find(words, end), 0)
        end = start + len(words)
        if words.strip() != ROUND_THE_CLOCK:
            yield _Found(start, end, at.date())


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
