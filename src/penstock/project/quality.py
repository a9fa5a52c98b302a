"""`Quality`: how quality rules went, and the rows they have set aside: shown, mended, brought in again, given up."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from penstock.core.errors import ConfigError, LogError
from penstock.engine.checks import CODE, rule_of
from penstock.project.audit import audited, doer
from penstock.project.discards import require_reason
from penstock.project.set_aside import having, pages
from penstock.project.warehouse.quarantine import REPLAYED, discard_loaded, fix_loaded, listed, replay_loaded
from penstock.quality.mending import Mending
from penstock.quality.results import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.log import Log
    from penstock.project.penstock import Penstock

__all__ = ["FIXED", "QUARANTINED", "Quality", "State"]

State = Literal["open", "fixed", "replayed", "discarded"]
FIXED = "fixed/"
"""Before the id of a reject: the fact of its bytes as they are to be."""
_DIGEST = 32
"""Characters of an id in the quarantine of loads."""
_TOLD = 1_000

QUARANTINED: dict[str, Any] = {
    "id": pl.String,
    "time": pl.Datetime("ms", "UTC"),
    "run": pl.String,
    "table": pl.String,
    "rule": pl.String,
    "reason": pl.String,
    "row": pl.String,
    "state": pl.String,
    "discarded_by": pl.String,
    "discarded_reason": pl.String,
}
"""The columns of rows that rules have set aside, as they came or as they were mended.

Of a stream `id` is that of a reject, `run` the pipeline and `table` its table; of a load they are what the warehouse's
table `quarantine` has, `table` the source.
"""


class Quality:
    """The rules of quality/ on streams and loads of a project."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock

    @cached_property
    def latest(self) -> Latest:
        """The newest result of each rule."""
        return Latest(self._penstock.log)

    def results(self) -> pl.DataFrame:
        """The newest result of each rule on each table: see `quality.results.Latest`."""
        return self.latest.frame()

    def rows(self, rows: int | None = None, rule: str | None = None, state: State | None = None) -> pl.DataFrame:
        """The newest rows that rules have set aside, newest first: of one `rule`, by its path, and in one `state`."""
        of_streams = _of_streams(self._penstock, rows, rule, state)
        if not self._penstock.warehouse.is_there:
            return of_streams
        of_loads = listed(self._penstock, rows, rule=rule, state=state).cast(QUARANTINED)  # type: ignore[arg-type]
        found = pl.concat([of_streams, of_loads]).sort("time", descending=True, nulls_last=True, maintain_order=True)
        return found if rows is None else found.head(rows)

    def fix(self, ids: Sequence[str], values: Mapping[str, Any], expressions: Mapping[str, str]) -> pl.DataFrame:
        """Mend rows that rules have set aside; they stay there until they are replayed.

        `values` are put into columns, `expressions` computed from the row as it is. Gives the rows as they are now, as
        QUARANTINED. Raises LogError for a row that is not there, or not open any more, DataError or SqlError where one
        cannot be mended. Nothing was done then.
        """
        if not values and not expressions:
            raise ConfigError(
                "nothing is to be mended",
                code="quality-fix",
                hint="a value for a column, or an expression of the dialect",
            )
        mend = Mending(values, expressions, self._penstock.definition.session.context)
        streams, loads = _parted(ids)
        rows = _chosen(self._penstock, streams)
        before = _fixed(self._penstock.log)
        made = {id_: mend(before.get(id_, raw)) for id_, raw in rows.select("id", "raw").iter_rows()}
        if loads:
            fix_loaded(self._penstock, loads, mend)
        with self._penstock.log.transaction() as transaction:
            for id_, raw in made.items():
                transaction.put(f"{FIXED}{id_}", raw)
        columns = [*values, *expressions]
        audited(self._penstock.log, "quality-fix", "rows", rows=len(ids), ids=list(ids)[:_TOLD], columns=columns)
        found = [_listed(rows, _fixed(self._penstock.log))]
        if loads:
            found.append(listed(self._penstock, ids=loads).cast(QUARANTINED))  # type: ignore[arg-type]
        return pl.concat(found)

    def replay(self, ids: Sequence[str]) -> pl.DataFrame:
        """Bring rows that rules have set aside in again, as they are now: through decoding, cleaning and all rules.

        One that breaks a rule still is set aside anew. Gives REPLAYED. Raises as `fix`, as `project.replay` for rows of
        streams, and what stops a load.
        """
        streams, loads = _parted(ids)
        rows = _chosen(self._penstock, streams)
        done = pl.DataFrame(schema=REPLAYED)
        if loads:
            done = replay_loaded(self._penstock, loads)
            audited(self._penstock.log, "quality-replay", "rows", rows=len(loads), ids=loads[:_TOLD])
        fixed = _fixed(self._penstock.log)
        left = [(id_, raw, fixed.get(id_, raw)) for id_, raw in rows.select("id", "raw").iter_rows()]
        appended: list[str] = []
        while left:
            # rows of the same bytes may have been mended otherwise, and what mends one knows its bytes alone
            new = {raw: wanted for _, raw, wanted in reversed(left)}
            now = [one for one in left if new[one[1]] == one[2]]
            left = [one for one in left if new[one[1]] != one[2]]
            appended.extend(self._penstock.replay([id_ for id_, _, _ in now], mend=new.__getitem__).copies["topic"])
        topics = [(topic, count, None, None, None) for topic, count in Counter(appended).items()]
        return pl.concat([done, pl.DataFrame(topics, schema=REPLAYED, orient="row")])

    def discard(self, ids: Sequence[str], reason: str) -> int:
        """Give up rows that rules have set aside, for a `reason`: how many.

        They stay listed, with who has done it and why. Raises ConfigError for no reason or a very long one, LogError as
        `fix`.
        """
        reason = require_reason(reason)
        streams, loads = _parted(ids)
        rows = _chosen(self._penstock, streams)
        done = 0
        if loads:
            done = discard_loaded(self._penstock, loads, doer().caller.name, reason)
            audited(self._penstock.log, "quality-discard", "rows", rows=len(loads), ids=loads[:_TOLD], reason=reason)
        return done + (self._penstock.discard("rejected", rows["id"].to_list(), reason) if rows.height else 0)


