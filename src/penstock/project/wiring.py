"""Tables to readers and sinks: where the engine meets what is outside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from penstock.connectors import CONNECTORS, connector_named
from penstock.connectors.events import EventsReader, EventsScan
from penstock.connectors.kafka import (
    BOUNDED_MODE,
    TOPIC,
    TopicSink,
    ensure_topic,
    log_scan,
    record_encoder,
    value_format,
)
from penstock.connectors.log_reader import LogReader
from penstock.connectors.spec import IDLE_TIMEOUT, TableOptions
from penstock.connectors.upsert_kafka import key_fields, upsert_encoder, upsert_scan
from penstock.core.errors import UnsupportedError
from penstock.engine.operators.sink import Enforcement
from penstock.engine.operators.source import ScanSettings
from penstock.engine.values import ValuesReader
from penstock.incidents import ALERT
from penstock.project.alerts.alert_table import alert_sink
from penstock.project.collector import Collector
from penstock.project.replays import PassedOver, foremost
from penstock.sql import plan as p
from penstock.sql.session import SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from penstock.connectors.events import EventsFile
    from penstock.connectors.log_scan import LogScan
    from penstock.connectors.world import World
    from penstock.core.edges import Reader, Sink
    from penstock.engine.graph import Graph, Vertex
    from penstock.engine.operators.source import Source

__all__ = ["LOG_CONNECTORS", "Wiring"]

LOG_CONNECTORS = ("kafka", "upsert-kafka", "http")


class Wiring:
    """How one pipeline gets at its tables; the engine's `Connect`.

    `idle_timeout` (ms) holds where a table says nothing. With `events` every table is fed from that file,
    whatever its connector; `manual_time` then ignores the declared watermarks.
    """

    def __init__(
        self, world: World, idle_timeout: int, *, events: EventsFile | None = None, manual_time: bool = False
    ) -> None:
        self.world = world
        self.idle_timeout = idle_timeout
        self.events = events
        self.manual_time = manual_time
        self.enforcement = Enforcement()
        self.collect: Callable[[str, pl.DataFrame], None] | None = None
        """Takes the rows of a SELECT, with the table's name."""
        self.collect_all = events is not None
        """Whether it takes the rows of every INSERT too, instead of their tables."""

    # -- what the engine asks ----------------------------------------------------------------------

    def scan(self, scan: p.Scan) -> ScanSettings:
        options = self._options(scan)
        idle = options.values[IDLE_TIMEOUT]
        idle = self.idle_timeout if idle is None else idle
        if self.events is not None:
            return ScanSettings(1, 0, options.connector.strict_time, self.manual_time, options.metadata_types)
        if options.connector.name in LOG_CONNECTORS:
            ensure_topic(options, self.world)
            partitions = self.world.log.topic(options.values[TOPIC]).partitions
            return ScanSettings(partitions, idle, options.connector.strict_time, metadata=options.metadata_types)
        return ScanSettings(1, idle, options.connector.strict_time, metadata=options.metadata_types)

    def _collects(self, plan: p.Sink) -> bool:
        return self.collect is not None and (plan.table.connector == SHOWN or self.collect_all)

    def upsert_key(self, plan: p.Sink) -> tuple[str, ...]:
        connector = CONNECTORS.get(plan.table.connector)
        upserts = connector is not None and connector.changes and not self._collects(plan)
        return plan.table.primary_key if upserts else ()

    def sink(self, plan: p.Sink) -> Sink:
        if self.collect is not None and self._collects(plan):
            return Collector(partial(self.collect, plan.table.name))
        if plan.table.connector == ALERT:
            return alert_sink(plan.table)
        options = TableOptions(plan.table, connector_named(plan.table), dict(plan.options))
        if not options.connector.sink:
            raise UnsupportedError(
                f"connector '{options.connector.name}' cannot be written to", code="connector-sink", where=options.where
            )
        if options.connector.name in LOG_CONNECTORS:
            encoder = upsert_encoder if options.connector.changes else record_encoder
            made = encoder(options, self.world).records
            ensure_topic(options, self.world)
            return TopicSink(options.values[TOPIC], made)
        assert options.connector.make_sink is not None
        return options.connector.make_sink(plan, options, self.world)

    def _options(self, scan: p.Scan) -> TableOptions:
        connector = connector_named(scan.table)
        options = TableOptions(scan.table, connector, dict(scan.options))
        if connector.changes:
            key_fields(options)
        if not connector.source:
            raise UnsupportedError(
                f"connector '{connector.name}' cannot be read from", code="connector-source", where=options.where
            )
        options.check_metadata(written=False)
        return options

    # -- readers -----------------------------------------------------------------------------------

    def readers(self, graph: Graph, pipeline: str) -> list[tuple[Reader, list[str]]]:
        """The readers that feed the scans of `graph`, of the pipeline of that name, each with the keys of those."""
        found: list[tuple[Reader, list[str]]] = []
        if graph.values:
            frames = {graph.vertices[i].fingerprint: frame for i, frame in graph.values.items()}
            found.append((ValuesReader(frames), list(frames)))
        scans = [(graph.vertices[i], source) for i, source in graph.sources.items() if i not in graph.values]
        if self.events is not None:
            return [*found, *self._events_reader(scans, self.events)]
        logged: list[LogScan] = []
        idle = False
        for vertex, source in scans:
            assert isinstance(vertex.node, p.Scan)
            options = self._options(vertex.node)
            needs = source.needs
            if options.connector.name in LOG_CONNECTORS:
                made = upsert_scan if options.connector.changes else log_scan
                logged.append(made(vertex.node, vertex.fingerprint, options, needs, self.world))
                idle |= self.scan(vertex.node).idle_timeout > 0
            else:
                assert options.connector.make_reader is not None
                reader = options.connector.make_reader(vertex.node, vertex.fingerprint, options, needs, self.world)
                found.append((reader, [vertex.fingerprint]))
        if logged:
            if not self.world.bounded:
                _require_one_end(logged)
            reader = LogReader(
                self.world.log,
                logged,
                ticks=idle,
                skip_lost=self.world.skip_lost,
                traced=self.world.traced,
                passed_over=PassedOver(self.world.log, pipeline),
                foremost=lambda: foremost(self.world.log, pipeline, {s.topic for s in logged}),
            )
            if logged[0].bounded:
                reader.bound()
            found.append((reader, [s.key for s in logged]))
        return found

    def _events_reader(self, scans: list[tuple[Vertex, Source]], events: EventsFile) -> list[tuple[Reader, list[str]]]:
        """One reader for all tables: the events file has one order over them."""
        if not scans:
            return []
        made = []
        for vertex, source in scans:
            assert isinstance(vertex.node, p.Scan)
            table = vertex.node.table
            options = self._options(vertex.node)
            by_name = {c.name: c for c in table.columns}
            needs = source.needs
            types = options.metadata_types
            metadata = {n: (by_name[n].metadata or "", types[n].polars) for n in needs if n in types}
            wanted = tuple(n for n in needs if by_name[n].is_physical)
            logged = options.connector.name in LOG_CONNECTORS
            use = value_format(options, self.world) if logged else options.value_format
            decoder = use.decoder(options.physical, wanted)
            changes = options.connector.changes
            made.append(EventsScan(vertex.fingerprint, table.name, wanted, metadata, decoder, changes))
        return [(EventsReader(events, made), [s.key for s in made])]


def _require_one_end(scans: list[LogScan]) -> None:
    """The topics of a pipeline are read as one input: all of them end, or none."""
    open_ended = sorted(s.topic for s in scans if not s.bounded)
    ending = sorted(s.topic for s in scans if s.bounded)
    if open_ended and ending:
        raise UnsupportedError(
            f"topic {ending[0]} is read to its end, and topic {open_ended[0]} without one, in one pipeline",
            code="bounded-mixed",
            hint=f"give both '{BOUNDED_MODE.name}' = 'latest-offset', or neither",
        )
