"""A made-up language, generated from English, so that a sentence that is not in it shows.

Every letter is replaced by its wide form: `Close {account}` becomes `Ｃｌｏｓｅ {account}`. It goes
under the code of Welsh, because days and money have to be written in some language's way.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from string import ascii_letters
from typing import Any

import yaml

from launch.paths import ROOT

LANGUAGE = "cy"
WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in ascii_letters}
KEPT = re.compile(r"(\{\w*\}|\\.)")
"""Facts in braces and escapes."""


def made_up(text: str) -> str:
    """An English text in the made-up language."""
    parts = KEPT.split(text)
    return "".join(part if KEPT.fullmatch(part) else part.translate(WIDE) for part in parts)


def english_in(text: str, facts: Iterable[str]) -> list[str]:
    """Words of a text in plain letters, but for the facts that have no language: names, places,
    and codes such as `BCBA89C0`."""
    for fact in sorted(facts, key=len, reverse=True):
        text = text.replace(fact, " ")
    return re.findall(r"[A-Za-z]{2,}", re.sub(r"\b(?=[A-Z-]*\d)[A-Z\d-]+\b", " ", text))


def write_locales(folder: Path) -> Path:
    """English as it is, and the made-up language beside it."""
    english, own = ROOT / "locales" / "en", folder / LANGUAGE
    shutil.copytree(english, folder / "en")
    own.mkdir()
    catalogue = (english / "backend.po").read_text(encoding="utf-8")
    catalogue = re.sub(r'(?m)^(msgstr ")(.+)"$', lambda m: f'{m[1]}{made_up(m[2])}"', catalogue)
    (own / "backend.po").write_text(catalogue, encoding="utf-8")
    page = json.loads((english / "page.json").read_text(encoding="utf-8"))
    (own / "page.json").write_text(json.dumps(_all(page)), encoding="utf-8")
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    said = {name: list(map(_variation, told)) for name, told in domain["responses"].items()}
    (own / "responses.yml").write_text(_yaml({"version": "3.1", "responses": said}), "utf-8")
    return folder


def write_policies(folder: Path) -> Path:
    """The policies with the vendors' own words in the made-up language too."""
    folder.mkdir()
    for file in (ROOT / "policies").glob("*.yml"):
        policy = yaml.safe_load(file.read_text(encoding="utf-8"))
        (folder / file.name).write_text(_yaml(_with_own_words(policy)), "utf-8")
    return folder


def _all(words: Any) -> Any:
    if isinstance(words, dict):
        return {key: _all(value) for key, value in words.items()}
    return made_up(words)


def _variation(variation: dict[str, Any]) -> dict[str, Any]:
    told = {**variation, "text": made_up(variation["text"])}
    if "buttons" in variation:
        told["buttons"] = [b | {"title": made_up(b["title"])} for b in variation["buttons"]]
    return told


def _with_own_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_own_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "en" in value:
        return {**value, LANGUAGE: made_up(value["en"])}
    return {key: _with_own_words(item) for key, item in value.items()}


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
