"""The dimensions and facts of a project: warehouse/NAME.toml, each a table of the warehouse."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Option, choice, text, texts
from penstock.core.toml_table import read_toml
from penstock.warehouse.database import Table
from penstock.warehouse.dimension import RESERVED, Dimension
from penstock.warehouse.fact import Fact, Reference
from penstock.warehouse.target import Changes, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from penstock.core.toml_table import TomlTable
    from penstock.warehouse.database import Session

__all__ = [
    "DIMENSION_OPTIONS",
    "FACT_OPTIONS",
    "REFERENCE_OPTIONS",
    "Model",
    "checked_model",
    "model_files",
    "model_of",
    "read_model",
]

FOLDER = "warehouse"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_COLUMNS = 'a list of columns: ["customer_id"]'

KIND = Option("kind", choice("dimension", "fact"), "", "What it is.", required=True)
FROM = Option("from", text, "", "The staging table that its rows come from: staging.customers.", required=True)
ATTRIBUTES: Option[tuple[str, ...]] = Option(
    "attributes", texts(_COLUMNS), (), "The columns whose changes make versions.", required=True
)
KEY: Option[tuple[str, ...]] = Option("key", texts(_COLUMNS), (), "Its natural key.", required=True)
FIRST = Option(
    "first",
    choice("dated", "open"),
    "dated",
    "When a key's first version begins: dated, with its first change; open, it holds for all time before too.",
)
ON_DELETE = Option(
    "on_delete",
    choice("close", "keep", "remove"),
    "close",
    "What the end of a key does: close ends its last version, keep overlooks it, remove takes its versions away.",
)
FACT_KEY: Option[tuple[str, ...]] = Option(
    "key", texts(_COLUMNS), (), "What tells facts apart; without one each change is a fact of its own."
)
TIME = Option(
    "time", text, "", "The column with its time, at which the versions of dimensions are looked up.", required=True
)
MEASURES: Option[tuple[str, ...]] = Option(
    "measures", texts(_COLUMNS), (), "The columns that it measures.", required=True
)
FACT_ON_DELETE = Option(
    "on_delete", choice("remove", "keep"), "remove", "What the end of a key does: remove takes the fact away, keep not."
)
DIMENSION = Option("dimension", text, "", "The dimension that it points to, by the name of its file.", required=True)
NATURAL: Option[tuple[str, ...]] = Option(
    "key", texts(_COLUMNS), (), "The fact's columns with the dimension's natural key, in its order.", required=True
)

DIMENSION_OPTIONS: tuple[Option[Any], ...] = (KIND, FROM, KEY, ATTRIBUTES, FIRST, ON_DELETE)
FACT_OPTIONS: tuple[Option[Any], ...] = (KIND, FROM, FACT_KEY, TIME, MEASURES, FACT_ON_DELETE)
REFERENCE_OPTIONS: tuple[Option[Any], ...] = (DIMENSION, NATURAL)
"""Those of ``[dimensions.NAME]`` in a fact's file; its column is NAME_key."""


@dataclass(frozen=True, slots=True)
class Model:
    """The dimensions and facts of a warehouse, by name."""

    dimensions: tuple[Dimension, ...] = ()
    facts: tuple[Fact, ...] = ()

    def merge(self, session: Session, staging: Table, run: str) -> dict[str, Changes]:
        """Bring what comes from a staging table up to the changes that a run brought there.

        Dimensions first, then facts: those of the same staging table, and those that point to what has changed. Each
        that is new, or whose file says other than it did, is computed whole. The changes by table, for all that were
        looked at. Raises ConfigError at a line of a file that does not fit the staging table, WarehouseError.
        """
        dimensions = [one for one in self.dimensions if one.staging == staging]
        names = {one.name for one in dimensions}
        facts = [one for one in self.facts if one.staging == staging or names & _pointed(one)]
        facts = [one for one in facts if session.columns(one.staging)]
        if not dimensions and not facts:
            return {}
        # loads of two sources that touch the same tables: the second one sees what the first one has written
        session.lock(*map(str, {one.table for one in dimensions} | {one.table for one in facts} | _read(facts)))
        new = {one.name for one in dimensions if _is_new(session, one)}
        new |= {one.name for one in facts if _is_new(session, one)}
        if new:  # all of staging is read; else the database knows by itself what it is like
            session.run(f"ANALYZE {staging.sql}")
        found = {}
        for dimension in dimensions:
            found[str(dimension.table)] = dimension.merge(session, None if dimension.name in new else run)
        for fact in facts:
            found[str(fact.table)] = fact.merge(session, None if fact.name in new else run, names)
        for dimension in dimensions:
            session.run(f"DROP TABLE {dimension.touched.sql}")
        return found


