"""The golden files against the real Flink (make test-real)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flink import parts
from tests.flink.compare import compare
from tests.flink.oracle import Oracle, OracleError
from tests.golden import golden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
def test_golden_files_agree_with_flink(capsys: pytest.CaptureFixture[str]) -> None:
    report = compare(golden.find())
    with capsys.disabled():
        print(f"\n{report}")
    assert not report.differing
    assert report.asked.total() > 0


@pytest.mark.real
def test_a_wrong_expectation_is_found(tmp_path: Path) -> None:
    """The same way that the suite goes, from the file to the report."""
    case = next(c for c in golden.find() if c.name == "windows/tumble")
    assert case.events
    for file in (case.path, case.out, case.events):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    out = tmp_path / case.out.name
    out.write_text(out.read_text("utf-8").replace('"n":3', '"n":4', 1), "utf-8")
    report = compare(golden.find([tmp_path]))
    assert report.differing.keys() == {f"{tmp_path.name}/tumble"}
    assert '"n": 4' in str(report)
    assert "0 of 1 golden files agree with Flink" in str(report)


@pytest.mark.real
def test_a_file_without_its_events_gives_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("-- @events none.jsonl\nSELECT 1;\n")
    with Oracle() as flink, pytest.raises(OracleError, match=r"x\.sql: no events at .*none\.jsonl"):
        flink.run(path)


def test_a_jdk_is_told_by_its_release_file(tmp_path: Path) -> None:
    assert parts.jdk_version(tmp_path) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "javac").touch()
    (tmp_path / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="21.0.4"\n')
    assert parts.jdk_version(tmp_path) == 21


def test_java_home_comes_first_unless_flink_does_not_run_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = {}
    for version in (11, 17):
        homes[version] = tmp_path / str(version)
        (homes[version] / "bin").mkdir(parents=True)
        (homes[version] / "bin" / "javac").touch()
        (homes[version] / "release").write_text(f'JAVA_VERSION="{version}.0.1"\n')
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", str(homes[17]))
    assert parts.find_jdk() == homes[17]
    monkeypatch.setenv("JAVA_HOME", str(homes[11]))
    assert parts.find_jdk() != homes[11]
