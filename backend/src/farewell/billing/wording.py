"""Lines of a final bill for people; the words are in the catalogue."""

from __future__ import annotations

from datetime import date

from farewell.accounts.snapshot import readable
from farewell.billing.lines import Line
from farewell.billing.money import Money
from farewell.facts import Facts, Phrase


def line_phrase(line: Line, currency: str, account_number: str) -> Phrase:
    """A line for people; lines of sub-accounts name the account."""
    facts: Facts = {"amount": Money(line.amount_minor, currency)}
    key = f"line.{line.code}"
    match line.code:
        case "plan" | "renewal":
            facts |= {
                "what": _what(line),
                "used": line.days,
                "whole": line.of_days,
                "start": _day(line.first),
                "end": _day(line.last),
            }
            key = f"line.{line.unit}"
        case "prepaid":
            facts |= {"what": _what(line), "start": _day(line.first), "end": _day(line.last)}
        case "usage":
            facts |= {
                "what": line.description,
                "quantity": line.quantity,
                "price": Money(line.price_minor or 0, currency),
                "per": line.per,
            }
            key = "line.usage" if line.per == 1 else "line.usage.per"
        case "fee":
            facts |= {"until": _day(line.last)}
        case "credit" | "waived":
            pass
        case _:
            facts |= {"what": line.description}
            key = "line.charge"
    phrase = Phrase(key, facts)
    if line.account == account_number:
        return phrase
    return Phrase("line.of", {"account": line.account, "line": phrase})


def _what(line: Line) -> str | Phrase:
    """A plan's name, or the number that is renewed."""
    if line.e164 is None:
        return line.description
    return Phrase("line.number", {"number": readable(line.e164)})


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
