"""A whole Farewell on free ports for tests, each of its processes to be stopped and started.

with Stack(tmp_path) as farewell:
    call(farewell.base_url, …)
    farewell.stop("rasa")
    farewell.start("rasa")
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from launch.http import Unanswered
from launch.paths import MODEL, ROOT
from launch.processes import commands, environment, fresh_logs, public_port
from launch.progress import StepError, last_lines
from launch.readiness import first_answer

STOP_SECONDS = 10


class Stack:
    """The processes of the Procfile over one data folder. `extra` adds to their environment."""

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        extra: dict[str, str] | None = None,
        ready_seconds: float = 180,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.ready_seconds = ready_seconds
        self._commands = commands()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = environment(self.data_dir, public_port(port)) | (extra or {})
        self.logs = fresh_logs(self.data_dir)

    @property
    def base_url(self) -> str:
        return self.environment["FAREWELL_BACKEND_URL"]

    @property
    def rasa_url(self) -> str:
        return self.environment["FAREWELL_RASA_URL"]

    @property
    def actions_url(self) -> str:
        return self.environment["FAREWELL_ACTIONS_URL"]

    @property
    def service_token(self) -> str:
        return self.environment["FAREWELL_SERVICE_TOKEN"]

    def __enter__(self) -> "Stack":
        try:
            self.start(*self._commands)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, *names: str) -> None:
        """Start processes that are not running; `wait_ready()` waits until they answer."""
        if "rasa" in names and not MODEL.exists():
            raise StepError("There is no trained model yet: run `make train` first.")
        for name in names:
            if self.is_running(name):
                continue
            with (self.logs / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    self._commands[name],
                    shell=True,
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def stop(self, *names: str, kill: bool = False) -> None:
        """Stop the named processes, or all; `kill` gives them no time to tidy up."""
        for name in names or self._running:
            self._signal(name, signal.SIGKILL if kill else signal.SIGTERM)
        for name in names or list(self._running):
            process = self._running.get(name)
            if process is None:
                continue
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            self._signal(name, signal.SIGKILL)
            process.wait()
            del self._running[name]

    def is_running(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.poll() is None

    def wait_ready(self) -> None:
        """Wait until a demo person gets a first answer."""
        deadline = time.monotonic() + self.ready_seconds
        while True:
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StepError(f"{name} ended while starting:\n{self.log_end(name)}")
            try:
                return first_answer(self.base_url)
            except Unanswered as error:
                if time.monotonic() > deadline:
                    raise StepError(
                        f"no first answer within {self.ready_seconds:.0f} s: {error}"
                    ) from error
            time.sleep(0.3)

    def log_end(self, name: str) -> str:
        return last_lines(self.logs / f"{name}.log")

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._running.get(name)
        if process is not None:
            # The whole group, for what the process itself has started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
