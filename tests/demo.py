"""`make demo`: run a notebook without a browser and say what it trained and where that is now.

    python -m tests.demo FOLDER NOTEBOOK

The trainings go to FOLDER/home and stay there; the executed notebook lies in FOLDER.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_training.cli.main import main as jupyter_training
from jupyter_training.client.client import Client
from jupyter_training.kernel.card import ranked
from jupyter_training.kernel.wording import best, number, seconds_between, span_text
from jupyter_training.settings import Settings

RECORD_SECONDS = 60.0  # how long a run may take to arrive in MLflow after its job has ended


def main(folder: Path, notebook: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(JUPYTER_TRAINING_HOME=str(folder.absolute() / "home"), JUPYTER_TRAINING_URL="home")
    os.environ.pop("JUPYTER_TRAINING_PLAIN", None)
    print(f"Running {notebook} ...", flush=True)
    start = time.monotonic()
    try:
        executed = execute(notebook, folder)
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Done in {span_text(time.monotonic() - start)}; the notebook with its outputs is {executed}\n")

    settings = Settings.load()
    with Client(settings=settings) as client:
        print("What it trained:", flush=True)
        jupyter_training(["jobs", "--limit", "5"])
        (job, *_) = client.jobs(limit=1)["jobs"]
        job = recorded(client, job["id"])
    print(f"\n{summary(job)}")
    for name in ranked(job["metrics"]):
        top = best(name, job["metrics"][name])
        if top is not None:
            print(f"  best {name}: {number(top[0])} at {number(top[1])}")
    print(f"\nIts record in MLflow: run {job['run_id'] or '(not there yet)'} in {settings.mlflow_uri}")
    print(f"Jobs, curves, logs and files: {settings.home}")
    print("\nSee it in JupyterLab, with the notebook that made it:\n\n  make lab\n")
    return 0 if job["state"] == "succeeded" else 1


def execute(notebook: Path, folder: Path) -> Path:
    """Run every cell in a kernel of this environment; gives the notebook with its outputs."""
    content = nbformat.read(notebook, as_version=4)
    target = folder / notebook.name
    # The kernel warns that it listens on a local port; for a minute of demonstration that is no news.
    client = NotebookClient(
        content,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    finally:
        nbformat.write(content, target)
    return target


def recorded(client: Client, job: str) -> dict[str, Any]:
    """The job once it has its run, or as it is when that takes too long."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        view = client.job(job)
        if view["run_id"] is not None or time.monotonic() > deadline:
            return view
        time.sleep(0.2)


def summary(job: dict[str, Any]) -> str:
    ran = seconds_between(job["started"], job["ended"], now=time.time())
    words = f"{job['name']} ({job['id']}) {job['state']}"
    return f"{words} after {span_text(ran)}." if ran is not None else f"{words}."


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
