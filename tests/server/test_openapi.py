"""The API against its own description: whatever fits it is answered without a 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 6
LEFT_OUT = {"/api/stream"}
"""What has no end."""
THERE = ("/api/tables/", "/api/topics/", "/api/pipelines/")
"""What is asked by a name that there is."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("api") / "shop") as served:
        yield served


@pytest.mark.real
def test_nothing_that_is_sent_breaks_the_server(api: Served) -> None:
    import schemathesis  # at its first use: it takes long

    described = schemathesis.openapi.from_dict(api.get("/openapi.json"))
    operations: list[Any] = [found.ok() for found in described.get_all_operations()]  # type: ignore[union-attr]
    asked = {o.label: statuses_of(o, api.serving.url.rstrip("/")) for o in operations if o.path not in LEFT_OUT}
    assert len(asked) >= 40
    assert sum(any(status < 300 for status in statuses) for statuses in asked.values()) >= 25, asked


def statuses_of(operation: Any, url: str) -> set[int]:
    """What was answered to requests that the description allows."""
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if case.path.startswith(THERE):
            case.path_parameters["name"] = "orders"
        if case.path == "/api/query" and isinstance(case.body, dict):
            case.body["seconds"] = 1
        answer = case.call(base_url=url, timeout=60)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            kind = answer.headers["content-type"][0]
            assert kind.startswith(("application/problem+json", "application/vnd.schemaregistry")), kind
        statuses.add(answer.status_code)

    ask()
    return statuses


def test_every_operation_is_described(api: Served) -> None:
    document = api.get("/openapi.json")
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert len({op["operationId"] for op in operations}) == len(operations) >= 40
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert operation["description"], operation["operationId"]
        assert set(operation["tags"]) <= tags
        assert operation["responses"]["default"]["content"], operation["operationId"]
