"""How `domain.yml` words a question: the first time, again, and with a human."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml
from wire.expecting import plain

from launch.paths import ROOT

WORDINGS = ("first", "again", "with_human")
HUMAN = "Talk to a person"


@cache
def _responses() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "domain.yml").read_text())[
        "responses"
    ]
    return found


def _variation(question: str, wording: str) -> dict[str, Any]:
    responses = _responses()
    known = responses.get(f"utter_ask_{question}") or responses[f"utter_{question}"]
    for variation in known:
        conditions = variation.get("condition", [])
        if any(condition["value"] == wording for condition in conditions):
            return variation
    return known[0]


def is_worded(text: str, question: str, wording: str) -> bool:
    """Whether a text is that question in that wording, with any facts."""
    parts = re.split(r"\{\w+\}", str(_variation(question, wording)["text"]))
    pattern = ".*".join(re.escape(plain(part)).replace(r"\ ", r"\s*") for part in parts)
    return re.fullmatch(rf"\s*{pattern}\s*", plain(text)) is not None


def titles(question: str, wording: str) -> set[str]:
    """The titles of the question's own buttons; those that name a fact are left out."""
    buttons = _variation(question, wording).get("buttons", [])
    return {button["title"] for button in buttons if "{" not in button["title"]}
