"""The written conversations: reads `conversations/*.yml` and says plainly what is wrong in one.

`conversations/README.md` explains the format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "conversations"
ACTS = {
    "customer": (str, dict),
    "press": (str,),
    "press again": (str,),
    "press of another conversation": (str,),
    "press twice at once": (str,),
    "sign in": (str,),
    "return to": (str,),
    "visit": (str, type(None)),
    "reload": (bool,),
    "host": (dict,),
    "stop": (str,),
    "start": (str,),
    "freeze": (str,),
    "thaw": (str,),
    "clock": (str,),
    "sweep": (str,),
    "comes later": (str,),
    "nowhere": (str,),
}
EXPECTATIONS = {
    "says": list,
    "says not": list,
    "buttons": list,
    "buttons not": list,
    "no buttons": bool,
    "state": dict,
}
HEAD = {
    "name": (str,),
    "data": (list, dict),
    "also": (dict,),
    "person": (str,),
    "visitor": (str, type(None)),
    "clock": (str,),
    "at most": (int,),
    "steps": (list,),
    "finally": (dict,),
}


class ScriptError(ValueError):
    """A conversation that cannot be played; names file, conversation, place and reason."""


@dataclass(frozen=True)
class Step:
    """One act and what must come of it."""

    act: str
    value: Any
    expects: dict[str, Any]


@dataclass(frozen=True)
class Script:
    """One conversation. `key` is its number: what it uses is named after it."""

    file: str
    key: int
    name: str
    steps: tuple[Step, ...]
    person: str | None = None
    visitor: str | None = None
    clock: str | None = None
    at_most: int | None = None
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)
    finally_: dict[str, Any] = field(default_factory=dict)

    @property
    def moves_clock(self) -> bool:
        return self.clock is not None or any(step.act == "clock" for step in self.steps)

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"


def read_all(folder: Path = FOLDER) -> list[Script]:
    """Every conversation of the folder; those at another time come last, since each move of the
    clock starts the backend again.

    Raises ScriptError with everything that is wrong in any of them.
    """
    scripts: list[Script] = []
    wrong: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, list):
            wrong.append(f"{path.name}: must be a list of conversations")
            continue
        for number, given in enumerate(content, 1):
            found = mistakes(given)
            name = given.get("name", f"number {number}") if isinstance(given, dict) else number
            wrong += [f"{path.name}, {name}: {mistake}" for mistake in found]
            if not found:
                scripts.append(_script(path.stem, len(scripts) + 1, given))
    ids = [script.id for script in scripts]
    wrong += [f"{i}: two conversations have this name" for i in sorted({*ids}) if ids.count(i) > 1]
    if wrong:
        raise ScriptError("\n".join(wrong))
    return sorted(scripts, key=lambda script: script.moves_clock)


def mistakes(given: Any) -> list[str]:
    """What is wrong with one conversation as it was read."""
    if not isinstance(given, dict):
        return ["must be a mapping with name and steps"]
    found = _keys(given, HEAD, "")
    for needed in ("name", "steps"):
        if not given.get(needed):
            found.append(f"needs {needed!r}")
    if ("person" in given) == ("visitor" in given):
        found.append("needs either 'person' (an e-mail) or 'visitor' (a vendor, or nothing)")
    found += _kinds(given.get("also", {}), {"people": list, "accounts": list}, "also")
    steps = given.get("steps")
    for number, step in enumerate(steps if isinstance(steps, list) else [], 1):
        found += _step_mistakes(step, f"step {number}")
    return found


def _step_mistakes(step: Any, at: str) -> list[str]:
    if not isinstance(step, dict):
        return [f"{at}: must be a mapping with one act"]
    acts = [key for key in step if key in ACTS]
    if len(acts) != 1:
        return [f"{at}: needs exactly one of {', '.join(ACTS)}; has {', '.join(acts) or 'none'}"]
    found = _keys({acts[0]: step[acts[0]]}, ACTS, f"{at}: ")
    expected = {key: value for key, value in step.items() if key != acts[0]}
    return found + _kinds(expected, EXPECTATIONS, at)


def _keys(given: dict[str, Any], known: dict[str, tuple[type, ...]], at: str) -> list[str]:
    found = [f"{at}unknown key {key!r}" for key in given if key not in known]
    for key, value in given.items():
        if key in known and not isinstance(value, known[key]):
            kinds = " or ".join(kind.__name__ for kind in known[key])
            found.append(f"{at}{key!r} must be {kinds}, not {value!r}")
    return found


def _kinds(given: Any, known: dict[str, type], at: str) -> list[str]:
    if not isinstance(given, dict):
        return [f"{at}: must be a mapping"]
    return _keys(given, {key: (kind,) for key, kind in known.items()}, f"{at}: ")


def _script(file: str, key: int, given: dict[str, Any]) -> Script:
    data = given.get("data", {})
    return Script(
        file=file,
        key=key,
        name=given["name"],
        steps=tuple(_step(step) for step in given["steps"]),
        person=given.get("person"),
        visitor=given.get("visitor"),
        clock=given.get("clock"),
        at_most=given.get("at most"),
        data={number: {} for number in data} if isinstance(data, list) else data,
        also=given.get("also", {}),
        finally_=given.get("finally", {}),
    )


def _step(given: dict[str, Any]) -> Step:
    act = next(key for key in given if key in ACTS)
    return Step(act, given[act], {key: value for key, value in given.items() if key != act})
