"""An API over HTTP as sources/NAME.toml declares it: how it pages, whom it lets in, what it may cost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import secret
from penstock.core.errors import ConfigError
from penstock.core.options import Option, choice, duration, integer, memory, text
from penstock.warehouse.sources.records import Array

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.core.options import Values
    from penstock.core.toml_table import TomlTable

__all__ = ["SECTIONS", "Api", "Auth", "Incremental", "Limits", "Paging", "read_api"]

_SECRET = secret('token = "${API_TOKEN}"')

URL = Option("url", text, "", "Where the first page is: http or https, or ${NAME}.", required=True)
RECORDS = Option("records", text, "$", "The JSON path to a page's records: an array, or one record.")
CA = Option(
    "ca",
    text,
    "",
    "The file with the certificate of the authority that vouches for the server, if it is a private one.",
)
ARRAY = Option("array", text, "", "Rows are the elements of this array within each record: lines, or cart.lines.")

KIND = Option("kind", choice("none", "page", "offset", "cursor", "link"), "none", "How one gets from page to page.")
PARAMETER = Option("parameter", text, "", "page, offset, cursor: the parameter of the query; by default the kind.")
FIRST = Option("first", integer(0), 1, "page: the number of the first one.")
LIMIT = Option("limit", integer(1), 100, "offset: how many records a page has, sent as a parameter.")
LIMIT_PARAMETER = Option("limit-parameter", text, "limit", "offset: its name.")
TOTAL = Option("total", text, "", "page, offset: the JSON path to how many pages, or records, there are.")
MORE = Option("more", text, "", "page, offset, cursor: the JSON path to true where there are more pages.")
NEXT = Option("next", text, "", "cursor: the JSON path to the next one. link: that to the next address, if no header.")
RELATION = Option("relation", text, "next", "link: which of the header Link leads on.")

HOW = Option("kind", choice("basic", "bearer", "oauth2", "key"), "", "How Penstock shows who it is.", required=True)
USER = Option("user", text, "", "basic: the name.")
PASSWORD = Option("password", _SECRET, "", "basic: the variable that has the password.")
TOKEN = Option("token", _SECRET, "", "bearer: the variable that has it.")
TOKEN_URL = Option("token-url", text, "", "oauth2 (client credentials): where tokens are given.")
CLIENT = Option("client", text, "", "oauth2: the client's id.")
CLIENT_SECRET = Option("secret", _SECRET, "", "oauth2: the variable that has the client's secret.")
SCOPE = Option("scope", text, "", "oauth2: what is asked for.")
KEY = Option("key", _SECRET, "", "key: the variable that has it.")
KEY_NAME = Option("name", text, "X-API-Key", "key: the header or parameter that brings it.")
KEY_IN = Option("in", choice("header", "query"), "header", "key: which of the two.")

TIMEOUT = Option("timeout", duration, 30_000, "For so long an answer is waited for.")
BODY = Option("max-body", memory, 64 << 20, "An answer of more is refused.")
PAGES = Option("max-pages", integer(1), 10_000, "A list of more pages is refused.")
TIME = Option("max-time", duration, 3_600_000, "All pages have to come within so long.")
REQUESTS = Option("requests", integer(1), 0, "At most so many requests are sent in each `per`; none: no limit.")
PER = Option("per", duration, 1_000, "See requests.")
RETRIES = Option("retries", integer(0, 100), 5, "How often a request is repeated after no answer, 429 or 500 and more.")
WAIT = Option("max-wait", duration, 60_000, "Before that 1 s, 2 s, 4 s and so on are waited, at most so long.")

FIELD = Option("field", text, "", "The column that grows, such as updated_at.", required=True)
SINCE = Option("parameter", text, "", "The parameter that asks for records from a value of it on.", required=True)
START = Option("first", text, "", "Its value of the first run; without one all records are asked for.")

SECTIONS: Mapping[str, tuple[Option[Any], ...]] = {
    "": (URL, CA, RECORDS, ARRAY),
    "paging": (KIND, PARAMETER, FIRST, LIMIT, LIMIT_PARAMETER, TOTAL, MORE, NEXT, RELATION),
    "auth": (HOW, USER, PASSWORD, TOKEN, TOKEN_URL, CLIENT, CLIENT_SECRET, SCOPE, KEY, KEY_NAME, KEY_IN),
    "limits": (TIMEOUT, BODY, PAGES, TIME, REQUESTS, PER, RETRIES, WAIT),
    "incremental": (FIELD, SINCE, START),
}
"""The options of a source of kind http by the table that they stand in; beside these there are texts by name in
[query], [headers] and [keep] (of an array)."""

_PAGING: dict[str, tuple[tuple[Option[Any], ...], tuple[Option[Any], ...]]] = {
    "none": ((), ()),
    "page": ((), (PARAMETER, FIRST, TOTAL, MORE)),
    "offset": ((), (PARAMETER, LIMIT, LIMIT_PARAMETER, TOTAL, MORE)),
    "cursor": ((NEXT,), (PARAMETER, MORE)),
    "link": ((), (NEXT, RELATION)),
}
_AUTH: dict[str, tuple[tuple[Option[Any], ...], tuple[Option[Any], ...]]] = {
    "basic": ((USER, PASSWORD), ()),
    "bearer": ((TOKEN,), ()),
    "oauth2": ((TOKEN_URL, CLIENT, CLIENT_SECRET), (SCOPE,)),
    "key": ((KEY,), (KEY_NAME, KEY_IN)),
}
"""The options that each kind needs, and those that it may have."""

_PATH = re.compile(r"[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*")


@dataclass(frozen=True, slots=True)
class Paging:
    """How one gets from page to page; "" is what is not given."""

    kind: str = "none"
    parameter: str = ""
    first: int = FIRST.default
    limit: int = LIMIT.default
    limit_parameter: str = LIMIT_PARAMETER.default
    total: str = ""
    more: str = ""
    next: str = ""
    relation: str = RELATION.default


@dataclass(frozen=True, slots=True)
class Auth:
    """Whom the API lets in; secrets are names of variables still (``${NAME}``)."""

    kind: str
    user: str = ""
    password: str = ""
    token: str = ""
    token_url: str = ""
    client: str = ""
    secret: str = ""
    scope: str = ""
    key: str = ""
    name: str = KEY_NAME.default
    place: str = KEY_IN.default


@dataclass(frozen=True, slots=True)
class Limits:
    """What asking may take: times in ms, `body` in bytes; `requests` in each `per`, 0 for any number."""

    timeout: int = TIMEOUT.default
    body: int = BODY.default
    pages: int = PAGES.default
    time: int = TIME.default
    requests: int = 0
    per: int = PER.default
    retries: int = RETRIES.default
    wait: int = WAIT.default


@dataclass(frozen=True, slots=True)
class Incremental:
    """Only what is new is asked for: `parameter` gets the greatest value that the column `field` has had."""

    field: str
    parameter: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """An API, as its file says it; `where` is that file's place."""

    name: str
    where: str
    url: str
    ca: Path | None = None
    records: str = RECORDS.default
    array: Array | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    paging: Paging = field(default_factory=Paging)
    auth: Auth | None = None
    limits: Limits = field(default_factory=Limits)
    incremental: Incremental | None = None


