"""A state is written by one thread while another asks for its size: neither waits for the other for ever."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import threading
import polars as pl
from penstock.engine.runs import frame_blob

frame = pl.DataFrame({"a": range(5000), "b": [str(i) for i in range(5000)]})
asked = threading.Event()

def write():
    while not asked.is_set():
        frame_blob(frame)

thread = threading.Thread(target=write, daemon=True)
thread.start()
for _ in range(5000):
    frame.estimated_size()
asked.set()
thread.join()
"""


def test_a_size_is_told_while_a_state_is_written() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=600)
