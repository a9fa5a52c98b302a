"""Which columns of tables a result's columns are made of."""

from __future__ import annotations

import pytest

from penstock.sql.origins import origins
from penstock.sql.session import Session, Write

TABLES = """
CREATE TABLE t (id INT, k STRING, v INT, w INT, ts TIMESTAMP(3), twice AS v * 2,
 WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'datagen');
CREATE TABLE u (id INT, name STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen');
CREATE VIEW big AS SELECT id, v + w AS total, ts FROM t WHERE k = 'big';
"""


def _origins(query: str, columns: str) -> list[list[str]]:
    script = f"{TABLES} CREATE TABLE r ({columns}) WITH ('connector' = 'print'); INSERT INTO r {query};"
    *_, write = Session().run(script)
    assert isinstance(write, Write)
    return [sorted(".".join(source) for source in one) for one in origins(write.plan.parts[0])]


WINDOW = "TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))"


@pytest.mark.parametrize(
    ("query", "columns", "found"),
    [
        ("SELECT total, id * 2 FROM big", "a INT, b INT", [["t.v", "t.w"], ["t.id"]]),
        ("SELECT k, COUNT(*), SUM(v) FILTER (WHERE w > 1) FROM t GROUP BY k", "k STRING, n BIGINT, s INT",
         [["t.k"], [], ["t.v", "t.w"]]),
        (f"SELECT window_end, k, MAX(v) FROM {WINDOW} GROUP BY window_start, window_end, k",
         "e TIMESTAMP(3), k STRING, m INT", [["t.ts"], ["t.k"], ["t.v"]]),
        ("SELECT t.v, u.name FROM t JOIN u ON t.id = u.id AND t.ts BETWEEN u.ts AND u.ts + INTERVAL '1' MINUTE",
         "v INT, name STRING", [["t.v"], ["u.name"]]),
        ("SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY ts) FROM t", "id INT, s INT", [["t.id"], ["t.v"]]),
        ("SELECT id, k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM t) WHERE n <= 3",
         "id INT, k STRING", [["t.id"], ["t.k"]]),
        ("SELECT id, k FROM t UNION ALL SELECT id, name FROM u", "id INT, k STRING",
         [["t.id", "u.id"], ["t.k", "u.name"]]),
        ("SELECT twice, 'x' FROM t", "a INT, b STRING", [["t.twice"], []]),
        ("VALUES (1, 'a')", "a INT, b STRING", [[], []]),
    ],
    ids=["view", "aggregate", "window", "join", "over", "rank", "union", "constant", "values"],
)  # fmt: skip
def test_each_column_names_what_its_values_are_made_of(query: str, columns: str, found: list[list[str]]) -> None:
    assert _origins(query, columns) == found
