"""The index from keys to slots, and the state that stands on it: against a dictionary."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from penstock.engine.keyed import KeyedState
from penstock.engine.keys import KeyIndex
from penstock.engine.runs import read_blob

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEYS = {"a": pl.Int64(), "b": pl.String()}
VALUES = {
    "n": pl.Int64(),
    "text": pl.String(),
    "price": pl.Decimal(38, 2),
    "at": pl.Datetime("ms"),
    "many": pl.List(pl.Int64()),
    "yes": pl.Boolean(),
    "day": pl.Date(),
}


def colliding(keys: pl.DataFrame, seed: int) -> NDArray[np.uint64]:
    """Two hashes for all keys of the first seeds: nearly every key meets another."""
    return keys.hash_rows(seed).to_numpy() % np.uint64(2 if seed < 2 else 7)


def frame_of(keys: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(keys, schema=KEYS, orient="row")


@pytest.mark.parametrize("hashed", [None, colliding], ids=["hashed", "colliding"])
def test_each_key_has_one_slot_until_it_is_removed(hashed: Any) -> None:
    index = KeyIndex(KEYS) if hashed is None else KeyIndex(KEYS, hashed)
    chance = random.Random(1)
    known: dict[tuple[Any, ...], int] = {}
    for _ in range(60):
        asked = [(chance.choice([None, 1, 2, 3]), chance.choice([None, "", "x", "y", "z" * 20])) for _ in range(9)]
        found = index.find(frame_of(asked))
        assert [known.get(k, -1) for k in asked] == found.tolist()
        slots, new = index.place(frame_of(asked))
        assert {k for k in asked if k not in known} == set(index.keys(new).rows())
        for key, slot in zip(asked, slots.tolist(), strict=True):
            assert known.setdefault(key, slot) == slot
        assert len(set(known.values())) == len(known) == len(index)
        gone = chance.sample(sorted(known, key=str), min(3, len(known)))
        index.remove(np.array([known.pop(k) for k in gone]))
        assert sorted(known.values()) == index.slots.tolist()


def test_slots_are_used_again_and_the_table_does_not_grow_with_the_keys_that_went() -> None:
    index = KeyIndex({"a": pl.Int64()})
    for start in range(0, 200_000, 2_000):
        slots, _ = index.place(pl.DataFrame({"a": range(start, start + 2_000)}, schema={"a": pl.Int64}))
        index.remove(slots)
    assert index.end == 2_000
    assert index.size < 1 << 20


def test_a_key_is_found_after_the_one_whose_hash_it_shares_was_forgotten() -> None:
    def shared(keys: pl.DataFrame, seed: int) -> NDArray[np.uint64]:
        hashes = keys["a"].to_numpy().astype(np.uint64)
        return np.where(hashes < 2, 0, hashes) if seed == 0 else hashes

    index = KeyIndex({"a": pl.Int64()}, shared)
    (first, second), _ = index.place(pl.DataFrame({"a": [0, 1]}))
    index.remove(np.array([first]))
    for start in range(2, 6_002, 2_000):  # so many keys go that the table is written anew, without them
        index.remove(index.place(pl.DataFrame({"a": range(start, start + 2_000)}, schema={"a": pl.Int64}))[0])
    assert index.find(pl.DataFrame({"a": [0, 1]})).tolist() == [-1, second]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pl.List(pl.Int64()), [[1, 2], [1], [], None]),
        (pl.Struct({"x": pl.Int64(), "y": pl.String()}), [{"x": 1, "y": None}, {"x": None, "y": "a"}, None]),
        (pl.Binary(), [b"a", b"", None]),
        (pl.Decimal(20, 2), [Decimal("1.00"), Decimal("1.01"), None]),
        (pl.Datetime("us", "UTC"), [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None]),
        (pl.Boolean(), [True, False, None]),
    ],
    ids=str,
)
def test_keys_are_of_any_type(kind: pl.DataType, values: list[Any]) -> None:
    index = KeyIndex({"k": kind})
    frame = pl.DataFrame({"k": pl.Series(values + values, dtype=kind)})
    slots, new = index.place(frame)
    assert slots.tolist()[: len(values)] * 2 == slots.tolist()
    assert index.find(frame).tolist() == slots.tolist()
    assert index.keys(slots).equals(frame)
    assert sorted(new) == [*range(len(values))]


def test_without_columns_there_is_one_key() -> None:
    index = KeyIndex({})
    rows = pl.DataFrame(height=3)
    assert index.find(rows).tolist() == [-1, -1, -1]
    assert index.place(rows)[0].tolist() == [0, 0, 0]
    assert index.place(rows)[1].tolist() == []
    index.remove(np.array([0]))
    assert index.find(rows).tolist() == [-1, -1, -1]


def row_of(chance: random.Random) -> tuple[Any, ...]:
    row = (
        chance.randrange(99),
        "t" * chance.randrange(20),
        Decimal(chance.randrange(999)) / 100,
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None) + dt.timedelta(seconds=chance.randrange(999)),
        [*range(chance.randrange(3))],
        chance.random() < 0.5,
        dt.date(2024, 1, 1 + chance.randrange(28)),
    )
    return tuple(None if chance.random() < 0.2 else v for v in row)


def test_state_is_restored_from_any_checkpoint_and_deltas_are_small() -> None:
    chance = random.Random(2)
    state = KeyedState("s", KEYS, VALUES)
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    stored: dict[str, bytes] = {}
    for step in range(60):
        changed = {(chance.randrange(400), chance.choice([None, "x"])): row_of(chance) for _ in range(40)}
        slots, _ = state.place(frame_of([*changed]))
        state.put(slots, pl.DataFrame([*changed.values()], schema=VALUES, orient="row"))
        rows |= changed
        gone = chance.sample(sorted(rows, key=str), 7)
        state.remove(state.find(frame_of(gone)))
        for key in gone:
            del rows[key]
        meta, new = state.snapshot()
        stored = {k: v for k, v in (stored | new).items() if k in state.live}
        if step % 10 == 9:
            again = KeyedState("s", KEYS, VALUES)
            again.restore(meta, stored)
            assert again.find(frame_of([*rows])).tolist() == state.find(frame_of([*rows])).tolist()
            found = dict(zip(again.keys(again.slots).rows(), again.take(again.slots).rows(), strict=True))
            assert found == rows
            state = again
    assert state.snapshot() == (meta, {})


def test_a_checkpoint_of_a_large_state_writes_what_changed() -> None:
    state = KeyedState("s", {"a": pl.Int64()}, {"n": pl.Int64()})
    slots, _ = state.place(pl.DataFrame({"a": range(100_000)}, schema={"a": pl.Int64}))
    state.put(slots, pl.DataFrame({"n": slots}))
    whole = sum(map(len, state.snapshot()[1].values()))
    for _ in range(40):
        state.put(slots[:50], pl.DataFrame({"n": slots[:50]}))
        assert sum(map(len, state.snapshot()[1].values())) < whole / 20
    assert len(state.live) < 40


def test_a_state_that_only_grows_is_written_once() -> None:
    state = KeyedState("t", {"a": pl.Int64()}, {"n": pl.Int64()})
    written = 0
    for start in range(0, 60_000, 3_000):
        rows = pl.DataFrame(
            {"a": range(start, start + 3_000), "n": range(3_000)}, schema={"a": pl.Int64, "n": pl.Int64}
        )
        state.put(state.place(rows)[0], rows.select("n"))
        written += sum(read_blob(blob).height for blob in state.snapshot()[1].values())
    assert written == 60_000
