"""Jobs of kind ingest: an API's records become messages once, and a load of the topic makes them rows once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from penstock.apps.warehouse.api import Api, ApiServer
from penstock.apps.warehouse.users import users
from penstock.core.clock import SystemClock
from penstock.core.errors import ConfigError, LogError
from penstock.project.audit import doer
from tests.cli.shell import PATIENCE
from tests.jobs.streamed import COUNT as COUNTED
from tests.jobs.worlds import make, opened, settled
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 70
JOBS = """
[jobs.kafka_data_ingestion]
kind = "ingest"
sources = ["api_users"]
on-request = ["customers"]
topic = "data-stream"
retries = 0
parameters = ["also STRING = ''"]

[jobs.stream_processing_pipeline]
kind = "load"
sources = ["stream_users"]
retries = 0
"""
STREAM = """
kind = "topic"
into = "staging.api_users"
mode = "changes"
topic = "data-stream"
group = "stream_processor_group"
only = "api_users"
schema = "api_users"
"""


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer(Api({"users": users(COUNT)}), port=0) as found:
        yield found


@pytest.fixture
def project(tmp_path: Path, api: ApiServer) -> Path:
    folder = make(tmp_path / "p", JOBS, '[network]\nallow = ["127.0.0.1"]\n[topics.data-stream]\npartitions = 2\n')
    write(folder, "sources/api_users.toml", f'kind = "http"\nurl = "{api.url}/link/users"\n[paging]\nkind = "link"\n'
          '[limits]\nretries = 0')  # fmt: skip
    write(folder, "sources/customers.toml", 'kind = "csv"\npath = "data/*.csv"')
    write(folder, "sources/stream_users.toml", STREAM)
    write(folder, "data/customers.csv", "id,name\n1,Ada\n2,Bo\n1,Ada\n")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def test_records_of_an_api_are_messages_once_and_rows_once(project: Path, api: ApiServer) -> None:
    with opened(project) as p:

        def done(job: str, **given: str) -> dict[str, int]:
            run = settled(p, p.jobs.begin(job, given).id)
            assert run.state == "success", run.error
            return {f"{step.name}.{name}": n for step in run.steps for name, n in step.outcome.counts.items() if n}

        assert done("kafka_data_ingestion") == {"api_users.read": COUNT, "api_users.loaded": COUNT}
        assert done("kafka_data_ingestion") == {"api_users.read": COUNT, "api_users.duplicate": COUNT}
        assert done("kafka_data_ingestion", also="all") == {
            "api_users.read": COUNT, "api_users.duplicate": COUNT,
            "customers.read": 3, "customers.loaded": 2, "customers.duplicate": 1,
        }  # fmt: skip
        assert sum(p.log.ends("data-stream").values()) == COUNT + 2
        assert done("stream_processing_pipeline") == {"stream_users.read": COUNT, "stream_users.loaded": COUNT}
        assert [path.name for path in (project / "schemas").iterdir()] == ["api_users.toml"]
        assert done("stream_processing_pipeline") == {}
        api.api.lists["users"].append({**api.api.lists["users"][0], "id": 1_000})
        done("kafka_data_ingestion")
        assert done("stream_processing_pipeline") == {"stream_users.read": 1, "stream_users.loaded": 1}
        found = p.query("SELECT count(*), count(DISTINCT id), max(id) FROM staging.api_users").rows()
        assert found == [(COUNT + 1, COUNT + 1, 1_000)]
        assert sum(one.lag for one in p.log.groups.describe("stream_processor_group")) == 0


def test_an_api_that_is_down_is_told_and_the_run_goes_on(project: Path, api: ApiServer) -> None:
    api.api.manners.outage = 1
    with opened(project) as p:
        run = settled(p, p.jobs.begin("kafka_data_ingestion", {"also": "customers"}).id)
        assert run.state == "partial"
        assert [step.outcome.note for step in run.steps] == [
            f"{api.url}/link/users: HTTP 503 Service Unavailable",
            "",
        ]
        assert sum(p.log.ends("data-stream").values()) == 2
        executions = "SELECT pipeline_name, status, records_processed, error_message FROM pipeline_executions"
        assert p.query(executions).rows() == [
            ("kafka_data_ingestion", "PARTIAL", 3, f"api_users: {api.url}/link/users: HTTP 503 Service Unavailable")
        ]
        assert any("HTTP 503 Service Unavailable" in line.line for line in p.jobs.lines(run.id)[1])


@pytest.mark.parametrize("limits", ['max-wait = "1 h"', 'requests = 1\nper = "1 h"'])
def test_a_run_that_waits_for_an_api_hears_that_it_is_cancelled(project: Path, api: ApiServer, limits: str) -> None:
    api.api.manners.told.extend([(429, "3000")] * 2 if "max-wait" in limits else [])
    write(project, "sources/api_users.toml", f'kind = "http"\nurl = "{api.url}/link/users"\n[paging]\nkind = "link"\n'
          f'[limits]\n{limits}')  # fmt: skip
    write(project, "jobs.toml", JOBS.replace('["stream_users"]', '["api_users"]'))
    with opened(project, SystemClock()) as p:
        for job in ("kafka_data_ingestion", "stream_processing_pipeline"):
            api.api.asked.clear()
            scheduler = p.jobs.scheduling()
            run = p.jobs.begin(job, {})
            scheduler.tick()
            until(lambda: api.api.asked, "the API was not asked")
            p.jobs.cancel(run.id)
            scheduler.tick()
            scheduler.settle()
            scheduler.stop()
            assert (p.jobs.run(run.id).state, len(api.api.asked)) == ("cancelled", 1)
        executions = "SELECT pipeline_name, status, error_message FROM pipeline_executions ORDER BY pipeline_name"
        by = f"it was cancelled by {doer().caller.name}"
        assert p.query(executions).rows() == [
            ("kafka_data_ingestion", "FAILED", by), ("stream_processing_pipeline", "FAILED", by),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('topic = "data-stream"', 'broker = "kafka:29092"\ntopic = "data-stream"',
         "a broker is named (kafka:29092), and topics are those of the project's own log for now\njobs.toml:6"),
        ('sources = ["api_users"]', 'sources = ["api_user"]', "there is no source 'api_user'\njobs.toml:4"),
        ('["api_users"]', '["stream_users"]', "source stream_users is a topic, and what it has are messages already"),
        ('"data-stream"', '"__runs"', "topic '__runs' is the system's own: it is not written or"),
        ("parameters", "# ", "on-request goes with the parameter also, by which a run asks for such sources"),
    ],
)  # fmt: skip
def test_jobs_that_are_wrong(project: Path, before: str, after: str, told: str) -> None:
    write(project, "jobs.toml", JOBS.replace(before, after, 1))
    with opened(project) as p, pytest.raises((ConfigError, LogError)) as caught:
        p.jobs.begin("kafka_data_ingestion", {})
    assert told in str(caught.value)


def test_what_is_asked_for_has_to_be_there(project: Path) -> None:
    with opened(project) as p:
        run = settled(p, p.jobs.begin("kafka_data_ingestion", {"also": "customer"}).id)
        assert run.state == "failed"
        assert "job 'kafka_data_ingestion' takes no source 'customer' on request" in run.error


@pytest.mark.real
def test_a_process_killed_anywhere_between_source_and_warehouse_doubles_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.streamed", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) > 15, done.stderr
    for one in told:
        assert (one["messages"], one["rows"], one["read"]) == (COUNTED, [COUNTED, COUNTED, 1], COUNTED), one
