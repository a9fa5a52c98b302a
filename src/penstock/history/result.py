"""The answer to a question, in the form that one likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Result"]


@dataclass(frozen=True, slots=True)
class Result:
    """`frame` holds the rows; `position` says for which commit of the project they stand, as JSON data.

    `complete` is False where the answer was cut.
    """

    frame: pl.DataFrame
    position: Any = None
    complete: bool = True

    def polars(self) -> pl.DataFrame:
        """A Polars frame."""
        return self.frame

    def rows(self) -> list[tuple[Any, ...]]:
        """Python tuples, one a row."""
        return self.frame.rows()

    def dicts(self) -> list[dict[str, Any]]:
        """Python dicts, one a row."""
        return self.frame.to_dicts()

    def arrow(self) -> Any:
        """A pyarrow Table. Without pyarrow the frame itself can be handed on: it speaks Arrow's C stream."""
        _require("pyarrow", "an Arrow table")
        return self.frame.to_arrow()

    def pandas(self) -> pd.DataFrame:
        """A pandas frame."""
        _require("pandas", "a pandas frame")
        _require("pyarrow", "a pandas frame")
        return self.frame.to_pandas()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return repr(self.frame)


def _require(module: str, what: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ConfigError(f"{what} needs {module}", code="extra-missing", hint=f"pip install {module}")
