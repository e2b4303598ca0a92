"""Plays many cells at once, and keeps what came of each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from wire.copies import copies
from wire.farewell import NOW, Farewell

from grid.playing import Playing, script_of
from grid.reading import Cell, places

A_DAY_LATER = "2026-11-17T15:30:00Z"
AT_ONCE = 6
TO_THE_END = 4
"""Every so many cells the conversation is led to its end; the others answer the open question.
A day later the bill is another."""


class Run:
    """The given cells, played side by side. Those of the next day move the clock once, so they
    wait at their places until all others are through."""

    def __init__(self, farewell: Farewell, cells: list[Cell], folder: Path) -> None:
        farewell.set_clock(NOW)
        for visiting in (True, False):
            chosen = [script_of(cell) for cell in cells if visiting == (cell.place.person is None)]
            content = copies(chosen)
            if not visiting:  # only visitors are checked, and to keep an answer takes its time
                for person in content["people"]:
                    person.pop("security", None)
            farewell.load(content, folder / f"grid-{visiting}.yml")
        answers = {place.asks: place.answer for place in places()}
        self._farewell = farewell
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._cells = {cell.id: Playing(farewell, cell, answers) for cell in cells}
        self._today = self._each(self._whole, later=False)
        self._arrived = self._each(lambda playing: playing.arrive(), later=True)
        self._tomorrow: dict[str, Future[None]] = {}
        self.failures: dict[str, str] = {}

    def result(self, cell: Cell) -> None:
        """Wait for a cell. Raises AssertionError with its transcript where something is wrong."""
        if cell.interruption.later:
            self._move_clock()
        futures = [found[cell.id] for found in self._phases() if cell.id in found]
        try:
            for future in futures:
                future.result()
        except Exception as error:
            self.failures[cell.id] = str(error).split("\n", 1)[0]
            transcript = "\n".join(self._cells[cell.id].written)
            raise AssertionError(f"{error}\n\n{transcript}") from None

    def close(self) -> None:
        """Leave Farewell as it was found."""
        self._pool.shutdown(cancel_futures=True)
        self._farewell.set_clock(NOW)

    def _phases(self) -> tuple[dict[str, Future[None]], ...]:
        return self._today, self._arrived, self._tomorrow

    def _move_clock(self) -> None:
        if self._tomorrow:
            return
        wait([*self._today.values(), *self._arrived.values()])
        self._farewell.set_clock(A_DAY_LATER)
        self._farewell.command("sweep", "--as-of", A_DAY_LATER)
        self._tomorrow = self._each(self._from_there, later=True)

    def _whole(self, playing: Playing) -> None:
        playing.arrive()
        self._from_there(playing)

    @staticmethod
    def _from_there(playing: Playing) -> None:
        playing.interrupt()
        cell = playing.cell
        playing.go_on(cell.number % TO_THE_END == 0 and not cell.interruption.later)

    def _each(self, play: Callable[[Playing], None], *, later: bool) -> dict[str, Future[None]]:
        return {
            id_: self._pool.submit(play, playing)
            for id_, playing in self._cells.items()
            if playing.cell.interruption.later == later
        }
