"""The settings of a project as they may be shown: each with what is allowed, and without its secrets."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import REFERENCE
from penstock.core.options import default_text
from penstock.project.settings import FILE, SECTIONS, read_settings
from penstock.project.settings_change import holds_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.core.options import Option
    from penstock.project.settings_change import Holds

__all__ = ["Shown", "shown_settings"]

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
MASK = "***"


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting: its `value` as penstock.toml has it (None: it says nothing) and its `default`, as text.

    A secret stands there as the name of a variable of the environment; `missing` where that is not set. `holds` is from
    when on a change of it does: see `project.settings_change`. `choices` are all values, where they can be counted.
    """

    section: str
    name: str
    value: str | None
    default: str
    allowed: str
    description: str
    missing: bool
    holds: Holds
    choices: tuple[str, ...]


def shown_settings(folder: Path) -> list[Shown]:
    """All settings, in the order of their sections: of topics and tables those that are named, and then, in a section
    such as topics.NAME, what each of them may have.

    As the file is now: a process that runs the project has read it when it began. Raises ConfigError where it is wrong.
    """
    read_settings(folder)
    document = tomllib.loads((folder / FILE).read_text("utf-8"))
    return [
        _shown(section, option, values)
        for section, options, values in _sections(document)
        for option in options
        if option.name in values or "." not in section or section in SECTIONS
    ]


def _sections(document: dict[str, Any]) -> Iterator[tuple[str, tuple[Option[Any], ...], dict[str, Any]]]:
    for section, options in SECTIONS.items():
        kind, _, named = section.partition(".")
        if not named:
            yield section, options, document.get(section, {})
            continue
        for name, values in document.get(kind, {}).items():
            yield f"{kind}.{name}", options, values
        yield section, options, {}


def _shown(section: str, option: Option[Any], values: dict[str, Any]) -> Shown:
    given = values.get(option.name)
    value = None if given is None else _CREDENTIALS.sub(MASK, _text(given))
    reference = REFERENCE.fullmatch(value or "")
    missing = reference is not None and not os.environ.get(reference[1])
    kind, holds = option.kind, holds_from(section, option.name)
    default = default_text(option)
    return Shown(section, option.name, value, default, kind.allowed, option.text, missing, holds, kind.choices)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
