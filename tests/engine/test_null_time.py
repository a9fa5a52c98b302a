"""A row without an event time: rejected once, where all that it could reach are windows."""

from __future__ import annotations

import pytest

import penstock

TABLES = """
CREATE TABLE clicks (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
CREATE TABLE a (n BIGINT) WITH ('connector' = 'blackhole');
CREATE TABLE b (n BIGINT) WITH ('connector' = 'blackhole');
EXECUTE STATEMENT SET BEGIN
INSERT INTO a SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
INSERT INTO b SELECT {other};
END;
"""
WINDOW = "FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))"


@pytest.mark.parametrize(
    ("other", "rejecting"),
    [
        (f"COUNT(*) {WINDOW} WHERE id > 5 GROUP BY window_start, window_end", ["source clicks"]),
        (f"COUNT(*) {WINDOW} WHERE ts IS NOT NULL GROUP BY window_start, window_end", ["window aggregate"]),
        ("id FROM clicks", ["window aggregate"]),
    ],
)
def test_it_is_rejected_once_and_kept_where_it_can_be_used(other: str, rejecting: list[str]) -> None:
    with penstock.memory() as p:
        p.sql(TABLES.format(other=other))
        p.append("clicks", [{"id": 1, "ts": None}, {"id": 2, "ts": "2025-01-01 00:00:00"}])
        p.run(bounded=True)
        found = p.query("SELECT operator, code FROM penstock.rejects").rows()
        assert found == [(operator, "null-event-time") for operator in rejecting]
