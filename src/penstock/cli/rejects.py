"""`penstock rejects`: rows that could not be used, or came too late; mended and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.causes import mend
from penstock.cli.command import Group, acting, agree_rows, folder_argument, format_option
from penstock.cli.output import FORMATS, make_output, print_rows
from penstock.cli.terminal import note, painted, plural, printable
from penstock.core.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from penstock.project.acting import Project
    from penstock.project.rebuild import Closed
    from penstock.project.replay import Replayed
    from penstock.project.set_aside import Kind

__all__ = ["rejects"]

_SHOWN = 80
_AROUND = 200
_LAST = (1 << 63) - 2
"""No row has a higher id."""


def _late_option() -> Callable[[Any], Any]:
    return click.option("--late", is_flag=True, help="Rows that came too late, instead of those that were rejected.")


@click.group(cls=Group)
def rejects() -> None:
    """Look at rows that could not be used or came too late; mend and replay them, or give them up."""


@rejects.command("list", examples=("penstock rejects list shop", "penstock rejects list shop --late --rows 50"))
@folder_argument()
@_late_option()
@click.option("--reason", "code", metavar="CODE", help="Those rejected for this reason alone.")
@click.option(
    "--rows",
    type=click.IntRange(0, 10_000),
    help="How many of the newest to show; by default 10 in a table, all in other formats.",
)
@format_option(*FORMATS)
def list_(folder: Path, late: bool, code: str | None, rows: int | None, form: str) -> None:
    """List how many there are for which reason, and the newest of them, with what has become of each.

    Other formats than a table have the rows alone, each in full, the newest first.
    """
    kind = _kind(late=late, code=code)
    with acting(folder) as project:
        if form != "table":
            _print_all(project, kind, code, rows, form)
            return
        counts = _counts(project, kind, code)
        newest = project.set_aside(kind, 10 if rows is None else max(rows, 1), None, code)
    if not counts.height:
        click.echo("no row came too late" if late else "no row was rejected")
        return
    print_rows(counts, form)
    if not late:
        for reason in counts["code"].unique(maintain_order=True):
            if mend(reason):
                note(f"{reason}: {mend(reason)}")
    if rows != 0:
        click.echo(painted(f"\nthe newest (penstock rejects show DIR{' --late' if late else ''} ID)", bold=True))
        print_rows(_brief(newest.reverse(), late=late), form)


def _kind(*, late: bool, code: str | None = None) -> Kind:
    if late and code is not None:
        raise click.UsageError("--reason goes without --late: late rows have but one")
    return "late" if late else "rejected"


def _print_all(project: Project, kind: Kind, code: str | None, rows: int | None, form: str) -> None:
    """Page by page, so that memory does not grow with their number."""
    from penstock.core.render import fields_of
    from penstock.project.set_aside import pages

    output = make_output(form)
    for number, page in enumerate(pages(project, kind, code, rows)):
        if not number:
            output.begin(fields_of(page))
        if page.height:
            output.rows(page)
    output.end()


def _counts(project: Project, kind: Kind, code: str | None) -> pl.DataFrame:
    import polars as pl

    by = ["pipeline", "operator", "lost"] if kind == "late" else ["table", "operator", "code", "ignored"]
    counts = project.set_aside_counts(kind)
    counts = counts if code is None else counts.filter(pl.col("code") == code)
    return counts.group_by(by, maintain_order=True).agg(pl.col("rows").sum()).sort("rows", descending=True)


def _brief(frame: pl.DataFrame, *, late: bool) -> pl.DataFrame:
    """The columns that fit on a screen."""
    import polars as pl

    raw = pl.col("raw").map_elements(_text, pl.String).str.slice(0, _SHOWN)
    why = ["window_end", "watermark"] if late else ["code"]
    return frame.select("id", _now(late=late), "topic", "partition", "offset", *why, raw.alias("row"))


def _now(*, late: bool) -> pl.Expr:
    """What has become of each row, in the words that the page has."""
    import polars as pl

    place = pl.format("{}/{}", "original_partition", "original_offset")
    words = (
        pl.when(pl.col("discarded").is_not_null())
        .then(pl.lit("discarded"))
        .when(pl.col("replayed_offset").is_not_null())
        .then(pl.format("replayed as {}/{}", "replayed_partition", "replayed_offset"))
        .when(~pl.col("lost") if late else pl.col("ignored"))
        .then(pl.lit("counts in part" if late else "ignored"))
        .otherwise(pl.lit("waits"))
    )
    copied = pl.col("original_offset").is_not_null()
    return pl.when(copied).then(pl.format("{}; copy of {}", words, place)).otherwise(words).alias("now")


def _text(data: bytes) -> str:
    try:
        return printable(data.decode("utf-8"))
    except UnicodeDecodeError:
        return "0x" + data.hex()


@rejects.command(examples=("penstock rejects show shop 17", "penstock rejects show shop 3 --late"))
@folder_argument()
@click.argument("number", metavar="ID", type=int)
@_late_option()
def show(folder: Path, number: int, late: bool) -> None:
    """Show one row in full: where it is from, why it is here, its bytes."""
    from penstock.cli.cells import shown_rows
    from penstock.core.render import fields_of

    with acting(folder) as project:
        found = project.set_aside(_kind(late=late), 1, min(max(number, 0), _LAST) + 1)
    if not found.height or found["id"][0] != number:
        raise LogError(
            f"there is no {'late row' if late else 'reject'} {number}",
            code="replay-unknown",
            hint="penstock rejects list shows what there is",
        )
    raw: bytes | None = found["raw"][0]
    told = found.drop("raw")
    values = dict(zip(told.columns, shown_rows(told, fields_of(told))[0], strict=True))
    if not late:
        values["to mend"] = mend(values["code"]) or "NULL"
    width = max(map(len, values))
    for name, text in values.items():
        if text != "NULL":
            click.echo(f"{painted(name.ljust(width), bold=True)}  {text}")
    if raw is not None:
        click.echo(f"{painted('raw', bold=True)} ({plural(len(raw), 'byte')})")
        click.echo(_pointed(raw, values["reason"]))


def _pointed(raw: bytes, reason: str) -> str:
    """The bytes as text; where the reason names a byte, that part alone with a mark under it."""
    import re

    at = re.search(r"at byte (\d+)", reason)
    if at is None or int(at[1]) > len(raw):
        return _text(raw)
    place = int(at[1])
    start = max(0, place - _AROUND)
    before = ("..." if start else "") + printable(raw[start:place].decode("utf-8", "replace"))
    after = printable(raw[place : place + _AROUND].decode("utf-8", "replace"))
    return f"{before}{after}{'...' if place + _AROUND < len(raw) else ''}\n{' ' * len(before)}^"


@rejects.command(
    examples=(
        "penstock rejects replay shop --id 17 --edit",
        "penstock rejects replay shop --reason json-value --set amount=0 --yes",
        "penstock rejects replay shop --late --all --rebuild",
    )
)
@folder_argument()
@_late_option()
@click.option("--id", "ids", type=int, multiple=True, help="Which row; may be given several times.")
@click.option("--all", "every", is_flag=True, help="All that were neither replayed nor discarded.")
@click.option("--reason", "code", metavar="CODE", help="All of those that were rejected for this reason.")
@click.option("--edit", is_flag=True, help="Open each row in $EDITOR first.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Set a field of JSON rows.")
@click.option("--force", is_flag=True, help="Rows that were replayed before too; they then count twice.")
@click.option(
    "--rebuild", is_flag=True, help="Compute windows that have closed again, and replace their results; engine stopped."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(
    folder: Path,
    late: bool,
    ids: tuple[int, ...],
    every: bool,
    code: str | None,
    edit: bool,
    changes: tuple[str, ...],
    force: bool,
    rebuild: bool,
    yes: bool,
) -> None:
    """Append rows to their topics again, mended or as they are, each tied to its original: one event counts once.

    Before it acts it says which of their windows have closed: there a row is late again, unless --rebuild. Of many,
    those are left out that no single message made, and without --rebuild those that count in some windows.
    """
    from penstock.cli.mending import edited, setting
    from penstock.project.set_aside import pages

    if (len(ids) > 0) + every + (code is not None) != 1:
        raise click.UsageError("say which rows: one of --id, --all, --reason")
    if edit and changes:
        raise click.UsageError("--edit goes without --set")
    with acting(folder) as project:
        kind = _kind(late=late, code=code)
        chosen = list(ids) or _replayable(project, kind, code, force=force, rebuild=rebuild)
        if not chosen:
            click.echo("there is no such row")
            return
        mending = setting(changes) if changes else edited(pages(project, kind), chosen) if edit else None
        closed = project.closed_windows(chosen, late_rows=late, mend=mending)
        _tell_closed(closed, rebuild=rebuild)
        if not yes:
            agree_rows("replay", len(chosen))
        done = project.replay(chosen, late_rows=late, mend=mending, force=force, rebuild=rebuild)
        _tell_done(done, project)


@rejects.command(
    examples=(
        "penstock rejects discard shop --id 17 --because 'a test event'",
        "penstock rejects discard shop --reason json-value --because 'sent twice by the vendor' --yes",
    )
)
@folder_argument()
@_late_option()
@click.option("--id", "ids", type=int, multiple=True, help="Which row; may be given several times.")
@click.option("--all", "every", is_flag=True, help="All that were neither replayed nor discarded.")
@click.option("--reason", "code", metavar="CODE", help="All of those that were rejected for this reason.")
@click.option("--because", required=True, metavar="TEXT", help="Why they are given up; it is kept with them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def discard(
    folder: Path, late: bool, ids: tuple[int, ...], every: bool, code: str | None, because: str, yes: bool
) -> None:
    """Give rows up. They stay listed, with who has done it and why, and count as discarded in the ledger."""
    import polars as pl

    from penstock.project.set_aside import pages

    if (len(ids) > 0) + every + (code is not None) != 1:
        raise click.UsageError("say which rows: one of --id, --all, --reason")
    open_ = pl.col("replayed_offset").is_null() & pl.col("discarded").is_null()
    with acting(folder) as project:
        kind = _kind(late=late, code=code)
        chosen = list(ids) or sorted(n for page in pages(project, kind, code) for n in page.filter(open_)["id"])
        if not chosen:
            click.echo("there is no such row")
            return
        if not yes:
            agree_rows("discard", len(chosen))
        count = project.discard(kind, chosen, because)
    click.echo(f"{plural(count, 'row')} discarded")


def _replayable(project: Project, kind: Kind, code: str | None, *, force: bool, rebuild: bool) -> list[int]:
    """The ids of the rows that can be replayed; how many others wait is said."""
    import polars as pl

    from penstock.project.set_aside import pages

    done = pl.col("replayed_offset").is_not_null() | pl.col("discarded").is_not_null()
    waits = pl.lit(True) if force else ~done
    can = pl.col("offset").is_not_null()
    if kind == "rejected":
        waits &= ~pl.col("ignored")
    elif not rebuild:
        can &= pl.col("lost")
    chosen: list[int] = []
    left = 0
    for page in pages(project, kind, code):
        waiting = page.filter(waits)
        chosen.extend(waiting.filter(can)["id"])
        left += waiting.height - waiting.filter(can).height
    if left:
        note(f"{plural(left, 'row')} left out: made by a query, or counted in some windows already (--rebuild)")
    return sorted(chosen)


def _tell_closed(closed: list[Closed], *, rebuild: bool) -> None:
    """Which windows have closed, one line each, the first ten."""
    if not closed:
        return
    after = "they are computed again" if rebuild else "there the rows are late again (--rebuild computes them anew)"
    click.echo(f"{plural(len(closed), 'window')} {'has' if len(closed) == 1 else 'have'} closed; {after}:")
    for one in closed[:10]:
        what = "its time" if one.window_start is None else f"{one.window_start} to {one.window_end}"
        click.echo(f"  row {one.row}: {what} in {one.operator} of {one.pipeline}")
    if len(closed) > 10:
        click.echo(f"  and {len(closed) - 10:,} more")


def _tell_done(done: Replayed, project: Project) -> None:
    copies = done.copies.drop_nulls("offset")
    for topic, count in copies.group_by("topic", maintain_order=True).len().iter_rows():
        reading = [one.name for one in project.pipelines() if one.state == "running" and topic in one.reads]
        after = f"read at once by {', '.join(reading)}" if reading else "the next run reads them"
        click.echo(f"{plural(count, 'row')} appended to {topic}; {after}")
    for rebuilt in done.rebuilt:
        click.echo(f"{rebuilt.table}: {plural(rebuilt.written, 'row')} written anew, {rebuilt.removed:,} removed")
