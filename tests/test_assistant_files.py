"""Traps of Rasa 3.6 that our files keep away from; each test says which."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.core.domain import Domain

from launch.paths import ROOT
from launch.processes import QUIET_RASA

CONFIRMATIONS = ("confirm", "confirm_with_refund", "confirm_conversion", "confirm_standing")
FROM_BUTTONS_AND_GATEWAY = {
    "choose_option",
    "confirm_closure",
    "verified",
    "port_update",
    "correction",
}
NOT_UNDERSTOOD = {"nlu_fallback", "out_of_scope"}


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return content


DOMAIN, CONFIG = read("domain.yml"), read("config.yml")
DOMAIN_ENTITIES = ("option", "exit_reason")
FORMS: dict[str, Any] = DOMAIN["forms"]
RULES: list[dict[str, Any]] = [
    rule
    for file in sorted((ROOT / "data" / "rules").glob("*.yml"))
    for rule in yaml.safe_load(file.read_text())["rules"]
]


def intents(rule: dict[str, Any]) -> set[str]:
    steps = [s for step in rule["steps"] for s in step.get("or", [step])]
    return {step["intent"] for step in steps if "intent" in step}


def actions_of(rule: dict[str, Any]) -> list[str]:
    return [step["action"] for step in rule["steps"] if "action" in step]


def asked_in(rule: dict[str, Any]) -> str | None:
    """The requirement that has to be open for the rule."""
    for condition in rule.get("condition", []):
        for slot in condition.get("slot_was_set", []):
            if "next_requirement" in slot:
                return str(slot["next_requirement"])
    return None


def form_of(rule: dict[str, Any]) -> str | None:
    """The form in which a rule holds, if any."""
    conditions = [c for c in rule.get("condition", []) if "active_loop" in c]
    return conditions[0]["active_loop"] if conditions else None


def mappings() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, slot in DOMAIN["slots"].items():
        for mapping in slot["mappings"]:
            yield name, mapping


# --- the confirmation --------------------------------------------------------------------------


def test_nothing_guesses_at_what_was_meant() -> None:
    """With the two-stage fallback, "Did you mean goodbye?" – "yes" carried out the cancellation."""
    parts = str(CONFIG) + str(RULES)
    for name in ("TwoStageFallback", "action_two_stage_fallback", "action_default_ask_affirmation"):
        assert name not in parts


@pytest.mark.parametrize("asked", CONFIRMATIONS)
def test_what_is_not_understood_at_a_confirmation_asks_it_again(asked: str) -> None:
    (rule,) = [r for r in RULES if asked_in(r) == asked and NOT_UNDERSTOOD & intents(r)]
    assert intents(rule) == NOT_UNDERSTOOD
    assert actions_of(rule) == ["action_not_understood", "action_next_step"]


def test_only_words_of_closing_reach_the_confirmation_and_only_where_it_is_asked() -> None:
    for rule in RULES:
        if "action_confirm_closure" in actions_of(rule):
            assert asked_in(rule) in CONFIRMATIONS or intents(rule) == {"confirm_closure"}, rule
            assert not intents(rule) & (NOT_UNDERSTOOD | {"deny", "skip", "stop_cancellation"})


def test_what_buttons_and_the_gateway_say_is_not_learnt_from_words() -> None:
    """The final confirmation is never filled from what somebody typed."""
    learnt = {
        example["intent"]
        for file in (ROOT / "data" / "nlu").glob("*.yml")
        for example in yaml.safe_load(file.read_text())["nlu"]
        if "intent" in example
    }
    assert not learnt & FROM_BUTTONS_AND_GATEWAY
    assert learnt | FROM_BUTTONS_AND_GATEWAY | {"nlu_fallback"} == set(DOMAIN["intents"])


@pytest.mark.parametrize("entity", DOMAIN_ENTITIES)
def test_an_entity_changes_no_rule_and_no_story(entity: str) -> None:
    """Rasa compares entities with those of a memorised story, where there are none."""
    domain = Domain.from_dict(DOMAIN)
    for intent in domain.intents:
        assert entity not in domain.intent_config(intent)["used_entities"], intent


# --- slots and the form ------------------------------------------------------------------------


def test_no_slot_is_filled_by_an_entity_or_an_intent() -> None:
    """A `from_entity` mapping fills anywhere, any time; `/greet{"plan": "enterprise"}` too."""
    assert {m["type"] for _, m in mappings()} == {"custom", "from_text"}


def test_a_slot_takes_words_only_while_its_form_asks_for_it() -> None:
    for name, mapping in mappings():
        if mapping["type"] == "from_text":
            (form,) = [f for f, own in FORMS.items() if name in own["required_slots"]]
            assert mapping["conditions"] == [{"active_loop": form, "requested_slot": name}]


def test_only_the_requirement_influences_the_talk() -> None:
    influencing = {n for n, slot in DOMAIN["slots"].items() if slot["influence_conversation"]}
    assert influencing == {"next_requirement"}


@pytest.mark.parametrize("form", FORMS)
def test_every_intent_that_a_form_does_not_take_has_an_answer_in_the_form(form: str) -> None:
    """What a form cannot extract says `utter_default`, without asking again."""
    aside = set(FORMS[form]["ignored_intents"])
    (slot,) = FORMS[form]["required_slots"]
    (mapping,) = DOMAIN["slots"][slot]["mappings"]
    assert set(mapping["not_intent"]) == aside
    everywhere = {i for r in RULES if not r.get("condition") for i in intents(r)}
    leaving = set().union(*(intents(r) for r in RULES if form_of(r) == form))
    assert leaving <= aside <= everywhere


def test_after_an_answer_in_the_form_the_form_asks_again_or_ends() -> None:
    for rule in filter(form_of, RULES):
        assert actions_of(rule)[-1] in (form_of(rule), "action_next_step"), rule["rule"]


# --- rules -------------------------------------------------------------------------------------


def test_every_answer_leads_on() -> None:
    """A rule whose work other rules continue needs `wait_for_user_input: false`; else silence."""
    for rule in RULES:
        last = actions_of(rule)[-1]
        begins = rule["steps"][0] == {"action": "action_next_step"}
        if last == "action_next_step" and not begins:
            assert rule["wait_for_user_input"] is False, rule["rule"]
        elif not begins:
            assert last in FORMS, f"{rule['rule']} leads nowhere"


def test_an_intent_has_at_most_one_rule_for_an_open_question() -> None:
    seen: set[tuple[str | None, str | None, str]] = set()
    for rule in RULES:
        for intent in intents(rule):
            place = (asked_in(rule), form_of(rule), intent)
            assert place not in seen, place
            seen.add(place)


def test_what_no_rule_foresaw_still_has_an_answer() -> None:
    (rule_policy,) = [p for p in CONFIG["policies"] if p["name"] == "RulePolicy"]
    assert rule_policy["enable_fallback_prediction"]
    assert rule_policy["core_fallback_action_name"] == "action_default_fallback"
    assert "utter_default" in DOMAIN["responses"]


def test_training_ends_where_rules_contradict_each_other(tmp_path: Path) -> None:
    """`rasa data validate` ends with 0 there (RasaHQ/rasa#8029); training is what must not."""
    for name in ("config.yml", "domain.yml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "data" / "rules", tmp_path / "data")
    contradiction = {
        "rule": "whoever says thanks is closed",
        "steps": [{"intent": "thanks"}, {"action": "action_close_account"}],
    }
    (tmp_path / "data" / "bad.yml").write_text(
        yaml.safe_dump({"version": "3.1", "rules": [contradiction]})
    )
    log = tmp_path / "log"
    with log.open("wb") as output:
        ended = subprocess.run(
            [ROOT / ".venv" / "bin" / "rasa", "train", "core", "--out", tmp_path / "models"],
            cwd=tmp_path,
            env={**os.environ, **QUIET_RASA, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
    said = log.read_text(errors="replace")
    assert ended.returncode != 0
    assert "Contradicting" in said, said[-2000:]
    assert contradiction["rule"] in said
    assert not list(tmp_path.glob("models/*"))


# --- around the assistant ----------------------------------------------------------------------


def test_a_session_does_not_expire_and_carries_nothing_over() -> None:
    """After an expiry with carry-over "yes" fell to default, and "cancel" skipped questions."""
    session = DOMAIN["session_config"]
    assert session["session_expiration_time"] == 0
    assert session["carry_over_slots_to_new_session"] is False


def test_the_action_server_is_shown_the_token() -> None:
    endpoint = read("endpoints.yml")["action_endpoint"]
    assert endpoint["headers"] == {"Authorization": "Bearer ${FAREWELL_SERVICE_TOKEN}"}


def test_rasa_does_not_pause_conversations_itself() -> None:
    """After `ConversationPaused` no `action_listen` is logged; the gateway owns a handover."""
    for file in (ROOT / "actions").glob("*.py"):
        assert "ConversationPaused" not in file.read_text(), file.name
    assert "action_pause" not in str(RULES)
