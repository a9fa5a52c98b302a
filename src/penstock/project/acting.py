"""What commands ask of a project, whether this process acts on it or the one that runs it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from penstock.engine.why import Reason
    from penstock.history import Limits, Result
    from penstock.project.rebuild import Closed
    from penstock.project.replay import Replayed

__all__ = ["Project"]


class Project(Protocol):
    """A part of `Penstock`, whose methods say what these do."""

    def pipeline_names(self) -> list[str]: ...

    def query(self, sql: str, limits: Limits | None = None, zone: str = "UTC") -> Result: ...

    def ledger(self) -> pl.DataFrame: ...

    def why(self) -> list[Reason]: ...

    def rejects(self) -> pl.DataFrame: ...

    def late(self) -> pl.DataFrame: ...

    def closed_windows(
        self, ids: Sequence[int], *, late_rows: bool = False, mend: Callable[[bytes], bytes] | None = None
    ) -> list[Closed]: ...

    def replay(
        self,
        ids: Sequence[int],
        *,
        late_rows: bool = False,
        mend: Callable[[bytes], bytes] | None = None,
        force: bool = False,
        rebuild: bool = False,
    ) -> Replayed: ...

    def savepoint(self, name: str, pipeline: str) -> None: ...

    def create_topic(
        self, name: str, partitions: int | None = None, configs: Mapping[str, object] | None = None
    ) -> int: ...

    def close(self) -> None: ...
