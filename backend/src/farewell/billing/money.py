"""Amounts: whole minor units with a currency. No float anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
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


def rated(amount_minor: int, part: int, whole: int, rounding: Rounding) -> int:
    """`amount × part ÷ whole`, rounded once to a whole minor unit.

    Halves go away from zero (`half_up`) or to the even neighbour (`half_even`); a negative amount
    is rounded like a positive one. Raises ValueError unless part ≥ 0 and whole > 0.
    """
    if whole <= 0 or part < 0:
        raise ValueError(f"not a share: {part} of {whole}")
    units, rest = divmod(abs(amount_minor) * part, whole)
    doubled = 2 * rest
    if doubled > whole or (doubled == whole and (rounding == "half_up" or units % 2)):
        units += 1
    return units if amount_minor >= 0 else -units
