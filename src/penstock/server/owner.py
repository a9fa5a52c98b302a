"""A project that another process runs, through the socket in its folder: it answers what commands ask."""

from __future__ import annotations

import base64
import datetime as dt
import io
import socket
from contextlib import closing
from dataclasses import fields
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import orjson
import polars as pl

from penstock.core.errors import InternalError, LockedError, PenstockError, StateError
from penstock.engine.why import Reason
from penstock.history import Limits, Result
from penstock.project.alerts.states import AlertState
from penstock.project.edit.apply import Applied
from penstock.project.edit.compare import Compared, Comparison
from penstock.project.edit.difference import Difference, PipelineChange
from penstock.project.edit.files import FileChange, FileDifference
from penstock.project.edit.transition import OperatorChange
from penstock.project.groups import Moved
from penstock.project.loss import Loss
from penstock.project.memory import Held, Memory
from penstock.project.rebuild import Closed
from penstock.project.replay import Replayed
from penstock.project.savepoints import Kept, Restored
from penstock.project.set_aside import pages
from penstock.project.settings_change import SettingChanged, settings_file
from penstock.project.standing import Standing
from penstock.server.encoded import encoded
from penstock.server.owner_accounts import OwnerAccounts
from penstock.server.owner_operations import OwnerOperations
from penstock.server.owner_quality import OwnerQuality
from penstock.server.serve import SOCKET, reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.project.set_aside import Kind
    from penstock.project.settings_change import Value
    from penstock.project.steer import Act

__all__ = ["Owner", "is_owned"]

_ARROW = "application/vnd.apache.arrow.stream"


def is_owned(home: Path) -> bool:
    """Whether a process that runs the project answers on the socket in `home`."""
    path = home / SOCKET
    if not path.exists():
        return False
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe, reachable(path) as address:
        try:
            probe.connect(address)
        except OSError:  # the process has died, and left its socket
            return False
    return True


