"""Reads the training files in a fraction of the time that Rasa's own reader takes.

Examples are under data/nlu, rules and stories elsewhere in data, so no file is read to find out
which it is, and an example is cheap to copy and to compare: Rasa does both many times over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

EXAMPLES = "nlu"
"""The folder of the examples."""
BULLET = "- "


class BadExamples(ValueError):
    """A file of examples is not of the form that is read here; names file and block."""


class Example(Message):
    """A training example of a text and its intent."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Example:
        return Example(self.data, set(self.output_properties), self.time, list(self.features))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Example) and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.data[TEXT], self.data[INTENT]))


def read_examples(file: Path) -> list[Example]:
    """The examples of a file. Raises BadExamples."""
    content = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    blocks = content.get("nlu") if isinstance(content, dict) else None
    if not isinstance(blocks, list):
        raise BadExamples(f"{file.name}: needs a list under 'nlu'.")
    return [example for n, block in enumerate(blocks, 1) for example in _block(file, n, block)]


def _block(file: Path, place: int, block: dict[str, Any]) -> list[Example]:
    at = f"{file.name}:{place}"
    if not isinstance(block, dict) or not {"intent", "examples"} <= set(block):
        raise BadExamples(f"{at}: needs 'intent' and 'examples'.")
    unknown = set(block) - {"intent", "examples", "metadata"}
    if unknown:
        raise BadExamples(f"{at} ({block['intent']}): unknown key {sorted(unknown)[0]!r}.")
    metadata = {METADATA: {METADATA_INTENT: block["metadata"]}} if "metadata" in block else {}
    found = []
    for line in filter(None, map(str.strip, block["examples"].splitlines())):
        if not line.startswith(BULLET):
            raise BadExamples(f"{at} ({block['intent']}): begin {line!r} with a dash.")
        text = line.removeprefix(BULLET).strip()
        found.append(Example({TEXT: text, INTENT: block["intent"], **metadata}))
    return found


class TrainingFiles(RasaFileImporter):
    """Rasa's importer of files, told by folder which of them are examples."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
    ) -> None:
        paths = training_data_paths or []
        given = [Path(path) for path in ([paths] if isinstance(paths, str) else paths)]
        files = [
            file
            for path in given
            for file in (sorted(path.rglob("*.yml")) if path.is_dir() else [path])
        ]
        stories = [str(file) for file in files if file.parent.name != EXAMPLES]
        super().__init__(config_file, domain_path, stories)
        self._examples = [file for file in files if file.parent.name == EXAMPLES]

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All examples. Raises BadExamples."""
        return TrainingData([one for file in self._examples for one in read_examples(file)])
