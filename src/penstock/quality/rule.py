"""Quality rules as their files say them: quality/NAME.toml (docs/quality.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Kind, Option, boolean, choice, duration, integer, number, text, texts
from penstock.core.toml_table import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from penstock.core.options import Values
    from penstock.core.toml_table import TomlTable
    from penstock.sql.checks import Consequence

__all__ = [
    "FORMS",
    "LOAD_FORMS",
    "MEASURES",
    "OPTIONS",
    "ROW_FORMS",
    "SET_FORMS",
    "STREAM_FORMS",
    "Rule",
    "RuleFile",
    "read_file",
    "read_files",
    "read_rules",
    "rule_paths",
    "rules_on",
]

Form = Literal["not_null", "range", "accepted", "matches", "sql", "unique", "foreign_key", "rows", "fresh", "anomaly"]

ROW_FORMS = ("not_null", "range", "accepted", "matches", "sql")
"""Rules about single rows."""
SET_FORMS = ("unique", "foreign_key", "rows", "fresh", "anomaly")
"""Rules about all rows of a load."""
LOAD_FORMS = ("rows", "fresh", "anomaly")
"""Those of them that are about no single row."""
FORMS = (*ROW_FORMS, *SET_FORMS)
STREAM_FORMS = (*ROW_FORMS, "unique")
"""Those that can be kept on a stream too."""
MEASURES = ("rows", "mean", "sum", "min", "max", "nulls", "distinct")

_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,99}")

_COLUMN: Kind[str] = Kind("a column", str)
_BOUND: Kind[str] = Kind("a number, a date or a time", str)
_COLUMNS = texts('a column or a list of them: "email", ["first", "last"]')

NOT_NULL: Option[tuple[str, ...]] = Option("not_null", _COLUMNS, (), "These columns are there in each row.")
RANGE = Option("range", _COLUMN, "", "The numbers or times of this column lie between `from` and `to`.")
ACCEPTED = Option("accepted", _COLUMN, "", "The values of this column are among `values`.")
MATCHES = Option("matches", _COLUMN, "", "The texts of this column match the regular expression `pattern` somewhere.")
SQL = Option("sql", text, "", "A condition in Flink's SQL over the columns of a row.")
UNIQUE: Option[tuple[str, ...]] = Option(
    "unique", _COLUMNS, (), "No two rows have the same values in these columns; the first one stays."
)
FOREIGN_KEY = Option("foreign_key", _COLUMN, "", "The values of this column are in the column that `references` names.")
ROWS = Option("rows", boolean, False, "How many rows a load has: `from`, `to`, and `change` against earlier runs.")
FRESH = Option(
    "fresh", _COLUMN, "", "The newest time in this column is no older than `within`, or than in the last run."
)
ANOMALY = Option(
    "anomaly", _COLUMN, "", "A measure of this column is within `z` standard deviations of that of the last `runs`."
)
THEN = Option("then", choice("warn", "quarantine", "fail"), "", "What becomes of it.", required=True)
FROM = Option("from", _BOUND, "", "The least that is good.")
TO = Option("to", _BOUND, "", "The most that is good.")
VALUES: Option[tuple[str, ...]] = Option("values", texts('a list of values: ["open", "closed"]'), (), "Those allowed.")
PATTERN = Option("pattern", text, "", "A regular expression as in Java; it matches anywhere unless ^ and $ hold it.")
REFERENCES = Option("references", text, "", "Schema, table and column: `staging.products.product_id`.")
CHANGE: Option[float | None] = Option(
    "change", number, None, "By which share of the mean of earlier runs the rows may be fewer or more: 0.5."
)
WITHIN: Option[int | None] = Option("within", duration, None, "How old the newest time may be when the load runs.")
RUNS = Option("runs", integer(2, 1_000), 20, "With how many earlier runs it is compared.")
Z = Option("z", number, 3.0, "How many standard deviations are still usual.")
OF = Option("of", choice(*MEASURES), "mean", "What is measured.")
DESCRIPTION = Option("description", text, "", "What is wrong with a row that breaks it, in a few words.")

OPTIONS: tuple[Option[Any], ...] = (
    NOT_NULL,
    RANGE,
    ACCEPTED,
    MATCHES,
    SQL,
    UNIQUE,
    FOREIGN_KEY,
    ROWS,
    FRESH,
    ANOMALY,
    THEN,
    FROM,
    TO,
    VALUES,
    PATTERN,
    REFERENCES,
    CHANGE,
    WITHIN,
    RUNS,
    Z,
    OF,
    DESCRIPTION,
)

_WITH: Mapping[str, tuple[tuple[Option[Any], ...], tuple[Option[Any], ...]]] = {
    "range": ((), (FROM, TO)),
    "accepted": ((VALUES,), ()),
    "matches": ((PATTERN,), ()),
    "foreign_key": ((REFERENCES,), ()),
    "rows": ((), (FROM, TO, CHANGE, RUNS)),
    "fresh": ((), (WITHIN,)),
    "anomaly": ((), (OF, Z, RUNS)),
}
"""Of a form the options that it needs, and those that it may have."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file says it. `columns` are those of its form, none for rows and sql."""

    file: str
    name: str
    form: Form
    columns: tuple[str, ...]
    then: Consequence
    values: Values
    said: TomlTable

    @property
    def path(self) -> str:
        """How people call it: file and name."""
        return f"{self.file}.{self.name}"

    @property
    def description(self) -> str:
        """What is wrong with a row that breaks it, where the file says that."""
        return self.values[DESCRIPTION].strip()

    def where(self, key: str = "") -> str:
        """The place of an option, of its form by default."""
        return self.said.where(key or self.form)

    def error(self, message: str, code: str, key: str = "", hint: str = "") -> ConfigError:
        """What is wrong with it, and where."""
        return ConfigError(f"rule '{self.name}': {message}", code=code, where=self.where(key), hint=hint)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file: the tables that it is about, and their rules in order."""

    name: str
    tables: tuple[str, ...]
    rules: tuple[Rule, ...]
    said: TomlTable


def read_rules(name: str, text: str) -> RuleFile:
    """What the file quality/`name`.toml says. Raises ConfigError with file, line and what was allowed."""
    said = read_toml(text, f"quality/{name}.toml")
    for key in said.given:
        if key not in ("on", "rules"):
            raise ConfigError(
                f"unknown option '{key}'",
                code="option-unknown",
                where=said.where(key),
                hint=did_you_mean(key, ("on", "rules")) or "known are on, and the tables [rules.NAME]",
            )
    on = said.given.get("on")
    tables = [on] if isinstance(on, str) else on
    if not isinstance(tables, list) or not tables or not all(isinstance(t, str) and t for t in tables):
        raise ConfigError(
            "the file names no table that its rules are about" if on is None else f"'on' is {on!r}, which is no table",
            code="quality-on",
            where=said.where("on"),
            hint='on = "staging.customers", or a list of tables',
        )
    rules = said.tables("rules")
    if not rules:
        raise ConfigError(
            "the file has no rule", code="quality-empty", where=said.where(), hint="[rules.NAME] is how one begins"
        )
    return RuleFile(name, tuple(tables), tuple(_rule(name, n, table) for n, table in rules.items()), said)


def read_files(project: Path) -> list[RuleFile]:
    """All files of quality/ in a project's folder, by name. Raises ConfigError for the first that is wrong."""
    return [read_file(path) for path in rule_paths(project)]


