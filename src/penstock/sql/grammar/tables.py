"""The grammar of CREATE, ALTER and DROP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlglot.tokenizer_core import TokenType

from penstock.sql import statements as st
from penstock.sql.errors import Span
from penstock.sql.grammar.pieces import PieceParser

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

__all__ = ["TableParser"]

_KINDS = "TABLE, VIEW and DATABASE are supported"


class TableParser(PieceParser):
    """Reads the statements that change the catalog."""

    # -- CREATE ------------------------------------------------------------------------------------

    def _create(self, first: Token) -> st.Statement:
        temporary = bool(self._match_text_seq("TEMPORARY"))
        if self._match_text_seq("TABLE"):
            return self._create_table(first, temporary)
        if self._match_text_seq("VIEW"):
            return self._create_view(first, temporary)
        if self._match_text_seq("DATABASE") and not temporary:
            exists = self._if_not_exists()
            name, comment = self._qualified(), self._comment()
            options = self.options() if self._match_text_seq("WITH") else {}
            return st.CreateDatabase(*self._text(first), name, exists, comment, options)
        what = self.remaining.upper()
        words = {"OR": "OR REPLACE", "MATERIALIZED": "MATERIALIZED TABLE", "SYSTEM": "SYSTEM FUNCTION"}
        if what in ("FUNCTION", "SYSTEM", "CATALOG", "MODEL", "MATERIALIZED", "OR", "CONNECTION"):
            hint = {"OR": "drop it first, or use ALTER", "MATERIALIZED": "INSERT INTO a table from a query instead"}
            self._advance()
            self.refuse(f"CREATE {words.get(what, what)}", "sql-create", hint.get(what, _KINDS), first)
        return self.raise_error("expected TABLE, VIEW or DATABASE after CREATE")

    def _create_table(self, first: Token, temporary: bool) -> st.CreateTable:
        exists = self._if_not_exists()
        name = self._qualified()
        columns, watermark, key = self._table_elements() if self._match(TokenType.L_PAREN) else ((), None, ())
        comment = self._comment()
        if self._match_text_seq("DISTRIBUTED"):
            hint = "the partitions of a topic are set in penstock.toml, [topics.NAME]"
            self.refuse("DISTRIBUTED BY", "sql-distributed", hint)
        partitioned = self._names() if self._partitioned_by() else ()
        options, places = self._options_and_places() if self._match_text_seq("WITH") else ({}, {})
        if self._match_text_seq("AS"):
            self.refuse("CREATE TABLE ... AS", "sql-ctas", "CREATE TABLE with its columns, then INSERT INTO ... SELECT")
        like = self._like() if self._match_text_seq("LIKE") else None
        return st.CreateTable(
            *self._text(first),
            name,
            columns,
            watermark,
            key,
            partitioned,
            options,
            places,
            comment,
            like,
            exists,
            temporary,
        )

    def _partitioned_by(self) -> bool:
        return bool(self._match_text_seq("PARTITIONED", "BY"))

    def _table_elements(self) -> tuple[tuple[st.ColumnDefinition, ...], st.WatermarkDefinition | None, tuple[str, ...]]:
        columns: list[st.ColumnDefinition] = []
        watermark: st.WatermarkDefinition | None = None
        key: tuple[str, ...] = ()
        while not self._match(TokenType.R_PAREN):
            if columns or watermark or key:
                self._expect(TokenType.COMMA, ",")
            if self._match_text_seq("WATERMARK", "FOR"):
                if watermark:
                    self.raise_error("a table has at most one WATERMARK", self._prev)
                watermark = self._watermark()
            elif self._match_text_seq("CONSTRAINT") or self._match_text_seq("PRIMARY", "KEY", advance=False):
                key = self._primary_key()
            else:
                column, is_key = self._column()
                columns.append(column)
                key = (column.name,) if is_key else key
        return tuple(columns), watermark, key

    def _watermark(self) -> st.WatermarkDefinition:
        column = self._curr
        name = self._qualified()
        self._required("AS")
        expression, text = self._expression()
        return st.WatermarkDefinition(".".join(name.parts), expression, text, Span(column.start, self._prev.end))

    def _expression(self) -> tuple[exp.Expr, str]:
        first = self._curr
        expression: exp.Expr | None = self._parse_disjunction()
        if expression is None:
            self.raise_error("expected an expression")
        self.require_free_names(expression)
        return expression, self._text(first)[0]

    def _primary_key(self) -> tuple[str, ...]:
        if not self._match_text_seq("PRIMARY", "KEY"):
            self.name()  # CONSTRAINT name
            self._required("PRIMARY", "KEY")
        key = self._names()
        self._not_enforced()
        return key

    def _not_enforced(self) -> None:
        if not self._match_text_seq("NOT", "ENFORCED"):
            self.refuse("an enforced key", "sql-key-enforced", "write PRIMARY KEY (...) NOT ENFORCED, as in Flink")

    def _column(self) -> tuple[st.ColumnDefinition, bool]:
        first = self._curr
        name = self.name()
        span = Span(first.start, self._prev.end)
        if self._match_text_seq("AS"):
            expression, text = self._expression()
            comment = self._comment()
            position = self._placed()
            return st.ColumnDefinition(name, span, None, expression, text, None, False, comment, position), False
        data_type = self.flink_type()
        metadata: str | None = None
        if self._match_text_seq("METADATA"):
            metadata = self._string_value() if self._match_text_seq("FROM") else ""
        virtual = metadata is not None and bool(self._match_text_seq("VIRTUAL"))
        is_key = bool(self._match_text_seq("PRIMARY", "KEY"))
        if is_key:
            self._not_enforced()
        comment = self._comment()
        position = self._placed()
        return st.ColumnDefinition(name, span, data_type, None, "", metadata, virtual, comment, position), is_key

    def _placed(self) -> str | None:
        if self._match_text_seq("FIRST"):
            return ""
        return self.name() if self._match_text_seq("AFTER") else None

    def _like(self) -> st.LikeClause:
        name = self._qualified()
        options: list[tuple[str, str]] = []
        if self._match(TokenType.L_PAREN):
            while not self._match(TokenType.R_PAREN):
                if not self._match_texts(("INCLUDING", "EXCLUDING", "OVERWRITING")):
                    self.raise_error("expected INCLUDING, EXCLUDING or OVERWRITING")
                word = self._prev.text.upper()
                if not self._match_texts(
                    (
                        "ALL",
                        "CONSTRAINTS",
                        "DISTRIBUTION",
                        "GENERATED",
                        "METADATA",
                        "OPTIONS",
                        "PARTITIONS",
                        "WATERMARKS",
                    )
                ):
                    self.raise_error(
                        "expected ALL, CONSTRAINTS, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS"
                    )
                options.append((word, self._prev.text.upper()))
        return st.LikeClause(name, tuple(options))

    def _create_view(self, first: Token, temporary: bool) -> st.CreateView:
        exists = self._if_not_exists()
        name = self._qualified()
        columns = self._names() if self._match(TokenType.L_PAREN, advance=False) else ()
        comment = self._comment()
        self._required("AS")
        start = self._curr
        query = self._query()
        text = self._text(start)[0]
        return st.CreateView(*self._text(first), name, columns, query, text, comment, exists, temporary)

    # -- DROP, ALTER -------------------------------------------------------------------------------

    def _drop(self, first: Token) -> st.Statement:
        temporary = bool(self._match_text_seq("TEMPORARY"))
        if self._match_text_seq("TABLE"):
            exists = self._if_exists()
            name = self._qualified()
            return st.DropTable(*self._text(first), name, exists, temporary)
        if self._match_text_seq("VIEW"):
            exists = self._if_exists()
            name = self._qualified()
            return st.DropView(*self._text(first), name, exists, temporary)
        if self._match_text_seq("DATABASE"):
            exists = self._if_exists()
            name = self._qualified()
            cascade = bool(self._match_text_seq("CASCADE"))
            if not cascade:
                self._match_text_seq("RESTRICT")
            return st.DropDatabase(*self._text(first), name, exists, cascade)
        return self._refuse_kind("DROP", first)

    def _alter(self, first: Token) -> st.Statement:
        if self._match_text_seq("TABLE"):
            exists = self._if_exists()
            name = self._qualified()
            action = self._alter_action()
            return st.AlterTable(*self._text(first), name, action, exists)
        if self._match_text_seq("VIEW"):
            name = self._qualified()
            if self._match_text_seq("RENAME", "TO"):
                to = self._qualified()
                return st.AlterView(*self._text(first), name, to, None, "")
            self._required("AS")
            start = self._curr
            query = self._query()
            return st.AlterView(*self._text(first), name, None, query, self._text(start)[0])
        if self._match_text_seq("DATABASE"):
            name = self._qualified()
            self._required("SET")
            options = self.options()
            return st.AlterDatabase(*self._text(first), name, options)
        return self._refuse_kind("ALTER", first)

    def _refuse_kind(self, verb: str, first: Token) -> NoReturn:
        kind = self.remaining.upper()
        if kind not in ("FUNCTION", "TEMPORARY", "SYSTEM", "CATALOG", "MODEL", "MATERIALIZED", "CONNECTION"):
            self.raise_error(f"expected TABLE, VIEW or DATABASE after {verb}")
        self._advance()
        self.refuse(f"{verb} {kind}", f"sql-{verb.lower()}", _KINDS, first)

    def _alter_action(self) -> Any:
        if self._match_text_seq("RENAME", "TO"):
            return st.RenameTable(self._qualified())
        if self._match_text_seq("RENAME"):
            column = self.name()
            self._required("TO")
            return st.RenameColumn(column, self.name())
        if self._match_text_seq("SET"):
            return st.SetOptions(*self._options_and_places())
        if self._match_text_seq("RESET"):
            self._expect(TokenType.L_PAREN, "(")
            keys = [self._string_value()]
            while self._match(TokenType.COMMA):
                keys.append(self._string_value())
            self._expect(TokenType.R_PAREN, ")")
            return st.ResetOptions(tuple(keys))
        if self._match_text_seq("ADD"):
            return st.AddColumns(*self._alter_elements())
        if self._match_text_seq("MODIFY"):
            return st.ModifyColumns(*self._alter_elements())
        if self._match_text_seq("DROP"):
            return self._alter_drop()
        return self.raise_error("expected RENAME, SET, RESET, ADD, MODIFY or DROP")

    def _alter_elements(self) -> Any:
        if self._match(TokenType.L_PAREN):
            return self._table_elements()
        if self._match_text_seq("WATERMARK", "FOR"):
            return (), self._watermark(), ()
        if self._match_text_seq("PRIMARY", "KEY", advance=False) or self._match_text_seq("CONSTRAINT"):
            return (), None, self._primary_key()
        self._match_text_seq("COLUMN")
        column, is_key = self._column()
        return (column,), None, (column.name,) if is_key else ()

    def _alter_drop(self) -> Any:
        if self._match_text_seq("WATERMARK"):
            return st.DropWatermark()
        if self._match_text_seq("PRIMARY", "KEY"):
            return st.DropWatermark(primary_key=True)
        if self._match(TokenType.L_PAREN, advance=False):
            return st.DropColumns(self._names())
        self._match_text_seq("COLUMN")
        return st.DropColumns((self.name(),))
