"""The aggregate calls of one GROUP BY as Polars expressions: partial results, their merging, their end.

Columns inside: keys `k0..`, arguments `a0..` (each expression once), states `s<call>.<part>`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.core.batch import SEQ
from penstock.engine.operators.calc import Stage, project_stage
from penstock.sql.coercion import cast_to
from penstock.sql.expr import AggregateCall, Case, Literal, Ref
from penstock.sql.functions.aggregates import average_of_sums, averages_are_sums
from penstock.sql.functions.spec import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Failure, Spans
    from penstock.sql.plan import Column

__all__ = ["Aggregation", "DistinctSet", "KeptSet"]

_SAMPLE = 4_096
_WORTH = 0.7
_ONE = Literal(t.INT.with_nullable(False), 1)


def _bits(data_type: DataType) -> pl.DataType | None:
    """The integer whose equality is Flink's of floating values: it tells 0.0 from -0.0."""
    return pl.Int64() if isinstance(data_type, t.Double) else pl.Int32() if isinstance(data_type, t.Float) else None


def _as_bits(expr: pl.Expr, data_type: DataType) -> pl.Expr:
    """What tells the values of `data_type` apart: all NaN are one."""
    bits = _bits(data_type)
    if bits is None:
        return expr
    nan = pl.lit(float("nan"), dtype=data_type.polars)
    return pl.when(expr.is_nan()).then(nan).otherwise(expr).reinterpret(dtype=bits).alias(expr.meta.output_name())


def _of_bits(column: str, data_type: DataType) -> pl.Expr:
    """The values again of a column that `_as_bits` made."""
    return pl.col(column).reinterpret(dtype=data_type.polars) if _bits(data_type) is not None else pl.col(column)


@dataclass(frozen=True, slots=True)
class _Bound:
    """One call: the columns of its arguments, and the mask column of its FILTER where it cannot be folded in."""

    call: AggregateCall
    number: int
    args: tuple[str, ...]
    mask: str | None
    bits: bool = False
    """Whether floating values are columns of their bits."""

    @property
    def bits_of_floats(self) -> bool:
        return self.bits and any(_bits(a.type) is not None for a in self.call.args)

    def partial_of(self, chosen: pl.Expr) -> list[pl.Expr]:
        """As `partial`, over the rows for which `chosen` holds."""
        values = [replace(v, expr=v.expr.filter(self._also(chosen))) for v in replace(self, mask=None).values()]
        return self._named(self.call.function.partial(values, self.call.type))

    def _also(self, chosen: pl.Expr) -> pl.Expr:
        return chosen if self.mask is None else chosen & pl.col(self.mask)

    def values(self) -> list[Value]:
        """The arguments as columns of the input stage."""
        types = [a.type for a in self.call.args]
        columns = [_of_bits(a, kind) if self.bits else pl.col(a) for a, kind in zip(self.args, types, strict=True)]
        if self.mask is not None:
            columns = [c.filter(pl.col(self.mask).cast(pl.Boolean)) for c in columns]
        return [Value(c, kind) for c, kind in zip(columns, types, strict=True)]

    def partial(self) -> list[pl.Expr]:
        return self._named(self.call.function.partial(self.values(), self.call.type))

    def signed(self, sign: str) -> list[pl.Expr]:
        """As `partial`, over rows that come or go, as the column `sign` says: 1 or -1."""
        assert self.call.function.signed is not None
        way = pl.col(sign) if self.mask is None else pl.col(sign).filter(pl.col(self.mask).cast(pl.Boolean))
        return self._named(self.call.function.signed(self.values(), way, self.call.type))

    def distinct(self) -> list[pl.Expr]:
        """The state of the distinct values of a column of rows with repeats; for calls of one argument."""
        function, (value,) = self.call.function, self.values()
        if function.distinct is not None and _bits(value.type) is None:
            return self._named(function.distinct((value,), self.call.type))
        unrepeated = replace(value, expr=value.expr.filter(pl.col(self.args[0]).is_first_distinct()))
        return self._named(function.partial((unrepeated,), self.call.type))

    def _named(self, states: Mapping[str, pl.Expr]) -> list[pl.Expr]:
        return [e.alias(f"s{self.number}.{part}") for part, e in states.items()]

    def merge(self) -> list[pl.Expr]:
        columns = {part: pl.col(f"s{self.number}.{part}") for part in self._parts()}
        return self._named(self.call.function.merge(columns, self.call.type))

    def joined(self, right: str) -> list[pl.Expr]:
        names = [f"s{self.number}.{part}" for part in self._parts()]
        one = {part: pl.col(n) for part, n in zip(self._parts(), names, strict=True)}
        other = {part: pl.col(n + right) for part, n in zip(self._parts(), names, strict=True)}
        assert self.call.function.joined is not None
        return self._named(self.call.function.joined(one, other, self.call.type))

    def of_spans(self, states: pl.DataFrame, spans: Spans) -> list[pl.Series]:
        assert self.call.function.spans is not None
        found = self.call.function.spans({part: states[f"s{self.number}.{part}"] for part in self._parts()}, spans)
        return [column.alias(f"s{self.number}.{part}") for part, column in found.items()]

    def running(self, first: str) -> list[pl.Expr] | None:
        function, names = self.call.function, self._parts()
        columns = {part: pl.col(f"s{self.number}.{part}") for part in names}
        states = function.running(columns, pl.col(first), self.call.type) if function.running else None
        return None if states is None else self._named(states)

    def _parts(self) -> list[str]:
        """The names of its state's columns."""
        return list(self.call.function.partial(self.values(), self.call.type))

    def finish(self) -> Value:
        columns = {part: pl.col(f"s{self.number}.{part}") for part in self._parts()}
        built = self.call.function.finish(columns, self.call.type)
        return built if isinstance(built, Value) else Value(built, self.call.type)


