"""What commands ask of a project, whether this process acts on it or the one that runs it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from penstock.engine.why import Reason
    from penstock.history import Limits, Result
    from penstock.project.access.accounts import Accounts
    from penstock.project.alerts.states import AlertState
    from penstock.project.edit.apply import Applied
    from penstock.project.edit.compare import Comparison
    from penstock.project.edit.difference import Difference
    from penstock.project.edit.files import FileDifference
    from penstock.project.groups import Moved
    from penstock.project.loss import Loss
    from penstock.project.memory import Memory
    from penstock.project.operations import Operation
    from penstock.project.quality import State
    from penstock.project.rebuild import Closed
    from penstock.project.replay import Replayed
    from penstock.project.savepoints import Kept, Restored
    from penstock.project.set_aside import Kind
    from penstock.project.settings_change import SettingChanged, Value
    from penstock.project.standing import Standing
    from penstock.project.steer import Act

__all__ = ["Project"]


class Acts(Protocol):
    """A part of `operations.Operations`."""

    def list(self) -> list[Operation]: ...

    def cancel(self, identity: str) -> Operation: ...


class Rules(Protocol):
    """A part of `quality.Quality`."""

    def results(self) -> pl.DataFrame: ...

    def rows(self, rows: int | None = None, rule: str | None = None, state: State | None = None) -> pl.DataFrame: ...

    def fix(self, ids: Sequence[str], values: Mapping[str, Any], expressions: Mapping[str, str]) -> pl.DataFrame: ...

    def replay(self, ids: Sequence[str]) -> pl.DataFrame: ...

    def discard(self, ids: Sequence[str], reason: str) -> int: ...


class Project(Protocol):
    """A part of `Penstock`, whose methods say what these do."""

    def pipeline_names(self) -> list[str]: ...

    def query(self, sql: str, limits: Limits | None = None, zone: str = "UTC") -> Result: ...

    def ask_saved(self, name: str, given: Mapping[str, str]) -> Result: ...

    def ledger(self) -> pl.DataFrame: ...

    def why(self) -> list[Reason]: ...

    def set_aside(self, kind: Kind, rows: int, before: int | None = None, code: str | None = None) -> pl.DataFrame: ...

    def set_aside_counts(self, kind: Kind) -> pl.DataFrame: ...

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

    def discard(self, kind: Kind, ids: Sequence[int], reason: str) -> int: ...

    def pipelines(self) -> list[Standing]: ...

    def steer(
        self, name: str, act: Act, *, parallelism: int | None = None, checkpoint_interval: int | None = None
    ) -> Standing: ...

    def savepoint(self, name: str, pipeline: str) -> None: ...

    def savepoints(self) -> list[Kept]: ...

    def restore(self, name: str) -> Restored: ...

    def drop_savepoint(self, name: str) -> None: ...

    def difference(self) -> Difference: ...

    def file_differences(self) -> list[FileDifference]: ...

    def apply(self, token: str) -> Applied: ...

    def compare(self, name: str, since: str, key: Sequence[str] = ()) -> Comparison: ...

    def create_topic(
        self, name: str, partitions: int | None = None, configs: Mapping[str, object] | None = None
    ) -> int: ...

    def alter_topic(
        self,
        name: str,
        partitions: int | None = None,
        configs: Mapping[str, object | None] | None = None,
        token: str = "",
    ) -> tuple[int, Mapping[str, str]]: ...

    def topic_loss(self, name: str, configs: Mapping[str, object | None] | None = None) -> Loss: ...

    def delete_topic(self, name: str, token: str) -> Loss: ...

    def produce(
        self,
        name: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Mapping[str, bytes | None] | None = None,
        partition: int | None = None,
        checked: bool = True,
    ) -> tuple[int, int]: ...

    def reset_group(
        self,
        group: str,
        topic: str,
        to: Literal["earliest", "latest"] | Mapping[int, int] | None = None,
        *,
        shift: int | None = None,
        time: str | None = None,
        preview: bool = False,
    ) -> list[Moved]: ...

    def delete_group(self, group: str) -> None: ...

    def memory(self) -> Memory: ...

    def change_setting(self, section: str, name: str, value: Value, tag: str | None = None) -> SettingChanged: ...

    def alert_states(self) -> list[AlertState]: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def operations(self) -> Acts: ...

    @property
    def quality(self) -> Rules: ...

    def close(self) -> None: ...
