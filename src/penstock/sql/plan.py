"""The logical plan: a tree of frozen nodes, each with the columns of its result.

Nodes say what is asked for, in the words of Flink's own plans; how it is computed is the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from penstock.sql.expr import HashedOnce, Ref
from penstock.sql.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.core.errors import SqlError
    from penstock.core.types import DataType
    from penstock.sql.catalog import Table
    from penstock.sql.expr import AggregateCall, Expr, Frame, Order

__all__ = [
    "BORDERS",
    "SET_COLUMN",
    "Aggregate",
    "Column",
    "Filter",
    "FirstRows",
    "IntervalJoin",
    "JoinKeys",
    "JoinKind",
    "Limit",
    "Node",
    "Normalize",
    "OverAggregate",
    "Project",
    "Scan",
    "Sink",
    "Sinks",
    "TemporalJoin",
    "TopN",
    "Union",
    "Values",
    "Window",
    "WindowAggregate",
    "WindowTable",
    "explain",
    "nodes",
    "shared_nodes",
    "window_borders",
    "windowed",
    "without_window",
]

Role = Literal["", "rowtime", "proctime", "window_start", "window_end", "window_time", "window_key"]

SET_COLUMN = "$set"
"""The number of the grouping set that a row of an aggregate belongs to."""

BORDERS = ("window_start", "window_end", "window_time")
"""The roles of a window's columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation.

    `role` says what it is beside its values: an event time (`rowtime`, `window_time`: the watermark speaks
    about it), a border of `window`, or one of the columns by which sessions are told apart (`window_key`).
    """

    name: str
    type: DataType
    role: Role = ""
    window: Window | None = None

    @property
    def is_time(self) -> bool:
        """Whether windows can be built on it."""
        return self.role in ("rowtime", "window_time")


@dataclass(frozen=True, slots=True)
class Window:
    """A way to cut time, all in ms: TUMBLE has `slide` = `size`; CUMULATE grows by `slide` up to `size`.

    `zoned` windows are over TIMESTAMP_LTZ and follow the civil days of the session's time zone. Of a SESSION `size`
    and `slide` are the gap, and `keys` is how many columns it is partitioned by.
    """

    kind: Literal["TUMBLE", "HOP", "CUMULATE", "SESSION"]
    size: int
    slide: int
    offset: int
    zoned: bool
    keys: int = 0


@dataclass(frozen=True, slots=True)
class Node(HashedOnce):
    """A relation; `columns` is its row."""

    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return ()

    def column(self, name: str) -> Column:
        """The first column of that name, which there is."""
        return next(c for c in self.columns if c.name == name)

    @property
    def label(self) -> str:
        """One line of EXPLAIN, without the columns."""
        return type(self).__name__


@dataclass(frozen=True, slots=True)
class Scan(Node):
    """The rows of a table, computed columns and watermark included.

    `columns` are those that somebody reads; `options` are the hints given beside the name.
    """

    table: Table
    options: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return f"Scan {self.table.name}"


@dataclass(frozen=True, slots=True)
class Normalize(Node):
    """The changes of a table whose records each replace the row of their `key`, as rows taken back and rows put."""

    input: Node
    key: tuple[str, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Normalize by {', '.join(self.key)}"


@dataclass(frozen=True, slots=True)
class Values(Node):
    """Constant rows, one tuple of literals a row."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    input: Node
    condition: Expr

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Filter {spelled(self.condition)}"


