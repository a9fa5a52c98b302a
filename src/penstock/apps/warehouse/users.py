"""The users that the simulated API of a shop knows: nested, with an array each, the same for the same seed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHANGED", "users"]

CHANGED = "updated_at"
"""The field that says when a record was last changed."""

_BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_FIRST = ("Ada", "Béla", "Chloé", "Dario", "Élodie", "Farid", "Greta", "Hana", "Iwan", "Jürg", "Kim", "Lena")
_LAST = ("Aebi", "Brunner", "Costa", "Dubois", "Egli", "Favre", "Graf", "Huber", "Iten", "Keller")
_PLACES = (
    ("Zürich", "8001", 47.3769, 8.5417),
    ("Genève", "1201", 46.2044, 6.1432),
    ("Lugano", "6900", 46.0037, 8.9511),
    ("Basel", "4001", 47.5596, 7.5886),
    ("Chur", "7000", 46.8508, 9.5320),
)
_STREETS = ("Bahnhofstrasse", "Rue du Lac", "Via Nassa", "Marktgasse")
_INTERESTS = ("wine", "bikes", "books", "music", "ski", "chess")
_NO_PHONE = 7
"""Every so many users have no telephone: the field is not there."""


def users(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """`count` users by id; each was changed a minute after the one before, from 2026-01-01 on."""
    rng = np.random.default_rng([seed, 7])
    draws = rng.integers(0, 1 << 30, (count, 6))
    return [_user(number, draws[number - 1].tolist()) for number in range(1, count + 1)]


def _user(number: int, draws: Sequence[int]) -> dict[str, Any]:
    first, last = _FIRST[draws[0] % len(_FIRST)], _LAST[draws[1] % len(_LAST)]
    city, code, latitude, longitude = _PLACES[draws[2] % len(_PLACES)]
    made = {
        "id": number,
        "name": f"{first} {last}",
        "email": f"user{number}@example.com",
        "phone": f"+41 44 {draws[3] % 900 + 100} {draws[4] % 90 + 10} {number % 90 + 10}",
        "address": {
            "street": f"{_STREETS[draws[3] % len(_STREETS)]} {draws[4] % 99 + 1}",
            "city": city,
            "zipcode": code,
            "geo": {"lat": latitude, "lng": longitude},
        },
        "active": draws[5] % 9 != 0,
        "interests": [name for place, name in enumerate(_INTERESTS) if draws[5] >> place & 1],
        CHANGED: (_BEGAN + dt.timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if number % _NO_PHONE == 0:
        del made["phone"]
    return made