class Owner:
    """The methods of `project.acting.Project`; the answers and errors are those of the process that runs it."""

    def __init__(self, home: Path) -> None:
        self._path = home / SOCKET

    def close(self) -> None:
        """Each request has a connection of its own, so there is nothing to let go of."""

    def pipeline_names(self) -> list[str]:
        return [pipeline["name"] for pipeline in self._json("GET", "/api/pipelines")]

    def query(self, sql: str, limits: Limits | None = None, zone: str = "UTC") -> Result:
        limits = limits or Limits()
        asked = {
            "sql": sql,
            "rows": limits.rows,
            "seconds": limits.seconds,
            "memory": limits.memory,
            "cut": limits.cut,
            "zone": zone,
        }
        frame, more = self._frame("POST", "/api/query", asked)
        return Result(frame, more["position"], more["complete"])

    def ask_saved(self, name: str, given: Mapping[str, str]) -> Result:
        frame, more = self._frame("GET", f"/api/queries/{quote(name, safe='')}?{encoded(given)}")
        return Result(frame, more["position"], more["complete"])

    def ledger(self) -> pl.DataFrame:
        return self._frame("GET", "/api/ledger")[0]

    def why(self) -> list[Reason]:
        return [Reason(**reason) for reason in self._json("GET", "/api/why")]

    def set_aside(self, kind: Kind, rows: int, before: int | None = None, code: str | None = None) -> pl.DataFrame:
        asked = {"kind": kind, "limit": rows, "cursor": before, "code": code}
        return self._frame("GET", f"/api/rejects?{encoded(asked)}")[0]

    def set_aside_counts(self, kind: Kind) -> pl.DataFrame:
        return self._frame("GET", f"/api/rejects/summary?kind={kind}")[0]

    def closed_windows(
        self, ids: Sequence[int], *, late_rows: bool = False, mend: Callable[[bytes], bytes] | None = None
    ) -> list[Closed]:
        asked = self._replaying(ids, late_rows=late_rows, mend=mend)
        found = self._json("POST", "/api/rejects/closed", asked)

        def read(moment: str | None) -> dt.datetime | None:
            return None if moment is None else dt.datetime.fromisoformat(moment)

        return [
            Closed(c["row"], c["pipeline"], c["operator"], read(c["window_start"]), read(c["window_end"]))
            for c in found
        ]

    def replay(
        self,
        ids: Sequence[int],
        *,
        late_rows: bool = False,
        mend: Callable[[bytes], bytes] | None = None,
        force: bool = False,
        rebuild: bool = False,
    ) -> Replayed:
        if rebuild:
            raise LockedError(
                "windows that have closed cannot be computed again while the project runs",
                where=str(self._path),
                hint="stop it first; without --rebuild rows can be replayed meanwhile",
            )
        asked = self._replaying(ids, late_rows=late_rows, mend=mend) | {"force": force}
        copies = self._json("POST", "/api/rejects/replay", asked)
        schema = {"id": pl.Int64, "topic": pl.String, "partition": pl.Int32, "offset": pl.Int64}
        return Replayed(pl.DataFrame(copies, schema=schema, orient="row"))

    def discard(self, kind: Kind, ids: Sequence[int], reason: str) -> int:
        asked = {"kind": kind, "ids": list(ids), "reason": reason}
        return int(self._json("POST", "/api/rejects/discard", asked)["discarded"])

    def pipelines(self) -> list[Standing]:
        return [_standing(one) for one in self._json("GET", "/api/pipelines")]

    def steer(
        self, name: str, act: Act, *, parallelism: int | None = None, checkpoint_interval: int | None = None
    ) -> Standing:
        how = {"parallelism": parallelism, "checkpoint_interval_ms": checkpoint_interval}
        given = how if act in ("start", "restart") else None
        return _standing(self._json("POST", f"/api/pipelines/{quote(name, safe='')}/{act}", given))

    def difference(self) -> Difference:
        return _difference(self._json("GET", "/api/diff"))

    def file_differences(self) -> list[FileDifference]:
        return [FileDifference(**one) for one in self._json("GET", "/api/diff/files")]

    def apply(self, token: str) -> Applied:
        done = self._json("POST", "/api/apply", {"token": token})
        return Applied([_pipeline_change(one) for one in done["pipelines"]], done["savepoints"])

    def compare(self, name: str, since: str, key: Sequence[str] = ()) -> Comparison:
        found = self._json("POST", f"/api/pipelines/{quote(name, safe='')}/compare", {"since": since, "key": list(key)})
        return Comparison(**{**found, "tables": [Compared(**table) for table in found["tables"]]})

    def savepoints(self) -> list[Kept]:
        return [Kept(**one) for one in self._json("GET", "/api/savepoints")]

    def restore(self, name: str) -> Restored:
        return Restored(**self._json("POST", f"/api/savepoints/{quote(name, safe='')}/restore"))

    def drop_savepoint(self, name: str) -> None:
        self._json("DELETE", f"/api/savepoints/{quote(name, safe='')}")

    def savepoint(self, name: str, pipeline: str) -> None:
        self._json("POST", "/api/savepoints", {"name": name, "pipeline": pipeline})

    def create_topic(
        self, name: str, partitions: int | None = None, configs: Mapping[str, object] | None = None
    ) -> int:
        made = self._json("POST", "/api/topics", {"name": name, "partitions": partitions, "configs": configs or {}})
        return int(made["partitions"])

    def alter_topic(
        self,
        name: str,
        partitions: int | None = None,
        configs: Mapping[str, object | None] | None = None,
        token: str = "",
    ) -> tuple[int, Mapping[str, str]]:
        asked = {"partitions": partitions, "configs": configs or {}, "token": token}
        altered = self._json("PATCH", f"/api/topics/{quote(name, safe='')}", asked)
        return altered["partitions"], altered["configs"]

    def topic_loss(self, name: str, configs: Mapping[str, object | None] | None = None) -> Loss:
        asked = [("config", f"{key}={'' if value is None else value}") for key, value in (configs or {}).items()]
        return Loss(**self._json("GET", f"/api/topics/{quote(name, safe='')}/loss?{urlencode(asked)}"))

    def delete_topic(self, name: str, token: str) -> Loss:
        return Loss(**self._json("DELETE", f"/api/topics/{quote(name, safe='')}?{encoded({'token': token})}"))

    def produce(
        self,
        name: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Mapping[str, bytes | None] | None = None,
        partition: int | None = None,
        checked: bool = True,
    ) -> tuple[int, int]:
        asked = {
            "value_base64": _base64(value),
            "key_base64": _base64(key),
            "headers_base64": {name: _base64(one) for name, one in (headers or {}).items()},
            "partition": partition,
            "checked": checked,
        }
        made = self._json("POST", f"/api/topics/{quote(name, safe='')}/produce", asked)
        return made["partition"], made["offset"]

    def reset_group(
        self,
        group: str,
        topic: str,
        to: Literal["earliest", "latest"] | Mapping[int, int] | None = None,
        *,
        shift: int | None = None,
        time: str | None = None,
        preview: bool = False,
    ) -> list[Moved]:
        place: dict[str, object] = (
            {"to": to} if isinstance(to, str) else {"offsets": to and {str(p): o for p, o in to.items()}}
        )
        asked = {"topic": topic, **place, "shift": shift, "time": time}
        act = "reset/preview" if preview else "reset"
        return [Moved(**one) for one in self._json("POST", f"/api/groups/{quote(group, safe='')}/{act}", asked)]

    def delete_group(self, group: str) -> None:
        self._json("DELETE", f"/api/groups/{quote(group, safe='')}")

    def change_setting(self, section: str, name: str, value: Value, tag: str | None = None) -> SettingChanged:
        tag = tag or settings_file(self._path.parent.parent).tag
        path = f"/api/settings/{quote(section, safe='')}/{quote(name, safe='')}"
        return SettingChanged(**self._json("PUT", path, {"value": value}, {"if-match": f'"{tag}"'}))

    def alert_states(self) -> list[AlertState]:
        found = self._json("GET", "/api/alerts")
        return [AlertState(**{**state, "notify": tuple(state["notify"])}) for state in found]

    def memory(self) -> Memory:
        found = self._json("GET", "/api/memory")
        held = tuple(Held(**one) for one in found["held"])
        return Memory(**{name: found[name] for name in (f.name for f in fields(Memory))} | {"held": held})

    @property
    def operations(self) -> OwnerOperations:
        return OwnerOperations(self._json)

    @property
    def quality(self) -> OwnerQuality:
        return OwnerQuality(self._json, self._frame)

    @property
    def accounts(self) -> OwnerAccounts:
        return OwnerAccounts(self._json)

    def _replaying(
        self, ids: Sequence[int], *, late_rows: bool, mend: Callable[[bytes], bytes] | None
    ) -> dict[str, Any]:
        """The rows to be replayed; a mended one with its new bytes."""
        kind: Kind = "late" if late_rows else "rejected"
        values = {}
        if mend is not None:
            for page in pages(self, kind):
                chosen = page.filter(pl.col("id").is_in(ids), pl.col("raw").is_not_null())
                for number, raw in chosen.select("id", "raw").iter_rows():
                    values[str(number)] = base64.b64encode(mend(raw)).decode()
        return {"kind": kind, "ids": list(ids), "values": values}

    # -- HTTP --------------------------------------------------------------------------------------

    def _json(self, method: str, path: str, body: object = None, more: Mapping[str, str] | None = None) -> Any:
        data = self._ask(method, path, body, "application/json", more)[0]
        return orjson.loads(data) if data else None

    def _frame(self, method: str, path: str, body: object = None) -> tuple[pl.DataFrame, dict[str, Any]]:
        data, answer = self._ask(method, path, body, _ARROW)
        return pl.read_ipc_stream(io.BytesIO(data)), orjson.loads(answer)

    def _ask(
        self, method: str, path: str, body: object, accept: str, more: Mapping[str, str] | None = None
    ) -> tuple[bytes, str]:
        """The body of the answer, and what stands beside its rows. Raises the error that the answer is."""
        headers = {"accept": accept, "content-type": "application/json", **(more or {})}
        try:
            with reachable(self._path) as address, closing(_Connection(address)) as connection:
                connection.request(method, path, None if body is None else orjson.dumps(body), headers)
                answer = connection.getresponse()
                data = answer.read()
        except (OSError, HTTPException) as error:
            raise StateError(
                f"the process that runs the project has not answered: {error}",
                code="owner-gone",
                where=str(self._path),
                hint="if it has ended in the meantime, try again",
            ) from None
        if answer.status >= 400:
            raise _raised(answer.status, data)
        return data, answer.headers.get("penstock-answer", "{}")


class _Connection(HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, address: str) -> None:
        super().__init__("localhost")
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._address)


def _standing(answer: Mapping[str, Any]) -> Standing:
    return Standing(**{field.name: answer[field.name] for field in fields(Standing)})


def _difference(answer: Mapping[str, Any]) -> Difference:
    files = [FileChange(**file) for file in answer["files"]]
    return Difference(files, [_pipeline_change(one) for one in answer["pipelines"]], answer["token"])


def _pipeline_change(answer: Mapping[str, Any]) -> PipelineChange:
    return PipelineChange(**{**answer, "operators": [OperatorChange(**one) for one in answer["operators"]]})


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _raised(status: int, data: bytes) -> PenstockError:
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:  # it was cut off by the end of the process
        return StateError(
            f"the process that runs the project has answered {status} and no more",
            code="owner-gone",
            hint="if it has ended in the meantime, look at what was done, and try again",
        )
    kind = InternalError if status == 500 else PenstockError
    return kind(said["detail"], code=said["code"], where=said["where"], hint=said["hint"])
