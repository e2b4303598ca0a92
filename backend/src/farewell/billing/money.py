"""Amounts: whole minor units with a currency. No float anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision

Rounding = Literal["half_up", "half_even"]


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (cents for USD, yen for JPY) of an ISO 4217 currency."""

    minor: int
    currency: str

    @classmethod
    def of(cls, major: Decimal, currency: str) -> Money:
        """An amount that is given in major units; what is less than a minor unit is dropped."""
        return cls(int(major.scaleb(get_currency_precision(currency))), currency)

    def text(self, language: Locale | str) -> str:
        """As people of a language write it, such as `$14.67`."""
        major = Decimal(self.minor).scaleb(-get_currency_precision(self.currency))
        return format_currency(major, self.currency, locale=language)


def share(price_minor: int, part: int, whole: int, rounding: Rounding) -> int:
    """`price × part ÷ whole`, rounded once to a whole minor unit.

    Raises ValueError unless 0 ≤ part ≤ whole and whole > 0.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"not a share: {part} of {whole}")
    exact = Decimal(price_minor) * part / whole
    mode = ROUND_HALF_UP if rounding == "half_up" else ROUND_HALF_EVEN
    return int(exact.quantize(Decimal(1), rounding=mode))
