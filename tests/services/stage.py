"""A home whose jobs are moved by hand: attempts begin, save and end as the test says, and no process runs."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.resources import Allocation
from jupyter_training.core.retention import Checkpoint
from jupyter_training.schema import ForkRequest, SubmitRequest, SubmitResult
from jupyter_training.seams.backend import End
from jupyter_training.services import submitting
from jupyter_training.services.site import Site
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store import checkpoints, facts, lease, verbs, views

SCRIPT = "print('hello')\n"
USER = "ada"


class Stage:
    """The dispatcher's and the runtime's part, without either."""

    def __init__(self, site: Site) -> None:
        self.site = site
        term = lease.take(site.store, lease.Holder("here", 1, 1, "boot"), ttl=600, boot_now=0, alive=lambda _: False)
        assert term is not None
        self.epoch = term.epoch

    def submit(self, code: str = SCRIPT, **changes: Any) -> SubmitResult:
        return submitting.submit(self.site, USER, request(code, **changes))

    def job(self, job_id: str) -> Job:
        return views.job(self.site.store, JobId(job_id))

    def begin(self, job_id: str) -> int:
        """Start the next attempt; its number."""
        number = self.launch(job_id)
        facts.running(self.site.store, self.epoch, JobId(job_id), number, self.site.now(), self.site.now())
        return number

    def launch(self, job_id: str) -> int:
        """Let the next attempt be launched, of which nobody has noted yet that it runs; its number."""
        starts = [(JobId(job_id), Allocation(self.job(job_id).pool, 1), uuid.uuid4().hex)]
        (attempt,) = facts.begin(self.site.store, self.epoch, starts, self.site.now())
        return attempt.number

    def begin_again(self, job_id: str) -> int:
        """Retry an ended job, and start its next attempt."""
        verbs.wish(self.site.store, [JobId(job_id)], Verb.RETRY, now=self.site.now(), force=True)
        return self.begin(job_id)

    def save(
        self,
        job_id: str,
        step: int,
        *,
        metric: float | None = None,
        content: bytes = b"weights",
        place: str | None = None,
    ) -> Checkpoint:
        """Commit a checkpoint of the running attempt, files and row."""
        job = self.job(job_id)
        name = folders.name(step, job.attempt)
        folder = self.site.settings.checkpoints / job.id / name
        folder.mkdir(parents=True)
        (folder / "state.bin").write_bytes(content)
        files = [{"path": "state.bin", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}]
        manifest = {"version": 1, "job": job.id, "attempt": job.attempt, "step": step, "kind": "bytes", "files": files}
        (folder / folders.MANIFEST).write_text(json.dumps(manifest))
        sha256 = folders.digest(folder / folders.MANIFEST)
        one = Checkpoint(
            job.id, name, job.attempt, step, Instant(self.site.now()), len(content), 1, sha256, place, "bytes", metric
        )
        checkpoints.committed(self.site.store, self.epoch, [(one, {})], self.site.now())
        return one

    def end(self, job_id: str, reason: EndReason, detail: str | None = None) -> Job:
        job = self.job(job_id)
        return facts.ended(self.site.store, self.epoch, job.id, job.attempt, End(reason, detail), self.site.now())

    def ended(self, *steps: int, reason: EndReason = EndReason.COMPLETED, **changes: Any) -> str:
        """The id of a job that has ended and left checkpoints of these steps."""
        job_id = self.submit(**changes).job.id
        self.begin(job_id)
        for step in steps:
            self.save(job_id, step)
        self.end(job_id, reason)
        return job_id

    def folder(self, one: Checkpoint) -> Path:
        return self.site.settings.checkpoints / one.job / one.name


def request(code: str = SCRIPT, **changes: Any) -> SubmitRequest:
    wish = {
        "key": uuid.uuid4().hex,
        "entry": {"kind": "script", "path": "train.py"},
        "files": [{"path": "train.py", "text": code}],
        "name": "digits",
        **changes,
    }
    return SubmitRequest.model_validate(wish)


def edited(**changes: Any) -> ForkRequest:
    return ForkRequest.model_validate({"key": uuid.uuid4().hex, **changes})
