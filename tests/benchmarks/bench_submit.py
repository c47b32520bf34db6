"""From a submit to the first line of the person's code, and what a dispatcher costs that has nothing to do."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from jupyter_training.kernel import magics
from jupyter_training.kernel.session import Session
from tests.benchmarks.row import Row, in_turn, middle, row, seconds
from tests.benchmarks.stand import Stand, stand, until

SUBMITS = 60
STARTS = 7
IDLE_SECONDS = 10.0

# The first line of a person's script, as seen from outside: the file appears with its time in it.
FIRST_LINE = """import os, sys, time
now = time.time()
path = sys.argv[1]
with open(path + ".part", "w") as file:
    file.write(repr(now))
os.rename(path + ".part", path)
"""

CELL = "%%train digits --config base\nlr = 0.5\nfor step in range(3):\n    print(double({}), lr)\n"


def measure() -> list[Row]:
    return [*submits(), *cells(), *starts()]


def submits() -> list[Row]:
    """The answer to a submit, beside the cheapest question to the same server. The one slot is held: nothing starts."""
    with stand(local_slots=1) as here:
        transport = here.client.transport
        holder = here.client.submit_request(here.wish("import time; time.sleep(600)"))["job"]["id"]
        until(lambda: here.client.job(holder)["phase"] == "running", every=0.05)
        for _ in range(5):
            here.client.submit_request(here.wish("pass"))
        posts, gets = in_turn(
            SUBMITS,
            lambda: seconds(lambda: here.client.submit_request(here.wish("pass"))),
            lambda: seconds(lambda: transport.request("GET", "info")),
        )
    figure, baseline = 1e3 * middle(posts), 1e3 * middle(gets)
    return [
        row(
            "a submit returns (p50)",
            figure,
            "ms",
            baseline=baseline,
            baseline_what="GET info on the same server",
            budget="< 50 ms",
            ok=figure < 50,
        )
    ]


def cells() -> list[Row]:
    """A cell that names a config and uses a function of the notebook, to its return with the card. Nothing starts."""
    with stand(local_slots=1) as here:
        shell = InteractiveShell()
        magics.load(shell, session=Session(here.client))
        try:
            ran(shell, "%%train_config base\ntimeout: 2h\npriority: 50\nparams: {lr: 0.1}\n")
            ran(shell, "import json\ndef double(x):\n    return 2 * len(json.dumps(x))\n")
            ran(shell, "%%train holder\nimport time\ntime.sleep(600)\n")
            until(lambda: here.client.jobs(state="running")["jobs"], every=0.05)
            numbers = itertools.count()
            returns, gets = in_turn(
                SUBMITS,
                lambda: seconds(lambda: ran(shell, CELL.format(next(numbers)))),
                lambda: seconds(lambda: here.client.transport.request("GET", "info")),
            )
        finally:
            magics.unload(shell)
    figure = 1e3 * middle(returns)
    return [
        row(
            "a %%train cell with --config returns (p50)",
            figure,
            "ms",
            baseline=1e3 * middle(gets),
            baseline_what="GET info on the same server",
            budget="< 50 ms",
            ok=figure < 50,
        )
    ]


def ran(shell: InteractiveShell, cell: str) -> None:
    """Run a cell as a person does.

    Raises:
        RuntimeError: it failed.
    """
    with capture_output() as shown:
        result = shell.run_cell(cell, store_history=True)
    if not result.success:
        raise RuntimeError(f"{shown.stdout}{shown.stderr}")


def starts() -> list[Row]:
    with stand() as here:
        folder = here.settings.home.parent
        bare_for_first, first = in_turn(3, lambda: bare(folder), lambda: without_dispatcher(here, folder))
        until(lambda: here.dispatcher() is not None)
        bare_for_cold, cold = in_turn(STARTS, lambda: bare(folder), lambda: job(here, folder))
        idle = idle_dispatcher(here)
    base, figure = middle(bare_for_cold), middle(cold)
    limit = 1.5 * base + 0.05
    return [
        row(
            "first job, no dispatcher alive -> first user line",
            middle(first),
            "s",
            baseline=middle(bare_for_first),
            baseline_what="bare python script.py",
            budget="< 1.5 s",
            ok=middle(first) < 1.5,
        ),
        row(
            "cold job, free slot -> first user line",
            1e3 * figure,
            "ms",
            baseline=1e3 * base,
            baseline_what="bare python script.py",
            budget=f"< 1.5 x + 50 ms = {1e3 * limit:.0f} ms",
            ok=figure < limit,
        ),
        *idle,
    ]


def bare(folder: Path) -> float:
    """Seconds from the start of an interpreter to the first line of the script."""
    script, mark = folder / "bare.py", folder / "bare.mark"
    script.write_text(FIRST_LINE)
    mark.unlink(missing_ok=True)
    start = time.time()
    subprocess.run([sys.executable, str(script), str(mark)], check=True)
    return float(mark.read_text()) - start


def job(here: Stand, folder: Path) -> float:
    """Seconds from the call of submit to the first line of the job's script."""
    mark = folder / "job.mark"
    mark.unlink(missing_ok=True)
    entry = {"kind": "script", "path": "script.py", "args": [str(mark)]}
    wish = here.wish(FIRST_LINE, entry=entry, environment={"python": sys.executable})
    start = time.time()
    handle = here.client.submit_request(wish)
    until(mark.exists)
    taken = float(mark.read_text()) - start
    here.client.wait(handle["job"]["id"], timeout=30)
    return taken


def without_dispatcher(here: Stand, folder: Path) -> float:
    here.stop_dispatcher()
    return job(here, folder)


def idle_dispatcher(here: Stand) -> list[Row]:
    """Memory and processor of a dispatcher that has run jobs and now waits."""
    process = here.dispatcher()
    if process is None:
        raise RuntimeError("The dispatcher has left.")
    time.sleep(2)  # what the last job left to be copied
    before = sum(process.cpu_times()[:2])
    time.sleep(IDLE_SECONDS)
    share = (sum(process.cpu_times()[:2]) - before) / IDLE_SECONDS
    memory = process.memory_info().rss / 1e6
    return [
        row("idle dispatcher: memory", memory, "MB", budget="< 80 MB", ok=memory < 80),
        row("idle dispatcher: share of a core", 100 * share, "%", budget="< 0.5 %", ok=share < 0.005),
    ]
