"""Fresh copies of demo accounts, so that no conversation disturbs another.

A conversation is written with the demo's own names. Each gets its own accounts, people and phone
numbers, and what it says and expects is renamed alike: in conversation 7, `T-1001` becomes
`T-100107`, `alice@tresta.example` becomes `alice.07@tresta.example` and `+12125550101` becomes
`+12122070101`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from launch.paths import ROOT
from wire.scripts import Script, ScriptError

DEMO = ROOT / "demo" / "accounts.yml"


BLOCK = 800
"""So many exchanges (the middle three digits) a phone number has for copies; then the next digit
counts on."""


class Names:
    """Renames what belongs to one conversation, in texts and in nested values."""

    def __init__(self, key: int) -> None:
        self.mark = f"{key:02d}"
        block, rest = divmod(key, BLOCK)
        self._exchange, self._block = str(200 + rest), str(block)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {self(key): self(item) for key, item in value.items()}
        return value

    def _text(self, text: str) -> str:
        text = re.sub(r"\b([A-Z]-\d{4})\b", rf"\g<1>{self.mark}", text)
        text = re.sub(r"\b(\w+)@(\w+\.example)\b", rf"\g<1>.{self.mark}@\g<2>", text)
        return re.sub(r"555([ -]?)0(\d{3})", rf"{self._exchange}\g<1>{self._block}\g<2>", text)


def copies(scripts: list[Script], demo_file: Path = DEMO) -> dict[str, Any]:
    """One file for `farewell load` with everything that the conversations use.

    Raises ScriptError where a conversation names an account that the demo does not have.
    """
    demo = yaml.safe_load(demo_file.read_text(encoding="utf-8"))
    accounts = {account["number"]: account for account in demo["accounts"]}
    people = {person["email"]: person for person in demo["people"]}
    together: dict[str, Any] = {"people": [], "accounts": []}
    for script in scripts:
        unknown = [number for number in script.data if number not in accounts]
        if unknown:
            raise ScriptError(f"{script.id}: the demo has no account {', '.join(unknown)}")
        wanted = [accounts[number] | changes for number, changes in script.data.items()]
        wanted += script.also.get("accounts", [])
        own = {person["email"]: person for person in script.also.get("people", [])}
        names = Names(script.key)
        used = dict.fromkeys([*_people_of(wanted), *([script.person] if script.person else [])])
        known = people | own
        together["people"] += [names(known[email]) for email in used if email in known]
        together["accounts"] += names(wanted)
    return together


def _people_of(accounts: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for account in accounts:
        found += account.get("roles", {})
        if account.get("closed"):
            found.append(account["closed"]["by"])
    return found
