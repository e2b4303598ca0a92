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
from bills import rules
from factories import POLICIES

from farewell.closing.statements import contacts
from farewell.config import REPOSITORY
from farewell.facts import as_text
from farewell.i18n import catalogue
from farewell.policy.load import PolicyError, load_policies, load_policy
from farewell.policy.model import AccountType, Alternative, words_in

TRESTA = yaml.safe_load((REPOSITORY / "policies" / "tresta.yml").read_text(encoding="utf-8"))
Change = Callable[[dict[str, Any]], object]


def standalone(policy: dict[str, Any]) -> dict[str, Any]:
    """The one account type of the changed file."""
    kind: dict[str, Any] = policy["account_types"]["standalone"]
    return kind


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
        "days of retries that do not rise",
        lambda p: standalone(p)["billing"].update(
            retry_days={"value": [5, 3], "assumed": "a typing mistake"}
        ),
        "account_types.standalone.billing.retry_days",
        "days must rise",
    ),
    (
        "a retry on the day of the decline",
        lambda p: standalone(p)["billing"].update(
            retry_days={"value": [0, 3], "assumed": "a typing mistake"}
        ),
        "account_types.standalone.billing.retry_days",
        "days must rise",
    ),
    (
        "keeping what was captured after closing",
        lambda p: standalone(p)["billing"].update(
            captured={"value": "keep", "assumed": "against rule 4"}
        ),
        "account_types.standalone.billing.captured",
        "refund",
    ),
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
        "verification without questions",
        lambda p: p.update(security_questions=[]),
        "(file)",
        "verification by security answer needs security_questions",
    ),
]


def billing_of(**values: Any) -> Change:
    """Other rules on the bill; `fees` is not stated unless it is given."""
    return lambda p: standalone(p)["billing"].update(rules({"fees": "not_stated", **values}))


def credited(policy: dict[str, Any]) -> None:
    """A prepaid term as a credit where credits go to the card."""
    billing_of(timing="in_advance", prepaid="credited_by_day")(policy)


FIXED = {"fee": "fixed", "amounts": {"USD": 5000}}
BILLING = "account_types.standalone.billing"
CONTRADICTIONS: list[tuple[str, Change, str, str]] = [
    (
        "a fee where there are none",
        billing_of(fees="none", early_termination=FIXED),
        BILLING,
        "early_termination: fees says that there are none",
    ),
    (
        "a fee where charges are written off",
        billing_of(outstanding="write_off", early_termination=FIXED),
        BILLING,
        "early_termination: where outstanding is write_off there is no fee to charge",
    ),
    (
        "an unpaid bill that blocks where it is written off",
        billing_of(outstanding="write_off", unpaid="blocks"),
        BILLING,
        "unpaid: what is written off is neither added nor does it block",
    ),
    (
        "a waiver of nothing",
        billing_of(outstanding="write_off", waived_under={"USD": 100}),
        BILLING,
        "waived_under: where outstanding is write_off there is no bill to waive",
    ),
    (
        "a tax on nothing",
        billing_of(outstanding="write_off", taxed=["plan"]),
        BILLING,
        "taxed: where outstanding is write_off there are no lines to tax",
    ),
    (
        "a prepaid term in arrears",
        billing_of(prepaid="refunded_by_day"),
        BILLING,
        "prepaid: only with timing in_advance is a term paid before it is used",
    ),
    (
        "days given back that nobody counts",
        billing_of(timing="in_advance", proration="none", prepaid="refunded_by_day"),
        BILLING,
        "prepaid: to give back by day, proration must say how days count",
    ),
    (
        "a credit that goes to the card",
        credited,
        "account_types.standalone",
        "a credit needs balance.treatment keep_for_request",
    ),
    (
        "a tax on a fee that does not exist",
        billing_of(taxed=["fee"]),
        BILLING,
        "taxed: names fee, but early_termination is not stated",
    ),
    (
        "a tax on a term that is not given back",
        billing_of(timing="in_advance", prepaid="not_refunded", taxed=["prepaid"]),
        BILLING,
        "taxed: names prepaid, but nothing of a prepaid term is given back",
    ),
    (
        "a line that is taxed twice",
        billing_of(taxed=["plan", "plan"]),
        BILLING,
        "taxed: names a line twice",
    ),
    (
        "a fixed fee without an amount",
        billing_of(early_termination={"fee": "fixed"}),
        "early_termination",
        "amounts belong to the fee 'fixed', and it needs them",
    ),
    (
        "an amount beside months",
        billing_of(early_termination={"fee": "remaining_months", "amounts": {"USD": 1}}),
        "early_termination",
        "amounts belong to the fee 'fixed'",
    ),
    (
        "a share without per cent",
        billing_of(early_termination={"fee": "share_of_remaining_months"}),
        "early_termination",
        "percent belongs to 'share_of_remaining_months', and it needs it",
    ),
    (
        "a fraction of a cent",
        billing_of(waived_under={"USD": 0.5}),
        "waived_under",
        "Input should be a valid integer",
    ),
    (
        "a currency that does not exist",
        billing_of(waived_under={"XQX": 100}),
        "waived_under",
        "unknown currency 'XQX'",
    ),
    (
        "an amount of nothing",
        billing_of(waived_under={}),
        "waived_under",
        "at least 1 item",
    ),
    (
        "an option without its source",
        lambda p: standalone(p)["billing"].update(unpaid={"value": "blocks"}),
        f"{BILLING}.unpaid",
        "give either the guide's words as source, or the reason as assumed",
    ),
    (
        "a way to count that nobody knows",
        billing_of(proration="by_week"),
        f"{BILLING}.proration",
        "actual_over_30",
    ),
]


@pytest.mark.parametrize(
    ("change", "key", "reason"), [c[1:] for c in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS]
)
def test_rules_on_the_bill_that_make_no_sense_are_refused(
    tmp_path: Path, change: Change, key: str, reason: str
) -> None:
    said = refusal_of(tmp_path, change)

    assert said.startswith("changed.yml: ")
    assert key in said
    assert reason in said


def test_all_contradictions_of_a_bill_are_named_at_once(tmp_path: Path) -> None:
    said = refusal_of(
        tmp_path, billing_of(outstanding="write_off", unpaid="added", early_termination=FIXED)
    )

    assert "unpaid: what is" in said
    assert "early_termination: where" in said


@pytest.mark.parametrize("kind", [k for p in POLICIES.values() for k in p.account_types.values()])
def test_no_published_guide_states_an_option_of_other_companies(kind: AccountType) -> None:
    options = ("unpaid", "prepaid", "early_termination", "taxed", "waived_under")

    assert [getattr(kind.billing, option).stated for option in options] == [None] * len(options)


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
