"""`penstock pipeline`: how the pipelines of a project stand, and telling one what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, acting, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import moment, note, painted, plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.project.standing import Standing
    from penstock.project.steer import Act

__all__ = ["pipeline"]


@click.group(cls=Group)
def pipeline() -> None:
    """Look at pipelines, and start, pause, resume, stop, drain or restart one while the others go on.

    What is wanted of a pipeline is kept: a paused one stays paused when the process that runs the project begins
    anew. Where no process runs it, what is said here is for the next `penstock run`.
    """


def _name_argument() -> Callable[[Any], Any]:
    return click.argument("name", metavar="PIPELINE")


def _start_options() -> Callable[[Any], Any]:
    """--parallelism and --checkpoint-interval."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        interval = click.option(
            "--checkpoint-interval", metavar="TIME", help="Such as 10 s, instead of what SQL and settings say."
        )
        parallelism = click.option(
            "--parallelism", type=click.IntRange(1, 32_768), help="Kept for a cluster: embedded, it runs as one."
        )
        return parallelism(interval(command))

    return decorate


@pipeline.command("list", examples=("penstock pipeline list shop", "penstock pipeline list shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the pipelines: what each does, what it has read and written since it was started, how far behind it is."""
    import polars as pl

    with acting(folder) as project:
        found = project.pipelines()
    schema: dict[str, Any] = {
        "pipeline": pl.String,
        "state": pl.String,
        "wanted": pl.String,
        "rows": pl.Int64,
        "written": pl.Int64,
        "lag": pl.Int64,
        "late": pl.Int64,
        "rejected": pl.Int64,
        "watermark": pl.Datetime("ms", "UTC"),
        "checkpoint": pl.Int64,
    }
    rows = [
        (one.name, one.state, one.wanted, one.rows, sum(one.results.values()), one.lag, one.late, one.rejected,
         one.watermark, one.epoch)
        for one in found
    ]  # fmt: skip
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)
    for one in found:
        _remark(one)


@pipeline.command(examples=("penstock pipeline columns shop orders",))
@folder_argument()
@_name_argument()
@format_option(*FORMATS)
def columns(folder: Path, name: str, form: str) -> None:
    """Show what each column of the tables that a pipeline writes is made of.

    Constants and counts of rows are made of none; what decides which rows count is not told.
    """
    import polars as pl

    from penstock.project.column_origins import column_origins
    from penstock.project.standing import definition_of

    with opened(folder) as penstock:
        found = column_origins(penstock, definition_of(penstock, name))
    rows = [(one.table, one.column, ", ".join(f"{m.table}.{m.column}" for m in one.made_of)) for one in found]
    schema = {"table": pl.String, "column": pl.String, "made_of": pl.String}
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@pipeline.command(examples=("penstock pipeline show shop orders",))
@folder_argument()
@_name_argument()
def show(folder: Path, name: str) -> None:
    """Show one pipeline: what it reads and writes, how far it is, how it runs."""
    with acting(folder) as project:
        one = next((one for one in project.pipelines() if one.name == name), None)
        if one is None:
            from penstock.core.errors import ConfigError, did_you_mean

            hint = did_you_mean(name, project.pipeline_names()) or "penstock pipeline list DIR shows what there is"
            raise ConfigError(f"there is no pipeline '{name}'", code="pipeline-unknown", hint=hint)
    interval = one.checkpoint_interval
    lines = {
        "state": one.state + ("" if one.wanted == one.state else f", wanted: {one.wanted}"),
        "defined in": one.file,
        "reads": ", ".join(one.reads),
        "writes": ", ".join(one.writes),
        "rows read": f"{one.rows:,}",
        **{f"into {table}": plural(rows, "row") for table, rows in one.results.items()},
        "late, rejected": f"{one.late:,}, {one.rejected:,}",
        "lag": "" if one.lag is None else plural(one.lag, "row"),
        "watermark": moment(one.watermark),
        "state held": plural(one.state_bytes, "byte"),
        "checkpoint": f"{one.epoch}, each {'as the engine chooses' if interval is None else f'{interval:,} ms'}",
        "error": one.error or "",
    }
    width = max(map(len, lines))
    for what, text in lines.items():
        if text:
            click.echo(f"{painted(what.ljust(width), bold=True)}  {text}")
    _remark(one)


@pipeline.command(
    examples=(
        "penstock pipeline start shop orders",
        "penstock pipeline start shop orders --checkpoint-interval '10 s'",
    )
)
@folder_argument()
@_name_argument()
@_start_options()
def start(folder: Path, name: str, parallelism: int | None, checkpoint_interval: str | None) -> None:
    """Start a pipeline from its last checkpoint."""
    _steer(folder, name, "start", parallelism, checkpoint_interval)


@pipeline.command(examples=("penstock pipeline pause shop orders",))
@folder_argument()
@_name_argument()
def pause(folder: Path, name: str) -> None:
    """Commit and halt a pipeline, with its state kept in memory: it resumes at once."""
    _steer(folder, name, "pause")


@pipeline.command(examples=("penstock pipeline resume shop orders",))
@folder_argument()
@_name_argument()
def resume(folder: Path, name: str) -> None:
    """Let a paused pipeline go on."""
    _steer(folder, name, "resume")


@pipeline.command(examples=("penstock pipeline stop shop orders",))
@folder_argument()
@_name_argument()
def stop(folder: Path, name: str) -> None:
    """Commit and halt a pipeline, and let go of its state in memory."""
    _steer(folder, name, "stop")


@pipeline.command(examples=("penstock pipeline drain shop orders",))
@folder_argument()
@_name_argument()
def drain(folder: Path, name: str) -> None:
    """Let a pipeline read what is there now, close all its windows, commit and end.

    Where no process runs the project, this command does it. Rows for windows that the end has closed are late.
    """
    _steer(folder, name, "drain")


@pipeline.command(examples=("penstock pipeline restart shop orders",))
@folder_argument()
@_name_argument()
@_start_options()
def restart(folder: Path, name: str, parallelism: int | None, checkpoint_interval: str | None) -> None:
    """Commit a pipeline and start it from that checkpoint; one that has failed, from its last."""
    _steer(folder, name, "restart", parallelism, checkpoint_interval)


def _steer(folder: Path, name: str, act: Act, parallelism: int | None = None, interval: str | None = None) -> None:
    with acting(folder) as project:
        found = project.steer(name, act, parallelism=parallelism, checkpoint_interval=_millis(interval))
    click.echo(
        f"pipeline {name} is {found.state}" + ("" if found.wanted == found.state else f", wanted {found.wanted}")
    )
    _remark(found)


def _millis(interval: str | None) -> int | None:
    if interval is None:
        return None
    from penstock.core.options import duration

    try:
        return duration.read(interval)
    except (ValueError, KeyError):
        raise click.UsageError(f"--checkpoint-interval takes {duration.allowed}, not '{interval}'") from None


def _remark(one: Standing) -> None:
    for remark in one.remarks:
        note(f"{one.name}: {remark}")
