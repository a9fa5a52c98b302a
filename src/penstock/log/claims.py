"""What is done once though it is asked for twice: a key is claimed in the transaction that does it, with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import LogError

if TYPE_CHECKING:
    from penstock.core.clock import Clock
    from penstock.log.commit import Write, Writer
    from penstock.log.file import LogFile

__all__ = ["KEPT_MS", "Claim", "Claims", "put_claim", "require_free"]

KEPT_MS = 24 * 3_600_000
"""How long a claim holds."""

_EXPIRED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """What was done under a key: the `digest` of what was asked, and the `answer`."""

    digest: bytes
    answer: bytes


class Claims:
    """Keys by scope; each is forgotten after KEPT_MS."""

    def __init__(self, file: LogFile, writer: Writer, clock: Clock) -> None:
        self._file = file
        self._writer = writer
        self._clock = clock

    def find(self, scope: str, key: str) -> Claim | None:
        """What was done under the key, if it still holds."""
        with self._file.reading() as connection:
            for digest, answer in connection.rows(
                "SELECT digest, answer FROM claim WHERE scope = ? AND key = ? AND time > ?",
                scope,
                key,
                self._clock.now_ms() - KEPT_MS,
            ):
                return Claim(digest, answer)
        return None

    def expire(self) -> bool:
        """Forget some that no longer hold; whether there were any."""
        before = self._clock.now_ms() - KEPT_MS
        with self._file.reading() as connection:
            old = connection.rows("SELECT scope, key FROM claim WHERE time <= ? LIMIT ?", before, _EXPIRED_AT_ONCE)
        if not old:
            return False

        def work(write: Write) -> None:
            write.connection.executemany("DELETE FROM claim WHERE scope = ? AND key = ? AND time <= ?", gone)

        gone = [(scope, key, before) for scope, key in old]
        self._writer.run_aside(work)
        return True


def require_free(write: Write, scope: str, key: str) -> None:
    """Raises LogError where the key is claimed and the claim holds."""
    found = write.connection.execute("SELECT time FROM claim WHERE scope = ? AND key = ?", (scope, key)).get
    if found is not None and found > write.now_ms - KEPT_MS:
        raise LogError(f"key '{key}' is claimed already", code="claim-exists", hint="its answer is kept")


def put_claim(write: Write, scope: str, key: str, digest: bytes, answer: bytes) -> None:
    """Claim the key, or take it over from a claim that no longer holds."""
    write.connection.execute(
        "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?)", (scope, key, write.now_ms, digest, answer)
    )
