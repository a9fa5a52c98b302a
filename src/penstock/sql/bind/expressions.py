"""Expressions: names, types and coercions, as Flink decides them."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from penstock.core import types as t
from penstock.core.errors import BindError, UnsupportedError, did_you_mean
from penstock.sql.bind.intervals import interval_literal
from penstock.sql.bind.literals import time_literal
from penstock.sql.bind.over import over_call
from penstock.sql.casts import cast_refusal
from penstock.sql.coercion import cast_to, common_type
from penstock.sql.expr import AggregateCall, Call, Case, Cast, Expr, Literal, Ref, walk
from penstock.sql.functions import AGGREGATES, FUNCTIONS, OVER_ONLY, REFUSED
from penstock.sql.functions.elsewhere import ELSEWHERE
from penstock.sql.functions.signatures import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.sql.bind.scope import Scope
    from penstock.sql.functions.spec import Aggregate, Function
    from penstock.sql.grammar.nodes import CastTo, IntervalLiteral, Special, TypedLiteral

__all__ = ["ExpressionBinder"]

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.And: "AND",
    exp.Or: "OR",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.DPipe: "||",
    exp.SimilarTo: "SIMILAR TO",
    exp.Overlaps: "OVERLAPS",
}


def _text(text: str) -> Literal:
    """A text literal; its type counts characters as Java does, in units of UTF-16."""
    return Literal(t.Char(len(text.encode("utf-16-le", "surrogatepass")) // 2, nullable=False), text)


_NEAREST: dict[type[exp.Expr], str] = {
    exp.Exists: "nearest is UNION ALL of both sides, grouped by the key over one window",
    exp.Subquery: "nearest is a subquery in FROM, or UNION ALL of both sides, grouped over one window",
    exp.Select: "nearest is a subquery in FROM, or UNION ALL of both sides, grouped over one window",
}


class ExpressionBinder:
    """Binds expressions in one scope.

    Aggregate functions become AggregateCall where `aggregates` allows them, and OverCall where `windows` (those that
    a WINDOW clause names) allows OVER; else they are refused.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        aggregates: bool = False,
        may_be_empty: bool = False,
        windows: Mapping[str, exp.Expr] | None = None,
        place: str = "here",
    ) -> None:
        self.scope = scope
        self.origin = scope.origin
        self.aggregates = aggregates
        self.windows = windows
        self.may_be_empty = may_be_empty
        """Whether an aggregate may be of no rows at all: without GROUP BY."""
        self.place = place

    def bind(self, node: exp.Expr) -> Expr:
        """The typed expression of `node`.

        Raises BindError (a name, type or argument does not fit) or UnsupportedError.
        """
        binder: Callable[[Any], Expr] | None = getattr(self, f"_bind_{type(node).__name__.lower()}", None)
        if binder is not None:
            return binder(node)
        if type(node) in _OPERATORS:
            return self._call(_OPERATORS[type(node)], node, [node.this, node.expression])
        hint = _NEAREST.get(type(node), "")
        raise self._unsupported(node, self._describe(node), hint)

    def bind_boolean(self, node: exp.Expr, what: str) -> Expr:
        """A condition; `what` names it in the error."""
        bound = self.bind(node)
        if isinstance(bound.type, t.Null):
            return Literal(t.BOOLEAN, None)
        if not isinstance(bound.type, t.Boolean):
            raise self._error(f"{what} must be BOOLEAN, this is {bound.type}", "sql-not-boolean", node)
        return bound

    # -- errors ------------------------------------------------------------------------------------

    def _error(self, message: str, code: str, place: exp.Expr, hint: str = "") -> Exception:
        return self.origin.error(BindError, message, code, place, hint)

    def _unsupported(self, place: exp.Expr, what: str, hint: str = "") -> Exception:
        return self.origin.error(UnsupportedError, f"{what} is not supported", "sql-unsupported", place, hint)

    @staticmethod
    def _describe(node: exp.Expr) -> str:
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).upper()
        return {"SUBQUERY": "a subquery in an expression"}.get(words, words)

    # -- leaves ------------------------------------------------------------------------------------

    def _bind_paren(self, node: exp.Paren) -> Expr:
        return self.bind(node.this)

    def _bind_literal(self, node: exp.Literal) -> Expr:
        if node.is_string:
            return _text(node.this)
        return self._number(str(node.this), node)

    def _number(self, text: str, node: exp.Expr) -> Expr:
        """1 is INT, 3000000000 BIGINT, 1.50 DECIMAL(3, 2), 1e3 DOUBLE."""
        if "e" in text.lower():
            return Literal(t.DOUBLE.with_nullable(False), float(text))
        if "." not in text:
            value = int(text)
            for bits in (32, 64):
                if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
                    return Literal(t.Integer(bits, nullable=False), value)
        number = Decimal(text)
        _, digits, exponent = number.as_tuple()
        scale = -int(exponent)
        if not -(2**63) <= int("".join(map(str, digits))) < 2**63:
            hint = f"CAST('{text}' AS DECIMAL(38, {max(scale, 0)}))"
            raise self._error(f"the number {text} has too many digits", "sql-literal", node, hint)
        precision = sum(c.isdigit() for c in text)  # zeros count where they are written
        return Literal(t.Decimal(precision, scale, nullable=False), number)

    def _bind_boolean(self, node: exp.Boolean) -> Expr:
        return Literal(t.BOOLEAN.with_nullable(False), bool(node.this))

    def _bind_null(self, _node: exp.Null) -> Expr:
        return Literal(t.NULL, None)

    def _bind_hexstring(self, node: exp.HexString) -> Expr:
        text = str(node.this)
        try:
            value = bytes.fromhex(text)
        except ValueError:
            raise self._error(f"x'{text}' is not a row of hexadecimal pairs", "sql-literal", node) from None
        return Literal(t.Binary(len(value), nullable=False), value)

    def _bind_unicodestring(self, node: exp.UnicodeString) -> Expr:
        escape = re.escape(node.args["escape"].name if node.args.get("escape") else "\\")
        text = re.sub(
            f"{escape}(?:([0-9a-fA-F]{{4}})|\\+([0-9a-fA-F]{{6}}))",
            lambda m: chr(int(m[1] or m[2], 16)),
            str(node.this),
        )
        return _text(text)

    def _bind_typedliteral(self, node: TypedLiteral) -> Expr:
        try:
            return time_literal(node.args["kind"], str(node.this))
        except ValueError as error:
            raise self._error(str(error), "sql-literal", node) from None

    def _bind_intervalliteral(self, node: IntervalLiteral) -> Expr:
        try:
            return interval_literal(str(node.this), node.args["start"], node.args["end"], node.args["sign"])
        except ValueError as error:
            raise self._error(str(error), "sql-literal", node) from None

    def _bind_column(self, node: exp.Column) -> Expr:
        names = [node.args.get(part) for part in ("catalog", "db", "table", "this")]
        if isinstance(node.this, exp.Star):
            raise self._error("'*' is no value", "sql-star", node, "name a column, or write COUNT(*)")
        return self.bind_name(tuple(n.name for n in names if n is not None), node)

    def bind_name(self, parts: tuple[str, ...], place: exp.Expr) -> Expr:
        """The column, or the field inside one, that a dotted name means."""
        column, fields = self.scope.resolve(parts, place)
        bound: Expr = Ref(column.type, column.name)
        for name in fields:
            bound = self.field(bound, name, place)
        return bound

    def _bind_dot(self, node: exp.Dot) -> Expr:
        return self.field(self.bind(node.this), node.expression.name, node)

    def field(self, row: Expr, name: str, place: exp.Expr) -> Expr:
        """A field of a row. Raises BindError if it has none of that name."""
        if not isinstance(row.type, t.Row):
            raise self._error(f"{row.type} has no field '{name}'", "sql-field", place, "only a ROW has fields")
        for f in row.type.fields:
            if f.name == name:
                nullable = f.type.nullable or row.type.nullable
                return Call(f.type.with_nullable(nullable), FUNCTIONS["."], (row,), (("field", name),))
        known = [f.name for f in row.type.fields]
        hint = did_you_mean(name, known) or "fields are " + ", ".join(known)
        raise self._error(f"the row has no field '{name}'", "sql-field", place, hint)

    def _bind_bracket(self, node: exp.Bracket) -> Expr:
        return self._call("[]", node, [node.this, *node.expressions])

    # -- operators ---------------------------------------------------------------------------------

    def _bind_neg(self, node: exp.Neg) -> Expr:
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string:
            return self._number("-" + str(inner.this), node)
        return self._call("NEGATE", node, [inner])

    def _bind_not(self, node: exp.Not) -> Expr:
        return self._call("NOT", node, [node.this])

    def _bind_is(self, node: exp.Is) -> Expr:
        what = node.expression
        negate = "NOT " if node.args.get("negate") else ""
        if isinstance(what, exp.Null):
            return self._call(f"IS {negate}NULL", node, [node.this])
        if isinstance(what, exp.Boolean):
            return self._call(f"IS {negate}{'TRUE' if what.this else 'FALSE'}", node, [node.this])
        raise self._unsupported(
            node, f"IS {what.sql()}", "supported are NULL, TRUE, FALSE, UNKNOWN, JSON, DISTINCT FROM"
        )

    def _bind_like(self, node: exp.Like) -> Expr:
        call = self._call("LIKE", node, [node.this, node.expression])
        return self._negated(call, node)

    def _negated(self, call: Expr, node: exp.Expr) -> Expr:
        if not node.args.get("negate"):
            return call
        return Call(call.type, FUNCTIONS["NOT"], (call,))

    def _bind_escape(self, node: exp.Escape) -> Expr:
        inner = node.this
        if not isinstance(inner, (exp.Like, exp.SimilarTo)):
            raise self._unsupported(node, "ESCAPE without LIKE")
        name = "LIKE" if isinstance(inner, exp.Like) else "SIMILAR TO"
        return self._negated(self._call(name, node, [inner.this, inner.expression, node.expression]), inner)

    def _bind_between(self, node: exp.Between) -> Expr:
        low, high = node.args["low"], node.args["high"]
        if node.args.get("symmetric"):
            raise self._unsupported(node, "BETWEEN SYMMETRIC", "write a BETWEEN LEAST(x, y) AND GREATEST(x, y)")
        above = self._call(">=", node, [node.this, low])
        below = self._call("<=", node, [node.this, high])
        return self._bound_call("AND", node, (above, below))

    def _bind_in(self, node: exp.In) -> Expr:
        if node.args.get("query") is not None:
            raise self._unsupported(node, "IN with a subquery", "list the values: x IN (1, 2, 3)")
        return self._call("IN", node, [node.this, *node.expressions])

    def _bind_case(self, node: exp.Case) -> Expr:
        subject = node.this
        conditions: list[Expr] = []
        for branch in node.args["ifs"]:
            if subject is None:
                conditions.append(self.bind_boolean(branch.this, "the condition of WHEN"))
            else:
                conditions.append(self._call("=", branch.this, [subject, branch.this]))
        values = [self.bind(branch.args["true"]) for branch in node.args["ifs"]]
        default = node.args.get("default")
        values.append(self.bind(default) if default is not None else Literal(t.NULL, None))
        common = common_type([v.type for v in values])
        if common is None:
            kinds = ", ".join(str(v.type) for v in values)
            raise self._error(
                f"the values of CASE have no common type: {kinds}", "sql-case", node, "CAST them to one type"
            )
        branches = tuple((c, cast_to(v, common)) for c, v in zip(conditions, values, strict=False))
        return Case(common, branches, cast_to(values[-1], common))

    def _bind_castto(self, node: CastTo) -> Expr:
        arg, target, safe = self.bind(node.this), node.args["to"], bool(node.args["safe"])
        refusal = cast_refusal(arg.type, target)
        if refusal:
            raise self._error(f"cannot CAST {arg.type} to {target.name}", "sql-cast", node, refusal)
        result = target.with_nullable(safe or arg.type.nullable)
        if isinstance(arg, Literal) and arg.value is None:
            return Literal(target.with_nullable(), None)
        return Cast(result, arg, safe)

    # -- calls -------------------------------------------------------------------------------------

    def _bind_anonymous(self, node: exp.Anonymous) -> Expr:
        return self._call(str(node.name).upper(), node, node.expressions)

    def _bind_special(self, node: Special) -> Expr:
        clauses = dict(node.args["clauses"])
        for key, value in clauses.items():
            if isinstance(value, exp.Expr):
                clauses[key] = self.bind(value)
        return self._call(str(node.name).upper(), node, node.expressions, clauses)

    def _bind_tuple(self, node: exp.Tuple) -> Expr:
        return self._call("ROW", node, node.expressions)

    def _bind_filter(self, node: exp.Filter) -> Expr:
        condition = self._plain("in FILTER").bind_boolean(node.expression.this, "the condition of FILTER")
        call = self.bind(node.this)
        if not isinstance(call, AggregateCall):
            raise self._error("FILTER belongs to an aggregate function", "sql-filter", node)
        if call.distinct and not call.function.ignores_nulls:
            raise self._unsupported(node, f"{call.function.name}(DISTINCT ...) with FILTER")
        kind = call.type.with_nullable() if call.function.null_if_empty else call.type
        return AggregateCall(kind, call.function, call.args, call.distinct, condition)

    def _plain(self, place: str) -> ExpressionBinder:
        return ExpressionBinder(self.scope, aggregates=False, place=place)

    def _call(self, name: str, node: exp.Expr, args: list[exp.Expr], clauses: dict[str, Any] | None = None) -> Expr:
        if name in AGGREGATES:
            return self._aggregate(AGGREGATES[name], node, args)
        function = self.function(name, node)
        return self._bound_call(function, node, tuple(self.bind(a) for a in args), clauses)

    def _bind_window(self, node: exp.Window) -> Expr:
        if self.windows is None:
            hint = "compute it in a subquery or a view, and go on with its column"
            raise self._error(f"OVER is not allowed {self.place}", "sql-over", node, hint)
        inside = ExpressionBinder(self.scope, aggregates=self.aggregates, place="inside OVER")
        return over_call(inside, node, self.windows)

    def function(self, name: str, node: exp.Expr) -> Function:
        """The scalar function of that name. Raises BindError or UnsupportedError if there is none."""
        if name in OVER_ONLY:
            raise self._error(f"{name} goes with OVER only", "sql-over", node, "OVER (PARTITION BY k ORDER BY ts)")
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        if name in REFUSED:
            raise self._unsupported(node, f"the function {name}", REFUSED[name].reason)
        known = [n for n in (*FUNCTIONS, *AGGREGATES, *OVER_ONLY) if n[0].isalpha()]
        hint = ELSEWHERE.get(name) or did_you_mean(name, known)
        raise self._error(f"there is no function {name}", "sql-unknown-function", node, hint)

    def _bound_call(
        self, function: Function | str, node: exp.Expr, args: tuple[Expr, ...], clauses: dict[str, Any] | None = None
    ) -> Expr:
        if isinstance(function, str):
            function = FUNCTIONS[function]
        try:
            bound, result = function.bind(args, clauses or {})
        except ArgumentError as error:
            raise self._error(f"{function.name} {error}", "sql-arguments", node, function.syntax) from None
        return Call(result, function, bound, tuple((clauses or {}).items()))

    def _aggregate(self, function: Aggregate, node: exp.Expr, args: list[exp.Expr]) -> Expr:
        if not self.aggregates:
            raise self._error(f"{function.name} is an aggregate, not allowed {self.place}", "sql-aggregate", node)
        call = self._plain(f"inside {function.name}").aggregate(function, node, args)
        if self.may_be_empty and function.null_if_empty:
            return replace(call, type=call.type.with_nullable())
        return call

    def aggregate(self, function: Aggregate, node: exp.Expr, args: list[exp.Expr]) -> AggregateCall:
        """A call of `function`; raises BindError where its arguments do not fit."""
        distinct = len(args) == 1 and isinstance(args[0], exp.Distinct)
        if distinct:
            args = args[0].expressions
        star = len(args) == 1 and isinstance(args[0], exp.Star)
        try:
            bound, result = function.bind(() if star else tuple(self.bind(a) for a in args), {"star": star})
        except ArgumentError as error:
            raise self._error(f"{function.name} {error}", "sql-arguments", node, function.syntax) from None
        return AggregateCall(result, function, bound, distinct and function.distinct_matters)

    @staticmethod
    def has_aggregate(expr: Expr) -> bool:
        """Whether an aggregate stands anywhere in `expr`."""
        return any(isinstance(part, AggregateCall) for part in walk(expr))
