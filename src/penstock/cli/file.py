"""`penstock file`: the texts of a project, saved only where they fit, and written down in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Group, agree, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

__all__ = ["file"]


@click.group(cls=Group)
def file() -> None:
    """Texts of a project: alert rules, dashboards, saved queries and SQL, by their paths in its folder."""


@file.command("list", examples=("penstock file list shop",))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the texts of the project in DIR."""
    import polars as pl

    from penstock.project.texts import text_paths

    with opened(folder):
        found = text_paths(folder)
    print_rows(pl.DataFrame({"path": pl.Series(found, dtype=pl.String)}), form)


@file.command(examples=("penstock file show shop alerts/slow.toml",))
@folder_argument()
@click.argument("path")
def show(folder: Path, path: str) -> None:
    """Print the text at PATH."""
    from penstock.project.texts import place_of

    with opened(folder):
        kind, name = place_of(folder, path)
        click.echo(kind.read(name).text, nl=False)


@file.command(
    examples=(
        "penstock file save shop alerts/slow.toml new.toml",
        "sed s/200/300/ shop/alerts/slow.toml | penstock file save shop alerts/slow.toml --yes",
    )
)
@folder_argument()
@click.argument("path")
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--yes", is_flag=True, help="Do not ask before another text is replaced.")
def save(folder: Path, path: str, source: TextIO, *, yes: bool) -> None:
    """Save SOURCE, or what comes on standard input, as the text at PATH.

    It is refused where it does not fit: a rule that no engine could run, a query that nobody could ask. The text that
    is replaced is kept as a difference in the audit log. Files of sql/ are announced, and applied by `penstock apply`.
    """
    from penstock.project.project_file import difference
    from penstock.project.texts import place_of, save_text

    text = source.read()
    with opened(folder) as penstock:
        kind, name = place_of(folder, path)
        before = kind.read(name) if name in kind.names() else None
        if before is not None and before.text == text:
            note(f"{path} is so already")
            return
        if before is not None and not yes:
            click.echo(difference(before.text, text, name, ("there", "new")), err=True)
            agree(f"This replaces {path}. Go on?")
        save_text(penstock, path, text, None if before is None else before.tag)
    click.echo(f"{path} is {'made' if before is None else 'replaced'}")


@file.command(examples=("penstock file delete shop dashboards/old.toml",))
@folder_argument()
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(folder: Path, path: str, *, yes: bool) -> None:
    """Remove the text at PATH; it is kept as a difference in the audit log."""
    from penstock.project.texts import place_of, remove_text

    with opened(folder) as penstock:
        kind, name = place_of(folder, path)
        there = kind.read(name)
        if not yes:
            agree(f"This removes {path}, {len(there.text.splitlines())} lines. Go on?")
        remove_text(penstock, path, there.tag)
    click.echo(f"{path} is gone")
