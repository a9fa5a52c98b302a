"""What a process that is Penstock's alone sets for the libraries in it; a notebook's process is not."""

from __future__ import annotations

import atexit
import gc
import os

__all__ = ["settle"]

_COLLECT_AFTER = 50_000
"""Objects that may be garbage before Python looks: what imports make stays, and looking through it again and again
took a sixth of a start."""


def settle() -> None:
    """Call it before anything large is imported."""
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(gc.freeze)  # the end of the process looks for no garbage either
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's own threads would spin, with nothing to do
