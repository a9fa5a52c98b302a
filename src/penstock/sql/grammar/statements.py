"""The grammar of statements: what each begins with, and those that are no part of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot.tokenizer_core import TokenType

from penstock.core.errors import did_you_mean
from penstock.sql import statements as st
from penstock.sql.grammar.pieces import hint_options
from penstock.sql.grammar.tables import TableParser

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

__all__ = ["StatementParser"]

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
_SHOWN = ("TABLES", "VIEWS", "DATABASES", "FUNCTIONS", "COLUMNS", "CATALOGS")


class StatementParser(TableParser):
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
        "HELP": "_help",
        "QUIT": "_quit",
        "EXIT": "_quit",
    }

    def statement(self) -> st.Statement:
        """The statement that starts here."""
        first = self._curr
        word = first.text.upper()
        if word in self.STATEMENTS and first.token_type != TokenType.IDENTIFIER:
            self._advance()
            result: st.Statement = getattr(self, self.STATEMENTS[word])(first)
            return result
        if word in _REFUSED:
            self._advance()
            self.refuse(word, f"sql-{word.lower()}", _REFUSED[word])
        query = self._query()
        return st.Query(*self._text(first), query)

    # -- the rest ----------------------------------------------------------------------------------

    def _use(self, first: Token) -> st.Use:
        if self._match_text_seq("MODULES"):
            self.refuse("USE MODULES", "sql-use", "there are no modules", first)
        catalog = bool(self._match_text_seq("CATALOG"))
        name = self._qualified()
        return st.Use(*self._text(first), name, catalog)

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
        deduplicates = self._on_conflict()
        return st.Insert(*self._text(first), name, columns, partition, query, overwrite, hints, deduplicates)

    def _on_conflict(self) -> bool:
        """Whether ON CONFLICT DO DEDUPLICATE ends an INSERT."""
        first = self._curr
        if not self._match_text_seq("ON"):
            return False
        self._required("CONFLICT")
        self._required("DO")
        action = self._curr.text.upper() if self._curr else ""
        if action in ("NOTHING", "ERROR"):
            self._advance()
            hint = "ON CONFLICT DO DEDUPLICATE lets the last row of each key stay"
            self.refuse(f"ON CONFLICT DO {action}", "sql-on-conflict", hint, first)
        if not self._match_text_seq("DEDUPLICATE"):
            self.raise_error("expected DEDUPLICATE after ON CONFLICT DO", hint=did_you_mean(action, ("DEDUPLICATE",)))
        return True

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
            self.refuse("EXECUTE PLAN", "sql-execute", _REFUSED["COMPILE"], first)
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
        value = self._string_value()
        return st.Set(*self._text(first), key, value)

    def _reset(self, first: Token) -> st.Reset:
        key = self._string_value() if self._curr else ""
        return st.Reset(*self._text(first), key)

    def _show(self, first: Token) -> st.Show:
        if self._match_text_seq("CREATE"):
            if not self._match_texts(("TABLE", "VIEW")):
                self.raise_error("expected TABLE or VIEW after SHOW CREATE")
            kind = f"CREATE {self._prev.text.upper()}"
            shown = self._qualified()
            return st.Show(*self._text(first), kind, shown, None, False)
        words = []
        while self._curr and not self._match_texts(("FROM", "IN", "LIKE", "NOT"), advance=False):
            words.append(self._curr.text.upper())
            self._advance()
        kind = " ".join(words)
        known = (*_SHOWN, "CURRENT DATABASE", "CURRENT CATALOG")
        if kind not in known:
            allowed = ", ".join((*known, "CREATE TABLE", "CREATE VIEW"))
            hint = did_you_mean(kind, known) or f"supported are SHOW {allowed}"
            self.refuse(f"SHOW {words[0] if words else ''}".strip(), "sql-show", hint, first)
        name = self._qualified() if self._match_texts(("FROM", "IN")) else None
        negated = bool(self._match_text_seq("NOT"))
        pattern = self._string_value() if self._match(TokenType.LIKE) else None
        return st.Show(*self._text(first), kind, name, pattern, negated)

    def _describe(self, first: Token) -> st.Describe:
        if self._match_texts(("DATABASE", "CATALOG", "FUNCTION", "MODEL", "JOB")):
            self.refuse(f"DESCRIBE {self._prev.text.upper()}", "sql-describe", "DESCRIBE a table or a view", first)
        extended = bool(self._match_text_seq("EXTENDED"))
        name = self._qualified()
        return st.Describe(*self._text(first), name, extended)

    def _help(self, first: Token) -> st.Help:
        return st.Help(*self._text(first))

    def _quit(self, first: Token) -> st.Quit:
        return st.Quit(*self._text(first))

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
