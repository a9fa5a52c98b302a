"""How much of what is copied is done: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from typing import Any, Self

from penstock.cli.terminal import STDERR, is_terminal

__all__ = ["Copying"]


class Copying:
    """Shows a bar that begins anew with each new total."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._all = -1

    def __enter__(self) -> Self:
        if is_terminal(STDERR):
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

            columns = (BarColumn(), DownloadColumn(), TextColumn("{task.description}", markup=False))
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, what: str, done: int, size: int) -> None:
        """So many bytes of `size` are done; at `what` just now."""
        if self._bar is None:
            return
        if size != self._all:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task, self._all = self._bar.add_task(what, total=size), size
        self._bar.update(self._task, completed=done, description=what)
