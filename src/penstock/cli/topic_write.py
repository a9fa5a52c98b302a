"""`penstock topic write`: lines as records of a topic."""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from penstock.cli.command import Command, folder_argument, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import note, plural
from penstock.core.errors import ConfigError, DataError, PenstockError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.log import Log
    from penstock.project.penstock import Penstock

__all__ = ["write"]

_BYTES = 4 << 20
_OF_ONE_LINE = ("record-too-large", "record-key")
"""Errors that are of a single line: those before it are appended."""
_STORAGE_HINTS = {"storage-full": "free disk space", "storage-busy": "look for a stopped process that has it open"}


@click.command(
    cls=Command,
    examples=(
        "penstock topic write shop orders orders.jsonl",
        'echo \'{"order_id": 41, "amount": 7.5}\' | penstock topic write shop orders --key order_id',
    ),
)
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", metavar="FIELD", help="The key of each record is this field of its JSON object.")
@click.option("--partition", type=click.IntRange(0), help="Write to this partition, whatever the key.")
@click.option(
    "--skip-lines", "skip", type=click.IntRange(0), default=0, metavar="N", help="Leave out the first N lines."
)
def write(folder: Path, name: str, file: Path | None, key: str | None, partition: int | None, skip: int) -> None:
    """Append each line of FILE (.gz too), or of standard input, as a record. TOPIC may be a table over it.

    The bytes of a line are the value, as they are, an empty line too: whoever reads them says what is wrong with
    them. The key is made as the table over the topic declares it ('key.fields', 'key.format'), or from --key; a line
    that gives none is written without one. What is appended stays where a later line is refused: the error says
    which, and --skip-lines goes on from there.
    """
    from penstock.project.append import topic_named
    from penstock.project.ingest import require_no_results
    from penstock.project.record_key import declared_key, field_key

    with opened(folder) as penstock, Interrupt() as interrupt:
        _check_topic(penstock, name)
        require_no_results(penstock, topic_named(penstock, name))
        make_key = field_key(key) if key is not None else declared_key(penstock, name)
        writer = _Writer(penstock, name, make_key, partition, skip)
        try:
            with _stream(file) as stream:
                for lines in _batches(stream, file):
                    writer.write(lines)
                    if interrupt.asked.is_set():
                        break
        except PenstockError as error:
            raise writer.stopped(error) from None
    if interrupt.asked.is_set():
        note(f"stopped; where lines are left, go on with --skip-lines {writer.done}")
    click.echo(f"{plural(writer.count, 'record')} appended to {name}")
    for number, (first, last) in sorted(writer.offsets.items()):
        click.echo(f"  partition {number}: offsets {first} to {last}")
    if writer.keyless:
        click.echo(f"  {plural(writer.keyless, 'line')} gave no key (written without one)")


def _check_topic(penstock: Penstock, name: str) -> None:
    """Raises ConfigError where a table of the project is called so that no topic stands under."""
    from penstock.connectors.filesystem.options import PATH
    from penstock.project.topics import topic_of
    from penstock.sql.catalog import Table

    if name in _names(penstock.log):
        return
    table = penstock.catalog.find((name,))
    if not isinstance(table, Table) or topic_of(table) is not None:
        return
    if table.connector == "filesystem":
        place = table.options.get(PATH.name, "").rstrip("/")
        raise ConfigError(
            f"{name} reads files in {place}/", code="topic-table", hint=f"copy the file to {place}/, and run"
        )
    raise ConfigError(
        f"{name} is a table of connector '{table.connector}', which has no topic",
        code="topic-table",
        hint=f"topics are {', '.join(_names(penstock.log))}" if _names(penstock.log) else "penstock topic create",
    )


def _names(log: Log) -> list[str]:
    return [t.name for t in log.topics() if not t.name.startswith("__")]


def _stream(file: Path | None) -> Any:
    if file is None:
        return nullcontext(sys.stdin.buffer)
    with file.open("rb") as begin:
        packed = begin.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(file)) if packed else file.open("rb")


def _batches(stream: Any, file: Path | None) -> Iterator[list[bytes]]:
    """Whole lines, as many as there are by now. Raises DataError where a packed file is damaged or cut off."""
    rest = b""
    while data := _read(stream, file):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _read(stream: Any, file: Path | None) -> bytes:
    try:
        data: bytes = stream.read1(_BYTES)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"'{file or 'standard input'}' cannot be read further: {error}", code="file-damaged") from None
    return data


@dataclass(slots=True)
class _Writer:
    """Appends lines to a topic and counts them; `skip` lines are left out first, `offsets` are by partition."""

    penstock: Penstock
    name: str
    make_key: Callable[[bytes], bytes | None] | None
    partition: int | None
    skip: int
    count: int = 0
    keyless: int = 0
    offsets: dict[int, list[int]] = field(default_factory=dict)
    _passed: int = 0

    @property
    def done(self) -> int:
        """How many lines need not be given again."""
        return self.skip + self.count

    def write(self, lines: list[bytes]) -> None:
        """Append `lines`, all of them or those before the first that is refused, whose error is raised."""
        left_out = min(self.skip - self._passed, len(lines))
        self._passed += left_out
        if left_out < len(lines):
            self._append([line.removesuffix(b"\r") for line in lines[left_out:]])

    def stopped(self, error: PenstockError) -> PenstockError:
        """The error that ends the writing, with how far it came."""
        if self.count == 0 and error.code not in _OF_ONE_LINE:
            return error
        have = "line is" if self.count == 1 else "lines are"
        message = f"{self.count:,} {have} appended, line {self.done + 1:,} is not: {error.message}"
        mend = error.hint if not isinstance(error, StorageError) else _STORAGE_HINTS.get(error.code, "mend this")
        follow = f"then go on with --skip-lines {self.done}"
        if error.code in _OF_ONE_LINE:
            follow += f", or --skip-lines {self.done + 1} without this line"
        return type(error)(message, code=error.code, where=error.where, hint=f"{mend}; {follow}" if mend else follow)

    def _append(self, values: list[bytes]) -> None:
        try:
            self._append_whole(values)
        except PenstockError as error:
            if error.code not in _OF_ONE_LINE or len(values) == 1:
                raise
            half = len(values) // 2
            self._append(values[:half])
            self._append(values[half:])

    def _append_whole(self, values: list[bytes]) -> None:
        import polars as pl

        columns: dict[str, pl.Series] = {"value": pl.Series(values, dtype=pl.Binary)}
        if self.make_key is not None:
            columns["key"] = pl.Series([self.make_key(v) for v in values], dtype=pl.Binary)
        if self.partition is not None:
            columns["partition"] = pl.Series([self.partition] * len(values), dtype=pl.Int32)
        appended = self.penstock.append(self.name, pl.DataFrame(columns))
        for number, first, last in (
            appended.group_by("partition").agg(pl.col("offset").min(), pl.col("offset").max().alias("last")).iter_rows()
        ):
            self.offsets[number] = [self.offsets.get(number, [first])[0], last]
        self.count += len(values)
        self.keyless += columns["key"].null_count() if "key" in columns else 0
