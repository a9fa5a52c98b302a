"""A process that loads customers into a PostgreSQL, and kills itself before one of its statements.

    python -m tests.warehouse.load_child URL CA PASSWORD STATEMENT

STATEMENT counts from 1; with 0 it lives, and prints how many there were.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from penstock.warehouse.postgres import Address, PostgresDatabase
from penstock.warehouse.postgres.database import PostgresSession
from tests.warehouse.changes import CUSTOMERS, Change, load, model

__all__ = ["LATER"]

LATER = [Change((1, "a", "late"), 1), Change((2, "b", "z"), 3), Change((3, "c", "x"), 0)]


def _main(url: str, authority: str, password: str, last: int) -> None:
    done, run = 0, PostgresSession.run

    def counted(self: PostgresSession, sql: str, *parameters: Any) -> int:
        nonlocal done
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, sql, *parameters)

    PostgresSession.run = counted  # type: ignore[method-assign]
    database = PostgresDatabase(Address(url, ca=Path(authority), password=password), kept=1)
    load(database, model(), CUSTOMERS, LATER, "later")
    database.close()
    print(done)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
