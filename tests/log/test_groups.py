"""Consumer groups: commits, lag, resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import LogError
from tests.log.conftest import NOW
from tests.log.rows import numbered, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.core.clock import ManualClock
    from penstock.log import Log


@pytest.fixture
def group(log: Log) -> Log:
    log.create_topic("t", 2)
    log.append("t", records("abcdef", timestamps=[1, 2, 3, 4, 5, 6], partitions=[0, 0, 0, 0, 1, 1]))
    log.groups.commit("g", {"t": {0: 1, 1: 2}})
    return log


def test_a_commit_replaces_what_it_names_and_leaves_the_rest(group: Log, clock: ManualClock) -> None:
    clock.advance(5)
    group.groups.commit("g", {"t": {0: 3}})
    assert group.groups.offsets("g") == {"t": {0: 3, 1: 2}}
    assert [(o.partition, o.offset, o.end, o.lag, o.committed_ms) for o in group.groups.describe("g")] == [
        (0, 3, 4, 1, NOW + 5),
        (1, 2, 2, 0, NOW),
    ]
    assert group.groups.offsets("never") == {}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"to": "earliest"}, {0: 0, 1: 0}),
        ({"to": "latest"}, {0: 4, 1: 2}),
        ({"to": {1: 1}}, {1: 1}),
        ({"shift": 2}, {0: 3, 1: 2}),
        ({"shift": -9}, {0: 0, 1: 0}),
        ({"time_ms": 3}, {0: 2, 1: 0}),
        ({"time_ms": 6}, {0: 4, 1: 1}),
        ({"time_ms": 7}, {0: 4, 1: 2}),
    ],
)
def test_resets(group: Log, target: dict[str, Any], expected: dict[int, int]) -> None:
    assert group.groups.reset("g", "t", **target) == expected
    assert group.groups.offsets("g")["t"] == {0: 1, 1: 2} | expected


def test_a_group_can_be_reset_before_it_ever_read(group: Log) -> None:
    assert group.groups.reset("new", "t", "latest") == {0: 4, 1: 2}
    assert group.groups.names() == ["g", "new"]


def test_deleting_a_group_forgets_it(group: Log) -> None:
    group.groups.delete("g")
    assert group.groups.names() == []


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda log: log.groups.commit("g", {"t": {2: 0}}),
            (
                "cannot commit offset 0 of partition 2 of topic 't'\n"
                "hint: its partitions are 0 to 1, offsets count from 0"
            ),
        ),
        (
            lambda log: log.groups.commit("g", {"t": {0: -1}}),
            (
                "cannot commit offset -1 of partition 0 of topic 't'\n"
                "hint: its partitions are 0 to 1, offsets count from 0"
            ),
        ),
        (lambda log: log.groups.commit("g", {"u": {0: 1}}), "there is no topic 'u'\nhint: there are t"),
        (lambda log: log.groups.describe("gg"), "group 'gg' has committed nothing\nhint: did you mean g?"),
        (lambda log: log.groups.delete("x"), "group 'x' has committed nothing\nhint: there are g"),
        (lambda log: log.groups.reset("x", "t", shift=1), "group 'x' has committed nothing\nhint: there are g"),
        (
            lambda log: log.groups.reset("g", "t", {0: 5}),
            ("offset 5 of partition 0 of topic 't' is out of range\nhint: kept are offsets 0 to 4 (the end)"),
        ),
        (
            lambda log: log.groups.reset("g", "t"),
            ("a reset needs exactly one target\nhint: give one of: earliest, latest, offsets, a shift, a time"),
        ),
        (
            lambda log: log.groups.reset("g", "t", "latest", shift=1),
            ("a reset needs exactly one target\nhint: give one of: earliest, latest, offsets, a shift, a time"),
        ),
        (
            lambda log: log.groups.reset("g", "t", "end"),
            ("a group cannot be reset to 'end'\nhint: give one of: earliest, latest, offsets, a shift, a time"),
        ),
    ],
)
def test_errors(group: Log, attempt: Callable[[Log], None], message: str) -> None:
    with pytest.raises(LogError) as caught:
        attempt(group)
    assert str(caught.value) == message
    assert group.groups.offsets("g") == {"t": {0: 1, 1: 2}}


def test_the_first_group_is_missed_kindly(log: Log) -> None:
    with pytest.raises(LogError, match="group 'g' has committed nothing\nhint: no group exists yet"):
        log.groups.describe("g")


def test_lag_grows_with_the_topic(group: Log) -> None:
    group.append("t", numbered(10, keys=10))
    assert sum(offset.lag for offset in group.groups.describe("g")) == 13
