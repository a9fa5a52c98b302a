"""The kind ``ingest``: the rows of sources become messages of a topic, each source a step of its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penstock.connectors.kafka import ensure_declared
from penstock.core.errors import ConfigError, WarehouseError, did_you_mean
from penstock.core.options import Option, text, texts
from penstock.jobs import Outcome, RunClock, Step
from penstock.project.jobs import execution
from penstock.project.topics import require_not_system
from penstock.project.warehouse.loads import Loads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.jobs import Job, Note, Run
    from penstock.project.penstock import Penstock

__all__ = ["Ingest"]

SOURCES: Option[tuple[str, ...]] = Option(
    "sources", texts('a list of sources: ["api_users"]'), (), "The sources, files of sources/.", required=True
)
TOPIC = Option("topic", text, "", "The topic of the project's log that gets their rows.", required=True)
ON_REQUEST: Option[tuple[str, ...]] = Option(
    "on-request",
    texts('a list of sources: ["customers"]'),
    (),
    "Those that a run takes too if its parameter also, a STRING, names them, separated by commas; all takes each.",
)
BROKER = Option("broker", text, "", "Refused: topics are those of the project's log for now.")

_ALSO, _ALL = "also", "all"


class Ingest:
    """A record that was sent already is not sent again, so a run that is repeated adds nothing.

    Each run is a row of the warehouse's table `pipeline_executions`, as those of loads are: at once, or as soon as the
    warehouse can be reached.
    """

    options: tuple[Option[Any], ...] = (SOURCES, TOPIC, ON_REQUEST, BROKER)

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._loads = Loads(penstock)

    def require(self, job: Job) -> None:
        """Raises ConfigError where there is no such source, one is a topic itself, or a broker is named."""
        from penstock.warehouse.sources.topic import require_no_broker

        require_no_broker(job.table)
        require_not_system(job.options[TOPIC])
        for option in (SOURCES, ON_REQUEST):
            for name in job.options[option]:
                if self._loads.source(name, job.table.where(option.name)).kind == "topic":
                    raise ConfigError(
                        f"source {name} is a topic, and what it has are messages already",
                        code="job-ingest",
                        where=job.table.where(option.name),
                    )
        if job.options[ON_REQUEST] and _ALSO not in (parameter.name for parameter in job.parameters):
            raise ConfigError(
                f"on-request goes with the parameter {_ALSO}, by which a run asks for such sources",
                code="job-ingest",
                where=job.table.where(ON_REQUEST.name),
                hint=f"parameters = [\"{_ALSO} STRING = ''  Which of them, or {_ALL}\"]",
            )

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One for each source. Raises ConfigError where the run asks for one that there is not."""
        names = [*job.options[SOURCES], *_also(job, run)]
        away = ""
        try:
            execution.begin(self._penstock, run)
        except WarehouseError as error:
            away = f"{error.message}: the run has its row of pipeline_executions once it can be used"
        return [self._step(name, job.options[TOPIC], "" if at else away) for at, name in enumerate(names)]

    def _step(self, name: str, topic: str, away: str) -> Step:
        return Step(name, lambda note: self._do(name, topic, away, note), alone=True)

    def _do(self, name: str, topic: str, away: str, note: Note) -> Outcome:
        from penstock.warehouse.ingestion import Ingestion
        from penstock.warehouse.sources.away import AwayError

        if away:
            note(away, "warning")
        note.phase("extract")
        penstock = self._penstock
        ensure_declared(penstock.world, topic)
        ingestion = Ingestion(penstock.log, topic, penstock.clock)
        try:
            reader = self._loads.reader(name, RunClock(penstock.clock, note))
            sent = ingestion.ingest(name, reader, lambda: note.phase("send"))
        except AwayError as error:
            note(str(error), "warning")
            return Outcome(note=error.message, partial=True)
        if sent.dropped:
            note(f"{sent.dropped:,} rows cannot be read, and are no messages", "warning")
        return Outcome(
            counts=asdict(sent),
            changes={topic: {"inserted": sent.loaded, "updated": 0, "deleted": 0}},
            note="none of its rows can be read" if sent.is_refused else "",
            partial=sent.is_refused,
        )


def _also(job: Job, run: Run) -> list[str]:
    """The sources that a run asks for, of those that are taken on request."""
    there = job.options[ON_REQUEST]
    asked = [name.strip() for name in run.parameters.get(_ALSO, "").split(",") if name.strip()]
    if asked == [_ALL]:
        return list(there)
    for name in asked:
        if name not in there:
            raise ConfigError(
                f"job '{job.name}' takes no source '{name}' on request",
                code="job-ingest",
                where=job.where,
                hint=did_you_mean(name, there) or (f"there are {', '.join(there)}" if there else "it takes none"),
            )
    return [name for name in there if name in asked]
