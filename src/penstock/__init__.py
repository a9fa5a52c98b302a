"""Flink SQL in one Python process, over its own durable log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

__all__ = ["Penstock", "__version__", "memory", "open"]

if TYPE_CHECKING:
    from penstock.project.opening import memory
    from penstock.project.opening import open_project as open  # noqa: A004
    from penstock.project.penstock import Penstock


def __getattr__(name: str) -> Any:
    """The project room is loaded at first use: importing the package alone costs nothing."""
    from penstock.project import opening

    found = {"Penstock": "Penstock", "memory": "memory", "open": "open_project"}
    if name in found:
        return getattr(opening, found[name])
    raise AttributeError(f"module 'penstock' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
