"""Who listens on a port: the process, as Linux tells it under /proc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["holder_of"]

_LISTENS = "0A"


def holder_of(port: int, proc: Path = Path("/proc")) -> str:
    """The process that listens on `port`, in words; another one, where it cannot be told."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    for link in proc.glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) not in sockets:
                continue
            process = link.parents[1]
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:  # it has ended, or is another user's
            continue
        return f"process {process.name} ({command})"
    return "a process of another user" if sockets else "another process"


def _listening(port: int, proc: Path) -> Iterator[str]:
    """The inodes of sockets that listen on `port`."""
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENS and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]