def _of_streams(penstock: Penstock, rows: int | None, rule: str | None, state: State | None) -> pl.DataFrame:
    fixed = _fixed(penstock.log)
    found = [pl.DataFrame(schema=QUARANTINED)]
    left = rows
    for page in pages(penstock, "rejected"):
        wanted = _listed(page, fixed).filter(having({"rule": rule, "state": state}))
        found.append(wanted if left is None else wanted.head(left))
        left = None if left is None else left - found[-1].height
        if left == 0:
            break
    return pl.concat(found)


def _listed(rejects: pl.DataFrame, fixed: Mapping[int, bytes]) -> pl.DataFrame:
    """Those of `rejects` that a rule has set aside, as QUARANTINED."""
    rows = [
        {
            **{name: one[name] for name in ("time", "table", "reason", "discarded_by", "discarded_reason")},
            "run": one["pipeline"],
            "id": str(one["id"]),
            "rule": rule_of(one["code"]),
            "row": (fixed.get(one["id"], one["raw"]) or b"").decode("utf-8", "replace"),
            "state": _state(one, fixed),
        }
        for one in rejects.filter(pl.col("code").str.starts_with(CODE)).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=QUARANTINED)


def _state(reject: Mapping[str, Any], fixed: Mapping[int, bytes]) -> State:
    if reject["discarded"] is not None:
        return "discarded"
    if reject["replayed_offset"] is not None:
        return "replayed"
    return "fixed" if reject["id"] in fixed else "open"


def _fixed(log: Log) -> dict[int, bytes]:
    """The bytes of mended rows, by the ids of rejects."""
    return {int(key.removeprefix(FIXED)): value for key, value in log.facts.scan(FIXED).items()}


def _parted(ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Ids of rejects, which are numbers, and those of the quarantine, which are digests. Raises LogError for none."""
    if not ids:
        raise LogError("no row is named", code="replay-unknown", hint="penstock quality show DIR lists what there is")
    loads = [id_ for id_ in ids if len(id_) == _DIGEST]
    return [id_ for id_ in ids if len(id_) != _DIGEST], loads


def _rejects(penstock: Penstock, ids: Sequence[str]) -> pl.DataFrame:
    """Those of `ids` that are there, newest first; no more is read than it takes to find them."""
    wanted, found = set(ids), [penstock.set_aside("rejected", 1).clear()]
    for page in pages(penstock, "rejected") if wanted else ():
        found.append(page.filter(pl.col("id").cast(pl.String).is_in(wanted)))
        wanted.difference_update(map(str, found[-1]["id"]))
        if not wanted:
            break
    return pl.concat(found)


def _chosen(penstock: Penstock, ids: Sequence[str]) -> pl.DataFrame:
    """The rejects `ids`, which rules have set aside and nobody has done with."""
    rows = _rejects(penstock, ids)
    for id_ in sorted(set(ids) - {str(id_) for id_ in rows["id"]}):
        raise LogError(
            f"there is no row {id_}", code="replay-unknown", hint="penstock quality show DIR lists what there is"
        )
    for one in rows.iter_rows(named=True):
        if rule_of(one["code"]) is None:
            raise LogError(
                f"row {one['id']} was set aside by no quality rule, but as {one['code']}",
                code="quality-none",
                hint=f"penstock rejects replay DIR --id {one['id']}",
            )
        state = _state(one, {})
        if state != "open":
            raise LogError(f"row {one['id']} was {state} already", code="quality-done")
    return rows
