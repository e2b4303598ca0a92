"""Days, amounts and phone numbers in a customer's words: plain ones are found, none is guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from babel import Locale

from farewell.accounts.spoken import DayWords, amounts_named, day_asked_for, numbers_named
from farewell.billing.money import Money
from farewell.i18n import catalogue

ENGLISH = Locale("en", "US")
NOW = datetime(2026, 11, 16, 10, tzinfo=UTC)
"""A Monday."""
WORDS = DayWords(
    **{
        field: catalogue("en").listed(f"day.{field}")
        for field in ("asking", "wishing", "other", "after_tomorrow", "month_end", "joining")
    }
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("close it on December 1", date(2026, 12, 1)),
        ("I want out by 12/31", date(2026, 12, 31)),
        ("cancel effective Dec 15, 2026", date(2026, 12, 15)),
        ("cancel effective Dec 15, 2027", date(2027, 12, 15)),
        ("cancel it. effective Dec 15", date(2026, 12, 15)),
        ("cancel it, on friday please", date(2026, 11, 20)),
        ("cancel, but I need it until friday", date(2026, 11, 20)),
        ("cancel from the 1st of December", date(2026, 12, 1)),
        ("close it on monday, december 7", date(2026, 12, 7)),
        ("shut it down on monday", date(2026, 11, 23)),
        ("cancel it monday", date(2026, 11, 23)),
        ("please cancel next friday", date(2026, 11, 20)),
        ("close my account in 2 weeks", date(2026, 11, 30)),
        ("close it next month", date(2026, 12, 16)),
        ("cancel it tomorrow please", date(2026, 11, 17)),
        ("cancel it the day after tomorrow", date(2026, 11, 18)),
        ("close it at the end of the month", date(2026, 11, 30)),
        ("close it today", date(2026, 11, 16)),
        ("you charged me on 12/3, so cancel it tomorrow", date(2026, 11, 17)),
        ("cancel it on friday because I'm moving", date(2026, 11, 20)),
    ],
)
def test_a_day_that_is_plainly_asked_for_is_found(said: str, meant: date) -> None:
    assert day_asked_for(said, ENGLISH, NOW, WORDS) == meant


@pytest.mark.parametrize(
    "said",
    [
        "cancel my account",
        "I've been a customer since May",
        "cancel it, I have been with you since May 5",
        "I signed up on Monday, cancel it",
        "cancel, you charged me on 12/3",
        "cancel within 30 days of signing up",
        "I signed up 3 months ago, cancel",
        "cancel because of the outage on monday",
        "your guys hung up on me on friday, cancel it",
        "you charged me twice in october, cancel",
        "cancel it before it renews on december 1",
        "close it at the end of next week",
        "I may cancel, or I may not",
        "your 24/7 support never answers, cancel",
        "close T-1005",
        "close the one with 303-555-0141",
        "cancel my account, second one",
        "march was too expensive, cancel",
        "it's in the sun, cancel it",
        "on friday or on monday, I don't know yet",
        "cancel it on friday, or rather cancel it on december 1",
    ],
)
def test_no_day_is_made_of_other_words(said: str) -> None:
    assert day_asked_for(said, ENGLISH, NOW, WORDS) is None


@pytest.mark.parametrize(
    ("month", "last"), [(1, date(2027, 1, 31)), (2, date(2027, 2, 28)), (12, date(2027, 12, 31))]
)
def test_a_month_ends_on_its_last_day(month: int, last: date) -> None:
    now = NOW.replace(year=2027, month=month)

    assert day_asked_for("cancel by the end of the month", ENGLISH, now, WORDS) == last


@pytest.mark.parametrize(
    ("said", "minor"),
    [
        ("the $45 one", 4500),
        ("the one for 45 dollars a month", 4500),
        ("USD 1,200.50", 120050),
        ("the $ 45.00 plan", 4500),
    ],
)
def test_an_amount_is_found_by_its_currency(said: str, minor: int) -> None:
    assert amounts_named(said, ENGLISH, "USD") == {Money(minor, "USD")}


@pytest.mark.parametrize(
    "said", ["T-1005", "we are 45 people", "the 2nd one", "45 euros", "no. 45"]
)
def test_digits_alone_are_no_amount(said: str) -> None:
    assert amounts_named(said, ENGLISH, "USD") == set()


def test_two_amounts_are_two() -> None:
    assert amounts_named("$20 or $45?", ENGLISH, "USD") == {Money(2000, "USD"), Money(4500, "USD")}


def test_a_currency_without_minor_units_has_none() -> None:
    assert amounts_named("the ¥500 one", ENGLISH, "JPY") == {Money(500, "JPY")}


@pytest.mark.parametrize(
    "said", ["303-555-0141", "(303) 555 0141", "303.555.0141", "+1 3035550141", "call 3035550141!"]
)
def test_a_phone_number_is_read_in_any_usual_way(said: str) -> None:
    assert numbers_named(said, ["+13035550199"]) == {"+13035550141"}


@pytest.mark.parametrize("said", ["0141", "account 12345678901234567", "on 12/31/2026", "two"])
def test_other_digits_are_no_phone_number(said: str) -> None:
    assert numbers_named(said, ["+13035550199"]) == set()
