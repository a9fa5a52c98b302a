"""Open windows are looked at while pipelines that have nothing to do with them go on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import penstock
from penstock.project.opened import open_rows
from penstock.sql.catalog import Table
from tests.cli.shell import ORDERS, PATIENCE

OTHERS = """
CREATE TABLE big (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'big', 'format' = 'json');
INSERT INTO big SELECT id FROM orders WHERE amount > 100;
"""


def test_a_look_at_open_windows_holds_still_only_the_pipelines_that_write_their_table() -> None:
    with penstock.memory() as project, ThreadPoolExecutor(1) as pool:
        project.sql(ORDERS + OTHERS)
        project.start()
        (other,) = [pipeline for pipeline in project.running if "big" in pipeline.name]
        revenue = project.catalog.get(("revenue",))
        assert isinstance(revenue, Table)
        with other.lock:
            assert pool.submit(open_rows, project, revenue).result(PATIENCE).frame.height == 0
