"""The bytes of a file as blocks of UTF-8, unpacked and decoded on the way, so that a file of any size takes no more."""

from __future__ import annotations

import codecs
import gzip
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from penstock.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["REPLACED", "blocks", "opened", "unreadable"]

REPLACED = "\ufffd".encode()
"""What stands for bytes that the encoding does not know."""

_SIZE = 4 << 20
_CODE = "csv-file"
_GZIP = b"\x1f\x8b"
_MARK = "\ufeff".encode()


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where it is one of gzip. Raises DataError where they cannot be read to their end."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        if path.suffix.lower() == ".gz" and not packed:
            raise DataError(
                f"{path.name} is called a file of gzip, and is none",
                code=_CODE,
                where=str(path),
                hint="deliver it anew, or take it away; if it is plain text, call it .csv",
            )
        with cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb") as bytes_:
            yield bytes_
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> DataError:
    """What a load says of a file that the system, or gzip, does not give out."""
    why = (error.strerror if isinstance(error, OSError) else None) or error
    return DataError(f"{path.name} cannot be read: {why}", code=_CODE, where=str(path))


def blocks(path: Path, encoding: str, size: int = _SIZE) -> Iterator[bytes]:
    """The text in pieces of about `size` bytes, without a byte order mark; REPLACED stands for what is no text.

    Raises DataError where the file cannot be read to its end.
    """
    plain = codecs.lookup(encoding).name == "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    with opened(path) as file:
        while True:
            read = file.read(size)
            text = read if plain else decoder.decode(read, final=not read).encode("utf-8", "replace")
            if first and text:
                text, first = text.removeprefix(_MARK), False
            if text:
                yield text
            if not read:
                return
