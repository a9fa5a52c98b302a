"""Texts as bytes and back: character sets, base64, the encoding of URLs, IPv4 addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Literal
from penstock.sql.functions.building import checked, columnwise, define, staged
from penstock.sql.functions.signatures import (
    BINARY,
    CHARACTER,
    LONG,
    ArgumentError,
    always,
    either,
    literal,
    nullable,
    takes,
)
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS", "text_of_bytes"]

# -- UTF-8 -------------------------------------------------------------------------------------------

_TAIL = "[89ab]."
_ONE = (
    f"[0-7].|(?:c[2-9a-f]|d.){_TAIL}|e0[ab].{_TAIL}|e[1-9a-cef]{_TAIL}{_TAIL}|ed[89].{_TAIL}"
    f"|f0[9ab].{_TAIL}{_TAIL}|f[1-3]{_TAIL}{_TAIL}{_TAIL}|f48.{_TAIL}{_TAIL}"
)
_CUT = (
    f"ed[ab].{_TAIL}|e0[ab].|e[1-9a-cef]{_TAIL}|ed[89].|f0[9ab].(?:{_TAIL})?|f[1-3]{_TAIL}(?:{_TAIL})?"
    f"|f48.(?:{_TAIL})?|.."
)


def _spaced(data: pl.Expr) -> pl.Expr:
    """Bytes as pairs of small hexadecimal digits, a space behind each."""
    return data.bin.encode("hex").str.replace_all("(..)", "${1} ")


def _unspaced(pairs: pl.Expr) -> pl.Expr:
    return pairs.str.replace_all(" ", "", literal=True).str.decode("hex", strict=False)


def text_of_bytes(data: pl.Expr) -> pl.Expr:
    """The text of bytes in UTF-8; each piece that is cut short or wrong becomes U+FFFD, as in Java."""
    digits = data.bin.encode("hex")
    valid = digits.str.contains(f"^(?:{_ONE})*$")
    # Polars raises for wrong bytes, even where asked not to, and where they are masked by NULL
    text = pl.when(valid).then(data).otherwise(pl.lit(b"")).cast(pl.String)
    pieces = pl.when(~valid).then(digits).str.extract_all(f"(?:{_ONE})+|{_CUT}")
    whole = pl.element().str.contains(f"^(?:{_ONE})+$")
    mended = pieces.list.eval(pl.when(whole).then(pl.element()).otherwise(pl.lit("efbfbd"))).list.join("")
    return pl.when(valid).then(text).otherwise(mended.str.decode("hex", strict=False).cast(pl.String))


# -- character sets ----------------------------------------------------------------------------------

_CHARSETS = {
    "UTF-8": "UTF-8",
    "UTF8": "UTF-8",
    "US-ASCII": "US-ASCII",
    "ASCII": "US-ASCII",
    "ISO-8859-1": "ISO-8859-1",
    "ISO8859_1": "ISO-8859-1",
    "LATIN1": "ISO-8859-1",
}
_HIGH = [(f"{i:02x} ", chr(i).encode().hex(" ") + " ") for i in range(128, 256)]


def _check_charset(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    charset = args[1]
    assert isinstance(charset, Literal)
    if charset.value is not None and str(charset.value).upper() not in _CHARSETS:
        raise ArgumentError(f"takes UTF-8, US-ASCII or ISO-8859-1 as its character set, got '{charset.value}'")


def _decode(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    data, charset = args[0].expr, args[1].constant
    if charset is None:
        return pl.when(data.is_null()).then(pl.lit(None, pl.String))
    if _CHARSETS[charset.upper()] == "UTF-8":
        return text_of_bytes(data)
    pairs = _spaced(data)
    if _CHARSETS[charset.upper()] == "US-ASCII":
        pairs = pairs.str.replace_all("[89a-f]. ", "ef bf bd ")
    else:
        pairs = pairs.str.replace_many([a for a, _ in _HIGH], [b for _, b in _HIGH])
    return _unspaced(pairs).cast(pl.String, strict=False)


def _encode(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    text, charset = args[0].expr, args[1].constant
    if charset is None:
        return pl.when(text.is_null()).then(pl.lit(None, pl.Binary))
    if _CHARSETS[charset.upper()] == "UTF-8":
        return text.cast(pl.Binary)
    if _CHARSETS[charset.upper()] == "US-ASCII":
        return text.str.replace_all(r"[^\x00-\x7f]", "?").cast(pl.Binary)
    pairs = _spaced(text.str.replace_all(r"[^\x00-\xff]", "?").cast(pl.Binary))
    return _unspaced(pairs.str.replace_many([b for _, b in _HIGH], [a for a, _ in _HIGH]))


# -- base64 ------------------------------------------------------------------------------------------

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$"


def _from_base64(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> Value:
    """Padding may be missing, and the bits beyond the last byte may be set: Java does not look."""
    source = args[0].expr if isinstance(args[0].type, (t.Char, t.Varchar)) else text_of_bytes(args[0].expr)
    plain = source.str.strip_chars_end("=")
    rest = plain.str.len_bytes() % 4
    last = plain.str.slice(-1, 1)
    rounded = {size: [_ALPHABET[i & mask] for i in range(64)] for size, mask in ((2, 0b110000), (3, 0b111100))}
    cut = plain.str.slice(0, (plain.str.len_bytes().cast(pl.Int64) - 1).clip(0))
    padded = (
        pl.when(rest == 2)
        .then(pl.concat_str(cut, _replaced(last, rounded[2]), pl.lit("==")))
        .when(rest == 3)
        .then(pl.concat_str(cut, _replaced(last, rounded[3]), pl.lit("=")))
        .otherwise(plain)
    )
    valid = source.str.contains(_BASE64)
    text = text_of_bytes(pl.when(valid).then(padded).str.decode("base64", strict=False))
    return Value(text, result, (Failure(~valid, "base64", "FROM_BASE64 takes a text in base64", source),))


def _replaced(letter: pl.Expr, by: list[str]) -> pl.Expr:
    return letter.replace_strict(list(_ALPHABET), by, default=None, return_dtype=pl.String)


def _to_base64(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Binary).bin.encode("base64")


# -- URLs --------------------------------------------------------------------------------------------

_PARTS = r"[^A-Za-z0-9.*_\-]"
_CODES = "(?:%[0-9A-Fa-f]{2})+"


def _found(texts: pl.Series, regex: str) -> list[str]:
    """What `regex` finds in any of the texts, each once: few, however many texts there are."""
    return texts.str.extract_all(regex).explode().drop_nulls().unique().to_list()


def _url_encode(frame: pl.DataFrame) -> pl.Series:
    texts = frame["0"]
    by = {part: quote_plus(part, safe="").replace("~", "%7E") for part in _found(texts, _PARTS)}
    return frame.select(pl.col("0").str.replace_many(list(by), list(by.values()))).to_series() if by else texts


def _url_decode(frame: pl.DataFrame) -> pl.Series:
    """NULL where a % has no two digits behind it."""
    right = pl.col("0").str.count_matches("%[0-9A-Fa-f]{2}") == pl.col("0").str.count_matches("%", literal=True)
    texts = frame.select(pl.when(right).then("0")).to_series()
    codes = sorted(_found(texts, _CODES), key=len, reverse=True)
    decoded = pl.Series([bytes.fromhex(c.replace("%", "")) for c in codes], dtype=pl.Binary).to_frame("0")
    by = dict(zip(codes, decoded.select(text_of_bytes(pl.col("0"))).to_series(), strict=True)) | {"+": " "}
    return pl.select(pl.lit(texts).str.replace_many(list(by), list(by.values()), leftmost=True)).to_series()


# -- IPv4 --------------------------------------------------------------------------------------------


def _inet_aton(text: pl.Expr) -> pl.Expr:
    """One to four numbers of at most 255 each; the last one fills what is left, the others come first."""
    valid = text.str.contains(r"^0*[0-9]{1,10}(?:\.0*[0-9]{1,10}){0,3}$")
    parts = pl.when(valid).then(text).str.split(".").list.eval(pl.element().cast(pl.Int64, strict=False))
    count = parts.list.len().cast(pl.Int64)
    number = pl.lit(0, pl.Int64)
    for i, shift in enumerate((24, 16, 8)):
        part = parts.list.get(i, null_on_oob=True)
        number = number + pl.when(count > i + 1).then(part * 2**shift).otherwise(0)
    fits = parts.list.max() <= 255
    return pl.when(fits).then(number + parts.list.get(-1, null_on_oob=True))


def _inet_ntoa(number: pl.Expr) -> pl.Expr:
    value = number.cast(pl.Int64)
    bytes_of = [(value // 2**shift % 256).cast(pl.String) for shift in (24, 16, 8, 0)]
    return pl.when((value >= 0) & (value < 2**32)).then(pl.concat_str(*bytes_of, separator="."))


_CHARSET = literal(CHARACTER)

FUNCTIONS = (
    define(
        "DECODE",
        "string",
        "DECODE(bytes, charset)",
        "Bytes as text. The character set is constant: UTF-8, US-ASCII or ISO-8859-1.",
        checked(takes(BINARY, _CHARSET, gives=always(t.STRING)), _check_charset),
        _decode,
        ("DECODE(x'616263', 'UTF-8')", "abc"),
        ("DECODE(x'e9', 'ISO-8859-1')", "é"),
        ("DECODE(x'61ff', 'UTF-8')", "a\ufffd"),
    ),
    define(
        "ENCODE",
        "string",
        "ENCODE(text, charset)",
        "A text as bytes. The character set is constant: UTF-8, US-ASCII or ISO-8859-1.",
        checked(takes(CHARACTER, _CHARSET, gives=always(t.BYTES)), _check_charset),
        _encode,
        ("ENCODE('é', 'UTF-8')", "0xc3a9"),
        ("ENCODE('é', 'ISO-8859-1')", "0xe9"),
        ("ENCODE('é', 'US-ASCII')", "0x3f"),
    ),
    define(
        "FROM_BASE64",
        "string",
        "FROM_BASE64(text)",
        "The text whose UTF-8 bytes are given in base64; anything else fails.",
        takes(either(CHARACTER, BINARY), gives=always(t.STRING)),
        _from_base64,
        ("FROM_BASE64('aGVsbG8gd29ybGQ=')", "hello world"),
        ("FROM_BASE64('aGVsbG8')", "hello"),
    ),
    define(
        "TO_BASE64",
        "string",
        "TO_BASE64(text)",
        "The bytes of a text, or a byte string, in base64.",
        takes(either(CHARACTER, BINARY), gives=always(t.STRING)),
        columnwise(_to_base64),
        ("TO_BASE64('hello world')", "aGVsbG8gd29ybGQ="),
        ("TO_BASE64(x'ff00')", "/wA="),
    ),
    define(
        "URL_ENCODE",
        "string",
        "URL_ENCODE(text)",
        "As forms are sent: letters, digits and .-*_ stay, a space is +, each other byte of UTF-8 is % and its number.",
        takes(CHARACTER, gives=nullable(t.STRING)),
        columnwise(lambda text: staged(_url_encode, pl.String(), text)),
        ("URL_ENCODE('a b&c=é/~*-_.')", "a+b%26c%3D%C3%A9%2F%7E*-_."),
    ),
    define(
        "URL_DECODE",
        "string",
        "URL_DECODE(text)",
        "What URL_ENCODE made; NULL where a % is not followed by two hexadecimal digits.",
        takes(CHARACTER, gives=nullable(t.STRING)),
        columnwise(lambda text: staged(_url_decode, pl.String(), text)),
        ("URL_DECODE('a+b%26c%3D%C3%A9')", "a b&c=é"),
        ("URL_DECODE('100%')", None),
    ),
    define(
        "INET_ATON",
        "string",
        "INET_ATON(address)",
        "The number of an IPv4 address; NULL if it is none.",
        takes(CHARACTER, gives=nullable(t.BIGINT)),
        columnwise(_inet_aton),
        ("INET_ATON('192.168.1.1')", 3232235777),
        ("INET_ATON('1.2')", 16777218),
        ("INET_ATON('256.1.1.1')", None),
    ),
    define(
        "INET_NTOA",
        "string",
        "INET_NTOA(number)",
        "The IPv4 address of a number; NULL if there is none.",
        takes(LONG, gives=nullable(t.STRING)),
        columnwise(_inet_ntoa),
        ("INET_NTOA(3232235777)", "192.168.1.1"),
        ("INET_NTOA(-1)", None),
    ),
)
