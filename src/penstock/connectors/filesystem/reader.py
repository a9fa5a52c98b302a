"""Files as a pipeline's input: one after the other, by name; new and grown ones as they come, if asked for."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.filesystem.columnar import ColumnarFile, Slice
from penstock.connectors.filesystem.folder import Found, listed, unreadable
from penstock.connectors.filesystem.known import Files, Known, check_inode, head_of
from penstock.connectors.filesystem.options import MONITOR
from penstock.connectors.filesystem.scan import columnar_chunks, text_chunks
from penstock.connectors.filesystem.text import Piece, TextFile, is_packed, open_text
from penstock.core.edges import Scanned
from penstock.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.connectors.filesystem.options import FileTable
    from penstock.connectors.filesystem.scan import FileScan
    from penstock.connectors.world import World

__all__ = ["FileReader"]


class FileReader:
    """Reads the files of one table for its `scans`.

    The place of a row is where its line begins in the text of all files, one behind the other in the order in
    which they were read (for Parquet, the number of the row): the same however the input is cut. The position
    holds, for each file, how much of it was read.
    """

    def __init__(self, name: str, table: FileTable, scans: Sequence[FileScan], world: World) -> None:
        self.name = name
        self.table = table
        self.scans = tuple(scans)
        self._clock = world.clock
        self._skip_lost = world.skip_lost
        self._interval: int | None = table.options.values[MONITOR]
        self._final = self._interval is None
        spanning = next((s for s in self.scans if s.spans_lines), None)
        self._whole_lines = spanning.make_decoder().whole_lines if spanning else None
        self._files = Files(table.path, len(table.partitioned), table.where, self._grows)
        self._queue: deque[Found] = deque()
        self._columnar = table.options.value_format.format.name == "parquet"
        self._open: TextFile | ColumnarFile | None = None
        self._reading: Known | None = None
        self._next_look = -math.inf
        """When to look for files again, in seconds of the clock."""
        self._place = 0

    def _grows(self, name: str) -> bool:
        return not self._columnar and not is_packed(name, self.table.where)

    # -- position ----------------------------------------------------------------------------------

    def seek(self, position: Any) -> None:
        self._shut()
        self._queue.clear()
        self._next_look = -math.inf
        self._place = 0 if position is None else position["place"]
        self._files.restore(() if position is None else position["files"])

    def bound(self) -> None:
        if not self._final:
            self._final = True
            self._shut()
            self._look()

    @property
    def ended(self) -> bool:
        return self._final and self._next_look == math.inf and not self._queue and self._open is None

    def wait(self, seconds: float) -> bool:
        left = self._next_look - self._clock.monotonic()
        if self._queue or self._open or left <= 0:
            return True
        self._clock.sleep(min(seconds, left))
        return left <= seconds

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        return {}

    def raw(self, places: pl.DataFrame) -> pl.Series:
        """As Reader.raw; of plain text alone, as reading at some place of other files means reading all before."""
        found = [self._line(topic, offset) for topic, offset in places.select("topic", "offset").iter_rows()]
        return pl.Series("raw", found, dtype=pl.Binary)

    def _line(self, path: str, offset: int) -> bytes | None:
        """The record at `offset` of a file of the table."""
        if not Path(path).is_relative_to(self.table.path) or not self._grows(path):
            return None
        try:
            stat = Path(path).stat()
            file = Found(path, path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
            piece = open_text(file, offset, self._whole_lines, self.table.where).take(1, final=True)
        except (OSError, DataError):  # it was replaced or cut since
            return None
        return piece.text().removesuffix(b"\n").removesuffix(b"\r") if piece else None

    def tick(self) -> None:
        """Files carry no time of their own."""

    def close(self) -> None:
        self._shut()

    # -- reading -----------------------------------------------------------------------------------

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        pieces = self._pieces(rows)
        if not pieces:
            return None
        first = self._place
        self._place += sum(p.size for p in pieces)
        position = {"place": self._place, "files": self._files.position()}
        through, table, scans = self._place - 1, self.table, self.scans
        lines = [p for p in pieces if isinstance(p, Piece)]
        if lines:
            return lambda: Scanned(text_chunks(table, scans, lines, first), through, position)
        slices = [p for p in pieces if isinstance(p, Slice)]
        return lambda: Scanned(columnar_chunks(table, scans, slices, first), through, position)

    def _pieces(self, rows: int) -> list[Piece | Slice]:
        """The next rows, about `rows`: of one file, or of several small ones where newlines alone part records."""
        pieces: list[Piece | Slice] = []
        left = rows
        while left > 0 and self._current():
            assert self._open is not None
            assert self._reading is not None
            piece = self._open.take(left, final=self._final)
            if piece is None:
                self._leave()
                continue
            self._reading = self._reading._replace(offset=piece.end, torn=piece.torn)
            self._files.put(self._reading)
            pieces.append(piece)
            left -= piece.rows
            if self._whole_lines is not None:
                break
        return pieces

    def _current(self) -> bool:
        """Whether a file is open that has more: the one that was, or the next."""
        while self._open is None:
            if not self._queue:
                if self._clock.monotonic() < self._next_look:
                    return False
                self._look()
                if not self._queue:
                    return False
            self._start(self._queue.popleft())
        return True

    def _look(self) -> None:
        """See which files there are, and queue what is to be read of them."""
        found = listed(self.table)
        self._files.folder = self.table.path if self.table.path.is_dir() else self.table.path.parent
        try:
            self._queue = deque(self._files.queue(found, final=self._final, skip_lost=self._skip_lost))
        except OSError as error:
            raise unreadable(error, self.table.where) from None
        now = self._clock.monotonic()
        self._next_look = math.inf if self._final else now + (self._interval or 0) / 1000

    def _start(self, file: Found) -> None:
        """Open a file where its reading goes on."""
        try:
            check_inode(file)
            head = head_of(file.path)
            known = self._files.known.get(file.name) or Known(file.name, file.inode, head)
            self._open = self._opened(file, known)
        except FileNotFoundError as error:
            if self._interval is None:
                raise unreadable(error, self.table.where) from None
            self._queue.clear()  # renamed since the last look: look again
            self._next_look = -math.inf
            return
        except OSError as error:
            raise unreadable(error, self.table.where) from None
        self._reading = known._replace(head=head, size=file.size, done=False)

    def _opened(self, file: Found, known: Known) -> TextFile | ColumnarFile:
        if self._columnar:
            return ColumnarFile(file, known.offset)
        return open_text(file, known.offset, self._whole_lines, self.table.where, torn=known.torn)

    def _leave(self) -> None:
        """What the file had is read; a line without its end waits for it."""
        assert self._open is not None
        assert self._reading is not None
        went_on = self._open.offset > self._reading.offset
        self._files.put(
            self._reading._replace(
                offset=self._open.offset, done=self._open.complete, torn=self._reading.torn and not went_on
            )
        )
        self._shut()

    def _shut(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = self._reading = None
