"""The languages: one folder each with the backend's words (gettext), the page's words, and how
days, times and money are written (Babel). `docs/languages.md` tells what makes a language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.pofile import PoFileError, read_po

from farewell.billing.money import Money
from farewell.config import Settings

ENGLISH = "en"
WORDS, PAGE = "backend.po", "page.json"


class LanguageError(ValueError):
    """A language that cannot be used; names folder, file, key and reason, one a line."""


@dataclass(frozen=True)
class Catalogue:
    """One language: texts by key, the page's words, and how it writes what is no words."""

    language: str
    locale: Locale
    texts: Mapping[str, str]
    page: Mapping[str, str]

    def text(self, key: str, **facts: str) -> str:
        """A text with its facts filled in.

        Raises KeyError for an unknown key or a missing fact: both are defects that a test finds.
        """
        return self.texts[key].format(**facts)

    def listed(self, key: str) -> tuple[str, ...]:
        """Words that a customer may write, divided by `|` in the catalogue.

        Raises KeyError for an unknown key.
        """
        return tuple(self.text(key).split("|"))

    def page_words(self) -> dict[str, dict[str, str]]:
        """The page's words as its script reads them: by part and key."""
        words: dict[str, dict[str, str]] = {}
        for name, text in self.page.items():
            part, _, key = name.partition(".")
            words.setdefault(part, {})[key] = text
        return words

    def day(self, value: date) -> str:
        """A day, such as `Nov 27, 2026`."""
        return format_date(value, format="medium", locale=self.locale)

    def clock(self, value: time | datetime) -> str:
        """A time of day, such as `8:00 AM`."""
        return format_time(value, format="short", locale=self.locale)

    def moment(self, local: datetime) -> str:
        """A day and time with its zone, such as `Mon, Nov 23, 2026, 8:00 AM EST`."""
        day = format_skeleton("yMMMEd", local, locale=self.locale)
        return f"{day}, {self.clock(local)} {local.tzname()}"

    def money(self, value: Money) -> str:
        """An amount, such as `$14.67`."""
        return value.text(self.locale)


@lru_cache
def catalogues() -> dict[str, Catalogue]:
    """Every language, read and checked once.

    Raises LanguageError.
    """
    return read_catalogues(Settings().locales)


def catalogue(language: str) -> Catalogue:
    """The catalogue of a language; an unknown one gets the base language or English."""
    known = catalogues()
    chosen = next((c for c in (language, language.split("-")[0]) if c in known), ENGLISH)
    return known[chosen]


def preferred(accept_language: str) -> Catalogue:
    """The catalogue of the first known language of a browser's Accept-Language header."""
    ranked = []
    for part in accept_language.split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), name.strip()))
        except ValueError:
            continue
    for _, name in sorted(ranked, key=lambda item: item[0]):
        found = catalogue(name)
        if name.split("-")[0] == found.language.split("-")[0]:
            return found
    return catalogue(ENGLISH)


def read_catalogues(folder: Path) -> dict[str, Catalogue]:
    """All languages of a folder; what one lacks it has in English.

    Raises LanguageError with everything that is wrong in any of them.
    """
    english = folder / ENGLISH
    texts, page = own_texts(english), own_page(english)
    found: dict[str, Catalogue] = {}
    wrong: list[str] = []
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            locale = Locale.parse(own.name, sep="-")
            own_words, own_labels = own_texts(own), own_page(own)
        except (UnknownLocaleError, PoFileError, ValueError, AttributeError) as error:
            wrong.append(f"{own.name}/: {error}")
            continue
        wrong += [f"{own.name}/{WORDS}: {m}" for m in _mistakes(own_words, texts)]
        wrong += [f"{own.name}/{PAGE}: {m}" for m in _mistakes(own_labels, page)]
        found[own.name] = Catalogue(own.name, locale, texts | own_words, page | own_labels)
    if wrong:
        raise LanguageError("\n".join(wrong))
    return found


def lacking(own: Collection[str], english: Collection[str]) -> list[str]:
    """Keys that a language has no words for."""
    return sorted(set(english) - set(own))


def _mistakes(own: Mapping[str, str], english: Mapping[str, str]) -> list[str]:
    found = [f"{key}: English has no such text" for key in sorted(set(own) - set(english))]
    for key in sorted(set(own) & set(english)):
        if _facts(own[key]) != _facts(english[key]):
            found.append(f"{key}: the facts in braces differ from those in English")
    return found


def _facts(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def own_texts(folder: Path) -> dict[str, str]:
    """The backend's words in a language's folder, by key."""
    path = folder / WORDS
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, abort_invalid=True)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string}


def own_page(folder: Path) -> dict[str, str]:
    """The page's words in a language's folder, by part and key."""
    path = folder / PAGE
    if not path.exists():
        return {}
    parts = json.loads(path.read_text(encoding="utf-8"))
    return {f"{part}.{key}": text for part, words in parts.items() for key, text in words.items()}
