"""A defined pipeline, wired to its tables and ready to run."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.engine.fingerprint import signature
from penstock.engine.graph import build
from penstock.engine.operators.sink import Enforcement
from penstock.engine.pipeline import Pipeline
from penstock.engine.pipeline import Settings as PipelineSettings
from penstock.engine.sideoutput import SideOutput
from penstock.project.conflicts import check_conflicts
from penstock.project.wiring import Wiring
from penstock.sql import config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from penstock.connectors.world import World
    from penstock.engine.sideoutput import OnBadRow
    from penstock.project.definition import PipelineDefinition
    from penstock.project.settings import Settings

__all__ = ["interval_of", "make_pipeline", "signature_of"]

_USUAL_ROWS = 65_536
"""More rows at once are worth their memory only where a step over so many takes long."""


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_pipeline(
    definition: PipelineDefinition,
    world: World,
    settings: Settings,
    *,
    bounded: bool = False,
    speed: float | None = None,
    batch_rows: int | None = None,
    checkpoint_interval: int | None = None,
    wiring: Wiring | None = None,
    collect: Callable[[str, pl.DataFrame], None] | None = None,
) -> Pipeline:
    """The pipeline of `definition` over `world`.

    `batch_rows` cuts the input exactly so; a `checkpoint_interval` (ms) stands before that of SQL and settings;
    `collect` takes the rows of a SELECT (and the name SHOWN). Raises ConfigError or UnsupportedError where a table's
    options do not fit, and as `check_conflicts`.
    """
    said = definition.settings
    check_conflicts(definition, as_flink=settings.on_bad_row == "flink")
    world = replace(world, bounded=bounded)
    wiring = wiring or Wiring(world, idle_timeout(said, settings))
    wiring.collect = collect
    wiring.enforcement = Enforcement(
        str(said.get(config.NOT_NULL.name, config.NOT_NULL.default)),
        str(said.get(config.TYPE_LENGTH.name, config.TYPE_LENGTH.default)),
    )
    side = SideOutput(_on_bad_row(settings))
    context = replace(definition.context, clock=world.clock)
    graph = build(definition.plan, wiring, side, context)
    how = PipelineSettings(
        batch_rows=batch_rows or min(settings.batch_rows, _USUAL_ROWS),
        most_rows=batch_rows or settings.batch_rows,
        checkpoint_interval=checkpoint_interval or interval_of(definition, settings),
        threads=settings.threads or cores(),
        speed=speed,
        bounded=bounded,
        signature=signature_of(definition),
    )
    return Pipeline(definition.name, graph, wiring.readers(graph, definition.name), world.log, side, world.clock, how)


def signature_of(definition: PipelineDefinition) -> str:
    """All that defines a pipeline, as a short text."""
    return signature(definition.plan, definition.settings, definition.context.zone)


def interval_of(definition: PipelineDefinition, settings: Settings) -> int | None:
    """Ms between checkpoints as SQL or settings say; None where they leave it to the engine."""
    said = definition.settings.get(config.CHECKPOINT_INTERVAL.name, settings.checkpoint_interval)
    return None if said is None else int(str(said))


def idle_timeout(said: Mapping[str, object], settings: Settings) -> int:
    value = said.get(config.IDLE_TIMEOUT.name, settings.idle_timeout)
    return int(str(value))


def _on_bad_row(settings: Settings) -> OnBadRow:
    return "flink" if settings.on_bad_row == "flink" else "reject"
