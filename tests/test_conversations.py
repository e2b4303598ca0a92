"""Whole conversations over the wire: what is said, and what is true afterwards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from wire.farewell import Farewell
from wire.play import Play
from wire.scripts import Script, mistakes, read_all
from wire.talk import Talk

from launch.paths import ROOT
from launch.readiness import first_demo_email

PLAYED: set[str] = set()


@pytest.mark.parametrize("script", read_all(), ids=lambda script: script.id)
def test_conversation(farewell: Farewell, script: Script) -> None:
    Play(farewell, script).run()
    PLAYED.add(script.id)


def words_in(folder: str, pattern: str) -> set[str]:
    files: list[Path] = sorted((ROOT / folder).glob(pattern))
    return {word for file in files for word in re.findall(r"\w+", file.read_text())}


def test_every_response_is_said_in_a_conversation_or_told_of_by_a_test(
    farewell: Farewell, scripts: list[Script]
) -> None:
    """What no policy of ours needs is said by the backend's tests, under its code; the reasons why
    something is asked by test_actions.py, for every question."""
    if {script.id for script in scripts} - PLAYED:
        pytest.skip("not every conversation was played, or not to its end")
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    known = set(domain["responses"])
    told = words_in("tests", "test_*.yml")
    told |= {f"utter_say_why_{code}" for code in domain["slots"]["next_requirement"]["values"]}
    told |= {f"utter_say_{code}" for code in words_in("backend/tests", "test_*.py")}

    assert known - farewell.ever_said() - told == set()


def test_a_badly_written_conversation_is_refused_with_its_place() -> None:
    found = mistakes({"name": "x", "steps": [{"say": "hello"}, {"customer": "a", "says": "b"}]})

    assert "needs either 'person' (an e-mail) or 'visitor' (a vendor, or nothing)" in found
    assert any(mistake.startswith("step 1: needs exactly one of customer") for mistake in found)
    assert "step 2: 'says' must be list, not 'b'" in found


def test_the_first_demo_person_may_close(farewell: Farewell) -> None:
    talk = Talk.sign_in(farewell.base_url, first_demo_email())

    turn = talk.send("just cancel it")

    assert "Yes, close it" in [button["title"] for button in turn.buttons]


def test_the_command_shows_what_the_conversations_check(farewell: Farewell) -> None:
    assert json.loads(farewell.command("show", "T-1007")) == farewell.show("T-1007")


def test_loading_the_same_people_and_accounts_again_adds_nothing(farewell: Farewell) -> None:
    again = farewell.command("load", str(ROOT / "demo" / "accounts.yml"))

    assert "0 people and 0 accounts" in again
