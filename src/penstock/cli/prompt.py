"""`penstock sql` on a terminal: asks for statements, runs each, goes on after an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from penstock.cli.errors import show_error
from penstock.core.errors import PenstockError

if TYPE_CHECKING:
    from penstock.cli.sql import Runner

__all__ = ["complete", "prompt"]

_QUOTED = re.compile(r"'(?:[^']|'')*'|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_OPEN = re.compile(r"['`]|/\*")
_SET = re.compile(r"\s*(EXECUTE\s+STATEMENT\s+SET|BEGIN\s+STATEMENT\s+SET)\b", re.IGNORECASE)
_SET_END = re.compile(r"\bEND\s*;\s*$", re.IGNORECASE)


def complete(text: str) -> bool:
    """Whether `text` holds whole statements: it ends with ; outside of quotes, comments and statement sets."""
    bare = _QUOTED.sub(" ", text)
    if _OPEN.search(bare) or not bare.rstrip().endswith(";"):
        return False
    return _SET_END.search(bare) is not None if _SET.match(bare) else True


def prompt(runner: Runner) -> None:
    """Ask until Ctrl-D, or quit; Ctrl-C gives up the statement."""
    import contextlib

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # gives input() its keys and its memory

    click.echo("Flink SQL in memory. A statement ends with ; and quit or Ctrl-D leaves.")
    text = ""
    while True:
        try:
            text += input("   ... " if text.strip() else "sql> ") + "\n"
            if text.strip().rstrip(";").lower() in ("quit", "exit"):
                return
            if not complete(text):
                continue
            statements, text = text, ""
            runner.run(statements)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
            text = ""
        except PenstockError as error:
            show_error(error)
