"""A million report() calls in a real job, read meanwhile by the dispatcher; what one costs, and that none is lost."""

from __future__ import annotations

import json
import time
from datetime import datetime

from tests.benchmarks.row import Row, row
from tests.benchmarks.stand import stand

CALLS = 1_000_000

SCRIPT = """
import json, os, statistics, time
from jupyter_training import output, report

calls, piece = {calls}, 10_000
ours, theirs = [], []
handle = os.open(output("baseline"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
line = b"x" * 20
report(step=0, loss=0.0)
for first in range(1, calls, piece):
    last = min(first + piece, calls)
    start = time.perf_counter()
    for step in range(first, last):
        report(step=step, loss=0.25)
    ours.append((time.perf_counter() - start) / (last - first))
    start = time.perf_counter()
    for step in range(1000):
        os.write(handle, line)
    theirs.append((time.perf_counter() - start) / 1000)
with open(output("taken.json"), "w") as file:
    json.dump([statistics.median(ours), statistics.median(theirs), report.lost, time.time()], file)
"""


def measure() -> list[Row]:
    with stand() as here:
        job = here.client.submit_request(here.wish(SCRIPT.format(calls=CALLS)))["job"]["id"]
        view = here.client.wait(job, timeout=300)
        done = time.time()
        kept = {one["name"]: one["id"] for one in here.client.artifacts(job)}
        ours, theirs, lost, written = json.loads(here.client.artifact(job, kept["taken.json"]))
        count = view["metrics"]["loss"]["count"]
    started = datetime.fromisoformat(view["started"]).timestamp()
    return [
        row(
            "report() of one scalar with a step, the dispatcher reading",
            1e6 * ours,
            "us",
            baseline=1e6 * theirs,
            baseline_what="one 20-byte os.write",
            budget="< 2 us, nothing lost",
            ok=ours < 2e-6 and lost == 0 and count == CALLS,
        ),
        row(
            "points in the store per second, from the first call on",
            count / (done - started),
            "/s",
            baseline=CALLS / (written - started),
            baseline_what="written by the job",
        ),
    ]
