"""`penstock init`: a project's folder, each file explained as it is written."""

from __future__ import annotations

import ast
import gzip
import json
import re
import shutil
import zlib
from pathlib import Path

import click

from penstock.cli.command import Command, path_of
from penstock.cli.summary import show_next
from penstock.cli.terminal import painted
from penstock.core.errors import ConfigError, DataError

__all__ = ["init", "write_project"]

APPS = {
    "web": "a website's access log",
    "collab": "meetings in a collaboration product",
    "parking": "free parking spaces of a city, asked for every minute",
    "warehouse": "a shop's files and API, loaded every night",
}


@click.command(
    cls=Command,
    examples=(
        "penstock init shop",
        "penstock init site --app web --log /var/log/nginx/access.log.1.gz",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--app", type=click.Choice(tuple(APPS)), help="A whole project: " + "; ".join(f"{a}, {t}" for a, t in APPS.items())
)
@click.option(
    "--log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --app web: your own access log, plain or .gz, in the combined format, instead of the one that ships.",
)
@click.option("--force", is_flag=True, help="Add to a folder that is not empty; files of the same name are replaced.")
def init(folder: Path, app: str | None, log: Path | None, force: bool) -> None:
    """Make the project folder DIR, ready to run.

    Without --app it is a small one to change: orders from a file, revenue per minute.
    """
    if log is not None and app != "web":
        raise click.UsageError("--log goes with --app web")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file", code="init-file", hint="give the name of a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise ConfigError(
            f"{folder} is not empty", code="init-not-empty", hint="give a new folder, or --force to add to this one"
        )
    for path, words in write_project(folder, app, log):
        click.echo(f"{painted(str(path), bold=True)}{'  ' + words if words else ''}")
    place = path_of(folder)
    if app == "collab":
        feed = [f"simulate collab --events 100000 --into {place}"]
        show_next([*feed, f"run {place} --bounded", f"check {place}"])
    elif app == "parking":
        feed = [f"simulate parking --history 2 --into {place}", "simulate parking"]
        show_next([*feed, f"run {place}", f"check {place}"])
    elif app == "warehouse":
        load = f"job run {place} daily_etl_pipeline"
        show_next(["simulate warehouse", load, f"queries run {place} sales_by_segment", f"run {place}"])
    else:
        show_next([f"run {place} --bounded", f"check {place}", f"explain {place}"])


def write_project(folder: Path, app: str | None, log: Path | None = None) -> list[tuple[Path, str]]:
    """Write the project of `app` (None: the starter) into `folder`: each path, and what it is for.

    Raises ConfigError where the folder cannot be written; DataError, and writes nothing, where `log` is damaged.
    """
    import penstock.apps

    lines = _lines(log) if log else 0
    source = Path(penstock.apps.__file__).parent / (app or "starter") / "project"
    written = []
    try:
        for path in sorted(source.rglob("*"), key=lambda p: (len(p.relative_to(source).parts), p)):
            if path.is_dir() or "__pycache__" in path.parts:
                continue
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            written.append((target, _purpose(target)))
        if app == "web":
            written.append(_copied_log(folder, log, lines))
        elif app == "warehouse":
            from penstock.apps.warehouse.samples import RAW, deliver

            written += [(path, "what the shop delivers in night 1") for path in deliver(1).write(folder / RAW)]
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written: {error.strerror}", code="init-unwritable"
        ) from None
    return written


def _packed(path: Path) -> bool:
    with path.open("rb") as begin:
        return begin.read(2) == b"\x1f\x8b"


def _lines(path: Path) -> int:
    """How many lines a file has, plain or .gz. Raises DataError where it is damaged or cut off."""
    try:
        with gzip.open(path) if _packed(path) else path.open("rb") as stream:
            return sum(1 for _ in stream)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"'{path}' cannot be unpacked: {error}" if _packed(path) else f"'{path}' cannot be read: {error}",
            code="file-damaged",
            hint="nothing was made; give a file that is whole",
        ) from None


def _copied_log(folder: Path, log: Path | None, lines: int) -> tuple[Path, str]:
    """The access log in DIR/data, named so that its ending says whether it is compressed."""
    from penstock.apps.web import ACCESS_LOG

    source = log or ACCESS_LOG
    packed = _packed(source)
    target = folder / "data" / ("access.log.gz" if packed else "access.log")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    whose = f"your {log.name}" if log else "requests of a real web server; put your own log here"
    return target, f"{lines or _lines(source):,} lines: {whose}"


def _purpose(path: Path) -> str:
    """What a file says of itself: the first sentence of its first comment, of a page's text, or its `doc`."""
    if path.suffix == ".py":
        return str(ast.get_docstring(ast.parse(path.read_text("utf-8"))))
    if path.suffix == ".avsc":
        return str(json.loads(path.read_text("utf-8"))["doc"])
    if path.suffix not in (".sql", ".toml", ".md"):
        return f"{path.read_bytes().count(10):,} lines to begin with"
    marks = {".sql": "-- ", ".toml": "# ", ".md": ""}[path.suffix]
    lines: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if path.suffix == ".md" and (line.startswith("#") or not (line or lines)):
            continue
        if not line.startswith(marks) or not line.strip("-# "):
            break
        lines.append(line.removeprefix(marks))
    return re.split(r"(?<=[.!?])\s", " ".join(lines), maxsplit=1)[0]