@dataclass(frozen=True, slots=True)
class DistinctSet:
    """The arguments of the DISTINCT calls over the same ones, kept until a window closes.

    Whether repeats are dropped on the way is a matter of cost: rows that hardly repeat are kept as they are.
    """

    args: tuple[str, ...]
    calls: tuple[_Bound, ...]

    def counted(self, rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        """The states of its calls over `rows`, which may repeat, for each group in order of its first row."""
        if len(self.args) == 1:
            states = [e for c in self.calls for e in c.distinct()]
        else:
            rows = rows.unique([*by, *self.args], maintain_order=True)
            states = [e for c in self.calls for e in c.partial()]
        return rows.group_by(by, maintain_order=True).agg(*states)

    def thinned(self, rows: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
        """`rows` without repeats, where a sample says that there are enough of them to be worth it.

        Where most arguments are NULL, as under a FILTER, and calls pass over NULL, one for each of `groups` stands for
        them: the keys of `rows`, in order of the first row of each.
        """
        only = self.args[0]
        if len(self.args) == 1 and 2 * rows[only].null_count() > rows.height and self._passes_over_null:
            nothing = groups.with_columns(pl.lit(None, rows.schema[only]).alias(only))
            return pl.concat([nothing, rows.filter(rows[only].is_not_null()).unique(maintain_order=True)])
        sample = rows.head(_SAMPLE)
        if sample.height == _SAMPLE and sample.n_unique() > _SAMPLE * _WORTH:
            return rows
        return rows.unique(maintain_order=True)

    @property
    def _passes_over_null(self) -> bool:
        return all(c.call.function.ignores_nulls for c in self.calls)


@dataclass(frozen=True, slots=True)
class KeptSet:
    """The calls over the same arguments that cannot count out a row that goes: the rows themselves are kept.

    `mask` is the column that says which rows are theirs; `once` those of DISTINCT, to which repeats are nothing.
    """

    args: tuple[str, ...]
    mask: str | None
    once: bool
    calls: tuple[_Bound, ...]

    @property
    def states(self) -> list[str]:
        """The columns of their state."""
        return [e.meta.output_name() for c in self.calls for e in c.partial()]

    @property
    def chosen(self) -> list[tuple[str, str]] | None:
        """The state that each call has picked and the argument it is of; None where a result is of all rows."""
        picks = all(c.call.function.picks and not c.bits_of_floats for c in self.calls)
        return [(f"s{c.number}.v", c.args[0]) for c in self.calls] if picks else None

    def of_all(self, rows: pl.DataFrame, by: str) -> pl.DataFrame:
        """The states over all rows that their groups have."""
        rows = rows.unique(maintain_order=True) if self.once else rows
        states = [e for c in self.calls for e in replace(c, mask=None).partial()]
        return rows.group_by(by, maintain_order=True).agg(*states)


@dataclass(slots=True)
class Aggregation:
    """All calls of one GROUP BY; `input` makes the keys and arguments of a batch of rows.

    With `retracts` rows may be taken back: calls that cannot count them out are in `kept`, and in no other list.
    """

    keys: tuple[Expr, ...]
    calls: tuple[AggregateCall, ...]
    context: Context
    as_sums: bool = True
    """Whether an AVG beside a variance is a SUM and a COUNT, as in Flink's GROUP BY."""
    retracts: bool = False
    key_names: list[str] = field(init=False)
    plain: list[_Bound] = field(init=False, default_factory=list)
    distinct: list[DistinctSet] = field(init=False, default_factory=list)
    kept: list[KeptSet] = field(init=False, default_factory=list)
    _exprs: dict[tuple[Expr, bool], str] = field(init=False, default_factory=dict)
    """The column of each argument, and whether it has the bits of floating values, for DISTINCT."""

    def __post_init__(self) -> None:
        self.key_names = [f"k{i}" for i in range(len(self.keys))]
        if self.as_sums and averages_are_sums(self.calls):
            self.calls = tuple(replace(c, function=average_of_sums(c.function)) for c in self.calls)
        sets: dict[tuple[str, ...], list[_Bound]] = {}
        kept: dict[tuple[tuple[str, ...], str | None, bool], list[_Bound]] = {}
        for number, call in enumerate(self.calls):
            keeps = self.retracts and call.function.signed is None
            bound = self._bound(call, number, bits=keeps or call.distinct)
            if keeps:
                kept.setdefault((bound.args, bound.mask, call.distinct), []).append(bound)
            elif call.distinct:
                sets.setdefault(bound.args, []).append(bound)
            else:
                self.plain.append(bound)
        self.kept = [KeptSet(args, mask, once, tuple(calls)) for (args, mask, once), calls in kept.items()]
        self.distinct = [DistinctSet(args, tuple(calls)) for args, calls in sets.items()]

    def _bound(self, call: AggregateCall, number: int, *, bits: bool) -> _Bound:
        args, mask = call.args, None
        condition = call.filter
        if condition is not None:
            if not args:
                args = (_ONE,)
            if call.function.ignores_nulls or call.distinct:
                args = tuple(
                    Case(
                        a.type.with_nullable(),
                        ((condition, cast_to(a, a.type.with_nullable())),),
                        Literal(a.type.with_nullable(), None),
                    )
                    for a in args
                )
            else:
                mask = self._column(condition)
        folded = AggregateCall(call.type, call.function, args, call.distinct)
        return _Bound(folded, number, tuple(self._column(a, bits=bits) for a in args), mask, bits)

    def _column(self, expr: Expr, *, bits: bool = False) -> str:
        return self._exprs.setdefault((expr, bits and _bits(expr.type) is not None), f"a{len(self._exprs)}")

    def input(self, extra: Sequence[tuple[str, Expr]] = (), hidden: Sequence[str] = (SEQ,)) -> Stage:
        """The stage that makes keys, arguments, `extra` (name, expression) and the `hidden` columns."""
        names = [*self.key_names, *self._exprs.values(), *(n for n, _ in extra)]
        wanted = [*self.keys, *(e for e, _ in self._exprs), *(e for _, e in extra)]
        stage = project_stage(names, wanted, self.context, hidden)
        exprs = list(stage.exprs)
        by_bits = [(key, True) for key in self.keys] + list(self._exprs)
        for i, (expr, bits) in enumerate(by_bits):
            if bits:
                exprs[i] = _as_bits(exprs[i], expr.type)
        return replace(stage, exprs=tuple(exprs))

    def timed_input(self, name: str, time: Column, epoch: Callable[[pl.Expr], pl.Expr]) -> Stage:
        """As `input`, with the event time `time` under `name`, as `epoch` gives it in ms; rows without one fail."""
        return self.input([(name, Ref(time.type, time.name))]).timed(name, time, epoch)

    @property
    def key_schema(self) -> dict[str, pl.DataType]:
        """The Polars types of the keys, as `input` makes them."""
        return {n: _bits(k.type) or k.type.polars for n, k in zip(self.key_names, self.keys, strict=True)}

    def key_columns(self) -> list[pl.Expr]:
        """The keys as values, of the columns that `input` made."""
        return [_of_bits(n, k.type) for n, k in zip(self.key_names, self.keys, strict=True)]

    def partial(self, masks: Sequence[str] = ()) -> list[pl.Expr]:
        """Over rows: the states of the calls that are not DISTINCT.

        With `masks`, of those that are too: a column for each of `distinct` that tells which rows count.
        """
        unrepeated = [replace(c, mask=m) for d, m in zip(self.distinct, masks, strict=False) for c in d.calls]
        return [e for b in (*self.plain, *unrepeated) for e in b.partial()]

    def signed(self, sign: str, masks: Sequence[str]) -> list[pl.Expr]:
        """The same over rows that come (the column `sign` is 1) or go (-1).

        `masks` are columns of the same kind, 0 for rows that bring nothing new. Of calls that are kept, the states of
        the rows that come.
        """
        unrepeated = [(replace(c, mask=m), m) for d, m in zip(self.distinct, masks, strict=True) for c in d.calls]
        counted = [e for b, way in (*((b, sign) for b in self.plain), *unrepeated) for e in b.signed(way)]
        come = pl.col(sign) > 0
        return counted + [e for k in self.kept for c in k.calls for e in c.partial_of(come)]

    def merge(self) -> list[pl.Expr]:
        """Over states, in order: one state."""
        return [e for b in self.plain for e in b.merge()]

    def merge_all(self) -> list[pl.Expr]:
        """The same of all calls: where the values that DISTINCT calls have seen are others, their states add up."""
        return [e for b in self._bound_calls() for e in b.merge()]

    @property
    def can_join(self) -> bool:
        """Whether the states of all calls can be put together row by row."""
        return all(b.call.function.joined is not None for b in self._bound_calls())

    @property
    def can_span(self) -> bool:
        """Whether the states of any span of rows can be made of those of its rows, without looking at each."""
        functions = [b.call.function for b in self._bound_calls()]
        return not self.distinct and all(f.joined is not None or f.spans is not None for f in functions)

    def joined(self, right: str) -> list[pl.Expr]:
        """Over a row with two states, the names of the later one's columns ending in `right`: one state.

        Of the calls whose states can be put together.
        """
        return [e for b in self._bound_calls() if b.call.function.joined is not None for e in b.joined(right)]

    def of_spans(self, states: pl.DataFrame, spans: Spans) -> list[pl.Series]:
        """Of the other calls, what `finish` needs of each span of `states`, those of single rows."""
        others = [b for b in self._bound_calls() if b.call.function.joined is None]
        return [column for b in others for column in b.of_spans(states, spans)]

    def running(self, first: str) -> list[pl.Expr]:
        """Over states in order: what `finish` needs of those from the place in the column `first` up to each.

        Of the calls for which that is faster than `joined`.
        """
        return [e for b in self._bound_calls() for e in b.running(first) or ()]

    def _bound_calls(self) -> list[_Bound]:
        distinct = [c for d in self.distinct for c in d.calls]
        return [*self.plain, *distinct, *(c for k in self.kept for c in k.calls)]

    def finish(self) -> tuple[list[pl.Expr], list[Failure]]:
        """Over states: the result of each call, in the order of `calls`."""
        values = [b.finish() for b in sorted(self._bound_calls(), key=lambda b: b.number)]
        return [v.expr for v in values], [f for v in values for f in v.failures]
