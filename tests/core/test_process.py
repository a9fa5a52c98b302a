"""What a process of Penstock's own sets for its libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SETTLED = """
import gc, os
from penstock.core.process import settle
settle()
print(gc.isenabled(), gc.get_threshold()[0] > 10_000, os.environ["OPENBLAS_NUM_THREADS"])
"""


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_garbage_is_looked_for_less_often_and_threads_are_few_unless_the_environment_says_otherwise(
    given: dict[str, str], threads: str
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"} | given
    done = subprocess.run([sys.executable, "-c", SETTLED], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", threads]
