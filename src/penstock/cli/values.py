"""Parameters as options of commands give them: ``--param NAME=VALUE``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["param_option", "values_of"]


def param_option() -> Callable[[Any], Any]:
    """The option --param, as `given`."""
    return click.option(
        "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; may be given several times."
    )


def values_of(given: tuple[str, ...]) -> dict[str, str]:
    """Raises UsageError for what has no name, or one that has been given already."""
    values: dict[str, str] = {}
    for words in given:
        name, equals, value = words.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--param takes NAME=VALUE, this is '{words}'")
        if name in values:
            raise click.UsageError(f"--param {name} is given twice")
        values[name] = value
    return values
