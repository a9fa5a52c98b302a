"""Dashboards: dashboards/NAME.toml, panels of questions and pictures of their answers (docs/dashboards.md)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Kind, Option, Values, boolean, choice, duration, integer, number, text, texts
from penstock.project.project_file import Folder
from penstock.project.toml_edit import Array, edited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from penstock.project.project_file import ProjectFile

__all__ = [
    "Dashboard",
    "Panel",
    "PanelAlert",
    "PanelColumn",
    "Variable",
    "dashboard_text",
    "dashboards_of",
    "parse_dashboard",
    "read_dashboard",
]

KINDS = ("key-figure", "line", "bar", "table", "heatmap", "timeline", "map", "text")
TONES = ("good", "attention", "bad", "neutral")
MOST_ROWS = 10_000

Value = str | bool | int | float


@dataclass(frozen=True, slots=True)
class PanelColumn:
    """How a column of an answer is shown; from `attention` and `bad` on a value is coloured so."""

    name: str
    label: str = ""
    unit: str = ""
    decimals: int | None = None
    attention: float | None = None
    bad: float | None = None
    tones: dict[str, str] = field(default_factory=dict)
    hidden: bool = False
    points: bool = False


@dataclass(frozen=True, slots=True)
class PanelAlert:
    """Incidents of `rule` are marked in a panel: those whose key has the values of `where`, `"$name"` a variable's."""

    rule: str
    where: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture of the answer to `query`, to the `saved` one, or of the windows of the table `open` not yet closed.

    `width` of 12 columns, `height` in 80 px; `where` says which of the open windows, `"$name"` is a variable's value.
    """

    id: str
    title: str
    kind: str
    description: str = ""
    query: str = ""
    saved: str = ""
    open: str = ""
    where: dict[str, Value] = field(default_factory=dict)
    text: str = ""
    width: int = 6
    height: int = 3
    x: str = ""
    until: str = ""
    y: str = ""
    series: str = ""
    drill: str = ""
    limit: int = 1_000
    columns: tuple[PanelColumn, ...] = ()
    alerts: tuple[PanelAlert, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """What a viewer chooses: one of `options`, of what `query` answers, or anything of its `type`."""

    name: str
    label: str = ""
    type: str = "text"
    options: tuple[Value, ...] = ()
    query: str = ""
    default: Value | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels; ranges are durations as texts, "15 min"."""

    name: str
    title: str
    description: str = ""
    ranges: tuple[str, ...] = ()
    range: str = ""
    hidden: bool = False
    variables: tuple[Variable, ...] = ()
    panels: tuple[Panel, ...] = ()


