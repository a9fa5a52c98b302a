"""The warehouse without a person: rows of staging and what is computed of them, rows set aside, and messages."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import PenstockError, WarehouseError
from penstock.core.sql_text import quoted
from penstock.project.forget.forgotten import FORGOTTEN, Forgotten
from penstock.project.forget.person import Person
from penstock.project.warehouse.tables import SCHEMAS
from penstock.warehouse import Table, read_model
from penstock.warehouse.schema_files import SchemaFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.warehouse import Session

__all__ = ["forget_in_warehouse", "warehouse_columns"]

_SECONDS = 600.0
_TABLES = f"""
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_catalog = current_database() AND table_schema IN {SCHEMAS} AND table_type = 'BASE TABLE'
ORDER BY table_schema, table_name"""
_MESSAGES = (("pipeline_executions", ("id",), "error_message"), ("_loads", ("run", "source"), "outcome"))
"""Of our own tables those with texts that quote values: their key and that column."""
_TEXTS = ("VARCHAR", "TEXT", "CHARACTER VARYING")


def warehouse_columns(penstock: Penstock) -> set[str]:
    """The columns of its staging tables, dimensions and facts; none where there is no warehouse."""
    if not penstock.warehouse.is_there:
        return set()
    with penstock.warehouse.snapshot(_SECONDS) as session:
        return {name for columns in _tables(session).values() for name in columns}


def forget_in_warehouse(penstock: Penstock, person: Person, *, dry_run: bool) -> list[Forgotten]:
    """Take a person out of the warehouse, in one transaction; with `dry_run` it is counted alone.

    Rows go that have the value in one of the columns, and what was computed of those in staging is computed anew. Rows
    that were set aside and say it lose their content. Raises WarehouseError where it cannot be used, ConfigError for
    a file of warehouse/ that is wrong: nothing has changed there then.
    """
    warehouse = penstock.warehouse
    if not warehouse.is_there:
        return []
    if dry_run:
        try:
            with warehouse.snapshot(_SECONDS) as session:
                return [one for one in _removed(session, person, penstock.folder, dry_run=True) if one.count]
        except WarehouseError as error:
            if error.code != "warehouse-locked":
                raise
            return [Forgotten("the warehouse", "left", 0, "not counted: the process that runs the project has it open")]
    model = read_model(penstock.folder)
    database = warehouse.database()
    with database.transaction() as session:
        locks = [str(table) for table in _tables(session)]
    with database.transaction() as session:
        session.lock(*locks)
        done = [one for one in _removed(session, person, penstock.folder, dry_run=False) if one.count]
        touched = [table for table in _tables(session) if f"table {table}" in {one.place for one in done}]
        if touched:
            session.run("DELETE FROM _targets")  # what is computed of them is computed whole
        for table in touched:
            if table.schema == SCHEMAS[0]:
                for target, changes in model.merge(session, table, "forget").items():
                    done.append(Forgotten(f"table {target}", "replaced", changes.rows, "rows computed anew"))
        left = [one for one in _left(session, person) if one.count]
    done = [one for one in done if one.count]
    if done and database.dialect.name == "duckdb":
        warehouse.rewrite()
    elif done:
        names = ", ".join(locks)
        left.append(
            Forgotten("the warehouse's server", "left", 0, f"pages with rows that are gone: VACUUM FULL {names}")
        )
    return done + left


def _tables(session: Session) -> dict[Table, dict[str, str]]:
    """The tables of staging and warehouse, with their columns and types."""
    return {table: session.columns(table) or {} for table in (Table(*row) for row in session.rows(_TABLES))}


def _removed(session: Session, person: Person, folder: Path, *, dry_run: bool) -> Iterator[Forgotten]:
    for table, columns in _tables(session).items():
        named = [f"CAST({quoted(name)} AS VARCHAR) = $1" for name in person.columns if name in columns]
        if named:
            where = f"FROM {table.sql} WHERE {' OR '.join(named)}"
            ((count,),) = session.rows(f"SELECT count(*) {where}", person.value)
            if count and not dry_run:
                session.run(f"DELETE {where}", person.value)
            yield Forgotten(f"table {table}", "removed", count, "rows")
    yield _emptied(session, person, folder, dry_run=dry_run)
    for name, key, column in () if person.short else _MESSAGES:
        yield _unsaid(session, person, Table("", name), key, column, dry_run=dry_run)


def _saying(person: Person, columns: Iterable[str]) -> str:
    """The condition that one of the columns may say the value; its spellings are the parameters."""
    spelled = range(1, len(person.spellings) + 1)
    return " OR ".join(f"strpos({quoted(name)}, ${n}) > 0" for name in columns for n in spelled)


def _emptied(session: Session, person: Person, folder: Path, *, dry_run: bool) -> Forgotten:
    """Rows that were set aside without what they say."""
    may = f'SELECT id, "row", reason FROM quarantine WHERE {_saying(person, ("row", "reason"))}'
    found = session.frame(may, *person.spellings)
    raw = Person((*person.columns, *_raw_names(folder, person.columns)), person.value)
    ids = found.filter(raw.told(found["row"]) | person.said(found["reason"]))["id"]
    if len(ids) and not dry_run:
        session.run(
            "UPDATE quarantine SET \"row\" = '{}', reason = $1, state = 'discarded'"
            " WHERE id IN (SELECT unnest(string_to_array(CAST($2 AS VARCHAR), ',')))",
            *(FORGOTTEN, ",".join(ids)),
        )
    return Forgotten("table quarantine", "emptied", len(ids), "rows that were set aside")


def _raw_names(folder: Path, columns: Iterable[str]) -> Iterator[str]:
    """What sources call the columns: rows that were set aside have those names."""
    files = SchemaFiles(folder)
    for path in (folder / "schemas").glob("*.toml"):
        with suppress(PenstockError):  # of a file that is wrong nothing was loaded
            schema = files.read(path.stem)
            yield from (one.raw for one in schema.columns if one.name in columns) if schema else ()


def _unsaid(
    session: Session, person: Person, table: Table, key: tuple[str, ...], column: str, *, dry_run: bool
) -> Forgotten:
    """Messages with the token in the place of the value."""
    names = ", ".join(quoted(name) for name in key)
    where = _saying(person, (column,))
    told = session.rows(f"SELECT {names}, {quoted(column)} FROM {table.sql} WHERE {where}", *person.spellings)
    told = [row for row in told if person.is_in(row[-1])]
    same = " AND ".join(f"{quoted(name)} = ${n}" for n, name in enumerate(key, 2))
    for *identity, text in told if not dry_run else ():
        change = f"UPDATE {table.sql} SET {quoted(column)} = $1 WHERE {same}"
        session.run(change, person.without(text), *identity)
    return Forgotten(f"table {table}", "replaced", len(told), "values")


def _left(session: Session, person: Person) -> Iterator[Forgotten]:
    """Rows that say it elsewhere than in the columns."""
    for table, columns in () if person.short else _tables(session).items():
        texts = [name for name, kind in columns.items() if kind.startswith(_TEXTS)]
        if texts:
            asked = f"SELECT {', '.join(map(quoted, texts))} FROM {table.sql} WHERE {_saying(person, texts)}"
            found = session.frame(asked, *person.spellings)
            said = [person.said(column) for column in found.get_columns()]
            count = int(
                pl.DataFrame([s.alias(str(n)) for n, s in enumerate(said)]).select(pl.any_horizontal("*")).sum().item()
            )
            yield Forgotten(f"table {table}", "left", count, "rows say it, in none of the columns")