def _pointed(fact: Fact) -> set[str]:
    return {reference.dimension.name for reference in fact.references}


def _read(facts: Iterable[Fact]) -> set[Table]:
    return {reference.dimension.table for fact in facts for reference in fact.references}


def _is_new(session: Session, target: Dimension | Fact) -> bool:
    """Whether the definition is another than the one its table was made by; from now on it is the one."""
    definition = hashlib.sha256(_definition(target).encode()).hexdigest()
    there = session.rows("SELECT definition FROM _targets WHERE name = $1", target.name)
    if there == [(definition,)]:
        return False
    session.run("DELETE FROM _targets WHERE name = $1", target.name)
    session.run("INSERT INTO _targets VALUES ($1, $2)", target.name, definition)
    return True


def _definition(target: Dimension | Fact) -> str:
    if isinstance(target, Dimension):
        own = (target.staging, target.key, target.attributes, target.on_delete, target.first)
        return repr(own)
    references = [(one.name, one.dimension.name, one.dimension.key, one.key) for one in target.references]
    return repr((target.staging, target.key, target.time, target.measures, references, target.on_delete))


def read_model(project: Path) -> Model:
    """The dimensions and facts of a project's folder. Raises ConfigError with the file and the line."""
    return model_of(model_files(project))


def model_files(project: Path) -> dict[str, str]:
    """What the files of a project's folder say, by their names. Raises ConfigError for one that cannot be read."""
    said = {}
    for path in sorted((project / FOLDER).glob("*.toml")):
        try:
            said[path.stem] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}", code="target-file") from None
    return said


def model_of(said: Mapping[str, str]) -> Model:
    """The dimensions and facts that files say, by their names. Raises ConfigError with the file and the line."""
    model, wrong = checked_model(said)
    for error in wrong:
        raise error
    return model


def checked_model(said: Mapping[str, str]) -> tuple[Model, list[ConfigError]]:
    """The dimensions and facts of files that are right, and what is wrong in each other one.

    A fact that points to a dimension whose file is wrong is neither.
    """
    files: dict[str, dict[str, TomlTable]] = {"dimension": {}, "fact": {}}
    dimensions: dict[str, Dimension] = {}
    facts: list[Fact] = []
    wrong: list[ConfigError] = []
    for name, given in said.items():
        try:
            table = _file(name, given)
            files[KIND.read(table.given.get("kind", ""), table.where("kind"))][name] = table
        except ConfigError as error:
            wrong.append(error)
    for name, table in files["dimension"].items():
        try:
            dimensions[name] = _dimension(name, table)
        except ConfigError as error:
            wrong.append(error)
    broken = {*said} - {*dimensions} - {*files["fact"]}
    for name, table in files["fact"].items():
        try:
            facts.append(_fact(name, table, dimensions))
        except ConfigError as error:
            if error.code != "target-dimension" or not _names(table) & broken:
                wrong.append(error)
    return Model(tuple(dimensions.values()), tuple(facts)), wrong


def _file(name: str, said: str) -> TomlTable:
    table = read_toml(said, f"{FOLDER}/{name}.toml")
    letters = "small letters, digits and _, up to 50, a letter first"
    table.require_name(name, _NAME, "a table of the warehouse", code="target-name", allowed=letters)
    return table