def _matching(pattern: str, allowed: str) -> Kind[str]:
    def read(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise ValueError(given)
        return given

    return Kind(allowed, read)


_ID = _matching(r"[a-z0-9][a-z0-9_-]{0,99}", "small letters, digits, - and _")
_PARAMETER = _matching(r"(?!range$)[A-Za-z_]\w*", "letters, digits and _, and not 'range'")
_RULE = _matching(r"[a-z0-9][a-z0-9_-]{0,99}", "the name of a file in alerts/")
_SAVED = _matching(r"[a-z0-9][a-z0-9_-]{0,99}", "the name of a file in queries/")


def _text(name: str) -> Option[str]:
    return Option(name, text, "", "")


def _needed(name: str, kind: Kind[str]) -> Option[str]:
    return Option(name, kind, "", "", required=True)


_COLUMN: tuple[Option[Any], ...] = (
    _needed("name", text),
    _text("label"),
    _text("unit"),
    Option("decimals", integer(0, 12), None, ""),
    Option("attention", number, None, ""),
    Option("bad", number, None, ""),
    Option("hidden", boolean, False, ""),
    Option("points", boolean, False, ""),
)
_ALERT: tuple[Option[Any], ...] = (_needed("rule", _RULE),)
_PANEL: tuple[Option[Any], ...] = (
    _needed("id", _ID),
    _needed("title", text),
    _needed("kind", choice(*KINDS)),
    *map(_text, ("description", "query", "open", "text", "x", "until", "y", "series", "drill")),
    Option("saved", _SAVED, "", ""),
    Option("width", integer(1, 12), 6, ""),
    Option("height", integer(1, 12), 3, ""),
    Option("limit", integer(1, MOST_ROWS), 1_000, ""),
)
_VARIABLE: tuple[Option[Any], ...] = (
    _needed("name", _PARAMETER),
    _text("label"),
    Option("type", choice("text", "number", "boolean"), "text", ""),
    _text("query"),
    Option("required", boolean, False, ""),
)
_DASHBOARD: tuple[Option[Any], ...] = (
    _needed("title", text),
    _text("description"),
    Option("ranges", texts('a list of durations: ["15 min", "1 h"]'), (), ""),
    Option("range", duration, "", ""),
    Option("hidden", boolean, False, ""),
)


def _defaults(kind: type[Any]) -> dict[str, Any]:
    return {f.name: list(f.default) if isinstance(f.default, tuple) else f.default for f in fields(kind)}


_FORM = Array(
    "",
    "",
    _defaults(Dashboard),
    (
        Array("variables", "name", _defaults(Variable)),
        Array(
            "panels",
            "id",
            _defaults(Panel),
            (Array("columns", "name", _defaults(PanelColumn)), Array("alerts", "rule", _defaults(PanelAlert))),
        ),
    ),
)


def dashboards_of(project: Path) -> Folder:
    """The files of a project's dashboards."""
    return Folder(project, "dashboards", ".toml", "dashboard")


def read_dashboard(file: ProjectFile) -> Dashboard:
    """What a file says. Raises ConfigError naming the member that does not fit."""
    where = f"dashboards/{file.name}.toml"
    try:
        found = tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}", code="dashboard-file", where=where) from None
    return parse_dashboard(file.name, found)


def parse_dashboard(name: str, said: Mapping[str, Any]) -> Dashboard:
    """A dashboard from plain data. Raises ConfigError naming the member that does not fit."""
    where = f"dashboards/{name}.toml"
    values = _members(said, _DASHBOARD, where, beside=("variables", "panels"))
    ranges = [*said.get("ranges", ()), *([said["range"]] if said.get("range") else [])]
    for one in ranges:
        Option("ranges", duration, 0, "").read(one, where)
    if values["range"] and said["range"] not in said.get("ranges", ()):
        raise ConfigError("the range chosen at first is one of ranges", code="dashboard-range", where=where)
    variables = [_variable(v, f"{where}, variable {n}") for n, v in _tables(said, "variables", where)]
    panels = [_panel(v, f"{where}, panel {n}") for n, v in _tables(said, "panels", where)]
    _require_once([v.name for v in variables], "variable", where)
    _require_once([p.id for p in panels], "panel", where)
    values["range"] = said.get("range", "")
    return Dashboard(name, **values, variables=tuple(variables), panels=tuple(panels))


def dashboard_text(before: str, dashboard: Dashboard) -> str:
    """The file `before`, changed so that it says `dashboard`; what is as by default is left out."""
    return edited(before, _plain(dashboard, ("name",)), _FORM)


