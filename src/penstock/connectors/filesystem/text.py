"""Files of lines, plain or compressed, cut into pieces of whole lines."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np

from penstock.core.errors import DataError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.connectors.filesystem.folder import Found

__all__ = ["Piece", "TextFile", "is_packed", "open_text"]

_SAMPLE = 1 << 18
"""Bytes from which the length of a line is guessed; as many lines as they hold are cut exactly."""
_STEP = 1 << 20
_MOST = 1 << 26
"""Bytes of a piece, however long its lines are."""
_LONGEST = 1 << 27
"""Bytes of a line; without a limit a file of another kind would be read into memory as one."""


class _Stream(Protocol):
    """A file that is read in order."""

    def read1(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


_UNPACK: dict[str, Callable[[str], _Stream]] = {
    ".gz": gzip.GzipFile,
    ".gzip": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
_REFUSED = (".zst", ".zstd", ".lz4", ".deflate", ".snappy", ".zip", ".br", ".z")


def is_packed(name: str, where: str) -> bool:
    """Whether a file of lines is compressed, by its ending. Raises UnsupportedError for kinds that are not read."""
    ending = PurePath(name).suffix.lower()
    if ending in _REFUSED:
        raise UnsupportedError(
            f"'{name}' is compressed in a way that is not read",
            code="file-compression",
            where=where,
            hint="unpack it, or pack it as one of " + ", ".join(_UNPACK),
        )
    return ending in _UNPACK


class Handle:
    """An open file, shared by the jobs that read it and closed with the last of them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`. Raises DataError if the file has become shorter."""
        data = os.pread(self._fd, end - start, start)
        while len(data) < end - start:
            more = os.pread(self._fd, end - start - len(data), start + len(data))
            if not more:
                raise DataError(
                    f"'{self.path}' was cut to {start + len(data)} bytes while it was read",
                    code="file-cut",
                    hint="a file may grow or be renamed while it is read; put another in its place by renaming",
                )
            data += more
        return data


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file: bytes `start` to `end` of its (unpacked) text, about `rows` of them.

    `torn`: the last has no newline. They are read when they are asked for, by `handle`; or had to be before, `data`.
    """

    file: Found
    start: int
    end: int
    rows: int
    torn: bool
    handle: Handle | None = None
    data: bytes = b""

    def text(self) -> bytes:
        """The lines, each with its newline."""
        data = self.handle.read(self.start, self.end) if self.handle else self.data
        return data + b"\n" if self.torn else data

    @property
    def size(self) -> int:
        """The length of `text`."""
        return self.end - self.start + self.torn


class TextFile(Protocol):
    """A file of lines that is being read; `offset` is where the next piece begins.

    `complete`: it did not end in the middle of what its compression says that there is.
    """

    offset: int
    complete: bool

    def take(self, rows: int, *, final: bool) -> Piece | None:
        """The next lines, about `rows`; None if there is no whole one. `final`: the last needs no newline.

        Raises DataError for a line without end, or a file that is damaged or was cut.
        """
        ...

    def close(self) -> None: ...


def open_text(
    file: Found, offset: int, whole_lines: Callable[[bytes], int] | None, where: str, *, torn: bool = False
) -> TextFile:
    """Open a file at `offset` of its text; `torn`: what was read of it ended without a newline.

    `whole_lines` finds where records end, if newlines are not enough for that. Raises OSError; DataError where a
    line goes on that was read as whole.
    """
    if is_packed(file.name, where):
        stream = _UNPACK[PurePath(file.name).suffix.lower()](file.path)
        return Streamed(file, _skipped(stream, offset, file), offset, whole_lines, packed=True)
    handle = Handle(file.path)
    if torn and offset < file.size:
        offset += _newline_at(handle, offset, file)
    if whole_lines is not None:
        return Streamed(file, _Plain(handle, offset, file.size), offset, whole_lines, packed=False)
    return Windows(file, handle, offset)


def _newline_at(handle: Handle, offset: int, file: Found) -> int:
    """The length of the newline that has come since at the end of a line without one."""
    next_bytes = handle.read(offset, min(offset + 2, file.size))
    if next_bytes.startswith(b"\n"):
        return 1
    if next_bytes == b"\r\n":
        return 2
    raise DataError(
        f"'{file.path}': the line that ends at byte {offset} was read before it was complete",
        code="line-continued",
        hint="run with --fresh to read the file again; a file that is still written is read with"
        " 'source.monitor-interval', which waits for the end of a line",
    )


class Windows:
    """A plain file in which each newline ends a line: here only the places of cuts are looked at."""

    complete = True

    def __init__(self, file: Found, handle: Handle, offset: int) -> None:
        self.file = file
        self.offset = offset
        self._handle = handle

    def take(self, rows: int, *, final: bool) -> Piece | None:
        start, size = self.offset, self.file.size
        if start >= size:
            return None
        sample = self._handle.read(start, min(start + _SAMPLE, size))
        lines = sample.count(b"\n")
        whole = sample.rfind(b"\n") + 1
        if lines >= rows:
            end, lines = start + _behind_newline(sample, rows), rows
        elif start + len(sample) == size:
            end = start + whole
        else:
            guess = start + min(len(sample) * rows // max(lines, 1), _MOST)
            end = self._cut(min(guess, size), start + len(sample)) or start + whole
            lines = rows
        torn = end == start and final
        if torn:
            end, lines = size, 1
        if end == start:
            return None
        if end - start > _MOST + _LONGEST:
            raise _endless(self.file, start)
        self.offset = end
        return Piece(self.file, start, end, lines, torn, self._handle)

    def _cut(self, guess: int, floor: int) -> int:
        """The place behind the last newline before `guess` but behind `floor`, else behind the first after it; or 0."""
        end = guess
        while end > floor:
            low = max(floor, end - 4096)
            found = self._handle.read(low, end).rfind(b"\n")
            if found >= 0:
                return low + found + 1
            end = low
        at = guess
        while at < self.file.size and at - self.offset < _MOST + _LONGEST:
            step = self._handle.read(at, min(at + _STEP, self.file.size))
            found = step.find(b"\n")
            if found >= 0:
                return at + found + 1
            at += len(step)
        return 0

    def close(self) -> None:
        """The jobs that are under way keep the file open."""


class Streamed:
    """A file that must be read to be cut: compressed, or of records that can span lines."""

    def __init__(
        self,
        file: Found,
        stream: _Stream,
        offset: int,
        whole_lines: Callable[[bytes], int] | None,
        *,
        packed: bool,
    ) -> None:
        self.file = file
        self.offset = offset
        self._stream = stream
        self._packed = packed
        self._whole_lines = whole_lines or (lambda block: block.rfind(b"\n") + 1)
        self._rest = b""
        self._ended = False
        self.complete = True

    def take(self, rows: int, *, final: bool) -> Piece | None:
        end = self._fill(rows)
        torn = not end and self._ended and bool(self._rest) and (final or self._packed) and self.complete
        if not end and not self.complete and final:
            raise _damaged(self.file, "it ends too early")
        if torn:
            end = len(self._rest)
        if not end:
            return None
        data, self._rest = self._rest[:end], self._rest[end:]
        start, self.offset = self.offset, self.offset + end
        return Piece(self.file, start, self.offset, data.count(b"\n") + torn, torn, None, data)

    def _fill(self, rows: int) -> int:
        """Read until there are about `rows` lines; how many bytes of `_rest` are about `rows` whole records."""
        while True:
            lines = self._rest.count(b"\n")
            if lines >= rows or self._ended or len(self._rest) >= _MOST:
                end = self._whole_lines(self._rest[: _behind_newline(self._rest, rows)]) if lines > rows else 0
                end = end or self._whole_lines(self._rest)
                if end or self._ended:
                    return end
            if len(self._rest) > _MOST + _LONGEST:
                raise _endless(self.file, self.offset)
            guess = len(self._rest) * rows // max(lines, 1) - len(self._rest)
            self._rest += self._read(min(max(guess, _SAMPLE), _MOST))

    def _read(self, size: int) -> bytes:
        data, self._ended, self.complete = _some(self._stream, size, self.file)
        return data

    def close(self) -> None:
        self._stream.close()


class _Plain:
    """A plain file read in order, up to a size."""

    def __init__(self, handle: Handle, offset: int, size: int) -> None:
        self._handle = handle
        self._offset = offset
        self._size = size

    def read1(self, size: int) -> bytes:
        start = self._offset
        self._offset = min(start + size, self._size)
        return self._handle.read(start, self._offset)

    def close(self) -> None:
        """The handle closes itself."""


def _some(stream: _Stream, size: int, file: Found) -> tuple[bytes, bool, bool]:
    """About `size` bytes, whether the file ended before that, and whether it was complete until there."""
    parts: list[bytes] = []
    left = size
    try:
        while left > 0:
            part = stream.read1(left)
            if not part:
                return b"".join(parts), True, True
            parts.append(part)
            left -= len(part)
    except EOFError:
        return b"".join(parts), True, False
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, OSError) as error:
        raise _damaged(file, str(error)) from None
    return b"".join(parts), False, True


def _skipped(stream: _Stream, offset: int, file: Found) -> _Stream:
    """The stream behind its first `offset` bytes, which have to be unpacked again."""
    left = offset
    while left > 0:
        data, ended, _ = _some(stream, min(left, _STEP), file)
        left -= len(data)
        if ended:
            break
    return stream


def _behind_newline(text: bytes, number: int) -> int:
    """The place behind newline `number` (counted from 1)."""
    return int(np.flatnonzero(np.frombuffer(text, np.uint8) == 10)[number - 1]) + 1


def _endless(file: Found, start: int) -> DataError:
    return DataError(
        f"'{file.path}' has no end of line for {_LONGEST >> 20} MB from byte {start} on",
        code="line-too-long",
        hint="is this a file of the table's format?",
    )


def _damaged(file: Found, reason: str) -> DataError:
    return DataError(
        f"'{file.path}' cannot be unpacked: {reason}",
        code="file-damaged",
        hint="write compressed files under a name that begins with '.' and rename them when they are complete",
    )
