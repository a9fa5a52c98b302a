"""The three DAG files of the project `warehouse` under a real Airflow: they import, run, and fail where the job fails.

`python -m tests.airflow` (make test-airflow) prints what Airflow says; it ends with 1 where something is not so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from penstock.apps.warehouse.api import PORT
from penstock.cli.deliveries import api_server
from tests.airflow.parts import VERSION, airflow

DAGS = ("daily_etl_pipeline", "kafka_data_ingestion", "stream_processing_pipeline")
PENSTOCK = Path(sys.executable).parent / "penstock"
SECONDS = 300


def main() -> int:
    programs = airflow()
    with tempfile.TemporaryDirectory(prefix="penstock-airflow-") as folder, api_server(0) as api:
        project, home = Path(folder) / "wh", Path(folder) / "airflow"
        _called(PENSTOCK, "init", project, "--app", "warehouse")
        for name in ("penstock.toml", "sources/api_users.toml"):
            text = (project / name).read_text("utf-8")
            (project / name).write_text(text.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{api.port}"), "utf-8")
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "PENSTOCK": str(PENSTOCK),
            "NO_COLOR": "1",
        }
        program = programs / "airflow"
        _called(program, "db", "migrate", environment=environment)
        _called(program, "dags", "reserialize", environment=environment)
        print(_called(program, "dags", "list-import-errors", environment=environment))
        wrong = []
        for name in DAGS:
            told = _called(program, "dags", "test", name, environment=environment)
            print(f"--- airflow dags test {name}\n{told}")
            if "state=success" not in told:
                wrong.append(f"{name} did not succeed")
        (project / "jobs.toml").unlink()
        told = _called(program, "dags", "test", DAGS[0], environment=environment, code=None)
        print(f"--- airflow dags test {DAGS[0]}, of a project without jobs\n{told}")
        if "state=failed" not in told:
            wrong.append(f"{DAGS[0]} did not fail with its job")
    for one in wrong:
        print(f"wrong: {one}")
    print(f"Airflow {VERSION}: {len(DAGS)} DAGs imported and run" if not wrong else f"Airflow {VERSION}: see above")
    return 1 if wrong else 0


def _called(program: Path, *words: object, environment: dict[str, str] | None = None, code: int | None = 0) -> str:
    """What it prints. Raises SystemExit where it ends with another code; None: with any."""
    command = [str(program), *map(str, words)]
    done = subprocess.run(
        command, env=environment, timeout=SECONDS, check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if code is not None and done.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
