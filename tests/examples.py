"""How many examples a property is tried with: of the number it asks for, `make test` takes a quarter.

`PENSTOCK_EXAMPLES` says so: `few` is that quarter; without it all are tried, as `make test-real` does. Both try the
same ones in each run, so that no run fails by chance; `new` tries all, and others each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

__all__ = ["examples"]

_HOW = os.environ.get("PENSTOCK_EXAMPLES", "")


def examples(most: int = 100, **more: Any) -> settings:
    """Settings of a property that is tried with at most so many examples; `more` are those of Hypothesis."""
    count = max(most // 4, min(most, 5)) if _HOW == "few" else most
    # how long an example takes is the machine's matter
    return settings(deadline=None, max_examples=count, derandomize=_HOW != "new", **more)
