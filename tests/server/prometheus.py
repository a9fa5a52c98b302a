"""A real Prometheus for tests: Debian's, on a free port, with short intervals."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.parts import debian_program, free_port, says_yes, service, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Prometheus", "prometheus", "promtool"]

SECONDS = 60

CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: penstock
    static_configs: [{{targets: ["{target}"]}}]
"""


@dataclass(frozen=True)
class Prometheus:
    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def until(self, found: Callable[[], Any]) -> Any:
        """The first answer of `found` that is something."""
        return until(found, f"Prometheus did not say so within {SECONDS} s", SECONDS)


@contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Iterator[Prometheus]:
    """One that scrapes `target` (host:port) as long as the block runs. Raises MissingPartError."""
    program = debian_program("prometheus", "prometheus", "Prometheus")
    config, log, port = folder / "prometheus.yml", folder / "prometheus.log", free_port()
    config.write_text(CONFIG.format(rules=rules, target=target), "utf-8")
    promtool("check", "config", str(config))
    flags = [f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with service([program, *flags], log, lambda: says_yes(f"{url}/-/ready"), seconds=SECONDS):
        yield Prometheus(url)


def promtool(*arguments: str, given: bytes = b"") -> str:
    """Prometheus' own judgement of a file, or of what is `given`. Raises AssertionError where it finds a fault."""
    program = debian_program("promtool", "prometheus", "Prometheus")
    done = subprocess.run([program, *arguments], input=given, capture_output=True, timeout=SECONDS, check=False)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, text
    return text
