"""Finds uv, and the Python interpreters that the two environments need."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launch.fingerprint import fingerprint, is_current
from launch.paths import ROOT, SETUP
from launch.progress import StepError, run_logged, step

TOOLS_LOCK = ROOT / "launch" / "tools.lock"
OLDEST_UV = (0, 5)


@dataclass(frozen=True)
class Wanted:
    """The Python versions that an environment accepts, best first."""

    owner: str
    versions: tuple[str, ...]
    missing: str


ASSISTANT = Wanted(
    owner="assistant",
    versions=("3.10",),
    missing="The assistant needs Python 3.10 (Rasa 3.6 accepts no newer one) and none was found: "
    "install it, for example with `pyenv install 3.10`, and start again.",
)
BACKEND = Wanted(
    owner="backend",
    versions=("3.11", "3.12", "3.13"),
    missing="The backend needs Python 3.11 or newer and none was found: "
    "install it, for example with `pyenv install 3.11`, and start again.",
)


def find_python(wanted: Wanted) -> Path:
    """An interpreter from PATH, from pyenv or through uv, in this order."""
    for version in wanted.versions:
        for candidate in _candidates(version):
            if python_version(candidate) == version:
                return candidate
    for version in wanted.versions:
        found = _python_through_uv(version)
        if found is not None:
            return found
    raise StepError(wanted.missing)


def python_version(python: Path) -> str | None:
    """`3.10` and the like, or None where the file is no interpreter that starts."""
    try:
        done = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_uv() -> Path:
    """A usable uv from PATH, else the one that our own lock pins, put under .setup/."""
    for folder in _path_folders():
        if _usable_uv(folder / "uv"):
            return folder / "uv"
    return _own_uv()


def _candidates(version: str) -> Iterator[Path]:
    # Every folder of PATH is looked at: the first hit may be a pyenv shim that refuses to start.
    for name in (f"python{version}", "python3", "python"):
        for folder in _path_folders():
            if (folder / name).exists():
                yield folder / name
    pyenv = shutil.which("pyenv")
    if pyenv:
        done = subprocess.run(
            [pyenv, "prefix", version], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            yield Path(done.stdout.strip()) / "bin" / "python"
    for root in {Path(os.environ.get("PYENV_ROOT", "~/.pyenv")), Path("~/.pyenv")}:
        for prefix in sorted((root.expanduser() / "versions").glob(f"{version}*"), reverse=True):
            yield prefix / "bin" / "python"


def _path_folders() -> list[Path]:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [Path(folder) for folder in dict.fromkeys(folders) if folder]


def _python_through_uv(version: str) -> Path | None:
    uv = find_uv()
    find: list[str | Path] = [uv, "python", "find", "--no-project", version]
    done = subprocess.run(find, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"Python {version} is not here; asking uv for it …", flush=True)
        subprocess.run((uv, "python", "install", version), capture_output=True, check=False)
        done = subprocess.run(find, capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _usable_uv(uv: Path) -> bool:
    if not uv.is_file():
        return False
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    version = re.match(r"uv (\d+)\.(\d+)", done.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_UV


def _python_with_pip() -> Path:
    """An interpreter that can make an environment; Debian splits that off into a package."""
    for python in (Path(sys.executable), *_candidates("3.11"), *_candidates("3.10")):
        check = (python, "-c", "import ensurepip, venv")
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return python
    raise StepError(
        "To make its environments, Farewell needs uv or a Python with the module venv "
        "(Debian: python3-venv); please install one of them."
    )


def _own_uv() -> Path:
    tools = SETUP / "tools"
    uv = tools / "bin" / "uv"
    stamp = tools / "stamp"
    wanted = fingerprint([TOOLS_LOCK], base=ROOT)
    if is_current(stamp, wanted) and _usable_uv(uv):
        return uv
    with step("Installing uv"):
        shutil.rmtree(tools, ignore_errors=True)
        log = SETUP / "logs" / "tools.log"
        run_logged(
            *(_python_with_pip(), "-m", "venv", tools),
            log=log,
            cwd=ROOT,
            failure="No virtual environment could be made.",
        )
        run_logged(
            tools / "bin" / "pip",
            *("install", "--quiet", "--no-input", "--require-hashes", "--only-binary=:all:"),
            *("-r", TOOLS_LOCK),
            log=log,
            cwd=ROOT,
            failure="uv could not be installed from the package registry.",
        )
        stamp.write_text(wanted)
    return uv
