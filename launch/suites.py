"""`make test` runs both test suites, `make campaign` the long tests whole; the count comes last.

What the long tests hold is in `make test` as a sample.
"""

import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launch.paths import ASSISTANT_PYTHON, BACKEND_PYTHON, ROOT, SETUP
from launch.processes import QUIET_RASA
from launch.progress import complain

SUITES = {
    "backend": (BACKEND_PYTHON, "backend/tests", "-n", "auto"),  # on every core
    "assistant": (ASSISTANT_PYTHON, "tests"),
}
CAMPAIGN = {
    "dialogue grid": (ASSISTANT_PYTHON, "tests/test_grid.py"),
    "simulated year": (BACKEND_PYTHON, "backend/tests/test_year.py", "-k", "sqlite"),
}
WHOLE = {"FAREWELL_CAMPAIGN": "1"}
"""Tells the long tests to leave nothing out."""


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def run_suite(name: str) -> tuple[Count, bool]:
    """The suite's count, and whether it ran tests and all of them passed."""
    whole = WHOLE if name in CAMPAIGN else {}
    python, *arguments = (SUITES | CAMPAIGN)[name]
    report = SETUP / "tests" / f"{name.replace(' ', '-')}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    print(f"Testing the {name}", flush=True)
    tests = subprocess.Popen(
        [python, "-m", "pytest", "-q", *arguments, f"--junitxml={report}"],
        cwd=ROOT,
        env={**os.environ, **QUIET_RASA, **whole, "PYTHONPATH": str(ROOT)},
    )
    try:
        ended = tests.wait()
    except KeyboardInterrupt:
        tests.send_signal(signal.SIGINT)  # it drops its databases before it goes
        try:
            tests.wait(timeout=20)
        except subprocess.TimeoutExpired:
            tests.kill()
        raise
    count = read_count(report)
    if count.passed + count.failed == 0:
        complain(f"No test of the {name} was run.")
    return count, ended == 0 and count.passed > 0 and count.failed == 0


def read_count(report: Path) -> Count:
    if not report.exists():
        return Count()
    count = Count()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
        )
        failed = failures + errors
        count += Count(max(tests - failed - skipped, 0), failed, skipped)
    return count


def stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, stop)
    names = list(CAMPAIGN) if sys.argv[1:] == ["campaign"] else sys.argv[1:] or list(SUITES)
    total, all_well = Count(), True
    for name in names:
        count, well = run_suite(name)
        total += count
        all_well = all_well and well
    (SETUP / "tests" / "total").write_text(f"{total}\n")
    print(total, flush=True)
    return 0 if all_well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
