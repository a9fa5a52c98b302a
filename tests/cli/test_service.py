"""The unit of systemd: complete, hardened, and right about what the project may write."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import penstock
from penstock.core.errors import ConfigError
from penstock.project.service import unit
from tests.cli.shell import PATIENCE, call, make_project, orders

ELSEWHERE = """\
CREATE TABLE kept (id BIGINT) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'parquet');
"""
DENY_WRITE_AND_EXECUTE = 65
"""PR_SET_MDWE: what MemoryDenyWriteExecute comes to."""


def said(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if re.match("[A-Za-z]+=", line))


def test_a_unit_names_what_the_project_needs_and_no_more(tmp_path: Path) -> None:
    shop = make_project(tmp_path / "shop", toml=f'[files]\nroots = ["{tmp_path}"]\n')
    (shop / "sql" / "02-kept.sql").write_text(ELSEWHERE.format(path=tmp_path / "elsewhere"))
    ended = call("service", shop, "--user", "daemon")
    found = said(ended.out)
    assert found["User"] == "daemon"
    assert found["ExecStart"] == f"{sys.executable} -m penstock run {shop} --no-browser --log-format json"
    assert found["ReadWritePaths"] == f"{shop} {tmp_path / 'elsewhere'}"
    assert found["EnvironmentFile"] == "-/etc/penstock/shop.env"
    assert (found["ProtectSystem"], found["CapabilityBoundingSet"], found["NoNewPrivileges"]) == ("strict", "", "yes")
    temporary = any(Path(place).is_relative_to("/tmp") for place in (tmp_path, sys.executable))
    assert found["PrivateTmp"] == ("no" if temporary else "yes")
    assert "systemctl enable --now penstock-shop" in ended.err
    (shop / "penstock.toml").write_text('[project]\nname = "50% off"\n[server]\nport = 443\n')
    (shop / "sql" / "02-kept.sql").unlink()
    found = said(call("service", shop, "--user", "daemon").out)
    assert (found["Description"], found["AmbientCapabilities"]) == ("Penstock: 50%% off", "CAP_NET_BIND_SERVICE")


def test_what_no_unit_can_say_is_refused(tmp_path: Path) -> None:
    shop = make_project(tmp_path / "my shop")
    ended = call("service", shop, "--user", "daemon")
    assert f"a unit of systemd cannot name '{shop}' here\nhint: use a folder without spaces" in ended.err
    if shop.owner() == "root":
        ended = call("service", shop)
        assert f"{shop} belongs to root, who is to run no service\nhint: give the folder to a user" in ended.err
    if os.geteuid() == 0:
        os.chown(shop, 54_321, -1)
        ended = call("service", shop)
        assert f"{shop} belongs to user 54321, who has no name here\nhint: give the folder to a user" in ended.err
    with penstock.memory() as project, pytest.raises(ConfigError, match="a project in memory is no service"):
        unit(project, ("/usr/bin/penstock",), "daemon", tmp_path)


@pytest.mark.real
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze here")
    file = tmp_path / "penstock-shop.service"
    file.write_text(call("service", make_project(tmp_path / "shop"), "--user", "daemon").out)
    verified = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    found = subprocess.run(
        [program, "security", "--offline=true", "--threshold=25", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-300:]


@pytest.mark.real
def test_the_engine_runs_where_no_memory_is_both_written_and_executed(tmp_path: Path) -> None:
    shop = make_project(tmp_path / "shop")
    with penstock.open(shop) as project:
        project.append("orders", orders(130))

    def deny() -> None:
        if ctypes.CDLL(None).prctl(DENY_WRITE_AND_EXECUTE, 1, 0, 0, 0) != 0:
            sys.exit(77)

    environment = dict([said(call("service", shop, "--user", "daemon").out)["Environment"].split("=", 1)])
    ended = subprocess.run(
        [sys.executable, "-m", "penstock", "run", str(shop), "--bounded"],
        env=environment,
        preexec_fn=deny,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if ended.returncode == 77:
        pytest.skip("this kernel cannot deny it")
    assert ended.returncode == 0, ended.stderr
    assert "130 rows read" in ended.stdout + ended.stderr
