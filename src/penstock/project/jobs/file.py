"""`JobFile`: jobs.toml of a project, as it is whenever it is asked."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, SqlError, did_you_mean
from penstock.jobs import read_jobs
from penstock.jobs.job import FILE
from penstock.project.jobs.rows import fitting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.jobs import Job, Kind, Listed
    from penstock.project.penstock import Penstock

__all__ = ["JobFile"]

_MOST_BYTES = 1 << 20


class JobFile:
    """It is read again where it, or the SQL that its jobs are read against, has changed. Threads may share it."""

    def __init__(self, penstock: Penstock, kinds: Mapping[str, Kind]) -> None:
        self._penstock = penstock
        self._kinds = kinds
        self._lock = Lock()
        self._seen: object = None
        self._listed: list[Listed] = []
        self._error: PenstockError | None = None

    def listed(self) -> list[Listed]:
        """The jobs, in its order; none where there is no file. Raises ConfigError."""
        with self._lock:
            self._read()
            if self._error is not None:
                raise self._error.with_traceback(None)
            return self._listed

    def good(self) -> dict[str, Job]:
        """Those that can be done, by name; while the file is wrong, those that it said before."""
        with self._lock:
            self._read()
            return {one.name: one.job for one in self._listed if one.job is not None}

    def known(self) -> set[str]:
        """The names of those that it said when it was read last, wrong ones too."""
        with self._lock:
            return {one.name for one in self._listed}

    def require(self, name: str) -> Listed:
        """What it says of the job called so. Raises ConfigError where there is none."""
        known = {one.name: one for one in self.listed()}
        if name not in known:
            hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else f"{FILE} has none")
            raise ConfigError(f"there is no job '{name}'", code="job-unknown", hint=hint)
        return known[name]

    def get(self, name: str) -> Job:
        """The job called so. Raises ConfigError where there is none, and the error of one that is wrong."""
        found = self.require(name)
        if found.job is None:
            assert found.error is not None
            raise found.error.with_traceback(None)
        return found.job

    def _read(self) -> None:
        penstock = self._penstock
        if penstock.home is None:
            return
        path = penstock.folder / FILE
        try:
            found = path.stat()
            seen: object = found.st_mtime_ns, found.st_size, self._catalog()
            if seen == self._seen:
                return
            if found.st_size > _MOST_BYTES:
                raise ConfigError(f"{FILE} is larger than {_MOST_BYTES >> 20} MB", code="job-file")
            said = penstock.settings
            listed = fitting(read_jobs(path.read_text("utf-8"), self._kinds, said.time_zone, said.notify), penstock)
        except FileNotFoundError:
            seen, listed = None, []
        except (OSError, UnicodeDecodeError) as error:
            self._error = ConfigError(f"{FILE} cannot be read: {error}", code="job-file")
            return
        except PenstockError as error:
            self._seen, self._error = seen, error
            return
        self._seen, self._listed, self._error = seen, listed, None

    def _catalog(self) -> int:
        """What the SQL of jobs is read against; it is another after an apply."""
        try:
            return id(self._penstock.session)
        except SqlError:
            return 0
