"""Instances of DuckDB stay for the next question, and nothing in them does."""

from __future__ import annotations

import duckdb
import pytest

from penstock.history.instances import Confines, Instances

HERE = Confines(64 << 20, "Europe/Oslo", None, frozenset())


def test_what_a_question_has_made_is_gone_before_the_next() -> None:
    instances = Instances()
    with instances.lent(HERE) as first:
        first.execute("CREATE TEMP TABLE t0 AS SELECT 1 AS n")
    with instances.lent(HERE) as again:
        assert again.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
        assert again.execute("SELECT current_setting('TimeZone')").fetchall() == [("Europe/Oslo",)]
        with pytest.raises(duckdb.Error, match="configuration has been locked"):
            again.execute("SET TimeZone = 'UTC'")
    instances.close()


def test_an_instance_is_for_one_question_at_a_time_and_not_for_another_zone() -> None:
    instances, there = Instances(), Confines(64 << 20, "UTC", None, frozenset())
    with instances.lent(HERE) as one, instances.lent(HERE) as other, instances.lent(there) as third:
        for connection, zone in ((one, "Europe/Oslo"), (other, "Europe/Oslo"), (third, "UTC")):
            connection.execute("CREATE TABLE mine AS SELECT current_setting('TimeZone') AS zone")
            assert connection.execute("FROM mine").fetchall() == [(zone,)]
    instances.close()


def test_after_an_error_an_instance_ends() -> None:
    instances = Instances()
    with pytest.raises(duckdb.Error, match="lasting"), instances.lent(HERE) as first:
        first.execute("CREATE TABLE lasting AS SELECT 1")
        first.execute("SELECT error('lasting')")
    with instances.lent(HERE) as again:
        assert again.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    instances.close()
