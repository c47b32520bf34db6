"""A home with jobs in its store, moved by hand: what a dispatcher would write, without one."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import BundleFile, Instant, Job
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point
from jupyter_training.core.resources import Allocation
from jupyter_training.core.retention import Checkpoint
from jupyter_training.seams.backend import End
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder
from jupyter_training.store import checkpoints, facts, lease, points, record, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.store.supersede import Restart
from jupyter_training.testing.builders import a_submission

__all__ = ["CODE", "Stage", "wait_for"]

CODE = b"print('trained')\n"
DEADLINE = 60.0


class Stage:
    """One home. Each method is one thing that a dispatcher or an attempt would do."""

    def __init__(self, home: Path, *, idle_exit: float = 60.0, tracking_uri: str | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        lines = [f"mirror_idle_exit = {idle_exit}"]
        if tracking_uri is not None:
            lines.append(f"tracking_uri = '{tracking_uri}'")
        (home / "settings.toml").write_text("\n".join(lines))
        self.home = home
        self.settings = Settings.load(home)
        self.store = Store.open(self.settings)
        self.rng = random.Random(str(home))
        taken = lease.take(
            self.store, lease.Holder("stage", 1, 0, "boot"), ttl=1e6, boot_now=0.0, alive=lambda one: True
        )
        assert taken is not None
        self.epoch = taken.epoch
        self.settings.blobs.mkdir(exist_ok=True)
        self.digest = hashlib.sha256(CODE).hexdigest()
        (self.settings.blobs / self.digest).write_bytes(CODE)

    def submit(self, **wish: Any) -> JobId:
        wish.setdefault("files", (BundleFile(path="train.py", sha256=self.digest, size=len(CODE)),))
        wish.setdefault("notebook", "work/first.ipynb")
        (stored,) = wishes.submit(
            self.store, [a_submission(**wish)], new_id=lambda: new_job_id(self.rng), now=self.now()
        )
        return stored.job.id

    def start(self, job: JobId) -> Path:
        """Its next attempt begins to run, in a folder as a backend makes it."""
        (attempt,) = facts.begin(self.store, self.epoch, [(job, Allocation("local", 1), "token")], self.now())
        folder = attempt_folder(self.settings.spool_root, job, attempt.number)
        folder.mkdir(parents=True)
        facts.launched(self.store, self.epoch, job, attempt.number, "handle", self.now())
        facts.running(self.store, self.epoch, job, attempt.number, self.now(), self.now())
        return folder

    def report(self, job: JobId, found: Sequence[Point], restart: Restart | None = None) -> None:
        """Its latest attempt reports; ``restart``: and tells where it began."""
        number = self.job(job).attempt
        offset = points.offsets(self.store, job).get((number, "page"), 0)
        batch = points.Batch(number, "page", offset, offset + len(found), found, restart=restart)
        assert len(found) == points.ingest(self.store, job, [batch], now=self.now())

    def store_checkpoint(self, job: JobId, step: int) -> None:
        """Its latest attempt has saved at a step."""
        number = self.job(job).attempt
        one = Checkpoint(job, f"step-{step:09}.{number}", number, step, self.now(), 9, 1, "ab" * 32, None, "json", None)
        checkpoints.committed(self.store, self.epoch, [(one, {})], self.now())

    def end(self, job: JobId, reason: EndReason) -> None:
        number = self.job(job).attempt
        facts.ended(self.store, self.epoch, job, number, End(reason), self.now())

    def trained(self, count: int = 10, reason: EndReason = EndReason.COMPLETED, **wish: Any) -> JobId:
        """A job that has run to its end."""
        job = self.submit(**wish)
        self.start(job)
        self.report(job, curve(0, count))
        self.end(job, reason)
        return job

    def job(self, job: JobId) -> Job:
        return views.job(self.store, job)

    def run_id(self, job: JobId) -> str | None:
        return self.job(job).run_id

    def is_recorded(self, *jobs: JobId) -> bool:
        behind = {job.id for job in record.pending(self.store, 1000)}
        return behind.isdisjoint(jobs)

    def wait_until_recorded(self, *jobs: JobId) -> None:
        wait_for(lambda: self.is_recorded(*jobs), "the record is complete", self.log)

    def log(self) -> str:
        path = self.settings.logs / "mirror.log"
        return path.read_text() if path.exists() else ""

    def now(self) -> Instant:
        return Instant(time.time())

    def close(self) -> None:
        self.store.close()


def curve(start: int, end: int, *, name: str = "loss", source: Any = "report") -> list[Point]:
    return [
        Point(name, step, 1_700_000_000 + step / 1000, None if step % 50 == 49 else 1 / (1 + step), source)
        for step in range(start, end)
    ]


def wait_for(condition: Callable[[], bool], what: str, log: Callable[[], str] = str) -> None:
    """Look again and again until it is so; never longer than the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not in {DEADLINE:.0f} s: {what}\n{log()}"
        time.sleep(0.02)
