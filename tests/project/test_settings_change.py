"""One setting is changed in penstock.toml, by a command or over HTTP, and the rest of the file stays as it is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import pytest

import penstock
from penstock.core.errors import ConfigError
from penstock.project.settings_change import settings_file
from tests.cli.shell import call, make_project
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.settings import Settings

TOML = """
# how the engine works
[engine]
threads = 2  # two cores

[topics."a.b"]
"retention.ms" = "30 d"  # a month

[s3]
endpoint = "http://user:hidden@127.0.0.1:9"
"""


def test_a_command_changes_one_line_and_says_from_when_on_it_holds(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", toml=TOML)
    before = (folder / "penstock.toml").read_text()
    done = call("settings", folder, "--set", "engine.threads=4", "--set", "topics.a.b.retention.ms=1 d")
    assert done.out.splitlines() == [
        "[engine] threads was '2', is '4'; it holds from the next start of a pipeline on",
        "[topics.a.b] retention.ms was '30 d', is '1 d'; it holds at once",
    ]
    after = before.replace("threads = 2  #", "threads = 4  #").replace('"30 d"', '"1 d"')
    assert (folder / "penstock.toml").read_text() == after
    call("settings", folder, "--unset", "engine.threads")
    done = call("settings", folder, "--set", "tables.orders.retention=7 d")
    assert done.err.startswith("error[option-missing]: retention needs an archive"), "nothing is written that is wrong"
    assert "threads" not in (folder / "penstock.toml").read_text()
    assert call("settings", folder, "--set", "log.durability=relaxed").out.endswith("next start of the process on\n")
    assert (folder / "penstock.toml").read_text().endswith('[log]\ndurability = "relaxed"\n')
    assert "by,way,from,act,on" in (told := call("audit", folder, "--act", "setting", "--format", "csv").out)
    assert told.count("setting-change") == 4
    assert "hidden" not in told
    text = (folder / "penstock.toml").read_text()
    call("settings", folder, "--unset", "memory.limit", "--unset", "topics.new.partitions")
    assert (folder / "penstock.toml").read_text() == text, "no section is made to take something out of it"
    call("settings", folder, "--set", "engine.threads=3", "--set", "log.durability=relaxed")
    told = call("audit", folder, "--act", "setting", "--format", "csv").out
    assert told.count("setting-change") == 5, "what is not set, or so already, is no change"


REFUSED = (
    ("engine.thread=4", "error[option-unknown]: [engine] has no setting 'thread'\nhint: did you mean threads?"),
    ("engin.threads=4", "error[project-section]: there is no section [engin]\nhint: did you mean engine?"),
    (
        "engine.threads=true",
        "error[option-value]: option 'threads' is 'true', allowed is a whole number from 1 to 256",
    ),
    ("engine.threads=" + "9" * 5_000, "error[option-value]: option 'threads' is '99999"),
    ("engine.threads=0", "error[option-value]: option 'threads' is '0'"),
    ("s3.secret-key=abc", "error[setting-in-file]: [s3] secret-key is not changed by calls: it has a secret"),
    ("system.audit-retention=1 d", "error[setting-in-file]: [system] audit-retention is not changed by calls"),
    ("files.roots=/", "error[setting-in-file]: [files] roots is not changed by calls"),
    ("server.host=0.0.0.0", "error[setting-in-file]: [server] host is not changed by calls"),
    ("notify.ops.url=x", "error[setting-in-file]: [notify.ops] url is not changed by calls"),
    ("tables.orders.archive=/x", "error[setting-in-file]: [tables.orders] archive is not changed by calls"),
    ("threads", "error[usage]: --set takes SECTION.NAME=VALUE, not 'threads'"),
    ("=4", "error[usage]: a setting is SECTION.NAME, such as engine.threads, not ''"),
)


def test_what_is_not_changed_so_is_refused(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", toml=TOML)
    before = (folder / "penstock.toml").read_text()
    for wanted, said in REFUSED:
        assert call("settings", folder, "--set", wanted).err.startswith(said), wanted
    assert (folder / "penstock.toml").read_text() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[engine]\nthreads = = 2\n", r"penstock\.toml is not TOML: Invalid value \(at line 2, column 11\)"),
        ("[engine]\n[engine]\n", r"penstock\.toml is not TOML: "),
        ("engine = 3\n", r"'engine' is a section: \[engine\]"),
    ],
)
def test_a_file_that_is_wrong_is_not_changed_but_said_to_be(tmp_path: Path, text: str, said: str) -> None:
    folder = make_project(tmp_path / "p")
    with penstock.open(folder) as project:
        (folder / "penstock.toml").write_text(text)
        with pytest.raises(ConfigError, match=said):
            project.change_setting("engine", "threads", 2)
    assert (folder / "penstock.toml").read_text() == text


def test_over_http_it_holds_where_it_may_and_a_changed_file_is_not_written_over(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", toml=TOML)
    with serve(folder, rows=0) as served:
        seen = served.client.get("/api/settings")
        holds = {(one["section"], one["name"]): one["holds"] for one in seen.json()}
        assert holds["engine", "batch-rows"] == "pipeline"
        assert (holds["engine", "time-zone"], holds["s3", "endpoint"]) == ("restart", "file")

        def put(path: str, value: Any, tag: str, status: int = 200) -> Any:
            return served.call(
                "PUT", f"/api/settings/{path}", status, json={"value": value}, headers={"if-match": f'"{tag}"'}
            )

        tag = seen.headers["etag"].strip('"')
        done = put("topics.clicks/retention.ms", "2 d", tag)
        assert (done["before"], done["after"], done["holds"]) == (None, "2 d", "now")
        assert served.post("/api/topics", {"name": "clicks"}, 201)["configs"] == {"retention.ms": "2 d"}
        late = put("engine/threads", 3, tag, 409)
        assert (late["code"], late["difference"]) == ("file-changed", "")
        assert late["detail"] == "penstock.toml is not saved: it has changed since it was read"
        assert late["hint"] == "read it again, and save over the file as it is now"
        assert "hidden" not in str(late)
        tag = put("engine/checkpoint-interval", "250 ms", done["tag"])["tag"]
        assert served.post("/api/pipelines/orders/restart", {})["checkpoint_interval"] == 250
        assert put("engine/threads", [1], tag, 400)["code"] == "request-form"
        assert put("engine/threads", 300, tag, 422)["code"] == "option-value"
        unsaid = served.call("PUT", "/api/settings/engine/threads", 428, json={"value": 1})
        assert unsaid["code"] == "request-if-match"
        by_command = call("settings", folder, "--set", "engine.threads=1")
        assert by_command.out == "[engine] threads was '2', is '1'; it holds from the next start of a pipeline on\n"
        assert served.penstock.settings.threads == 1
        (told, *_) = served.get("/api/audit?act=setting-change&limit=1")["changes"]
        assert (told["on"], told["before"], told["after"], told["way"]) == ("engine.threads", 2, 1, "socket")
    assert settings_file(folder).text.startswith('[project]\nname = "shop"\n\n# how the engine works\n[engine]\n')


def test_a_project_in_memory_has_no_file() -> None:
    with penstock.memory() as project, pytest.raises(ConfigError, match=r"a project in memory has no penstock\.toml"):
        project.change_setting("engine", "threads", 2)


def test_of_two_changes_at_once_the_process_has_what_the_file_has(tmp_path: Path) -> None:
    """The first one is held up between its save and its taking effect; the second one waits for it."""
    folder = make_project(tmp_path / "p")
    with penstock.open(folder) as project:
        saved, go_on = threading.Event(), threading.Event()
        take = project.take_settings

        def held_up(settings: Settings) -> None:
            if settings.threads == 3:
                saved.set()
                assert go_on.wait(60)
            take(settings)

        project.take_settings = held_up  # type: ignore[method-assign]
        with ThreadPoolExecutor() as pool:
            first = pool.submit(project.change_setting, "engine", "threads", 3)
            assert saved.wait(60)
            second = pool.submit(project.change_setting, "engine", "batch-rows", 5_000)
            assert wait([second], timeout=0.1).not_done
            go_on.set()
            assert (first.result(60).after, second.result(60).after) == (3, 5_000)
        assert (project.settings.threads, project.settings.batch_rows) == (3, 5_000)
