"""Fixtures: one temporary world a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Api
from factories import World, account, phone


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty database, a clock that stands still, the real policies."""
    return World(tmp_path)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """The application over the world."""
    started = Api(world)
    yield started
    started.close()


@pytest.fixture
def two(world: World) -> World:
    """Ann's account T-1 with Bob as a plain user, and Zoe's account T-2."""
    world.load(
        account(roles={"ann@example": "billing_admin", "bob@example": "user"}, numbers=[phone()]),
        account("T-2", roles={"zoe@example": "billing_admin"}),
    )
    return world
