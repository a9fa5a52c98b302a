"""PARSE_URL: the parts of a URL, as Java's URL class sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.building import any_null, define
from penstock.sql.functions.signatures import CHARACTER, nullable, takes

__all__ = ["FUNCTIONS"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

_SCHEMES = ("http", "https", "ftp", "file", "mailto", "jar", "jrt", "jmod")
_CONTROL = "".join(chr(i) for i in range(33))
_IPV6 = r"\[(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{0,4}|[0-9.]+)(?:%[^\]]*)?\]"
_PORT = r"(?::(?:[+]?[0-9]{1,10}|-0*1|-0+)?)?"
_MAX_PORT = 2**31 - 1


def _extract(text: pl.Expr, regex: str) -> pl.Expr:
    return text.str.extract(f"(?s){regex}", 1)


def _pieces(url: pl.Expr) -> Mapping[str, pl.Expr]:
    """The parts by the names that PARSE_URL takes; all NULL where the URL is none."""
    text = url.str.strip_chars(_CONTROL).str.replace("(?i)^url:", "")
    scheme = _extract(text, r"^([A-Za-z][A-Za-z0-9+.\-]*):").str.to_lowercase()
    rest = _extract(text, r"^[^:]*:(.*)$")
    fragment = _extract(rest, "^[^#]*#(.*)$")
    front = _extract(rest, "^([^#]*)")
    mail, jar = scheme == "mailto", scheme == "jar"
    query = _extract(front, r"^[^?]*\?(.*)$")
    hierarchy = _extract(front, r"^([^?]*)")
    # four slashes are a path, two begin an authority
    authority = pl.when(hierarchy.str.starts_with("////")).then(None).otherwise(_extract(hierarchy, "^//([^/]*)"))
    path = pl.when(authority.is_null()).then(hierarchy).otherwise(_extract(hierarchy, "^//[^/]*(.*)$"))
    crowded = authority.str.count_matches("@", literal=True) > 1
    user = pl.when(~crowded).then(_extract(authority, "^([^@]*)@"))
    place = pl.when(crowded).then(pl.lit("")).otherwise(authority.str.replace("^[^@]*@", ""))
    bracketed = place.str.starts_with("[")
    host = pl.when(bracketed).then(_extract(place, r"^(\[[^\]]*\])")).otherwise(_extract(place, "^([^:]*)"))
    port = _extract(place, r"^(?:\[[^\]]*\]|[^:]*):[+]?([0-9]+)$").cast(pl.Int64, strict=False)
    wrong_host = (
        pl.when(bracketed)
        .then(~place.str.contains(f"^{_IPV6}{_PORT}$"))
        .otherwise(~place.str.contains(f"(?s)^[^:]*{_PORT}$"))
        .fill_null(False)
    )
    wrong = wrong_host | (port > _MAX_PORT).fill_null(False)
    opaque = mail | jar
    known = scheme.is_in(_SCHEMES) & pl.when(opaque).then(pl.lit(True)).otherwise(~wrong)
    known = known & (~jar | front.str.contains("!/", literal=True))
    parts = {
        "PROTOCOL": scheme,
        "AUTHORITY": pl.when(~opaque).then(authority),
        "USERINFO": pl.when(~opaque).then(user),
        "HOST": pl.when(opaque).then(pl.lit("")).otherwise(host.fill_null("")),
        "PATH": pl.when(opaque).then(hierarchy).otherwise(path),
        "QUERY": query,
        "REF": pl.when(~mail).then(fragment),
    }
    query_behind = pl.when(query.is_null()).then(pl.lit("")).otherwise(pl.lit("?") + query)
    parts["FILE"] = parts["PATH"] + query_behind
    return {name: pl.when(known).then(part) for name, part in parts.items()}


def _parse_url(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    url, part, *key = (a.expr for a in args)
    pieces = _pieces(url)
    if key:
        regex = pl.concat_str(pl.lit("(?s)(?:&|^)"), key[0].str.escape_regex(), pl.lit("=([^&]*)"))
        value = pieces["QUERY"].str.extract(regex, 1)
        return pl.when((part == "QUERY") & ~any_null(url, key[0])).then(value)
    chosen = pl.when(url.is_null()).then(pl.lit(None, pl.String))
    if args[1].is_constant:
        return pieces.get(args[1].constant, chosen)
    result: pl.Expr = chosen
    for name, piece in pieces.items():
        result = pl.when(part == name).then(piece).otherwise(result)
    return result


FUNCTIONS = (
    define(
        "PARSE_URL",
        "string",
        "PARSE_URL(url, part [, key])",
        "A part of a URL: PROTOCOL, AUTHORITY, USERINFO, HOST, PATH, QUERY, FILE, REF; or of QUERY the value of a key.",
        takes(CHARACTER, CHARACTER, CHARACTER, optional=1, gives=nullable(t.STRING)),
        _parse_url,
        ("PARSE_URL('http://user@example.com:80/a/b?k=v#r', 'HOST')", "example.com"),
        ("PARSE_URL('http://example.com/a/b?k=v#r', 'FILE')", "/a/b?k=v"),
        ("PARSE_URL('http://example.com/a?k1=v1&k2=v2', 'QUERY', 'k2')", "v2"),
        ("PARSE_URL('no url', 'HOST')", None),
    ),
)
