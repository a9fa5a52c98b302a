"""A pipeline that is not in memory, as its last checkpoint has it: to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError
from penstock.project.check import dry_pipeline
from penstock.project.fates import manifest_of
from penstock.project.figures import behind
from penstock.project.standing import definition_of

if TYPE_CHECKING:
    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock

__all__ = ["recalled"]

Unread = dict[str, dict[int, int]]
"""By topic and partition, how many records come after a position."""


def recalled(penstock: Penstock, name: str) -> tuple[Pipeline, Unread] | None:
    """Its operators with their counts and without their state, and what it has not read.

    None where it has no checkpoint, or its operators cannot be made now. Raises ConfigError for no such pipeline.
    """
    definition = definition_of(penstock, name)
    manifest = manifest_of(penstock.log, name)
    if manifest is None:
        return None
    try:
        pipeline = dry_pipeline(penstock.definition, definition, penstock.log, penstock.url)
    except PenstockError:  # a table that is not reachable, say: its error is shown where the pipeline is to begin
        return None
    pipeline.executor.recall(manifest["operators"])
    return pipeline, behind(penstock.log, manifest["position"])
