"""What the job side adds to a start: the runtime to the person's interpreter, the supervisor before it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_training import supervisor
from jupyter_training.spool import tail
from jupyter_training.spool.lines import PageWriter
from tests.benchmarks.row import Row, in_turn, middle, row, seconds
from tests.runtime.attempts import Attempt, attempt_in

ROUNDS = 25
EVENTS = 200_000


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        one = attempt_in(Path(folder), "pass\n")
        return [*_starts(one), _reading(one)]


def _starts(one: Attempt) -> list[Row]:
    script = [sys.executable, str(one.folder / "code" / "train.py")]
    bare = [sys.executable, "-I", "-S", "-c", "pass"]
    # Nothing is claimed in this folder, so that an adopter starts, looks and leaves.
    idle = supervisor.command(sys.executable, str(one.library), str(one.folder), adopt=True)

    def cost(words: list[str]) -> float:
        """Processor seconds of one process: the wall clock says what else the machine does."""
        process = subprocess.Popen(words, env=one.environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime

    for words in (one.order["argv"], idle):
        cost(words)  # the first start of a new package compiles it
    ours, plain, idle_cost, bare_cost = map(
        middle,
        in_turn(
            ROUNDS,
            lambda: cost(one.order["argv"]),
            lambda: cost(script),
            lambda: cost(idle),
            lambda: cost(bare),
        ),
    )
    return [
        row(
            "an empty script in a job, processor time",
            1e3 * ours,
            "ms",
            baseline=1e3 * plain,
            baseline_what="bare python script.py",
            budget="< 10 ms more",
            ok=ours - plain < 0.010,
        ),
        row(
            "a supervisor from its start to its lock, processor time",
            1e3 * idle_cost,
            "ms",
            baseline=1e3 * bare_cost,
            baseline_what="bare python -I -S -c pass",
            budget="< 40 ms",
            ok=idle_cost < 0.040,
        ),
    ]


def _reading(one: Attempt) -> Row:
    writer = PageWriter(str(one.folder))
    for step in range(EVENTS):
        writer.write(b'["p",1700000000000000,%d,{"loss":0.123456789}]\n' % step)
    pages = tail.pages(one.folder)
    content = b"".join(page.read_bytes().rstrip(b"\0") for page in pages)

    def read() -> float:
        return seconds(lambda: [_whole(page) for page in pages])

    def split() -> float:
        return seconds(lambda: content.decode().split("\n"))

    ours, plain = map(middle, in_turn(5, read, split))
    return row(
        "events read and checked per second",
        EVENTS / ours,
        "/s",
        baseline=EVENTS / plain,
        baseline_what="lines split and nothing more",
    )


def _whole(page: Path) -> int:
    count = offset = 0
    while True:
        events, end, _ = tail.read(page, offset)
        if end == offset:
            return count
        count, offset = count + len(events), end
