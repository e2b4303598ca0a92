"""Rules are plain functions over values: they need no database and no web framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

RULES = (
    "farewell.accounts.matching",
    "farewell.accounts.spoken",
    "farewell.closing.effect",
    "farewell.closing.requirements",
    "farewell.closing.statements",
    "farewell.billing.quote",
    "farewell.lifecycle.duties",
    "farewell.lifecycle.windows",
)


@pytest.mark.parametrize("module", RULES)
def test_rules_import_no_database_and_no_web_framework(module: str) -> None:
    asked = f"import sys, {module}; print(*sorted(m for m in sys.modules if '.' not in m))"

    loaded = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "farewell" in loaded
    assert {"sqlalchemy", "fastapi", "starlette", "socketio"} & set(loaded) == set()
