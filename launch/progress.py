"""One short line for each long step, and one sentence when a step fails."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class StepError(Exception):
    """A step failed; the text says in plain words what and why."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show `title …` while the step runs and its seconds once it is done."""
    started = time.monotonic()
    print(f"{title} … ", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def run_logged(
    *command: str | Path,
    log: Path,
    cwd: Path,
    failure: str,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command with its output in `log`; if it fails, say so with the log's end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=env, check=False
        )
    if done.returncode != 0:
        raise StepError(f"{failure} The end of {log}:\n{last_lines(log)}")


def last_lines(log: Path, count: int = 15) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return "  (no log)"
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-count:] if line.strip()) or "  (empty)"


def complain(error: object) -> None:
    print(error, file=sys.stderr, flush=True)
