"""W as one query of DuckDB over the file, into one Parquet file: ``python -m bench.batch_query IN OUT THREADS``."""

from __future__ import annotations

import sys

from bench import peak

QUERY = """\
SELECT time_bucket(INTERVAL 30 SECOND, make_timestamp("timestamp" * 1000)) AS window_start, meeting_id,
       count(*) AS events, sum(message_length) AS length, count(DISTINCT user_id) AS users
FROM read_json('{path}', format = 'newline_delimited',
     columns = {{meeting_id: 'VARCHAR', user_id: 'VARCHAR', message_length: 'DOUBLE', "timestamp": 'BIGINT'}})
GROUP BY 1, 2
"""


def main() -> None:
    import duckdb

    source, target, threads = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"COPY ({QUERY.format(path=source)}) TO '{target}' (FORMAT parquet)")
    peak.say()


if __name__ == "__main__":
    main()
