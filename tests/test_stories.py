"""The gate of the story tests: every story in tests/test_*.yml is run by our model, none wrongly.

`rasa test` is no gate by itself: it ends with 0 though stories fail (and with
`--fail-on-prediction-errors` at the first of them), runs nothing of a file that is not named
`test_*`, and takes another model where the named one does not exist. So its report is read, and a
story that must fail runs along.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from launch.fingerprint import fingerprint, is_current
from launch.paths import MODEL, ROOT
from launch.processes import QUIET_RASA
from launch.setup import TRAINING_INPUTS

FOLDER = ROOT / "tests"
AT_LEAST = 60
CANARY = "a greeting closes the account"
WRONG = f"""
version: "3.1"
stories:
  - story: {CANARY}
    steps:
      - user: hello
        intent: greet
      - action: action_close_account
"""


@dataclass(frozen=True)
class Run:
    """What `rasa test core` reported."""

    model: str
    total: int
    correct: int
    failed: dict[str, list[str]]
    """For each failed story its steps that were predicted otherwise."""


def stories_in(folder: Path) -> list[str]:
    return [
        f"{story['story']} ({file.name})"
        for file in sorted(folder.glob("test_*.yml"))
        for story in yaml.safe_load(file.read_text())["stories"]
    ]


def same_steps(folder: Path) -> list[tuple[str, str]]:
    """Stories that differ in nothing but the customer's words."""
    seen: dict[str, str] = {}
    found = []
    for file in sorted(folder.glob("test_*.yml")):
        for story in yaml.safe_load(file.read_text())["stories"]:
            for step in story["steps"]:
                step.pop("user", None)
            steps, name = json.dumps(story["steps"]), f"{story['story']} ({file.name})"
            if steps in seen:
                found.append((seen[steps], name))
            seen[steps] = name
    return found


def failures(report: str) -> dict[str, list[str]]:
    """The failed stories of `failed_test_stories.yml`, whose comments say what was predicted."""
    found: dict[str, list[str]] = {}
    for line in report.splitlines():
        if named := re.match(r"- story: [\"']?(.+?) \(\S*?([^/\s]+)\)[\"']?$", line):
            found[f"{named[1]} ({named[2]})"] = []
        elif "# predicted" in line and found:
            found[list(found)[-1]].append(line.strip(" -"))
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    assert MODEL.exists(), "There is no model: run `make train` (rasa would take another one)."
    folder, out = tmp_path_factory.mktemp("stories"), tmp_path_factory.mktemp("results")
    for file in FOLDER.glob("test_*.yml"):
        shutil.copy(file, folder)
    (folder / "test_canary.yml").write_text(WRONG)
    log = out / "log"
    with log.open("wb") as output:
        ended = subprocess.run(
            [
                *(ROOT / ".venv" / "bin" / "rasa", "test", "core", "--e2e", "--no-plot"),
                *("--model", MODEL, "--stories", folder, "--out", out),
            ],
            cwd=ROOT,
            env={**os.environ, **QUIET_RASA, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
    said = log.read_text(errors="replace")
    assert ended.returncode == 0, said[-2000:]
    loaded = re.findall(r"Loading model (\S+?)\.\.\.", said)
    accuracy = json.loads((out / "story_report.json").read_text())["conversation_accuracy"]
    failed = failures((out / "failed_test_stories.yml").read_text())
    return Run(loaded[-1] if loaded else "", accuracy["total"], accuracy["correct"], failed)


def test_every_story_is_predicted_as_it_is_written(run: Run) -> None:
    wrong = {name: steps for name, steps in run.failed.items() if not name.startswith(CANARY)}
    told = [
        f"\n  {name}: {'; '.join(steps) or 'understood otherwise'}" for name, steps in wrong.items()
    ]
    assert not wrong, f"{len(wrong)} stories went wrong:{''.join(told)}"
    assert run.correct == run.total - 1


def test_a_wrong_story_is_noticed(run: Run) -> None:
    assert [name for name in run.failed if name.startswith(CANARY)]


def test_every_written_story_is_run_and_there_are_enough(run: Run) -> None:
    """Rasa runs two stories with the same steps as one, and files of other names not at all."""
    written = stories_in(FOLDER)
    assert len(written) >= AT_LEAST
    assert len(set(written)) == len(written), "two stories of a file have one name"
    assert run.total == len(written) + 1, f"two stories have the same steps: {same_steps(FOLDER)}"
    assert {file.name for file in FOLDER.glob("*.y*ml")} == {
        f.name for f in FOLDER.glob("test_*.yml")
    }


def test_the_model_that_is_tested_is_ours_and_not_older_than_its_sources(run: Run) -> None:
    assert Path(run.model) == MODEL
    wanted = fingerprint([ROOT / name for name in TRAINING_INPUTS], base=ROOT)
    assert is_current(MODEL.parent / "farewell.stamp", wanted), "run `make train`"
