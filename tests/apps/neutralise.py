"""Takes what may be personal out of the public sample log: `python tests/apps/neutralise.py ORIGINAL SHIPPED.gz`.

Run once; the shipped file's README says where the original is from and what this changes. It stays here so that
anybody can check that running the rules again on the shipped lines changes nothing (a test does).
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

# hosts of referrers that are kept: the site itself, its project, and sites too large to say who wrote there
KNOWN = re.compile(
    r"(?:[\w-]+\.)*(?:semicomplete\.com|logstash\.net|(?:google|bing|yandex|baidu|duckduckgo|yahoo)\.[a-z.]{2,6}|daum\.net"
    r"|googleusercontent\.com|wikipedia\.org|stackoverflow\.com|stackexchange\.com|serverfault\.com|superuser\.com"
    r"|askubuntu\.com|ubuntu\.com|ubuntuforums\.org|linuxquestions\.org|linux\.org\.ru|opensuse\.org|ibm\.com|t\.co"
    r"|experts-exchange\.com|spiceworks\.com|lifehacker\.com|haskell\.org|keepass\.info|suckless\.org)"
)
OWN = re.compile(r"https?://(?:www\.)?semicomplete\.com(?:/|$)")

# parameters of other sites that say how a page was shown, not who asked or what for
HARMLESS = re.compile(
    r"C|O|cad|cd|client|esrc|form|frm|gfe_rd|gl|hl|ie|kh|noredirect|oe|page|rct|sa|safe|site|sl|sntz|source|sqi|start"
    r"|tab|tbm|tl|view|zoom"
)

PARAMETER = re.compile(r"([?&#;])([^=&#;?]+)=([^&#;]*)")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
ACCOUNT = re.compile(r"(~|/users/|_by_|\+%22)([a-z][a-z\d]*(?:_[a-z]+)?)(?=[/)\s-]|%22)")
AUTHOR = re.compile(r"(semicomplete\.com[+-]+)([A-Z][a-z]+\+?[A-Z][a-z]+)")
FEED = re.compile(r"(feed-id=)(\w+)")
LINE = re.compile(r'(\S+)( \S+ \S+ \[[^\]]+\] "[^"]*" \d{3} \S+ ")([^"]*)(".*)')


def masked(text: str) -> str:
    """`text` with an x for each letter and digit; its length and shape stay."""
    return re.sub(r"[^\W_]", "x", re.sub(r"%[0-9A-Fa-f]{2}", "xxx", text))


class Neutral:
    """Rules for lines in their order: clients and sites are numbered as they appear."""

    def __init__(self) -> None:
        self._clients: dict[str, str] = {}
        self._sites: dict[str, str] = {}
        self._last = 0

    def line(self, text: str) -> str:
        found = LINE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        client, request, referrer, rest = found.groups()
        text = self.client(client) + request + self.referrer(referrer) + rest
        text = ADDRESS.sub(lambda m: m[0].split("@")[0] + "@example.com", text)
        for rule in (ACCOUNT, AUTHOR, FEED):
            text = rule.sub(lambda m: m[1] + masked(m[2]), text)
        return text

    def client(self, address: str) -> str:
        """An address of 198.18.0.0/15 (RFC 2544) for each client: which one says when it was first seen, no more."""
        if address not in self._clients:
            number = 0
            while number % 256 in (0, 255):
                self._last += 1
                number = self._last * 51_437 % 2**17
            self._clients[address] = f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        return self._clients[address]

    def referrer(self, url: str) -> str:
        """`url` if it is the site's own, else without what was asked, tokens, and names of small sites."""
        if url == "-" or OWN.match(url):
            return url
        scheme, host, path = re.fullmatch(r"(https?://)([^/?#]*)(.*)", url).groups()  # type: ignore[union-attr]
        if host.startswith("site") and host.endswith(".example"):
            return url
        if not KNOWN.fullmatch(host):
            site = self._sites.setdefault(host, f"site{len(self._sites) + 1}.example")
            return f"{scheme}{site}/"
        path = PARAMETER.sub(self._parameter, path)
        return scheme + host + (masked(path) if host == "t.co" else path)

    @staticmethod
    def _parameter(found: re.Match[str]) -> str:
        sign, name, value = found.groups()
        own = "semicomplete.com" in value and name not in ("prev", "ref")
        return f"{sign}{name}={value if own or HARMLESS.fullmatch(name) else masked(value)}"


def main(original: str, shipped: str) -> None:
    rules = Neutral()
    lines = Path(original).read_text("ascii").splitlines()
    text = "".join(rules.line(line) + "\n" for line in lines)
    Path(shipped).write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
