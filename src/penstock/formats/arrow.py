"""NumPy columns as a Polars frame, through one Arrow IPC message.

Polars has no door for NumPy arrays of strings, decimals or null masks; reading one message made of the
arrays' own bytes costs 20 µs and a copy, where an expression per column costs a hundred.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Column", "frame_of"]

_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class Column(NamedTuple):
    """Values as Polars stores them, shape (n,), or (n, 2) for views and decimals; `valid` None: no nulls.

    `dtype` Binary and String take views of at most 12 bytes: two words a row, the length in the lowest 32 bits,
    the bytes in the rest, zeros behind them.
    """

    dtype: pl.DataType
    values: NDArray[Any]
    valid: NDArray[np.bool_] | None = None


def frame_of(columns: Mapping[str, Column], height: int) -> pl.DataFrame:
    """The frame of `columns`, each of `height` rows; String columns are checked to be UTF-8.

    Raises polars.exceptions.ComputeError where a String is not UTF-8.
    """
    if not columns:
        return pl.DataFrame(height=height)
    wire = tuple((name, pl.Binary() if isinstance(c.dtype, pl.String) else c.dtype) for name, c in columns.items())
    body: list[bytes] = []
    nodes: list[int] = []
    buffers: list[int] = []
    at = 0

    def put(data: bytes) -> None:
        nonlocal at
        padding = -len(data) % 8
        body.append(data + bytes(padding) if padding else data)
        buffers.extend((at, len(data)))
        at += len(data) + padding

    for column in columns.values():
        nulls = 0 if column.valid is None else height - int(np.count_nonzero(column.valid))
        nodes.extend((height, nulls))
        put(np.packbits(column.valid, bitorder="little").tobytes() if column.valid is not None and nulls else b"")
        bits = isinstance(column.dtype, pl.Boolean)
        put(np.packbits(column.values, bitorder="little").tobytes() if bits else column.values.tobytes())
    views = sum(isinstance(dtype, pl.Binary) for _, dtype in wire)
    head = _record_batch(height, nodes, buffers, views, at)
    frame = pl.read_ipc_stream(b"".join((_schema_message(wire), head, *body, _END_OF_STREAM)))
    for i, column in enumerate(columns.values()):
        if isinstance(column.dtype, pl.String):  # a cast checks UTF-8 twice as fast as the reader
            frame.replace_column(i, frame.to_series(i).cast(pl.String))
    return frame


@lru_cache(maxsize=256)
def _schema_message(columns: tuple[tuple[str, pl.DataType], ...]) -> bytes:
    """The stream's first message, as Polars writes it for an empty frame."""
    out = io.BytesIO()
    pl.DataFrame(schema=dict(columns)).write_ipc_stream(out)
    data = out.getvalue()
    length = struct.unpack_from("<i", data, 4)[0]
    return data[: 8 + length]


def _record_batch(height: int, nodes: list[int], buffers: list[int], views: int, body: int) -> bytes:
    """The head of a RecordBatch message: Arrow's Message.fbs, laid out by hand.

    Tables and their vtables stand at fixed places, the three vectors behind them.
    """
    nodes_at = 76
    buffers_at = nodes_at + 4 + 8 * len(nodes) + 4
    views_at = buffers_at + 4 + 8 * len(buffers) + 4
    flat = struct.pack(
        "<I 6H iIqhBx 7H2x iIIqI",
        *(16, 12, 20, 16, 18, 4, 8),  # root; Message's vtable: version, header type, header, body length
        *(12, 32, body, 4, 3),  # Message: its vtable 12 bytes before; V5, RecordBatch
        *(14, 24, 12, 4, 8, 0, 20),  # RecordBatch's vtable: length, nodes, buffers, compression, view buffers
        *(16, nodes_at - 56, buffers_at - 60, height, views_at - 72),
    )
    flat += struct.pack(f"<I{len(nodes)}q", len(nodes) // 2, *nodes)
    flat += struct.pack(f"<4xI{len(buffers)}q", len(buffers) // 2, *buffers)
    flat += struct.pack(f"<4xI{views}q", views, *([0] * views))
    flat += bytes(-len(flat) % 8)
    return struct.pack("<iI", -1, len(flat)) + flat