def rule_paths(project: Path) -> list[Path]:
    """The files of quality/, by name."""
    return sorted((project / "quality").glob("*.toml"))


def read_file(path: Path) -> RuleFile:
    """One file of quality/. Raises ConfigError where it cannot be read, or as `read_rules`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"quality/{path.name} cannot be read: {error}", code="quality-file") from None
    return read_rules(path.stem, text)


def rules_on(files: Iterable[RuleFile], table: str) -> tuple[Rule, ...]:
    """The rules about a table, as files name it."""
    return tuple(rule for file in files if table in file.tables for rule in file.rules)


def _rule(file: str, name: str, said: TomlTable) -> Rule:
    said.require_name(name, _NAME, "a rule", code="quality-name", allowed="letters, digits, - and _, up to 100")
    forms = [form for form in FORMS if form in said.given]
    values = replace(said, given={k: _plain(k, v) for k, v in said.given.items()}).values(OPTIONS)
    if len(forms) != 1:
        has = "has no form" if not forms else f"has {len(forms)}: {' and '.join(forms)}"
        raise ConfigError(
            f"rule '{name}' {has}", code="quality-form", where=said.where(), hint=f"it is one of {', '.join(FORMS)}"
        )
    form = cast("Form", forms[0])
    main = values[next(o for o in OPTIONS if o.name == form)]
    columns = main if isinstance(main, tuple) else (main,) if form not in ("rows", "sql") else ()
    rule = Rule(file, name, form, columns, cast("Consequence", values[THEN]), values, said)
    _require_fitting(rule)
    return rule


def _plain(key: str, value: object) -> object:
    """One column as a list of one, and values of any type as texts: the column's type says what they are."""
    if key in (NOT_NULL.name, UNIQUE.name) and isinstance(value, str):
        return [value]
    if key == VALUES.name and isinstance(value, list):
        return [v if isinstance(v, (list, dict)) else str(v).lower() if isinstance(v, bool) else str(v) for v in value]
    return value


