"""The simulated shop and the world around it: its pages, how people walk through them, where they come from."""

from __future__ import annotations

__all__ = [
    "CATEGORIES",
    "CONTENT",
    "DEVICES",
    "ENTRIES",
    "GOODS",
    "KINDS",
    "ORIGIN",
    "PLACES",
    "STEPS",
    "Kind",
]

from typing import NamedTuple

ORIGIN = "https://shop.example"

CATEGORIES = ("laptops", "phones", "audio", "cameras", "accessories")

GOODS = (
    (("Aurora 14", 1_299_00), ("Aurora 16", 1_749_00), ("Basalt Pro", 2_099_00), ("Fjord Air", 999_00),
     ("Sprig 11", 449_00), ("Tundra Go", 629_00)),
    (("Pika 5", 399_00), ("Pika 5 Max", 599_00), ("Lumen X", 899_00), ("Lumen Mini", 649_00), ("Slate One", 279_00),
     ("Quill Note", 749_00)),
    (("Heron Buds", 129_00), ("Heron Over-Ear", 249_00), ("Kettle Speaker", 89_90), ("Chorus Bar", 329_00),
     ("Tern Mic", 119_00), ("Reed DAC", 159_00)),
    (("Iris 40", 849_00), ("Iris 60", 1_399_00), ("Vista Zoom", 1_099_00), ("Pinhole Cam", 199_00),
     ("Drift 360", 379_00), ("Tripod Oak", 69_90)),
    (("USB-C Hub", 39_90), ("Wool Sleeve", 29_90), ("Cable Set", 14_90), ("Laptop Stand", 49_90),
     ("Travel Charger", 34_90), ("Keyboard Low", 89_00)),
)  # fmt: skip
"""For each category six products: name, price in cents. The first of a category sell best."""

CONTENT = (
    ("/blog/choosing-a-laptop", "Choosing a laptop"),
    ("/blog/quiet-headphones", "Quiet headphones, tested"),
    ("/blog/first-camera", "Your first camera"),
    ("/help/shipping", "Shipping and returns"),
    ("/help/contact", "Contact"),
    ("/about", "About us"),
)
"""Other pages: path, title; as many as a category has products, and read as those are bought."""

STEPS = (
    (0.05, 0.50, 0.20, 0.12, 0.13),
    (0.05, 0.17, 0.65, 0.07, 0.06),
    (0.08, 0.30, 0.50, 0.07, 0.05),
    (0.03, 0.15, 0.70, 0.10, 0.02),
    (0.25, 0.25, 0.25, 0.10, 0.15),
    (0.42, 0.22, 0.24, 0.00, 0.12),
)
"""From home, a category, a product, the search, content, and (last) from outside: the odds of each of the five."""


class Kind(NamedTuple):
    """A kind of session: what part of all it is, and what it does.

    It walks `least` pages and on average `more` beyond them, then goes through `tail`; `converts` is the type of its
    conversion, which comes after tail page `after`; `ends` is how often it says goodbye.
    """

    share: float
    least: int
    more: float
    tail: tuple[str, ...] = ()
    converts: str = ""
    after: int = 0
    ends: float = 0.7


CART, CHECKOUT, DONE, REGISTER, NEWSLETTER = "/cart", "/checkout", "/checkout/thank-you", "/register", "/newsletter"

KINDS = (
    Kind(0.30, 1, 0.0, ends=0.508),
    Kind(0.43 / 1.5, 2, 4.6165),
    Kind(0.04, 2, 2.5, (CART,), ends=0.5),
    Kind(0.04, 2, 2.5, (CART, CHECKOUT), ends=0.5),
    Kind(0.14, 2, 3.0, (CART, CHECKOUT, DONE), "PURCHASE", after=2, ends=0.85),
    Kind(0.12, 1, 2.5, (REGISTER,), "SIGN_UP", after=1, ends=0.8),
    Kind(0.11 / 1.5, 1, 2.5, (NEWSLETTER,), "NEWSLETTER", after=1, ends=0.8),
)
"""Chosen so that of all events 70 % are page views, 15 % starts, 10 % ends and 5 % conversions."""

ENTRIES = (
    (0.34, None),
    (0.30, "https://www.google.com/"),
    (0.07, "https://www.bing.com/"),
    (0.04, "https://duckduckgo.com/"),
    (0.09, "https://www.facebook.com/"),
    (0.06, "https://www.instagram.com/"),
    (0.05, "https://news.example/gadgets"),
    (0.05, "https://mail.example/newsletter"),
)
"""Where sessions come from: share, referrer (None: nobody sent them)."""

PLACES = (
    (14, "US", "New York"), (9, "US", "San Francisco"), (7, "US", "Chicago"), (5, "US", "Austin"),
    (9, "GB", "London"), (3, "GB", "Manchester"), (7, "DE", "Berlin"), (4, "DE", "Munich"), (2, "DE", "Hamburg"),
    (6, "FR", "Paris"), (2, "FR", "Lyon"), (4, "NL", "Amsterdam"), (4, "ES", "Madrid"), (3, "ES", "Barcelona"),
    (4, "IT", "Milan"), (3, "SE", "Stockholm"), (3, "NO", "Oslo"), (2, "NO", "Stavanger"), (3, "PL", "Warsaw"),
    (3, "CH", "Zürich"), (6, "IN", "Bengaluru"), (4, "IN", "Mumbai"), (4, "JP", "Tokyo"), (3, "KR", "Seoul"),
    (4, "BR", "São Paulo"), (3, "CA", "Toronto"), (3, "AU", "Sydney"), (2, "ZA", "Cape Town"), (2, "MX", "Mexico City"),
)  # fmt: skip
"""Weight, country (ISO 3166), city."""

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
_WINDOWS = "Windows NT 10.0; Win64; x64"
_MAC = "Macintosh; Intel Mac OS X 10_15_7"
_IOS = "CPU iPhone OS 18_1 like Mac OS X"
_GECKO = "Gecko/20100101 Firefox/133.0"

DEVICES = (
    (22, "DESKTOP", "Chrome", "Windows", f"Mozilla/5.0 ({_WINDOWS}) {_CHROME} Safari/537.36"),
    (7, "DESKTOP", "Edge", "Windows", f"Mozilla/5.0 ({_WINDOWS}) {_CHROME} Safari/537.36 Edg/131.0.0.0"),
    (4, "DESKTOP", "Firefox", "Windows", f"Mozilla/5.0 ({_WINDOWS}; rv:133.0) {_GECKO}"),
    (8, "DESKTOP", "Chrome", "macOS", f"Mozilla/5.0 ({_MAC}) {_CHROME} Safari/537.36"),
    (7, "DESKTOP", "Safari", "macOS", f"Mozilla/5.0 ({_MAC}) {_SAFARI} Safari/605.1.15"),
    (3, "DESKTOP", "Firefox", "Linux", f"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) {_GECKO}"),
    (22, "MOBILE", "Chrome", "Android", f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36"),
    (18, "MOBILE", "Safari", "iOS", f"Mozilla/5.0 (iPhone; {_IOS}) {_SAFARI} Mobile/15E148 Safari/604.1"),
    (2, "MOBILE", "Firefox", "Android", "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0"),
    (4, "TABLET", "Safari", "iPadOS", f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {_SAFARI} Safari/604.1"),
    (3, "TABLET", "Chrome", "Android", f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Safari/537.36"),
)
"""Weight, device type, browser, operating system, user agent."""
