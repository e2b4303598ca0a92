"""Facts of statements and questions: typed values, rendered for machines or for people.

A fact is a text, a whole number, an amount, a day, a time of day, a moment, the vendor's own
words, or a list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from farewell.billing.money import Money
from farewell.i18n import Catalogue
from farewell.policy.model import words_in


@dataclass(frozen=True)
class VendorWords:
    """Words from a policy, by language."""

    words: Mapping[str, str]


@dataclass(frozen=True)
class Moment:
    """A moment (UTC) that is shown in a zone."""

    at: datetime
    zone: str


@dataclass(frozen=True)
class Phrase:
    """A text of the backend's catalogue with facts of its own, such as a bill's line."""

    key: str
    facts: Mapping[str, Any]


Fact = Any
Facts = dict[str, Fact]


@dataclass(frozen=True)
class Statement:
    """Something to tell a customer: a code of the documented vocabulary and its facts."""

    code: str
    facts: Facts


def as_json(value: Fact) -> Any:
    """A fact for machines: amounts as minor units with currency, times as ISO 8601."""
    match value:
        case Money():
            return {"minor": value.minor, "currency": value.currency}
        case Moment():
            return {"moment": value.at.isoformat(), "zone": value.zone}
        case date():
            return {"day": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case VendorWords():
            return {"words": dict(value.words)}
        case Phrase():
            return {"phrase": value.key, "facts": as_json(value.facts)}
        case list() | tuple():
            return [as_json(item) for item in value]
        case Mapping():
            return {key: as_json(item) for key, item in value.items()}
        case _:
            return value


def from_json(value: Any) -> Any:
    """What `as_json` wrote, as facts again."""
    match value:
        case {"minor": int(minor), "currency": str(currency)}:
            return Money(minor, currency)
        case {"moment": str(at), "zone": str(zone)}:
            return Moment(datetime.fromisoformat(at), zone)
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case {"time": str(clock)}:
            return time.fromisoformat(clock)
        case {"words": dict(words)}:
            return VendorWords(words)
        case {"phrase": str(key), "facts": dict(facts)}:
            return Phrase(key, from_json(facts))
        case list():
            return [from_json(item) for item in value]
        case dict():
            return {key: from_json(item) for key, item in value.items()}
        case _:
            return value


def as_text(value: Fact, catalogue: Catalogue) -> str:
    """A fact for people, in their language; a list becomes one line an item."""
    match value:
        case Money():
            return catalogue.money(value)
        case Moment():
            return catalogue.moment(value.at.astimezone(ZoneInfo(value.zone)))
        case date():
            return catalogue.day(value)
        case time():
            return catalogue.clock(value)
        case VendorWords():
            return words_in(value.words, catalogue.language)
        case Phrase():
            return catalogue.text(
                value.key, **{k: as_text(v, catalogue) for k, v in value.facts.items()}
            )
        case list() | tuple():
            return "\n".join(f"• {as_text(item, catalogue)}" for item in value)
        case _:
            return str(value)


def texts(facts: Facts, catalogue: Catalogue) -> dict[str, str]:
    """All facts of a statement for people."""
    return {key: as_text(value, catalogue) for key, value in facts.items()}


def fingerprint(value: Any) -> str:
    """A short hash that changes when facts change."""
    content = json.dumps(as_json(value), sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
