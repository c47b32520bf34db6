"""A trial of the searches that the harness kills things around. What it reports follows from ``x`` alone.

It holds a lock of its own number: two of them at once are seen. After a report it waits until its search has noted
that, and stands still while it is to stop or to pause: so what a search decides does not depend on who was slow.
"""

import fcntl
import os
import sqlite3
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


def noted(count: int) -> bool:
    """Whether the search knows of so many reports, and lets it go on."""
    rows = store.execute("SELECT resource, desired FROM trials JOIN jobs ON jobs.id = job WHERE job = ?", (JOB,))
    return any(resource >= count and desired == "run" for resource, desired in rows)


def wait_for(count: int) -> None:
    while count and not noted(count):
        time.sleep(0.02)


store = sqlite3.connect(f"file:{FOLDER}/home/jobs.sqlite?mode=ro", uri=True, timeout=60, isolation_level=None)
state = {"job": JOB, "base": 0}
found = checkpoint.latest()
if found:
    state = found.load()
    if state["job"] != JOB:
        state = {"job": JOB, "base": found.step}
    wait_for(found.step - state["base"])  # who was before it may have died waiting
for step in checkpoint.steps(params["steps"]):
    report(step=step, loss=X * 7 % 5)
    if params["saves"]:
        checkpoint.save(state, step=step)
    tell("step", step)
    wait_for(step - state["base"])
    time.sleep(params["pause"])
tell("done")
