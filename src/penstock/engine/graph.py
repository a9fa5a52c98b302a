"""Plan to operators: one per node, those that several others stand on once, row-wise chains fused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from penstock.core.batch import KIND, SEQ
from penstock.engine.fingerprint import fingerprint
from penstock.engine.operators.calc import Calc, Stage, filter_stage, project_stage
from penstock.engine.operators.first_rows import FirstRows
from penstock.engine.operators.group_aggregate import GroupAggregate
from penstock.engine.operators.interval_join import IntervalJoin
from penstock.engine.operators.limit import Limit
from penstock.engine.operators.normalize import Normalize
from penstock.engine.operators.over_aggregate import OverAggregate
from penstock.engine.operators.session_aggregate import SessionAggregate
from penstock.engine.operators.session_table import SessionTable
from penstock.engine.operators.sink import Enforcement, SinkOperator
from penstock.engine.operators.source import ScanSettings, Source
from penstock.engine.operators.temporal_join import TemporalJoin
from penstock.engine.operators.top_n import TopN
from penstock.engine.operators.union import Union
from penstock.engine.operators.window_aggregate import WindowAggregate
from penstock.engine.operators.window_table import WindowTable
from penstock.engine.origins import ORIGIN, carrying
from penstock.engine.values import evaluated
from penstock.sql import plan as p
from penstock.sql.catalog import Table, TableColumn
from penstock.sql.changelog import updating
from penstock.sql.expr import Call, refs, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container

    import polars as pl

    from penstock.core.edges import Sink
    from penstock.engine.operators.base import Operator
    from penstock.engine.sideoutput import SideOutput
    from penstock.sql.functions.spec import Context

__all__ = ["Connect", "Graph", "Vertex", "build"]


_KINDS: dict[type[p.Node], tuple[str, Callable[..., Operator]]] = {
    p.Aggregate: ("aggregate", GroupAggregate),
    p.WindowAggregate: ("window aggregate", WindowAggregate),
    p.WindowTable: ("window table", WindowTable),
    p.OverAggregate: ("over aggregate", OverAggregate),
    p.FirstRows: ("first rows", FirstRows),
    p.TopN: ("top n", TopN),
    p.IntervalJoin: ("interval join", IntervalJoin),
    p.TemporalJoin: ("temporal join", TemporalJoin),
}


class Connect(Protocol):
    """How the engine gets at what is outside; the project implements it."""

    enforcement: Enforcement

    def sink(self, plan: p.Sink) -> Sink:
        """The sink of an INSERT."""
        ...

    def upsert_key(self, plan: p.Sink) -> tuple[str, ...]:
        """The columns by which rows of the sink replace each other; none where it takes changes as they are."""
        ...

    def scan(self, scan: p.Scan) -> ScanSettings:
        """How a scan's watermark is made."""
        ...


@dataclass(frozen=True, slots=True)
class Vertex:
    """An operator and where its rows come from: indexes into `Graph.vertices`.

    `lineage` are the scans (their vertices) whose rows come in, one by one; none above what is not row-wise.
    """

    operator: Operator
    inputs: tuple[int, ...]
    fingerprint: str
    node: p.Node
    lineage: frozenset[int]


@dataclass(slots=True)
class Graph:
    """Operators in the order in which they run, inputs first."""

    vertices: list[Vertex] = field(default_factory=list)
    values: dict[int, pl.DataFrame] = field(default_factory=dict)
    """The constant rows of the vertices that are VALUES."""

    @property
    def sources(self) -> dict[int, Source]:
        return {i: v.operator for i, v in enumerate(self.vertices) if isinstance(v.operator, Source)}

    @property
    def sinks(self) -> dict[int, SinkOperator]:
        return {i: v.operator for i, v in enumerate(self.vertices) if isinstance(v.operator, SinkOperator)}

    def sources_of(self, index: int) -> set[int]:
        """The scans that `index` hears from, through whatever stands between."""
        vertex = self.vertices[index]
        if not vertex.inputs:
            return {index}
        return {s for i in vertex.inputs for s in self.sources_of(i)}

    def below(self, fingerprints: Collection[str]) -> frozenset[int]:
        """The vertices of these fingerprints, and all that they take from."""
        found = {i for i, v in enumerate(self.vertices) if v.fingerprint in fingerprints}
        for i in reversed(range(len(self.vertices))):
            if i in found:
                found.update(self.vertices[i].inputs)
        return frozenset(found)

    def nearest(self, index: int, wanted: Container[int]) -> set[int]:
        """The first of `wanted` on each way from `index` to its scans."""
        if index in wanted:
            return {index}
        return {found for i in self.vertices[index].inputs for found in self.nearest(i, wanted)}


def build(plan: p.Sinks, connect: Connect, side: SideOutput, context: Context) -> Graph:
    """The operators of a pipeline."""
    builder = _Builder(connect, side, context, plan)
    for sink in plan.parts:
        builder.vertex(sink)
    return builder.graph


def _timed_scans(plan: p.Node) -> set[p.Node]:
    """The scans all of whose rows go where event time is asked for: one without it is bad there.

    It may as well be taken out at the scan, once, rather than by each of those who ask; unless a filter looks at the
    time itself.
    """
    ways: dict[p.Node, set[bool]] = {}

    def walk(node: p.Node, timed: bool) -> None:
        if isinstance(node, p.Scan):
            ways.setdefault(node, set()).add(timed)
        keeps = isinstance(node, (p.Project, p.Union)) or (isinstance(node, p.Filter) and not _asks_for_time(node))
        for child in node.inputs:
            walk(child, isinstance(node, (p.WindowAggregate, p.OverAggregate)) or (timed and keeps))

    walk(plan, False)
    return {scan for scan, found in ways.items() if found == {True}}


