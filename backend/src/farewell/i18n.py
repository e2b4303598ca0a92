"""The backend's own words and how a language writes days and times (gettext catalogues, Babel)."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date, format_skeleton, format_time
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locale"


class Catalogue:
    """Texts of one language by key."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def text(self, key: str, **facts: str) -> str:
        """A text with its facts filled in.

        Raises KeyError for an unknown key or a missing fact: both are defects that a test finds.
        """
        return self._texts[key].format(**facts)

    def day(self, value: date) -> str:
        """A day, such as `Nov 27, 2026`."""
        return format_date(value, format="medium", locale=self.language)

    def moment(self, local: datetime) -> str:
        """A day and time with its zone, such as `Mon, Nov 23, 2026, 8:00 AM EST`."""
        day = format_skeleton("yMMMEd", local, locale=self.language)
        clock = format_time(local, format="short", locale=self.language)
        return f"{day}, {clock} {local.tzname()}"


def languages() -> list[str]:
    """Languages that have a catalogue."""
    return sorted(path.stem for path in FOLDER.glob("*.po"))


@lru_cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language; an unknown one gets the base language or English."""
    known = languages()
    chosen = next((c for c in (language, language.split("-")[0]) if c in known), "en")
    with (FOLDER / f"{chosen}.po").open("rb") as file:
        messages = read_po(file, locale=chosen)
    return Catalogue(chosen, {str(m.id): str(m.string) for m in messages if m.id})
