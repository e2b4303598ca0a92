"""Which account or number is meant: whole numbers, whole names, and digits that mean a phone."""

from __future__ import annotations

import pytest
from babel import Locale
from factories import e164

from farewell.accounts.matching import Named, NamingWords, match_number, pointed_to
from farewell.billing.money import Money
from farewell.i18n import catalogue

ENGLISH = Locale("en", "US")
WORDS = NamingWords(
    kinds=("Standalone account", "Agency"),
    account=catalogue("en").listed("naming.account"),
    phone=catalogue("en").listed("naming.phone"),
    card=catalogue("en").listed("naming.card"),
)
MAIN, BRANCH = "+13035550123", "+16175550456"


def named(number: str, name: str = "", *e164s: str, price: int = 1000) -> Named:
    """An account as a customer may call it."""
    return Named(number, name, "Standalone account", e164s, Money(price, "USD"))


def meant(said: str, *accounts: Named, asked: bool = False) -> list[str]:
    """The numbers of the accounts that the words point to."""
    found = pointed_to(said, accounts, WORDS, ENGLISH, asked=asked)
    return [account.number for account in found]


# --- account numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["close T-1005", "t1005 please", "T 1005", "T\N{EN DASH}1005.", "(T-1005)", "#T-1005"]
)
def test_an_account_number_is_found_however_it_is_spaced(said: str) -> None:
    assert meant(said, named("T-1005"), named("T-1006")) == ["T-1005"]


@pytest.mark.parametrize(
    "said", ["T-10051", "close XT-1005", "T-1005-7", "A-T-1005", "order 71005", "T"]
)
def test_a_part_of_something_longer_is_no_account_number(said: str) -> None:
    assert meant(said, named("T-1005"), named("T-1006")) == []


def test_a_number_that_begins_like_another_is_not_that_one() -> None:
    assert meant("close T-100", named("T-10"), named("T-100")) == ["T-100"]


@pytest.mark.parametrize(
    "said", ["close account 100", "account number: 100", "#100", "100", "100."]
)
def test_an_account_number_of_digits_is_found_where_it_is_called_one(said: str) -> None:
    assert meant(said, named("100"), named("200")) == ["100"]


@pytest.mark.parametrize(
    "said",
    ["I'm 100 percent sure, close it", "100 calls a day", "in 1001 days", "$100 for it"],
)
def test_other_digits_are_no_account_number(said: str) -> None:
    assert meant(said, named("100"), named("200")) == []


def test_digits_are_an_account_number_where_one_was_asked_for() -> None:
    assert meant("100 please", named("100"), named("200"), asked=True) == ["100"]


# --- names and prices ----------------------------------------------------------------------------


def test_every_account_that_is_named_is_found() -> None:
    accounts = named("1", "Tran Denver"), named("2", "Tran Boston"), named("3", "Tran Austin")

    assert meant("denver and austin", *accounts) == ["1", "3"]
    assert meant("boston", *accounts) == ["2"]
    assert meant("tran", *accounts) == []


def test_words_of_kinds_are_no_names() -> None:
    accounts = named("1", "Main Account"), named("2", "Smith Agency")

    assert meant("close my account at the agency", *accounts) == []


def test_one_price_of_two_accounts_tells_none_of_them() -> None:
    accounts = named("1", price=2000), named("2", price=2000), named("3", price=4500)

    assert meant("the $20 one", *accounts) == []
    assert meant("the $45 one", *accounts) == ["3"]


# --- phone numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["the one ending in 0123", "my number 555-0123", "line 0123", "0123", "close (303) 555-0123"],
)
def test_an_account_is_found_by_the_end_of_its_phone_number(said: str) -> None:
    assert meant(said, named("1", "", MAIN), named("2", "", BRANCH)) == ["1"]


@pytest.mark.parametrize(
    "said",
    [
        "my card ending 0123",
        "you charged the Visa number ending in 0123",
        "card 5550123, the number on it is wrong",
        "in 0123 BC",
        "X-0123 is the number of the ticket",
        "number 10123",
        "number 123",
    ],
)
def test_other_digits_are_no_end_of_a_phone_number(said: str) -> None:
    assert meant(said, named("1", "", MAIN), named("2", "", BRANCH)) == []


def test_where_a_number_is_asked_about_its_end_is_enough() -> None:
    assert match_number("give up 0123", [MAIN, BRANCH], WORDS) is None
    assert match_number("give up 0123", [MAIN, BRANCH], WORDS, asked=True) == MAIN
    assert match_number("my card ending 0123", [MAIN, BRANCH], WORDS, asked=True) is None


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("give up +1 303 555 0100", e164(0)),
        ("give up (303) 555-0101 please", e164(1)),
        ("the one with 0101", e164(1)),
        ("3035550100", e164(0)),
        ("give up my number", None),
        ("both 0100 and 0101", None),
        ("0199", None),
        ("100", None),
        ("all of them", None),
    ],
)
def test_a_number_is_only_meant_when_its_digits_are_said(said: str, found: str | None) -> None:
    assert match_number(said, [e164(0), e164(1)], WORDS, asked=True) == found


def test_two_numbers_are_none() -> None:
    assert match_number("numbers 0123 and 0456", [MAIN, BRANCH], WORDS) is None
    assert match_number("number 0123", [MAIN, "+16175550123"], WORDS) is None
