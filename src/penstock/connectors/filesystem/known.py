"""What was read of which file, and which file is which: renamed, grown, cut, replaced.

A file is known by its inode and by the hash of its first bytes. One that was moved or copied elsewhere with the
same content is the same file; one that is shorter than what was read of it, or begins differently, is another.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from penstock.connectors.filesystem.folder import Found
from penstock.connectors.filesystem.partitions import unescaped
from penstock.core.errors import PositionLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Files", "Known", "check_inode", "head_of"]

_HEAD = 1024


class Known(NamedTuple):
    """A file of which `offset` was read: bytes of (unpacked) text, or rows of a columnar file.

    `head` is ``n:hash`` of its first n bytes, `size` its length when it was last looked at. `done`: that much
    of it was read; a line without its end may be left. `torn`: the last line was read without a newline.
    """

    name: str
    inode: int
    head: str
    offset: int = 0
    size: int = 0
    done: bool = False
    torn: bool = False


def head_of(path: str, size: int = _HEAD) -> str:
    """``n:hash`` of the first n bytes of a file, at most `size`."""
    with Path(path).open("rb") as file:
        head = file.read(size)
    return f"{len(head)}:{hashlib.blake2b(head, digest_size=12).hexdigest()}"


def check_inode(file: Found) -> None:
    """Raises FileNotFoundError if another file has taken the path since `file` was found."""
    if Path(file.path).stat().st_ino != file.inode:
        raise FileNotFoundError(0, "it was replaced just now", file.path)


@dataclass(slots=True)
class Files:
    """The files of one table that are known, by name.

    `folder` is where names begin, `levels` the number of its levels that are partitions; `grows` says of a name
    whether such a file may get more at its end.
    """

    folder: Path
    levels: int
    where: str
    grows: Callable[[str], bool]
    known: dict[str, Known] = field(default_factory=dict)
    unwatched: bool = False
    """Whether nobody looked for a while (before a restart): what is gone may have had unread rows."""
    _looks: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def queue(self, found: list[Found], *, final: bool, skip_lost: bool = False) -> list[Found]:
        """What is to be read now: known files that have more, then new ones, each by name.

        `final`: nothing comes after it, so that a last line counts without its newline.

        Raises PositionLostError where the rest of a file is nowhere to be found, unless `skip_lost`.
        """
        names = {f.name for f in found}
        files = [*found, *self._beside(names)]
        matched = {f.name: f for f in files if self._same(f.name, f, known_name=True)}
        by_inode = {k.inode: k for k in self.known.values() if k.name not in matched}
        for f in files:
            k = by_inode.get(f.inode)
            if k is not None and f.name not in matched and self._same(k.name, f):
                matched[k.name] = f
        for k in self.known.values():
            if k.name in matched:
                continue
            rest = self._rotated(k, {f.name for f in files}) if k.name in names else None
            if rest is not None:
                matched[k.name] = rest
            elif not skip_lost and (not k.done or (self.unwatched and k.name in names)):
                raise self._lost(k, replaced=k.name in names)
        self.unwatched = False
        self._take_over(matched)
        read = {f.name for f in matched.values()}
        more = [f for f in matched.values() if self._has_more(f, final=final)]
        return sorted(more, key=lambda f: f.name) + [f for f in found if f.name not in read]

    def position(self) -> list[tuple[Any, ...]]:
        """All that is known, as JSON data."""
        return [tuple(k) for k in self.known.values()]

    def restore(self, position: Iterable[Iterable[Any]]) -> None:
        """Go on from what `position` gave, perhaps after a while."""
        self.known = {k.name: k for k in map(Known._make, position)}
        self._looks.clear()
        self.unwatched = True

    def put(self, known: Known) -> None:
        """Note how much was read of a file."""
        self.known[known.name] = known

    def _has_more(self, f: Found, *, final: bool) -> bool:
        k = self.known[f.name]
        return not k.done or (self.grows(f.name) and f.size > (k.offset if final else k.size))

    def _take_over(self, matched: dict[str, Found]) -> None:
        before, self.known = self.known, {}
        self._looks.clear()
        for name, f in matched.items():
            self.known[f.name] = before[name]._replace(name=f.name, inode=f.inode)
            self._looks[f.name] = (f.inode, f.size, f.modified)

    def _same(self, name: str, f: Found, *, known_name: bool = False) -> bool:
        """Whether `f` is the file that is known as `name`."""
        k = self.known.get(name)
        if k is None:
            return False
        if known_name and self._looks.get(name) == (f.inode, f.size, f.modified):
            return True
        if f.size < k.offset if self.grows(name) else (f.size < k.size or (k.done and f.size > k.size)):
            return False
        size = int(k.head.partition(":")[0])
        return head_of(f.path, size) == k.head if size else f.inode == k.inode

    def _beside(self, names: set[str]) -> list[Found]:
        """Known files that are still there under names that are not the table's: logs that were rotated away."""
        beside = []
        for name in self.known.keys() - names:
            path = self.folder / name
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            beside.append(self._found(name, str(path), stat))
        return beside

    def _rotated(self, k: Known, names: set[str]) -> Found | None:
        """The file that was `k`, under another name in the same folder: rotated, or copied and then cut."""
        if not int(k.head.partition(":")[0]):
            return None
        place = (self.folder / k.name).parent
        for entry in sorted(os.scandir(place), key=lambda e: e.name):
            name = str(Path(k.name).parent / entry.name)
            if name in names or not entry.is_file():
                continue
            f = self._found(name, entry.path, entry.stat())
            if self._same(k.name, f):
                return f
        return None

    def _lost(self, k: Known, *, replaced: bool) -> PositionLostError:
        path = self.folder / k.name
        what = f"'{path}' is another file than the one" if replaced else f"'{path}' is gone"
        return PositionLostError(
            f"{what} of which {k.offset} {'bytes' if self.grows(k.name) else 'rows or bytes'} were read,"
            " and the rest of that is not to be found",
            code="file-replaced" if replaced else "file-gone",
            where=self.where,
            hint="put it back, or run with --skip-lost to go on with the files there are, or --fresh to read all anew",
        )

    def _found(self, name: str, path: str, stat: os.stat_result) -> Found:
        partition = tuple(unescaped(part.partition("=")[2]) for part in name.split("/")[: self.levels])
        return Found(name, path, stat.st_ino, stat.st_size, stat.st_mtime_ns, partition)
