"""Settings are shown with what is allowed, and never with a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from penstock.project.settings_shown import shown_settings
from tests.cli.shell import call, make_project
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TOML = """
[engine]
idle-timeout = "30 s"

[files]
roots = ["/data", "/more"]

[topics.clicks]
partitions = 4
"retention.ms" = "30 d"

[s3]
endpoint = "http://user:hidden-password@127.0.0.1:9"
access-key = "${SHOWN_KEY}"
secret-key = "${SHOWN_SECRET}"
"""


def test_values_defaults_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWN_SECRET", "hidden-secret")
    folder = make_project(tmp_path / "p", toml=TOML)
    found = {(one.section, one.name): one for one in shown_settings(folder)}
    idle = found["engine", "idle-timeout"]
    assert (idle.value, idle.default, idle.allowed) == ("30 s", "0", "a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d")
    assert found["engine", "threads"].value is None
    assert found["files", "roots"].value == "/data, /more"
    assert (found["topics.clicks", "partitions"].value, found["topics.clicks", "retention.ms"].value) == ("4", "30 d")
    assert ("topics.clicks", "cleanup.policy") not in found
    any_topic = found["topics.NAME", "also-format"]
    assert (any_topic.value, any_topic.choices) == (None, ("avro-confluent",))
    assert found["engine", "threads"].choices == ()
    assert found["s3", "endpoint"].value == "http://***@127.0.0.1:9"
    assert (found["s3", "secret-key"].value, found["s3", "secret-key"].missing) == ("${SHOWN_SECRET}", False)
    assert found["s3", "access-key"].missing


def test_over_http_and_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWN_SECRET", "hidden-secret")
    folder = make_project(tmp_path / "p", toml=TOML)
    with serve(folder, engine=False, rows=0) as served:
        answer = served.get("/api/settings")
        assert next(one for one in answer if one["name"] == "secret-key")["value"] == "${SHOWN_SECRET}"
        assert "hidden" not in json.dumps(answer)
    listed = call("settings", folder, "--format", "json")
    assert [json.loads(line)["name"] for line in listed.out.splitlines()] == [
        "name", "idle-timeout", "partitions", "retention.ms", "roots", "endpoint", "access-key", "secret-key",
    ]  # fmt: skip
    assert listed.err == "[s3] access-key: the environment has no variable ${SHOWN_KEY}\n"
    assert "hidden" not in listed.out
    assert len(call("settings", folder, "--all", "--format", "json").out.splitlines()) > 20
