"""What the answer to a question depends on, and how far that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.history import read_question
from penstock.jobs.runs import RUNS
from penstock.project.jobs.execution import rows_owed
from penstock.project.tables import OPEN
from penstock.project.topics import topic_of
from penstock.sql.catalog import SYSTEM_DATABASE, Table

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["Dependencies"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Topics, tables whose rows come with commits, tables whose open windows are asked for, or `everything`."""

    penstock: Penstock
    topics: frozenset[str]
    tables: frozenset[tuple[str, ...]]
    opened: frozenset[tuple[str, ...]]
    everything: bool

    @classmethod
    def of(cls, penstock: Penstock, sql: str) -> Dependencies:
        """Those of a question. Raises QueryError where it is none."""
        topics: set[str] = set()
        tables: set[tuple[str, ...]] = set()
        opened: set[tuple[str, ...]] = set()
        everything = False
        known = {t.name for t in penstock.log.topics()}
        for name in read_question(sql).tables:
            found = penstock.catalog.find((*name[:-1], name[-1].removesuffix(OPEN)))
            if name[0] == SYSTEM_DATABASE or not isinstance(found, Table):
                topics |= {name[-1]} & known
                everything |= name[-1] not in known
            elif name[-1].endswith(OPEN):
                opened.add(found.path)
            else:
                tables.add(found.path)
                topics |= {topic_of(found) or ""} - {""}
        return cls(penstock, frozenset(topics), frozenset(tables), frozenset(opened), everything)

    @property
    def watched(self) -> frozenset[str]:
        """The topics whose growth may change the answer; a warehouse changes with the runs of its loads."""
        if not self.everything:
            return self.topics
        return frozenset(t.name for t in self.penstock.log.topics() if not t.name.startswith("__")) | {RUNS}

    def concerns(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> bool:
        """Whether the answer may be another, after topics were appended to or pipelines writing `tables` have moved."""
        if self.everything and (topics or committed):
            return True
        return bool(topics & self.topics or tables & self.opened or (committed and tables & self.tables))

    def stand(self) -> Any:
        """How far all of it is: where it is the same, the answer is."""
        log = self.penstock.log
        there = {t.name for t in log.topics()}
        running = self.penstock.running
        return (
            [log.ends(topic) for topic in sorted(self.topics & there)],
            [log.end_seq(), rows_owed(log)] if self.everything else [],
            [c.epoch for c in log.state.checkpoints()] if self.tables or self.everything else [],
            [one.through for one in running] if self.opened else [],
        )
