"""Fixtures: one temporary world a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty database, a clock that stands still, the real policies."""
    return World(tmp_path)
