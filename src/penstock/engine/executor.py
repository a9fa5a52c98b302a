"""One step through the operators, and their state as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME, SEQ, Batch, Watermark
from penstock.core.errors import StateError
from penstock.engine.ledger import Counts, Entry
from penstock.engine.operators.base import Snapshot
from penstock.engine.operators.source import Source
from penstock.engine.origins import ORIGIN, carried, has_origin, origins_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from penstock.engine.graph import Graph, Vertex
    from penstock.engine.input import Poll
    from penstock.engine.sideoutput import SideOutput

__all__ = ["Executor", "Stored"]

_NOWHERE = [
    pl.lit(None, dtype=kind).alias(name)
    for name, kind in {"topic": pl.String, "partition": pl.Int32, "offset": pl.Int64, "raw": pl.Binary}.items()
]


@dataclass(frozen=True, slots=True)
class Stored:
    """The state of all operators: JSON data that names it, the blobs that are new, and all ids that live."""

    meta: dict[str, Any]
    new: dict[str, bytes]
    live: frozenset[str]


class Executor:
    """Runs a graph step by step."""

    def __init__(self, graph: Graph, side: SideOutput) -> None:
        self.graph = graph
        self.side = side
        self._seen: dict[str, int] = {}
        """The last watermark of each vertex with several inputs."""
        self.watermarks = [NO_TIME] * len(graph.vertices)
        """The last watermark that each vertex has passed on, ms."""
        self.resting: frozenset[int] = frozenset()
        """Vertices that are not run: nobody asks for what they give."""

    @property
    def sources(self) -> dict[str, Source]:
        """The scans by the key that readers know them under: the fingerprint of their vertex."""
        return {self.graph.vertices[i].fingerprint: source for i, source in self.graph.sources.items()}

    def step(self, poll: Poll) -> None:
        """Run one poll through all operators."""
        self._run(poll, ended=False)

    def end(self, poll: Poll) -> None:
        """Bounded input has ended: every window closes, every sink finishes."""
        self._run(poll, ended=True)
        for sink in self.graph.sinks.values():
            sink.connector.finish()

    def _run(self, poll: Poll, *, ended: bool) -> None:
        batches: list[Batch | None] = []
        watermarks: list[Watermark] = []
        for index, vertex in enumerate(self.graph.vertices):
            if index in self.resting:
                batch, watermark = None, Watermark.still(NO_TIME, poll.through)
            elif isinstance(vertex.operator, Source):
                batch, watermark = self._scan(vertex, vertex.operator, poll, ended=ended)
            else:
                watermark = self._least(vertex, [watermarks[i] for i in vertex.inputs])
                batch = self._through(vertex, [batches[i] for i in vertex.inputs], watermark)
                watermark = vertex.operator.passes_on(watermark)
            failed = self.side.failed_at
            if failed is not None:
                watermark = watermark.until(failed)
                batch = batch and Batch(batch.frame.filter(pl.col(SEQ) < failed), batch.through)
            batches.append(batch if batch is not None and batch.height else None)
            watermarks.append(watermark)
        self.watermarks = [watermark.last for watermark in watermarks]

    def _scan(self, vertex: Vertex, source: Source, poll: Poll, *, ended: bool) -> tuple[Batch | None, Watermark]:
        source.counts.taken += poll.expired.get(vertex.fingerprint, 0)
        source.counts.expired += poll.expired.get(vertex.fingerprint, 0)
        if ended:
            return None, source.end(poll.through)
        piece = poll.pieces.get(vertex.fingerprint)
        if piece is not None:
            return source.take(piece, poll.through, poll.ticks)
        return None, source.pass_time(poll.through, poll.ticks)

    def _least(self, vertex: Vertex, inputs: list[Watermark]) -> Watermark:
        watermark = Watermark.least(inputs, self._seen.get(vertex.fingerprint, NO_TIME))
        if len(inputs) > 1 and watermark.last != END_OF_TIME:
            self._seen[vertex.fingerprint] = watermark.last
        return watermark

    @staticmethod
    def _through(vertex: Vertex, batches: list[Batch | None], watermark: Watermark) -> Batch | None:
        """What an operator gives in this step, as one batch."""
        given = [vertex.operator.on_batch(batch, port) for port, batch in enumerate(batches) if batch is not None]
        given.append(vertex.operator.on_watermark(watermark))
        filled = [b for b in given if b is not None and b.height]
        if len(filled) <= 1:
            return filled[0] if filled else None
        return Batch(pl.concat([b.frame for b in filled]).sort(SEQ, maintain_order=True), watermark.through)

    @property
    def satisfied(self) -> bool:
        """Whether no further input can change any result: every LIMIT above it is reached."""
        done: list[bool] = []
        for v in self.graph.vertices:
            done.append(v.operator.satisfied or (bool(v.inputs) and all(done[i] for i in v.inputs)))
        return all(done[i] for i in self.graph.sinks)

    def peek(self, index: int) -> pl.DataFrame:
        """The rows that vertex `index` would give if the input ended now: its open windows; nothing changes."""
        vertex = self.graph.vertices[index]
        return vertex.operator.peek([self.peek(i) for i in vertex.inputs])

    # -- side outputs ------------------------------------------------------------------------------

    def located(
        self, frames: Sequence[pl.DataFrame], poll: Poll, raw: Callable[[pl.DataFrame], pl.Series] | None = None
    ) -> pl.DataFrame:
        """Rejects or late rows of this step, with `table`, `topic`, `partition`, `offset` and `raw` bytes.

        They are NULL for rows that no single message made; `table` then names all tables whose rows come there.
        `raw` gives the bytes of earlier messages.
        """
        by_name = {v.operator.name: index for index, v in enumerate(self.graph.vertices)}
        frame = pl.concat(frames, how="diagonal").with_row_index("$row")
        parts = []
        if carried(frame):
            apart = frame.filter(has_origin())
            found = apart.drop(*ORIGIN, "table", strict=False).hstack(origins_in(apart))
            parts.append(found if raw is None else found.with_columns(self._raw(apart, poll, raw)))
            frame = frame.filter(~has_origin()).drop(ORIGIN)
        for (operator,), rows in frame.partition_by("operator", as_dict=True, maintain_order=True).items():
            left = rows
            place = by_name[str(operator)]
            for index in sorted(self.graph.vertices[place].lineage):
                source = self.graph.vertices[index]
                piece, find = poll.pieces.get(source.fingerprint), poll.origins.get(source.fingerprint)
                if piece is None or find is None or not left.height:
                    continue
                own = left["seq"].is_in(pl.concat([piece.frame[SEQ], piece.bad["seq"]]).implode())
                here = left.filter(own)
                if here.height:
                    assert isinstance(source.operator, Source)
                    origin = find(here["seq"].to_numpy()).select("topic", "partition", "offset", "raw")
                    parts.append(here.with_columns(pl.lit(source.operator.table).alias("table")).hstack(origin))
                    left = left.filter(~own)
            tables = {self.graph.sources[index].table for index in self.graph.sources_of(place)}
            parts.append(left.with_columns(pl.lit(", ".join(sorted(tables))).alias("table"), *_NOWHERE))
        return pl.concat(parts, how="diagonal").sort("$row", maintain_order=True).drop("$row")

    def _raw(self, rows: pl.DataFrame, poll: Poll, raw: Callable[[pl.DataFrame], pl.Series]) -> pl.Series:
        """The bytes of messages: of those of this step as they were read, of earlier ones as `raw` gives them."""
        asked = rows.select(ORIGIN).unique()
        found = [asked.clear().with_columns(pl.lit(None, dtype=pl.Binary).alias("raw"))]
        for key, piece in poll.pieces.items():
            if carried(piece.frame):
                here = piece.frame.select(*ORIGIN, SEQ).join(asked, on=ORIGIN, how="semi").unique(ORIGIN, keep="first")
                found.append(here.drop(SEQ).hstack([poll.origins[key](here[SEQ].to_numpy())["raw"]]))
        known = pl.concat(found)
        earlier = asked.join(known, on=ORIGIN, how="anti")
        if earlier.height:
            known = pl.concat([known, earlier.with_columns(raw(origins_in(earlier)))])
        return rows.join(known, on=ORIGIN, how="left", maintain_order="left")["raw"]

    def failed_record(self, poll: Poll) -> str:
        """The record at which this step failed, in words; ``""`` where there is none, as for VALUES."""
        row = pl.DataFrame({"operator": [self.side.failed_in], "seq": [self.side.failed_at]})
        place = self.located([row], poll).row(0, named=True)
        if place["offset"] is None:
            return ""
        partition = "" if place["partition"] is None else f", partition {place['partition']}"
        return f"at {place['topic']}{partition}, offset {place['offset']}"

    # -- state -------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """The ledger's lines."""
        vertices = self.graph.vertices
        return [
            Entry(
                v.operator.name, v.operator.kind, v.operator.counts, tuple(vertices[i].operator.name for i in v.inputs)
            )
            for v in vertices
        ]

    def snapshot(self) -> Stored:
        """The state of every operator; what was not stored before is in `new`."""
        meta: dict[str, Any] = {}
        new: dict[str, bytes] = {}
        live: set[str] = set()
        for v in self.graph.vertices:
            taken = v.operator.snapshot()
            prefix = f"{v.fingerprint}/"
            new |= {prefix + name: blob for name, blob in taken.new.items()}
            live |= {prefix + name for name in taken.live}
            meta[v.fingerprint] = {
                "operator": v.operator.name,
                "kind": v.operator.kind,
                "stateful": v.operator.stateful,
                "version": v.operator.version,
                "meta": taken.meta,
                "live": sorted(taken.live),
                "counts": v.operator.counts.as_dict(),
                "rows": v.operator.state_rows,
                "watermark": self._seen.get(v.fingerprint, NO_TIME),
            }
        return Stored(meta, new, frozenset(live))

    def restore(self, meta: Mapping[str, Any], load: Callable[[Iterable[str]], Iterable[tuple[str, bytes]]]) -> None:
        """Take over stored state; `load(ids)` gives (id, blob) pairs.

        An operator that has a part in `meta` without state begins empty. Raises
        StateError where the plan needs state that is not there, or has none for what is.
        """
        self.require_fit(meta)
        edited = {v.fingerprint for v in self.graph.vertices} != meta.keys()
        for v in self.graph.vertices:
            part = meta.get(v.fingerprint)
            if part is None:
                continue
            prefix = f"{v.fingerprint}/"
            blobs = {i.removeprefix(prefix): blob for i, blob in load([prefix + i for i in part["live"]])}
            self._seen[v.fingerprint] = part["watermark"]
            counts = Counts.from_dict(part["counts"])
            v.operator.counts = counts.edited() if edited else counts
            if part["stateful"]:
                v.operator.restore(Snapshot(part["meta"], {}, frozenset(part["live"])), blobs)

    def recall(self, meta: Mapping[str, Any]) -> None:
        """Take over counts and watermarks of stored parts and none of their state: to be shown, not to run."""
        for v in self.graph.vertices:
            part = meta.get(v.fingerprint)
            if part is not None:
                v.operator.counts = Counts.from_dict(part["counts"])
                if isinstance(v.operator, Source) and part["stateful"]:
                    v.operator.restore(Snapshot(part["meta"], {}, frozenset()), {})

    def require_fit(self, meta: Mapping[str, Any]) -> None:
        """Raises StateError where stored state does not fit the plan, or has another format."""
        have = {v.fingerprint: v.operator.name for v in self.graph.vertices if v.operator.stateful}
        stored = {k: part["operator"] for k, part in meta.items() if part["stateful"]}
        unmatched = sorted(stored[k] for k in stored.keys() - have.keys())
        missing = sorted(have[k] for k in have.keys() - meta.keys())
        if unmatched or missing:
            parts = []
            if missing:
                parts.append("there is no state for " + ", ".join(missing))
            if unmatched:
                parts.append("nothing takes over the state of " + ", ".join(unmatched))
            raise StateError(
                "the query has changed: " + "; ".join(parts),
                code="state-mismatch",
                hint="penstock run DIR --fresh drops the state and results and reads the log again; penstock diff DIR"
                " shows what penstock apply DIR would keep instead",
            )
        for v in self.graph.vertices:
            part = meta.get(v.fingerprint)
            if part is not None and part["version"] not in {v.operator.version, *v.operator.older}:
                raise StateError(
                    f"the state of {v.operator.name} has format {part['version']}, this version of Penstock reads"
                    f" {v.operator.version}",
                    code="state-version",
                    hint="run with --fresh to read the log again",
                )

    @property
    def state_bytes(self) -> int:
        """Memory of all operators' state."""
        return sum(v.operator.state_bytes for v in self.graph.vertices)
