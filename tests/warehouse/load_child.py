"""A process that loads what a folder's source has delivered, and kills itself at a phase of it.

    python -m tests.warehouse.load_child FOLDER PHASE [URL CA PASSWORD]

It loads into a PostgreSQL where one is named, else into the file of DuckDB. PHASE counts from 1, in the order in
which the load tells of them; with 0 it lives, and prints their names.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from penstock.warehouse.model import model_of
from penstock.warehouse.postgres import Address, PostgresDatabase
from tests.warehouse.loads import Shop

__all__ = ["begun"]

FIRST = "id,name,credit,since\n" + "".join(f"{n},n{n},{n}.5,2026-01-01 10:00:00\n" for n in range(50))
SECOND = FIRST.replace("7,n7,", "7,seven,").replace("9,n9,9.5", "9,n9,-1").replace("\n3,n3,3.5,2026-01-01 10:00:00", "")
SOURCE = 'on_delete = "close"'
SCHEMA = """
key = ["id"]
[columns.id]
type = "BIGINT"
[columns.name]
type = "STRING"
[columns.credit]
type = "DECIMAL(8, 2)"
[columns.since]
type = "TIMESTAMP"
"""
RULES = """
on = "staging.customers"
[rules.credit_fits]
range = "credit"
from = "0"
then = "quarantine"
"""
MODEL = model_of(
    {
        "customer": 'kind="dimension"\nfrom="staging.customers"\nkey=["id"]\nattributes=["name"]\nfirst="open"',
        "credits": 'kind="fact"\nfrom="staging.customers"\nkey=["id"]\ntime="since"\nmeasures=["credit"]\n'
        '[dimensions.customer]\ndimension="customer"\nkey=["id"]',
    }
)


def begun(folder: Path) -> Shop:
    """A shop whose first night is loaded, and whose second one is delivered."""
    folder.mkdir()
    shop = Shop(folder, SCHEMA, SOURCE, RULES, MODEL)
    shop.deliver(FIRST)
    shop.load("first")
    shop.deliver(SECOND)
    return shop


def _main(folder: str, last: int, address: Address | None) -> None:
    if address is not None:
        Shop.opened = staticmethod(lambda _: PostgresDatabase(address, kept=1))
    shop = Shop(Path(folder), "", SOURCE, RULES, MODEL)
    told = shop.told.phase

    def phase(name: str) -> None:
        told(name)
        if len(shop.told.phases) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    shop.told.phase = phase  # type: ignore[method-assign]
    shop.clock.advance(1_000)
    shop.load("second")
    shop.database.close()
    print(*shop.told.phases)


if __name__ == "__main__":
    folder, last, *server = sys.argv[1:]
    _main(folder, int(last), Address(server[0], ca=Path(server[1]), password=server[2]) if server else None)
