"""What a language has no words for yet, and therefore says in English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from farewell.i18n import ENGLISH, PAGE, WORDS, lacking, own_page, own_texts

RESPONSES = "responses.yml"


def missing(locales: Path, policies: Path, domain: Path) -> dict[str, list[str]]:
    """By language, each text that is missing as `file: key`."""
    english = locales / ENGLISH
    texts, page, responses = own_texts(english), own_page(english), _responses(domain)
    vendors = [(file.name, _read(file)) for file in sorted(policies.glob("*.yml"))]
    found: dict[str, list[str]] = {}
    for folder in sorted(path for path in locales.iterdir() if path.is_dir()):
        if folder.name == ENGLISH:
            continue
        found[folder.name] = [
            *(f"{WORDS}: {key}" for key in lacking(own_texts(folder), texts)),
            *(f"{PAGE}: {key}" for key in lacking(own_page(folder), page)),
            *(f"{RESPONSES}: {k}" for k in lacking(_responses(folder / RESPONSES), responses)),
            *(f"{name}: {at}" for name, it in vendors for at in _without(folder.name, it)),
        ]
    return found


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def _responses(path: Path) -> set[str]:
    """Names of responses, each also with the conditions under which it reads differently."""
    return {
        f"{name} {json.dumps(variation['condition'], sort_keys=True)}"
        if "condition" in variation
        else name
        for name, variations in (_read(path).get("responses") or {}).items()
        for variation in variations
    }


def _without(language: str, value: Any, at: str = "") -> Iterator[str]:
    """Where a policy has words in English and not in the language."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _without(language, item, f"{at}[{number}]")
    elif isinstance(value, dict) and ENGLISH in value:
        if language not in value:
            yield at
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _without(language, item, f"{at}.{key}" if at else str(key))
