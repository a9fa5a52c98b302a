"""What each table was made of and where its rows lie: now, and before, for they may be there still."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from penstock.project.topics import topic_of
from penstock.sql import plan as p
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["Origin", "Path", "Place", "keep_lineage", "lineage", "place_of"]

_KEPT = "lineage/"

Path = tuple[str, str, str]
Place = tuple[str, str]
"""What kind of place it is, and its name: a topic, or a folder, which ends with /."""


@dataclass(slots=True)
class Origin:
    """The tables that a table was made of, and the places where its rows were put or read."""

    made_of: set[Path] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)


def lineage(penstock: Penstock) -> dict[Path, Origin]:
    """The origin of each table that there is or was. Raises SqlError where the project's SQL is wrong."""
    found = _of_definition(penstock)
    for key, value in penstock.log.facts.scan(_KEPT).items():
        made_of, places = orjson.loads(value)
        origin = found.setdefault(tuple(orjson.loads(key.removeprefix(_KEPT))), Origin())
        origin.made_of.update(map(tuple, made_of))
        origin.places.update(map(tuple, places))
    return found


def keep_lineage(penstock: Penstock) -> None:
    """Remember the origins of all tables as pipelines start: what they make stays when they are gone."""
    kept = penstock.log.facts.scan(_KEPT)
    now = {
        _KEPT + orjson.dumps(path).decode(): orjson.dumps([sorted(origin.made_of), sorted(origin.places)])
        for path, origin in lineage(penstock).items()
    }
    if now != kept:
        with penstock.log.transaction() as transaction:
            for key, value in now.items():
                transaction.put(key, value)


def place_of(table: Table) -> Place | None:
    """Where the rows of a table lie, if others may lie there too."""
    topic = topic_of(table)
    if topic is not None:
        return "topic", topic
    path = table.options.get("path")
    return None if path is None else ("folder", path.rstrip("/") + "/")


def _of_definition(penstock: Penstock) -> dict[Path, Origin]:
    found: dict[Path, Origin] = {}
    for table in penstock.catalog.objects.values():
        if isinstance(table, Table):
            place = place_of(table)
            found[table.path] = Origin(places=set() if place is None else {place})
    for definition in penstock.definition.pipelines:
        for sink in definition.plan.parts:
            reads = {node.table.path for node in p.nodes(sink) if isinstance(node, p.Scan)}
            found.setdefault(sink.table.path, Origin()).made_of.update(reads)
    return found
