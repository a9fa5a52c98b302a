"""Windowing table functions: TUMBLE, HOP, CUMULATE, SESSION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.core import types as t
from penstock.core.errors import BindError, UnsupportedError, did_you_mean
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.names import free_name
from penstock.sql.bind.scope import Scope
from penstock.sql.expr import Literal
from penstock.sql.grammar.nodes import TableArgument
from penstock.sql.plan import Column, Node, Window, WindowTable, windowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sql.bind.scope import Origin

__all__ = ["WINDOW_FUNCTIONS", "window_columns", "window_table"]

WINDOW_FUNCTIONS = {
    "TUMBLE": ("DATA", "TIMECOL", "SIZE", "OFFSET"),
    "HOP": ("DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"),
    "CUMULATE": ("DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"),
    "SESSION": ("DATA", "TIMECOL", "GAP"),
}
_SYNTAX = {
    "TUMBLE": "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)",
    "HOP": "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND), the slide before the size",
    "CUMULATE": "CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '1' DAY), the step before the size",
    "SESSION": "SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' MINUTE)",
}


def window_table(call: exp.Anonymous, origin: Origin, table_of: Callable[[exp.Expr], Node]) -> Node:
    """The plan of a windowing table function; `table_of` binds its table argument."""
    name = call.name.upper()
    given = _arguments(name, call, origin)
    table = given["DATA"]
    if isinstance(table, exp.Subquery):
        table = TableArgument(this=table.this)
    if not isinstance(table, TableArgument):
        raise origin.error(BindError, f"the first argument of {name} is TABLE name", "sql-window", table, _SYNTAX[name])
    partition_by = table.args.get("partition_by") or []
    if partition_by and name != "SESSION":
        raise origin.error(
            BindError, f"{name} takes no PARTITION BY", "sql-window", table, "put the key into GROUP BY instead"
        )
    plan = table_of(table.this)
    time = _time_column(given["TIMECOL"], plan, origin, name)
    partition = _partition(partition_by, plan, origin)
    if name == "SESSION":
        window = _session(given, time, len(partition), origin)
    else:
        window = _window(name, given, time, origin, call)
    borders = window_columns(window, time, {c.name for c in plan.columns})
    columns = (*windowed(plan.columns, window, partition), *borders)
    return WindowTable(columns, plan, window, time.name, partition)


def _partition(keys: list[exp.Expr], plan: Node, origin: Origin) -> tuple[str, ...]:
    """The columns of PARTITION BY."""
    scope = Scope.of(origin, plan.columns)
    names: list[str] = []
    for key in keys:
        parts = tuple(p.name for p in key.parts) if isinstance(key, exp.Column) else ()
        column, rest = scope.resolve(parts, key) if parts else (None, ())
        if column is None or rest or column.name in names:
            hint = _SYNTAX["SESSION"]
            raise origin.error(BindError, "PARTITION BY of SESSION names columns, each once", "sql-window", key, hint)
        names.append(column.name)
    return tuple(names)


def window_columns(window: Window, time: Column, taken: set[str]) -> tuple[Column, ...]:
    """window_start, window_end and window_time; a name that is taken gets a number, as in Flink."""
    border = t.Timestamp(3, nullable=False)
    columns = []
    for name, data_type, role in (
        ("window_start", border, "window_start"),
        ("window_end", border, "window_end"),
        ("window_time", time.type.with_nullable(False), "window_time"),
    ):
        columns.append(Column(free_name(name, taken), data_type, role, window))  # type: ignore[arg-type]
    return tuple(columns)


def _arguments(name: str, call: exp.Anonymous, origin: Origin) -> dict[str, exp.Expr]:
    """The arguments by name, given by place or as NAME => value."""
    names = WINDOW_FUNCTIONS[name]
    given: dict[str, exp.Expr] = {}
    for place, argument in enumerate(call.expressions):
        if isinstance(argument, exp.Kwarg):
            key = argument.this.name.upper()
            if key not in names:
                hint = did_you_mean(key, names) or "arguments are " + ", ".join(names)
                raise origin.error(BindError, f"{name} has no argument {key}", "sql-window", call, hint)
            if given and names.index(key) < max(names.index(k) for k in given):
                raise origin.error(
                    BindError, f"{key} of {name} stands in the wrong place", "sql-window", call, _SYNTAX[name]
                )
            given[key] = argument.expression
        elif place < len(names):
            given[names[place]] = argument
        else:
            raise origin.error(
                BindError, f"{name} takes at most {len(names)} arguments", "sql-window", call, _SYNTAX[name]
            )
    for key in names[:-1] if names[-1] == "OFFSET" else names:
        if key not in given:
            raise origin.error(BindError, f"{name} needs the argument {key}", "sql-window", call, _SYNTAX[name])
    return given


def _time_column(node: exp.Expr, plan: Node, origin: Origin, name: str) -> Column:
    described = node.expressions if isinstance(node, exp.Anonymous) and node.name.upper() == "DESCRIPTOR" else []
    if len(described) != 1 or not isinstance(described[0], exp.Column):
        raise origin.error(BindError, f"{name} takes its time as DESCRIPTOR(column)", "sql-window", node, _SYNTAX[name])
    scope = Scope.of(origin, plan.columns)
    column, rest = scope.resolve(tuple(p.name for p in described[0].parts), described[0])
    if column.role == "proctime":
        raise origin.error(
            UnsupportedError,
            "windows over processing time are not supported",
            "sql-proctime",
            node,
            "use an event time",
        )
    if rest or not column.is_time:
        raise origin.error(
            BindError,
            f"{name} needs an event time, '{column.name}' is {column.type}",
            "sql-not-rowtime",
            node,
            f"declare WATERMARK FOR {column.name} AS {column.name} - INTERVAL '5' SECOND in CREATE TABLE",
        )
    return column


def _window(name: str, given: dict[str, exp.Expr], time: Column, origin: Origin, call: exp.Expr) -> Window:
    def ms(key: str, *, positive: bool = True) -> int:
        return _ms(name, key, given[key], origin, positive=positive)

    size = ms("SIZE")
    slide = ms({"HOP": "SLIDE", "CUMULATE": "STEP"}[name]) if name != "TUMBLE" else size
    offset = ms("OFFSET", positive=False) if "OFFSET" in given else 0
    if abs(offset) >= (slide if name == "HOP" else size):
        raise origin.error(
            BindError,
            f"OFFSET of {name} must be smaller than its windows: {size} ms and {offset} ms",
            "sql-window",
            call,
        )
    if name == "CUMULATE" and size % slide:
        raise origin.error(
            BindError, f"SIZE of CUMULATE must be a multiple of STEP: {size} ms and {slide} ms", "sql-window", call
        )
    return Window(name, size, slide, offset, isinstance(time.type, t.TimestampLtz))  # type: ignore[arg-type]


def _session(given: dict[str, exp.Expr], time: Column, keys: int, origin: Origin) -> Window:
    gap = _ms("SESSION", "GAP", given["GAP"], origin)
    return Window("SESSION", gap, gap, 0, isinstance(time.type, t.TimestampLtz), keys)


def _ms(name: str, key: str, node: exp.Expr, origin: Origin, *, positive: bool = True) -> int:
    """The constant interval `key` of a table function, in ms."""
    bound = ExpressionBinder(Scope(origin)).bind(node)
    example = "INTERVAL '10' SECOND"
    if not isinstance(bound, Literal) or not isinstance(bound.type, t.IntervalDay):
        message = f"{key} of {name} is a constant interval of days to seconds"
        raise origin.error(BindError, message, "sql-window", node, example)
    if positive and bound.value <= 0:
        raise origin.error(BindError, f"{key} of {name} must be more than 0", "sql-window", node, example)
    return int(bound.value)
