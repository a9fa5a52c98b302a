"""Quality rules of a project that another process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.server.encoded import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from penstock.project.quality import State

__all__ = ["OwnerQuality"]


class OwnerQuality:
    """`project.acting.Rules`, by calls of the API: `ask` and `ask_frame` take a method, a path and a body."""

    def __init__(self, ask: Callable[..., Any], ask_frame: Callable[..., tuple[pl.DataFrame, dict[str, Any]]]) -> None:
        self._ask = ask
        self._ask_frame = ask_frame

    def results(self) -> pl.DataFrame:
        return self._ask_frame("GET", "/api/quality")[0]

    def rows(self, rows: int | None = None, rule: str | None = None, state: State | None = None) -> pl.DataFrame:
        asked = {"limit": rows, "rule": rule, "state": state}
        return self._ask_frame("GET", f"/api/quality/rows?{encoded(asked)}")[0]

    def fix(self, ids: Sequence[str], values: Mapping[str, Any], expressions: Mapping[str, str]) -> pl.DataFrame:
        asked = {"ids": list(ids), "values": dict(values), "expressions": dict(expressions)}
        return self._ask_frame("POST", "/api/quality/fix", asked)[0]

    def replay(self, ids: Sequence[str]) -> pl.DataFrame:
        return self._ask_frame("POST", "/api/quality/replay", {"ids": list(ids)})[0]

    def discard(self, ids: Sequence[str], reason: str) -> int:
        return int(self._ask("POST", "/api/quality/discard", {"ids": list(ids), "reason": reason})["discarded"])