def read_api(name: str, table: TomlTable, folder: Path) -> Api:
    """What the file of source `name` says beside what all sources have, which `table` has no more.

    Paths begin in `folder`. Raises ConfigError at the line of what is missing, unknown or does not fit.
    """
    own = table.without("paging", "auth", "limits", "incremental", "query", "headers", "keep").values(SECTIONS[""])
    since = table.table("incremental")
    return Api(
        name=name,
        where=table.where(),
        url=own[URL],
        ca=_file(folder / own[CA], table.where("ca")) if own[CA] else None,
        records=_json_path(own[RECORDS], table.where("records")),
        array=_array(own[ARRAY], table),
        query=_texts(table.table("query")),
        headers=_texts(table.table("headers")),
        paging=_paging(table.table("paging")),
        auth=_auth(table.table("auth")) if "auth" in table.given else None,
        limits=_limits(table.table("limits").values(SECTIONS["limits"])),
        incremental=_incremental(since.values(SECTIONS["incremental"])) if since.given else None,
    )


def _paging(table: TomlTable) -> Paging:
    values = table.values(SECTIONS["paging"])
    kind = values[KIND]
    values.require_of(KIND, f"paging of kind {kind}", *_PAGING[kind])
    for option in (TOTAL, MORE, NEXT):
        if values[option]:
            _json_path(values[option], table.where(option.name))
    return Paging(
        kind=kind,
        parameter=values[PARAMETER] or kind,
        first=values[FIRST],
        limit=values[LIMIT],
        limit_parameter=values[LIMIT_PARAMETER],
        total=values[TOTAL],
        more=values[MORE],
        next=values[NEXT],
        relation=values[RELATION],
    )


