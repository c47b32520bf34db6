"""The training that the harness kills things around.

Each step is first written to a witness file with O_DSYNC and then reported, so
that the two can be compared as sets afterwards. How it ends is a parameter.
"""

import os
import time

from jupyter_training import params, report

SERIES = ("loss", "accuracy")

record = os.open(params["witness"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)
os.write(record, b"began\n")
for step in range(params["steps"]):
    values = {"loss": 1.0 / (step + 1), "accuracy": step / params["steps"]}
    for name in SERIES:
        os.write(record, f"{name} {step} {values[name]!r}\n".encode())
    report(step=step, **values)
    time.sleep(params["pause"])
os.write(record, b"done\n")
raise SystemExit(params["exit_code"])
