"""What a source says that gives nothing now: the run goes on without it."""

from __future__ import annotations

from penstock.core.errors import DataError

__all__ = ["AwayError"]


class AwayError(DataError):
    """A source does not answer, or not as it should: nothing of it is loaded, the next run asks again."""

    code = "source-away"
