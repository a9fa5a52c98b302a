r"""Java's regular expressions as Rust's, which Polars runs: translated piece by piece, or refused with the reason.

Both search from the left and prefer the first alternative, so a translated pattern finds the same matches. What
differs is rewritten: ``\d \w \s`` and ``(?i)`` are ASCII in Java, ``.`` matches none of its five line ends, ``$``
also stands before the last line end. Lookaround, back references, atomic groups and possessive quantifiers need
backtracking, which Rust's automata do not have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from penstock.sql.functions.signatures import ArgumentError

__all__ = ["LINE_END", "NO_LINE_END", "Pattern", "escaped", "translate"]

LINE_END = r"(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])"
NO_LINE_END = r"[^\n\r\x{85}\x{2028}\x{2029}]"

_CLASSES = {
    "d": "0-9",
    "w": "a-zA-Z0-9_",
    "s": r" \t\n\x0B\f\r",
    "h": r" \t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
    "v": r"\n\x0B\f\r\x{85}\x{2028}\x{2029}",
}
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7F",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0B\f\r",
}
_UNICODE = re.compile(
    r"L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|Me|N|Nd|Nl|No|P|Pc|Pd|Ps|Pe|Pi|Pf|Po|S|Sm|Sc|Sk|So|Z|Zs|Zl|Zp|C|Cc|Cf|Co"
)
_META = frozenset("\\.+*?()|[]{}^$#&-~")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_QUANTIFIER = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_BACKTRACKING = {
    "(?=": "lookahead",
    "(?!": "lookahead",
    "(?<=": "lookbehind",
    "(?<!": "lookbehind",
    "(?>": "an atomic group",
}


def escaped(character: str) -> str:
    """A character that stands for itself in a pattern of Rust's, inside a class and outside."""
    return "\\" + character if character in _META else character


@dataclass(frozen=True, slots=True)
class Pattern:
    r"""A translated pattern: `body`, and an end of text that may hide one line end if `at_end`.

    `groups` counts the capturing groups; `mixed`: it matches the empty text as well as longer ones;
    `inner_end`: a ``$`` stands within; `looks`: ``\b``, ``^`` or ``$`` look at what surrounds a match.
    """

    body: str
    groups: int
    at_end: bool
    mixed: bool
    inner_end: bool
    looks: bool

    @property
    def search(self) -> str:
        """For whether and where there is a match."""
        return f"(?:{self.body}){LINE_END}?\\z" if self.at_end else self.body

    @property
    def whole(self) -> str:
        """For whether all of a text matches."""
        return f"\\A(?:{self.body})\\z"

    @property
    def bounded(self) -> tuple[str, int]:
        """For the text of a match and its groups: the pattern, and by how much group numbers grow."""
        return (f"({self.body}){LINE_END}?\\z", 1) if self.at_end else (self.body, 0)

    @property
    def replacing(self) -> tuple[str, str]:
        """For replacing matches: the pattern, and what to put behind the replacement."""
        if not self.at_end:
            return self.body, ""
        return f"(?:{self.body})({LINE_END}?)\\z", f"${{{self.groups + 1}}}"


@lru_cache(maxsize=512)
def translate(java: str) -> Pattern:
    """The pattern in Rust's words. Raises ArgumentError if it is wrong in Java too, or cannot be translated."""
    reader = _Reader(java)
    body, empty, consumes = reader.alternatives(depth=0)
    if reader.at < len(java):
        raise reader.wrong("unmatched )")
    pattern = Pattern(body, reader.groups, reader.at_end, empty and consumes, reader.inner_end, reader.looks)
    try:
        pl.Series([""]).str.contains(pattern.search)
    except pl.exceptions.ComputeError as error:
        why = "it is too large" if "size limit" in str(error) else "a name stands twice in it"
        raise ArgumentError(f"cannot use the regular expression '{java}': it cannot run in columns: {why}") from None
    return pattern


