"""Many submits at once: how long others wait for their answers meanwhile, and how long the crowd itself takes."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from jupyter_training.client.client import Client
from jupyter_training.settings import Settings
from tests.benchmarks.row import Row, middle, row, seconds
from tests.benchmarks.stand import Stand, stand, until

__all__ = ["measure"]

SUBMITS = 500
AT_A_TIME = 50
ALONE = 200  # requests of which none has company
PAUSE = 0.002  # seconds between two requests of the one who is measured


def measure() -> list[Row]:
    """The crowd is a process of its own, so that its work is not counted as the server's. The one slot is held."""
    with stand(local_slots=1) as here:
        holder = here.client.submit_request(here.wish("import time; time.sleep(600)"))["job"]["id"]
        until(lambda: here.client.job(holder)["phase"] == "running", every=0.05)
        command = [sys.executable, "-m", __name__]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
            assert crowd.stdin is not None
            assert crowd.stdout is not None
            crowd.stdout.readline()
            alone = [_asked(here) for _ in range(ALONE)]
            began = time.monotonic()
            crowd.stdin.close()
            meanwhile: list[float] = []
            while crowd.poll() is None:
                meanwhile.append(_asked(here))
            took = time.monotonic() - began
        if crowd.returncode != 0:
            raise RuntimeError(f"The crowd ended with {crowd.returncode}.")
        total = sum(here.client.jobs()["counts"].values())
        if total != SUBMITS + 1:
            raise RuntimeError(f"{total} jobs are there, {SUBMITS + 1} were submitted.")
    late, usual = 1e3 * _p99(meanwhile), 1e3 * _p99(alone)
    return [
        row(
            f"other requests while {SUBMITS} are submitted at once (p99)",
            late,
            "ms",
            baseline=usual,
            baseline_what="the same without company",
            budget="< 50 ms",
            ok=late < 50,
        ),
        row(
            "the same (p50)",
            1e3 * middle(meanwhile),
            "ms",
            baseline=1e3 * middle(alone),
            baseline_what="the same without company",
        ),
        row(f"{SUBMITS} submits, {AT_A_TIME} at a time", SUBMITS / took, "submits/s"),
    ]


def crowd() -> None:
    """What the crowd's process does, once its input ends."""
    own = threading.local()
    settings = Settings.load()

    def submit(_number: int) -> None:
        if not hasattr(own, "here"):
            own.here = Stand(Client(settings=settings), settings)
        own.here.client.submit_request(own.here.wish("pass"))

    with ThreadPoolExecutor(AT_A_TIME) as people:
        print("ready", flush=True)
        sys.stdin.read()
        for _ in people.map(submit, range(SUBMITS)):
            pass


def _asked(here: Stand) -> float:
    time.sleep(PAUSE)
    return seconds(lambda: here.client.transport.request("GET", "info"))


def _p99(figures: list[float]) -> float:
    return sorted(figures)[math.ceil(0.99 * len(figures)) - 1]


if __name__ == "__main__":
    crowd()
