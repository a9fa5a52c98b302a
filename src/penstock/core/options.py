"""Options, each declared once: name, kind, default, text. Validation, documentation and help come from that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from penstock.core.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Kind",
    "Option",
    "Values",
    "boolean",
    "choice",
    "default_text",
    "duration",
    "duration_text",
    "integer",
    "memory",
    "number",
    "option_table",
    "seconds_text",
    "share",
    "strings",
    "text",
    "texts",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """How an option's text is read; `allowed` says it in words, for errors and documentation.

    Where there are `several` the option is a list, and `read` gets its texts joined by NUL. `choices` are all that it
    may be, where they can be counted.
    """

    allowed: str
    read: Callable[[str], T_co]
    several: bool = False
    choices: tuple[str, ...] = ()


def _text(value: str) -> str:
    return value


def _boolean(value: str) -> bool:
    return {"true": True, "false": False}[value.strip().lower()]


def _strings(value: str) -> tuple[str, ...]:
    return tuple(v.strip() for v in value.split(";") if v.strip())


_BETWEEN = "\0"
"""What stands between the texts of a list: no text of TOML has it."""

_DURATION_MS = {
    **dict.fromkeys(("", "ms", "milli", "millis", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
}


def _duration(value: str) -> int:
    found = re.fullmatch(r"\s*(\d+)\s*([a-zA-Z]*)\s*", value)
    if not found:
        raise ValueError(value)
    return int(found[1]) * _DURATION_MS[found[2].lower()]


_MEMORY = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **dict.fromkeys(("k", "kb", "kib"), 1 << 10),
    **dict.fromkeys(("m", "mb", "mib"), 1 << 20),
    **dict.fromkeys(("g", "gb", "gib"), 1 << 30),
    **dict.fromkeys(("t", "tb", "tib"), 1 << 40),
}


def _share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(value)
    return number


def _memory(value: str) -> int:
    found = re.fullmatch(r"\s*(\d+)\s*([a-zA-Z]*)\s*", value)
    if not found:
        raise ValueError(value)
    return int(found[1]) * _MEMORY[found[2].lower()]


text: Kind[str] = Kind("a text", _text)
boolean: Kind[bool] = Kind("true or false", _boolean, choices=("true", "false"))
number: Kind[float] = Kind("a number", float)
share: Kind[float] = Kind("a number from 0 to 1", _share)
strings: Kind[tuple[str, ...]] = Kind("texts separated by ';'", _strings)
duration: Kind[int] = Kind("a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d", _duration)
memory: Kind[int] = Kind("a size such as 64 kb, 128 mb, 1 gb", _memory)


def texts(allowed: str) -> Kind[tuple[str, ...]]:
    """A list of texts, which `allowed` describes with an example."""
    return Kind(allowed, lambda joined: tuple(joined.split(_BETWEEN)) if joined else (), several=True)


def integer(low: int | None = None, high: int | None = None) -> Kind[int]:
    """A whole number within bounds."""
    bounds = f"of at least {low}" if low is not None else f"of at most {high}" if high is not None else ""
    if low is not None and high is not None:
        bounds = f"from {low} to {high}"

    def read(value: str) -> int:
        number = int(value)
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(value)
        return number

    return Kind(f"a whole number {bounds}".strip(), read)


def choice(*values: str) -> Kind[str]:
    """One of `values`, in any case."""

    def read(value: str) -> str:
        return {v.lower(): v for v in values}[value.strip().lower()]

    return Kind("one of " + ", ".join(values), read, choices=values)


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One option; `default` is what holds when it is not given (never read where `required`).

    `own`: Flink has no such option.
    """

    name: str
    kind: Kind[T]
    default: T
    text: str
    required: bool = False
    own: bool = False

    def read(self, value: object, where: str) -> T:
        """`value` as the option's kind.

        Raises ConfigError naming the option, the value, what is allowed and `where` it stands.
        """
        as_text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            return self.kind.read(_joined(value) if self.kind.several else _single(value, as_text))
        except ConfigError as error:
            error.where = error.where or where
            raise
        except (ValueError, KeyError):
            raise ConfigError(
                f"option '{self.name}' is '{as_text}', allowed is {self.kind.allowed}", code="option-value", where=where
            ) from None


