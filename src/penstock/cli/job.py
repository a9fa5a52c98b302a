"""`penstock job`: the jobs of a project, their runs, and doing one now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, folder_argument, format_option, opened, path_of, program
from penstock.cli.errors import OK, USER
from penstock.cli.logs import warnings_shown
from penstock.cli.moment import moment_in
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import lasted, moment, note, painted, plural, printable
from penstock.cli.values import param_option, values_of

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from penstock.jobs import Run
    from penstock.project.jobs.jobs import Jobs
    from penstock.project.jobs.standing import JobStanding

__all__ = ["followed", "job", "steps_of", "told"]

_LOOK_SECONDS = 0.1
_SHOWN = 60
"""Characters of a note in a table; the run's log has the rest."""
_SIGNS = {"inserted": "+", "updated": "~", "deleted": "-"}


@click.group(cls=Group)
def job() -> None:
    """Jobs of a project (jobs.toml): see them, do one now, look at its runs."""


@job.command("list", examples=("penstock job list shop", "penstock job list shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the jobs of the project in DIR: when each is due, and how its last run ended."""
    import polars as pl

    with opened(folder) as penstock:
        states = penstock.jobs.standings()
        served = penstock.jobs.served
    rows = [
        (
            s.name,
            s.kind,
            _due(s),
            "wrong" if s.wrong else "paused" if s.paused_by else "running" if s.running else "ready",
            s.next,
            s.last_state,
            s.last_ended,
            s.waiting,
        )
        for s in states
    ]
    text, time = pl.String(), pl.Datetime("ms", "UTC")
    schema: dict[str, Any] = {"job": text, "kind": text, "due": text, "state": text, "next": time}
    schema |= {"last": text, "ended": time, "waiting": pl.Int64()}
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)
    for state in states:
        if state.wrong:
            note(f"{state.name} is wrong: {state.wrong}")
        elif state.paused_by:
            note(f"{state.name} is paused by {state.paused_by}")
    if not served and any(state.schedule for state in states):
        note(f"nobody makes runs that are due: {program()} run {path_of(folder)} does")


def _due(state: JobStanding) -> str:
    """What it is done by."""
    schedule = [f"{state.schedule} {state.zone}"] if state.schedule else []
    file = [f"on {state.on_file}"] if state.on_file else []
    return ", ".join(
        [*schedule, *(f"after {one}" for one in state.after), *file, *(["on a row"] if state.on_row else [])]
    )


@job.command(
    examples=(
        "penstock job run shop daily_totals",
        "penstock job run shop daily_totals --param day=2026-01-31",
        "penstock job run shop daily_totals --detach  # where penstock run works on it",
    )
)
@folder_argument()
@click.argument("name", metavar="JOB")
@param_option()
@click.option("--detach", is_flag=True, help="Say its id, and do not wait for its end.")
@format_option(*FORMATS)
def run(folder: Path, name: str, given: tuple[str, ...], form: str, *, detach: bool) -> int:
    """Do JOB now, and show what its steps did; the exit code is 1 where it fails.

    Where the project runs, its process does it; else this one, which first goes on with a run of the job that was
    broken off with its process. The lines of its log go to standard error. Ctrl-C cancels it.
    """
    from penstock.cli.interrupt import Interrupt

    values = values_of(given)
    with opened(folder) as penstock:
        jobs = penstock.jobs
        begun = None if jobs.served else jobs.left(name, values)
        if begun is None:
            begun = jobs.begin(name, values)
        else:
            note(f"run {begun.id} was broken off, and goes on")
        if detach:
            click.echo(begun.id)
            if not jobs.served:
                note(f"nobody works on it: {program()} run {path_of(folder)} does")
            return OK
        with Interrupt() as interrupt, warnings_shown():
            ended = followed(jobs, begun.id, interrupt.asked)
        print_rows(steps_of(ended, form), form)
        return told(ended)


def followed(jobs: Jobs, identity: str, asked: Any) -> Run:
    """The run when it has ended; its lines are shown as they come. Where the event `asked` is set it is cancelled."""
    from contextlib import ExitStack, suppress

    from penstock.core.errors import StateError
    from penstock.jobs.run import ENDED

    shown, cancelled = 0, False
    with ExitStack() as stack:
        works = False
        while True:
            if not works and not jobs.served:
                stack.enter_context(jobs.working(identity))
                works = True
            found = jobs.run(identity)
            shown, lines = jobs.lines(identity, shown)
            for line in lines:
                note(printable(f"{line.step}: {line.line}" if line.step else line.line))
            if found.state in ENDED and not lines:
                return found
            if asked.wait(0 if lines else _LOOK_SECONDS) and not cancelled:
                cancelled = True
                note(f"run {identity} is cancelled; Ctrl-C again ends at once")
                with suppress(StateError):  # it has ended just now
                    jobs.cancel(identity)
            elif cancelled and not lines:
                jobs.rest(_LOOK_SECONDS)


def told(ended: Run) -> int:
    """Say how a run has ended; the exit code."""
    assert ended.ended is not None
    seconds = (ended.ended - (ended.began or ended.created)) / 1000
    words = f"run {ended.id}: {ended.state} after {lasted(seconds)}, {plural(ended.attempt, 'attempt')}"
    note(words)
    for line in ended.failure.splitlines():
        note(printable(line))
    return OK if ended.state in ("success", "partial") else USER


def steps_of(found: Run, form: str) -> pl.DataFrame:
    """A row a step: its state, seconds, counts, changes by table, artefacts. For people a table cuts notes short."""
    import polars as pl

    names = list(dict.fromkeys(name for step in found.steps for name in step.outcome.counts))
    has_made = any(step.outcome.artefacts for step in found.steps)
    rows = []
    for step in found.steps:
        changes = [
            f"{table} " + " ".join(f"{sign}{counts[kind]:,}" for kind, sign in _SIGNS.items() if counts.get(kind))
            for table, counts in step.outcome.changes.items()
            if any(counts.values())
        ] or ["none"] * bool(step.outcome.changes)
        seconds = None if step.ended is None else (step.ended - step.began) / 1000
        counted = [step.outcome.counts.get(name) for name in names]
        said = step.outcome.note
        short = f"{said[:_SHOWN]}..." if form == "table" and len(said) > _SHOWN else said
        made = [step.outcome.made] if has_made else []
        rows.append((step.name, step.state, seconds, *counted, ", ".join(changes), short, *made))
    schema: dict[str, Any] = {"step": pl.String(), "state": pl.String(), "seconds": pl.Float64()}
    schema |= dict.fromkeys(names, pl.Int64()) | {"changes": pl.String(), "note": pl.String()}
    schema |= {"artefacts": pl.String()} if has_made else {}
    return pl.DataFrame(rows, schema, orient="row")


@job.command(
    examples=(
        "penstock job status shop",
        "penstock job status shop daily_totals --last 5 --format json",
        "penstock job status shop daily_totals-20260131T020000Z",
    )
)
@folder_argument()
@click.argument("name", metavar="[JOB|RUN]", required=False)
@click.option("--last", "limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many runs.")
@format_option(*FORMATS)
def status(folder: Path, name: str | None, limit: int, form: str) -> None:
    """Show the last runs of all jobs or of JOB, the newest first; or RUN, with its attempts and steps."""
    import polars as pl

    with opened(folder) as penstock:
        known = {one.name for one in penstock.jobs.file.listed()}
        if name is None or name in known:
            runs = penstock.jobs.history(name, limit)
            rows = [
                (
                    r.id,
                    r.job,
                    r.state,
                    r.trigger,
                    r.scheduled,
                    r.began,
                    _seconds(r),
                    r.attempt,
                    r.rows,
                    r.error.partition("\n")[0],
                )
                for r in runs
            ]
            text, time, whole = pl.String(), pl.Datetime("ms", "UTC"), pl.Int64()
            schema: dict[str, Any] = {"run": text, "job": text, "state": text, "trigger": text, "for": time}
            schema |= {"began": time, "seconds": pl.Float64(), "attempts": whole, "rows": whole, "error": text}
            print_rows(pl.DataFrame(rows, schema, orient="row"), form)
            return
        found = penstock.jobs.run(name)
    note(f"{painted(found.id, bold=True)}: {found.state}, by {found.trigger} {found.by}".rstrip())
    for attempt in found.attempts:
        said = attempt.error.splitlines()[0] if attempt.error else "well"
        note(printable(f"attempt {attempt.number} from {moment(attempt.began)} to {moment(attempt.ended)}: {said}"))
    print_rows(steps_of(found, form), form)


def _seconds(found: Run) -> float | None:
    return None if found.began is None or found.ended is None else (found.ended - found.began) / 1000


@job.command(examples=("penstock job logs shop daily_totals-20260131T020000Z", "penstock job logs shop daily_totals"))
@folder_argument()
@click.argument("name", metavar="RUN|JOB")
@format_option(*FORMATS)
def logs(folder: Path, name: str, form: str) -> None:
    """Show the log of RUN, or that of the last run of JOB."""
    import polars as pl

    with opened(folder) as penstock:
        jobs = penstock.jobs
        identity = name
        if name in {one.name for one in jobs.file.listed()}:
            runs = jobs.history(name, 1)
            if not runs:
                note(f"job {name} has no run yet")
                return
            identity = runs[0].id
        _, lines = jobs.lines(identity, limit=1_000_000)
    rows = [(line.time, line.attempt, line.step, line.level, line.line) for line in lines]
    schema: dict[str, Any] = {"time": pl.Int64(), "attempt": pl.Int64(), "step": pl.String(), "level": pl.String()}
    frame = pl.DataFrame(rows, schema | {"line": pl.String()}, orient="row")
    print_rows(frame.with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC"))), form)


@job.command(
    examples=(
        "penstock job backfill shop daily_totals --since 2026-01-01 --until 2026-02-01",
        "penstock job backfill shop daily_totals --since 2026-01-01T00:00:00Z --until 2026-01-01T06:00:00Z",
    )
)
@folder_argument()
@click.argument("name", metavar="JOB")
@click.option("--since", required=True, metavar="TIME", help="The first moment: 2026-01-31.")
@click.option("--until", required=True, metavar="TIME", help="The moment before which it ends.")
@param_option()
def backfill(folder: Path, name: str, since: str, until: str, given: tuple[str, ...]) -> None:
    """Make a run for each moment of JOB's schedule in a range, to be done one after the other as JOB allows.

    A date, and a time without a zone, is one of the zone of JOB's schedule.
    """
    with opened(folder) as penstock:
        schedule = penstock.jobs.file.get(name).schedule
        zone = "UTC" if schedule is None else schedule.zone
        made = penstock.jobs.backfill(name, moment_in(zone, since), moment_in(zone, until), values_of(given))
        served = penstock.jobs.served
    click.echo(f"{plural(len(made), 'run')} of {name}, from {made[0].id} to {made[-1].id}")
    if not served:
        note(f"nobody works on them: {program()} run {path_of(folder)} does")


@job.command(examples=("penstock job pause shop daily_totals",))
@folder_argument()
@click.argument("name", metavar="JOB")
def pause(folder: Path, name: str) -> None:
    """Let JOB be done by hand alone: what it is due at meanwhile is passed over. What goes on ends by itself."""
    with opened(folder) as penstock:
        penstock.jobs.pause(name)
    click.echo(f"job {name} is paused")


@job.command(examples=("penstock job resume shop daily_totals",))
@folder_argument()
@click.argument("name", metavar="JOB")
def resume(folder: Path, name: str) -> None:
    """Let JOB be done as jobs.toml says again."""
    with opened(folder) as penstock:
        penstock.jobs.resume(name)
    click.echo(f"job {name} goes on")


@job.command(examples=("penstock job cancel shop daily_totals-20260131T020000Z",))
@folder_argument()
@click.argument("identity", metavar="RUN")
def cancel(folder: Path, identity: str) -> None:
    """Let RUN end: at once where it waits, soon where it goes on."""
    with opened(folder) as penstock:
        found = penstock.jobs.cancel(identity)
    click.echo(f"run {identity} is cancelled" if found.state == "cancelled" else f"run {identity} ends soon")


@job.command(examples=("penstock job retry shop daily_totals-20260131T020000Z",))
@folder_argument()
@click.argument("identity", metavar="RUN")
def retry(folder: Path, identity: str) -> int:
    """Let RUN, which has failed or was cancelled, go on at the step that it did not do."""
    from penstock.cli.interrupt import Interrupt

    with opened(folder) as penstock, Interrupt() as interrupt, warnings_shown():
        penstock.jobs.retry(identity)
        ended = followed(penstock.jobs, identity, interrupt.asked)
        return told(ended)
