"""How often a secret may be guessed: by one client, and at one user's password, whoever guesses."""

from __future__ import annotations

import time
from collections import deque

from penstock.core.errors import RequestError

__all__ = ["Tries"]

_MOST, _SECONDS = 20, 60
"""So many wrong ones within so long; further ones are refused unseen, right ones too."""
_REMEMBERED = 10_000


class Tries:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._wrong: dict[str, deque[float]] = {}

    def begin(self, *whose: str) -> None:
        """Count a try as a wrong one, for as long as it is not `right`: so that many at once are no way around.

        `whose` end the sentence "20 wrong tokens or passwords came ...". Raises RequestError where there are too many.
        """
        now = time.monotonic()
        for one in whose:
            wrong = self._wrong.get(one, ())
            if sum(at > now - _SECONDS for at in wrong) >= _MOST:
                raise RequestError(
                    f"{_MOST} wrong tokens or passwords came {one}", code="request-tries", hint="wait a minute"
                )
        if len(self._wrong) + len(whose) > _REMEMBERED:
            self._wrong = {one: wrong for one, wrong in self._wrong.items() if wrong[-1] > now - _SECONDS}
            if len(self._wrong) > _REMEMBERED // 2:
                self._wrong.clear()
        for one in whose:
            self._wrong.setdefault(one, deque(maxlen=_MOST)).append(now)

    def right(self, *whose: str) -> None:
        """The try that was begun last was none of the wrong ones."""
        for one in whose:
            wrong = self._wrong.get(one)
            if wrong:
                wrong.pop()
            if not wrong:
                self._wrong.pop(one, None)
