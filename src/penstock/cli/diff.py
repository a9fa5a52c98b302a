"""`penstock diff`: what the SQL files would change if they were applied now."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.terminal import painted, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.project.edit.difference import Difference, PipelineChange
    from penstock.project.edit.files import FileDifference
    from penstock.project.edit.transition import OperatorChange

__all__ = ["diff", "show_difference", "show_pipeline"]

_COLOURS = {
    "kept": "green",
    "rebuilt": "yellow",
    "empty": "yellow",
    "lost": "red",
    "added": "green",
    "changed": "yellow",
    "removed": "red",
}


@click.command(
    cls=Command,
    examples=(
        "penstock diff shop",
        "penstock diff shop --sql",
        "penstock diff shop --format json",
    ),
)
@folder_argument()
@click.option("--sql", is_flag=True, help="Show what has changed in the text of the files instead.")
@format_option("text", "json")
def diff(folder: Path, sql: bool, form: str) -> None:
    """Show what the SQL files in DIR would change if they were applied: what becomes of each operator's state.

    State is kept where all that stands below an operator is as it was; else it is rebuilt by reading topics again, or
    begins empty where it cannot be. Nothing is changed; an engine may run meanwhile.
    """
    with acting(folder) as project:
        if sql:
            _show_files(project.file_differences(), form)
            return
        found = project.difference()
    if form == "json":
        import orjson

        click.echo(orjson.dumps(asdict(found)))
        return
    show_difference(found)


def _show_files(found: Sequence[FileDifference], form: str) -> None:
    if form == "json":
        import orjson

        click.echo(orjson.dumps([asdict(one) for one in found]))
        return
    for one in found:
        head, other, *lines = one.difference.split("\n")
        click.echo("\n".join([head, other, *map(_line, lines)]))
    if not found:
        click.echo("no file has changed")


def _line(line: str) -> str:
    return painted(line, fg={"+": "green", "-": "red"}[line[0]]) if line[:1] in ("+", "-") else line


def show_difference(found: Difference) -> None:
    """For a person."""
    for file in found.files:
        click.echo(f"{file.path} {'has changed' if file.what == 'changed' else f'was {file.what}'}")
    for pipeline in found.changed:
        show_pipeline(pipeline)
    same = [one.name for one in found.pipelines if one.what == "unchanged"]
    if same or not found.pipelines:
        click.echo(f"unchanged: {', '.join(same) or 'all'}")


def show_pipeline(pipeline: PipelineChange) -> None:
    """One pipeline, for a person."""
    source = f" ({pipeline.file})" if pipeline.file else ""
    what = painted(pipeline.what, fg=_COLOURS[pipeline.what], bold=True)
    click.echo(f"pipeline {painted(pipeline.name, bold=True)}{source}: {what}")
    width = max((len(one.operator) for one in pipeline.operators), default=0)
    for one in pipeline.operators:
        word = painted(f"{one.what:8}", fg=_COLOURS[one.what])
        click.echo(f"  {one.operator.ljust(width)}  {word} {_words(one)}".rstrip())
    if pipeline.refusal:
        click.echo(f"  {painted('cannot be applied', fg='red', bold=True)}: {pipeline.refusal}")
    for remark in pipeline.remarks:
        click.echo(f"  {remark}")


def _words(one: OperatorChange) -> str:
    """What becomes of it, in numbers."""
    if one.what in ("kept", "lost"):
        words = plural(one.rows or 0, "row")
    elif one.what == "rebuilt":
        places = (
            f"{topic} from offset {offset:,}" + (f" of partition {partition}" if len(offsets) > 1 else "")
            for topic, offsets in one.start.items()
            for partition, offset in enumerate(offsets)
        )
        made = "" if one.rows is None else f"{plural(one.rows, 'row')}, "
        words = f"{made}{plural(one.rows_again, 'record')} again: {', '.join(places)}"
    else:
        words = ""
    return "; ".join(part for part in (words, one.reason) if part)
