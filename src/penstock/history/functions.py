"""The functions that a question may call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from penstock.history.guard import is_forbidden

__all__ = ["Function", "functions"]

_LISTED = """
SELECT function_name, function_type = 'aggregate', list_sort(list(DISTINCT array_to_string(parameters, ', ')))
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'aggregate', 'macro') AND regexp_matches(function_name, '^[a-z][a-z0-9_]*$')
GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Function:
    """`parameters` are the names of those that it takes, in each way in which it can be called."""

    name: str
    aggregate: bool
    parameters: tuple[str, ...]


@lru_cache(1)
def functions() -> tuple[Function, ...]:
    """By name."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        found = connection.execute(_LISTED).fetchall()
    return tuple(Function(name, bool(of), tuple(ways)) for name, of, ways in found if not is_forbidden(name))
