"""The straight line, seen from the socket: a wish goes in, real processes run it, and every step arrives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.spool import identity
from tests.server.house import eventually, house, socket, wish

TRAIN = """
import time
from jupyter_training import output, report
for epoch in range(5):
    print("epoch", epoch, flush=True)
    report(epoch=epoch, loss=1 / (epoch + 1))
    time.sleep(0.1)  # long enough to be seen running
output("model.txt").write_text("weights")
"""


@pytest.mark.processes
def test_a_job_runs_and_the_socket_tells_all_of_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        with house(home, dispatcher=True) as living:

            async def watch() -> list[dict[str, Any]]:
                seen = []
                async with socket(living) as reader:
                    await reader.read()
                    body = wish(name="whole", files=[{"path": "train.py", "text": TRAIN}])
                    made = await asyncio.to_thread(living.ask, "POST", "jobs", body=body)
                    assert 201 == made.status, made
                    while not (seen and seen[-1]["ended"] and seen[-1]["metrics"].get("loss", {}).get("count") == 5):
                        reader.patience = 60.0
                        message = await reader.read()
                        assert "changes" == message["type"]
                        seen += message["jobs"]
                return seen

            seen = asyncio.run(watch())
            assert {"queued", "running", "succeeded"} <= {one["phase"] for one in seen}, seen[-1]
            job = seen[-1]["id"]
            (series,) = living.get(f"jobs/{job}/metrics?name=loss")["series"]
            assert [1 / (epoch + 1) for epoch in range(5)] == [point[2] for point in series["points"]]
            log = living.get(f"jobs/{job}/logs")
            assert (True, "epoch 0\nepoch 1\n") == (log["end"], log["text"][:16])
            (artifact,) = living.get(f"jobs/{job}/artifacts")["artifacts"]
            assert b"weights" == living.ask("GET", f"jobs/{job}/artifacts/{artifact['id']}").content
    finally:
        end_dispatcher(home)


def end_dispatcher(home: Path) -> None:
    """The one that this home's lock names, and no other."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        mark = json.loads((home / "run" / "dispatcher.lock").read_text())
        if identity.is_alive(mark["pid"], mark["start_time"], mark["boot_id"]):
            os.kill(mark["pid"], signal.SIGTERM)
            eventually(lambda: identity.start_time(mark["pid"]) is None, within=30)
