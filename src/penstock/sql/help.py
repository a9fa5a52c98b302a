"""What HELP says: the statements that there are."""

from __future__ import annotations

__all__ = ["HELP"]

HELP: tuple[tuple[str, str], ...] = (
    ("SELECT ...", "print the rows of a query"),
    ("INSERT INTO table ...", "write the rows of a query, or VALUES, to a table"),
    ("EXECUTE STATEMENT SET BEGIN ... END", "run several INSERTs as one pipeline"),
    ("CREATE TABLE | VIEW | DATABASE", "add to the catalog"),
    ("ALTER TABLE | VIEW | DATABASE", "change what is in the catalog"),
    ("DROP TABLE | VIEW | DATABASE", "take out of the catalog"),
    ("USE database", "what unqualified names mean"),
    ("SHOW TABLES | VIEWS | DATABASES | FUNCTIONS | CATALOGS", "list them, [NOT] LIKE 'a%' narrows"),
    ("SHOW COLUMNS FROM table", "the columns of a table or view"),
    ("SHOW CREATE TABLE | VIEW name", "the statement that makes it"),
    ("SHOW CURRENT DATABASE | CATALOG", "what USE has set"),
    ("DESCRIBE name", "the columns of a table or view, with keys and watermark"),
    ("EXPLAIN ...", "the plan of a query, an INSERT or a statement set"),
    ("SET ['key' = 'value']", "change a setting, or list those that are set"),
    ("RESET ['key']", "a setting, or all of them, at the default again"),
    ("QUIT, EXIT", "end the session"),
)
"""Each statement, and what it does."""
