"""JSON paths as Flink has them: a mode, then what Jayway's library reads; followed in many texts at once.

Without a mode a path is strict, as in Flink. A path is definite while each of its steps leads to one value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from penstock.sql.functions.json_index import ARRAY, OBJECT
from penstock.sql.functions.signatures import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.sql.functions.json_index import Index

    Ints = NDArray[np.int64]

__all__ = ["Key", "Path", "Places", "children", "follow", "parse_path"]


@dataclass(frozen=True, slots=True)
class Key:
    """``.name``; `deep` (``..name``): of every object below."""

    name: str
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """``[i, ...]``, counted from the end where negative; `one`: a single place, not a list of them."""

    at: tuple[int, ...]
    one: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """``[start:stop]``, without what is None."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Each:
    """``[*]`` or ``.*``."""


Step: TypeAlias = Key | Places | Slice | Each


@dataclass(frozen=True, slots=True)
class Path:
    """`definite`: it leads to one value, else to a list of values."""

    strict: bool
    steps: tuple[Step, ...]

    @property
    def definite(self) -> bool:
        return all(_is_definite(step) for step in self.steps)


def _is_definite(step: Step) -> bool:
    return (isinstance(step, Key) and not step.deep) or (isinstance(step, Places) and step.one)


_MODE = re.compile(r"\s*(strict|lax)\s+(.+)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"[^.\[\]()\s*?'\"]+")
_QUOTED = re.compile(r"""\s*'((?:[^'\\]|\\.)*)'\s*|\s*"((?:[^"\\]|\\.)*)"\s*""", re.DOTALL)
_PLACES = re.compile(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")


@lru_cache(maxsize=512)
def parse_path(text: str) -> Path:
    """The path that `text` writes. Raises ArgumentError if it is none, or one that cannot be followed in columns."""
    mode = _MODE.fullmatch(text)
    strict = mode is None or mode[1].lower() == "strict"
    rest = (mode[2] if mode else text).rstrip()
    rest = rest[1:] if rest[:1] in ("$", "@") else "." + rest
    steps: list[Step] = []
    while rest:
        step, rest = _step(text, rest)
        if isinstance(step, Key) and step.deep and any(isinstance(s, Key) and s.deep for s in steps):
            raise ArgumentError(f"cannot follow the path '{text}' in columns: it has .. more than once")
        if steps and isinstance(steps[-1], Places) and not steps[-1].one:
            raise ArgumentError(f"cannot follow the path '{text}' in columns: it goes on after a list of places")
        steps.append(step)
    return Path(strict, tuple(steps))


def _step(text: str, rest: str) -> tuple[Step, str]:
    deep = rest.startswith("..")
    if rest.startswith("."):
        rest = rest[2 if deep else 1 :]
        if rest.startswith("*") and not deep:
            return Each(), rest[1:]
        if name := _NAME.match(rest):
            if rest[name.end() :].startswith("("):
                raise ArgumentError(f"cannot follow the path '{text}' in columns: it calls {name[0]}()")
            return Key(name[0], deep), rest[name.end() :]
        if not (deep and rest.startswith("[")):
            raise _wrong(text, "a name is missing")
    if not rest.startswith("["):
        raise _wrong(text, f"'{rest[:1]}' stands where . or [ is expected")
    return _bracket(text, rest[1:], deep=deep)


def _bracket(text: str, rest: str, *, deep: bool) -> tuple[Step, str]:
    if rest.lstrip().startswith("?"):
        raise ArgumentError(f"cannot follow the path '{text}' in columns: it has a filter [?...]")
    step: Step | None = None
    end = 0
    if quoted := _QUOTED.match(rest):
        name = quoted[1] if quoted[1] is not None else quoted[2]
        step, end = Key(re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL), deep), quoted.end()
        if rest[end : end + 1] == ",":
            raise ArgumentError(f"cannot follow the path '{text}' in columns: it has a list of names")
    elif each := re.match(r"\s*\*\s*", rest):
        step, end = Each(), each.end()
    elif cut := _SLICE.match(rest):
        start, stop = (int(x) if x else None for x in cut.groups())
        if start is not None and stop is not None and min(start, stop) < 0:
            raise ArgumentError(f"cannot follow the path '{text}' in columns: it has a slice between negative places")
        step, end = Slice(start, stop), cut.end()
    elif places := _PLACES.match(rest):
        at = tuple(int(x) for x in places[0].split(","))
        step, end = Places(at, len(at) == 1), places.end()
    if step is None or rest[end : end + 1] != "]":
        raise _wrong(text, "a name in quotes, numbers, a slice or * is expected in brackets")
    if deep and not isinstance(step, Key):
        raise ArgumentError(f"cannot follow the path '{text}' in columns: after .. a name is expected")
    return step, rest[end + 1 :]


def _wrong(text: str, why: str) -> ArgumentError:
    return ArgumentError(f"takes a JSON path such as '$.name[0]', '{text}' is none: {why}")


# -- following ---------------------------------------------------------------------------------------


def follow(index: Index, path: Path) -> tuple[Ints, NDArray[np.bool_]]:
    """The tokens of the values at `path`, those of one text in order; and the texts in which it breaks off.

    It breaks off where a step that wants one value, from one value, finds none.
    """
    # a text that is null is no document
    nodes = index.root[index.documents]
    broken = ~index.documents
    definite = True
    for step in path.steps:
        if definite:
            found, held = _one(index, nodes, step) if _is_definite(step) else _all(index, nodes, step)
            broken[index.doc[nodes[~held]]] = True
        else:
            found, _ = _one(index, nodes, step) if _is_definite(step) else _all(index, nodes, step)
        definite = definite and _is_definite(step)
        nodes = found
    return nodes, broken


def _one(index: Index, nodes: Ints, step: Step) -> tuple[Ints, NDArray[np.bool_]]:
    """The value at a step of each node, and which nodes have one."""
    reached = np.full(nodes.size, -1)
    if isinstance(step, Key):
        keys, owners = _keys(index, nodes, step.name)
        reached[owners] = keys + 2  # the last one of several counts, as it overwrites the others
    elif isinstance(step, Places):
        reached = _places(index, nodes, step)[:, 0]
    held = reached >= 0
    return reached[held], held


def _all(index: Index, nodes: Ints, step: Step) -> tuple[Ints, NDArray[np.bool_]]:
    """The values at a step of all nodes, and which nodes allow the step."""
    is_array = index.kind[nodes] == ARRAY
    if isinstance(step, Key):
        return _deep(index, nodes, step.name), np.ones(nodes.size, dtype=np.bool_)
    if isinstance(step, Places):
        found = _places(index, nodes, step).ravel()
        return found[found >= 0], is_array
    inner, owners = children(index, nodes)
    if isinstance(step, Each):
        return inner, np.ones(nodes.size, dtype=np.bool_)
    assert isinstance(step, Slice)
    place, size = index.ordinal[inner], np.bincount(owners, minlength=nodes.size)[owners]
    start, stop = step.start or 0, step.stop
    low = np.where(start < 0, size + start, start)
    high = size if stop is None else np.where(stop < 0, size + stop, stop)
    return inner[is_array[owners] & (place >= low) & (place < high)], is_array


def _owners(index: Index, nodes: Ints) -> Ints:
    """A token's place among `nodes`, or -1."""
    owner = np.full(index.kind.size + 1, -1)
    owner[nodes] = np.arange(nodes.size)
    return owner


def _keys(index: Index, nodes: Ints, name: str) -> tuple[Ints, Ints]:
    """The keys `name` of objects among `nodes`: their tokens, and the places of their objects."""
    keys = index.keys_named(name)
    owners = _owners(index, nodes)[index.parent[keys]]
    mine = owners >= 0
    return keys[mine], owners[mine]


def _places(index: Index, nodes: Ints, step: Places) -> Ints:
    """The elements of arrays, a row a node, a column a place; -1 where there is none."""
    inner, owners = children(index, nodes)
    elements = index.kind[nodes[owners]] == ARRAY
    inner, owners = inner[elements], owners[elements]
    size = np.bincount(owners, minlength=nodes.size)
    first = np.cumsum(size) - size
    at = np.array(step.at)[np.newaxis, :]
    wanted = np.where(at < 0, at + size[:, np.newaxis], at)
    there = (wanted >= 0) & (wanted < size[:, np.newaxis])
    padded = np.append(inner, -1)
    found: Ints = np.where(there, padded[np.where(there, first[:, np.newaxis] + wanted, -1)], -1)
    return found


def children(index: Index, nodes: Ints) -> tuple[Ints, Ints]:
    """The values inside `nodes`, node by node, and the places of their nodes."""
    values = np.flatnonzero(index.is_value & (index.parent >= 0))
    owners = _owners(index, nodes)[index.parent[values]]
    mine = owners >= 0
    values, owners = values[mine], owners[mine]
    in_object = index.kind[nodes[owners]] == OBJECT
    if in_object.any():
        # of a name that stands twice in an object the last value counts, at the first one's place
        members = pl.DataFrame(
            {"owner": owners[in_object], "name": index.strings(values[in_object] - 2), "value": values[in_object]}
        )
        members = members.group_by("owner", "name", maintain_order=True).agg(pl.col("value").last())
        values = np.concatenate((values[~in_object], members["value"].to_numpy()))
        owners = np.concatenate((owners[~in_object], members["owner"].to_numpy()))
    order = np.argsort(owners, kind="stable")
    return values[order], owners[order]


def _deep(index: Index, nodes: Ints, name: str) -> Ints:
    """Of every object at or below the nodes, the value of `name`; an object before the ones in it."""
    keys = index.keys_named(name)
    keys = keys[_below(index, nodes, keys)]
    parents = index.parent[keys]
    last = np.full(index.kind.size, -1)
    last[parents] = keys
    found = last[np.unique(parents)]
    values: Ints = found + 2
    return values


def _below(index: Index, nodes: Ints, tokens: Ints) -> NDArray[np.bool_]:
    """Which tokens stand inside one of `nodes`, which follow each other without overlap."""
    brackets = nodes[(index.kind[nodes] == OBJECT) | (index.kind[nodes] == ARRAY)]
    at = np.searchsorted(brackets, tokens, side="right") - 1
    inside = at >= 0
    inside[inside] = tokens[inside] < index.close[brackets[at[inside]]]
    return inside
