"""PARSE_URL: the parts of a URL, as Java's URL class sees them."""

from __future__ import annotations

import polars as pl

from penstock.core import types as t
from penstock.sql.functions.building import columnwise, define, staged
from penstock.sql.functions.signatures import CHARACTER, nullable, takes

__all__ = ["FUNCTIONS"]

_SCHEMES = ("http", "https", "ftp", "file", "mailto", "jar", "jrt", "jmod")
_CONTROL = "".join(chr(i) for i in range(33))
_IPV6 = r"\[(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{0,4}|[0-9.]+)(?:%[^\]]*)?\]"
_PORT = r"(?::(?:[+]?[0-9]{1,10}|-0*1|-0+)?)?"
_MAX_PORT = 2**31 - 1


def _part(name: str, regex: str) -> pl.Expr:
    return pl.col(name).str.extract(f"(?s){regex}", 1)


_ABSENT = pl.lit(None, pl.String)
_OPAQUE = pl.col("scheme").is_in(["mailto", "jar"])
_STEPS: tuple[dict[str, pl.Expr], ...] = (
    {"text": pl.col("0").str.strip_chars(_CONTROL).str.replace("(?i)^url:", "")},
    {
        "scheme": _part("text", r"^([A-Za-z][A-Za-z0-9+.\-]*):").str.to_lowercase(),
        "rest": _part("text", r"^[^:]*:(.*)$"),
    },
    {"front": _part("rest", "^([^#]*)"), "REF": _part("rest", "^[^#]*#(.*)$")},
    {"hierarchy": _part("front", r"^([^?]*)"), "QUERY": _part("front", r"^[^?]*\?(.*)$")},
    {
        # two slashes begin an authority, four a path
        "AUTHORITY": pl.when(_OPAQUE | pl.col("hierarchy").str.starts_with("////"))
        .then(_ABSENT)
        .otherwise(_part("hierarchy", "^//([^/]*)")),
    },
    {
        "crowded": pl.col("AUTHORITY").str.count_matches("@", literal=True) > 1,
        "PATH": pl.when(pl.col("AUTHORITY").is_null())
        .then(pl.col("hierarchy"))
        .otherwise(_part("hierarchy", "^//[^/]*(.*)$")),
    },
    {
        "USERINFO": pl.when(~pl.col("crowded")).then(_part("AUTHORITY", "^([^@]*)@")),
        "place": pl.when("crowded").then(pl.lit("")).otherwise(pl.col("AUTHORITY").str.replace("^[^@]*@", "")),
    },
    {
        "HOST": _part("place", r"^(\[[^\]]*\]|[^:]*)").fill_null(""),
        "right": pl.when(pl.col("place").str.starts_with("["))
        .then(pl.col("place").str.contains(f"^{_IPV6}{_PORT}$"))
        .otherwise(pl.col("place").str.contains(f"(?s)^[^:]*{_PORT}$"))
        .fill_null(True),
        "port": _part("place", r"^(?:\[[^\]]*\]|[^:]*):[+]?([0-9]+)$").cast(pl.Int64, strict=False).fill_null(0),
    },
    {
        "known": pl.col("scheme").is_in(_SCHEMES)
        & pl.col("right")
        & (pl.col("port") <= _MAX_PORT)
        & ((pl.col("scheme") != "jar") | pl.col("front").str.contains("!/", literal=True)),
        "PROTOCOL": pl.col("scheme"),
        "REF": pl.when(pl.col("scheme") != "mailto").then("REF"),
        "FILE": pl.col("PATH")
        + pl.when(pl.col("QUERY").is_null()).then(pl.lit("")).otherwise(pl.lit("?") + pl.col("QUERY")),
    },
)
_PARTS = ("PROTOCOL", "AUTHORITY", "USERINFO", "HOST", "PATH", "QUERY", "FILE", "REF")


def _parse(frame: pl.DataFrame) -> pl.Series:
    """Columns: the URL, the part's name and maybe a key."""
    for step in _STEPS:
        frame = frame.with_columns(**step)
    value: pl.Expr
    if "2" in frame.columns:
        regex = pl.concat_str(pl.lit("(?s)(?:&|^)"), pl.col("2").str.escape_regex(), pl.lit("=([^&]*)"))
        # Polars takes a NULL pattern for an empty one
        value = pl.when(pl.col("2").is_not_null() & (pl.col("1") == "QUERY")).then(
            pl.col("QUERY").str.extract(regex, 1)
        )
    else:
        value = pl.coalesce(pl.when(pl.col("1") == name).then(name) for name in _PARTS)
    return frame.select(pl.when("known").then(value)).to_series()


def _parse_url(*args: pl.Expr) -> pl.Expr:
    return staged(_parse, pl.String(), *args)


FUNCTIONS = (
    define(
        "PARSE_URL",
        "string",
        "PARSE_URL(url, part [, key])",
        "A part of a URL: PROTOCOL, AUTHORITY, USERINFO, HOST, PATH, QUERY, FILE, REF; or of QUERY the value of a key.",
        takes(CHARACTER, CHARACTER, CHARACTER, optional=1, gives=nullable(t.STRING)),
        columnwise(_parse_url),
        ("PARSE_URL('http://user@example.com:80/a/b?k=v#r', 'HOST')", "example.com"),
        ("PARSE_URL('http://example.com/a/b?k=v#r', 'FILE')", "/a/b?k=v"),
        ("PARSE_URL('http://example.com/a?k1=v1&k2=v2', 'QUERY', 'k2')", "v2"),
        ("PARSE_URL('no url', 'HOST')", None),
    ),
)
