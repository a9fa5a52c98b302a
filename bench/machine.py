"""Where the benchmarks run: the cores, the versions, the folders."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["cache", "cores", "described", "pin"]


def cores() -> list[int]:
    """The processors that this process may use, by number."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def pin(numbers: list[int]) -> None:
    """Let this thread, and processes that it starts, use these processors alone, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, numbers)


def cache() -> Path:
    """Where inputs are kept from one run to the next."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def described() -> str:
    """The machine and the versions, in two lines."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("penstock", "polars", "numpy", "duckdb", "apsw"))
    return (
        f"{_processor()}, {len(cores())} cores, load {os.getloadavg()[0]:.1f}, {platform.system()}"
        f" {platform.release()}\nPython {platform.python_version()}, {libraries}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
