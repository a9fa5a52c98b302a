"""What becomes of one pipeline's state under another definition: operator by operator, and as a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from penstock.connectors.log_reader import LogReader
from penstock.core.batch import NO_TIME
from penstock.engine.ledger import Counts
from penstock.project.explain import details
from penstock.project.past import Past, past_of, past_over
from penstock.project.topics import beside_topics, read_topics, topic_of
from penstock.project.volatile import volatile
from penstock.sql import plan as p

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from penstock.engine.executor import Stored
    from penstock.engine.graph import Graph, Vertex
    from penstock.engine.pipeline import Pipeline
    from penstock.log import Log
    from penstock.project.definition import PipelineDefinition

__all__ = ["OperatorChange", "Transition", "What", "lost_operators", "transition_of"]

What = Literal["kept", "rebuilt", "empty", "lost"]


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """What becomes of the state of one operator, `rows` of it (None: known when it is done).

    What is `rebuilt` is made by reading `rows_again` records, from the offsets `start` of each topic (by partition);
    `gone` more are deleted, and missing in it. `empty` begins without state. `reason` is a sentence, or empty.
    """

    operator: str
    kind: str
    what: What
    rows: int | None
    start: Mapping[str, list[int]]
    rows_again: int
    gone: int
    reason: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class Transition:
    """How a pipeline goes from its last checkpoint to the operators of `pipeline`, which may be of a dry world.

    `past` is what it reads again where something is rebuilt, else None.
    """

    pipeline: Pipeline
    manifest: Mapping[str, Any]
    operators: list[OperatorChange]
    past: Past | None
    refusal: str = ""
    """Why it cannot be done, in a sentence; else empty."""

    @property
    def kept(self) -> dict[str, Any]:
        """The parts of the manifest that are taken over as they are, by fingerprint."""
        stored = self.manifest["operators"]
        return {v.fingerprint: stored[v.fingerprint] for v in self._graph.vertices if v.fingerprint in stored}

    @property
    def _graph(self) -> Graph:
        return self.pipeline.executor.graph

    @property
    def rebuilt(self) -> frozenset[str]:
        """The fingerprints of the operators that are rebuilt."""
        names = {one.operator for one in self.operators if one.what == "rebuilt"}
        return frozenset(v.fingerprint for v in self._graph.vertices if v.operator.name in names)

    def done(self, again: Stored | None) -> list[OperatorChange]:
        """The same, with the rows of what was rebuilt."""
        meta = {} if again is None else again.meta
        rows = {part["operator"]: part["rows"] for part in meta.values()}
        return [replace(o, rows=rows[o.operator]) if o.what == "rebuilt" else o for o in self.operators]

    def checkpoint(self, again: Stored | None) -> tuple[dict[str, Any], dict[str, bytes], set[str]]:
        """The manifest of the next checkpoint, its new blobs, and all ids that live; `again` is what was rebuilt."""
        kept = self.kept
        made = again.meta if again is not None else {}
        parts: dict[str, Any] = {}
        for vertex in self._graph.vertices:
            mark = vertex.fingerprint
            if mark in kept:
                parts[mark] = _counted_on(kept[mark]) if self.edited else kept[mark]
            elif mark in made and vertex.operator.kind != "sink":
                parts[mark] = _counted_on(made[mark])
            else:
                parts[mark] = _empty(vertex)
        live = {f"{mark}/{name}" for mark, part in parts.items() for name in part["live"]}
        new = {i: blob for i, blob in again.new.items() if i in live} if again is not None else {}
        new = {i: blob for i, blob in new.items() if i.partition("/")[0] not in kept}
        manifest = {
            **self.manifest,
            "epoch": self.manifest["epoch"] + 1,
            "signature": self.pipeline.settings.signature,
            "operators": parts,
            "position": self._position(),
            "tokens": {mark: token for mark, token in self.manifest["tokens"].items() if mark in kept},
        }
        return manifest, new, live

    @property
    def edited(self) -> bool:
        """Whether it has other operators than before."""
        return {v.fingerprint for v in self._graph.vertices} != set(self.manifest["operators"])

    def _position(self) -> dict[str, Any]:
        """Where reading goes on: as before, in the topics that are read now."""
        position = self.manifest["position"]
        log = position["readers"].get(LogReader.name)
        if log is None or not log["start"] or self.past is None:
            return dict(position)
        start = {"seq": self.past.last, "next": dict(self.past.following), "first": dict(self.past.first)}
        return {**position, "readers": {**position["readers"], LogReader.name: {**log, "start": start}}}


def transition_of(
    pipeline: Pipeline, definition: PipelineDefinition, manifest: Mapping[str, Any], log: Log
) -> Transition:
    """What becomes of the state that `manifest` tells of in `pipeline`, which is made of `definition`."""
    readers, before = {r.name for r in pipeline.input.readers}, manifest["position"]["readers"].keys()
    refusal = ""
    if readers != before:
        others = sorted({" ".join(name.split("/")[:2]) for name in readers ^ before})
        refusal = f"it reads {', '.join(others)} otherwise than before, and its rows would have no common order"
    past = past_of(manifest)
    past = None if past is None else past_over(past, read_topics(definition.plan), log)
    why_empty = _why_empty(definition, past)
    stored = manifest["operators"]
    changes = []
    for index, vertex in enumerate(pipeline.executor.graph.vertices):
        if not vertex.operator.stateful:
            continue
        if vertex.fingerprint in stored:
            changes.append(_kept(vertex, stored[vertex.fingerprint]))
        elif vertex.operator.kind == "sink":
            changes.append(_begun(vertex, "it takes rows from here on, those before are not written"))
        elif past is None or why_empty:
            changes.append(_begun(vertex, why_empty))
        else:
            topics = _topics(pipeline.executor.graph, index)
            changes.append(_rebuilt(vertex, past, topics, log, definition))
    changes += lost_operators(manifest, {v.fingerprint for v in pipeline.executor.graph.vertices})
    return Transition(pipeline, manifest, changes, past, refusal)


def lost_operators(manifest: Mapping[str, Any], marks: Container[str] = ()) -> list[OperatorChange]:
    """The operators with state whose fingerprints are not among `marks`: nobody takes them over."""
    parts = manifest["operators"].items()
    return [_lost(part) for mark, part in parts if mark not in marks and part["stateful"]]


def _why_empty(definition: PipelineDefinition, past: Past | None) -> str:
    beside = beside_topics(definition.plan)
    if beside:
        return f"the pipeline reads {beside}: only topics can be read again in the same order"
    return "nothing was read yet" if past is None else ""


def _topics(graph: Graph, index: int) -> set[str]:
    """The topics that an operator's rows come from."""
    nodes = [graph.vertices[s].node for s in graph.sources_of(index)]
    return {t for n in nodes if isinstance(n, p.Scan) and (t := topic_of(n.table)) is not None}


