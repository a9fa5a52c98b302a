from __future__ import annotations

import ipaddress
import re
from collections import Counter
from datetime import datetime, timedelta

import pytest

from penstock.apps.web import ACCESS_LOG
from tests.apps.access_log import PAGE, lines, requests
from tests.apps.neutralise import Neutral


def _facts() -> dict[str, str]:
    """The table of the file's README."""
    text = (ACCESS_LOG.parent / "README.md").read_text("utf-8")
    return {
        name: value for name, value in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE) if name != "fact"
    }


def test_the_facts_stand_in_the_readme() -> None:
    latest = datetime.min.replace(tzinfo=requests()[0].time.tzinfo)
    behind: list[timedelta] = []
    for request in requests():
        latest = max(latest, request.time)
        if request.time < latest:
            behind.append(latest - request.time)
    views = [r for r in requests() if r.is_page_view]
    facts: dict[str, int | str] = {
        "lines": len(lines()),
        "requests (the other line breaks off)": len(requests()),
        "clients": len({r.client for r in requests()}),
        **Counter(r.method for r in requests()),
        **Counter(f"status {r.status}" for r in requests()),
        "bytes sent": sum(r.size or 0 for r in requests()),
        "page views": len(views),
        "requests by bots": sum(r.is_bot for r in requests()),
        "page views by bots": sum(r.is_bot for r in views),
        "first second": f"{min(r.time for r in requests()):%Y-%m-%d %H:%M:%S} UTC",
        "last second": f"{max(r.time for r in requests()):%Y-%m-%d %H:%M:%S} UTC",
        "lines behind an earlier one's time": len(behind),
        "seconds behind at most": round(max(behind).total_seconds()),
        "lines more than 5 s behind": sum(lag > timedelta(seconds=5) for lag in behind),
    }
    assert _facts() == {name: f"{value:,}" if isinstance(value, int) else value for name, value in facts.items()}


@pytest.mark.parametrize(
    ("target", "is_page"),
    [
        ("/", True),
        ("/blog/tags/c++?page=2", True),
        ("/blog/geekery/xdotool-2.20110530.html", True),
        ("/a.b/c", True),
        ("/index.php?x=1.png", True),
        ("/projects/xdotool/xdotool.xhtml", False),
        ("/style2.css?v=1", False),
        ("/files/a.tar.gz", False),
    ],
)
def test_what_is_a_page(target: str, is_page: bool) -> None:
    assert (PAGE.fullmatch(target) is not None) == is_page


def test_one_line_breaks_off() -> None:
    whole = re.compile(r'[^"]*(?:"[^"]*"[^"]*){3}')
    (broken,) = (line for line in lines() if not whole.fullmatch(line))
    assert broken.endswith("+http://www.google.com/bot.html")


def test_clients_have_addresses_of_the_benchmark_range() -> None:
    benchmark = ipaddress.ip_network("198.18.0.0/15")
    assert all(ipaddress.ip_address(line.split(" ", 1)[0]) in benchmark for line in lines())
    assert all(line.split(" ")[1:3] == ["-", "-"] for line in lines())


def test_nothing_else_names_anybody() -> None:
    rest = [line.split(" ", 1)[1] for line in lines()]
    assert {domain for line in rest for domain in re.findall(r"@([\w.-]+\w)", line)} == {"example.com"}
    tokens = {
        value
        for request in requests()
        if "semicomplete.com/" not in request.referrer[:32]
        for value in re.findall(
            r"[?&#;](?:q|oq|text|wd|ei|usg|ved|sig2|sid|id|cvid|state|data)=([^&#]*)", request.referrer
        )
    }
    assert len(tokens) > 100
    assert all(set(token) <= set("x+-_.:/%=") or "semicomplete.com" in token for token in tokens)
    # dotted quads are versions of browsers, never in a request or a referrer
    assert not [
        r for r in requests() if re.search(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", r.target + r.referrer)
    ]


def test_the_rules_find_nothing_more_to_take_out() -> None:
    rules = Neutral()
    assert [rules.line(line).split(" ", 1)[1] for line in lines()] == [line.split(" ", 1)[1] for line in lines()]


SAMPLE = '203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET {} HTTP/1.1" 200 5 "{}" "{}"'
NEUTRAL = SAMPLE.replace("203.0.113.9", "198.18.200.237")


@pytest.mark.parametrize(
    ("target", "neutral"),
    [
        ("/~someone/a.html", "/~xxxxxxx/a.html"),
        ("/images/face_by_artist9-d5g.png", "/images/face_by_xxxxxxx-d5g.png"),
        ("/?c=(semicomplete.com+-+Ann+Other)", "/?c=(semicomplete.com+-+xxx+xxxxx)"),
        ("/blog/tags/c?page=2", "/blog/tags/c?page=2"),
    ],
)
def test_what_becomes_of_targets(target: str, neutral: str) -> None:
    assert Neutral().line(SAMPLE.format(target, "-", "-")) == NEUTRAL.format(neutral, "-", "-")


@pytest.mark.parametrize(
    ("referrer", "neutral"),
    [
        ("http://www.google.de/url?sa=t&q=my+name&ei=Ab-9_z#x", "http://www.google.de/url?sa=t&q=xx+xxxx&ei=xx-x_x#x"),
        (
            "http://bing.com/?url=http%3A%2F%2Fsemicomplete.com%2F",
            "http://bing.com/?url=http%3A%2F%2Fsemicomplete.com%2F",
        ),
        ("http://blog.somebody.net/about/me?x=1", "http://site1.example/"),
        ("http://t.co/AbC9", "http://t.co/xxxx"),
        ("http://semicomplete.com/?page=2&q=x1", "http://semicomplete.com/?page=2&q=x1"),
    ],
)
def test_what_becomes_of_referrers(referrer: str, neutral: str) -> None:
    assert Neutral().line(SAMPLE.format("/", referrer, "-")) == NEUTRAL.format("/", neutral, "-")


@pytest.mark.parametrize(
    ("agent", "neutral"),
    [
        ("Crawler (+me.too@there.org)", "Crawler (+me.too@example.com)"),
        ("Fetch; 3 subscribers; feed-id=77a)", "Fetch; 3 subscribers; feed-id=xxx)"),
        (
            "Journal (for http://j.example/users/some_one/; 8 readers)",
            "Journal (for http://j.example/users/xxxx_xxx/; 8 readers)",
        ),
    ],
)
def test_what_becomes_of_user_agents(agent: str, neutral: str) -> None:
    assert Neutral().line(SAMPLE.format("/", "-", agent)) == NEUTRAL.format("/", "-", neutral)


def test_a_client_keeps_its_address() -> None:
    rules = Neutral()
    first, other, again = (rules.client(address) for address in ("203.0.113.9", "203.0.113.10", "203.0.113.9"))
    assert first == again != other
