"""Simulated events of the shipped apps, in the order in which a producer would send them.

Simulated time is cut into slots, `rate` a second, each of which is one record. A scenario says what happens at a slot;
then records are delayed as networks do, and some are made late, sent twice or spoilt. All of it is done for `BLOCK`
slots at a time, whatever batches are asked for, so the same arguments give the same bytes (with the same releases of
NumPy and Polars).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.apps.collab.simulator import Meetings
from penstock.apps.faults import DUPLICATE, FAULTS, LATE, NONE, draw_faults, texts
from penstock.apps.scenario import hexadecimal
from penstock.apps.web.simulator import Visits
from penstock.core.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from penstock.apps.scenario import Scenario

__all__ = ["LATE_MS", "ORDERLY_MS", "START_MS", "TOPICS", "Simulated", "events"]

BLOCK = 65_536

START_MS = 1_735_689_600_000
"""When simulated time starts unless told otherwise: 2025-01-01 00:00 UTC."""

ORDERLY_MS = 4_000
"""No record is sent longer after it happened, unless it is late: a watermark delay of 5 s loses none of them."""

LATE_MS = (90_000, 300_000)
"""How long after it happened a late record is sent, at least and at most."""

_NETWORK_MS = 120.0
_NETWORK_AT_MOST_MS = 2_000.0
_AGAIN_MS = (50.0, 2_000.0)

_APPS: dict[str, tuple[Callable[[float, int, float], Scenario], float]] = {
    "collab": (Meetings, 100.0),
    "web": (lambda rate, seed, _: Visits(rate, seed), 200.0),
}

TOPICS = {"collab": Meetings.topics, "web": Visits.topics}
"""The topics that each app's events go to."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A batch of records as they are sent.

    `topics` has a frame for each topic with records: `key` Binary, `value` Binary (JSON), `timestamp` Int64 (ms since
    1970, when the record was sent, never decreasing). For the same rows `faults` has what is wrong with them, an Enum
    of `FAULTS`, and `anomalous` (Boolean) which tell of something out of the ordinary. `first_ms` and `last_ms` are the
    least and greatest time at which something in the batch happened.
    """

    topics: dict[str, pl.DataFrame]
    faults: dict[str, pl.Series]
    anomalous: dict[str, pl.Series]
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class _Run:
    scenario: Scenario
    rate: float
    events: int | None
    seed: int
    start_ms: int
    late: float
    duplicate: float
    malformed: float

    def time(self, slot: NDArray[np.int64] | int) -> NDArray[np.int64]:
        return self.start_ms + (np.asarray(slot) * (1000 / self.rate)).astype(np.int64)

    @property
    def end_ms(self) -> float:
        return float("inf") if self.events is None else float(self.time(self.events))


def events(
    app: str = "collab",
    *,
    rate: float | None = None,
    events: int | None = None,
    seed: int = 0,
    start_ms: int = START_MS,
    late: float = 0.0,
    duplicate: float = 0.0,
    malformed: float = 0.0,
    anomaly: float = 0.0,
    batch: int = 20_000,
) -> Iterator[Simulated]:
    """The records of `app` in batches of `batch` (the last may be smaller), `events` of them, or without end.

    `rate` is records a second of simulated time (100 for collab, 200 for web), which starts at `start_ms`. `late`,
    `duplicate` and `malformed` are the probabilities of a record's faults; a record has one at most, and is late only
    where it can still be sent before the end. `anomaly` (collab) is the probability that a meeting has a spell of bad
    latency.

    Raises ConfigError for an unknown app and for numbers that cannot be.
    """
    if app not in _APPS:
        raise ConfigError(
            f"no app '{app}' is simulated",
            code="simulate-app",
            hint=did_you_mean(app, _APPS) or "simulated are " + ", ".join(_APPS),
        )
    make, usual = _APPS[app]
    rate = usual if rate is None else rate
    _check_numbers(rate, events, seed, batch)
    _check_faults(late, duplicate, malformed)
    _check_anomaly(app, anomaly)
    if late and events is not None and events / rate * 1000 <= LATE_MS[0]:
        raise ConfigError(
            f"late records are sent {LATE_MS[0] // 1000} s or more after they happened, "
            f"but {events} events at {rate:g} a second last {events / rate:g} s",
            code="simulate-late",
            hint="ask for more events, a lower rate, or none that are late",
        )
    run = _Run(make(rate, seed, anomaly), rate, events, seed, start_ms, late, duplicate, malformed)
    return _batches(run.scenario.topics, _sent(run), batch)


def _check_numbers(rate: float, events: int | None, seed: int, batch: int) -> None:
    for name, value, low in (("events", events, 0), ("seed", seed, 0), ("batch", batch, 1)):
        if value is not None and value < low:
            raise ConfigError(f"{name} is {value}, allowed is a whole number of at least {low}", code="simulate-number")
    if not 0.001 <= rate <= 1_000_000:
        raise ConfigError(f"rate is {rate:g}, allowed is 0.001 to 1000000 events a second", code="simulate-number")


def _check_faults(late: float, duplicate: float, malformed: float) -> None:
    for name, value in (("late", late), ("duplicate", duplicate), ("malformed", malformed)):
        if not 0 <= value <= 1:
            raise ConfigError(
                f"{name} is {value:g}, allowed is a probability from 0 to 1",
                code="simulate-fault",
                hint=f"1 % is {name}=0.01",
            )
    if late + duplicate + malformed > 1:
        raise ConfigError(
            f"late, duplicate and malformed add up to {late + duplicate + malformed:g}, allowed is 1 at most",
            code="simulate-fault",
            hint="a record has one fault at most",
        )


def _check_anomaly(app: str, anomaly: float) -> None:
    if not 0 <= anomaly <= 1:
        raise ConfigError(
            f"anomaly is {anomaly:g}, allowed is a probability from 0 to 1", code="simulate-anomaly", hint="try 0.2"
        )
    if anomaly and app != "collab":
        raise ConfigError(f"{app} has no anomalies to simulate", code="simulate-anomaly", hint="collab has")


def _sent(run: _Run) -> Iterator[pl.DataFrame]:
    """All records in the order in which they are sent, with the columns of `_block`."""
    waiting = None
    for number in count():
        first = number * BLOCK
        end = first + BLOCK if run.events is None else min(first + BLOCK, run.events)
        if first >= end:
            break
        rows = _block(run, np.arange(first, end), np.random.default_rng([run.seed, 3, number]))
        rows = rows if waiting is None else pl.concat([waiting, rows])
        sent = rows["timestamp"].to_numpy()
        order = np.argsort(sent, kind="stable")
        # nothing that happens later is sent before the next block begins
        ready = len(order) if end == run.events else int(np.searchsorted(sent[order], run.time(end)))
        yield rows[order[:ready]]
        waiting = rows[np.sort(order[ready:])]


def _block(run: _Run, slots: NDArray[np.int64], rng: Generator) -> pl.DataFrame:
    """The records of `slots`, in their order: `$topic`, key, value, timestamp, `$time`, `$fault`, `$anomalous`."""
    times = run.time(slots)
    fault = draw_faults(len(slots), run.late, run.duplicate, run.malformed, rng)
    delay = LATE_MS[0] + rng.random(len(slots)) * (LATE_MS[1] - LATE_MS[0])
    fault[(fault == LATE) & (times + delay > run.end_ms)] = NONE
    # a duplicate repeats the record of the last good slot before it
    source = np.maximum.accumulate(np.where(fault == NONE, np.arange(len(slots)), -1))
    fault[(fault == DUPLICATE) & (source < 0)] = NONE
    again = fault == DUPLICATE
    source = np.where(again, source, np.arange(len(slots)))

    fresh = np.flatnonzero(~again)
    scene = run.scenario.happen(slots[fresh], times[fresh], rng)
    told = pl.DataFrame(
        {
            "$id": hexadecimal(rng.integers(0, 2**64, (len(fresh), 2), np.uint64)),
            "$time": times[fresh],
            "$fault": fault[fresh],
            **scene.fields,
        }
    )
    value = texts(told, run.scenario, rng).cast(pl.Binary)

    network = np.minimum(-_NETWORK_MS * np.log1p(-rng.random(len(slots))), _NETWORK_AT_MOST_MS)
    sent = times + np.where(fault == LATE, delay, network)
    sent = np.where(again, sent[source] + _AGAIN_MS[0] + rng.random(len(slots)) * (_AGAIN_MS[1] - _AGAIN_MS[0]), sent)
    row = np.searchsorted(fresh, source)
    return pl.DataFrame(
        {
            "$topic": scene.topic[row],
            "key": scene.key.cast(pl.Binary).gather(row),
            "value": value.gather(row),
            "timestamp": sent.astype(np.int64),
            "$time": times[source],
            "$fault": fault,
            "$anomalous": scene.anomalous[row],
        }
    )


def _batches(topics: tuple[str, ...], blocks: Iterator[pl.DataFrame], size: int) -> Iterator[Simulated]:
    rest: pl.DataFrame | None = None
    for block in blocks:
        rows = block if rest is None else pl.concat([rest, block])
        whole = rows.height - rows.height % size
        for at in range(0, whole, size):
            yield _batch(topics, rows.slice(at, size))
        rest = rows.slice(whole)
    if rest is not None and rest.height:
        yield _batch(topics, rest)


_FAULTS = pl.Series("fault", FAULTS, pl.Enum(FAULTS))


def _batch(topics: tuple[str, ...], rows: pl.DataFrame) -> Simulated:
    frames, faults, anomalous = {}, {}, {}
    for number, topic in enumerate(topics):
        part = rows if len(topics) == 1 else rows.filter(pl.col("$topic") == number)
        if part.height:
            frames[topic] = part.select("key", "value", "timestamp")
            faults[topic] = _FAULTS.gather(part["$fault"])
            anomalous[topic] = part["$anomalous"].rename("anomalous")
    time = rows["$time"].to_numpy()
    return Simulated(frames, faults, anomalous, int(time.min()), int(time.max()))
