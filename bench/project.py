"""Workload W as a project, and the process that runs it, as `penstock run` does: ``python -m bench.project FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import peak
from penstock.core.process import settle

__all__ = ["HERE", "PARQUET", "SQL", "make"]

HERE = Path(__file__).resolve().parent

SQL = """\
CREATE TABLE events (
  meeting_id STRING, user_id STRING, message_length DOUBLE, `timestamp` BIGINT,
  ts AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ({source});
CREATE TABLE results (
  window_start TIMESTAMP(3), meeting_id STRING, events BIGINT, length DOUBLE, users BIGINT
) WITH ({sink});
INSERT INTO results
SELECT window_start, meeting_id, COUNT(*), SUM(message_length), COUNT(DISTINCT user_id)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '30' SECOND))
GROUP BY window_start, window_end, meeting_id;
"""
PARQUET = "'connector' = 'filesystem', 'path' = 'results', 'format' = 'parquet'"


def make(
    folder: Path, source: Path | str, *, sink: str = PARQUET, batch_rows: int | None = None, topics: str = ""
) -> Path:
    """A project in `folder` that does W over a JSON file, or over a table with the options `source`."""
    (folder / "sql").mkdir(parents=True)
    settings = f"[engine]\nbatch-rows = {batch_rows}\n" if batch_rows else ""
    if isinstance(source, Path):
        settings += f"[files]\nroots = ['{source.parent}']\n"
        source = f"'connector' = 'filesystem', 'path' = 'file://{source}', 'format' = 'json'"
    (folder / "penstock.toml").write_text(settings + topics, "utf-8")
    (folder / "sql" / "w.sql").write_text(SQL.format(source=source, sink=sink), "utf-8")
    return folder


def main() -> None:
    settle()
    import penstock

    with penstock.open(sys.argv[1]) as project:
        project.run(bounded=True)
    peak.say()


if __name__ == "__main__":
    main()
