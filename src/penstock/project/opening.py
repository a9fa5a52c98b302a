"""Opening a project: that of a folder, or one in memory."""

from __future__ import annotations

from pathlib import Path

from penstock.core.errors import SqlError
from penstock.project.definition import Definition, begin_definition, read_definition
from penstock.project.home import HOME
from penstock.project.penstock import Penstock
from penstock.project.settings import Settings

__all__ = ["memory", "open_project"]


def open_project(folder: str | Path) -> Penstock:
    """The project in `folder`, as its files define it.

    Raises ConfigError where it does not fit. What is wrong in its SQL files is raised at the first use of what they
    define; its log can be looked at all the same.
    """
    home = Path(folder) / HOME
    try:
        return Penstock(read_definition(Path(folder)), home)
    except SqlError as error:
        return Penstock(begin_definition(Path(folder))[0], home, fault=error)


def memory(name: str = "memory") -> Penstock:
    """A project without a folder, for a notebook or a test: all of it is gone when it is closed."""
    return Penstock(Definition(Path.cwd(), Settings(name)), None)
