"""`AlertSink`: where the rows of an alert rule go; what they change is written with the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from penstock.core.batch import END_OF_TIME, NO_TIME
from penstock.core.edges import Prepared
from penstock.incidents.incident import INCIDENTS, incident_id, record_of
from penstock.incidents.stretches import CHANGES, OPEN, POINTS, Timing, followed
from penstock.incidents.template import template_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.edges import Transaction

__all__ = ["ALERT", "HOLDS", "TIME", "AlertSink", "has_bytes"]

ALERT = "alert"
"""The connector of a table that an alert rule's rows go into."""

TIME = "__time"
"""The column of a row's event time."""

HOLDS = "__holds"
"""The column that says whether the rule's condition holds."""

_NUMBER = "__number"
_TEXTS: dict[str, pl.DataType] = dict.fromkeys(("values", "title", "description"), pl.String())


class AlertSink:
    """Keeps a state per key of `keys`; rows count once event time has passed them.

    `title` and `description` are texts with the names of columns in braces; `said` is what every incident of the rule
    says beside (severity, runbook). What changes goes to the topic `INCIDENTS` with the checkpoint, exactly once.
    """

    def __init__(
        self, rule: str, keys: Sequence[str], timing: Timing, title: str, description: str, said: Mapping[str, str]
    ) -> None:
        self.rule = rule
        self.timing = timing
        self._keys = list(keys)
        self._texts = {"title": title, "description": description}
        self._said = dict(said)
        self._waiting: list[pl.DataFrame] = []
        self._open = pl.DataFrame(schema=OPEN | _TEXTS)
        self._watermark = NO_TIME
        self._due = END_OF_TIME
        self._changes: list[pl.DataFrame] = []
        self._passed = 0
        self._ids: dict[str, tuple[str, object]] = {}
        self._next = 0

    # -- what comes in -----------------------------------------------------------------------------

    def write(self, frame: pl.DataFrame) -> None:
        self._waiting.append(frame)

    def advance(self, watermark: int) -> None:
        """Rows up to `watermark` (ms) have their effect."""
        if watermark == NO_TIME or (watermark == self._watermark and not self._waiting):
            return
        self._watermark = watermark
        rows = pl.concat(self._waiting) if self._waiting else None
        ready = None
        if rows is not None:
            due = rows[TIME].dt.epoch("ms") <= watermark
            ready, rest = rows.filter(due), rows.filter(~due)
            self._waiting = [rest] if rest.height else []
            self._passed += ready.height
        if self._open.height or (ready is not None and ready[HOLDS].any()):
            self._follow(ready, watermark)

    def _follow(self, ready: pl.DataFrame | None, watermark: int) -> None:
        points = pl.DataFrame(schema=POINTS) if ready is None else self._points(ready)
        if not points.height and watermark < self._due:
            return
        numbers = pl.Series("row", range(-self._open.height, 0), dtype=pl.Int64)
        changes, open_ = followed(self._open.select(*OPEN).with_columns(numbers), points, watermark, self.timing)
        texts = self._spelled(pl.concat([changes["row"], open_["row"]]).unique(), numbers, ready)
        if changes.height:
            self._changes.append(changes.join(texts, on="row", how="left", maintain_order="left"))
        self._open = open_.join(texts, on="row", how="left", maintain_order="left").select(*OPEN, *_TEXTS)
        self._due = self._next_due()

    def _next_due(self) -> int:
        """The watermark from which on time alone changes something."""
        silent, over = pl.col("last") + self.timing.absent + 1, pl.col("clear") + self.timing.keep
        found: int | None = self._open.select(pl.coalesce(over, silent).min()).item()
        return END_OF_TIME if found is None else found

    def _points(self, ready: pl.DataFrame) -> pl.DataFrame:
        """Those of keys for which something holds, here or from before: keys are texts only where they matter."""
        if not self._keys:
            key, number = pl.Series("key", ["{}"]), np.zeros(ready.height, np.int64)
        else:
            keys = ready.select(self._keys)
            known = keys.unique(maintain_order=True).with_row_index(_NUMBER)
            key = known.select(pl.struct(self._keys).struct.json_encode().alias("key")).to_series()
            joined = keys.join(known, on=self._keys, how="left", nulls_equal=True, maintain_order="left")
            number = joined[_NUMBER].to_numpy()
        wanted = key.is_in(self._open["key"].implode()).to_numpy().copy()
        wanted[number[ready[HOLDS].fill_null(False).to_numpy()]] = True
        chosen = np.flatnonzero(wanted[number])
        rows = ready.select(pl.col(TIME).dt.epoch("ms").alias("time"), pl.col(HOLDS).fill_null(False).alias("holds"))
        points = rows[chosen].with_columns(key.gather(number[chosen]), pl.Series("row", chosen, pl.Int64))
        return points.select(*POINTS).sort("time", maintain_order=True)

    def _spelled(self, rows: pl.Series, numbers: pl.Series, ready: pl.DataFrame | None) -> pl.DataFrame:
        """The texts of `rows`: of what was open before, by its negative number, or of a row of `ready`."""
        earlier = self._open.select(*_TEXTS).insert_column(0, numbers).filter(pl.col("row").is_in(rows.implode()))
        new = rows.filter(rows >= 0)
        if ready is None or not len(new):
            return earlier
        chosen = ready[new]
        columns = [c for c in chosen.columns if c not in (TIME, HOLDS) and not has_bytes(chosen[c].dtype)]
        values = pl.struct(columns).struct.json_encode() if columns else pl.lit("{}")
        texts = {name: _filled(text, chosen) for name, text in self._texts.items()}
        spelled = chosen.select(values.alias("values"), **texts).insert_column(0, new.alias("row"))
        return pl.concat([earlier, spelled.cast({"row": pl.Int64})])

    # -- what goes out -----------------------------------------------------------------------------

    @property
    def changes(self) -> pl.DataFrame:
        """What has changed and is not yet handed over: CHANGES and the incidents' texts."""
        return pl.concat(self._changes) if self._changes else pl.DataFrame(schema=CHANGES | _TEXTS)

    @property
    def held_rows(self) -> int:
        return sum(frame.height for frame in self._waiting)

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        records = [record_of(self._change(change)) for change in self.changes.iter_rows(named=True)]
        if records:
            transaction.append(INCIDENTS, pl.DataFrame(records, schema={"key": pl.Binary, "value": pl.Binary}))
        self._changes.clear()
        passed, self._passed = self._passed, 0
        return Prepared(passed)

    def _change(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """As the members of an `Incident`."""
        texts = {name: change[name] for name in self._texts}
        times = {name: change[name] for name in ("at", "start", "fired", "end")}
        key, values = orjson.Fragment(change["key"]), orjson.Fragment(change["values"])
        identity = incident_id(self.rule, change["key"], change["start"])
        return {
            "id": identity,
            "rule": self.rule,
            "state": change["state"],
            **times,
            **self._said,
            **texts,
            "key": key,
            "values": values,
        }

    def commit(self, token: bytes) -> None:
        """Nothing is left to do: the records were in the transaction."""

    def finish(self) -> None:
        """The end of what is there now ends no incident."""

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        held = {"open": self._open}
        if self._waiting:
            if len(self._waiting) > 1:
                self._waiting = [pl.concat(self._waiting)]
            held["waiting"] = self._waiting[0]
        self._ids = {kind: self._named(kind, frame) for kind, frame in held.items()}
        ids = {kind: name for kind, (name, _) in self._ids.items()}
        return {"watermark": self._watermark, "ids": ids, "next": self._next}, {ids[k]: f for k, f in held.items()}

    def _named(self, kind: str, frame: pl.DataFrame) -> tuple[str, object]:
        """A frame that has not changed keeps its id."""
        known = self._ids.get(kind)
        if known is not None and known[1] is frame:
            return known
        self._next += 1
        return f"{kind}-{self._next}", frame

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        self._watermark, self._next, ids = metadata["watermark"], metadata["next"], metadata["ids"]
        self._open = frames[ids["open"]]
        self._due = self._next_due()
        self._waiting = [frames[ids["waiting"]]] if "waiting" in ids else []
        self._ids = {kind: (name, frames[name]) for kind, name in ids.items()}

    def close(self) -> None:
        """The log is the project's."""


def has_bytes(kind: pl.DataType) -> bool:
    """Whether there are bytes in it, which JSON cannot say."""
    return "Binary" in str(kind)


def _filled(text: str, frame: pl.DataFrame) -> pl.Expr:
    """`text` with the values of the columns that it names; fractions have two digits."""
    pieces: list[pl.Expr] = []
    for literal, column in template_parts(text):
        if literal:
            pieces.append(pl.lit(literal))
        if column:
            value = pl.col(column).round(2) if frame[column].dtype.is_float() else pl.col(column)
            pieces.append(value.cast(pl.String).fill_null("-"))
    return pl.concat_str(pieces) if pieces else pl.lit("")
