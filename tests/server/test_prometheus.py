"""A real Prometheus scrapes a running project, loads the generated rules, and one of them fires."""

from __future__ import annotations

import json
import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cli.shell import PATIENCE, call, make_project, orders, started
from tests.cli.shell import append as append_orders
from tests.server.prometheus import prometheus, promtool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAD = """\
CREATE TABLE bad (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'bad', 'format' = 'json');
CREATE TABLE nowhere (id BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT 1 / id FROM bad;
"""

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a process that runs two pipelines, one of which fails."""
    folder = tmp_path_factory.mktemp("watched") / "shop"
    make_project(folder)
    (folder / "sql" / "z.sql").write_text(BAD, "utf-8")
    with (folder / "penstock.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[engine]\non-bad-row = "flink"\n')
    append_orders(folder, *orders(130))
    process = started("run", folder, "--port", 0, "--no-browser", "--log-format", "json")
    assert process.stderr is not None
    guard = threading.Timer(PATIENCE, process.kill)  # else a line that never comes is waited for
    guard.start()
    try:
        lines = (json.loads(line) for line in process.stderr)
        said = next(line["message"] for line in lines if "page and API" in line["message"])
        found = re.search(r"http://([\d.:]+)/", said)
        assert found is not None
        call("topic", "write", folder, "bad", given=b'{"id": 0}\n')
        failed = next(line for line in lines if line["event"] == "pipeline-failed")
        assert failed["error"]["code"] == "division-by-zero"
        yield found[1]
    finally:
        guard.cancel()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def test_promtool_finds_no_fault_in_the_metrics(address: str) -> None:
    httpx.get(f"http://{address}/metrics")
    assert promtool("check", "metrics", given=httpx.get(f"http://{address}/metrics").content) == ""


def test_it_scrapes_and_a_generated_rule_fires(address: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(call("observe", "rules").out, "utf-8")
    assert "SUCCESS: 11 rules found" in promtool("check", "rules", str(rules))
    panels = json.loads(call("observe", "grafana").out)["panels"]
    with prometheus(tmp_path, address, rules) as server:

        def firing() -> dict[str, Any] | None:
            found = server.ask("alerts")["alerts"]
            return next((a for a in found if a["state"] == "firing"), None)

        alert = server.until(firing)
        assert alert["labels"]["alertname"] == "PenstockPipelineFailed"
        assert alert["labels"]["severity"] == "critical"
        assert alert["annotations"]["summary"] == f"Pipeline {alert['labels']['pipeline']} has stopped with an error"
        loaded = [rule for group in server.ask("rules")["groups"] for rule in group["rules"]]
        assert {rule["lastError"] if "lastError" in rule else rule["health"] for rule in loaded} == {"ok"}

        def scraped_twice() -> Any:
            asked = server.ask("query", query='count_over_time(up{job="penstock"}[1m]) > 2')
            return asked["result"] or None

        server.until(scraped_twice)
        (target,) = server.ask("targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        silent = {}
        for panel in panels:
            for query in panel.get("targets", ()):
                expression = query["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                result = server.ask("query", query=expression.replace("$pipeline", ".*"))["result"]
                if not result:
                    silent[panel["title"]] = expression
        assert set(silent) <= {"Consumer lag", "Questions refused"}, "every panel has something to show"
