"""What of memory there is: the machine's, or what the control groups leave of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.project import memory

if TYPE_CHECKING:
    from pathlib import Path

MB = 1 << 20
V2 = ("memory.max", "memory.current", "inactive_file")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/", {"": (V2, "max", 700, 0)}, (1000, 600)),
        ("0::/", {"": (V2, "300", 250, 100)}, (300, 150)),
        ("0::/a.slice/b.service", {"a.slice": (V2, "500", 100, 0), "a.slice/b.service": (V2, "max", 9, 0)}, (500, 400)),
        ("0::/a/b", {"a": (V2, "500", 450, 0), "a/b": (V2, "200", 20, 0)}, (200, 50)),
        ("9:cpu:/x\n4:memory:/box\n0::/", {"memory/box": (V1, "200", 20, 10)}, (200, 190)),
        ("4:memory:/outer/box", {"memory": (V1, "200", 210, 0)}, (200, 0)),
        ("0::/../other", {}, (1000, 600)),
    ],
)
def test_a_container_has_what_it_may_have(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    groups: str,
    files: dict[str, tuple[tuple[str, str, str], str, int, int]],
    expected: tuple[int, int],
) -> None:
    """All in MB; of each folder the version, what it may have, what it has, and what of that are idle files."""
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: {1000 * 1024} kB\nMemFree: 1 kB\nMemAvailable: {600 * 1024} kB\n")
    (proc / "self" / "cgroup").write_text(groups + "\n")
    for folder, ((limit, usage, idle), most, has, idles) in files.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / limit).write_text(f"{int(most) * MB if most.isdigit() else most}\n")
        (root / folder / usage).write_text(f"{has * MB}\n")
        (root / folder / "memory.stat").write_text(f"anon 5\n{idle} {idles * MB}\n")
    monkeypatch.setattr(memory, "_PROC", proc)
    monkeypatch.setattr(memory, "_GROUPS", root)
    assert memory.machine_memory() == (expected[0] * MB, expected[1] * MB)