def _single(value: object, as_text: str) -> str:
    if isinstance(value, (list, dict)):
        raise ValueError(as_text)  # noqa: TRY004  # as for any other that does not fit
    return as_text


def _joined(value: object) -> str:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise ValueError(value)
    return _BETWEEN.join(value)


class Values:
    """Checked options: ``values[OPTION]`` has the option's type, or its default."""

    def __init__(
        self, options: Iterable[Option[Any]], given: Mapping[str, object], where: str | Callable[[str], str]
    ) -> None:
        """`where` they stand, or what tells the place of a name (`""`: that of all).

        Raises ConfigError for an unknown, missing or ill-typed option.
        """
        known = {o.name: o for o in options}
        place = (lambda _: where) if isinstance(where, str) else where
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"unknown option '{name}'",
                    code="option-unknown",
                    where=place(name),
                    hint=did_you_mean(name, known) or "known are " + ", ".join(sorted(known)),
                )
        missing = [o.name for o in known.values() if o.required and o.name not in given]
        if missing:
            raise ConfigError(f"option '{missing[0]}' is required", code="option-missing", where=place(""))
        self._place = place
        self._values: dict[str, Any] = {name: known[name].read(value, place(name)) for name, value in given.items()}

    def __getitem__(self, option: Option[T]) -> T:
        value: T = self._values.get(option.name, option.default)
        return value

    def given(self, option: Option[Any]) -> bool:
        """Whether the option was set, rather than left at its default."""
        return option.name in self._values

    def require_of(
        self, kind: Option[str], what: str, needed: tuple[Option[Any], ...], allowed: tuple[Option[Any], ...]
    ) -> None:
        """Raises ConfigError where `what`, as the option `kind` says, lacks what it needs, or has what it knows not."""
        for option in needed:
            if not self[option]:
                raise ConfigError(f"{what} needs '{option.name}'", code="option-missing", where=self._place(""))
        its = [option.name for option in (*needed, *allowed)]
        for name in self._values:
            if name not in (kind.name, *its):
                raise ConfigError(
                    f"{what} has no option '{name}'",
                    code="option-unknown",
                    where=self._place(name),
                    hint=f"it has {', '.join(its) or 'none'}",
                )


def option_table(options: Iterable[Option[Any]]) -> str:
    """Options as a table in Markdown, by name; nothing for none."""
    rows = "".join(
        f"\n| `{o.name}` | {o.kind.allowed} | {default_text(o)} | {o.text}{' Not in Flink.' if o.own else ''} |"
        for o in sorted(options, key=lambda o: o.name)
    )
    return "| option | | default | |\n|--|--|--|--|" + rows if rows else ""


def default_text(option: Option[Any]) -> str:
    """The default as it could be given; nothing where there is none."""
    if option.required:
        return "required"
    match option.default:
        case None | "" | ():
            return ""
        case frozenset(values):
            return ",".join(sorted(values))
        case bool(value):
            return str(value).lower()
        case int(value) if value > 0 and "duration" in option.kind.allowed:
            return duration_text(value)
        case int(value) if value > 0 and "size" in option.kind.allowed:
            return f"{value >> 20} mb" if value >> 20 else f"{value} bytes"
    return f"{option.default}"


def duration_text(millis: int) -> str:
    """A duration in ms, in the largest unit that divides it."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if millis and millis % size == 0:
            return f"{millis // size} {unit}"
    return f"{millis} ms"


def seconds_text(millis: int) -> str:
    """The same in whole seconds, one at least, for what people read."""
    return duration_text(max(round(millis / 1000), 1) * 1000)
