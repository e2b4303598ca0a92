"""The command `farewell` on an empty database of either kind, as `DATABASE_URL` names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from farewell.cli import DEMO_FILE
from farewell.database import Database


def farewell(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "farewell.cli", *arguments],
        env={**os.environ, "DATABASE_URL": url, "FAREWELL_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_load_show_and_sweep_work_on_a_new_database(
    bare_database: Database, tmp_path: Path
) -> None:
    url = bare_database.url.replace("postgresql:", "postgres:")

    loaded, again = [farewell(url, tmp_path, "load", str(DEMO_FILE)) for _ in range(2)]
    shown = farewell(url, tmp_path, "show", "T-1001")
    swept = farewell(url, tmp_path, "sweep", "--as-of", "2030-01-01")

    assert loaded.returncode == 0, loaded.stderr
    assert "accounts added" in loaded.stdout
    assert "0 people and 0 accounts added" in again.stdout
    assert json.loads(shown.stdout)["account"]["status"] == "active"
    assert swept.returncode == 0, swept.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:biscuit@127.0.0.1:1/farewell", "The database does not answer"),
        ("mysql://me:biscuit@127.0.0.1:1/farewell", "mysql is neither sqlite nor postgresql"),
    ],
)
def test_a_database_that_is_of_no_use_is_named_without_its_password(
    tmp_path: Path, url: str, said: str
) -> None:
    done = farewell(url, tmp_path, "show", "T-1001")

    assert done.returncode == 1
    assert said in done.stderr
    assert "biscuit" not in done.stderr
    assert "Traceback" not in done.stderr
