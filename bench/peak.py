"""What a measured process says of itself at its end: its largest memory, and what it wrote.

The system's own record of a child's memory begins with its parent's.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["MEMORY", "WRITTEN", "say"]

MEMORY, WRITTEN = "VmHWM:", "wchar:"
"""How the lines begin: memory in kB, written in bytes."""


def say() -> None:
    """Print both, where the system tells them."""
    for name in ("status", "io"):
        path = Path("/proc/self") / name
        lines = path.read_text("ascii").splitlines() if path.exists() else []
        print("\n".join(line for line in lines if line.startswith((MEMORY, WRITTEN))))


if __name__ == "__main__":
    say()
