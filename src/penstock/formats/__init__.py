"""Bytes to columns and back: json, csv, raw, avro; and parquet files. What cannot be read is told, row by row."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, did_you_mean
from penstock.formats.avro import Avro, AvroConfluent
from penstock.formats.csv import Csv
from penstock.formats.format import TOUCHED, Decoded, Decoder, Encoder, Format
from penstock.formats.json import Json
from penstock.formats.parquet import Parquet
from penstock.formats.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "TOUCHED", "Decoded", "Decoder", "Encoder", "Format", "format_named"]

FORMATS: Mapping[str, Format] = MappingProxyType(
    {f.name: f for f in (Avro(), AvroConfluent(), Csv(), Json(), Parquet(), Raw())}
)
"""The formats by name."""


def format_named(name: str) -> Format:
    """The format `name`. Raises ConfigError with the closest that there is."""
    found = FORMATS.get(name)
    if found is None:
        raise ConfigError(
            f"there is no format '{name}'",
            code="format-unknown",
            hint=did_you_mean(name, FORMATS) or "there are " + ", ".join(sorted(FORMATS)),
        )
    return found
