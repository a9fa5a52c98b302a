"""`Retry`: how often a run that has failed is tried again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Retry"]


@dataclass(frozen=True, slots=True)
class Retry:
    """`times` further attempts: the first after about `first` ms, each later one after twice as long, up to `longest`.

    Between half and all of that, so that jobs that failed together do not come back together.
    """

    times: int = 3
    first: int = 10_000
    longest: int = 600_000

    def wait(self, attempt: int) -> int | None:
        """Ms until the attempt after number `attempt` (from 1), which has failed; None where there is none."""
        if attempt > self.times:
            return None
        whole = min(self.first << min(attempt - 1, 40), self.longest)
        return round(whole * random.uniform(0.5, 1.0))  # noqa: S311  # no secret hangs on it
