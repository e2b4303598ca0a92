"""Every rule and every story is walked by a story test, and every response is said by something.

A rule that nothing walks may be wrong without anybody noticing: it passes the training, and
`rasa test` counts only what the stories meet. What the model has learnt from the rules tells which
of them makes a prediction, so conditions and each branch of an `or` are looked at one by one.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.utils.log_utils import configure_structlog

from launch.paths import MODEL, ROOT

DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text())
REQUIREMENTS: list[str] = DOMAIN["slots"]["next_requirement"]["values"]
STORY_TESTS = sorted((ROOT / "tests").glob("test_*.yml"))
Step = tuple[Any, ...]


# --- rules -------------------------------------------------------------------------------------


def learnt_key_in_words(key: str, action: str) -> str:
    """A learnt rule as somebody can find it: where it holds, the intent, and its actions."""
    states = json.loads(key)
    first = states[0]
    asked = first.get("slots", {}).get("next_requirement") or []
    where = [first.get("active_loop", {}).get("name")]
    where += [code for code, set_ in zip(REQUIREMENTS, asked, strict=False) if set_ == 1]
    where += [first.get("user", {}).get("intent")]
    done = [s["prev_action"]["action_name"] for s in states if "prev_action" in s]
    return f"{', '.join(filter(None, where))}: {' → '.join([*done, action])}"


def form_does_it(key: str, action: str) -> bool:
    """A form runs after a message and listens after its question by itself: in a story test its
    rule cannot be told from that."""
    forms = DOMAIN["forms"]
    before = json.loads(key)[-1].get("prev_action", {}).get("action_name")
    listens = action == "action_listen" and before in forms
    return listens or (action in forms and before == "action_listen")


@pytest.fixture(scope="module")
def unwalked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the model has learnt from rules and no story test needs, in words."""
    assert MODEL.exists(), "There is no model: run `make train`."
    configure_structlog(logging.ERROR)  # it would print every state of every story
    home = tmp_path_factory.mktemp("model")
    storage, trained = LocalModelStorage.from_model_archive(home, MODEL)
    (name,) = (node for node in trained.train_schema.nodes if node.startswith("train_RulePolicy"))
    policy = RulePolicy.load(
        RulePolicy.get_default_config(),
        storage,
        Resource(name),
        ExecutionContext(GraphSchema({}), "walked"),
    )
    folder = home / "stories"
    folder.mkdir()
    for file in STORY_TESTS:
        shutil.copy(file, folder)
    written = TrainingDataImporter.load_from_dict(
        domain_path=str(ROOT / "domain.yml"), training_data_paths=[str(folder)]
    ).get_conversation_tests()
    stories = TrainingDataGenerator(
        written, trained.domain, augmentation_factor=0, use_story_concatenation=False
    ).generate_story_trackers()
    assert len(stories) > 60
    rules: dict[str, str] = policy.lookup[RULES]
    left = {key for key, action in rules.items() if not form_does_it(key, action)}
    assert len(left) > 200
    for story in stories:
        for moment, *_ in story.generate_all_prior_trackers():
            _, rule, _ = policy._find_action_from_rules(moment, trained.domain, False)
            left.discard(rule)
    return sorted(learnt_key_in_words(key, rules[key]) for key in left)


def test_every_rule_is_walked_by_a_story_test(unwalked: list[str]) -> None:
    assert not unwalked, "no test in tests/test_*.yml walks:\n" + "\n".join(unwalked)


# --- stories -----------------------------------------------------------------------------------


def steps_of(story: dict[str, Any]) -> list[list[Step]]:
    """The steps of a story, each as the list of what it may be."""
    found: list[list[Step]] = []
    for step in story["steps"]:
        if "or" in step:
            found.append([one for branch in step["or"] for one in plain_steps(branch)])
        else:
            found += [[one] for one in plain_steps(step)]
    return found


def plain_steps(step: dict[str, Any]) -> Iterator[Step]:
    """One written step; several slots that are set count one by one."""
    for slot in step.get("slot_was_set", []):
        yield ("slot", *next(iter(slot.items())))
    for kind in ("intent", "action", "active_loop"):
        if kind in step:
            yield kind, step[kind]


def stories_in(files: Sequence[Path]) -> list[dict[str, Any]]:
    return [story for file in files for story in yaml.safe_load(file.read_text())["stories"]]


def walks(test: list[Step], story: list[list[Step]]) -> bool:
    """Whether a test holds the story's steps, one right after the other."""
    starts = range(len(test) - len(story) + 1)
    return any(all(test[at + n] in step for n, step in enumerate(story)) for at in starts)


STORIES = stories_in(sorted((ROOT / "data" / "stories").glob("*.yml")))
TOLD = [[step for (step,) in steps_of(story)] for story in stories_in(STORY_TESTS)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["story"])
def test_every_story_is_walked_by_a_story_test_with_each_of_its_branches(
    story: dict[str, Any],
) -> None:
    steps = steps_of(story)
    for n, branches in enumerate(steps):
        for branch in branches:
            one_way = [*steps[:n], [branch], *steps[n + 1 :]]
            assert any(walks(test, one_way) for test in TOLD), f"step {n + 1}: {branch}"
