"""Children of a program that are killed, or do their work to its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["forked"]


def forked(do: Callable[[Path, int], object], folder: Path, kill_at: int) -> bool:
    """Whether a child that did it was killed. One that fails ends this process too."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            do(folder, kill_at)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"a child has failed at {kill_at}")
    return os.WIFSIGNALED(status)
