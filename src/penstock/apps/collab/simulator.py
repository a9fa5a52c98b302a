"""Meetings that start, live and end: joins and leaves, chat, video, screen shares and network samples.

A room holds one meeting after another. A meeting takes `length` = 20 m + 1 of its room's slots, m ticks of 20: the
person in place u of ten joins or leaves for the first time only at slots u of a tick, and for the second time only at
slots 10 + u, so that a slot's number alone says whom to look up. Place 0 is the host's, who joins first, leaves last
and acts for whoever is drawn but absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.apps.chance import fixed, pick, scattered
from penstock.apps.scenario import Scene, hexadecimal, member, members
from penstock.apps.seats import Lives, Seats, ranks

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["USERS", "Meetings"]

USERS = 1_000
"""How many people there are."""

_PLACES = 10
_TICK = 2 * _PLACES
_ROOMS_PER_RATE = 0.12  # a dozen meetings at 100 events a second
_MEETING_S = 240.0
_MEETING_SPREAD = 0.6

_TYPES = (
    ("join", 0), ("leave", 0),
    ("message", 1), ("reaction", 1), ("emoji", 1),
    ("video_start", 2), ("video_stop", 2), ("screen_share", 2), ("network_lag", 2),
)  # fmt: skip
_JOIN, _LEAVE, _MESSAGE, _REACTION, _EMOJI, _VIDEO_START, _VIDEO_STOP, _SCREEN_SHARE, _NETWORK_LAG = range(len(_TYPES))
_CHAT = ((_MESSAGE, _REACTION, _EMOJI), (0.75, 0.15, 0.10))
_MEETING = ((_VIDEO_START, _SCREEN_SHARE, _NETWORK_LAG), (0.05, 0.05, 0.90))

_MOODS = (0.60, 0.25, 0.15)  # good, fair, poor networks
_MOOD_LATENCY_MS = np.array([55.0, 130.0, 270.0])
_MOOD_LOSS = np.array([0.15, 1.2, 5.0])
_MOOD_LASTS_MS = 60_000
_SPELL_S = (60.0, 30.0)
_SPELL_FACTOR = 12.0
_LONGEST_MESSAGE = 2_000
_MOST_LATENCY_MS = 3_000
_MOST_LOSS = 40


class Meetings:
    """The scenario of `collab`.

    `anomaly` is the probability that a meeting's latency is twelve times what it would be for half a minute, some time
    after its first minute.
    """

    topics = ("user_events", "chat_events", "meeting_events")
    id_field = "event_id"
    type_field = "event_type"
    required = ("meeting_id", "event_type")
    foreign_type = "hand_raise"

    def __init__(self, rate: float, seed: int, anomaly: float = 0.0) -> None:
        self._seed = seed
        self._anomaly = anomaly
        rng = np.random.default_rng([seed, 1])
        rooms = max(1, round(rate * _ROOMS_PER_RATE))
        self._teams = min(rooms, USERS // _PLACES)
        self._weights = np.exp(0.7 * rng.standard_normal(rooms))
        self._slots_per_s = rate * self._weights / self._weights.sum()
        self._started = 0
        self._rooms = Seats(rooms, self._plan, rng)
        self._topic = np.array([topic for _, topic in _TYPES], np.uint8)
        self._type = pl.Series([member("event_type", f'"{name}"') for name, _ in _TYPES])
        self._user = pl.Series([member("user_id", f'"user_{n:04d}"') for n in range(1, USERS + 1)])
        self._length = members("message_length", map(str, range(1, _LONGEST_MESSAGE + 1)))
        self._latency = members("latency_ms", map(str, range(1, _MOST_LATENCY_MS + 1)))
        self._loss = members("packet_loss", (str(n / 100) for n in range(_MOST_LOSS * 100 + 1)))

    def happen(self, slots: NDArray[np.int64], times: NDArray[np.int64], rng: Generator) -> Scene:
        n = len(slots)
        row, position, lives = self._rooms.take(pick(self._weights, rng.random(n)), rng)
        place, second = position % _PLACES, position % _TICK // _PLACES
        joins = lives["join"][row, place, second] == position
        leaves = lives["leave"][row, place, second] == position
        who = _present(row, position, (rng.random(n) * lives["size"][row]).astype(np.intp), lives)
        who = np.where(joins | leaves, place, who)
        kind = np.where(joins, _JOIN, np.where(leaves, _LEAVE, self._activity(row, rng, lives)))
        _toggle_video(kind, row, who, position, lives)
        user = lives["user"][row, who]
        anomalous = (lives["spell"][row] <= position) & (position < lives["spell_end"][row]) & (kind == _NETWORK_LAG)
        latency, loss = self._network(kind, lives["number"][row], lives["mood"][row], user, times, anomalous, rng)

        meeting = hexadecimal(scattered(lives["number"], self._seed)[:, None]).alias("hex")
        named = meeting.to_frame().select(
            id=pl.concat_str(pl.lit("meeting_"), "hex"),
            json=pl.concat_str(pl.lit('"meeting_id":"meeting_'), "hex", pl.lit('",')),
        )
        return Scene(
            self._topic[kind],
            named["id"].gather(row),
            {
                "user_id": self._user.gather(user),
                "meeting_id": named["json"].gather(row),
                "event_type": self._type.gather(kind),
                "message_length": self._length.gather(_message_lengths(kind, rng)),
                "latency_ms": self._latency.gather(latency),
                "packet_loss": self._loss.gather(loss),
            },
            anomalous,
        )

    def _plan(self, rooms: NDArray[np.intp], rng: Generator) -> Lives:
        k = len(rooms)
        number = self._started + np.arange(k)
        self._started += k
        seconds = np.clip(_MEETING_S * np.exp(_MEETING_SPREAD * rng.standard_normal(k)), 60, 1_800)
        ticks = np.maximum(np.rint(seconds * self._slots_per_s[rooms] / _TICK), 6).astype(np.int64)
        size = rng.integers(2, _PLACES + 1, k)
        join, leave = _stays(ticks, size, rng)
        drawn = np.argsort(rng.random((k, USERS // self._teams)), axis=1)[:, :_PLACES]
        length = ticks * _TICK + 1
        spell, spell_end = self._spells(number, length, self._slots_per_s[rooms])
        return {
            "length": length,
            "spell": spell,
            "spell_end": spell_end,
            "number": number,
            "size": size,
            "join": join,
            "leave": leave,
            "user": rooms[:, None] % self._teams + drawn * self._teams,
            "chat": rng.uniform(0.55, 0.85, k),
            "mood": pick(_MOODS, rng.random(k)),
            "video": np.zeros((k, _PLACES, 2), np.bool_),
        }

    def _spells(
        self, number: NDArray[np.int64], length: NDArray[np.int64], per_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From and up to which slot of each meeting its latency is out of the ordinary; both 0: never."""
        earliest, lasts = (np.ceil(seconds * per_s).astype(np.int64) for seconds in _SPELL_S)
        room = length - earliest - lasts
        begins = earliest + (fixed(number, self._seed + 2) * np.maximum(room, 0)).astype(np.int64)
        has = (room > 0) & (fixed(number, self._seed + 3) < self._anomaly)
        return np.where(has, begins, 0), np.where(has, begins + lasts, 0)

    def _activity(self, row: NDArray[np.intp], rng: Generator, lives: Lives) -> NDArray[np.int64]:
        """A type for each slot, as if it were no join or leave; video is a start."""
        chats = rng.random(len(row)) < lives["chat"][row]
        draws = rng.random(len(row))
        return np.where(
            chats,
            np.array(_CHAT[0])[pick(_CHAT[1], draws)],
            np.array(_MEETING[0])[pick(_MEETING[1], draws)],
        )

    def _network(
        self,
        kind: NDArray[np.int64],
        number: NDArray[np.int64],
        mood: NDArray[np.intp],
        user: NDArray[np.int64],
        times: NDArray[np.int64],
        anomalous: NDArray[np.bool_],
        rng: Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of each slot's latency and loss in their tables: 0 but for a sample of the network.

        A meeting's mood holds for a minute two times out of three, else that minute has another; a person's line adds
        its own factor.
        """
        latency, loss = np.zeros(len(kind), np.int64), np.zeros(len(kind), np.int64)
        at = np.flatnonzero(kind == _NETWORK_LAG)
        minute = times[at] // _MOOD_LASTS_MS + number[at] * 1_000_003
        other = fixed(minute, self._seed)
        now = np.where(other < 2 / 3, mood[at], pick(_MOODS, np.clip((other - 2 / 3) * 3, 0, 1)))
        line = np.exp(0.8 * (fixed(user[at], self._seed + 1) - 0.5))
        wave = np.exp(0.25 * rng.standard_normal(len(at)))
        worse = np.where(anomalous[at], _SPELL_FACTOR, 1.0)
        latency[at] = np.clip(_MOOD_LATENCY_MS[now] * line * wave * worse, 1, _MOST_LATENCY_MS).astype(np.int64)
        lost = _MOOD_LOSS[now] * line * -np.log1p(-rng.random(len(at)))
        loss[at] = 1 + np.clip(lost * 100, 0, _MOST_LOSS * 100).astype(np.int64)
        return latency, loss


def _stays(
    ticks: NDArray[np.int64], size: NDArray[np.int64], rng: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots at which each place joins and leaves, for the first and the second time, shapes (k, 10, 2); -1: never."""
    k = len(ticks)
    place = np.arange(_PLACES)
    m = ticks[:, None]
    early, late = (np.minimum(0.06 * rng.standard_exponential((k, _PLACES)), 0.4) for _ in range(2))
    first = (early * m).astype(np.int64)
    last = m - 1 - (late * m).astype(np.int64)
    # one person in three drops out once and comes back
    away = (rng.random((k, _PLACES)) < 1 / 3) & (last - first >= 3) & (place > 0)
    out = first + 1 + (rng.random((k, _PLACES)) * (last - first - 2)).astype(np.int64)
    back = out + (rng.random((k, _PLACES)) * 0.3 * (last - out)).astype(np.int64)
    join = np.stack([first * _TICK + place, np.where(away, back * _TICK + _PLACES + place, -1)], axis=2)
    leave = np.stack(
        [np.where(away, out, last) * _TICK + place, np.where(away, last * _TICK + _PLACES + place, -1)], axis=2
    )
    join[:, 0, 0], leave[:, 0, 0] = 0, ticks * _TICK
    join[place >= size[:, None]] = leave[place >= size[:, None]] = -1
    return join, leave


def _present(
    row: NDArray[np.intp], position: NDArray[np.int64], drawn: NDArray[np.intp], lives: Lives
) -> NDArray[np.intp]:
    """The place drawn at each slot where that person is there, else the host's."""
    there = np.zeros(len(row), np.bool_)
    for stay in range(2):
        there |= (lives["join"][row, drawn, stay] < position) & (position < lives["leave"][row, drawn, stay])
    return np.where(there, drawn, 0)


def _toggle_video(
    kind: NDArray[np.int64],
    row: NDArray[np.intp],
    who: NDArray[np.intp],
    position: NDArray[np.int64],
    lives: Lives,
) -> None:
    """Let every other video event of a stay be a stop; leaving turns the video off."""
    at = np.flatnonzero(kind == _VIDEO_START)
    second = (position[at] > lives["leave"][row[at], who[at], 0]).astype(np.intp)
    stay = (row[at], who[at], second)
    _, rank = ranks((row[at] * _PLACES + who[at]) * 2 + second)
    stops = lives["video"][stay] ^ (rank % 2 == 1)
    kind[at[stops]] = _VIDEO_STOP
    lives["video"][stay] = ~stops  # of several writes to one stay the last one stands


def _message_lengths(kind: NDArray[np.int64], rng: Generator) -> NDArray[np.int64]:
    """Characters of each message (also its index in the table), 0 for what is none."""
    length = np.zeros(len(kind), np.int64)
    at = np.flatnonzero(kind == _MESSAGE)
    length[at] = np.clip(np.exp(3.6 + 0.9 * rng.standard_normal(len(at))), 1, _LONGEST_MESSAGE).astype(np.int64)
    return length
