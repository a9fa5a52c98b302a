"""The kind ``check``: a question that is to have no rows for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, DataError, QueryError
from penstock.core.options import Option, choice, integer, text
from penstock.history import Limits, Stop
from penstock.jobs import Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.jobs import Job, Note, Run
    from penstock.project.penstock import Penstock

__all__ = ["Check"]

QUERY = Option(
    "query", text, "", "A SELECT as `penstock query` takes it, $NAME for a parameter: the rows that are wrong."
)
MOST = Option("most", integer(0), 0, "So many rows are well.")
CONSEQUENCE = Option(
    "consequence", choice("fail", "warn"), "fail", "What more rows mean: the run fails, or has partial success."
)

_ROWS = 10_000
_SECONDS = 3_600.0
_SHOWN = 20

_SAME = {"unknown-table", "syntax", "empty", "many", "not-select", "forbidden", "parameter"}
"""What is wrong with a question whenever it is asked: its codes, after `query-`."""
_UNBOUND = ("Binder Error", "Catalog Error", "Parser Error")


class Check:
    """Asks, and shows the first of the rows that are wrong."""

    options: tuple[Option[Any], ...] = (QUERY, MOST, CONSEQUENCE)

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock

    def require(self, job: Job) -> None:
        """Raises ConfigError where nothing is asked."""
        if not job.options[QUERY].strip():
            raise ConfigError(
                "a job of kind check needs a query for the rows that are wrong",
                code="job-check",
                where=job.where,
                hint='query = "SELECT * FROM orders WHERE amount < 0"',
            )

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One: the question."""
        return [Step("check", lambda note: self._do(job, run, note))]

    def _do(self, job: Job, run: Run, note: Note) -> Outcome:
        values = {p.name: p.read(run.parameters.get(p.name)) for p in job.parameters}
        most = job.options[MOST]
        stop = Stop()
        limits = Limits(_ROWS, job.timeout / 1000 or _SECONDS, cut=True)
        try:
            with note.interrupting(stop.cancel):
                answer = self._penstock.query(job.options[QUERY], limits, parameters=values, stop=stop)
        except QueryError as error:
            if error.code.removeprefix("query-") in _SAME or error.message.startswith(_UNBOUND):
                where = job.table.where(QUERY.name)
                raise ConfigError(error.message, code=error.code, where=where, hint=error.hint) from None
            raise
        wrong = answer.frame.height
        counts = {"wrong": wrong}
        if wrong <= most:
            return Outcome(counts)
        for row in answer.frame.head(_SHOWN).iter_rows(named=True):
            note("  ".join(f"{name}={value}" for name, value in row.items()), "warning")
        said = f"{wrong:,}{'' if answer.complete else ' or more'} rows are wrong, {most:,} may be"
        if job.options[CONSEQUENCE] == "warn":
            return Outcome(counts, note=said, partial=True)
        raise DataError(said, code="check-failed", where=job.where)
