"""Formats alone: rows per second of processor time that are decoded and encoded, with others beside them.

Every figure is the median of rounds in which all competitors take turns, so that a busy machine slows them alike.
"""

from __future__ import annotations

import io
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import polars as pl

from bench.events import columns, lines
from bench.table import Target, median
from penstock.core import types as t
from penstock.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.__main__ import Bench

__all__ = ["measure"]

SIZES = (500, 5_000, 20_000, 100_000)
FIELDS = tuple(
    t.Field(name, kind)
    for name, kind in (
        ("event_id", t.STRING),
        ("meeting_id", t.STRING),
        ("user_id", t.STRING),
        ("event_type", t.STRING),
        ("message_length", t.DOUBLE),
        ("timestamp", t.BIGINT),
    )
)
WANTED = ("meeting_id", "user_id", "message_length", "timestamp")
DECLARED = tuple(f for f in FIELDS if f.name in WANTED)
SOURCE = t.Row((t.Field("host", t.STRING), t.Field("port", t.INT)))
NESTED = (*DECLARED, t.Field("tags", t.Array(t.STRING)), t.Field("source", SOURCE))
MAPPED = (*DECLARED, t.Field("labels", t.Map(t.STRING, t.STRING)))
NDJSON = pl.Schema({f.name: f.type.polars for f in DECLARED})
_TARGET = Target(2e6, 3e6)
_WORTH = 100_000
"""Rows of a round, in as many batches as they make."""


def measure(bench: Bench) -> None:
    rounds = 5 if bench.quick else 21
    frame = next(columns(max(SIZES)))
    for size in SIZES:
        bench.report.title(f"Formats, {size:,} rows a batch, per second of processor time")
        part = frame.head(size)
        done = in_turn(works(part), max(1, _WORTH // size // 4), rounds)
        for what, seconds in done.items():
            target = _TARGET if what == PLAIN and size >= 5_000 else None
            bench.report.figure(what, [size / s for s in seconds], "rows/s", target)
        bench.report.note(
            f"a batch of json takes {1e3 * median(done[PLAIN]):.3f} ms;"
            f" with 1 % of bad rows {median(done[BAD]) / median(done[PLAIN]):.2f} times as long;"
            f" Polars' read_ndjson {median(done[NAIVE]) / median(done[PLAIN]):.2f} times"
        )


PLAIN = "json, decode lines: 4 columns of 6"
BAD = "json, decode lines: the same, 1 % of rows broken"
NAIVE = "polars read_ndjson: the same"


def works(part: pl.DataFrame) -> dict[str, Callable[[], object]]:
    """What is measured over the rows of `part`."""
    texts = lines(part)
    block = ("\n".join(texts) + "\n").encode()
    broken = texts.clone().scatter(
        range(50, len(texts), 100), list(islice(cycle(_BROKEN), len(range(50, len(texts), 100))))
    )
    spaced = texts.str.replace_all('":', '": ', literal=True).str.replace_all(',"', ', "', literal=True)
    shuffled = pl.select(pl.when(pl.Series(range(len(texts))) % 3 == 0).then(spaced).otherwise(texts)).to_series()
    head = texts.str.strip_suffix("}")
    nested = head + ',"tags":["a","' + part["user_id"] + '"],"source":{"host":"' + part["meeting_id"] + '","port":80}}'
    mapped = head + ',"labels":{"a":"' + part["user_id"] + '","b":null}}'
    json, csv, avro, raw = (FORMATS[n] for n in ("json", "csv", "avro", "raw"))
    names = tuple(f.name for f in FIELDS)
    csv_data, avro_data = (f.encoder(FIELDS, {}).encode(part) for f in (csv, avro))
    csv_block = b"\n".join(csv_data.to_list()) + b"\n"
    message = (t.Field("line", t.STRING),)
    return {
        PLAIN: _lines(json, DECLARED, block),
        BAD: _lines(json, DECLARED, ("\n".join(broken) + "\n").encode()),
        NAIVE: lambda: pl.read_ndjson(io.BytesIO(block), schema=NDJSON),
        "json, decode messages": _messages(json, DECLARED, WANTED, texts.cast(pl.Binary)),
        "json, decode lines: two layouts, mixed": _lines(json, DECLARED, ("\n".join(shuffled) + "\n").encode()),
        "json, decode lines: an ARRAY and a ROW beside": _lines(json, NESTED, ("\n".join(nested) + "\n").encode()),
        "json, decode lines: a MAP beside": _lines(json, MAPPED, ("\n".join(mapped) + "\n").encode()),
        "json, encode": _encode(json, part),
        "csv, decode lines: 6 columns": _lines(csv, FIELDS, csv_block),
        "polars read_csv: the same": lambda: pl.read_csv(io.BytesIO(csv_block), has_header=False, new_columns=names),
        "csv, encode": _encode(csv, part),
        "avro, decode messages": _messages(avro, FIELDS, names, avro_data),
        "avro, encode": _encode(avro, part),
        "raw, decode messages": _messages(raw, message, ("line",), texts.cast(pl.Binary)),
    }


_BROKEN = ('{"meeting_id":"x","user_id":1,"timestamp":"x"}', '{"meeting_id":"m', "no JSON", '{"timestamp":tru}')


def _lines(of: Any, fields: tuple[t.Field, ...], block: bytes) -> Callable[[], object]:
    decoder = of.decoder(fields, tuple(f.name for f in fields), {})
    return lambda: decoder.decode_lines(block)


def _messages(of: Any, fields: tuple[t.Field, ...], wanted: tuple[str, ...], values: pl.Series) -> Callable[[], object]:
    decoder = of.decoder(fields, wanted, {})
    return lambda: decoder.decode(values)


def _encode(of: Any, frame: pl.DataFrame) -> Callable[[], object]:
    encoder = of.encoder(FIELDS, {})
    return lambda: encoder.encode(frame)


def in_turn(competitors: Mapping[str, Callable[[], object]], times: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds of one call of each, in each round, after a call that does not count."""
    for work in competitors.values():
        work()
    found: dict[str, list[float]] = {what: [] for what in competitors}
    for _ in range(rounds):
        for what, work in competitors.items():
            begin = time.process_time()
            for _ in range(times):
                work()
            found[what].append((time.process_time() - begin) / times)
    return found