def _require_fitting(rule: Rule) -> None:
    """Raises ConfigError where options are missing, or go with another form."""
    needed, allowed = _WITH.get(rule.form, ((), ()))
    for option in needed:
        if not rule.values.given(option):
            raise rule.error(f"{rule.form} needs '{option.name}'", "option-missing")
    mine = {rule.form, THEN.name, DESCRIPTION.name, *(o.name for o in (*needed, *allowed))}
    for key in rule.said.given:
        if key not in mine:
            forms = [f for f, options in _WITH.items() if key in {o.name for part in options for o in part}]
            hint = f"it goes with {' and '.join(forms)}"
            raise rule.error(f"'{key}' does not go with {rule.form}", "quality-option", key, hint)
    if not all(rule.columns) or (rule.form in ("not_null", "unique") and not rule.columns):
        raise rule.error(f"{rule.form} names no column", "quality-column")
    if rule.form in ("rows", "fresh", "anomaly") and rule.then == "quarantine":
        raise rule.error(
            f"{rule.form} is about all rows of a load, so none of them can be quarantined for it",
            "quality-consequence",
            THEN.name,
            'then = "warn", or "fail"',
        )
    _require_values(rule)


def _require_values(rule: Rule) -> None:
    """Raises ConfigError where the options of a form say nothing, or too little."""
    values = rule.values
    match rule.form:
        case "sql" if not values[SQL].strip():
            raise rule.error("sql has no condition", "option-value")
        case "range" if not (values.given(FROM) or values.given(TO)):
            raise rule.error("range needs 'from' or 'to', or both", "option-missing")
        case "anomaly" if values[Z] <= 0:
            raise rule.error("z must be above 0", "option-value", Z.name)
        case "foreign_key" if values[REFERENCES].count(".") != 2:
            raise rule.error(
                f"'{values[REFERENCES]}' is no column of a table",
                "quality-references",
                REFERENCES.name,
                "schema, table and column: staging.products.product_id",
            )
        case "rows":
            _require_rows(rule)


def _require_rows(rule: Rule) -> None:
    values = rule.values
    if not values[ROWS]:
        raise rule.error("rows is true, or not there", "option-value")
    if not any(values.given(o) for o in (FROM, TO, CHANGE)):
        raise rule.error("rows needs one of 'from', 'to' and 'change'", "option-missing")
    for option in (FROM, TO):
        if values.given(option) and not values[option].isdecimal():
            raise rule.error(f"{values[option]} is no number of rows", "option-value", option.name)
    change = values[CHANGE]
    if change is not None and change < 0:
        raise rule.error("change is a share, such as 0.5", "option-value", CHANGE.name)
