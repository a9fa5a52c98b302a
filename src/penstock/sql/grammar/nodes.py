"""What the grammar makes beside sqlglot's own nodes; types are read into the types of `core`."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

__all__ = ["CastTo", "IntervalLiteral", "Special", "TableArgument", "TypedLiteral"]


class CastTo(exp.Expression, exp.Condition):
    """``CAST(this AS to)``, or TRY_CAST where `safe`; `to` is a core type."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True, "safe": False}


class TypedLiteral(exp.Expression, exp.Condition):
    """``DATE '...'``, ``TIME '...'``, ``TIMESTAMP '...'``: `kind` is the word."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "kind": True}


class IntervalLiteral(exp.Expression, exp.Condition):
    """``INTERVAL 'this' start TO end``; `sign` is -1 for ``INTERVAL -'..'``.

    `start` and `end` are (unit, digits before the point, digits behind it), as far as they are written.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "start": True,
        "end": False,
        "sign": False,
    }


class Special(exp.Anonymous):
    """A call with clauses between or after its arguments."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False, "clauses": True}


class TableArgument(exp.Expression, exp.Condition):
    """``TABLE name`` or ``TABLE (query)`` as an argument of a table function."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "partition_by": False}
