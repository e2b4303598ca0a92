"""The Farewell that the conversations talk to: started once, its processes stopped as told."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from launch.http import Unanswered, call
from launch.paths import BACKEND_PYTHON, ROOT
from launch.stack import Stack

NOW = "2026-11-16T15:00:00Z"
BEFORE = "2026-11-16T14:55:00Z"
"""When data is loaded: usage that was there before is on a bill of now."""
"""A Monday, 10:00 in New York: in the middle of a month, within opening hours."""
SHOW = """
import json, sys
from farewell.accounts.show import show
from farewell.config import Settings
from farewell.services import build_services
services = build_services(Settings())
for line in sys.stdin:
    found = services.in_transaction(lambda work: show(work, line.strip()))
    print(json.dumps(found), flush=True)
"""
"""`farewell show` for one account after another, without a new process for each."""


class Farewell(Stack):
    """The really started processes, at a fixed time."""

    def __init__(self, data_dir: Path, policies: Path, locales: Path = ROOT / "locales") -> None:
        super().__init__(
            data_dir,
            extra={
                "FAREWELL_CLOCK_STARTS_AT": NOW,
                "FAREWELL_POLICIES": str(policies),
                "FAREWELL_LOCALES": str(locales),
                "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            },
        )
        self._make_memory_readable()
        self._show: subprocess.Popen[str] | None = None
        self._showing = threading.Lock()
        self.clock = NOW

    def _make_memory_readable(self) -> None:
        self._memory = self.data_dir / "memory"
        self._memory.mkdir()
        endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text())
        endpoints["tracker_store"] = {
            "type": "wire.memory.ReadableMemory",
            "folder": str(self._memory),
        }
        file = self.data_dir / "endpoints.yml"
        file.write_text(yaml.safe_dump(endpoints))
        self._commands["rasa"] = self._commands["rasa"].replace("endpoints.yml", str(file))

    def remembers(self, conversation_id: str) -> dict[str, Any]:
        """What Rasa holds of a conversation: slots, loop, the last message, all that was said."""
        held: dict[str, Any] = json.loads((self._memory / f"{conversation_id}.json").read_text())
        return held

    def ever_said(self) -> set[str]:
        """The responses that were said in any conversation."""
        return {
            said for file in self._memory.iterdir() for said in self.remembers(file.stem)["said"]
        }

    def rows(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """Everything in the backend's database: table, first column, row."""
        with closing(
            sqlite3.connect(f"file:{self.data_dir}/farewell.sqlite?mode=ro", uri=True)
        ) as db:
            db.row_factory = sqlite3.Row
            tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            return {
                table: {row[0]: dict(row) for row in db.execute(f'SELECT rowid, * FROM "{table}"')}  # noqa: S608
                for table in tables
            }

    def forget_wrong_answers(self) -> None:
        """Wrong security answers lock a network address in the end, and all tests come from one."""
        file = self.data_dir / "farewell.sqlite"
        with closing(sqlite3.connect(file, timeout=20)) as db, db:
            db.execute("DELETE FROM verification_failures WHERE key LIKE 'address:%'")

    def stop(self, *names: str, kill: bool = False) -> None:
        if not names and self._show is not None:
            self._show.kill()
            self._show.wait()
            self._show = None
        super().stop(*names, kill=kill)

    def freeze(self, name: str) -> None:
        """The process stays, with its connections, and answers nothing."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)

    def set_clock(self, moment: str) -> None:
        """Start the backend again as if it were another time."""
        if moment == self.clock:
            return
        self.stop("backend", kill=True)
        self.environment["FAREWELL_CLOCK_STARTS_AT"] = self.clock = moment
        self.start("backend")
        self.wait_for(f"{self.base_url}/readyz")

    def wait_for(self, url: str, seconds: float = 60) -> None:
        """Wait until an address answers at all."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                call("GET", url, timeout=2)
            except Unanswered as error:
                if error.status:
                    return
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def command(self, *arguments: str, clock: str | None = None) -> str:
        """What `farewell …` prints; `clock` is the time at its start, if it is another one."""
        done = subprocess.run(
            [ROOT / "bin" / "farewell", *arguments],
            env={**self.environment, "FAREWELL_CLOCK_STARTS_AT": clock or self.clock},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    def load(self, content: dict[str, Any], file: Path) -> None:
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        self.command("load", str(file), clock=BEFORE)

    def show(self, account: str) -> dict[str, Any]:
        """What `farewell show ACCOUNT` prints, as values."""
        with self._showing:
            return self._shown(account)

    def _shown(self, account: str) -> dict[str, Any]:
        if self._show is None:
            self._show = subprocess.Popen(
                [BACKEND_PYTHON, "-c", SHOW],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._show.stdin is not None
        assert self._show.stdout is not None
        self._show.stdin.write(f"{account}\n")
        self._show.stdin.flush()
        line = self._show.stdout.readline()
        assert line, f"there is no account {account}"
        found: dict[str, Any] = json.loads(line)
        return found
