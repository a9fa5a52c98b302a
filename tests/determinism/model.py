"""The answer, row by row in Python: what no batch, cut or crash may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.determinism.inputs import Row


def windows(kind: str, second: int) -> Iterator[tuple[int, int]]:
    """The windows (start, end) of tests.determinism.inputs.WINDOWS that a moment is in."""
    match kind:
        case "tumble":
            start = second // 6 * 6
            yield start, start + 6
        case "hop":
            yield from ((start, start + 6) for start in range(second // 2 * 2, second - 6, -2))
        case _:
            start = second // 12 * 12
            yield from ((start, end) for end in range(start + 3, start + 13, 3) if end > second)


def answer(rows: Iterable[Row], kinds: Iterable[str], *, hold: int | None) -> list[dict[str, Any]]:
    """The table when the input has ended. `hold`: the partitions of a topic whose least watermark counts, rows
    in order; None: no row is late."""
    groups: dict[tuple[str, str, int, int], list[int]] = {}
    tops: dict[tuple[str, int], int] = {}
    topics = sorted({r.topic for r in rows}) if hold else []
    for row in rows:
        mark = min((tops.get((t, p), -(10**9)) for t in "ab" for p in range(hold)), default=-(10**9)) if hold else None
        for kind in kinds:
            for start, end in windows(kind, row.second):
                if mark is None or end * 1000 - 1 > mark:
                    groups.setdefault((kind, row.key, start, end), []).append(row.value)
        if topics:
            at = (row.topic, row.partition)
            tops[at] = max(tops.get(at, -(10**9)), (row.second - 4) * 1000)
    return [
        {
            "kind": kind,
            "k": key,
            "window_start": _text(start),
            "window_end": _text(end),
            "n": len(values),
            "s": sum(values),
            "d": len(set(values)),
        }
        for (kind, key, start, end), values in groups.items()
    ]


def _text(second: int) -> str:
    return f"2024-01-01 00:{second // 60:02}:{second % 60:02}"
