"""Rejected and late rows that somebody has given up, with a reason: a fate that is kept, as being replayed is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import ConfigError, LogError
from penstock.project.audit import audited, doer, told_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.log import Log
    from penstock.project.penstock import Penstock
    from penstock.project.set_aside import Kind

__all__ = ["DISCARDS_TABLE", "discard", "require_kept", "require_reason", "with_discards"]

DISCARDS_TABLE = "discarded"
_REASON_CHARACTERS = 1_000
_SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "id": pl.Int64,
    "discarded": pl.Datetime("ms", "UTC"),
    "discarded_by": pl.String,
    "discarded_reason": pl.String,
}


def discard(penstock: Penstock, kind: Kind, ids: Sequence[int], reason: str) -> int:
    """Give up the rows `ids` of a kind for a `reason`: how many, each counted once.

    Raises ConfigError for no reason or a very long one; LogError for a row that is not there, was discarded or was
    replayed already. Nothing was done then.
    """
    reason = require_reason(reason)
    listed = penstock.rejects() if kind == "rejected" else penstock.late()
    chosen = sorted(set(ids))
    rows = listed.filter(pl.col("id").is_in(chosen))
    name = "reject" if kind == "rejected" else "late row"
    for id_ in sorted(set(chosen) - set(rows["id"])):
        raise LogError(
            f"there is no {name} {id_}", code="replay-unknown", hint="penstock rejects list shows what there is"
        )
    for id_, why in rows.filter(pl.col("discarded").is_not_null()).select("id", "discarded_reason").iter_rows():
        raise LogError(f"{name} {id_} was discarded already: {why}", code="discard-twice")
    for id_ in rows.filter(pl.col("replayed_offset").is_not_null())["id"]:
        raise LogError(f"{name} {id_} was replayed, and is not discarded", code="discard-replayed")
    now = pl.lit(penstock.clock.now_ms(), pl.Int64).cast(_SCHEMA["discarded"])
    penstock.log.tables.append(
        DISCARDS_TABLE,
        rows.select(
            pl.lit(kind).alias("kind"),
            "id",
            now.alias("discarded"),
            pl.lit(doer().caller.name).alias("discarded_by"),
            pl.lit(reason).alias("discarded_reason"),
        ),
    )
    audited(penstock.log, "rejects-discard", kind, **told_rows(chosen), reason=reason)
    return rows.height


def require_reason(reason: str) -> str:
    """`reason` without blanks around it. Raises ConfigError for none or a very long one."""
    reason = reason.strip()
    if not 1 <= len(reason) <= _REASON_CHARACTERS:
        raise ConfigError(
            "to discard rows needs a reason", code="discard-reason", hint=f"1 to {_REASON_CHARACTERS:,} characters"
        )
    return reason


def with_discards(log: Log, kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of a kind with when, by whom and why they were discarded; NULL where they were not."""
    known = [pl.DataFrame(schema=_SCHEMA)]
    last = 0
    while True:
        last, frame = log.tables.rows(DISCARDS_TABLE, after=last)
        if not frame.height:
            break
        known.append(frame)
    ties = pl.concat(known).filter(pl.col("kind") == kind).drop("kind").unique("id", keep="first")
    return rows.join(ties, on="id", how="left", maintain_order="left")


def require_kept(rows: pl.DataFrame, name: str) -> None:
    """Raises LogError for a row that was discarded; `name` is what it is called."""
    for id_, why in rows.filter(pl.col("discarded").is_not_null()).select("id", "discarded_reason").iter_rows():
        raise LogError(
            f"{name} {id_} was discarded: {why}", code="replay-discarded", hint="--force replays it all the same"
        )
