"""Visits to a small shop: sessions that start, walk from page to page, convert or not, and end or are abandoned.

A visitor's seat holds one session after another. A session's slots are its start, its page views, with the conversion
among them, and its end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.apps.chance import fixed, pick, scattered
from penstock.apps.scenario import Scene, hexadecimal, member, members
from penstock.apps.seats import Lives, Seats
from penstock.apps.web import site

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Visits"]

_TYPES = ("SESSION_START", "PAGE_VIEW", "CONVERSION", "SESSION_END")
_START, _VIEW, _CONVERSION, _END = range(len(_TYPES))

_SECONDS_A_PAGE = 10  # visitors at once, for each event a second
_KNOWN = 0.65
_USERS_A_SEAT = 10
_MOST_PAGES = 24
_LONGEST_LOAD_MS = 20_000
_ADDRESSES = 16_384

_PRODUCT, _CONTENT, _OUTSIDE = 2, 4, 5  # classes of pages, in the order of `site.STEPS`
_SHELF = len(site.GOODS[0])
_MOST_OF_ONE = 3
_SELL = (0.34, 0.22, 0.16, 0.12, 0.09, 0.07)


class _Pages:
    """Every page by number: home, categories, products by category, search, content, and those of the tails."""

    def __init__(self) -> None:
        goods = [(c, name) for c, shelf in zip(site.CATEGORIES, site.GOODS, strict=True) for name, _ in shelf]
        paths = ["/", *(f"/products/{c}" for c in site.CATEGORIES)]
        titles = ["Home", *(c.capitalize() for c in site.CATEGORIES)]
        paths += [f"/products/{c}/{name.lower().replace(' ', '-')}" for c, name in goods] + ["/search"]
        titles += [name for _, name in goods] + ["Search"]
        paths += [path for path, _ in site.CONTENT]
        titles += [title for _, title in site.CONTENT]
        tails = [
            (site.CART, "Your cart"), (site.CHECKOUT, "Checkout"), (site.DONE, "Thank you"),
            (site.REGISTER, "Create an account"), (site.NEWSLETTER, "Newsletter"),
        ]  # fmt: skip
        self.number = {path: len(paths) + n for n, (path, _) in enumerate(tails)}
        self.paths = paths + [path for path, _ in tails]
        self.titles = [f"{title} - Fernwood" for title in titles + [title for _, title in tails]]

    def table(self) -> NDArray[np.int16]:
        """The page by class of page (in the order of `site.STEPS`), shelf and place on the shelf, shape (5, 5, 6)."""
        shelf, good = np.indices((len(site.CATEGORIES), _SHELF))
        home = np.zeros_like(shelf)
        category = 1 + shelf
        product = 1 + len(site.CATEGORIES) + shelf * _SHELF + good
        search = home + 1 + len(site.CATEGORIES) * (1 + _SHELF)
        return np.stack([home, category, product, search, search + 1 + good]).astype(np.int16)


class Visits:
    """The scenario of `web`."""

    topics = ("website-analytics-events",)
    id_field = "eventId"
    type_field = "eventType"
    required = ("eventType", "sessionId")
    foreign_type = "AD_CLICK"

    def __init__(self, rate: float, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng([seed, 2])
        self._count = max(1, round(rate * _SECONDS_A_PAGE))
        self._started = 0
        pages = _Pages()
        self._page = pages.table()
        # the odds of all steps on one line, those from page class c between c and c + 1
        self._odds = (np.arange(_OUTSIDE + 1)[:, None] + np.cumsum(np.array(site.STEPS), axis=1)[:, :-1]).ravel()
        self._tails = np.array([[pages.number[p] for p in (*k.tail, *[site.CART] * 3)[:3]] for k in site.KINDS])
        self._kinds = _kinds()
        self._seats = Seats(self._count, self._plan, rng)
        self._type = pl.Series([member("eventType", f'"{name}"') for name in _TYPES])
        self._view = _views(pages)
        self._referrer = _referrers(pages)
        self._load = pl.Series(["", *(f'"pageLoadTime":{n}}},' for n in range(1, _LONGEST_LOAD_MS + 1))])
        self._conversion = _conversions()
        self._slow = np.array([form != "DESKTOP" for _, form, *_ in site.DEVICES])
        self._device = pl.Series([_device(d) for d in site.DEVICES])
        self._address = _addresses(rng)
        self._place = pl.Series([f'"country":"{country}","city":"{city}",' for _, country, city in site.PLACES])

    def happen(self, slots: NDArray[np.int64], times: NDArray[np.int64], rng: Generator) -> Scene:
        n = len(slots)
        # visitors come in over the first minutes, so that it is not all starts at first
        here = np.minimum(self._count, self._count // 10 + slots // 10 + 1)
        row, position, lives = self._seats.take((rng.random(n) * here).astype(np.intp), rng)
        turn = lives["turn"][row]
        kind = np.full(n, _VIEW)
        kind[position == turn] = _CONVERSION
        kind[position == 0] = _START  # which has the place 0 of a turn that never comes
        kind[lives["ends"][row] & (position == lives["length"][row] - 1)] = _END
        viewed = np.flatnonzero(kind == _VIEW)
        who = row[viewed]
        step = position[viewed] - 1 - ((turn[viewed] > 0) & (position[viewed] > turn[viewed]))
        page = lives["path"][who, step].astype(np.int64)
        before = np.where(step > 0, len(site.ENTRIES) + lives["path"][who, step - 1], lives["entry"][who])
        load = np.exp(6.5 + 0.55 * rng.standard_normal(len(viewed)) + 0.4 * self._slow[lives["device"][who]])

        def view(values: NDArray[np.int64]) -> NDArray[np.int64]:
            spread = np.zeros(n, np.int64)
            spread[viewed] = 1 + values
            return spread

        told = self._told(lives)
        return Scene(
            np.zeros(n, np.uint8),
            told["key"].gather(row),
            {
                "eventType": self._type.gather(kind),
                "userId": told["userId"].gather(row),
                "sessionId": told["sessionId"].gather(row),
                "pageViewData": self._view.gather(view(page)),
                "referrer": self._referrer.gather(view(before)),
                "pageLoadTime": self._load.gather(view(np.minimum(load, _LONGEST_LOAD_MS - 1).astype(np.int64))),
                "conversionData": self._conversion.gather(np.where(kind == _CONVERSION, lives["order"][row], 0)),
                "sessionData": told["sessionData"].gather(row),
            },
            np.zeros(n, np.bool_),
        )

    def _told(self, lives: Lives) -> pl.DataFrame:
        """What each event of a session says about it: `key` and the members that stay the same."""
        sessions = pl.DataFrame(
            {
                "hex": hexadecimal(scattered(lives["number"], self._seed)[:, None]),
                "number": pl.Series(lives["user"] + 1),
                "address": self._address.gather(lives["address"]),
                "place": self._place.gather(lives["place"]),
                "device": self._device.gather(lives["device"]),
            }
        ).with_columns(
            session=pl.concat_str(pl.lit("session_"), "hex"),
            user=pl.when(pl.col("number") > 0).then(pl.concat_str(pl.lit("user_"), "number")),
        )
        return sessions.select(
            key=pl.coalesce("user", "session"),
            userId=pl.concat_str(pl.lit('"userId":"'), "user", pl.lit('",')).fill_null(""),
            sessionId=pl.concat_str(pl.lit('"sessionId":"'), "session", pl.lit('",')),
            sessionData=pl.concat_str(pl.lit('"sessionData":{'), "address", "place", "device"),
        )

    def _plan(self, seats: NDArray[np.intp], rng: Generator) -> Lives:
        k = len(seats)
        number = self._started + np.arange(k)
        self._started += k
        kind = pick(self._kinds["share"], rng.random(k))
        tail, after = self._kinds["tail"][kind], self._kinds["after"][kind]
        walk = self._kinds["least"][kind] + rng.poisson(self._kinds["more"][kind])
        walk = np.minimum(walk, _MOST_PAGES - tail)
        path, seen = self._walk(walk, self._kinds["buys"][kind], rng)
        for page in range(self._tails.shape[1]):
            there = np.flatnonzero(tail > page)
            path[there, walk[there] + page] = self._tails[kind[there], page]
        ends = rng.random(k) < self._kinds["ends"][kind]
        user = np.where(rng.random(k) < _KNOWN, seats + self._count * rng.integers(0, _USERS_A_SEAT, k), -1)
        person = np.where(user >= 0, user, -1 - number)
        order = self._kinds["order"][kind]
        bought = 1 + seen * _MOST_OF_ONE + pick((0.8, 0.15, 0.05), rng.random(k))
        return {
            "length": 1 + walk + tail + (after > 0) + ends,
            "number": number,
            "turn": np.where(after > 0, 1 + walk + after, 0),
            "ends": ends,
            "path": path,
            "entry": pick([share for share, _ in site.ENTRIES], rng.random(k)),
            "order": np.where(order > 0, order, bought),
            "user": user,
            "device": pick([device[0] for device in site.DEVICES], fixed(person, self._seed)),
            "place": pick([place[0] for place in site.PLACES], fixed(person, self._seed + 1)),
            "address": (fixed(person, self._seed + 2) * _ADDRESSES).astype(np.int64),
        }

    def _walk(
        self, walk: NDArray[np.int64], buys: NDArray[np.bool_], rng: Generator
    ) -> tuple[NDArray[np.int16], NDArray[np.intp]]:
        """The pages that each session walks, shape (k, most pages), and the product it saw last.

        Who `buys` looks at a product last.
        """
        k = len(walk)
        path = np.zeros((k, _MOST_PAGES), np.int16)
        kind = np.full(k, _OUTSIDE)
        likes = rng.integers(0, len(site.CATEGORIES), k)
        seen = likes * _SHELF
        for step in range(int(walk.max(initial=0))):
            at = np.flatnonzero(walk > step)
            n = len(at)
            next_kind = np.searchsorted(self._odds, kind[at] + rng.random(n), side="right") - kind[at] * _CONTENT
            next_kind[buys[at] & (walk[at] == step + 1)] = _PRODUCT
            shelf = np.where(rng.random(n) < 0.8, likes[at], rng.integers(0, len(site.CATEGORIES), n))
            good = pick(_SELL, rng.random(n))
            path[at, step] = self._page[next_kind, shelf, good]
            bought = next_kind == _PRODUCT
            seen[at[bought]] = shelf[bought] * _SHELF + good[bought]
            kind[at] = next_kind
        return path, seen


def _kinds() -> dict[str, NDArray[Any]]:
    """`site.KINDS` as columns; `order` is the place of a conversion in its table, or 0 for what was bought."""
    orders = {"SIGN_UP": 1 + _MOST_OF_ONE * _SHELF * len(site.CATEGORIES)}
    orders["NEWSLETTER"] = orders["SIGN_UP"] + 1
    return {
        "share": np.array([kind.share for kind in site.KINDS]),
        "least": np.array([kind.least for kind in site.KINDS]),
        "more": np.array([kind.more for kind in site.KINDS]),
        "tail": np.array([len(kind.tail) for kind in site.KINDS]),
        "buys": np.array([site.CART in kind.tail for kind in site.KINDS]),
        "after": np.array([kind.after for kind in site.KINDS]),
        "ends": np.array([kind.ends for kind in site.KINDS]),
        "order": np.array([orders.get(kind.converts, 0) for kind in site.KINDS]),
    }


def _views(pages: _Pages) -> pl.Series:
    """How the data of a page view begins, by 1 + page."""
    rows = zip(pages.paths, pages.titles, strict=True)
    return pl.Series(["", *(f'"pageViewData":{{"url":"{path}","title":{json.dumps(title)},' for path, title in rows)])


def _referrers(pages: _Pages) -> pl.Series:
    """Its referrer, by 1 + entry, then by page."""
    outside = [referrer for _, referrer in site.ENTRIES]
    return members("referrer", map(json.dumps, outside + [site.ORIGIN + path for path in pages.paths]))


def _conversions() -> pl.Series:
    """The data of a conversion: at 0 none, then one to three of each product, a sign-up, a newsletter."""
    totals = [price * n / 100 for shelf in site.GOODS for _, price in shelf for n in range(1, 1 + _MOST_OF_ONE)]
    rows = [("PURCHASE", total) for total in totals] + [("SIGN_UP", 0.0), ("NEWSLETTER", 0.0)]
    return members(
        "conversionData", (f'{{"type":"{kind}","value":{value:.2f},"currency":"USD"}}' for kind, value in rows)
    )


def _device(device: tuple[int, str, str, str, str]) -> str:
    """The end of a session's data."""
    _, form, browser, system, agent = device
    return f'"deviceType":"{form}","browser":"{browser}","os":"{system}","userAgent":"{agent}"}},'


def _addresses(rng: Generator) -> pl.Series:
    """Addresses of the ranges kept for documentation (RFC 5737, RFC 3849): all of IPv4's, the rest of IPv6."""
    four = [f"{net}.{host}" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255)]
    parts = rng.integers(1, 2**16, (_ADDRESSES - len(four), 3)).tolist()
    six = [f"2001:db8:{a:x}:{b:x}::{c:x}" for a, b, c in parts]
    return pl.Series([member("ipAddress", f'"{address}"') for address in four + six])
