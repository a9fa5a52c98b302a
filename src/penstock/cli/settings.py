"""`penstock settings`: what penstock.toml says, and what it could say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.project.settings_change import Value

__all__ = ["settings"]

_HOLDS = {
    "now": "at once",
    "pipeline": "from the next start of a pipeline on",
    "restart": "from the next start of the process on",
}


@click.command(
    cls=Command,
    examples=(
        "penstock settings shop",
        "penstock settings shop --all --format json",
        "penstock settings shop --set engine.threads=4 --set 'topics.clicks.retention.ms=30 d'",
    ),
)
@folder_argument()
@click.option("--all", "everything", is_flag=True, help="Those too of which the file says nothing.")
@click.option("--set", "given", multiple=True, metavar="SECTION.NAME=VALUE", help="Change one in the file.")
@click.option("--unset", "taken", multiple=True, metavar="SECTION.NAME", help="Take one out of the file.")
@format_option(*FORMATS)
def settings(folder: Path, everything: bool, given: tuple[str, ...], taken: tuple[str, ...], form: str) -> None:
    """List the settings of the project in DIR, without its secrets: of these the file has the names alone.

    With --set and --unset they are changed instead, and what else the file says stays as it is.
    """
    import polars as pl

    from penstock.project.settings_shown import shown_settings

    if given or taken:
        _change(folder, {**dict(_said(one) for one in given), **{_place(one): None for one in taken}})
        return
    found = [one for one in shown_settings(folder) if everything or one.value is not None]
    schema: dict[str, Any] = dict.fromkeys(("section", "name", "value", "default", "allowed"), pl.String)
    rows = [(one.section, one.name, one.value, one.default, one.allowed) for one in found]
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)
    for one in found:
        if one.missing:
            note(f"[{one.section}] {one.name}: the environment has no variable {one.value}")


def _change(folder: Path, wanted: Mapping[tuple[str, str], Value]) -> None:
    with acting(folder) as project:
        for (section, name), value in wanted.items():
            done = project.change_setting(section, name, value)
            was, now = (f"'{one}'" if one is not None else "the default" for one in (done.before, done.after))
            click.echo(f"[{section}] {name} was {was}, is {now}; it holds {_HOLDS[done.holds]}")


def _said(text: str) -> tuple[tuple[str, str], Value]:
    """A setting and its value: a number or a truth value, or else a text."""
    place, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes SECTION.NAME=VALUE, not '{text}'")
    number = value.isascii() and value.isdecimal() and len(value) < 19  # TOML has 64 bits
    return _place(place), {"true": True, "false": False}.get(value, int(value) if number else value)


def _place(text: str) -> tuple[str, str]:
    """A section and a name; those of topics and tables are called after one."""
    from penstock.project.settings import SECTIONS

    kind, _, rest = text.strip().partition(".")
    known = [option.name for option in SECTIONS.get(f"{kind}.NAME", ()) if rest.endswith(f".{option.name}")]
    name = max(known, key=len, default=rest.rpartition(".")[2])
    named = rest.removesuffix(name).removesuffix(".")
    if not name:
        raise click.UsageError(f"a setting is SECTION.NAME, such as engine.threads, not '{text}'")
    return f"{kind}.{named}" if named else kind, name
