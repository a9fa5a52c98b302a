"""`penstock job`: what a person reads of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.shell import call
from tests.jobs.worlds import make

if TYPE_CHECKING:
    from pathlib import Path


def test_each_error_of_a_run_stands_in_its_own_lines(tmp_path: Path) -> None:
    folder = make(tmp_path / "p", '[jobs.nightly]\nkind = "load"\nretries = 0\n')
    (folder / "sources").mkdir()
    for name in ("customers", "orders"):
        (folder / "sources" / f"{name}.toml").write_text(f'kind = "csv"\npath = "data/{name}.csv"')
    done = call("job", "run", folder, "nightly")
    assert done.code == 1
    assert done.err.splitlines()[-4:] == [
        "customers: no file is called data/customers.csv",
        str(folder),
        "orders: no file is called data/orders.csv",
        str(folder),
    ]
