"""Stamps: what was made from which content, so that nothing unchanged is made twice."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def fingerprint(inputs: Iterable[Path], *, base: Path, also: str = "") -> str:
    """A hash over the names and contents of files and folders below `base`."""
    digest = hashlib.sha256(also.encode())
    for path in sorted(set(_files(inputs))):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(base)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text().strip() == value


def _files(inputs: Iterable[Path]) -> Iterator[Path]:
    for path in inputs:
        if path.is_file():
            yield path
        elif path.is_dir():
            for file in path.rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file