def _names(fact: TomlTable) -> set[str]:
    """The dimensions that a fact's file names."""
    return {str(one.given.get(DIMENSION.name)) for one in fact.tables("dimensions").values()}


def _dimension(name: str, table: TomlTable) -> Dimension:
    values = table.values(DIMENSION_OPTIONS)
    _require_columns(table, ("key", values[KEY]), ("attributes", values[ATTRIBUTES]))
    return Dimension(
        name,
        _staging(table, values[FROM]),
        values[KEY],
        values[ATTRIBUTES],
        values[ON_DELETE],
        values[FIRST],
        _origin(table),
    )


def _fact(name: str, table: TomlTable, dimensions: Mapping[str, Dimension]) -> Fact:
    values = table.without("dimensions").values(FACT_OPTIONS)
    key, time, measures = values[FACT_KEY], values[TIME], values[MEASURES]
    named = [("key", key)] if values.given(FACT_KEY) else []
    _require_columns(table, *named, ("measures", measures), ("time", (time,)))
    references = []
    for its_name, given in table.tables("dimensions").items():
        reference = _reference(its_name, given, dimensions)
        if not _NAME.fullmatch(its_name) or reference.column in {*key, *measures, time}:
            raise ConfigError(
                f"'{its_name}' cannot name what a fact points to: its column would be '{reference.column}'",
                code="target-reference",
                where=given.where(),
                hint="take another name of small letters, digits and _",
            )
        references.append(reference)
    staging, on_delete = _staging(table, values[FROM]), values[FACT_ON_DELETE]
    return Fact(name, staging, key, time, measures, tuple(references), on_delete, _origin(table))


def _reference(name: str, table: TomlTable, dimensions: Mapping[str, Dimension]) -> Reference:
    values = table.values(REFERENCE_OPTIONS)
    found = dimensions.get(values[DIMENSION])
    if found is None:
        hint = did_you_mean(values[DIMENSION], dimensions) or "there are " + ", ".join(dimensions or ["none"])
        raise ConfigError(
            f"there is no dimension '{values[DIMENSION]}'",
            code="target-dimension",
            where=table.where("dimension"),
            hint=hint,
        )
    _require_columns(table, ("key", values[NATURAL]))
    if len(values[NATURAL]) != len(found.key):
        raise ConfigError(
            f"the key of {found.name} has {len(found.key)} columns ({', '.join(found.key)}), and here"
            f" {len(values[NATURAL])} are named",
            code="target-reference",
            where=table.where("key"),
        )
    return Reference(name, found, values[NATURAL])


def _staging(table: TomlTable, said: str) -> Table:
    schema, _, name = said.partition(".")
    if schema != "staging" or not name:
        raise ConfigError(
            f"from is '{said}', allowed is a table of staging",
            code="target-from",
            where=table.where("from"),
            hint=f'from = "staging.{name or said}"',
        )
    return Table(schema, name)


def _require_columns(table: TomlTable, *named: tuple[str, tuple[str, ...]]) -> None:
    """Raises ConfigError for a column named twice, one that a table has by itself, and for none at all."""
    seen: set[str] = set()
    for key, names in named:
        if not names:
            raise ConfigError(f"{key} names no column", code="target-column", where=table.where(key))
        for name in names:
            if name.startswith("_") or name in RESERVED:
                own = "a table of the warehouse has a column of that name by itself"
                raise ConfigError(
                    f"{key} names the column '{name}', and {own}", code="target-column", where=table.where(key)
                )
            if name in seen:
                raise ConfigError(f"the column '{name}' is named twice", code="target-column", where=table.where(key))
            seen.add(name)


def _origin(table: TomlTable) -> Origin:
    lines = {key: table.where(key) for key in table.given}
    lines |= {f"dimensions.{name}": one.where("key") for name, one in table.tables("dimensions").items()}
    return Origin(table.file, lines)
