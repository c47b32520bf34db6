"""A home with a backend that speaks to the double, and attempts launched in it."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import clients
from jupyter_training.backends.sagemaker.backend import SagemakerBackend
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import BundleFile, Entry, JobSpec
from jupyter_training.core.resources import Allocation, Pool, Resources
from jupyter_training.seams.backend import AttemptRef, LaunchOrder, Observation, Standing
from jupyter_training.seams.clock import Clock, SystemClock
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder, tail
from tests.sagemaker_double.fixture import Double

QUICK = Pace(
    poll=0.6,
    drain=5.0,
    drain_unended=5.0,
    look_for_streams=0.3,
    read_idle=0.5,
    look_again=3.0,
    quota_known=3.0,
    capacity=(2.0, 4.0),
    no_credentials=0.5,
    missing_for=2.0,
    stop_again=3.0,
    first_wait=0.3,
    longest_wait=3.0,
)
INSTANCE = "ml.m5.large"


class Stand:
    """One home. ``backend`` is the present dispatcher's; ``succeed`` gives the next one."""

    def __init__(self, home: Path, double: Double | None, *, pace: Pace = QUICK, clock: Clock | None = None) -> None:
        self.settings = Settings(home=home)
        self._double = double
        self.pace = pace
        self.clock = clock or SystemClock()
        self.rng = random.Random(os.urandom(8))
        self.bucket = double.bucket if double is not None else "bucket"
        self.role = double.role_arn if double is not None else "arn:aws:iam::123456789012:role/training"
        self.backend = self.new_backend()

    @property
    def double(self) -> Double:
        assert self._double is not None, "this home has no service"
        return self._double

    def new_backend(self, **more: Any) -> SagemakerBackend:
        return SagemakerBackend(self.settings, self.clock, pace=self.pace, **more)

    def succeed(self) -> SagemakerBackend:
        """A new dispatcher, which knows nothing but what is on disk."""
        self.backend.work.close()
        self.backend = self.new_backend()
        return self.backend

    def pool(self, instance: str = INSTANCE, *, spot: bool = False) -> Pool:
        options = {"instance": instance, "spot": spot, "region": "us-east-1"}
        return Pool(f"{instance}{'-spot' if spot else ''}", "sagemaker", 1, is_found=True, options=options)

    def order(self, code: str, *, number: int = 1, job: JobId | None = None, **wish: Any) -> LaunchOrder:
        """An order for a script. ``wish``: fields of JobSpec; ``options`` are those of ``Settled``."""
        options = {"instance": INSTANCE, "max_run": 60, **wish.pop("options", {})}
        settled = Settled.of(
            {
                "image": "plain:1",
                "role_arn": self.role,
                "region": "us-east-1",
                "bucket": self.bucket,
                "account": "123456789012",
                **options,
            }
        )
        blob = self.keep(self.settings.blobs, code.encode())
        spec = JobSpec(
            name=wish.pop("name", "digits"),
            entry=Entry(kind="script", path="train.py"),
            files=(BundleFile(path="train.py", sha256=blob, size=len(code)),),
            resources=Resources(slots=settled.instances),
            options=settled.dumped(),
            **wish,
        )
        ref = AttemptRef(job or new_job_id(self.rng), number, self.rng.randbytes(16).hex(), None)
        pool = self.pool(settled.instance, spot=settled.spot)
        return LaunchOrder(
            ref,
            spec,
            Allocation(pool.name, settled.instances),
            "store",
            "key",
            params=spec.params,
            pool_options=pool.options,
        )

    def keep(self, place: Path, content: bytes) -> str:
        place.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()
        (place / digest).write_bytes(content)
        return digest

    def launch(self, code: str, **wish: Any) -> AttemptRef:
        return self.launched(self.order(code, **wish))

    def launched(self, order: LaunchOrder) -> AttemptRef:
        return replace(order.ref, handle=self.backend.launch(order))

    def see(self, ref: AttemptRef) -> Observation:
        (seen,) = self.backend.observe([ref])
        return seen

    def until(self, ref: AttemptRef, holds: Callable[[Observation], object], *, seconds: float = 40) -> Observation:
        """The attempt as soon as this is true of it."""
        end = time.monotonic() + seconds
        while not holds(seen := self.see(ref)):
            if time.monotonic() > end or seen.end is not None:
                raise AssertionError(f"it never came to be so: {seen}\n{self.log(ref)}")
            time.sleep(0.02)
        return seen

    def ended(self, ref: AttemptRef, *, seconds: float = 40) -> Observation:
        return self.until(ref, lambda seen: seen.end is not None, seconds=seconds)

    def until_ended(self, refs: list[AttemptRef], count: int, *, seconds: float = 60) -> dict[AttemptRef, Observation]:
        """All of them, as soon as so many have ended."""
        end = time.monotonic() + seconds
        while True:
            seen = dict(zip(refs, self.backend.observe(refs), strict=True))
            if sum(1 for one in seen.values() if one.end is not None) >= count:
                return seen
            assert time.monotonic() < end, f"not so many have ended: {seen}"
            time.sleep(0.05)

    def until_standing(self, holds: Callable[[Standing], object], *, seconds: float = 30) -> Standing:
        """What the usual pool has, as soon as this is true of it."""
        end = time.monotonic() + seconds
        while not holds(standing := self.backend.standings([self.pool()])[INSTANCE]):
            assert time.monotonic() < end, f"it never came to be so: {standing}"
            time.sleep(0.05)
        return standing

    def folder(self, ref: AttemptRef) -> Path:
        return attempt_folder(self.settings.spool_root, ref.job, ref.number)

    def log(self, ref: AttemptRef) -> str:
        path = self.folder(ref) / "log"
        return path.read_text() if path.exists() else ""

    def events(self, ref: AttemptRef, *kinds: str) -> list[list[Any]]:
        """What the spool has, without cursors; or only these kinds."""
        found: list[list[Any]] = []
        for page in tail.pages(self.folder(ref)):
            offset, end = -1, 0
            while offset != end:
                offset, end = end, self._read(page, end, found)
        return [one for one in found if one[0] in kinds or (not kinds and one[0] != "cursor")]

    def _read(self, page: Path, offset: int, found: list[list[Any]]) -> int:
        events, end, faults = tail.read(page, offset)
        assert faults == 0
        found += events
        return end

    def name(self, ref: AttemptRef) -> str:
        assert ref.handle is not None
        return ref.handle.partition("/")[2]

    def outputs(self, ref: AttemptRef) -> Path:
        return self.settings.outputs / ref.job


@pytest.fixture
def stand(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """A home whose backend speaks to the double, by the environment alone."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in double.environment.items():
        monkeypatch.setenv(name, value)
    clients.forget("us-east-1")
    made = Stand(tmp_path / "home", double)
    yield made
    made.backend.work.close()
    clients.forget("us-east-1")