def _asks_for_time(node: p.Filter) -> bool:
    return any(c.role == "rowtime" and c.name in refs(node.condition) for c in node.input.columns)


class _Builder:
    def __init__(self, connect: Connect, side: SideOutput, context: Context, plan: p.Sinks) -> None:
        self.shared = p.shared_nodes(plan)
        self.timed = _timed_scans(plan)
        self.carrying = carrying(plan, context, lengths=connect.enforcement.type_length == "ERROR")
        self.connect = connect
        self.side = side
        self.context = context
        self.graph = Graph()
        self._places: dict[p.Node, int] = {}
        self._names: dict[str, int] = {}

    def vertex(self, node: p.Node) -> int:
        """The place of the operator that gives `node`."""
        place = self._places.get(node)
        if place is None or isinstance(node, p.Sink):  # the same INSERT twice writes twice
            place = self._places[node] = self._made(node)
        return place

    def _name(self, kind: str, of: str = "") -> str:
        base = f"{kind} {of}".strip()
        number = self._names[base] = self._names.get(base, 0) + 1
        return base if number == 1 else f"{base} ({number})"

    def _made(self, node: p.Node) -> int:
        if isinstance(node, (p.Filter, p.Project)):
            return self._calc(node)
        inputs = tuple(self.vertex(i) for i in node.inputs)
        return self._add(self._operator(node), inputs, node)

    def _add(self, operator: Operator, inputs: tuple[int, ...], node: p.Node) -> int:
        below = [self.graph.vertices[i] for i in inputs]
        lineage = frozenset(s for v in below if v.operator.row_wise for s in v.lineage)
        if isinstance(operator, Source):
            lineage = frozenset({len(self.graph.vertices)})
        mark = fingerprint(node, self.context.zone)
        twins = sum(v.fingerprint.split("-")[0] == mark for v in self.graph.vertices)
        self.graph.vertices.append(Vertex(operator, inputs, f"{mark}-{twins}" if twins else mark, node, lineage))
        return len(self.graph.vertices) - 1

    def _operator(self, node: p.Node) -> Operator:
        side, context, carries = self.side, self.context, node in self.carrying
        match node:
            case p.Scan():
                name = self._name("source", node.table.name)
                settings = self.connect.scan(node)
                if side.on_bad_row == "reject" and node in self.timed:
                    settings = replace(settings, strict_time=True)
                return Source(name, side, node, context, settings, carries=carries)
            case p.Values():
                rows = p.Scan(
                    node.columns,
                    Table(("", "", "values"), tuple(TableColumn(c.name, c.type) for c in node.columns), {}),
                )
                self.graph.values[len(self.graph.vertices)] = evaluated(node, context)
                return Source(self._name("values"), side, rows, context, ScanSettings())
            case p.Normalize():
                return Normalize(self._name("normalize"), side, node)
            case p.Union():
                names = tuple(c.name for c in node.columns)
                return Union(self._name("union"), side, names, changes=updating(node), carries=carries)
            case p.Limit():
                return Limit(self._name("limit"), side, node.count, node.offset)
            case p.Sink():
                name = self._name("sink", node.table.name)
                key = self.connect.upsert_key(node)
                return SinkOperator(name, side, node, self.connect.sink(node), self.connect.enforcement, key)
        return self._of_kind(node)

    def _of_kind(self, node: p.Node) -> Operator:
        """The operators that need no more than their node."""
        session = isinstance(node, (p.WindowAggregate, p.WindowTable)) and node.window.kind == "SESSION"
        if session and not (isinstance(node, p.WindowAggregate) and node.attached):
            kind: Callable[..., Operator] = SessionAggregate if isinstance(node, p.WindowAggregate) else SessionTable
            word = "session aggregate" if isinstance(node, p.WindowAggregate) else "session table"
        else:
            word, kind = _KINDS[type(node)]
        carries = {"carries": True} if node in self.carrying else {}
        return kind(self._name(word), self.side, node, self.context, **carries)

    def _calc(self, node: p.Filter | p.Project) -> int:
        """A chain of filters and projections that nothing else reads, as one operator."""
        stages: list[Stage] = []
        reads_watermark = False
        below: p.Node = node
        while isinstance(below, (p.Filter, p.Project)) and (below is node or below not in self.shared):
            exprs = (below.condition,) if isinstance(below, p.Filter) else below.exprs
            reads_watermark |= any(
                isinstance(part, Call) and part.function.name == "CURRENT_WATERMARK" for e in exprs for part in walk(e)
            )
            if isinstance(below, p.Filter):
                stages.insert(0, filter_stage(below.condition, self.context))
            else:
                hidden = (SEQ, *([KIND] if updating(below) else []), *(ORIGIN if below in self.carrying else []))
                stages.insert(0, project_stage([c.name for c in below.columns], below.exprs, self.context, hidden))
            below = below.input
        place = self.vertex(below)
        calc = Calc(self._name("calc"), self.side, stages, reads_watermark=reads_watermark)
        return self._add(calc, (place,), node)
