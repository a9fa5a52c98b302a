"""`penstock topic write`: lines as records of a topic."""

from __future__ import annotations

import gzip
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from penstock.cli.command import Command, folder_argument, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import plural
from penstock.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.project.penstock import Penstock

__all__ = ["write"]

_BYTES = 4 << 20


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
def write(folder: Path, name: str, file: Path | None, key: str | None, partition: int | None) -> None:
    """Append each line of FILE (.gz too), or of standard input, as a record. TOPIC may be a table over it.

    The bytes of a line are the value, as they are: whoever reads them says what is wrong with them. The key is made
    as the table over the topic declares it ('key.fields', 'key.format'), or from --key; else there is none.
    """
    with opened(folder) as penstock, _stream(file) as stream, Interrupt() as interrupt:
        make_key = _field_key(key) if key is not None else _declared_key(penstock, name)
        offsets: dict[int, list[int]] = {}
        count = 0
        for lines in _batches(stream):
            count += _append(penstock, name, lines, count, make_key, partition, offsets)
            if interrupt.asked.is_set():
                break
    click.echo(f"{plural(count, 'record')} appended to {name}")
    for number, (first, last) in sorted(offsets.items()):
        click.echo(f"  partition {number}: offsets {first} to {last}")


def _stream(file: Path | None) -> Any:
    if file is None:
        return nullcontext(sys.stdin.buffer)
    with file.open("rb") as begin:
        packed = begin.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(file)) if packed else file.open("rb")


def _batches(stream: Any) -> Iterator[list[bytes]]:
    """Whole lines, as many as there are by now."""
    rest = b""
    while data := stream.read1(_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _append(
    penstock: Penstock,
    name: str,
    lines: list[bytes],
    before: int,
    make_key: Callable[[bytes], bytes | None] | None,
    partition: int | None,
    offsets: dict[int, list[int]],
) -> int:
    """Append `lines`, which stand after `before` others; how many, and in `offsets` where."""
    import polars as pl

    values = [line.removesuffix(b"\r") for line in lines]
    columns: dict[str, pl.Series] = {"value": pl.Series(values, dtype=pl.Binary)}
    if make_key is not None:
        columns["key"] = pl.Series(_keys(values, before, make_key), dtype=pl.Binary)
    if partition is not None:
        columns["partition"] = pl.Series([partition] * len(values), dtype=pl.Int32)
    appended = penstock.append(name, pl.DataFrame(columns))
    for number, first, last in (
        appended.group_by("partition").agg(pl.col("offset").min(), pl.col("offset").max().alias("last")).iter_rows()
    ):
        offsets[number] = [offsets.get(number, [first])[0], last]
    return len(values)


def _keys(values: list[bytes], before: int, make_key: Callable[[bytes], bytes | None]) -> list[bytes | None]:
    keys = []
    for number, value in enumerate(values, before + 1):
        try:
            keys.append(make_key(value))
        except ValueError as error:
            raise DataError(
                f"line {number} gives no key: {error}",
                code="topic-key",
                hint=f"{plural(before, 'record')} before it {'is' if before == 1 else 'are'} appended",
            ) from None
    return keys


def _object(value: bytes) -> dict[str, Any]:
    import orjson

    found = orjson.loads(value)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  # as orjson's own error
    return found


def _field_key(field: str) -> Callable[[bytes], bytes | None]:
    """A field of a JSON object: a text as it is, other values as JSON."""
    import orjson

    def key(value: bytes) -> bytes | None:
        found = _object(value).get(field)
        return None if found is None else found.encode() if isinstance(found, str) else orjson.dumps(found)

    return key


def _declared_key(penstock: Penstock, name: str) -> Callable[[bytes], bytes | None] | None:
    """The key as the table over the topic declares it: one field as text, or several as a JSON object."""
    import orjson

    from penstock.project.topics import topic_of
    from penstock.sql.catalog import Table

    tables = [t for t in penstock.catalog.objects.values() if isinstance(t, Table) and topic_of(t) is not None]
    found = next((t for t in tables if name in (t.name, topic_of(t))), None)
    if found is None:
        return None
    declared = found.options.get("key.fields")
    fields = tuple(f.strip() for f in declared.split(";")) if declared else found.primary_key
    if not fields:
        return None
    if found.options.get("key.format") == "raw":
        return _field_key(fields[0])
    prefix = found.options.get("key.fields-prefix", "")

    def key(value: bytes) -> bytes:
        row = _object(value)
        return orjson.dumps({f.removeprefix(prefix): row.get(f) for f in fields})

    return key
