"""What clients ask for: their messages, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.errors import RequestError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Asked",
    "End",
    "Figures",
    "LastValues",
    "News",
    "OpenWindows",
    "Ping",
    "Request",
    "Rows",
    "Saved",
    "Subscribe",
    "Watched",
    "read_object",
    "read_request",
    "read_subscribe",
]

_ID_LENGTH = 64
_LIMIT = 1_000
_MOST_ROWS = 10_000
_MOST_NAMES = 256


@dataclass(frozen=True, slots=True)
class Rows:
    """The committed rows of a table; `columns` empty means all, `where` pairs a column with the values that fit."""

    table: str
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    limit: int = _LIMIT


@dataclass(frozen=True, slots=True)
class OpenWindows:
    """The windows not yet closed that will go into a table."""

    table: str
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    limit: int = _LIMIT


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to a question; `parameters` are the values of ``$name`` in it."""

    sql: str
    limit: int = _LIMIT
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer to a saved query; `parameters` are JSON, so that they can be compared."""

    name: str
    parameters: bytes
    limit: int = _LIMIT


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some pipelines, or of all."""

    pipelines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastValues:
    """The last values of tables or columns, in the simple form."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """That there is something new among the things called so."""

    name: str


Watched = Rows | OpenWindows | Asked | Saved | Figures | News | LastValues
"""What can be watched: equal ones are computed once."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`position` is what the client has seen, or empty."""

    id: str
    watched: Watched
    position: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Unsubscribe."""

    id: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer, to show that you live."""

    id: str


Request = Subscribe | End | Ping

SIMPLE = "simple"
"""The id of the subscription of the simple form."""

_KINDS = ("subscribe", "unsubscribe", "ping")


def read_object(text: str) -> dict[str, Any]:
    """A message as data. Raises RequestError where it is no JSON object."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _wrong(f"a message is JSON, this is not: {error}", "push-json") from None
    if not isinstance(found, dict):
        raise _wrong("a message is an object", "push-json", 'as {"type": "subscribe", "id": "a", "table": "..."}')
    return found


def read_request(found: Mapping[str, Any]) -> Request:
    """The request of a message. Raises RequestError where it is none."""
    if "action" in found:
        return _simple(found)
    kind = found.get("type")
    if kind == "ping":
        return Ping(_id(found))
    if kind == "unsubscribe":
        return End(_id(found))
    if kind == "subscribe":
        return read_subscribe(found, _id(found))
    known = ", ".join(_KINDS)
    hint = did_you_mean(kind, _KINDS) if isinstance(kind, str) else ""
    raise _wrong(f"there is no request {orjson.dumps(kind).decode()}", "push-request", hint or f"there are {known}")


def read_subscribe(found: Mapping[str, Any], id_: str) -> Subscribe:
    """A subscription. Raises RequestError where it is none."""
    named = [name for name in _WATCHED if name in found]
    if len(named) != 1:
        which = f"this names {' and '.join(named)}" if named else "this names none"
        raise _wrong(
            f"a subscription names one thing to watch, {which}", "push-subscribe", "one of " + ", ".join(_WATCHED)
        )
    members, read = _WATCHED[named[0]]
    for name in found:
        if name not in {"type", "id", named[0], *members}:
            allowed = (named[0], *members)
            raise _wrong(
                f"a subscription to {named[0]} has no '{name}'",
                "push-subscribe",
                did_you_mean(name, allowed) or "it has " + ", ".join(allowed),
            )
    position = found.get("position", "")
    if not isinstance(position, str) or len(position) > _MOST_NAMES:
        raise _wrong("position is a text that the server has sent", "push-subscribe")
    return Subscribe(id_, read(found), position)


def _wrong(message: str, code: str, hint: str = "") -> RequestError:
    return RequestError(message, code=code, hint=hint)


def _id(found: Mapping[str, Any]) -> str:
    id_ = found.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= _ID_LENGTH:
        raise _wrong(f"id is a text of 1 to {_ID_LENGTH} characters", "push-id")
    return id_


def _simple(found: Mapping[str, Any]) -> Request:
    match found["action"]:
        case "subscribe":
            return Subscribe(SIMPLE, LastValues(_names(found, "metrics", least=1)))
        case "unsubscribe":
            return End(SIMPLE)
    raise _wrong('action is "subscribe" or "unsubscribe"', "push-request")


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not value:
        raise _wrong(f"{name} is a text", "push-subscribe")
    return value


def _names(found: Mapping[str, Any], name: str, least: int = 0) -> tuple[str, ...]:
    value = found.get(name, [])
    if (
        not isinstance(value, list)
        or not least <= len(value) <= _MOST_NAMES
        or not all(isinstance(v, str) and v for v in value)
    ):
        raise _wrong(f"{name} is a list of {least} to {_MOST_NAMES} names", "push-subscribe")
    return tuple(value)


def _limit(found: Mapping[str, Any]) -> int:
    value = found.get("limit", _LIMIT)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_ROWS:
        raise _wrong(f"limit is a number from 1 to {_MOST_ROWS:,}", "push-subscribe")
    return value


def _where(found: Mapping[str, Any]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    value = found.get("where", {})
    if not isinstance(value, dict) or len(value) > _MOST_NAMES:
        raise _wrong("where is an object: a column, and the value or values that fit", "push-subscribe")
    pairs = []
    for column, fitting in sorted(value.items()):
        values = fitting if isinstance(fitting, list) else [fitting]
        if len(values) > _MOST_NAMES or not all(v is None or isinstance(v, (str, int, float, bool)) for v in values):
            raise _wrong(f"where.{column} is a value or a list of at most {_MOST_NAMES}", "push-subscribe")
        pairs.append((column, tuple(values)))
    return tuple(pairs)


def _parameters(found: Mapping[str, Any]) -> bytes:
    value = found.get("parameters", {})
    if not isinstance(value, dict):
        raise _wrong("parameters is an object: a name and its value each", "push-subscribe")
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _values(found: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    given = orjson.loads(_parameters(found))
    for name, value in given.items():
        if not (value is None or isinstance(value, (str, int, float, bool))):
            raise _wrong(f"parameters.{name} is a text, a number, true, false or null", "push-subscribe")
    return tuple(given.items())


def _figures(found: Mapping[str, Any]) -> Figures:
    names = _names(found, "metrics", least=1)
    return Figures(() if "pipelines" in names else tuple(sorted(set(names))))


_FILTERS = ("columns", "where", "limit")
_WATCHED: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Watched]]] = {
    "table": (
        (*_FILTERS, "position"),
        lambda f: Rows(_text(f, "table"), _names(f, "columns"), _where(f), _limit(f)),
    ),
    "open": (_FILTERS, lambda f: OpenWindows(_text(f, "open"), _names(f, "columns"), _where(f), _limit(f))),
    "query": (("parameters", "limit", "position"), lambda f: Asked(_text(f, "query"), _limit(f), _values(f))),
    "saved": (("parameters", "limit", "position"), lambda f: Saved(_text(f, "saved"), _parameters(f), _limit(f))),
    "metrics": ((), _figures),
    "news": ((), lambda f: News(_text(f, "news"))),
}
