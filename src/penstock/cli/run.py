"""`penstock run`: the pipelines of a project, until they end or are stopped."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, agree, folder_argument, opened, path_of, program
from penstock.cli.errors import worst
from penstock.cli.interrupt import Interrupt
from penstock.cli.logs import Logs, log_options
from penstock.cli.progress import Progress
from penstock.cli.serving import Serve, serve_options
from penstock.cli.summary import next_commands, show_next, show_summary
from penstock.cli.terminal import interactive, is_logged, note, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.log import Topic
    from penstock.project.figures import Figures
    from penstock.project.penstock import Penstock
    from penstock.project.run import Run
    from penstock.server.serve import Serving

__all__ = ["Ran", "run", "run_pipelines"]

_LOOK_SECONDS = 0.2


@click.command(
    cls=Command,
    examples=(
        "penstock run shop",
        "penstock run shop --bounded  # all that is there now, then end",
        "penstock run shop --port 0   # page and API at any free port",
    ),
)
@folder_argument()
@click.option("--bounded", is_flag=True, help="Run over what is there now, close all windows, and end.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), help="Replay: N times as fast as event time passed.")
@click.option("--batch-rows", type=click.IntRange(1), help="Cut every source's input into batches of so many rows.")
@click.option("--fresh", is_flag=True, help="Drop state and results first, and read the input again.")
@click.option("--yes", is_flag=True, help="Do not ask whether --fresh may drop what it names.")
@click.option(
    "--skip-lost",
    is_flag=True,
    help="Go on where retention has deleted rows that were not read; they count as expired in the ledger.",
)
@serve_options()
@log_options()
def run(
    folder: Path,
    bounded: bool,
    speed: float | None,
    batch_rows: int | None,
    fresh: bool,
    yes: bool,
    skip_lost: bool,
    serve: Serve,
    logs: Logs,
) -> int:
    """Run the project in DIR, each pipeline from its last checkpoint, and serve its page and API (not if --bounded).

    Ctrl-C commits and ends; a second one ends at once. A pipeline that fails stops alone; its error is shown, the
    others go on, and the exit code is 1. While it runs, other commands act through it.
    """
    with opened(folder) as penstock, logs.begun(penstock.settings):
        penstock.skip_lost = skip_lost
        if fresh:
            _agree_to_drop(penstock, yes=yes)
        if not bounded:
            for words in _how_to_feed(penstock, folder):
                note(words)
        ran = run_pipelines(penstock, serve, bounded=bounded, speed=speed, batch_rows=batch_rows, fresh=fresh)
        if is_logged():
            return worst(ran.errors)
        show_summary(penstock, ran.figures, ran.seconds, ran.started_ms)
        if not ran.errors and not any(f.rows for f in ran.figures):
            click.echo("\n".join(_how_to_feed(penstock, folder) or ["there was nothing new to read"]))
        show_next(next_commands(folder, penstock, ran.figures))
    return worst(ran.errors)


def _agree_to_drop(penstock: Penstock, *, yes: bool) -> None:
    from penstock.project.fresh import what_goes

    with penstock.locked():  # where another engine runs nothing can be dropped: say so first
        goes = what_goes(penstock)
    if not goes:
        return
    note("--fresh drops " + ", ".join(goes))
    if yes:
        return
    if not interactive():
        raise click.UsageError("--fresh drops results; nobody can be asked here, so say --yes")
    agree("Drop them?")


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run; `started_ms` since 1970."""

    figures: Sequence[Figures]
    seconds: float
    started_ms: int
    errors: Sequence[Exception]


def run_pipelines(
    penstock: Penstock,
    serve: Serve,
    *,
    bounded: bool = False,
    speed: float | None = None,
    batch_rows: int | None = None,
    fresh: bool = False,
) -> Ran:
    """Run all pipelines, showing how they go on, until they end or somebody presses Ctrl-C.

    Unless bounded it serves too, where no option says otherwise, and then goes on when they have ended.
    """
    topics = {t.name for t in penstock.log.topics()}
    started, started_ms = time.monotonic(), penstock.clock.now_ms()
    with Interrupt() as interrupt, ExitStack() as stack:
        serving = serve.open(penstock, otherwise=not bounded)
        if serving is not None:
            stack.callback(serving.stop)
        running = penstock.start(bounded=bounded, speed=speed, batch_rows=batch_rows, fresh=fresh)
        _tell_made([t for t in penstock.log.topics() if t.name not in topics and not t.name.startswith("__")])
        if serving is not None:
            serving.start()
            serve.show(serving)
        _tell_halted(penstock, running)
        with Progress(penstock, started_ms=started_ms) as progress:
            while not interrupt.asked.is_set():
                ended = running.wait(_LOOK_SECONDS)
                progress.show(running.figures(), time.monotonic() - started)
                _require_serving(serving)
                if not ended:
                    continue
                goes_on = not bounded and bool(penstock.jobs.file.good())
                if not goes_on and (serving is None or running.errors):
                    break
                figures = running.figures()
                read = bool(figures) and all(f.state == "ended" for f in figures)
                stays = "jobs are done when they are due," if serving is None else f"{serving.url} stays"
                note(f"{'all input is read' if read else 'no pipeline runs'}; {stays} until Ctrl-C")
                while running.wait(0) and not interrupt.asked.wait(_LOOK_SECONDS):
                    _require_serving(serving)
        if interrupt.asked.is_set():
            note("stopping after a last commit; Ctrl-C again ends at once")
        stack.close()
        errors = penstock.stop()
    return Ran(running.figures(), time.monotonic() - started, started_ms, list(errors.values()))


def _tell_halted(penstock: Penstock, running: Run) -> None:
    """Which pipelines are kept from running, by what was said before."""
    place = path_of(penstock.folder)
    for one in running.figures():
        if one.state in ("paused", "stopped"):
            act = "resume" if one.state == "paused" else "start"
            command = f"{program()} pipeline {act} {place} {one.pipeline}"
            note(f"pipeline {one.pipeline} stays {one.state}, as it was told; {command} changes that")


def _tell_made(topics: Sequence[Topic]) -> None:
    """Those of as many partitions in one line."""
    names: dict[int, list[str]] = {}
    for topic in topics:
        names.setdefault(topic.partitions, []).append(topic.name)
    for partitions, alike in names.items():
        several = len(alike) > 1
        what = f"{len(alike)} topics with {plural(partitions, 'partition')} each: " if several else "topic "
        note(f"made {what}{', '.join(alike)}" + ("" if several else f" with {plural(partitions, 'partition')}"))


def _require_serving(serving: Serving | None) -> None:
    if serving is not None and serving.error is not None:
        raise serving.error


def _how_to_feed(penstock: Penstock, folder: Path) -> list[str]:
    """Where nothing can come in as it is: which topics are empty, and commands that feed them."""
    from penstock.project.topics import empty_inputs

    empty = empty_inputs(penstock)
    if not empty:
        return []
    from penstock.apps import TOPICS

    simulated = [app for app, topics in TOPICS.items() if set(empty) & set(topics)]
    commands = [f"simulate {app} --events 100000 --into {path_of(folder)}" for app in simulated]
    commands = commands or [f"topic write {path_of(folder)} {empty[0]} FILE"]
    told = f"there is nothing to read: {', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty; feed it with"
    return [told, *(f"  {program()} {command}" for command in commands)]
