"""The importer reads what Rasa's own would read, and refuses what it does not understand."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.exit_reason_classifier import marked_reason
from components.importer import BadExamples, TrainingFiles, read_examples
from launch.paths import ROOT

GOOD = """
nlu:
- intent: greet
  examples: |
    - hello
    - good morning
- intent: give_exit_reason
  metadata: {exit_reason: too_expensive}
  examples: |
    - the price
"""


def written(folder: Path, content: str) -> Path:
    file = folder / "some.yml"
    file.write_text(content)
    return file


def counted(data: TrainingData) -> Counter[tuple[str, str, str | None]]:
    return Counter(
        (m.get("text"), m.get("intent"), marked_reason(m)) for m in data.training_examples
    )


def test_everything_is_read_as_rasa_itself_reads_it() -> None:
    places = (str(ROOT / "config.yml"), str(ROOT / "domain.yml"), [str(ROOT / "data")])
    ours, rasas = TrainingFiles(*places), RasaFileImporter(*places)

    assert counted(ours.get_nlu_data()) == counted(rasas.get_nlu_data())
    assert sorted(ours._story_files) == sorted(rasas._story_files)


def test_a_copy_is_equal_and_apart(tmp_path: Path) -> None:
    example, *others = read_examples(written(tmp_path, GOOD))
    copy = deepcopy(example)

    assert copy == example
    assert hash(copy) == hash(example)
    assert all(other != example for other in others)
    copy.set("intent", "goodbye")
    assert (example.get("intent"), copy == example) == ("greet", False)


def test_marks_are_kept(tmp_path: Path) -> None:
    reasons = [marked_reason(example) for example in read_examples(written(tmp_path, GOOD))]

    assert reasons == [None, None, "too_expensive"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "needs a list under 'nlu'"),
        ("nlu: {intent: greet}", "needs a list under 'nlu'"),
        ("nlu: [{intent: greet}]", ":1: needs 'intent' and 'examples'"),
        ("nlu: [{regex: x, examples: '- y'}]", ":1: needs 'intent' and 'examples'"),
        ("nlu: [{intent: greet, examples: '- hi', synonym: x}]", "unknown key 'synonym'"),
        ("nlu: [{intent: greet, examples: hello}]", "begin 'hello' with a dash"),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_place(
    tmp_path: Path, content: str, told: str
) -> None:
    with pytest.raises(BadExamples, match=r"some\.yml") as refused:
        read_examples(written(tmp_path, content))
    assert told in str(refused.value)