class _Reader:
    """Reads a pattern from left to right; a piece is (Rust's text, may match nothing, may match something)."""

    def __init__(self, java: str) -> None:
        self.java = java
        self.at = 0
        self.groups = 0
        self.at_end = False
        self.inner_end = False
        self.looks = False
        self.ignore_case = False
        self.dot_all = False

    def wrong(self, why: str) -> ArgumentError:
        return ArgumentError(f"takes a regular expression, '{self.java}' is none: {why} at character {self.at + 1}")

    def beyond(self, what: str, hint: str = "") -> ArgumentError:
        return ArgumentError(
            f"cannot use {what} in the regular expression '{self.java}': it cannot run in columns{hint and ': ' + hint}"
        )

    def peek(self, text: str) -> bool:
        return self.java.startswith(text, self.at)

    def take(self) -> str:
        self.at += 1
        return self.java[self.at - 1]

    def alternatives(self, depth: int) -> tuple[str, bool, bool]:
        """Up to the closing parenthesis or the end; flags set inside end with the group."""
        flags = self.ignore_case, self.dot_all
        parts = [self.sequence(depth)]
        while self.at < len(self.java) and self.peek("|"):
            self.at += 1
            if self.at_end:  # the $ was the end of one alternative only
                self.at_end, self.inner_end = False, True
                parts[-1] = (parts[-1][0] + rf"(?:{LINE_END}?\z)", parts[-1][1], parts[-1][2])
            parts.append(self.sequence(depth, alone=False))
        self.ignore_case, self.dot_all = flags
        return "|".join(p[0] for p in parts), any(p[1] for p in parts), any(p[2] for p in parts)

    def sequence(self, depth: int, *, alone: bool = True) -> tuple[str, bool, bool]:
        out: list[str] = []
        empty, consumes = True, False
        while self.at < len(self.java) and self.java[self.at] not in "|)":
            piece, may_be_empty, may_consume = self.piece(depth, alone=alone)
            out.append(piece)
            empty, consumes = empty and may_be_empty, consumes or may_consume
        return "".join(out), empty, consumes

    def piece(self, depth: int, *, alone: bool) -> tuple[str, bool, bool]:
        atom, empty, consumes = self.atom(depth, alone=alone)
        found = _QUANTIFIER.match(self.java, self.at)
        if not found:
            return atom, empty, consumes
        if not atom:
            raise self.wrong("nothing to repeat")
        self.at = found.end()
        quantifier = found[0]
        if self.peek("+"):
            raise self.beyond(f"the possessive quantifier {quantifier}+", f"write {quantifier}")
        if self.peek("?"):
            quantifier += self.take()
        optional = found[0][0] in "*?" or re.match(r"\{0+[,}]", found[0]) is not None
        return atom + quantifier, empty or optional, consumes

    def atom(self, depth: int, *, alone: bool) -> tuple[str, bool, bool]:
        if self.peek("("):
            return self.group(depth)
        if self.peek("["):
            return self.bracket(), False, True
        character = self.take()
        match character:
            case "\\":
                return self.escape(depth, alone=alone)
            case ".":
                return ("(?s:.)" if self.dot_all else NO_LINE_END), False, True
            case "^":
                self.looks = True
                return "^", True, False
            case "$":
                return self.end(depth, alone=alone)
            case "*" | "+" | "?":
                self.at -= 1
                raise self.wrong("nothing to repeat")
            case "{":
                self.at -= 1
                raise self.wrong("a { that repeats nothing")
        return self.literal(character), False, True

    def literal(self, character: str) -> str:
        if self.ignore_case and character.isascii() and character.isalpha():
            return f"[{character.lower()}{character.upper()}]"
        return escaped(character)

    def end(self, depth: int, *, alone: bool) -> tuple[str, bool, bool]:
        self.looks = True
        if depth == 0 and alone and self.at == len(self.java):
            self.at_end = True
            return "", True, False
        if depth == 0 and alone and self.peek("|"):
            self.at_end = True  # `alternatives` puts it back
            return "", True, False
        self.inner_end = True
        return rf"(?:{LINE_END}?\z)", True, False

    def group(self, depth: int) -> tuple[str, bool, bool]:
        for start, name in _BACKTRACKING.items():
            if self.peek(start):
                raise self.beyond(f"{name} {start}")
        opening = "("
        if flags := _FLAGS.match(self.java, self.at):
            self.at = flags.end()
            saved = self.ignore_case, self.dot_all
            self.flags(flags[1] or "", flags[2] or "")
            if flags[3] == ")":
                return "", True, False
            body, empty, consumes = self.alternatives(depth + 1)
            self.ignore_case, self.dot_all = saved
            opening = "(?:"
        else:
            self.at += 1
            if named := re.compile(r"\?<([a-zA-Z][a-zA-Z0-9]*)>").match(self.java, self.at):
                self.at = named.end()
                opening = f"(?P<{named[1]}>"
            elif self.peek("?"):
                raise self.wrong("an unknown group (?")
            self.groups += 1
            body, empty, consumes = self.alternatives(depth + 1)
        if not self.peek(")"):
            raise self.wrong("unclosed group")
        self.at += 1
        return f"{opening}{body})", empty, consumes

    def flags(self, on: str, off: str) -> None:
        for flag in on + off:
            if flag not in "is":
                raise self.beyond(f"the flag (?{flag})", "supported are i and s")
        self.ignore_case = (self.ignore_case or "i" in on) and "i" not in off
        self.dot_all = (self.dot_all or "s" in on) and "s" not in off

    # -- escapes ---------------------------------------------------------------------------------

    def escape(self, depth: int, *, alone: bool) -> tuple[str, bool, bool]:
        """After a backslash outside a class."""
        letter = self.java[self.at] if self.at < len(self.java) else ""
        if letter and letter in "bBAz":
            self.at += 1
            self.looks = True
            return f"\\{letter}", True, False
        if letter == "Z":
            self.at += 1
            return self.end(depth, alone=alone)
        if letter == "R":
            self.at += 1
            return r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])", False, True
        if letter == "Q":
            stop = self.java.find("\\E", self.at)
            quoted = self.java[self.at + 1 : stop if stop >= 0 else len(self.java)]
            self.at = stop + 2 if stop >= 0 else len(self.java)
            return "".join(self.literal(c) for c in quoted), not quoted, bool(quoted)
        if letter and letter in "123456789k":
            raise self.beyond(f"the back reference \\{letter}")
        inside = self.escaped_class()
        if inside is not None:
            return f"[{inside}]", False, True
        return self.literal(self.escaped_character()), False, True

    def escaped_class(self) -> str | None:
        r"""The inside of a class for ``\d``, ``\p{Alpha}`` and the like, or None."""
        letter = self.java[self.at] if self.at < len(self.java) else ""
        if letter.lower() in _CLASSES:
            self.at += 1
            inside = _CLASSES[letter.lower()]
            return inside if letter.islower() else f"[^{inside}]"
        if letter not in ("p", "P"):
            return None
        found = re.compile(r"[pP](?:\{(\w+)\}|([A-Z]))").match(self.java, self.at)
        if not found:
            raise self.wrong("an unknown property")
        self.at = found.end()
        name = found[1] or found[2]
        negated = "^" if letter == "P" else ""
        if name in _POSIX:
            cased = "Alpha" if self.ignore_case and name in ("Lower", "Upper") else name
            return f"[{negated}{_POSIX[cased]}]"
        general = name.removeprefix("Is")
        if not _UNICODE.fullmatch(general):
            raise self.beyond(
                f"the property \\{letter}{{{name}}}", "supported are POSIX classes and general categories"
            )
        return f"\\{letter}{{{general}}}"

    def escaped_character(self) -> str:
        """The character that an escape stands for."""
        if self.at >= len(self.java):
            raise self.wrong("a \\ at the end")
        rest = self.java[self.at :]
        if rest[0] in _CONTROLS:
            self.at += 1
            return _CONTROLS[rest[0]]
        for form in (r"x([0-9a-fA-F]{2})", r"x\{([0-9a-fA-F]+)\}", r"u([0-9a-fA-F]{4})"):
            if found := re.match(form, rest):
                self.at += found.end()
                code = int(found[1], 16)
                if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                    raise self.wrong("no character has this code")
                return chr(code)
        if found := re.match(r"0([0-3][0-7]{2}|[0-7]{1,2})", rest):
            self.at += found.end()
            return chr(int(found[1], 8))
        if found := re.match(r"c([@-_])", rest):
            self.at += 2
            return chr(ord(found[1]) ^ 64)
        if rest[0].isascii() and rest[0].isalnum():
            raise self.wrong(f"an unknown escape \\{rest[0]}")
        return self.take()

    # -- classes ---------------------------------------------------------------------------------

    def bracket(self) -> str:
        """A class in brackets, with ranges, nested classes and intersections."""
        self.at += 1
        out = "["
        if self.peek("^"):
            self.at += 1
            out += "^"
        first = True
        while True:
            if self.at >= len(self.java):
                raise self.wrong("unclosed class")
            if self.peek("]") and not first:
                self.at += 1
                return out + "]"
            if self.peek("&&"):
                self.at += 2
                out += "&&"
                continue
            first = False
            if self.peek("["):
                out += self.bracket()
                continue
            out += self.member()

    def member(self) -> str:
        """A character, a range or an escaped class."""
        if self.peek("\\"):
            self.at += 1
            if self.peek("Q"):
                raise self.beyond("\\Q in a class")
            inside = self.escaped_class()
            if inside is not None:
                return inside
            low = self.escaped_character()
        else:
            low = self.take()
        following = self.java[self.at + 1 : self.at + 2]
        if not self.peek("-") or following in ("", "]", "["):
            return self.cased(low, low)
        self.at += 1
        if self.peek("\\"):
            self.at += 1
            high = self.escaped_character()
        else:
            high = self.take()
        if high < low:
            raise self.wrong(f"the range {low}-{high} is empty")
        return self.cased(low, high)

    def cased(self, low: str, high: str) -> str:
        """The range, and where case is ignored the ASCII letters of the other case."""
        ranges = [(low, high)]
        if self.ignore_case:
            for first, last, shift in (("a", "z", -32), ("A", "Z", 32)):
                start, stop = max(low, first), min(high, last)
                if start <= stop:
                    ranges.append((chr(ord(start) + shift), chr(ord(stop) + shift)))
        return "".join(escaped(a) if a == b else f"{escaped(a)}-{escaped(b)}" for a, b in ranges)
