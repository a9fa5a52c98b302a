"""The golden files on Penstock: what Flink answered, for every cut of the input and every place of a crash.

A file that Penstock refuses for now says so itself, with the code of the error (`@refused`).
"""

from __future__ import annotations

import pytest

from penstock.core.errors import SqlError
from tests.golden import golden, local
from tests.golden.compare import differences
from tests.golden.golden import Answer, Golden

CASES = golden.find()
BY_KEY = ("joins", "over", "sessions", "topn", "updating")
"""The areas in which a cut matters most: of these files every sixteenth is cut in each run of the tests, as all are,
line by line, in those with real parts."""
QUERIES = [c for c in CASES if c.refused is None and c.expected().tables]


def _agree(case: Golden, actual: Answer) -> None:
    expected = case.expected()
    if case.text_differs is not None:
        expected, actual = _without_texts(expected), _without_texts(actual)
    found = differences(expected, actual, ordered=case.ordered)
    assert not found, "\n".join(found)


def _without_texts(answer: Answer) -> Answer:
    return Answer([*answer.tables], answer.error)


@pytest.mark.parametrize("case", [c for c in CASES if c.refused is None], ids=lambda case: case.name)
def test_it_gives_what_flink_gave(case: Golden) -> None:
    _agree(case, local.cut(case)[0])


@pytest.mark.parametrize("case", [c for c in CASES if c.refused is not None], ids=lambda case: case.name)
def test_what_is_not_supported_is_refused_by_name(case: Golden) -> None:
    answer, error = local.cut(case)
    assert error is not None, "this runs now: take its @refused away"
    assert error.code == case.refused, str(error)
    # what was refused as its rows came has begun a table
    before = answer.results if isinstance(error, SqlError) else answer.results[:-1]
    assert not differences(Answer(case.expected().results[: len(before)]), Answer(before))


@pytest.mark.parametrize(
    "case", [c for c in QUERIES if c.events and c.area in BY_KEY][::16], ids=lambda case: case.name
)
def test_it_gives_the_same_in_batches_of_three(case: Golden) -> None:
    _agree(case, local.cut(case, 3)[0])


@pytest.mark.real
@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("case", [c for c in QUERIES if c.events], ids=lambda case: case.name)
def test_it_gives_the_same_however_the_input_is_cut(case: Golden, rows: int) -> None:
    _agree(case, local.cut(case, rows)[0])


@pytest.mark.real
@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.name)
def test_it_gives_the_same_with_a_crash_after_every_checkpoint(case: Golden) -> None:
    answer, crashes = local.with_crashes(case, local.few(case))
    _agree(case, answer)
    if case.area == "windows" and answer.error is None:
        assert min(crashes) >= local.BARRIERS