@dataclass(frozen=True, slots=True)
class Project(Node):
    """`exprs` in the order of `columns`."""

    input: Node
    exprs: tuple[Expr, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        pairs = zip(self.exprs, self.columns, strict=True)
        made = [f"{spelled(e)} AS {c.name}" for e, c in pairs if not (isinstance(e, Ref) and e.name == c.name)]
        return " ".join(["Project", ", ".join(made)]).strip()


@dataclass(frozen=True, slots=True)
class WindowTable(Node):
    """A windowing table function: each row once per window it is in, with window_start, _end and _time.

    `partition` are the columns by which sessions are told apart.
    """

    input: Node
    window: Window
    time: str
    partition: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        by = " by " + ", ".join(self.partition) if self.partition else ""
        return f"WindowTable {self.window.kind} on {self.time}{by}"


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """GROUP BY, whose result changes with each row: `columns` are the keys, then the results of `calls`.

    With `sets` (GROUPING SETS, each a tuple of key positions) a row counts once per set, keys outside the
    set being NULL; a last column `$set` then holds the number of the set.
    """

    input: Node
    keys: tuple[Expr, ...]
    calls: tuple[AggregateCall, ...]
    sets: tuple[tuple[int, ...], ...] = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        parts = ["Aggregate"]
        if self.keys:
            parts.append("by " + ", ".join(spelled(k) for k in self.keys))
        if self.calls:
            parts.append("of " + ", ".join(spelled(c) for c in self.calls))
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class WindowAggregate(Node):
    """GROUP BY a window and `keys`, emitted when the window closes.

    `columns` are the keys, the results of `calls`, (`$set`), then the window's borders of `borders`.
    Windows are cut from the event time `time` of the input; or, where `attached`, the input's rows carry
    their window and `time` names the column of its end.
    """

    input: Node
    window: Window
    time: str
    attached: bool
    keys: tuple[Expr, ...]
    calls: tuple[AggregateCall, ...]
    sets: tuple[tuple[int, ...], ...]
    borders: tuple[Role, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        parts = [f"WindowAggregate {self.window.kind} on {self.time}"]
        if self.keys:
            parts.append("by " + ", ".join(spelled(k) for k in self.keys))
        if self.calls:
            parts.append("of " + ", ".join(spelled(c) for c in self.calls))
        return " ".join(parts)


JoinKind = Literal["INNER", "LEFT", "RIGHT", "FULL"]


@dataclass(frozen=True, slots=True)
class JoinKeys:
    """What is equal on both sides: expressions over the left input, over the right, and whether NULL equals NULL."""

    left: tuple[Expr, ...] = ()
    right: tuple[Expr, ...] = ()
    null_safe: tuple[bool, ...] = ()

    @property
    def text(self) -> str:
        """``a = b AND c IS NOT DISTINCT FROM d``."""
        pairs = zip(self.left, self.right, self.null_safe, strict=True)
        words = (f"{spelled(a)} {'IS NOT DISTINCT FROM' if safe else '='} {spelled(b)}" for a, b, safe in pairs)
        return " AND ".join(words)


@dataclass(frozen=True, slots=True)
class IntervalJoin(Node):
    """Pairs of rows with equal keys whose event times lie near each other: left - right in [`lower`, `upper`] ms.

    `columns` are those of the left input, then those of the right, all of different names; the side that an outer
    join fills up has NULLs where no row fits. `condition`, over both, must hold too.
    """

    left: Node
    right: Node
    kind: JoinKind
    keys: JoinKeys
    left_time: str
    right_time: str
    lower: int
    upper: int
    condition: Expr | None

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @property
    def label(self) -> str:
        near = f"{self.left_time} - {self.right_time} in {self.lower} to {self.upper} ms"
        rest = [spelled(self.condition)] if self.condition is not None else []
        return f"IntervalJoin {self.kind} on " + " AND ".join(
            [*([self.keys.text] if self.keys.left else []), near, *rest]
        )


@dataclass(frozen=True, slots=True)
class TemporalJoin(Node):
    """Each left row with the version of its key that the right input had at the left row's event time."""

    left: Node
    right: Node
    kind: JoinKind
    keys: JoinKeys
    left_time: str
    right_time: str
    condition: Expr | None

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    @property
    def label(self) -> str:
        rest = [spelled(self.condition)] if self.condition is not None else []
        on = " AND ".join([self.keys.text, *rest])
        return f"TemporalJoin {self.kind} as of {self.left_time} on {on}"


@dataclass(frozen=True, slots=True)
class OverAggregate(Node):
    """Each row with the results of `calls` over the rows of its partition before it; given as its time passes.

    `columns` are the input's, then the results. `refusal` says why Flink has no operator for it.
    """

    input: Node
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    frame: Frame
    calls: tuple[AggregateCall, ...]
    refusal: SqlError | None = field(default=None, compare=False)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def time(self) -> str:
        """The column of the event time that orders the rows."""
        first = self.order[0].expr
        assert isinstance(first, Ref)
        return first.name

    @property
    def label(self) -> str:
        by = f" by {', '.join(spelled(p) for p in self.partition)}" if self.partition else ""
        first = "UNBOUNDED" if self.frame.preceding is None else f"{self.frame.preceding}"
        unit = "" if self.frame.rows or self.frame.preceding is None else " ms"
        frame = f"{'ROWS' if self.frame.rows else 'RANGE'} {first}{unit} PRECEDING"
        return f"OverAggregate on {self.time}{by} {frame} of {', '.join(spelled(c) for c in self.calls)}"


@dataclass(frozen=True, slots=True)
class TopN(Node):
    """Of each partition the rows from number `first` to `last` in `order`: the table changes as rows come.

    `columns` are the input's and, where `numbered`, the row's number. Of rows that are equal in order the earlier one
    comes first; with `newest` the later one.
    """

    input: Node
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    first: int
    last: int
    numbered: bool
    newest: bool = False

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"TopN {_ranked(self)}"


@dataclass(frozen=True, slots=True)
class FirstRows(Node):
    """As TopN, but given once and for all when the watermark passes `time`: an event time or the end of a window."""

    input: Node
    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    first: int
    last: int
    numbered: bool
    time: str

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"FirstRows on {self.time} {_ranked(self)}"


def _ranked(node: TopN | FirstRows) -> str:
    by = f" by {', '.join(spelled(e) for e in node.partition)}" if node.partition else ""
    order = ", ".join(spelled(o.expr) + (" DESC" if o.descending else "") for o in node.order)
    return f"{node.first} to {node.last}{by} in order of {order}"


@dataclass(frozen=True, slots=True)
class Union(Node):
    """UNION ALL: rows of all inputs in the order of the log."""

    parts: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """The first `count` rows after `offset`, in the order they come."""

    input: Node
    count: int
    offset: int = 0

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


@dataclass(frozen=True, slots=True)
class Sink(Node):
    """INSERT INTO `table`; the input's columns are the table's, in its order and types.

    `deduplicates`: ON CONFLICT says that of the rows of one key the last one stays.
    """

    input: Node
    table: Table
    overwrite: bool = False
    options: tuple[tuple[str, str], ...] = ()
    deduplicates: bool = False

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    @property
    def label(self) -> str:
        return f"Sink {self.table.name}"


@dataclass(frozen=True, slots=True)
class Sinks(Node):
    """All INSERTs of one pipeline; its own row is empty."""

    parts: tuple[Sink, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.parts


def without_window(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """`columns` of a relation that is cut into windows anew: the borders it had are ordinary values now."""
    roles: dict[str, Role] = {"window_start": "", "window_end": "", "window_key": "", "window_time": "rowtime"}
    return tuple(replace(c, role=roles[c.role], window=None) if c.role in roles else c for c in columns)


def windowed(columns: tuple[Column, ...], window: Window, partition: tuple[str, ...]) -> tuple[Column, ...]:
    """`columns` of a relation that is cut into `window`, without the borders: those of `partition` are marked."""
    return tuple(
        replace(c, role="window_key", window=window) if c.name in partition and not c.is_time else c
        for c in without_window(columns)
    )


def window_borders(columns: tuple[Column, ...], keys: tuple[Expr, ...]) -> dict[int, Column] | None:
    """Which of `keys` are borders of one window, by position; None unless start and end are among them.

    Sessions are told apart by their own keys: the others among `keys` must be just those.
    """
    by_name = {c.name: c for c in columns}
    borders: dict[int, Column] = {}
    others: list[Column | None] = []
    for i, key in enumerate(keys):
        column = by_name.get(key.name) if isinstance(key, Ref) else None
        if column is not None and column.role in BORDERS:
            borders[i] = column
        else:
            others.append(column)
    windows = {c.window for c in borders.values()}
    roles = {c.role for c in borders.values()}
    if len(windows) != 1 or not {"window_start", "window_end"} <= roles:
        return None
    window = next(iter(windows))
    if window is not None and window.kind == "SESSION":
        own = all(c is not None and c.role == "window_key" and c.window == window for c in others)
        return borders if own and len(others) == window.keys else None
    return borders


def nodes(plan: Node) -> Iterator[Node]:
    """`plan` and everything below it, from the top down."""
    yield plan
    for child in plan.inputs:
        yield from nodes(child)


def shared_nodes(plan: Node) -> set[Node]:
    """The nodes that several others take from."""
    readers: dict[Node, set[Node]] = {}
    for node in nodes(plan):
        for child in node.inputs:
            readers.setdefault(child, set()).add(node)
    return {node for node, parents in readers.items() if len(parents) > 1}


def explain(plan: Node, more: Callable[[Node], str] = lambda _: "") -> str:
    """The plan as indented lines, the result on top; `more` is said of a node at the end of its line."""
    lines: list[str] = []

    def show(node: Node, depth: int) -> None:
        columns = ", ".join(f"{c.name} {c.type}" + (f" *{c.role}*" if c.is_time else "") for c in node.columns)
        lines.append(f"{'  ' * depth}{node.label} [{columns}] {more(node)}".rstrip())
        for child in node.inputs:
            show(child, depth + 1)

    for root in plan.inputs if isinstance(plan, Sinks) else (plan,):
        show(root, 0)
    return "\n".join(lines)
