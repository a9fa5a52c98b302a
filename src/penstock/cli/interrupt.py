"""Ctrl-C and SIGTERM: the first asks to stop, after a last commit; the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

from penstock.cli.errors import INTERRUPTED
from penstock.cli.terminal import STDERR, is_terminal

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Interrupt"]

_SHOW_CURSOR = "\x1b[?25h"


class Interrupt:
    """Within its block both signals set `asked`."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._before: dict[int, Any] = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked.is_set():
            if is_terminal(STDERR):
                os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
            os._exit(INTERRUPTED)
        self.asked.set()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
