"""Reads the two tables of the grid: where a customer can stand, and what may come between."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
ANY = "any"


@dataclass(frozen=True)
class Place:
    """A question of the closing, or a dead end, and the way there. See `places.yml`."""

    id: str
    title: str
    is_: tuple[str, ...]
    way: tuple[str, ...]
    answer: str
    then: tuple[str, ...]
    asks: str
    person: str | None = None
    visitor: str | None = None
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)
    rests: bool = False
    options: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    finish: tuple[str, ...] = ()
    ends: dict[str, Any] = field(default_factory=dict)
    named: str = ""
    second: dict[str, Any] = field(default_factory=dict)
    second_asks: str = ""


@dataclass(frozen=True)
class Expected:
    """What must come of an interruption at a place. See `interruptions.yml`."""

    says: tuple[Any, ...] = ()
    says_not: tuple[Any, ...] = ()
    then: Any = None
    once: bool = False
    may: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    next: str = ""
    next_says: tuple[Any, ...] = ()
    next_asks: str = ""
    closes: bool = False
    """The next message settles the place's question as its `answer` does."""


@dataclass(frozen=True)
class Interruption:
    """Something that a customer may say anywhere."""

    id: str
    title: str
    say: tuple[str, ...]
    at: dict[str, Expected]
    once: bool = False
    second: bool = False
    later: bool = False

    def at_place(self, place: Place) -> Expected:
        """The expectation for a place: the most special one that is written down."""
        for key in (place.id, *place.is_, ANY):
            if key in self.at:
                return self.at[key]
        raise KeyError(f"{self.id} says nothing about {place.id}")


@dataclass(frozen=True)
class Cell:
    """One interruption at one place; its accounts are copies under its number."""

    number: int
    place: Place
    interruption: Interruption

    @property
    def id(self) -> str:
        return f"{self.place.id} × {self.interruption.id}"

    @property
    def expected(self) -> Expected:
        return self.interruption.at_place(self.place)

    @property
    def with_second(self) -> bool:
        return self.interruption.second and bool(self.place.second)


FIRST_NUMBER = 1000
"""The written conversations have the numbers below."""


def places() -> list[Place]:
    """The rows of the grid."""
    found = []
    for given in _read("places.yml"):
        data = given.get("data", {})
        given["data"] = {number: {} for number in data} if isinstance(data, list) else data
        found.append(_made(Place, {"asks": given["id"], **given, "is_": given["is"]}))
    return found


def interruptions() -> list[Interruption]:
    """The columns of the grid."""
    found = []
    for given in _read("interruptions.yml"):
        at = {
            key: _made(Expected, {"says": value} if isinstance(value, list) else value)
            for key, value in given["at"].items()
        }
        say = tuple(s if isinstance(s, str) else s["text"] * s["times"] for s in given["say"])
        found.append(_made(Interruption, {**given, "at": at, "say": say}))
    return found


def cells() -> list[Cell]:
    """All of them, row by row; what comes a day later is last, since the clock moves once."""
    pairs = [(place, between) for place in places() for between in interruptions()]
    found = [Cell(FIRST_NUMBER + n, *pair) for n, pair in enumerate(pairs)]
    return sorted(found, key=lambda cell: cell.interruption.later)


def sample(all_cells: list[Cell]) -> list[Cell]:
    """Two places for every interruption, moving on so that every place has its turn."""
    rows = [place.id for place in places()]
    wanted = set()
    for n, between in enumerate(interruptions()):
        wanted |= {(rows[n % len(rows)], between.id), (rows[(n * 7 + 3) % len(rows)], between.id)}
    return [cell for cell in all_cells if (cell.place.id, cell.interruption.id) in wanted]


def _read(name: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


def _made(kind: type[Any], given: dict[str, Any]) -> Any:
    """A row of a table; its lists become tuples, its spaced keys names of fields."""
    named = {key.replace(" ", "_"): value for key, value in given.items() if key != "is"}
    unknown = set(named) - {f.name for f in fields(kind)}
    if unknown:
        raise KeyError(f"{given.get('id', kind.__name__)}: unknown {', '.join(sorted(unknown))}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in named.items()})
