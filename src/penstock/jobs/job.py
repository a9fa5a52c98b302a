"""`Job`: bounded work with a name, as jobs.toml says it (docs/jobs.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from penstock.core.errors import ConfigError, PenstockError, QueryError, did_you_mean
from penstock.core.file_pattern import require_pattern
from penstock.core.options import Option, choice, duration, integer, text, texts
from penstock.core.parameters import TYPES, declared
from penstock.core.toml_table import read_toml
from penstock.jobs.notify import NOTIFY, Notify, read_notify
from penstock.jobs.retry import Retry
from penstock.jobs.schedule import CRON, Schedule
from penstock.sql.config import ZONE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from penstock.core.options import Values
    from penstock.core.parameters import Parameter
    from penstock.core.toml_table import TomlTable
    from penstock.jobs.run import Run
    from penstock.jobs.step import Step

__all__ = ["FILE", "OPTIONS", "Job", "Kind", "Listed", "read_jobs"]

FILE = "jobs.toml"
FILE_PARAMETER = "file"
"""The parameter that gets the path of a file that is new."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")

KIND = Option("kind", text, "", "What it does: one of the kinds below.", required=True)
DESCRIPTION = Option("description", text, "", "What it is for, in a sentence.")
SCHEDULE = Option("schedule", CRON, "", "When it is due; without one it is done when something else asks for it.")
JOB_ZONE = Option("zone", ZONE, "", "The time zone of the schedule; the project's if left out.")
AFTER: Option[tuple[str, ...]] = Option(
    "after",
    texts('a list of jobs: ["load_orders"]'),
    (),
    "It is done each time that a run of one of these has succeeded, with partial success too.",
)
ON_FILE = Option(
    "on-file",
    text,
    "",
    'Files of the project, such as "data/raw/*.csv": it is done when one is new or has changed, and is whole.',
)
ON_ROW = Option(
    "on-row",
    text,
    "",
    "A SELECT in Flink's SQL, which goes on while the project runs: it is done for each row, whose columns are its"
    " parameters.",
)
CATCH_UP = Option(
    "catch-up",
    choice("latest", "all", "skip"),
    "latest",
    "What becomes of moments that passed while nothing ran: the latest one is made up for, all are, or none.",
)
TIMEOUT = Option("timeout", duration, 0, "How long an attempt may take; 0 = as long as it does.")
RETRIES = Option("retries", integer(0, 100), 3, "How often it is tried again after a failure.")
RETRY_DELAY = Option(
    "retry-delay", duration, 10_000, "How long the first retry waits, at most; each later one twice as long."
)
RETRY_LONGEST = Option("retry-longest", duration, 600_000, "How long a retry waits at most.")
CONCURRENCY = Option("concurrency", integer(1, 1_000), 1, "How many of its runs may go on at once.")
PARAMETERS: Option[tuple[str, ...]] = Option(
    "parameters",
    texts('a list such as ["day DATE", "days BIGINT = 7  How far back"]'),
    (),
    "Values that a run may be given: NAME TYPE, or NAME TYPE = DEFAULT, and what it is.",
)

OPTIONS: tuple[Option[Any], ...] = (
    KIND,
    DESCRIPTION,
    SCHEDULE,
    JOB_ZONE,
    AFTER,
    ON_FILE,
    ON_ROW,
    CATCH_UP,
    TIMEOUT,
    RETRIES,
    RETRY_DELAY,
    RETRY_LONGEST,
    CONCURRENCY,
    PARAMETERS,
)
"""Those of every job; its kind has more."""


