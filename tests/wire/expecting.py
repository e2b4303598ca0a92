"""Compares what came with what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any


def plain(text: str) -> str:
    """For comparing: one kind of space and of quotes, no difference of case."""
    return " ".join(
        text.replace("’", "'").replace("\N{NARROW NO-BREAK SPACE}", " ").split()
    ).casefold()


def holds(text: str, wanted: Any) -> bool:
    """Whether a text contains what is wanted; a list means: one of these."""
    if isinstance(wanted, list):
        return any(holds(text, one) for one in wanted)
    return plain(str(wanted)) in plain(text)


def differences(actual: Any, expected: Any, at: str = "") -> Iterator[str]:
    """Where `expected` is not part of `actual`. A mapping needs the named keys only, a list the
    named items in any order; a day stands for any time on it."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key == "count":
                for name, number in value.items():
                    if len(actual[name]) != number:
                        yield f"{at}{name}: {len(actual[name])} of them, expected {number}"
            elif key == "without":
                for name, items in value.items():
                    for item in items:
                        if any(_fits(there, item) for there in actual[name]):
                            yield f"{at}{name}: {item!r} must not be there"
            elif key not in actual:
                yield f"{at}{key}: not there; there is {', '.join(map(str, actual))}"
            else:
                yield from differences(actual[key], value, f"{at}{key}: ")
    elif isinstance(expected, list) and isinstance(actual, list):
        left = list(actual)
        for item in expected:
            fitting = next((there for there in left if _fits(there, item)), None)
            if fitting is None:
                yield f"{at}no item fits {item!r} in {left!r}"
            else:
                left.remove(fitting)
    elif not _fits(actual, expected):
        yield f"{at}{actual!r}, expected {expected!r}"


def _fits(actual: Any, expected: Any) -> bool:
    if isinstance(expected, (dict, list)) and isinstance(actual, type(expected)):
        return not list(differences(actual, expected))
    if isinstance(expected, date) and isinstance(actual, str):
        return actual.startswith(expected.isoformat())
    return bool(actual == expected)
