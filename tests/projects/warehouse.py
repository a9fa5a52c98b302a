"""The project `warehouse` in a folder of a test: nights that come, loads that are done, and what the files have."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from penstock.apps.warehouse.samples import RAW, Night, deliver
from penstock.apps.warehouse.shop import Shop
from tests.parts import until
from tests.projects.folders import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from penstock.apps.warehouse.samples import Change
    from penstock.jobs import Run
    from penstock.project.penstock import Penstock

__all__ = ["FILES", "SHOP", "changes", "come", "counts", "loaded", "project", "rid_of", "tables"]

SHOP = Shop(seed=5, customers=120, sales=300)
FILES = ("customers", "sales_data")
JOB = "daily_etl_pipeline"


def project(folder: Path, *, sources: Iterable[str] = FILES, night: int = 1) -> Path:
    """The project with the files of a night; its load has these sources."""
    laid_out("warehouse", folder)
    jobs = folder / "jobs.toml"
    text = jobs.read_text("utf-8")
    assert 'sources = ["customers", "sales_data", "api_users"]' in text
    listed = ", ".join(f'"{name}"' for name in sources)
    jobs.write_text(text.replace('["customers", "sales_data", "api_users"]', f"[{listed}]"), "utf-8")
    come(folder, night)
    return folder


def come(folder: Path, night: int, change: Change = "none") -> Night:
    """The files of a night come."""
    delivered = deliver(night, SHOP, change)
    delivered.write(folder / RAW)
    return delivered


def rid_of(folder: Path, faulty: str) -> None:
    """Take the customers whose number begins so out of their file."""
    file = folder / RAW / "customers.csv"
    rows = csv.reader(io.StringIO(file.read_bytes().decode("cp1252"), newline=""), delimiter=";")
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(row for row in rows if not row[0].startswith(faulty))
    file.write_bytes(text.getvalue().encode("cp1252"))


def loaded(penstock: Penstock, job: str = JOB) -> Run:
    """The load is done now, in this process, to whatever end."""
    run = penstock.jobs.begin(job, {})
    with penstock.jobs.working(run.id):
        until(lambda: penstock.jobs.run(run.id).ended, f"{run.id} does not end")
    return penstock.jobs.run(run.id)


def counts(run: Run) -> dict[str, dict[str, int]]:
    """What each step has counted."""
    return {step.name: dict(step.outcome.counts) for step in run.steps}


def changes(run: Run) -> dict[str, tuple[int, ...]]:
    """Rows inserted, updated and deleted, by table; of those that had any."""
    found = {table: numbers for step in run.steps for table, numbers in step.outcome.changes.items()}
    kinds = ("inserted", "updated", "deleted")
    return {table: tuple(n.get(kind, 0) for kind in kinds) for table, n in found.items() if any(n.values())}


def tables(penstock: Penstock, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of tables, in an order of their own."""
    return {name: penstock.query(f"SELECT * FROM {name} ORDER BY ALL").rows() for name in names}