# -- operators -----------------------------------------------------------------------------------------


def _change(vertex: Vertex, what: What, rows: int | None, reason: str) -> OperatorChange:
    operator = vertex.operator
    return OperatorChange(operator.name, operator.kind, what, rows, {}, 0, 0, reason, [*details(vertex.node)])


def _rows(part: Mapping[str, Any]) -> int:
    rows: int = part.get("rows", part["counts"]["held"])
    return rows


def _kept(vertex: Vertex, part: Mapping[str, Any]) -> OperatorChange:
    return _change(vertex, "kept", _rows(part), "")


def _begun(vertex: Vertex, reason: str) -> OperatorChange:
    return _change(vertex, "empty", 0, reason)


def _rebuilt(vertex: Vertex, past: Past, topics: set[str], log: Log, definition: PipelineDefinition) -> OperatorChange:
    """Of all that was read of the topics; what retention has deleted since is missing."""
    start: dict[str, list[int]] = {}
    again = gone = 0
    for topic in sorted(topics & past.first.keys()):
        starts = log.starts(topic)
        start[topic] = []
        for partition, following in enumerate(past.following[topic]):
            began = past.first[topic][partition] if partition < len(past.first[topic]) else 0
            first = min(max(began, starts.get(partition, 0)), following)
            start[topic].append(first)
            again += following - first
            gone += first - min(began, first)
    reasons = [f"{gone:,} records that it would be made of are deleted"] if gone else []
    if unlike := sorted(set(volatile(definition.plan))):
        reasons.append(f"{', '.join(unlike)} gives another value now than then")
    found = _change(vertex, "rebuilt", None, "; ".join(reasons))
    return replace(found, start=start, rows_again=again, gone=gone)


def _lost(part: Mapping[str, Any]) -> OperatorChange:
    rows = _rows(part)
    reason = "" if part["kind"] != "sink" or not rows else "they are rows of files that are not finished"
    return OperatorChange(part["operator"], part["kind"], "lost", rows, {}, 0, 0, reason, [])


# -- parts of a manifest -------------------------------------------------------------------------------


def _counted_on(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part whose counts go on among other operators; what is rebuilt has counted the rows that were read again."""
    return {**part, "counts": Counts.from_dict(part["counts"]).edited().as_dict()}


def _empty(vertex: Vertex) -> dict[str, Any]:
    """The part of an operator that begins without state."""
    operator = vertex.operator
    return {
        "operator": operator.name,
        "kind": operator.kind,
        "stateful": False,
        "version": operator.version,
        "meta": None,
        "live": [],
        "counts": Counts().as_dict(),
        "rows": 0,
        "watermark": NO_TIME,
    }
