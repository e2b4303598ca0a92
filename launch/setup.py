"""Prepares what a start needs: both Python environments and the trained model.

    bin/setup [backend | assistant | environments | all]

Runs on any Python from 3.10 and does only what has changed since the last time.
"""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launch.fingerprint import fingerprint, is_current
from launch.interpreters import ASSISTANT, BACKEND, Wanted, find_python, find_uv, python_version
from launch.paths import MODEL, ROOT, SETUP
from launch.processes import QUIET_RASA
from launch.progress import StepError, complain, run_logged, step

TRAINING_INPUTS = ("config.yml", "domain.yml", "domain", "data", "components", "requirements.lock")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds exactly what its lock names."""

    wanted: Wanted
    folder: Path
    package: bool = False
    """Whether the folder is itself a package, to be importable in the environment."""
    slow_imports: tuple[str, ...] = ()
    """Modules that bring much with them; compiled once here, not at every start."""

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"


ENVIRONMENTS = {
    "backend": Environment(
        BACKEND,
        ROOT / "backend",
        package=True,
        slow_imports=("farewell.cli", "dateparser.search"),
    ),
    "assistant": Environment(
        ASSISTANT, ROOT, slow_imports=("rasa.__main__", "rasa.model_training", "rasa.core.agent")
    ),
}


def prepare_environment(environment: Environment) -> None:
    lock = environment.folder / "requirements.lock"
    inputs = [lock, environment.folder / "pyproject.toml"] if environment.package else [lock]
    wanted = fingerprint(inputs, base=ROOT, also=str(environment.folder))
    stamp = environment.folder / ".venv" / "stamp"
    python_fits = python_version(environment.python) in environment.wanted.versions
    if python_fits and is_current(stamp, wanted):
        return

    owner = environment.wanted.owner
    base_python = None if python_fits else find_python(environment.wanted)
    uv = find_uv()
    log = SETUP / "logs" / f"{owner}.log"
    failure = f"The {owner}'s environment could not be installed."
    with step(f"Installing the {owner}'s environment"):
        stamp.unlink(missing_ok=True)
        if base_python is not None:
            venv = environment.folder / ".venv"
            run_logged(
                *(uv, "venv", "--no-project", "--clear", "--python", base_python, venv),
                log=log,
                cwd=ROOT,
                failure=failure,
            )
        run_logged(
            *(uv, "pip", "sync", "--python", environment.python, "--require-hashes", lock),
            log=log,
            cwd=ROOT,
            failure=failure,
        )
        if environment.package:
            # The build backend is in the lock, so this needs neither the network nor isolation.
            run_logged(
                *(uv, "pip", "install", "--python", environment.python, "--no-deps"),
                *("--no-build-isolation", "--offline", "--editable", environment.folder),
                log=log,
                cwd=ROOT,
                failure=failure,
            )
        if environment.slow_imports:
            run_logged(
                *(environment.python, "-c", f"import {', '.join(environment.slow_imports)}"),
                log=SETUP / "logs" / f"{owner}-imports.log",
                cwd=ROOT,
                failure=failure,
                env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            )
        stamp.write_text(wanted)


def training_command(model: Path) -> tuple[str | Path, ...]:
    """Trains the assistant into a file. It reads everything once: `--skip-validation`, since the
    tests find more; `--augmentation 0`, since gluing stories together adds nothing to rules."""
    name = model.name.removesuffix(".tar.gz")
    options = ("--skip-validation", "--augmentation", "0", "--fixed-model-name", name)
    return (ROOT / ".venv" / "bin" / "rasa", "train", *options, "--out", model.parent)


def training_environment() -> dict[str, str]:
    return {**os.environ, **QUIET_RASA, "PYTHONPATH": str(ROOT)}


def train_model() -> None:
    wanted = fingerprint([ROOT / name for name in TRAINING_INPUTS], base=ROOT)
    stamp = MODEL.parent / "farewell.stamp"
    if MODEL.exists() and is_current(stamp, wanted):
        return
    with step("Training the assistant"):
        stamp.unlink(missing_ok=True)
        run_logged(
            *training_command(MODEL),
            log=SETUP / "logs" / "training.log",
            cwd=ROOT,
            failure="The assistant could not be trained.",
            env=training_environment(),
        )
        if not MODEL.exists():
            raise StepError(f"Training ended without leaving {MODEL}.")
        stamp.write_text(wanted)


@contextmanager
def only_one() -> Iterator[None]:
    """Two starts at the same time must not install into the same place."""
    SETUP.mkdir(exist_ok=True)
    with (SETUP / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/setup", description="Prepare Farewell.")
    parser.add_argument(
        "what", nargs="?", default="all", choices=[*ENVIRONMENTS, "environments", "all"]
    )
    what: str = parser.parse_args().what
    signal.signal(signal.SIGTERM, stop)
    try:
        with only_one():
            for name, environment in ENVIRONMENTS.items():
                if what in (name, "environments", "all"):
                    prepare_environment(environment)
            if what == "all":
                train_model()
    except StepError as error:
        complain(error)
        return 1
    except KeyboardInterrupt:
        complain("Stopped before the set-up was done; the next start goes on from here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
