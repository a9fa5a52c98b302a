"""Text to statements: the grammar of Flink's statements around the queries of `dialect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot.errors import ParseError as SqlglotError
from sqlglot.errors import TokenError
from sqlglot.tokens import TokenType

from penstock.core.errors import ParseError, UnsupportedError
from penstock.sql import statements as st
from penstock.sql.dialect import Flink, FlinkParser, Misread
from penstock.sql.errors import Span, underline

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokens import Token

__all__ = ["hint_options", "parse", "parse_expression"]


def parse(text: str, source: str = "") -> tuple[st.Statement, ...]:
    """The statements of `text`, in order; `source` names the file in errors.

    Raises ParseError, or UnsupportedError for statements that Flink has and Penstock refuses.
    """
    tokens = _tokens(text, source)
    return tuple(_guarded(text, source, chunk, StatementParser.statement) for chunk in _chunks(tokens))


def parse_expression(text: str, source: str = "") -> exp.Expr:
    """One expression, as in a computed column."""
    return _guarded(text, source, _tokens(text, source), lambda p: p._parse_disjunction())


def hint_options(text: str) -> dict[str, str]:
    """The options of ``OPTIONS('k'='v', ...)``, the only table hint there is."""
    parser = _reader(text, _tokens(text, ""))
    if not parser._match_text_seq("OPTIONS"):
        raise UnsupportedError(
            f"the hint {text.strip()} is not supported",
            code="sql-hint",
            hint="supported is OPTIONS('key' = 'value', ...)",
        )
    return parser.options()


def _tokens(text: str, source: str) -> list[Token]:
    try:
        return list(Flink().tokenize(text))
    except TokenError as error:
        raise ParseError(str(error), code="sql-token", where=source) from None


def _chunks(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each statement; those of a statement set stay together."""
    chunks: list[list[Token]] = [[]]
    in_set = False
    for token in tokens:
        chunk = chunks[-1]
        if token.token_type == TokenType.SEMICOLON and not in_set:
            chunks.append([])
            continue
        chunk.append(token)
        word = token.text.upper()
        before = [c.text.upper() for c in chunk[-3:-1]]
        if (
            word == "SET"
            and len(before) == 2
            and before[0] in ("EXECUTE", "BEGIN", "EXPLAIN")
            and before[1] == "STATEMENT"
        ):
            in_set = True
        elif in_set and word == "END" and len(chunk) > 1 and chunk[-2].token_type == TokenType.SEMICOLON:
            in_set = False
    return [c for c in chunks if c]


def _reader(text: str, tokens: list[Token]) -> StatementParser:
    parser = StatementParser(dialect=Flink)
    parser.begin(text, tokens)
    return parser


def _guarded(text: str, source: str, tokens: list[Token], read: Any) -> Any:
    parser = _reader(text, tokens)
    try:
        result = read(parser)
        if parser.remaining or result is None:
            parser.raise_error(
                f"did not expect '{parser.remaining}' here" if parser.remaining else "a statement ends early"
            )
    except Misread as error:
        span = Span(error.start, error.end)
        message = str(error)
    except SqlglotError as error:
        detail = error.errors[0] if error.errors else {}
        span = None
        message = str(detail.get("description") or error)
    except UnsupportedError as error:
        if not error.where:
            error.where = underline(text, Span(tokens[0].start, tokens[-1].end), source)
        raise
    else:
        return result
    message = message[:1].lower() + message[1:] if message[:2] != message[:2].upper() else message
    raise ParseError(f"SQL syntax: {message}", where=underline(text, span, source))


_REFUSED = {
    "DELETE": "a log is appended to, not deleted from; write a tombstone to an upsert-kafka table instead",
    "UPDATE": "a log is appended to, not updated; write the new row to an upsert-kafka table instead",
    "TRUNCATE": "delete and create the topic instead",
    "ANALYZE": "there are no statistics to compute",
    "CALL": "there are no procedures",
    "LOAD": "there are no modules",
    "UNLOAD": "there are no modules",
    "COMPILE": "plans are not stored as files",
    "ADD": "there are no jars",
    "REMOVE": "there are no jars",
    "STOP": "pipelines are stopped on the command line",
    "MERGE": "write to an upsert-kafka table instead",
}


