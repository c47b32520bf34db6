"""The same no-op job through jupyter-scheduler, and the same scalar through MLflow, measured beside ours.

These rows have no budget: they say what people have today on this very machine.
`make bench` installs jupyter-scheduler into an environment of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.benchmarks.row import Row, middle, row
from tests.benchmarks.stand import stand, until

PEERS = Path(__file__).parents[2] / ".venvs" / "peers" / "bin"
JOBS = 3
SCALARS = 200

NO_OP = {
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "source": "pass", "outputs": [], "execution_count": None}
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}

# Each process logs alone; both write to a fresh database.
MLFLOW = """
import json, sys, time
import mlflow
mlflow.set_tracking_uri("sqlite:///" + sys.argv[1] + "/mlflow.db")
mlflow.set_experiment("bench")
with mlflow.start_run():
    mlflow.log_metric("loss", 1.0, step=0)
    taken = []
    for step in range(1, int(sys.argv[2]) + 1):
        start = time.perf_counter()
        mlflow.log_metric("loss", 1.0 / step, step=step)
        taken.append(time.perf_counter() - start)
print(json.dumps(taken))
"""

OURS = """
import json, time
from jupyter_training import output, report
report(step=0, loss=1.0)
taken = []
for step in range(1, {scalars} + 1):
    start = time.perf_counter()
    report(step=step, loss=1.0 / step)
    taken.append(time.perf_counter() - start)
with open(output("taken.json"), "w") as file:
    json.dump(taken, file)
"""


def measure() -> list[Row]:
    begun, done, scalar = ours()
    rows = []
    if (PEERS / "jupyter-scheduler").exists() or (PEERS / "jupyter-server").exists():
        their_begun, their_done = scheduler()
        rows += [
            row(
                "jupyter-scheduler: no-op job in progress after its submit",
                their_begun,
                "s",
                baseline=begun,
                baseline_what="ours, running",
            ),
            row(
                "jupyter-scheduler: no-op job completed after its submit",
                their_done,
                "s",
                baseline=done,
                baseline_what="ours, succeeded",
            ),
        ]
    rows.append(
        row("MLflow log_metric, one scalar", 1e6 * mlflow(), "us", baseline=1e6 * scalar, baseline_what="our report()")
    )
    return rows


def ours() -> tuple[float, float, float]:
    """Seconds to running and to succeeded of a no-op job, and of one report()."""
    with stand() as here:
        here.client.wait(here.client.submit_request(here.wish("pass"))["job"]["id"], timeout=60)
        begun, done = [], []
        for _ in range(JOBS):
            start = time.time()
            job = here.client.submit_request(here.wish("pass"))["job"]["id"]
            until(lambda job=job: here.client.job(job)["state"] != "queued", every=0.01)
            begun.append(time.time() - start)
            here.client.wait(job, timeout=60)
            done.append(time.time() - start)
        long = here.client.submit_request(here.wish(OURS.format(scalars=SCALARS)))["job"]["id"]
        here.client.wait(long, timeout=60)
        (kept,) = here.client.artifacts(long)
        taken = json.loads(here.client.artifact(long, kept["id"]))
    return middle(begun), middle(done), middle(taken)


def mlflow() -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        told = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", MLFLOW, folder, str(SCALARS)],
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            capture_output=True,
            text=True,
            check=True,
        )
    return middle(json.loads(told.stdout.splitlines()[-1]))


def scheduler() -> tuple[float, float]:
    """Seconds until jupyter-scheduler says IN_PROGRESS, and until COMPLETED."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        (root / "noop.ipynb").write_text(json.dumps(NO_OP))
        token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [
                str(PEERS / "jupyter-server"),
                f"--port={port}",
                f"--IdentityProvider.token={token}",
                f"--ServerApp.root_dir={root}",
                "--ServerApp.open_browser=False",
                "--allow-root",
                f"--SchedulerApp.db_url=sqlite:///{root}/scheduler.sqlite",
            ],
            env={
                "PATH": f"{PEERS}:{os.environ['PATH']}",
                "HOME": folder,
                "JUPYTER_CONFIG_DIR": f"{folder}/config",
                "JUPYTER_DATA_DIR": f"{folder}/data",
                "JUPYTER_RUNTIME_DIR": f"{folder}/runtime",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            ask = Asker(f"http://127.0.0.1:{port}/scheduler", token)
            until(lambda: ask.answers("jobs"), within=60, every=0.1)
            taken = [one_job(ask, number) for number in range(JOBS + 1)][1:]  # the first one pays for imports
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    return middle([begun for begun, _ in taken]), middle([done for _, done in taken])


def one_job(ask: Asker, number: int) -> tuple[float, float]:
    start = time.time()
    wish = {
        "name": f"noop-{number}",
        "input_uri": "noop.ipynb",
        "runtime_environment_name": ask.environment(),
        "output_formats": ["ipynb"],
        "compute_type": None,
    }
    job = ask("jobs", wish)["job_id"]
    status: dict[str, float] = {}

    def ended() -> bool:
        now = ask(f"jobs/{job}")["status"]
        status.setdefault(now, time.time() - start)
        if now == "FAILED":
            raise RuntimeError("jupyter-scheduler could not run the notebook.")
        return bool(now == "COMPLETED")

    until(ended, within=120, every=0.02)
    return status.get("IN_PROGRESS", status["COMPLETED"]), status["COMPLETED"]


class Asker:
    """JSON in, JSON out."""

    def __init__(self, root: str, token: str) -> None:
        self.root, self.token = root, token

    def __call__(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.root}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def answers(self, path: str) -> bool:
        try:
            self(path)
        except (urllib.error.URLError, OSError):
            return False
        return True

    def environment(self) -> str:
        return str(self("runtime_environments")[0]["name"])
