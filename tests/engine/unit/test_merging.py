"""Several inputs as one: the order of their rows does not depend on how they are cut, nor on restarts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from penstock.project.client import Client, Selected
from penstock.project.definition import Definition
from penstock.project.penstock import Penstock
from penstock.project.settings import Settings
from tests.examples import examples

if TYPE_CHECKING:
    from penstock.engine.pipeline import Pipeline

NO_TIME = -1
INPUTS = st.lists(st.lists(st.integers(0, 59), max_size=12), min_size=2, max_size=3)
Row = tuple[str, int]


def _merged(inputs: dict[str, list[int]]) -> list[Row]:
    """Row by row: the input whose watermark is lowest goes first, ties by name."""
    left = {name: list(enumerate(times)) for name, times in inputs.items()}
    watermarks = dict.fromkeys(inputs, NO_TIME)
    rows = []
    while ready := [name for name, waiting in left.items() if waiting]:
        name = min(ready, key=lambda n: (watermarks[n], n))
        place, second = left[name].pop(0)
        watermarks[name] = max(watermarks[name], second)
        rows.append((name, place))
    return rows


def _project(folder: Path, inputs: dict[str, list[int]]) -> tuple[Penstock, str]:
    """A project with a file per input, and the query of all of them."""
    penstock = Penstock(Definition(folder, Settings("merging", threads=1)), None)
    for name, times in inputs.items():
        lines = [json.dumps({"id": i, "ts": f"2024-01-01 00:00:{s:02d}"}) for i, s in enumerate(times)]
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
        penstock.sql(
            f"CREATE TABLE {name} (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "
            f"WITH ('connector' = 'filesystem', 'path' = '{folder / name}', 'format' = 'json')"
        )
    return penstock, " UNION ALL ".join(f"SELECT '{name}' AS name, id, ts FROM {name}" for name in inputs)


def _rows(selected: Selected) -> list[Row]:
    return [(name, number) for _, frame in selected for name, number in frame.select("name", "id").iter_rows()]


@examples(40)
@given(INPUTS, st.sampled_from([1, 2, 5, 1_000]))
def test_rows_come_by_the_lowest_watermark_for_any_cut(times: list[list[int]], batch_rows: int) -> None:
    inputs = dict(zip("abc", times, strict=False))
    with tempfile.TemporaryDirectory() as folder:
        penstock, query = _project(Path(folder), inputs)
        with penstock:
            (selected,) = Client(penstock, batch_rows=batch_rows).run(query)
            assert isinstance(selected, Selected)
            assert _rows(selected) == _merged(inputs)


@examples(20)
@given(INPUTS, st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=20))
@example([[0, 1], [0]], [(1, False), (1, True), (2, False), (1, True), (1, False)])
def test_a_pipeline_goes_on_in_the_same_order(times: list[list[int]], steps: list[tuple[int, bool]]) -> None:
    """Positions stand inside what a reader gave; a fresh pipeline seeks to them, and reads fewer rows at once."""
    inputs = dict(zip("abc", times, strict=False))
    rows: list[Row] = []

    def fresh(penstock: Penstock) -> Pipeline:
        (selected,) = Client(penstock).run(query)
        assert isinstance(selected, Selected)
        pipeline = selected.pipeline
        for sink in pipeline.executor.graph.sinks.values():
            sink.connector.take = lambda frame: rows.extend(frame.select("name", "id").iter_rows())  # type: ignore[attr-defined]
        return pipeline

    with tempfile.TemporaryDirectory() as folder:
        penstock, query = _project(Path(folder), inputs)
        with penstock:
            pipeline = fresh(penstock)
            for step, restarts in steps:
                if not pipeline.step(step):
                    break
                if restarts:
                    pipeline.commit()
                    pipeline.close()
                    pipeline = fresh(penstock)
                    assert pipeline.restore()
            while pipeline.step(1):
                pass
            pipeline.close()
            assert rows == _merged(inputs)
