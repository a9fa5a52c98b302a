"""Changing one setting in penstock.toml, with its comments kept: which may be changed so, and from when on it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import tomlkit

from penstock.core.errors import ConfigError, did_you_mean
from penstock.project.audit import audited
from penstock.project.project_file import FileConflictError, Folder
from penstock.project.settings import FILE, SECTIONS, document_of, settings_in

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.project.project_file import ProjectFile

__all__ = ["Holds", "SettingChanged", "Value", "change_setting", "holds_from", "settings_file"]

Value = str | int | float | bool | None
"""Of a setting; None: the file says nothing of it, and the default holds."""

Holds = Literal["now", "pipeline", "restart", "file"]
"""A changed setting holds at once, from the next start of a pipeline, or of the process; `file`: it has a secret or is
about the machine or the system's own records, and is changed in the file alone."""

_NAME = FILE.removesuffix(".toml")
_IN_FILE = frozenset({"backup", "files", "s3", "server", "network", "notify", "system", "tracing"})
"""`system` says how long the audit log is kept: whoever it tells of does not shorten it by a call."""
_HOLDS: dict[tuple[str, str], Holds] = {
    ("engine", "checkpoint-interval"): "pipeline",
    ("engine", "batch-rows"): "pipeline",
    ("engine", "threads"): "pipeline",
    ("tables", "retention"): "now",
    ("tables", "archive"): "file",
}
_CHANGING = Lock()
"""Of two changes the later one's settings hold, in the file and in the process."""


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """What a setting was in the file and is now; `tag` is that of the file as it is then."""

    section: str
    name: str
    before: Value
    after: Value
    holds: Holds
    tag: str


def holds_from(section: str, name: str) -> Holds:
    """From when on a change of a setting holds."""
    kind = section.partition(".")[0]
    if kind in _IN_FILE:
        return "file"
    return _HOLDS.get((kind, name), "now" if kind == "topics" else "restart")


def settings_file(folder: Path) -> ProjectFile:
    """penstock.toml of a project. Raises ConfigError where it cannot be read."""
    return _folder(folder).read(_NAME)


def change_setting(penstock: Penstock, section: str, name: str, value: Value, tag: str | None = None) -> SettingChanged:
    """Let penstock.toml say `value` of a setting, such as 'engine' 'threads'; None takes it out.

    `tag` is that of the file as it was read, by default as it is now. What is not for topics that are made from then
    on, tables and pipelines that are started then, holds from the next start of the process. Raises ConfigError for a
    setting that there is not, that is not changed so, or a value that does not fit; FileConflictError where the file
    has changed since it was read.
    """
    if penstock.home is None:
        raise ConfigError(f"a project in memory has no {FILE}", code="setting-in-memory")
    _require_known(section, name)
    holds = holds_from(section, name)
    if holds == "file":
        raise ConfigError(
            f"[{section}] {name} is not changed by calls: it has a secret, or is about the machine or the system",
            code="setting-in-file",
            hint=f"change it in {FILE}, and start the process again",
        )
    with _CHANGING:
        before, saved = _changed(penstock, section, name, value, tag)
    return SettingChanged(section, name, before, value, holds, saved.tag)


def _changed(penstock: Penstock, section: str, name: str, value: Value, tag: str | None) -> tuple[Value, ProjectFile]:
    """What the file said before, and the file as it is then. Raises as `change_setting`."""
    file = settings_file(penstock.folder)
    before = _before(document_of(file.text, penstock.folder), section, name)
    text = _edited(file.text, section, name, value)
    read = settings_in(text, penstock.folder)
    try:
        saved = _folder(penstock.folder).save(_NAME, text, tag or file.tag)
    except FileConflictError:  # lines of this file may have credentials in them
        raise FileConflictError(f"{FILE} is not saved: it has changed since it was read", "") from None
    penstock.take_settings(
        replace(
            penstock.settings,
            topics=read.topics,
            tables={n: replace(one, archive=_archive(penstock, n, one.archive)) for n, one in read.tables.items()},
            checkpoint_interval=read.checkpoint_interval,
            batch_rows=read.batch_rows,
            threads=read.threads,
        )
    )
    if text != file.text:
        audited(penstock.log, "setting-change", f"{section}.{name}", before=before, after=value)
    return before, saved


def _archive(penstock: Penstock, table: str, read: str | None) -> str | None:
    """Where a table's older days go: that stays as it was when the process began."""
    known = penstock.settings.tables.get(table)
    return read if known is None else known.archive


def _folder(folder: Path) -> Folder:
    return Folder(folder, ".", ".toml", "settings")


def _require_known(section: str, name: str) -> None:
    kind, dot, named = section.partition(".")
    known = {one.partition(".")[0] + (f".{named}" if "." in one else "") for one in SECTIONS}
    options = SECTIONS.get(f"{kind}.NAME" if dot else section)
    if options is None or (dot and not named):
        hint = did_you_mean(section, known) or "there are " + ", ".join(SECTIONS)
        raise ConfigError(f"there is no section [{section}]", code="project-section", hint=hint)
    names = [option.name for option in options]
    if name not in names:
        hint = did_you_mean(name, names) or "there are " + ", ".join(names)
        raise ConfigError(f"[{section}] has no setting '{name}'", code="option-unknown", hint=hint)


def _before(document: Any, section: str, name: str) -> Value:
    """What the file said. Raises ConfigError where it has something else than a section in its place."""
    found = document
    for part in section.split(".", maxsplit=1):
        found = found.get(part, {})
        if not isinstance(found, dict):
            raise ConfigError(f"'{part}' is a section: [{section}]", code="project-section", where=FILE)
    before: Value = found.get(name)
    return before


def _edited(text: str, section: str, name: str, value: Value) -> str:
    """The file's text with another value."""
    document: Any = tomlkit.parse(text)
    table = document
    for part in section.split(".", maxsplit=1):
        if part not in table:
            if value is None:
                return text
            table[part] = tomlkit.table(is_super_table=part != section.rsplit(".", maxsplit=1)[-1])
        table = table[part]
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    return tomlkit.dumps(document)
