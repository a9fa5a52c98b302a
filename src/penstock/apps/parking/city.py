"""A city that publishes how many parking spaces are free, in the format of Stavanger's, with its faults.

What is published in a minute follows from the minute and the seed alone: whoever asks twice sees the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from penstock.apps.chance import fixed, pick
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FACILITIES", "FAULTS", "MINUTE_MS", "ZONE", "City", "Facility", "Faults"]

MINUTE_MS = 60_000
ZONE = "Europe/Oslo"


class Facility(NamedTuple):
    """A place to park; `peak` is the share of its spaces that are taken at noon of a working day."""

    name: str
    spaces: int
    latitude: str
    longitude: str
    peak: float


FACILITIES = (
    Facility("Forum", 540, "58.9636", "5.7236", 0.62),
    Facility("Jernbanen", 464, "58.9658", "5.7321", 0.93),
    Facility("Jorenholmen", 576, "58.9714", "5.7409", 0.88),
    Facility("Kyrre", 247, "58.9692", "5.7287", 0.97),
    Facility("Parketten", 217, "58.9667", "5.7291", 0.99),
    Facility("Posten", 165, "58.9685", "5.7301", 0.98),
    Facility("Siddis", 295, "58.9647", "5.7268", 0.80),
    Facility("St.Olav", 398, "58.9675", "5.7258", 0.85),
    Facility("Valberget", 205, "58.9718", "5.7350", 1.00),
)
"""With about as many spaces as those of Stavanger."""

FAULTS = ("none", "repeat", "late", "open", "garbage")
"""What can be wrong with a record: that of the minute before again, one that was held back for 2 to 9 minutes (in whose
own minute there is a repeat), `Open` in the place of a count, or no count at all."""

_NONE, _REPEAT, _LATE, _OPEN, _GARBAGE = range(len(FAULTS))
_GARBLED = ("", "-", "-3", "12.5", "n/a", "Ledig", "9999999")
_REPEATS = 5
_DELAYS = (2, 10)
_KNOT_MINUTES = 10
_OUTAGE_MINUTES = 5
_SALTS = 8
_WOBBLE, _JUMP, _FAULT, _OLD, _WHAT, _OUT = range(6)


@dataclass(frozen=True, slots=True)
class Faults:
    """The probabilities of a record's faults, one at most; `jump` that a facility empties or fills within an hour;
    `outage` that five minutes have no answer.
    """

    repeat: float = 0.0
    late: float = 0.0
    open: float = 0.0
    garbage: float = 0.0
    jump: float = 0.0
    outage: float = 0.0

    @property
    def weights(self) -> tuple[float, ...]:
        """In the order of FAULTS."""
        wrong = (self.repeat, self.late, self.open, self.garbage)
        return (1 - sum(wrong), *wrong)


class City:
    """What is published, by minute since 1970. Raises ConfigError for probabilities that cannot be."""

    def __init__(self, seed: int = 0, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self._salt = seed * _SALTS
        for name in ("repeat", "late", "open", "garbage", "jump", "outage"):
            if not 0 <= (value := getattr(self._faults, name)) <= 1:
                raise ConfigError(
                    f"{name} is {value:g}, allowed is a probability from 0 to 1",
                    code="simulate-fault",
                    hint=f"1 % is {name}=0.01",
                )
        if self._faults.weights[0] < 0:
            raise ConfigError(
                f"the faults of a record add up to {1 - self._faults.weights[0]:g}, allowed is 1 at most",
                code="simulate-fault",
                hint="a record has one fault at most",
            )

    def free(self, facility: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many spaces are free, shape (n,)."""
        local = pl.from_epoch(pl.Series(minute * 60), "s").dt.replace_time_zone("UTC").dt.convert_time_zone(ZONE)
        hour = local.dt.hour().to_numpy() + local.dt.minute().to_numpy() / 60
        weekend = np.where(local.dt.weekday().to_numpy() > 5, 0.6, 1.0)
        spaces, peak = (np.array([f[place] for f in FACILITIES], np.float64)[facility] for place in (1, 4))
        taken = 0.1 + (peak - 0.1) * weekend * np.exp(-(((hour - 12.5) / 4.2) ** 2))
        knot, along = minute // _KNOT_MINUTES, minute % _KNOT_MINUTES / _KNOT_MINUTES
        before, after = (self._draw(facility, knot + step, _WOBBLE) for step in (0, 1))
        taken += 0.06 * (before * (1 - along) + after * along - 0.5)
        jumps = (self._draw(facility, minute // 60, _JUMP) < self._faults.jump) & (minute % 60 >= 30)
        taken = np.where(jumps, 1 - taken, taken)
        return np.clip(np.round(spaces * (1 - taken)), 0, spaces).astype(np.int64)

    def published(self, minute: NDArray[np.int64]) -> pl.DataFrame:
        """The records of the answers of these minutes, shape (n,): `minute` of the answer, `facility`, `reading` (the
        minute that the record tells of), `fault` (an Enum of FAULTS), and the record's `value` as JSON (String).
        """
        asked = np.repeat(minute, len(FACILITIES))
        facility = np.tile(np.arange(len(FACILITIES)), len(minute))
        told = asked
        again = np.isin(self._fault(facility, asked), (_REPEAT, _LATE))
        for _ in range(_REPEATS):
            told = told - again
            again &= np.isin(self._fault(facility, told), (_REPEAT, _LATE))
        source, reading = self._fault(facility, told), told
        for delay in range(*_DELAYS):
            held = self._fault(facility, told - delay) == _LATE
            held &= self._delay(facility, told - delay) == delay
            reading = np.where(held, told - delay, reading)
            source = np.where(held, _LATE, source)
        fault = np.where(told < asked, _REPEAT, source)
        count = pl.Series(self.free(facility, reading)).cast(pl.String).to_numpy()
        garbled = np.array(_GARBLED)[(self._draw(facility, told, _WHAT) * len(_GARBLED)).astype(np.int64)]
        text = np.where(source == _OPEN, "Open", np.where(source == _GARBAGE, garbled, count))
        return pl.DataFrame(
            {
                "minute": asked,
                "facility": pl.Series([f.name for f in FACILITIES]).gather(facility),
                "reading": reading,
                "fault": pl.Series(FAULTS, dtype=pl.Enum(FAULTS)).gather(fault),
                "value": _records(facility, reading, pl.Series(text.astype(str))),
            }
        )

    def out(self, minute: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether there is no answer, shape (n,)."""
        return self._draw(np.zeros_like(minute), minute // _OUTAGE_MINUTES, _OUT) < self._faults.outage

    def answer(self, minute: int) -> bytes | None:
        """The body of an answer, a JSON array; None where there is none."""
        at = np.array([minute])
        if self.out(at)[0]:
            return None
        return ("[" + ",".join(self.published(at)["value"].to_list()) + "]").encode()

    def _fault(self, facility: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.intp]:
        return pick(np.maximum(self._faults.weights, 0), self._draw(facility, minute, _FAULT))

    def _delay(self, facility: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.int64]:
        """For how many minutes a reading is held back, if it is."""
        least, most = _DELAYS
        return least + (self._draw(facility, minute, _OLD) * (most - least)).astype(np.int64)

    def _draw(self, facility: NDArray[np.int64], number: NDArray[np.int64], what: int) -> NDArray[np.float64]:
        return fixed(number * len(FACILITIES) + facility, self._salt + what)


def _records(facility: NDArray[np.int64], reading: NDArray[np.int64], text: pl.Series) -> pl.Series:
    heads = [f'","Sted":{json.dumps(f.name)},"Latitude":"{f.latitude}","Longitude":"{f.longitude}"' for f in FACILITIES]
    local = pl.from_epoch(pl.Series("t", reading * 60), "s").dt.replace_time_zone("UTC").dt.convert_time_zone(ZONE)
    parts = pl.DataFrame(
        {"date": local.dt.strftime("%d.%m.%Y"), "time": local.dt.strftime("%H:%M"), "text": text}
    ).with_columns(pl.Series("head", heads).gather(facility))
    return parts.select(
        pl.concat_str(
            pl.lit('{"Dato":"'),
            "date",
            pl.lit('","Klokkeslett":"'),
            "time",
            "head",
            pl.lit(',"Antall_ledige_plasser":"'),
            "text",
            pl.lit('"}'),
        )
    ).to_series()