def _auth(table: TomlTable) -> Auth:
    values = table.values(SECTIONS["auth"])
    values.require_of(HOW, f"auth of kind {values[HOW]}", *_AUTH[values[HOW]])
    return Auth(
        kind=values[HOW],
        user=values[USER],
        password=values[PASSWORD],
        token=values[TOKEN],
        token_url=values[TOKEN_URL],
        client=values[CLIENT],
        secret=values[CLIENT_SECRET],
        scope=values[SCOPE],
        key=values[KEY],
        name=values[KEY_NAME],
        place=values[KEY_IN],
    )


def _limits(values: Values) -> Limits:
    return Limits(
        timeout=values[TIMEOUT],
        body=values[BODY],
        pages=values[PAGES],
        time=values[TIME],
        requests=values[REQUESTS],
        per=values[PER],
        retries=values[RETRIES],
        wait=values[WAIT],
    )


def _incremental(values: Values) -> Incremental:
    return Incremental(values[FIELD], values[SINCE], values[START])


def _array(path: str, table: TomlTable) -> Array | None:
    keep = _texts(table.table("keep"))
    for name, said in (("array", path), *keep.items()):
        if said and not _PATH.fullmatch(said):
            raise ConfigError(
                f"'{said}' leads to nothing in a record: allowed are names, joined by dots",
                code="source-path",
                where=(table if name == "array" else table.table("keep")).where(name),
                hint="lines, or cart.lines",
            )
    if not path:
        if keep:
            raise ConfigError(
                "[keep] says which columns the elements of an array get of their record, and there is no 'array'",
                code="source-keep",
                where=table.table("keep").where(),
            )
        return None
    return Array(tuple(path.split(".")), {name: tuple(said.split(".")) for name, said in keep.items()})


def _texts(table: TomlTable) -> dict[str, str]:
    """Texts by name, such as the parameters of a query. Raises ConfigError for a value that is a list or a table."""
    for name, value in table.given.items():
        if isinstance(value, (list, dict)):
            raise ConfigError(
                f"'{name}' is {value!r}, allowed is a text, a number, true or false",
                code="option-value",
                where=table.where(name),
            )
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in table.given.items()}


def _file(path: Path, where: str) -> Path:
    if not path.is_file():
        raise ConfigError(
            f"there is no file {path}, which should have the certificate of the authority",
            code="source-ca",
            where=where,
        )
    return path


def _json_path(path: str, where: str) -> str:
    """`path`, which begins at the document. Raises ConfigError where it is none."""
    if not path.startswith("$"):
        raise ConfigError(
            f"'{path}' is no JSON path: it begins with $, the whole answer", code="source-path", where=where,
            hint=f"$.{path}",
        )  # fmt: skip
    return path
