"""Values as options of commands give them: ``--param NAME=VALUE``, ``--set COLUMN=VALUE``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["json_of", "pairs_of", "param_option", "values_of"]


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


def pairs_of(option: str, form: str, given: Sequence[str]) -> dict[str, str]:
    """The values of an option by their names, the last one of each. Raises UsageError for what has no name."""
    found = {}
    for words in given:
        name, equals, value = words.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{option} takes {form}, not '{words}'")
        found[name.strip()] = value
    return found


def json_of(text: str) -> Any:
    """A value that is JSON, or else a text."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
