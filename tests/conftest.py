"""What the tests of the whole share: one Farewell, started once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from acting import Fake
from wire.copies import copies
from wire.farewell import Farewell
from wire.scripts import FOLDER, Script, read_all

from actions import client
from launch.paths import ROOT


@pytest.fixture(scope="session")
def scripts() -> list[Script]:
    return read_all()


@pytest.fixture(scope="session")
def farewell(tmp_path_factory: pytest.TempPathFactory, scripts: list[Script]) -> Iterator[Farewell]:
    """The processes with the three vendors' policies, a fourth made-up one, and all test data."""
    home: Path = tmp_path_factory.mktemp("farewell")
    policies = home / "policies"
    shutil.copytree(ROOT / "policies", policies)
    for policy in (FOLDER / "fourth_vendor").glob("*.yml"):
        shutil.copy(policy, policies)
    with Farewell(home / "data", policies) as running:
        running.load(copies(scripts), home / "conversations.yml")
        yield running


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The backend as the actions see it, without a network."""
    fake = Fake()
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake), base_url="http://backend")
    monkeypatch.setattr(client, "connection", lambda: http)
    return fake
