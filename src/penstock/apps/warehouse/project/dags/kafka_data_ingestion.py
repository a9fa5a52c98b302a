"""What is new in the API becomes messages of the topic data-stream, as a DAG for those who have Airflow."""

from __future__ import annotations

import os
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="kafka_data_ingestion",
    description="What is new in the API becomes messages of data-stream.",
    schedule="*/5 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Zurich"),
    catchup=False,
    max_active_runs=1,
    tags=["penstock"],
):
    BashOperator(
        task_id="ingest_to_kafka",
        # its exit code is the task's and its lines are the task's log; retries are the job's own, in jobs.toml
        bash_command='exec "$PENSTOCK" job run "$PENSTOCK_PROJECT" kafka_data_ingestion',
        env={
            "PENSTOCK": os.environ.get("PENSTOCK", "penstock"),
            "PENSTOCK_PROJECT": os.environ.get("PENSTOCK_PROJECT", str(Path(__file__).parents[1])),
        },
        append_env=True,
        retries=0,
    )
