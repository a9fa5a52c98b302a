"""JSON as a stream of tokens, one message at a time, as lazily as Jackson reads it.

What stands behind the last token that was asked for is not looked at: Flink reads ``{"a": 1} rubbish`` without
complaint. Its limits are Jackson's too.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

__all__ = ["ARRAY", "END", "END_ARRAY", "END_OBJECT", "FALSE", "NAME", "NULL", "NUMBER", "OBJECT", "TEXT", "TRUE"]
__all__ += ["JsonSyntaxError", "Tokens", "java_text"]

OBJECT: Final = 1
END_OBJECT: Final = 2
ARRAY: Final = 3
END_ARRAY: Final = 4
NAME: Final = 5
TEXT: Final = 6
NUMBER: Final = 7
TRUE: Final = 8
FALSE: Final = 9
NULL: Final = 10
END: Final = 11
"""The message is over."""

_MAX_DEPTH = 1000
_MAX_DIGITS = 1000
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"t": ("true", TRUE), "f": ("false", FALSE), "n": ("null", NULL)}
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_LONG_CHARACTER = re.compile(rb"[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}")
_MARKS = (
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xef\xbb\xbf", "utf-8"),
)


def _character(found: re.Match[bytes]) -> bytes:
    """A character of two to four bytes, spelt as UTF-8 does, or a half of a surrogate pair."""
    lead, *more = found[0]
    number = lead & (0x3F >> len(more))
    for byte in more:
        number = number << 6 | byte & 0x3F
    return chr(number).encode("utf-8", "surrogatepass") if number < 1 << 20 | 1 << 16 else found[0]


class JsonSyntaxError(ValueError):
    """Not JSON; the text says where and why."""


def _decoded(data: bytes) -> str:
    """Text of UTF-8, 16 or 32, found by a byte order mark or by where the zeros are."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    if len(data) >= 4 and data[:4].count(0):
        zeros = bytes(b == 0 for b in data[:4])
        wide = {b"\1\1\1\0": "utf-32-be", b"\0\1\1\1": "utf-32-le"}.get(zeros)
        return data.decode(wide or ("utf-16-be" if zeros[0] else "utf-16-le"), "replace")
    return data.decode("utf-8", "surrogateescape")


def java_text(text: str) -> str:
    """A Java string as Flink stores it, in UTF-8: half a surrogate pair becomes a question mark."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub("?", paired)


class Tokens:
    """The current token is `kind` with its `text`; `next` moves on.

    A token's `text` is what it says: a string without quotes and escapes, a number as it is spelt, else itself.
    `end` is the offset behind the token.
    """

    __slots__ = ("_first", "_message", "_stack", "begin", "end", "kind", "text")

    def __init__(self, data: bytes) -> None:
        self._message = _decoded(data)
        self._stack: list[int] = []
        self._first = True
        self.begin = self.end = 0
        self.kind = 0
        self.text = ""

    def next(self) -> int:
        """Read the next token; its kind. Raises JsonSyntaxError."""
        inside = self._stack[-1] if self._stack else 0
        char = self._peek()
        if self.kind == NAME:
            if char != ":":
                raise self._wrong("a colon was expected")
            self.end += 1
            return self._value(self._peek())
        if inside and char == ("}" if inside == OBJECT else "]"):
            self._stack.pop()
            self._first = False
            return self._mark(END_OBJECT if inside == OBJECT else END_ARRAY, char)
        if inside and not self._first:
            if char != ",":
                raise self._wrong("a comma was expected")
            self.end += 1
            char = self._peek()
        if inside == OBJECT:
            if char != '"':
                raise self._wrong("a field's name in double quotes was expected")
            return self._string(NAME)
        if not inside and not char:
            self.kind, self.text = END, ""
            return END
        return self._value(char)

    def skip(self) -> None:
        """From the start of an object or array to its end."""
        depth = len(self._stack)
        while len(self._stack) >= depth:
            self.next()

    def run_on(self) -> None:
        """Go on as if the string just read had gone on behind its closing quote."""
        try:
            self.end = scanstring(self._message, self.end, False)[1]
        except ValueError:
            self.end = len(self._message)

    def span(self) -> tuple[int, int]:
        """The token's first byte and the one behind it, in a message of UTF-8 without byte order mark."""
        if self._message.isascii():
            return self.begin, self.end
        begin = len(self._message[: self.begin].encode("utf-8", "surrogateescape"))
        return begin, begin + len(self._message[self.begin : self.end].encode("utf-8", "surrogateescape"))

    def _peek(self) -> str:
        found = _BLANK.match(self._message, self.end)
        self.begin = self.end = found.end() if found else self.end
        return self._message[self.end : self.end + 1]

    def _mark(self, kind: int, text: str) -> int:
        self.kind, self.text = kind, text
        self.end += len(text)
        return kind

    def _value(self, char: str) -> int:
        self._first = False
        if char == '"':
            return self._string(TEXT)
        if char and char in "{[":
            if len(self._stack) == _MAX_DEPTH:
                raise self._wrong(f"nested deeper than {_MAX_DEPTH}")
            kind = OBJECT if char == "{" else ARRAY
            self._stack.append(kind)
            self._first = True
            return self._mark(kind, char)
        if char in _WORDS:
            word, kind = _WORDS[char]
            behind = self._message[self.end + len(word) : self.end + len(word) + 1]
            if not self._message.startswith(word, self.end) or behind.isidentifier() or behind.isdigit():
                raise self._wrong("true, false or null was expected")
            return self._mark(kind, word)
        number = _NUMBER.match(self._message, self.end)
        if not number:
            raise self._wrong("a value was expected")
        text = number[0]
        behind = self._message[number.end() : number.end() + 1]
        if behind == "." or (behind and behind in "eE") or (text in {"0", "-0"} and behind.isdigit()):
            raise self._wrong("not a JSON number")
        if sum(c.isdigit() for c in text) > _MAX_DIGITS:
            raise self._wrong(f"a number of more than {_MAX_DIGITS} digits")
        return self._mark(NUMBER, text)

    def _string(self, kind: int) -> int:
        self._first = False
        try:
            text, end = scanstring(self._message, self.end + 1, False)
        except ValueError as error:
            if str(error).startswith("Unterminated"):
                raise self._wrong("the string does not end") from None
            raise self._wrong("a wrong escape in a string") from None
        if not text.isascii() and _UNDECODED.search(self._message, self.end, end):
            text = self._lenient(text)
        self.kind, self.text, self.end = kind, text, end
        return kind

    def _lenient(self, text: str) -> str:
        """Jackson takes characters that were spelt with too many bytes, and halves of pairs; others must be UTF-8."""
        try:
            data = _LONG_CHARACTER.sub(_character, text.encode("utf-8", "surrogateescape"))
            return data.decode("utf-8", "surrogatepass")
        except UnicodeError:
            raise self._wrong("not UTF-8") from None

    def _wrong(self, why: str) -> JsonSyntaxError:
        if self.end >= len(self._message):
            why = f"it ends inside {'an array' if self._stack and self._stack[-1] == ARRAY else 'an object'}"
        at = len(self._message[: self.end].encode("utf-8", "surrogateescape"))
        return JsonSyntaxError(f"not valid JSON at byte {at}: {why}")