def _plain(one: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for f in fields(one):
        value = getattr(one, f.name)
        if f.name in without or value in (f.default, (), {}, None):
            continue
        if isinstance(value, tuple):
            plain[f.name] = [v if isinstance(v, Value) else _plain(v) for v in value]
        else:
            plain[f.name] = value
    return plain


def _tables(said: Mapping[str, Any], name: str, where: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    found = said.get(name, [])
    if not isinstance(found, (list, tuple)) or not all(isinstance(v, dict) for v in found):
        raise ConfigError(f"{name} are tables: [[{name}]]", code="dashboard-form", where=where)
    return enumerate(found, 1)


def _members(
    said: Mapping[str, Any], options: tuple[Option[Any], ...], where: str, beside: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values of `options`; the members `beside` are somebody else's."""
    known = {o.name for o in options} | set(beside)
    for member in said:
        if member not in known:
            hint = did_you_mean(member, known) or "there are " + ", ".join(sorted(known))
            raise ConfigError(f"there is no member '{member}'", code="dashboard-member", where=where, hint=hint)
    needed = {o.name for o in options if o.required}
    given = {k: v for k, v in said.items() if k not in beside and (k in needed or v not in (None, ""))}
    values = Values(options, given, where)
    return {o.name: values[o] for o in options}


def _require_once(names: list[str], noun: str, where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{noun} '{name}' is there twice", code="dashboard-twice", where=where)


def _variable(said: Mapping[str, Any], where: str) -> Variable:
    values = _members(said, _VARIABLE, where, beside=("options", "default"))
    options, default = said.get("options", ()), said.get("default")
    kinds: tuple[type, ...] = {"text": (str,), "number": (int, float), "boolean": (bool,)}[values["type"]]
    if not isinstance(options, (list, tuple)):
        raise ConfigError('options are a list: ["good", "fair"]', code="dashboard-form", where=where)
    for value in (*options, *(() if default is None else (default,))):
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ConfigError(f"{value!r} is no {values['type']}", code="dashboard-value", where=where)
    return Variable(**values, options=tuple(options), default=default)


def _panel(said: Mapping[str, Any], where: str) -> Panel:
    values = _members(said, _PANEL, where, beside=("columns", "where", "alerts"))
    asks = [name for name in ("query", "saved", "open") if values[name]]
    if len(asks) != (values["kind"] != "text"):
        rule = "a text panel asks nothing" if values["kind"] == "text" else "a panel has a query, a saved one, or open"
        raise ConfigError(rule, code="dashboard-query", where=where)
    windows = said.get("where") or {}
    if not isinstance(windows, dict) or not all(isinstance(v, Value) for v in windows.values()):
        rule = 'where are values of columns: { window_size_seconds = 30, meeting_id = "$meeting" }'
        raise ConfigError(rule, code="dashboard-where", where=where)
    if windows and not values["open"]:
        raise ConfigError(
            "where chooses among open windows: without open it has none", code="dashboard-where", where=where
        )
    columns = tuple(_column(v, f"{where}, column {n}") for n, v in _tables(said, "columns", where))
    _require_once([c.name for c in columns], "column", where)
    alerts = tuple(_alert(v, f"{where}, alert {n}") for n, v in _tables(said, "alerts", where))
    if alerts and values["kind"] != "line":
        raise ConfigError("incidents are marked in panels of kind 'line'", code="dashboard-alerts", where=where)
    _require_once([a.rule for a in alerts], "alert", where)
    return Panel(**values, where=windows, columns=columns, alerts=alerts)


def _alert(said: Mapping[str, Any], where: str) -> PanelAlert:
    values = _members(said, _ALERT, where, beside=("where",))
    key = said.get("where") or {}
    if not isinstance(key, dict) or not all(isinstance(v, Value) for v in key.values()):
        rule = 'where are values of the rule\'s key: { meeting_id = "$meeting" }'
        raise ConfigError(rule, code="dashboard-where", where=where)
    return PanelAlert(**values, where=key)


def _column(said: Mapping[str, Any], where: str) -> PanelColumn:
    values = _members(said, _COLUMN, where, beside=("tones",))
    tones = said.get("tones") or {}
    if not isinstance(tones, dict) or not set(map(str, tones.values())) <= set(TONES):
        raise ConfigError(
            'tones are those of names: { good = "good" }',
            code="dashboard-tones",
            where=where,
            hint="there are " + ", ".join(TONES),
        )
    return PanelColumn(**values, tones={k: str(v) for k, v in tones.items()})