class Kind(Protocol):
    """What jobs of one kind do."""

    options: tuple[Option[Any], ...]

    def require(self, job: Job) -> None:
        """Raises ConfigError or SqlError where what the job says does not fit."""
        ...

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """What a run does, in this order; the same steps by name whenever it is asked for the same run."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """A job; times in ms. `options` are all that it says, those of its kind among them; `table` is its section."""

    name: str
    kind: str
    options: Values
    table: TomlTable
    description: str = ""
    schedule: Schedule | None = None
    after: tuple[str, ...] = ()
    on_file: str = ""
    on_row: str = ""
    catch_up: str = CATCH_UP.default
    timeout: int = 0
    retry: Retry = field(default_factory=Retry)
    concurrency: int = 1
    parameters: tuple[Parameter, ...] = ()
    notify: Notify = field(default_factory=Notify)

    @property
    def where(self) -> str:
        """Its place in the file."""
        return self.table.where()

    def values(self, given: Mapping[str, object]) -> dict[str, str]:
        """The texts of all parameters: those `given` and the defaults; one that is NULL is left out.

        Raises ConfigError for one that is missing, unknown or of another type.
        """
        known = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"job '{self.name}' has no parameter '{name}'",
                    code="job-parameter",
                    where=self.where,
                    hint=did_you_mean(name, known) or (f"it has {', '.join(known)}" if known else "it takes none"),
                )
        found = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if value is None and parameter.required:
                raise ConfigError(
                    f"job '{self.name}' needs parameter {parameter.name}, {TYPES[parameter.type][1]}",
                    code="job-parameter",
                    where=self.where,
                    hint=parameter.description,
                )
            try:
                parameter.read(value)
            except QueryError as error:
                raise ConfigError(error.message, code="job-parameter", where=self.where) from None
            if value is not None:
                found[parameter.name] = str(value).lower() if isinstance(value, bool) else str(value)
        return found


@dataclass(frozen=True, slots=True)
class Listed:
    """A section [jobs.NAME] of the file: its job, or the `error` that it has instead."""

    name: str
    job: Job | None = None
    error: PenstockError | None = None


def read_jobs(said: str, kinds: Mapping[str, Kind], zone: str = "UTC", channels: Collection[str] = ()) -> list[Listed]:
    """The jobs of a file, in its order; one that is wrong says so. `zone` and `channels` are the project's.

    Raises ConfigError for what is no TOML, and for what stands outside [jobs.NAME].
    """
    document = read_toml(said, FILE)
    for name in document.given:
        if name != "jobs":
            raise ConfigError(
                f"'{name}' is no part of {FILE}",
                code="job-section",
                where=document.where(name),
                hint=did_you_mean(name, ["jobs"]) or "a job is a section [jobs.NAME]",
            )
    tables = document.tables("jobs")
    found = []
    for name, table in tables.items():
        try:
            found.append(Listed(name, _job(name, table, [*tables], kinds, zone, channels)))
        except PenstockError as error:
            found.append(Listed(name, error=error))
    return _unlooped(found)


def _job(
    name: str, table: TomlTable, names: list[str], kinds: Mapping[str, Kind], zone: str, channels: Collection[str]
) -> Job:
    table.require_name(name, _NAME, "a job", code="job-name", allowed="small letters, digits, - and _, up to 100")
    kind = _kind(name, table, kinds)
    values = table.without(NOTIFY).values((*OPTIONS, *kinds[kind].options))
    for other in values[AFTER]:
        if other not in names or other == name:
            others = [n for n in names if n != name]
            raise ConfigError(
                f"job '{name}' is to be done after '{other}', and there is no such other job",
                code="job-after",
                where=table.where(AFTER.name),
                hint=did_you_mean(other, others) or (f"there are {', '.join(others)}" if others else "it is alone"),
            )
    if values[ON_FILE]:
        where = table.where(ON_FILE.name)
        require_pattern(values[ON_FILE], where, code="job-file", hint='on-file = "data/raw/*.csv"')
    cron = values[SCHEDULE]
    if values.given(JOB_ZONE) and not cron:
        raise ConfigError(
            "zone is that of a schedule, and there is none",
            code="job-zone",
            where=table.where(JOB_ZONE.name),
            hint='schedule = "0 2 * * *"',
        )
    job = Job(
        name=name,
        kind=kind,
        options=values,
        table=table,
        description=values[DESCRIPTION],
        schedule=Schedule(cron, values[JOB_ZONE] or zone) if cron else None,
        after=values[AFTER],
        on_file=values[ON_FILE],
        on_row=values[ON_ROW].strip().removesuffix(";"),
        catch_up=values[CATCH_UP],
        timeout=values[TIMEOUT],
        retry=Retry(values[RETRIES], values[RETRY_DELAY], values[RETRY_LONGEST]),
        concurrency=values[CONCURRENCY],
        parameters=_parameters(values[PARAMETERS], table),
        notify=read_notify(table, channels),
    )
    _require_defaults(job)
    kinds[kind].require(job)
    return job


def _kind(name: str, table: TomlTable, kinds: Mapping[str, Kind]) -> str:
    kind = table.given.get(KIND.name)
    if isinstance(kind, str) and kind in kinds:
        return kind
    said = "it does not say one" if kind is None else f"'{kind}' is none"
    raise ConfigError(
        f"job '{name}' needs a kind, and {said}",
        code="job-kind",
        where=table.where(KIND.name),
        hint=did_you_mean(str(kind), kinds) or f"kind is one of {', '.join(kinds)}",
    )


def _parameters(lines: tuple[str, ...], table: TomlTable) -> tuple[Parameter, ...]:
    where = table.where(PARAMETERS.name) if lines else ""
    found: dict[str, Parameter] = {}
    for line in lines:
        parameter = declared(line, where, code="job-parameter")
        if parameter.name in found:
            raise ConfigError(f"parameter '{parameter.name}' is declared twice", code="job-parameter", where=where)
        found[parameter.name] = parameter
    return tuple(found.values())


def _require_defaults(job: Job) -> None:
    """Raises ConfigError where the job is done by itself, and nobody could say the value of a parameter."""
    alone = job.schedule or job.after or job.on_file
    for parameter in job.parameters if alone else ():
        if parameter.required and not (parameter.name == FILE_PARAMETER and not (job.schedule or job.after)):
            raise ConfigError(
                f"job '{job.name}' is done by itself, and nobody gives it parameter {parameter.name} then",
                code="job-parameter",
                where=job.table.where(PARAMETERS.name),
                hint=f"give it a default: {parameter.name} {parameter.type} = ...",
            )


def _unlooped(found: list[Listed]) -> list[Listed]:
    """With an error in place of each job that is, through others, done after itself."""
    after = {one.name: one.job.after for one in found if one.job is not None}

    def earlier(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [*after.get(name, ())]
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting += after.get(other, ())
        return seen

    def checked(one: Listed) -> Listed:
        if one.job is None or one.name not in earlier(one.name):
            return one
        where = one.job.table.where(AFTER.name)
        return Listed(
            one.name, error=ConfigError(f"job '{one.name}' is done after itself", code="job-after", where=where)
        )

    return [checked(one) for one in found]
