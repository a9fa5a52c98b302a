"""Mending rows before they are replayed: by hand in an editor, or a field of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.terminal import printable
from penstock.cli.values import json_of, pairs_of
from penstock.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

__all__ = ["edited", "setting"]


def setting(changes: Sequence[str]) -> Callable[[bytes], bytes]:
    """Sets fields of a JSON object, given as FIELD=VALUE; VALUE is JSON, or else a text.

    What it gives raises DataError for a row that is no JSON object.
    """
    import orjson

    from penstock.core.json_object import object_in

    values = {field: json_of(text) for field, text in pairs_of("--set", "FIELD=VALUE", changes).items()}

    def mended(raw: bytes) -> bytes:
        found = object_in(raw)
        if found is None:
            raise DataError(
                "--set needs rows that are JSON objects",
                code="replay-set",
                where=printable(raw[:200].decode("utf-8", "replace")),
                hint="--edit opens them as they are",
            )
        return orjson.dumps({**found, **values})

    return mended


def edited(pages: Iterable[pl.DataFrame], ids: Sequence[int]) -> Callable[[bytes], bytes]:
    """Opens each of the rows `ids` in $EDITOR, and gives for each the bytes that were saved."""
    saved: dict[bytes, bytes] = {}
    chosen = [row for page in pages for row in page.select("id", "raw").iter_rows() if row[0] in ids]
    for number, raw in sorted(chosen):
        if raw is None or raw in saved:
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(
                f"row {number} is no text, so it cannot be edited", code="replay-edit", hint="replay it as it is"
            ) from None
        made = click.edit(text, extension=".json" if text.startswith("{") else ".txt", require_save=False)
        if made is None:
            raise click.Abort
        ends = text.endswith("\n")  # an editor puts one there unasked
        saved[raw] = (made if ends else made.removesuffix("\n")).encode()
    return lambda raw: saved.get(raw, raw)