class StatementParser(FlinkParser):
    """The grammar of statements; each method starts behind its own first word."""

    STATEMENTS: ClassVar[dict[str, str]] = {
        "CREATE": "_create",
        "DROP": "_drop",
        "ALTER": "_alter",
        "USE": "_use",
        "INSERT": "_insert",
        "EXECUTE": "_execute",
        "BEGIN": "_statement_set",
        "SET": "_set",
        "RESET": "_reset",
        "SHOW": "_show",
        "DESCRIBE": "_describe",
        "DESC": "_describe",
        "EXPLAIN": "_explain",
    }

    def begin(self, text: str, tokens: list[Token]) -> None:
        """Stand before the first of `tokens`."""
        self.reset()
        self.sql = text
        self._chunks = [tokens]
        self._advance_chunk()

    @property
    def remaining(self) -> str:
        """The token that nobody has read, or ``""``."""
        return str(self._curr.text) if self._curr else ""

    def statement(self) -> st.Statement:
        """The statement that starts here."""
        first = self._curr
        word = first.text.upper()
        if word in self.STATEMENTS and first.token_type != TokenType.IDENTIFIER:
            self._advance()
            result: st.Statement = getattr(self, self.STATEMENTS[word])(first)
            return result
        if word in _REFUSED:
            raise UnsupportedError(f"{word} is not supported", code=f"sql-{word.lower()}", hint=_REFUSED[word])
        query = self._query()
        return st.Query(*self._text(first), query)

    # -- pieces ------------------------------------------------------------------------------------

    def _text(self, first: Token) -> tuple[str, Span]:
        span = Span(first.start, self._prev.end)
        return self.sql[span.start : span.end + 1], span

    def _query(self) -> exp.Expr:
        query: exp.Expr | None = self._parse_select(nested=True)
        if self._prev.token_type == TokenType.COMMA:
            self.raise_error("a name is missing after the comma", self._prev)
        if query is None:
            self.raise_error(f"'{self.remaining}' does not begin a statement")
        self.require_free_names(query)
        return self._parse_query_modifiers(query)  # type: ignore[no-any-return]

    def _required(self, *words: str) -> None:
        if not self._match_text_seq(*words):
            self.raise_error(f"expected {' '.join(words)}")

    def _qualified(self) -> st.Name:
        first = self._curr
        parts = [self.name()]
        while self._match(TokenType.DOT):
            parts.append(self.name())
        return st.Name(tuple(parts), Span(first.start, self._prev.end))

    def _names(self) -> tuple[str, ...]:
        self._expect(TokenType.L_PAREN, "(")
        names = [self.name()]
        while self._match(TokenType.COMMA):
            names.append(self.name())
        self._expect(TokenType.R_PAREN, ")")
        return tuple(names)

    def _string_value(self) -> str:
        token = self._curr
        if not self._match(TokenType.STRING):
            self.raise_error("expected a text in single quotes", token)
        return str(token.text)

    def options(self) -> dict[str, str]:
        """``('key' = 'value', ...)``."""
        self._expect(TokenType.L_PAREN, "(")
        options: dict[str, str] = {}
        while not self._match(TokenType.R_PAREN):
            if options:
                self._expect(TokenType.COMMA, ",")
            key = self._string_value()
            self._expect(TokenType.EQ, "=")
            if key in options:
                self.raise_error(f"option '{key}' is given twice", self._prev)
            options[key] = self._string_value()
        return options

    def _comment(self) -> str:
        return self._string_value() if self._match_text_seq("COMMENT") else ""

    def _if_exists(self) -> bool:
        return bool(self._match_text_seq("IF", "EXISTS"))

    def _if_not_exists(self) -> bool:
        return bool(self._match_text_seq("IF", "NOT", "EXISTS"))

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
        if what in ("FUNCTION", "SYSTEM", "CATALOG", "MODEL", "MATERIALIZED", "OR", "CONNECTION"):
            hint = {"OR": "drop it first, or use ALTER", "MATERIALIZED": "INSERT INTO a table from a query instead"}
            raise UnsupportedError(
                f"CREATE {what} is not supported",
                code="sql-create",
                hint=hint.get(what, "only TABLE, VIEW, DATABASE are"),
            )
        return self.raise_error("expected TABLE, VIEW or DATABASE after CREATE")  # type: ignore[return-value]

    def _create_table(self, first: Token, temporary: bool) -> st.CreateTable:
        exists = self._if_not_exists()
        name = self._qualified()
        columns, watermark, key = self._table_elements() if self._match(TokenType.L_PAREN) else ((), None, ())
        comment = self._comment()
        if self._match_text_seq("DISTRIBUTED"):
            raise UnsupportedError(
                "DISTRIBUTED BY is not supported",
                code="sql-distributed",
                hint="the partitions of a topic are set in penstock.toml, [topics.NAME]",
            )
        partitioned = self._names() if self._partitioned_by() else ()
        options = self.options() if self._match_text_seq("WITH") else {}
        if self._match_text_seq("AS"):
            raise UnsupportedError(
                "CREATE TABLE ... AS is not supported",
                code="sql-ctas",
                hint="CREATE TABLE with its columns, then INSERT INTO ... SELECT",
            )
        like = self._like() if self._match_text_seq("LIKE") else None
        return st.CreateTable(
            *self._text(first), name, columns, watermark, key, partitioned, options, comment, like, exists, temporary
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
        return expression, self._text(first)[0]  # type: ignore[return-value]

    def _primary_key(self) -> tuple[str, ...]:
        if not self._match_text_seq("PRIMARY", "KEY"):
            self.name()  # CONSTRAINT name
            self._required("PRIMARY", "KEY")
        key = self._names()
        self._not_enforced()
        return key

    def _not_enforced(self) -> None:
        if not self._match_text_seq("NOT", "ENFORCED"):
            raise UnsupportedError(
                "Flink has no enforced keys", code="sql-key-enforced", hint="write PRIMARY KEY (...) NOT ENFORCED"
            )

    def _column(self) -> tuple[st.ColumnDefinition, bool]:
        first = self._curr
        name = self.name()
        span = Span(first.start, self._prev.end)
        if self._match_text_seq("AS"):
            expression, text = self._expression()
            position = self._position_clause(comment := self._comment())
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
        position = self._position_clause(comment)
        return st.ColumnDefinition(name, span, data_type, None, "", metadata, virtual, comment, position), is_key

    def _position_clause(self, _comment: str) -> str | None:
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
            return st.DropTable(*self._text_after(first, name := self._qualified()), name, exists, temporary)
        if self._match_text_seq("VIEW"):
            exists = self._if_exists()
            return st.DropView(*self._text_after(first, name := self._qualified()), name, exists, temporary)
        if self._match_text_seq("DATABASE"):
            exists = self._if_exists()
            name = self._qualified()
            cascade = bool(self._match_text_seq("CASCADE")) or (self._match_text_seq("RESTRICT") and False)
            return st.DropDatabase(*self._text(first), name, exists, bool(cascade))
        raise UnsupportedError(
            f"DROP {self.remaining.upper()} is not supported", code="sql-drop", hint="only TABLE, VIEW, DATABASE are"
        )

    def _text_after(self, first: Token, _name: st.Name) -> tuple[str, Span]:
        return self._text(first)

    def _alter(self, first: Token) -> st.Statement:
        if self._match_text_seq("TABLE"):
            exists = self._if_exists()
            name = self._qualified()
            return st.AlterTable(*self._finish(first, action := self._alter_action()), name, action, exists)
        if self._match_text_seq("VIEW"):
            name = self._qualified()
            if self._match_text_seq("RENAME", "TO"):
                return st.AlterView(*self._finish(first, to := self._qualified()), name, to, None, "")
            self._required("AS")
            start = self._curr
            query = self._query()
            return st.AlterView(*self._text(first), name, None, query, self._text(start)[0])
        if self._match_text_seq("DATABASE"):
            name = self._qualified()
            self._required("SET")
            return st.AlterDatabase(*self._finish(first, options := self.options()), name, options)
        raise UnsupportedError(
            f"ALTER {self.remaining.upper()} is not supported", code="sql-alter", hint="only TABLE, VIEW, DATABASE are"
        )

    def _finish(self, first: Token, _read: Any) -> tuple[str, Span]:
        return self._text(first)

    def _alter_action(self) -> Any:
        if self._match_text_seq("RENAME", "TO"):
            return st.RenameTable(self._qualified())
        if self._match_text_seq("RENAME"):
            column = self.name()
            self._required("TO")
            return st.RenameColumn(column, self.name())
        if self._match_text_seq("SET"):
            return st.SetOptions(self.options())
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

    # -- the rest ----------------------------------------------------------------------------------

    def _use(self, first: Token) -> st.Use:
        if self._match_text_seq("MODULES"):
            raise UnsupportedError("USE MODULES is not supported", code="sql-use", hint="there are no modules")
        catalog = bool(self._match_text_seq("CATALOG"))
        return st.Use(*self._finish(first, name := self._qualified()), name, catalog)

    def _insert(self, first: Token) -> st.Insert:
        overwrite = bool(self._match_text_seq("OVERWRITE"))
        if not overwrite:
            self._required("INTO")
        self._match_text_seq("TABLE")
        name = self._qualified()
        hints = hint_options(self._prev.comments[0]) if self._match(TokenType.HINT) else {}
        partition: dict[str, exp.Expr] = {}
        if self._match_text_seq("PARTITION"):
            partition = self._static_partition()
        columns = self._names() if self._is_column_list() else ()
        query = self._query()
        return st.Insert(*self._text(first), name, columns, partition, query, overwrite, hints)

    def _is_column_list(self) -> bool:
        return self._match(TokenType.L_PAREN, advance=False) and self._next.token_type not in (
            TokenType.SELECT,
            TokenType.WITH,
            TokenType.VALUES,
            TokenType.L_PAREN,
        )

    def _static_partition(self) -> dict[str, exp.Expr]:
        self._expect(TokenType.L_PAREN, "(")
        partition: dict[str, exp.Expr] = {}
        while not self._match(TokenType.R_PAREN):
            if partition:
                self._expect(TokenType.COMMA, ",")
            name = self.name()
            self._expect(TokenType.EQ, "=")
            partition[name] = self._parse_primary()
        return partition

    def _execute(self, first: Token) -> st.Statement:
        if self._match_text_seq("STATEMENT", "SET"):
            self._required("BEGIN")
            return self._inserts(first)
        if self._match_text_seq("PLAN"):
            raise UnsupportedError("EXECUTE PLAN is not supported", code="sql-execute", hint=_REFUSED["COMPILE"])
        statement = self.statement()
        if not isinstance(statement, (st.Insert, st.Query)):
            self.raise_error("expected STATEMENT SET, INSERT or a query after EXECUTE", first)
        return statement

    def _statement_set(self, first: Token) -> st.Statement:
        self._required("STATEMENT", "SET")
        self._match(TokenType.SEMICOLON)
        return self._inserts(first)

    def _inserts(self, first: Token) -> st.StatementSet:
        inserts: list[st.Insert] = []
        while not self._match_text_seq("END"):
            start = self._curr
            if not self._match_text_seq("INSERT"):
                self.raise_error("expected INSERT or END in a statement set")
            inserts.append(self._insert(start))
            self._expect(TokenType.SEMICOLON, ";")
        if not inserts:
            self.raise_error("a statement set needs at least one INSERT", self._prev)
        return st.StatementSet(*self._text(first), tuple(inserts))

    def _set(self, first: Token) -> st.Set:
        if not self._curr:
            return st.Set(*self._text(first), "", "")
        key = self._string_value()
        self._expect(TokenType.EQ, "=")
        return st.Set(*self._finish(first, value := self._string_value()), key, value)

    def _reset(self, first: Token) -> st.Reset:
        key = self._string_value() if self._curr else ""
        return st.Reset(*self._text(first), key)

    def _show(self, first: Token) -> st.Show:
        if self._match_text_seq("CREATE"):
            if not self._match_texts(("TABLE", "VIEW")):
                self.raise_error("expected TABLE or VIEW after SHOW CREATE")
            kind = f"CREATE {self._prev.text.upper()}"
            return st.Show(*self._finish(first, name := self._qualified()), kind, name, None, False)
        words = []
        while self._curr and not self._match_texts(("FROM", "IN", "LIKE", "NOT"), advance=False):
            words.append(self._curr.text.upper())
            self._advance()
        kind = " ".join(words)
        known = ("TABLES", "VIEWS", "DATABASES", "FUNCTIONS", "COLUMNS", "CATALOGS")
        if kind not in (*known, "CURRENT DATABASE", "CURRENT CATALOG"):
            raise UnsupportedError(
                f"SHOW {kind} is not supported", code="sql-show", hint="supported are SHOW " + ", ".join(known)
            )
        name = self._qualified() if self._match_texts(("FROM", "IN")) else None
        negated = bool(self._match_text_seq("NOT"))
        pattern = self._string_value() if self._match(TokenType.LIKE) else None
        return st.Show(*self._text(first), kind, name, pattern, negated)

    def _describe(self, first: Token) -> st.Describe:
        extended = bool(self._match_text_seq("EXTENDED"))
        return st.Describe(*self._finish(first, name := self._qualified()), name, extended)

    def _explain(self, first: Token) -> st.Explain:
        self._match_text_seq("PLAN", "FOR")
        details: list[str] = []
        while self._match_texts(("ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE")):
            details.append(self._prev.text.upper())
            self._match(TokenType.COMMA)
        if self._match_text_seq("STATEMENT", "SET"):
            self._required("BEGIN")
            return st.Explain(*self._text(first), tuple(details), self._inserts(first))
        statement = self.statement()
        if not isinstance(statement, (st.Query, st.Insert, st.StatementSet)):
            self.raise_error("EXPLAIN takes a query, an INSERT or a statement set", first)
        return st.Explain(*self._text(first), tuple(details), statement)
