"""Why rows were rejected, the commonest reasons first, and what to set or change so that they are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.cli.terminal import plural, printable

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Cause", "causes", "mend", "said"]

_MENDS = {
    "null-event-time": "mend the expression that makes the event time (another pattern?), or leave such rows out with"
    " a view that filters them before the window",
    "csv": "check 'csv.field-delimiter', 'csv.quote-character' and the column types; 'csv.ignore-parse-errors' ="
    " 'true' makes a bad field NULL",
    "json": "check the column's type against the message; 'json.ignore-parse-errors' = 'true' makes a bad field NULL"
    " and skips a bad line",
    "json-missing-field": "'json.fail-on-missing-field' = 'false' makes a missing field NULL",
    "avro-header": "let the producer write with a serializer of the schema registry, or read the table with 'format' ="
    " 'avro'",
    "avro-truncated": "the message was cut, or another schema wrote it: compare its bytes with the producer's",
    "avro-unknown-schema": "register the schema that wrote it, or name the producer's registry with"
    " 'avro-confluent.url'; then replay the rows",
    "avro": "check the table's columns against the schema that wrote the messages",
    "raw": "check the column's type, or read the value as BYTES",
    "key": "check 'key.fields' and 'key.format' against the messages",
    "null-in-not-null-column": "SET 'table.exec.sink.not-null-enforcer' = 'DROP', or give it a value with COALESCE",
    "not-null": "drop NOT NULL from the column, or give it a value with COALESCE",
    "value-too-long": "widen the column, or SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD'",
    "text-too-long": "widen the type, or cut the text with LEFT",
    "division-by-zero": "divide by NULLIF(x, 0)",
    "cast": "use TRY_CAST, which gives NULL",
    "quality": "a rule of quality/ took them out: penstock quality fix mends them, penstock quality replay loads them",
}


def mend(code: str) -> str:
    """What may be set or changed so that rows are no longer rejected for `code`; "" where nothing is known."""
    return _MENDS.get(code) or _MENDS.get(re.split("[-:]", code, maxsplit=1)[0], "")


@dataclass(frozen=True, slots=True)
class Cause:
    """How many rows were rejected for one reason in one table or operator, and one of these reasons in full."""

    rows: int
    code: str
    where: str
    example: str


def causes(rejects: pl.DataFrame, most: int = 3) -> list[Cause]:
    """The commonest causes in a frame of penstock.rejects; rows that were only touched are left out."""
    import polars as pl

    found = (
        rejects.filter(~pl.col("ignored").fill_null(False))
        .with_columns(pl.coalesce("table", "operator").alias("where"))
        .group_by("code", "where", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.first("reason").alias("example"))
        .sort("rows", descending=True)
        .head(most)
    )
    return [Cause(*row) for row in found.select("rows", "code", "where", "example").iter_rows()]


def said(cause: Cause) -> list[str]:
    """A cause as lines: how many and why; what to set."""
    lines = [f"{plural(cause.rows, 'row')} of {cause.where}: {cause.code}, such as: {_short(printable(cause.example))}"]
    setting = mend(cause.code)
    return [*lines, f"  {setting}"] if setting else lines


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."
