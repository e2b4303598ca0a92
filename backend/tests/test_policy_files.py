"""A policy file is read whole or refused with file, key and reason."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import POLICIES

from farewell.closing.statements import contacts
from farewell.config import REPOSITORY
from farewell.facts import as_text
from farewell.i18n import catalogue
from farewell.policy.load import PolicyError, load_policies, load_policy
from farewell.policy.model import Alternative, words_in

TRESTA = yaml.safe_load((REPOSITORY / "policies" / "tresta.yml").read_text(encoding="utf-8"))
Change = Callable[[dict[str, Any]], object]


def standalone(policy: dict[str, Any]) -> dict[str, Any]:
    """The one account type of the changed file."""
    kind: dict[str, Any] = policy["account_types"]["standalone"]
    return kind


def stated(value: Any) -> dict[str, Any]:
    """A rule with words of a guide."""
    return {"value": value, "source": "x"}


def refusal_of(folder: Path, change: Change) -> str:
    """What is said of Tresta's policy after a change."""
    changed = copy.deepcopy(TRESTA)
    change(changed)
    path = folder / "changed.yml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    return str(refused.value)


def test_the_three_files_load() -> None:
    assert set(load_policies(REPOSITORY / "policies")) == {"ctm", "ontraport", "tresta"}


BAD: list[tuple[str, Change, str, str]] = [
    (
        "an unknown key",
        lambda p: p.update(colour="blue"),
        "colour",
        "Extra inputs are not permitted",
    ),
    (
        "an unknown key deep inside",
        lambda p: standalone(p)["billing"].update(late_fee=1),
        "account_types.standalone.billing.late_fee",
        "Extra inputs are not permitted",
    ),
    (
        "a missing key",
        lambda p: standalone(p).pop("undo"),
        "account_types.standalone.undo",
        "Field required",
    ),
    (
        "a rule without a source",
        lambda p: standalone(p)["billing"]["fees"].pop("source"),
        "account_types.standalone.billing.fees",
        "give either the guide's words as source, or the reason as assumed",
    ),
    (
        "a rule both stated and assumed",
        lambda p: standalone(p)["billing"]["fees"].update(assumed="we think"),
        "account_types.standalone.billing.fees",
        "give either the guide's words as source, or the reason as assumed",
    ),
    (
        "a source for something not stated",
        lambda p: standalone(p)["undo"]["by"].update(source="nowhere"),
        "account_types.standalone.undo.by",
        "a not_stated rule has neither source nor assumed",
    ),
    (
        "a role without a name",
        lambda p: standalone(p)["closed_by"].update(value=["janitor"]),
        "account_types.standalone.closed_by",
        "role 'janitor' has no name",
    ),
    (
        "an unknown parent type",
        lambda p: standalone(p).update(parent_type="castle"),
        "account_types.standalone.parent_type",
        "no type 'castle'",
    ),
    (
        "an unknown time zone",
        lambda p: p["support"]["hours"]["value"].update(zone="America/Gotham"),
        "support.hours",
        "unknown time zone 'America/Gotham'",
    ),
    (
        "hours that close before they open",
        lambda p: p["support"]["hours"]["value"].update(opens="21:00"),
        "support.hours",
        "opens must be before closes",
    ),
    (
        "words without English",
        lambda p: p.update(name={"es": "Tresta"}),
        "name",
        "words need at least the language en",
    ),
    (
        "empty words",
        lambda p: p.update(name={"en": "  "}),
        "name",
        "words must not be empty",
    ),
    (
        "negative days of settling",
        lambda p: standalone(p)["billing"]["settle_after_days"].update(value=-1),
        "account_types.standalone.billing.settle_after_days",
        "greater than or equal to 0",
    ),
    (
        "negative days of restoring",
        lambda p: standalone(p)["numbers"].update(restore_days={"value": -1, "source": "x"}),
        "account_types.standalone.numbers.restore_days",
        "greater than or equal to 0",
    ),
    (
        "a fee, which the vocabulary has not",
        lambda p: standalone(p)["billing"]["fees"].update(value="ten dollars"),
        "account_types.standalone.billing.fees",
        "none",
    ),
    (
        "a reason that no other vendor knows",
        lambda p: p["exit_reasons"]["choices"][0].update(code="too_dear"),
        "exit_reasons.choices.0.code",
        "Input should be 'too_expensive', 'missing_feature'",
    ),
    (
        "notice of no days",
        lambda p: standalone(p).update(takes_effect=stated({"notice_days": 0})),
        "account_types.standalone.takes_effect",
        "greater than or equal to 1",
    ),
    (
        "notice beyond what is paid, at a price that nobody knows",
        lambda p: (
            standalone(p).update(takes_effect=stated({"notice_days": 30})),
            standalone(p)["billing"].update(timing=stated("in_advance"), proration=stated("none")),
        ),
        "account_types.standalone",
        "nothing says what those days cost",
    ),
    (
        "usage until an end that is at once",
        lambda p: standalone(p).update(usage_until_effect=stated("written_off")),
        "account_types.standalone",
        "usage_until_effect belongs to a closing that takes effect later",
    ),
    (
        "usage up to an amount in no currency",
        lambda p: standalone(p).update(usage_until_effect=stated({"up_to_minor": 1})),
        "account_types.standalone.usage_until_effect",
        "Field required",
    ),
    (
        "a conversion at a later day",
        lambda p: standalone(p).update(
            takes_effect=stated("period_end"), converts={"to_plan": {"en": "Free"}, "source": "x"}
        ),
        "account_types.standalone",
        "a conversion takes effect at once and needs no second person",
    ),
    (
        "a second role without a name",
        lambda p: standalone(p).update(second_approval=stated(["janitor"])),
        "account_types.standalone.second_approval",
        "role 'janitor' has no name",
    ),
    (
        "verification without questions",
        lambda p: p.update(security_questions=[]),
        "(file)",
        "verification by security answer needs security_questions",
    ),
]


