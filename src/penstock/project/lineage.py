"""What each table was made of: by the pipelines there are, and by those there were, for their results may be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from penstock.sql import plan as p

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["keep_lineage", "lineage"]

_KEPT = "lineage/"

_Path = tuple[str, str, str]


def lineage(penstock: Penstock) -> dict[_Path, set[_Path]]:
    """The tables of which each table was made, by their paths. Raises SqlError where the project's SQL is wrong."""
    found = _of_definition(penstock)
    for key, value in penstock.log.facts.scan(_KEPT).items():
        written = tuple(orjson.loads(key.removeprefix(_KEPT)))
        found.setdefault(written, set()).update(map(tuple, orjson.loads(value)))
    return found


def keep_lineage(penstock: Penstock) -> None:
    """Remember of what the pipelines that start now make their results."""
    known = lineage(penstock)
    for written in _of_definition(penstock):
        key, value = _KEPT + orjson.dumps(written).decode(), orjson.dumps(sorted(known[written]))
        if penstock.log.facts.get(key) != value:
            penstock.log.facts.put(key, value)


def _of_definition(penstock: Penstock) -> dict[_Path, set[_Path]]:
    found: dict[_Path, set[_Path]] = {}
    for definition in penstock.definition.pipelines:
        for sink in definition.plan.parts:
            reads = {node.table.path for node in p.nodes(sink) if isinstance(node, p.Scan)}
            found.setdefault(sink.table.path, set()).update(reads)
    return found
