"""How a CSV file is spelt: sniffed once, shown to people, and from then on as the schema file says."""

from __future__ import annotations

import codecs
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.core.errors import DataError
from penstock.core.options import Kind, Option, boolean, choice, integer
from penstock.warehouse.sources.csv.blocks import blocks, opened

if TYPE_CHECKING:
    from penstock.core.toml_table import TomlTable

__all__ = ["OPTIONS", "Spelling", "read_spelling", "said_spelling", "sniffed"]

_SAMPLE = 1 << 20
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r"))
_STRAY = 0.02
"""Of text not so much is control characters; of what is packed or a picture, more."""
_PIECE = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _character(text: str) -> str:
    if len(text) > 1 or not text.isascii():
        raise ValueError(text)
    return text


def _encoding(text: str) -> str:
    try:
        codecs.lookup(text)
    except LookupError:
        raise ValueError(text) from None
    return text


_ONE = Kind("one ASCII character, or none", _character)
DELIMITER = Option(
    "delimiter", Kind("one ASCII character", lambda t: _character(t) or t[0]), ",", "Between two fields."
)
QUOTE = Option("quote", _ONE, '"', "Around a field that has a delimiter or a line's end in it.")
ESCAPE = Option("escape", _ONE, '"', "Before a quote that belongs to the text; the quote itself where it is doubled.")
HEADER = Option("header", boolean, True, "Whether the first record names the columns.")
SKIP = Option("skip", integer(0), 0, "So many records before the header are something else.")
ENCODING = Option("encoding", Kind("an encoding that Python knows", _encoding), "utf-8", "utf-8, cp1252, utf-16, ...")
NEWLINE = Option(
    "newline", choice("lf", "cr"), "lf", "How a line ends: lf (also after a carriage return), or cr alone."
)
OPTIONS = (DELIMITER, QUOTE, ESCAPE, HEADER, SKIP, ENCODING, NEWLINE)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The marks of a CSV file, each one character or none, as its schema file's ``[file]`` has them."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    skip: int = 0
    encoding: str = "utf-8"
    newline: str = "\n"

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes of a file are those of its text."""
        return codecs.lookup(self.encoding).name == "utf-8"


def read_spelling(table: TomlTable) -> Spelling:
    """Raises ConfigError with the line of what does not fit."""
    values = table.values(OPTIONS)
    return Spelling(
        values[DELIMITER],
        values[QUOTE],
        values[ESCAPE],
        values[HEADER],
        values[SKIP],
        values[ENCODING],
        "\r" if values[NEWLINE] == "cr" else "\n",
    )


def said_spelling(spelling: Spelling) -> dict[str, Any]:
    """A spelling as the keys of ``[file]``, all of them: it is what people are to look at."""
    return {
        DELIMITER.name: spelling.delimiter,
        QUOTE.name: spelling.quote,
        ESCAPE.name: spelling.escape,
        HEADER.name: spelling.header,
        SKIP.name: spelling.skip,
        ENCODING.name: spelling.encoding,
        NEWLINE.name: "cr" if spelling.newline == "\r" else "lf",
    }


def sniffed(path: Path) -> Spelling:
    """The spelling of a file. Raises DataError where it has no rows in columns."""
    import duckdb

    encoding = _encoding_of(path)
    sample = next(blocks(path, encoding, _SAMPLE), b"")
    if not sample.strip():
        raise DataError(f"{path.name} is empty", code="csv-empty", where=str(path))
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _STRAY * len(sample):
        raise _strange(path, f"{controls / len(sample):.0%} of its begin are control characters")
    if len(sample) >= _SAMPLE:
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "sample.csv"
        plain.write_bytes(sample)
        told = (
            "SELECT Delimiter, Quote, Escape, NewLineDelimiter, SkipRows, HasHeader"
            " FROM sniff_csv($1, strict_mode = false, ignore_errors = true)"
        )
        try:
            with duckdb.connect(":memory:", config={"threads": 1}) as connection:
                ((delimiter, quote, escape, newline, skip, header),) = connection.execute(told, [str(plain)]).fetchall()
        except duckdb.Error as error:
            raise _strange(path, str(error).splitlines()[0]) from None
    quote, escape = (mark if mark and mark != "(empty)" else "" for mark in (quote, escape))
    quote = quote or '"'
    return Spelling(
        delimiter=delimiter,
        quote=quote,
        escape=escape or quote,
        header=header,
        skip=skip,
        encoding=encoding,
        newline="\r" if newline in ("\\r", "\r") else "\n",
    )


def _strange(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path.name} does not look like CSV: {reason}",
        code="csv-sniff",
        where=str(path),
        hint="say in the [file] table of its schema file how it is spelt",
    )


def _encoding_of(path: Path) -> str:
    """By its byte order mark; else utf-8 where all of it is, else cp1252, the superset of latin-1 that people mean."""
    with opened(path) as file:
        begin = file.read(4)
        for mark, encoding in _MARKS:
            if begin.startswith(mark):
                return encoding
        decoder = codecs.getincrementaldecoder("utf-8")()
        piece = begin
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(_PIECE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"