@pytest.mark.parametrize(("change", "key", "reason"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_file_is_refused_with_file_key_and_reason(
    tmp_path: Path, change: Change, key: str, reason: str
) -> None:
    said = refusal_of(tmp_path, change)

    assert said.startswith("changed.yml: ")
    assert key in said
    assert reason in said


MAZES: list[tuple[str, Change, str]] = [
    ("a must-have reason", lambda p: p["exit_reasons"].update(required=True), "exit_reasons"),
    (
        "a must-have export",
        lambda p: standalone(p)["data"].update(export_required=True),
        "data.export_required",
    ),
    (
        "two messages of alternatives",
        lambda p: standalone(p)["alternatives"].update(messages=2),
        "alternatives.messages",
    ),
    (
        "no message of alternatives where some are listed",
        lambda p: standalone(p)["alternatives"].update(messages=0),
        "alternatives.messages",
    ),
    (
        "alternatives that cannot be declined",
        lambda p: standalone(p)["alternatives"].update(can_be_declined=False),
        "alternatives.can_be_declined",
    ),
    ("two confirmations", lambda p: p.update(confirmations=2), "confirmations"),
    ("no confirmation at all", lambda p: p.update(confirmations=0), "confirmations"),
    (
        "nobody who may close",
        lambda p: standalone(p)["closed_by"].update(value=[]),
        "closed_by",
    ),
    (
        "nobody who may agree as the second person",
        lambda p: standalone(p).update(second_approval=stated([])),
        "second_approval",
    ),
    (
        "silence on who may close",
        lambda p: standalone(p).update(closed_by={"value": "not_stated"}),
        "closed_by",
    ),
]


@pytest.mark.parametrize(("change", "key"), [m[1:] for m in MAZES], ids=[m[0] for m in MAZES])
def test_a_policy_that_leads_into_a_maze_is_refused(
    tmp_path: Path, change: Change, key: str
) -> None:
    said = refusal_of(tmp_path, change)

    assert said.startswith("changed.yml: ")
    assert key in said


def test_every_finding_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    def change(policy: dict[str, Any]) -> None:
        policy["exit_reasons"]["required"] = True
        policy["confirmations"] = 3

    assert len(refusal_of(tmp_path, change).splitlines()) == 2


def test_broken_yaml_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text("vendor: [", encoding="utf-8")

    with pytest.raises(PolicyError, match=r"broken\.yml: not valid YAML"):
        load_policy(path)


def test_two_files_for_one_vendor_are_refused(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(yaml.safe_dump(TRESTA), encoding="utf-8")

    with pytest.raises(PolicyError, match=r"b\.yml: vendor: 'tresta' has another file"):
        load_policies(tmp_path)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy file"):
        load_policies(tmp_path)


@pytest.mark.parametrize(("language", "words"), [("es-MX", "hola"), ("fr", "hi"), ("en", "hi")])
def test_words_fall_back_to_the_base_language_and_then_to_english(
    language: str, words: str
) -> None:
    assert words_in({"en": "hi", "es": "hola"}, language) == words


VENDORS = re.compile(r"tresta|(?<![a-z])ctm(?![a-z])|calltracking|ontra(port|pages)", re.IGNORECASE)


def strings_without_docstrings(path: Path) -> list[str]:
    """Names and texts of a module that it runs with; what only explains does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in explained:
                found.append(node.value)
        elif isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
    return found


@pytest.mark.parametrize("folder", ["backend/src", "actions", "components"])
def test_no_vendor_is_named_in_the_code(folder: str) -> None:
    named = {
        f"{path.name}: {text[:60]}"
        for path in (REPOSITORY / folder).rglob("*.py")
        for text in strings_without_docstrings(path)
        if VENDORS.search(text)
    }

    assert named == set()


@pytest.mark.parametrize("place", ["data/stories", "data/rules", "domain.yml"])
def test_no_vendor_is_named_in_what_leads_the_talk(place: str) -> None:
    root = REPOSITORY / place
    files = [root] if root.is_file() else sorted(root.rglob("*.yml"))
    named = {path.name for path in files if VENDORS.search(path.read_text(encoding="utf-8"))}

    assert named == set()


@pytest.mark.parametrize("origin", [{}, {"source": "x", "assumed": "y"}])
def test_an_alternative_has_exactly_one_origin(origin: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give either"):
        Alternative.model_validate(
            {"code": "rest", "title": {"en": "Rest"}, "text": {"en": "Rest."}} | origin
        )


def test_a_contact_without_an_address_is_said_without_one_and_with_its_note() -> None:
    said = as_text(contacts(POLICIES["tresta"])[-1], catalogue("en"))

    assert said == (
        "Tresta by e-mail (include your account number and your security verification "
        "question and answer)"
    )
