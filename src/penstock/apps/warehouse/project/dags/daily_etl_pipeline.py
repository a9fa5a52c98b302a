"""The nightly load as a DAG, for those who have Airflow: take its schedule out of jobs.toml then."""

from __future__ import annotations

import os
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="daily_etl_pipeline",
    description="Files and API, cleaned and checked, into the warehouse.",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    tags=["penstock"],
):
    BashOperator(
        task_id="run_etl_pipeline",
        # its exit code is the task's and its lines are the task's log; retries are the job's own, in jobs.toml
        bash_command='exec "$PENSTOCK" job run "$PENSTOCK_PROJECT" daily_etl_pipeline',
        env={
            "PENSTOCK": os.environ.get("PENSTOCK", "penstock"),
            "PENSTOCK_PROJECT": os.environ.get("PENSTOCK_PROJECT", str(Path(__file__).parents[1])),
        },
        append_env=True,
        retries=0,
    )
