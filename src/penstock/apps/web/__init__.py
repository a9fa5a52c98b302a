"""Live behaviour of visitors of a website: a simulated shop, and a real server's log."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ACCESS_LOG"]

ACCESS_LOG = Path(__file__).parent / "data" / "access.log.gz"
"""Ten thousand requests of a real web server; `data/README.md` says where they are from and what was changed."""
