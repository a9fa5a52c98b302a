"""A shop as it truly is, night by night: its customers, its products, and what was sold; without any fault."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHANNELS", "COUNTRIES", "FIRST_DAY", "SEGMENTS", "Customer", "Product", "Sale", "Shop", "day_of"]

T = TypeVar("T")

FIRST_DAY = dt.date(2026, 1, 1)
"""The day that is delivered in night 1."""
COUNTRIES = ("AT", "CH", "DE", "FR", "IT")
SEGMENTS = ("private", "small business", "enterprise")
CHANNELS = ("web", "shop", "phone")

_FIRST_NAMES = ("Élodie", "Jürgen", "Søren", "Zoë", "Anna", "Paul", "Inès", "Björn", "Mia", "Noah", "Léa", "Núria")
_LAST_NAMES = ("Müller", "O'Brien", "Núñez", "Smith; Jones", 'Meier "Ann"', "Faßbinder", "Keller", "Rossi", "Dupré")
_CITIES = ("Zürich", "Genève", "Köln", "Wien", "Lyon", "Milano", "Bern", "Graz")
_GOODS = ("Kettle", "Lamp", "Chair", "Desk", "Clock", "Mug", "Rug", "Shelf", "Vase", "Stool")
_KINDS = ("small", "large", "oak", "blue")
_CATEGORIES = ("kitchen", "living", "office")
_CHANGED, _GONE, _NEW = 0.03, 0.01, 0.02
"""Of the customers so many are changed, deleted and new each night."""
_RENAMED = 2
"""So many products have another name from some moment of the day on."""


@dataclass(frozen=True, slots=True)
class Customer:
    """`credit` is in hundredths of a franc; `changed` is when anything of it was last changed, in UTC."""

    number: int
    name: str
    city: str
    segment: str
    country: str
    credit: int
    active: bool
    joined: dt.date
    changed: dt.datetime


@dataclass(frozen=True, slots=True)
class Product:
    """`price` in hundredths of a franc; `since` is from when on it is called so, in UTC."""

    number: int
    name: str
    category: str
    price: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale of the product as it was called at `at`, in UTC; `price` of one, in hundredths of a franc."""

    number: int
    at: dt.datetime
    customer: int
    product: Product
    quantity: int
    price: int
    channel: str


def day_of(night: int) -> dt.date:
    """The day whose sales are delivered in a night; the first night is 1."""
    return FIRST_DAY + dt.timedelta(days=night - 1)


class Shop:
    """The shop of `customers` people and `sales` sales a day; equal arguments make the same shop."""

    def __init__(self, seed: int = 0, customers: int = 400, sales: int = 1_000) -> None:
        self.seed, self.sales = seed, sales
        rng = np.random.default_rng([seed, 0])
        first = dt.datetime.combine(FIRST_DAY, dt.time(), dt.UTC)
        begin = [self._new(number, rng, first) for number in range(1, customers + 1)]
        self._customers = [begin, begin]  # nobody changes before the first delivery
        goods = [f"{good}, {kind}" for good in _GOODS for kind in _KINDS]
        products = [
            Product(
                at + 1,
                name,
                _one(_CATEGORIES, rng),
                int(rng.integers(300, 250_000)),
                dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
            )
            for at, name in enumerate(goods)
        ]
        self._products = [[[product] for product in products]]
        self._last = customers

    def customers(self, night: int) -> list[Customer]:
        """All customers as they are at the end of the day that is delivered in `night`."""
        while len(self._customers) <= night:
            self._customers.append(self._after(self._customers[-1], len(self._customers)))
        return self._customers[night]

    def products(self, night: int) -> list[list[Product]]:
        """Each product as it was called from when on, up to the end of that day, the oldest name first."""
        while len(self._products) <= night:
            rng = np.random.default_rng([self.seed, 2, len(self._products)])
            day = day_of(len(self._products))
            now = [list(names) for names in self._products[-1]]
            for at in rng.choice(len(now), _RENAMED, replace=False):
                last = now[at][-1]
                name = f"{last.name.removesuffix(' (new)')} (new)" if "(new)" not in last.name else last.name[:-6]
                now[at].append(replace(last, name=name, since=_moment(day, rng)))
            self._products.append(now)
        return self._products[night]

    def sold(self, night: int) -> list[Sale]:
        """The sales of the day that is delivered in `night`, in their order; to whom stays for a day more at least."""
        rng = np.random.default_rng([self.seed, 3, night])
        staying = {one.number for one in self.customers(night + 1)}
        people = [one for one in self.customers(night - 1) if one.number in staying]
        products = self.products(night)
        moments = sorted(_moment(day_of(night), rng) for _ in range(self.sales))
        made = []
        for at, moment in enumerate(moments):
            called = products[int(rng.integers(len(products)))]
            product = [one for one in called if one.since <= moment][-1]
            made.append(
                Sale(
                    night * 100_000 + at, moment, _one(people, rng).number, product, int(rng.integers(1, 6)),
                    product.price, _one(CHANNELS, rng),
                )
            )  # fmt: skip
        return made

    def _new(self, number: int, rng: np.random.Generator, before: dt.datetime) -> Customer:
        joined = before.date() - dt.timedelta(days=int(rng.integers(1, 1_500)))
        return Customer(
            number, f"{_one(_FIRST_NAMES, rng)} {_one(_LAST_NAMES, rng)}", _one(_CITIES, rng), _one(SEGMENTS, rng),
            _one(COUNTRIES, rng), int(rng.integers(100_00, 90_000_00)), bool(rng.random() < 0.8), joined,
            dt.datetime.combine(joined, dt.time(), dt.UTC),
        )  # fmt: skip

    def _after(self, before: Sequence[Customer], night: int) -> list[Customer]:
        """The customers a day later."""
        rng = np.random.default_rng([self.seed, 1, night])
        day = day_of(night)
        after = []
        for one in before:
            chance = rng.random()
            if chance < _GONE:
                continue
            if chance < _GONE + _CHANGED:
                city = _one([city for city in _CITIES if city != one.city], rng)
                after.append(replace(one, city=city, changed=_moment(day, rng)))
            else:
                after.append(one)
        for _ in range(max(1, round(_NEW * len(before)))):
            self._last += 1
            moment = _moment(day, rng)
            after.append(replace(self._new(self._last, rng, moment), joined=day, changed=moment))
        return after


def _one(of: Sequence[T], rng: np.random.Generator) -> T:
    return of[int(rng.integers(len(of)))]


def _moment(day: dt.date, rng: np.random.Generator) -> dt.datetime:
    """A second of a day, in UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(seconds=int(rng.integers(86_400)))
