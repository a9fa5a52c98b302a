"""`penstock demo`: a shipped project, made, fed, run and shown in one go."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import threading
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from penstock.cli.command import Command, path_of, program
from penstock.cli.deliveries import api_server, load_nights
from penstock.cli.errors import show_error, worst
from penstock.cli.init import APPS, write_project
from penstock.cli.interrupt import Interrupt
from penstock.cli.logs import Logs
from penstock.cli.run import run_pipelines
from penstock.cli.serving import Serve, serve_options
from penstock.cli.simulate import feed, fill_history
from penstock.cli.summary import show_next, show_summary
from penstock.cli.terminal import STDERR, is_terminal, lasted, note, plural
from penstock.core.clock import SystemClock
from penstock.core.errors import ConfigError, LockedError, PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.apps.local_server import LocalServer
    from penstock.apps.parking.serving import CityServer
    from penstock.apps.warehouse.api import ApiServer
    from penstock.project.penstock import Penstock

__all__ = ["demo"]

S = TypeVar("S", bound="LocalServer")

_EVENTS = 100_000
_FAULTS: dict[str, Any] = {"late": 0.01, "duplicate": 0.01, "malformed": 0.01, "anomaly": 0.2}
_HISTORY_DAYS = 90
_PARKING_DAYS = 2
_SINCE_MS = 15 * 60_000
_ADDRESSED = {"parking": ("penstock.toml", "sql/01_feed.sql"), "warehouse": ("penstock.toml", "sources/api_users.toml")}
"""Files that have the address of what is simulated beside the project."""
_PORT = re.compile(rb"(?<=127\.0\.0\.1:)\d+")


@click.command(
    cls=Command,
    examples=(
        "penstock demo",
        "penstock demo collab --rate 1000 --port 0  # beside another one, at any free port",
        "penstock demo web --keep site  # in a folder to go on with",
    ),
)
@click.argument("app", type=click.Choice(tuple(APPS)), default="collab", metavar="[collab|web|parking|warehouse]")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="collab: simulated events a second.")
@click.option(
    "--events", type=click.IntRange(1), help="So many lines of web's log, or so many simulated events of collab."
)
@click.option(
    "--bounded/--live",
    default=None,
    help="Run over a fixed number of events, show the results and end; or go on, with the page. By default live where"
    " there is a terminal.",
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Make the project in this folder, rather than in the user's cache."
)
@serve_options()
def demo(
    app: str, rate: float | None, events: int | None, bounded: bool | None, keep: Path | None, serve: Serve
) -> int:
    """Show a shipped project at work: collab, simulated meetings; web, ten thousand requests of a real web server;
    parking, a simulated city that is asked for its free spaces; or warehouse, a shop's files of three nights.

    It makes the project in a folder of its own, which stays for you to look around in, runs it over its input, and
    opens its page, until Ctrl-C; or, bounded, shows the results and ends.
    """
    if app == "web" and rate is not None:
        raise click.UsageError("--rate goes with collab: requests of the web log have times of their own")
    if app == "parking" and (rate is not None or events is not None):
        raise click.UsageError("--rate and --events do not go with parking: the city is asked once a minute")
    if app == "warehouse" and (rate is not None or events is not None):
        raise click.UsageError("--rate and --events do not go with warehouse: its files come night by night")
    said = click.get_current_context().get_parameter_source("port") == click.core.ParameterSource.COMMANDLINE
    if bounded is None and not is_terminal(STDERR) and said and serve.wanted is None:
        note("without a terminal the demo ends with its input and serves no page at --port; --live goes on and serves")
    bounded = not is_terminal(STDERR) if bounded is None else bounded
    folder = _folder(app, keep, beside=bounded or serve.port is not None or serve.wanted is False)
    write_project(folder, app)
    note(f"a project of Flink SQL: {folder}")
    if app == "web" and events is not None:
        _shorten(folder / "data" / "access.log.gz", events)

    from penstock.project.opening import open_project

    with ExitStack() as stack:
        city = stack.enter_context(_city(folder)) if app == "parking" else None
        if app == "warehouse":
            stack.enter_context(_api(folder))
        penstock = stack.enter_context(open_project(folder))
        stack.enter_context(Logs().begun(penstock.settings))
        if app == "collab":
            note("one event in a hundred each comes late, twice, or broken, for you to see what becomes of it")
            fill_history(penstock, _HISTORY_DAYS, live=not bounded)
            if bounded:
                _simulate(penstock, rate, events or _EVENTS)
            else:
                stack.enter_context(_Feeder(penstock, rate, events))
        if city is not None:
            _fill_polls(penstock, city)
        code = load_nights(penstock) if app == "warehouse" else 0
        ran = run_pipelines(penstock, serve, bounded=bounded)
        show_summary(penstock, ran.figures, ran.seconds, ran.started_ms)
        click.echo()
        from penstock.cli import shows

        {
            "web": shows.show_web,
            "collab": shows.show_collab,
            "parking": shows.show_parking,
            "warehouse": shows.show_warehouse,
        }[app](penstock)
    click.echo()
    show_next(_commands(app, path_of(folder)))
    return max(code, worst(ran.errors))


def _city(folder: Path) -> CityServer:
    """The city that the project asks."""
    from penstock.apps.parking.city import City, Faults
    from penstock.apps.parking.serving import PORT, CityServer

    city = City(faults=Faults(repeat=0.03, late=0.01, open=0.01, garbage=0.01, jump=0.02, outage=0.02))
    return _beside(folder, "parking", PORT, lambda port: CityServer(city, SystemClock(), port), "its city")


def _api(folder: Path) -> ApiServer:
    """The API that the project asks."""
    from penstock.apps.warehouse.api import PORT

    return _beside(folder, "warehouse", PORT, api_server, "the shop's API")


def _beside(folder: Path, app: str, port: int, serve: Callable[[int], S], what: str) -> S:
    """`what` the project asks: where its address says, or, beside another demo, at any free port."""
    try:
        return serve(port)
    except ConfigError:
        server = serve(0)
    for name in _ADDRESSED[app]:
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{server.port}"), "utf-8")
    note(f"port {port} is taken: the project asks {what} at {server.port}")
    return server


def _fill_polls(penstock: Penstock, server: CityServer) -> None:
    """Append its last days as if the city had been asked."""
    from penstock.cli.city import fill_polls

    polled = plural(fill_polls(penstock, server.city, _PARKING_DAYS), "record")
    note(f"a simulated city publishes at {server.url}; {polled} of its last {_PARKING_DAYS} days are in parking_feed")
    note("some records come twice, late, with Open or with no count; some minutes have no answer")


class _Feeder:
    """Meetings as they happen, from a quarter of an hour ago on, appended by a thread until its block ends."""

    def __init__(self, penstock: Penstock, rate: float | None, events: int | None) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._feed, args=(penstock, rate, events), name="simulator", daemon=True)

    def _feed(self, penstock: Penstock, rate: float | None, events: int | None) -> None:
        try:
            feed(penstock, "collab", self._stop, live=True, since_ms=_SINCE_MS, rate=rate, events=events, **_FAULTS)
        except PenstockError as error:
            note("the simulator has stopped:")
            show_error(error)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _commands(app: str, place: str) -> list[str]:
    if app == "parking":
        return [
            f'query {place} "SELECT * FROM parking_daily ORDER BY day DESC, minimum LIMIT 9"',
            f'query {place} "SELECT * FROM penstock.polls"',
            f"why {place}",
        ]
    if app == "warehouse":
        return [
            f"queries run {place} sales_by_segment",
            f"queries run {place} quarantine",
            f"job run {place} daily_etl_pipeline",
        ]
    if app == "web":
        return [
            f'query {place} "SELECT path, max(page_views) FROM top_pages GROUP BY path ORDER BY 2 DESC LIMIT 9"',
            f"rejects list {place}",
            f"explain {place}",
        ]
    return [
        f'query {place} "SELECT * FROM message_rate ORDER BY message_rate DESC LIMIT 10"',
        f"ledger {place}",
        f"explain {place}",
    ]


def _folder(app: str, keep: Path | None, *, beside: bool) -> Path:
    """An empty folder for the demo: that of the last is made anew, unless an engine runs there or it was changed.

    Raises ConfigError where a demo with a page runs, unless this one may go on `beside` it.
    """
    if keep is not None:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise ConfigError(f"{keep} is not empty", code="init-not-empty", hint="give --keep a new folder")
        return keep
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock"
    for name in (f"demo-{app}", *(f"demo-{app}-{n}" for n in range(2, 100))):
        folder = cache / name
        again = (folder / "penstock.toml").exists()
        if again and _changed(folder, app):
            note(f"{folder} stays: its files were changed since it was made")
        elif _free(folder):
            if again:
                command = f"{program()} demo {app} --keep DIR"
                note(f"the demo of before, with its events, is made anew: {command} makes one to go on with")
            return folder
        else:
            _tell_running(folder, app, beside=beside)
    raise ConfigError(f"demos run in all folders of {cache}", code="demo-folder", hint="--keep DIR names another")


def _tell_running(folder: Path, app: str, *, beside: bool) -> None:
    from penstock.log import page_of_holder

    page = page_of_holder(folder / ".penstock" / "engine.lock")
    if page is not None and not beside:
        raise ConfigError(
            f"the demo of {app} runs already: its page is at {page}",
            code="demo-running",
            where=str(folder),
            hint=f"{program()} demo {app} --port 0 starts another one beside it",
        )
    note(f"another demo runs in {folder}" + (f", its page is at {page}" if page else ""))


def _changed(folder: Path, app: str) -> bool:
    """Whether somebody has made, edited or deleted a file of the project that an earlier demo has made."""
    import penstock.apps

    shipped = Path(penstock.apps.__file__).parent / app / "project"
    return _written(shipped) != _written(folder)


def _written(folder: Path) -> dict[str, bytes]:
    """The files that people write, such as settings and SQL; ports of this machine, which a demo chooses, left out."""
    kinds = (".toml", ".sql", ".avsc", ".md", ".csv")
    found = [p for p in folder.rglob("*") if p.suffix in kinds and ".penstock" not in p.relative_to(folder).parts]
    return {str(p.relative_to(folder)): _PORT.sub(b"", p.read_bytes()) for p in found}


def _free(folder: Path) -> bool:
    """Whether the folder could be emptied; the lock is held meanwhile, so that no engine starts in it."""
    from penstock.log import EngineLock

    try:
        lock = folder / ".penstock" / "engine.lock"
        if not lock.exists():
            _emptied(folder)
            return True
        with EngineLock(lock):
            _emptied(folder)
    except LockedError:
        return False
    return True


def _emptied(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written: {error.strerror}",
            code="init-unwritable",
            hint="--keep DIR names another folder",
        ) from None


def _shorten(log: Path, lines: int) -> None:
    """Keep the first lines of a compressed log."""
    with gzip.open(log) as packed:
        kept = b"".join(islice(packed, lines))
    log.write_bytes(gzip.compress(kept))


def _simulate(penstock: Penstock, rate: float | None, events: int) -> None:
    started = penstock.clock.monotonic()
    with Interrupt() as interrupt:
        sent = feed(penstock, "collab", interrupt.asked, rate=rate, events=events, **_FAULTS)
    took = lasted(penstock.clock.monotonic() - started)
    note(f"simulated {plural(sum(sent.values()), 'event')} into {', '.join(sorted(sent))} in {took}")
