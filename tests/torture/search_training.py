"""A trial of the searches that the harness kills things around. What it reports follows from ``x`` alone.

It holds a lock of its own number: two of them at once are seen.
"""

import fcntl
import os
import time

from jupyter_training import checkpoint, params, report

FOLDER, X = params["folder"], params["x"]
JOB, ATTEMPT = os.environ["JUPYTER_TRAINING_JOB"], os.environ["JUPYTER_TRAINING_ATTEMPT"]

record = os.open(f"{FOLDER}/trials.witness", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_DSYNC, 0o600)


def tell(*words: object) -> None:
    os.write(record, (" ".join(map(str, [JOB, ATTEMPT, os.getpid(), *words])) + "\n").encode())


lock = os.open(f"{FOLDER}/{JOB}.lock", os.O_RDWR | os.O_CREAT, 0o600)
tell("began")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    tell("TWICE")
state = {"steps": 0}
found = checkpoint.latest()
if found:
    state = found.load()
for step in checkpoint.steps(params["steps"]):
    state["steps"] += 1
    report(step=step, loss=X * 7 % 5)
    if params["saves"]:
        checkpoint.save(state, step=step)
    tell("step", step)
    time.sleep(params["pause"])
tell("done")
