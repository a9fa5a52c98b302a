"""`filesystem`: tables over the files of a folder.

Reading: `folder` lists the files, `known` tells which is which, `text` and `columnar` cut them into pieces, `scan`
makes rows of these. Writing: `parts` holds the rows of unfinished files, `staging` writes files aside and shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors.filesystem.options import FORMATS, METADATA, OPTIONS, file_table
from penstock.connectors.filesystem.replacing import replace_results
from penstock.connectors.filesystem.results import clear_results, parquet_files, result_ending
from penstock.connectors.spec import Connector
from penstock.core.errors import UnsupportedError

if TYPE_CHECKING:
    from penstock.connectors.filesystem.reader import FileReader
    from penstock.connectors.filesystem.sink import FileSink
    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.sql.plan import Scan, Sink

__all__ = ["FILESYSTEM", "file_reader", "file_sink"]


def file_reader(scan: Scan, key: str, options: TableOptions, needs: tuple[str, ...], world: World) -> FileReader:
    """The reader of one scan of a `filesystem` table."""
    from penstock.connectors.filesystem.reader import FileReader
    from penstock.connectors.filesystem.scan import file_scan

    table = file_table(options, world)
    if table.bucket is not None:
        raise UnsupportedError(
            f"a pipeline cannot read the files of {table.bucket.name}",
            code="bucket-source",
            where=options.where,
            hint="penstock query reads them; a pipeline reads files of this machine",
        )
    return FileReader(f"filesystem/{scan.table.name}/{key}", table, [file_scan(table, key, needs)], world)


def file_sink(plan: Sink, options: TableOptions, world: World) -> FileSink:
    """The sink of an INSERT into a `filesystem` table.

    Raises UnsupportedError for INSERT OVERWRITE where the input does not end, as Flink does.
    """
    from penstock.connectors.filesystem.sink import FileSink
    from penstock.connectors.filesystem.writing import file_encoder

    options.check_metadata()
    if plan.overwrite and not world.bounded:
        raise UnsupportedError(
            "INSERT OVERWRITE needs an input that ends",
            code="overwrite-unbounded",
            where=options.where,
            hint="run with --bounded, or use INSERT INTO",
        )
    table = file_table(options, world)
    return FileSink(table, file_encoder(table), result_ending(options), world.clock, overwrite=plan.overwrite)


_NOTES = """
**Reading.** All files of a folder and below are read, one after the other, by name; those whose names (or whose
folders' names) begin with `.` or `_` are not. Text may be compressed: `.gz`, `.bz2`, `.xz`. The columns of
`PARTITIONED BY` come from folders named `column=value`. Input ends with the files that are there; with
`source.monitor-interval` new files and new lines at the ends of known ones are read as they come, and a line
without its end waits for that.

A file is known by its first bytes, not by its name: one that was renamed (a log that was rotated) is read on, and
what takes its place is a new file. One that was cut, or written over, before all of it was read is an error;
`--skip-lost` goes on without the rest. A place in the log is the path, and the byte at which a line begins (of the
unpacked text), or the number of a row of Parquet.

**Writing.** Each row is shown exactly once, whatever crashes when. Rows of unfinished files are part of the
checkpoint; finished files lie in a hidden folder `.penstock-...` until the checkpoint that has them is made, and
are then renamed: a reader sees whole files alone. Files are finished by the options `sink.rolling-policy.*` (not
with each checkpoint, as in Flink for Parquet), and at the end of bounded input. `INSERT OVERWRITE` needs an input
that ends; the partitions that get rows then have these alone.

**Buckets.** `'path' = 's3://bucket/folder'` writes Parquet into a bucket of S3, or of a server that speaks its
protocol: the address and the variables with the keys stand in `[s3]` of penstock.toml, or in the environment
(`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`). A finished file lies under a hidden
name until the checkpoint that has it is made; it is then written under its own, which must be free, and carries a
mark in its metadata, so that a repetition after a crash is told from another file of that name. Questions read the
files; pipelines, INSERT OVERWRITE and `penstock upkeep` work on folders of this machine.

The folder of a partition is named by its value as a text: `date=2024-01-02`, `hour=7`. (Flink 2.3 names those of DATE
and TIME columns by numbers, such as `date=19724`, which it cannot read itself.) A file's name ends with its format,
`.parquet`.
"""

FILESYSTEM = Connector(
    name="filesystem",
    text="Files in a folder, read where they lie and written exactly once.",
    notes=_NOTES,
    options=OPTIONS,
    formats=FORMATS,
    metadata=METADATA,
    make_reader=file_reader,
    make_sink=file_sink,
    files=parquet_files,
    clear=clear_results,
    replace=replace_results,
)
