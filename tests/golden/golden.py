"""Golden files: a SQL file, the events it reads, and what Flink answered (the format: README.md beside this file)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).resolve().parent
END_OF_INPUT = -1

_DIRECTIVE = re.compile(r"^--[ \t]*@([\w-]+)[ \t]*(.*)$", re.MULTILINE)
_DIRECTIVES = {
    "events",
    "watermark",
    "ordered",
    "timeout",
    "connectors",
    "local-only",
    "refused",
    "text-differs",
}


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden file, by its SQL file's path."""

    path: Path
    directives: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Golden:
        """Raises ValueError for a directive that nobody knows."""
        directives = {name: value.strip() for name, value in _DIRECTIVE.findall(path.read_text("utf-8"))}
        unknown = set(directives) - _DIRECTIVES
        if unknown:
            raise ValueError(f"{path}: unknown directive @{min(unknown)}, known are {', '.join(sorted(_DIRECTIVES))}")
        return cls(path, directives)

    @property
    def area(self) -> str:
        """The folder below tests/golden."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        return f"{self.area}/{self.path.stem}"

    @property
    def out(self) -> Path:
        return self.path.with_suffix(".out")

    @property
    def events(self) -> Path | None:
        """The events file that feeds all tables, if there is one."""
        return self.path.parent / self.directives["events"] if "events" in self.directives else None

    @property
    def manual_watermark(self) -> bool:
        """Whether only the events' watermark lines move time."""
        return self.directives.get("watermark") == "manual"

    @property
    def ordered(self) -> bool:
        """Whether the order of append-only rows is part of the answer."""
        return "ordered" in self.directives

    @property
    def local_only(self) -> str | None:
        """Why Flink is not asked; None where it is."""
        return self.directives.get("local-only")

    @property
    def refused(self) -> str | None:
        """The code of the error with which Penstock refuses for now what Flink runs; None where it does not."""
        return self.directives.get("refused")

    @property
    def text_differs(self) -> str | None:
        """Why what SHOW prints is not compared; None where it is."""
        return self.directives.get("text-differs")

    def expected(self) -> Answer:
        return Answer.parse(self.out.read_text("utf-8").splitlines())


def find(paths: Iterable[Path] = ()) -> list[Golden]:
    """The golden files at `paths` (SQL files or folders); all of them without any.

    Raises ValueError for another file.
    """
    found: list[Golden] = []
    for path in list(paths) or [HERE]:
        files = sorted(path.rglob("*.sql")) if path.is_dir() else [path]
        if files and files[0].suffix != ".sql":
            raise ValueError(f"{path} is no SQL file")
        found += [Golden.read(file.resolve()) for file in files]
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """`line` is the input line that caused it (`END_OF_INPUT` after the last), `wm` the watermark that the sink
    had seen by then: milliseconds, "max", or None before any."""

    op: str
    row: dict[str, Any]
    line: int
    wm: int | str | None


@dataclass(slots=True)
class Table:
    """A SELECT's result (`sink` is None) or what an INSERT wrote into a table."""

    sink: str | None
    columns: list[tuple[str, str]]
    key: list[str]
    changes: list[Change] = field(default_factory=list)

    @property
    def append_only(self) -> bool:
        return all(change.op == "+I" for change in self.changes)


@dataclass(frozen=True, slots=True)
class Failure:
    """`stage` is parse, validate, plan or runtime; `at` is (line, column, line, column) within the statement."""

    stage: str
    kind: str
    message: str
    at: tuple[int, ...] | None = None


@dataclass(slots=True)
class Answer:
    """What the statements of one SQL file gave, in order; a text is what SHOW, DESCRIBE or EXPLAIN printed."""

    results: list[Table | str] = field(default_factory=list)
    error: Failure | None = None
    ms: int = 0

    @property
    def tables(self) -> list[Table]:
        return [result for result in self.results if isinstance(result, Table)]

    @property
    def texts(self) -> list[str]:
        return [result for result in self.results if isinstance(result, str)]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Answer:
        """Reads an .out file, or the oracle's own lines."""
        answer = cls()
        open_tables: dict[str | None, Table] = {}
        for line in lines:
            value = json.loads(line)
            match value:
                case {"schema": schema}:
                    table = Table(value.get("sink"), [(name, kind) for name, kind in schema], value.get("key", []))
                    open_tables[table.sink] = table
                    answer.results.append(table)
                case {"op": op, "row": row}:
                    open_tables[value.get("sink")].changes.append(Change(op, row, value["in"], value["wm"]))
                case {"text": text}:
                    answer.results.append(text)
                case {"error": stage}:
                    at = tuple(value["at"]) if value.get("at") else None
                    answer.error = Failure(stage, value["class"], _message(value["message"]), at)
                case {"end": _, "ms": ms}:
                    answer.ms = ms
                case _:
                    raise ValueError(f"not a line of an answer: {line}")
        return answer

    def lines(self, *, ordered: bool = False) -> Iterator[str]:
        """The lines of the .out file.

        Unless `ordered`, append-only rows of one input line are sorted: their order is that of Flink's hash tables.
        """
        for result in self.results:
            if isinstance(result, str):
                yield dump({"text": result})
                continue
            sink = {} if result.sink is None else {"sink": result.sink}
            head = {"schema": result.columns, **sink}
            yield dump(head | ({"key": result.key} if result.key else {}))
            changes = [
                dump({"op": c.op, "row": c.row, "in": c.line, "wm": c.wm, **sink})
                for c in (result.changes if ordered else _stable(result))
            ]
            yield from changes
        if self.error:
            at = {"at": self.error.at} if self.error.at else {}
            yield dump({"error": self.error.stage, "class": self.error.kind, "message": self.error.message, **at})


def _stable(table: Table) -> list[Change]:
    if not table.append_only:
        return table.changes
    # Python's sort is stable and the end of input is -1, so lines are put in order by a key of their own
    return sorted(table.changes, key=lambda c: (line_order(c.line), dump(c.row)))


def line_order(line: int) -> float:
    """Sorts input lines with the end of input last."""
    return float("inf") if line == END_OF_INPUT else line


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _message(text: str) -> str:
    """An error's message without what changes from run to run or lists the whole grammar."""
    text = text.split("\nWas expecting", maxsplit=1)[0]
    text = re.sub(r"@[0-9a-f]{6,8}\b", "@…", text)
    return re.sub(r"(rel|RelSubset)#\d+", r"\1#…", text).rstrip()
