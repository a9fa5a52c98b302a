"""Log lines: one event each, with its fields, for a person to read or for a machine.

Rooms `tell` events; only a program of Penstock's own (`set_up`) decides where they go. Secrets, and the contents of
rows, are never among the fields.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["LEVELS", "JsonLines", "LogFormat", "TextLines", "set_up", "tell"]

LogFormat = Literal["text", "json"]

LEVELS = ("debug", "info", "warning", "error")

ROOT = "penstock"

logging.getLogger(ROOT).addHandler(logging.NullHandler())  # whoever uses us as a library hears nothing unasked


def tell(level: Literal["debug", "info", "warning", "error"], event: str, text: str, **fields: Any) -> None:
    """One line: `event` is its stable name, `text` says it to a person; `error` among the fields is an exception."""
    logger = logging.getLogger(ROOT)
    number = getattr(logging, level.upper())
    if logger.isEnabledFor(number):
        logger.log(number, text, extra={"event": event, "fields": fields})


@contextmanager
def set_up(form: LogFormat, level: str, write: Callable[[str], None]) -> Iterator[None]:
    """Inside, lines of at least `level` go to `write`; those of libraries from warnings on."""
    handler = _Written(write)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root, ours = logging.getLogger(), logging.getLogger(ROOT)
    before = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    ours.setLevel(level.upper())
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        ours.setLevel(before[1])


class _Written(logging.Handler):
    """Hands each line to a function."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001  # logging's own way: what cannot be written must not stop the work
            self.handleError(record)


class TextLines(logging.Formatter):
    """``18:03:09 warning pipeline a: ...``, with an error's place and hint on lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        time = dt.datetime.fromtimestamp(record.created, dt.UTC).astimezone().strftime("%H:%M:%S")
        of = f"pipeline {fields['pipeline']}: " if "pipeline" in fields else ""
        lines = [f"{time} {record.levelname.lower()} {of}{record.getMessage()}"]
        error = _error(record)
        if isinstance(error, PenstockError):
            lines += [f"error[{error.code}]: {error.message}", *(f"  {line}" for line in error.where.splitlines())]
            lines += [f"hint: {error.hint}"] if error.hint else []
        elif error is not None:
            lines.append("".join(traceback.format_exception(error)).rstrip())
        return "\n".join(lines)


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `event`, `message`, the fields, and `error` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "library"),
            "message": record.getMessage(),
            **({} if hasattr(record, "event") else {"logger": record.name}),
            **{name: value for name, value in _fields(record).items() if name != "error"},
        }
        error = _error(record)
        if isinstance(error, PenstockError):
            line["error"] = {"code": error.code, "message": error.message, "where": error.where, "hint": error.hint}
        elif error is not None:
            stack = "".join(traceback.format_exception(error)).rstrip()
            line["error"] = {"code": "internal", "message": f"{type(error).__name__}: {error}", "where": stack}
        return json.dumps(line, default=str)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return fields


def _error(record: logging.LogRecord) -> BaseException | None:
    given = _fields(record).get("error")
    if isinstance(given, BaseException):
        return given
    return record.exc_info[1] if record.exc_info else None
