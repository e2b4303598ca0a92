"""Nothing is asked, said or done under a name that the other side does not know.

The names go through four places: the backend's codes, the assistant's actions, the domain, and
the rules. Rasa does not compare them (`rasa data validate` ends with 0 on unused ones), and a name
that is missing in one of them is a silent customer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

import actions
from actions.answers import FixedAnswer
from actions.next_step import FACTS
from launch.paths import ROOT

BACKEND = ROOT / "backend" / "src" / "farewell"
DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text())
REQUIREMENTS: list[str] = DOMAIN["slots"]["next_requirement"]["values"]
RASAS_OWN = {"action_listen", "action_deactivate_loop"}
SAID_HERE = {
    "introduction": "action_session_start",
    "confirm_unclear": "rules",
    "one_at_a_time": "action_next_step",
    "not_served_here": "action_next_step",
    "undecided": "rules",
    **{f"why_{code}": "action_explain_question" for code in REQUIREMENTS},
}
"""Statements that the assistant makes without the backend."""
NEVER_SAID = {
    "reactivation_offer": "its facts are those of the question of consent",
    "port_completed": "a message to the host application",
    **dict.fromkeys(
        (
            "approval_wanted",
            "approval_declined",
            "approval_missing",
            "closing_lapsed",
            "closing_waits_for_port",
            "closed_as_scheduled",
        ),
        "told outside a turn, in the words `told.CODE` of the backend's catalogue",
    ),
}


def rules() -> list[dict[str, Any]]:
    files = sorted((ROOT / "data" / "rules").glob("*.yml"))
    return [rule for file in files for rule in yaml.safe_load(file.read_text())["rules"]]


def stories() -> list[dict[str, Any]]:
    files = sorted((ROOT / "data" / "stories").glob("*.yml"))
    return [story for file in files for story in yaml.safe_load(file.read_text())["stories"]]


def named(kind: str, step: Any) -> Iterator[str]:
    """All values under a key, also within `or`."""
    if isinstance(step, dict):
        for key, value in step.items():
            if key == kind and isinstance(value, str):
                yield value
            else:
                yield from named(kind, value)
    elif isinstance(step, list):
        for item in step:
            yield from named(kind, item)


@cache
def backend_sources() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(file.read_text()) for file in sorted(BACKEND.rglob("*.py")))


Names = dict[str, set[str]]


def texts_of(value: ast.expr, names: Names) -> set[str]:
    """The texts that an expression can give: a constant, a choice, or an entry of a dictionary."""
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name):
            return names.get(name, set())
        case ast.IfExp(body=one, orelse=other):
            return texts_of(one, names) | texts_of(other, names)
        case ast.Dict(values=values):
            return set().union(*(texts_of(v, names) for v in values))
        case ast.Subscript(value=table):
            return texts_of(table, names)
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, *default]):
            return set().union(*(texts_of(v, names) for v in (table, *default)))
        case _:
            return set()


def assigned(within: ast.AST, names: Names) -> Names:
    """What names can stand for after the assignments directly or anywhere within."""
    nodes = within.body if isinstance(within, ast.Module) else ast.walk(within)
    found = dict(names)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = found.get(name, set()) | texts_of(node.value, names)
    return found


def first_texts(call: str, second: str | None = None) -> set[str]:
    """What the first argument of such calls can be, over the whole backend."""
    found: set[str] = set()
    for module in backend_sources():
        constants = assigned(module, {})
        for scope in ast.walk(module):
            if not isinstance(scope, ast.FunctionDef):
                continue
            names = assigned(scope, constants)
            for node in ast.walk(scope):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=[first, *rest]) if name == call:
                        kinds = texts_of(rest[0], {}) if rest else set()
                        if second is None or kinds == {second}:
                            found |= texts_of(first, names)
    return found


def statement_codes() -> set[str]:
    return first_texts("Statement") | first_texts("Requirement", second="acknowledge")


def variables(response: str) -> set[str]:
    """What stands in braces in the texts and buttons of a response."""
    return set(re.findall(r"\{(\w+)\}", str(DOMAIN["responses"][response])))


def test_the_backends_codes_are_found_at_all() -> None:
    codes = statement_codes()
    assert {"no_account", "closed_already", "status_waiting", "numbers_may_be_lost"} <= codes
    assert {"check_sub_account", "data_kept_readable", "converted_already"} <= codes


def test_every_statement_of_the_backend_has_words() -> None:
    spoken = {name.removeprefix("utter_say_") for name in DOMAIN["responses"]}
    assert statement_codes() - spoken - set(NEVER_SAID) == set()


def test_all_words_belong_to_a_statement_of_the_backend() -> None:
    said = {r.removeprefix("utter_say_") for r in DOMAIN["responses"] if r.startswith("utter_say_")}
    assert said - statement_codes() - set(SAID_HERE) == set()


def test_statements_of_the_assistants_own_are_said() -> None:
    used = set(named("action", rules()))
    used |= {(ROOT / "actions" / file).read_text() for file in ("session.py", "further.py")}
    for code in [code for code in SAID_HERE if not code.startswith("why_")]:
        assert any(f"utter_say_{code}" in text for text in used), code


def test_every_question_has_a_reason() -> None:
    """`action_explain_question` says `utter_say_why_<next_requirement>`."""
    reasons = {name for name in DOMAIN["responses"] if name.startswith("utter_say_why_")}
    assert reasons == {f"utter_say_why_{code}" for code in REQUIREMENTS}


WORDINGS = [None, "again", "with_human"]


def wordings(question: str) -> dict[str | None, dict[str, Any]]:
    """The variants of a question by how often it was asked."""
    found = {}
    for variant in DOMAIN["responses"][question]:
        conditions = variant.get("condition", [{"value": None}])
        assert len(conditions) == 1
        found[conditions[0]["value"]] = variant
        if variant.get("condition"):
            assert conditions[0] | {"value": ""} == {"type": "slot", "name": "asking", "value": ""}
    return found


RESTING = {
    *("porting_first", "transferring_first", "waiting_for_port"),
    *("waiting_for_approval", "scheduled"),
}
NO_QUESTION_FOLLOWS = {
    None,  # at the very beginning
    *("none", "nothing_open", "unavailable", "sign_in"),
    *("role_missing", "role_vacant", "second_vacant"),
    *RESTING,
}


def test_a_greeting_offers_something_where_no_question_follows_and_nothing_elsewhere() -> None:
    brief, *others = DOMAIN["responses"]["utter_greet"]
    assert set(brief) == {"text"}
    at = {other["condition"][0]["value"]: other for other in others}
    assert set(at) == NO_QUESTION_FOLLOWS
    assert all(other["buttons"] for other in others)
    in_closing = {v for v, o in at.items() if "/cancel_account" not in str(o["buttons"])}
    assert in_closing == RESTING


def test_no_question_is_asked_where_a_greeting_offers_something() -> None:
    asked = {
        code
        for rule in rules()
        for code in named("next_requirement", rule)
        if rule["steps"][0] == {"action": "action_next_step"}
        and any(re.match("utter_ask|action_offer|.*_form", n) for n in named("action", rule))
    }
    assert asked | NO_QUESTION_FOLLOWS == {*REQUIREMENTS, None}
    # Signing in happens elsewhere: it is asked for once, and nothing waits for it.
    assert asked & NO_QUESTION_FOLLOWS == {"sign_in"}


QUESTIONS = sorted(name for name in DOMAIN["responses"] if name.startswith("utter_ask_"))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_worded_anew_each_time_and_offers_a_human_in_the_end(question: str) -> None:
    found = wordings(question)
    assert list(found) == WORDINGS
    assert [v for v in WORDINGS if v] == DOMAIN["slots"]["asking"]["values"][1:]
    texts = [found[v]["text"] for v in WORDINGS]
    assert len(set(texts)) == len(WORDINGS)
    assert len(texts[1]) < len(texts[0]) or len(texts[0]) < 60
    human = {"title": "Talk to a person", "payload": "/request_human"}
    assert human in found["with_human"]["buttons"]
    assert re.search(r"\b(a|the) (person|people)\b", texts[2].lower()), texts[2]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_buttons_stay_however_often_a_question_is_asked(question: str) -> None:
    first, again, with_human = (found.get("buttons", []) for found in wordings(question).values())
    assert again == first
    assert [b for b in with_human if b in first] == first


@pytest.mark.parametrize("question", [q for q in QUESTIONS if "_confirm" in q])
def test_every_wording_of_a_confirmation_names_account_and_amount(question: str) -> None:
    later = question in ("utter_ask_confirm_scheduled", "utter_ask_confirm_approval")
    amount = "{amount}" if later else "{refund}" if "refund" in question else "{total}"
    for found in wordings(question).values():
        assert "{account}" in found["text"]
        assert amount in found["text"]


def test_every_other_response_is_used_in_a_rule() -> None:
    """`action_offer_options` speaks for the questions whose buttons come from the backend."""
    used = set(named("action", rules()))
    used |= {f"utter_ask_{code}" for code in offered()}
    used |= {
        f"utter_ask_{slot}" for form in DOMAIN["forms"].values() for slot in form["required_slots"]
    }
    used |= {"utter_default"}  # Rasa's own, when an action could not be run at all
    known = {name for name in DOMAIN["responses"] if not name.startswith("utter_say_")}
    assert known - used == set()
    assert {name for name in used if name.startswith("utter_")} - set(DOMAIN["responses"]) == set()


def offered() -> set[str]:
    """Requirements that `action_offer_options` asks for."""
    return {
        code
        for rule in rules()
        if "action_offer_options" in named("action", rule)
        for code in named("next_requirement", rule)
    }


def test_every_requirement_has_the_one_rule_that_asks_for_it() -> None:
    asked = [
        code
        for rule in rules()
        if "condition" not in rule and rule["steps"][0] == {"action": "action_next_step"}
        for code in named("next_requirement", rule)
    ]
    assert sorted(asked) == sorted(REQUIREMENTS)


def test_no_rule_or_story_waits_for_a_requirement_that_does_not_exist() -> None:
    """A categorical slot takes an unknown value silently, as `__other__`."""
    assert set(named("next_requirement", [*rules(), *stories()])) <= set(REQUIREMENTS)


def test_every_step_and_requirement_of_the_backend_is_known() -> None:
    source = (BACKEND / "chat" / "leading.py").read_text()
    rests = set(re.findall(r'"\w+", "\w+", "(\w+)"\)', source))
    needed = first_texts("Step") | rests
    for kind in ("choice", "input", "blocker"):
        needed |= first_texts("Requirement", second=kind)
    assert len(needed) > 15
    assert needed - set(REQUIREMENTS) == set()
    made_here = {"nothing_open", "unavailable"}
    assert set(REQUIREMENTS) - needed == made_here


def test_the_actions_of_the_domain_are_those_that_exist() -> None:
    executor = ActionExecutor()
    executor.register_package(actions)
    written = {name for name in executor.actions if executor_owns(name, executor)}
    assert set(DOMAIN["actions"]) == written


def executor_owns(name: str, executor: ActionExecutor) -> bool:
    """Whether an action is one of ours (other tests may have defined some)."""
    owner: Action = executor.actions[name].__self__
    return type(owner).__module__.startswith("actions.")


def test_every_action_is_used_in_a_rule() -> None:
    used = set(named("action", rules())) | {"action_session_start"}
    used |= {f"validate_{form}" for form in DOMAIN["forms"]}
    assert set(DOMAIN["actions"]) - used == set()
    utterances, forms = set(DOMAIN["responses"]), set(DOMAIN["forms"])
    assert used - set(DOMAIN["actions"]) - utterances - forms - RASAS_OWN == set()


def test_every_intent_has_a_rule_that_always_answers() -> None:
    answered = {
        intent for rule in rules() if "condition" not in rule for intent in named("intent", rule)
    }
    assert set(DOMAIN["intents"]) == answered


def test_every_question_is_a_topic_that_the_backend_answers() -> None:
    source = (BACKEND / "chat" / "answers.py").read_text()
    table = re.search(r"^ABOUT_ACCOUNT.*?^}", source, re.MULTILINE | re.DOTALL)
    assert table
    topics = set(re.findall(r'^    "(\w+)":', table[0], re.MULTILINE)) | {"agent_hours"}
    asked = {i.removeprefix("ask_") for i in DOMAIN["intents"] if i.startswith("ask_")}
    assert asked == topics


@pytest.mark.parametrize("answer", FixedAnswer.__subclasses__(), ids=lambda a: a.action_name)
def test_the_backend_takes_every_answer(answer: type[FixedAnswer]) -> None:
    source = ast.parse((BACKEND / "closing" / "requirements.py").read_text())
    answers = next(
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "ANSWERS"
    )
    assert answer.value in answers[answer.code]


def test_every_fact_of_a_question_is_set_at_each_step() -> None:
    """An unset variable would be spoken as "None" or leave the braces standing."""
    asked = set(named("action", rules())) | {f"utter_ask_{code}" for code in offered()}
    questions = {name for name in asked if name.startswith("utter_")}
    missing = {name: variables(name) - set(FACTS) for name in questions}
    assert {name: facts for name, facts in missing.items() if facts} == {}
    assert set(FACTS) <= set(DOMAIN["slots"])


def test_the_facts_of_questions_are_used_and_nothing_else_is_kept() -> None:
    """The actions receive the whole tracker: a slot that nobody reads is a customer's data lying
    around."""
    asked = {name for name in DOMAIN["responses"] if not name.startswith("utter_say_")}
    used = set().union(*map(variables, asked))
    assert set(FACTS) - used - {"sub_accounts", "vendor"} == set()


def facts_in_source() -> set[str]:
    """Every name that the backend gives to a fact: keys of dictionaries and of assignments."""
    keys = set()
    for module in backend_sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Dict):
                keys |= {k.value for k in node.keys if isinstance(k, ast.Constant)}
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                keys.add(node.slice.value)
    return {key for key in keys if isinstance(key, str)}


def test_every_fact_of_a_statement_exists_in_the_backend() -> None:
    said = {name for name in DOMAIN["responses"] if name.startswith("utter_say_")}
    needed = set().union(*map(variables, said))
    assert needed - facts_in_source() == set()


def test_no_wording_names_a_vendor() -> None:
    """A new vendor is a new policy file and nothing else."""
    vendors = [
        word
        for file in Path(ROOT / "policies").glob("*.yml")
        for word in (yaml.safe_load(file.read_text())["name"]["en"], file.stem)
    ]
    wording = [ROOT / "domain.yml", *(ROOT / "data" / "rules").glob("*.yml")]
    wording += [*(ROOT / "data" / "stories").glob("*.yml")]
    for file in wording:
        found = [v for v in vendors if re.search(rf"\b{v}\b", file.read_text(), re.IGNORECASE)]
        assert not found, f"{file.name}: {found}"


def test_every_question_has_a_name_for_a_human_who_takes_over() -> None:
    """`farewell.desk.handover` names the open question by `step.<code>`; it must not fail."""
    words = (ROOT / "locales" / "en" / "backend.po").read_text()
    asked = {n.removeprefix("utter_ask_") for n in DOMAIN["responses"] if "utter_ask_" in n}
    assert {code for code in asked if f'msgid "step.{code}"' not in words} == set()
