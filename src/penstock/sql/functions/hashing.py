"""Digests of texts and byte strings, in small hexadecimal letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Literal
from penstock.sql.functions.building import checked, columnwise, define
from penstock.sql.functions.signatures import BINARY, CHARACTER, INTEGER, ArgumentError, always, either, literal, takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Function, Value

__all__ = ["FUNCTIONS"]

_HASHABLE = either(CHARACTER, BINARY)
_SHA2 = {224: "sha2_224", 256: "sha2_256", 384: "sha2_384", 512: "sha2_512"}


def _digest(algorithm: str, value: pl.Expr) -> pl.Expr:
    """By the plugin polars-hash, which works on columns of both kinds."""
    import polars_hash  # loads a library of its own: only where a digest is asked for

    if algorithm in ("md5", "sha1"):
        digest: pl.Expr = getattr(polars_hash.NonCryptographicHashingNameSpace(value), algorithm)()
    else:
        digest = getattr(polars_hash.CryptographicHashingNameSpace(value), algorithm)()
    return digest


def _function(name: str, algorithm: str, bits: int, example: str) -> Function:
    return define(
        name,
        "hash",
        f"{name}(text)",
        f"The {bits} bits of the digest {name}, of a text or a byte string.",
        takes(_HASHABLE, gives=always(t.Char(bits // 4))),
        columnwise(lambda value: _digest(algorithm, value)),
        (f"{name}('abc')", example),
        (f"{name}(CAST(NULL AS STRING))", None),
    )


def _check_bits(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    bits = args[1]
    assert isinstance(bits, Literal)
    if bits.value is not None and bits.value not in _SHA2:
        raise ArgumentError(f"takes 224, 256, 384 or 512 bits, got {bits.value}")


def _sha2(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    value, bits = args
    if bits.constant is None:
        return pl.when(value.expr.is_null()).then(pl.lit(None, pl.String))
    return _digest(_SHA2[bits.constant], value.expr)


FUNCTIONS = (
    _function("MD5", "md5", 128, "900150983cd24fb0d6963f7d28e17f72"),
    _function("SHA1", "sha1", 160, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    _function("SHA224", "sha2_224", 224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
    _function("SHA256", "sha2_256", 256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    _function(
        "SHA384",
        "sha2_384",
        384,
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    ),
    _function(
        "SHA512",
        "sha2_512",
        512,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    define(
        "SHA2",
        "hash",
        "SHA2(text, bits)",
        "The digest SHA-2 of 224, 256, 384 or 512 bits; how many is constant.",
        checked(takes(_HASHABLE, literal(INTEGER), gives=always(t.Varchar(128))), _check_bits),
        _sha2,
        ("SHA2('abc', 224)", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("SHA2('abc', CAST(NULL AS INT))", None),
    ),
)
