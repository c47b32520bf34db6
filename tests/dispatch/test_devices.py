"""Real jobs under a real dispatcher see the GPUs that they were given, and start as many threads as they may."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import JobState
from jupyter_training.schema import PoolRequest
from jupyter_training.services import submitting
from jupyter_training.services.pools import set_pool
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.store import pools, views
from tests.client.places import fresh_home
from tests.services.stage import request
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

# Prints its variables, and ends when somebody opens its gate.
PRINTS = """
import json, os
print(json.dumps(dict(os.environ)), flush=True)
open(os.environ["GATE"]).read()
"""
OWN = {"CUDA_VISIBLE_DEVICES": "5", "MKL_NUM_THREADS": "7"}


class Job:
    """A job of the test. ``variables`` waits until it has printed them."""

    def __init__(self, site: Site, folder: Path, name: str, wish: dict[str, Any]) -> None:
        self._site = site
        self._gate = folder / f"{name}.gate"
        os.mkfifo(self._gate)
        environment = {"variables": {**OWN, "GATE": str(self._gate)}}
        submit = request(PRINTS, name=name, environment=environment, **wish)
        result = submitting.submit(site, "ada", submit)
        self.id, self.notes = JobId(result.job.id), result.notes

    @property
    def state(self) -> JobState:
        return views.job(self._site.store, self.id).state

    def variables(self) -> dict[str, str]:
        log = layout.log_file(layout.attempt_folder(self._site.settings.spool_root, self.id, 1))
        text = eventually(
            lambda: log.read_text() if log.exists() and log.read_text().endswith("\n") else None,
            within=60,
            what="its variables",
        )
        found: dict[str, str] = json.loads(text.splitlines()[-1])
        return found

    def end(self) -> None:
        self.variables()
        self._gate.write_text("")
        eventually(lambda: self.state is JobState.SUCCEEDED, within=60, what="the job's end")


Submit = Callable[..., Job]


@pytest.fixture
def site() -> Iterator[Site]:
    with fresh_home() as home, Site.open(Settings(home=home, local_slots=4)) as site:
        yield site


@pytest.fixture
def submit(site: Site, tmp_path: Path) -> Submit:
    def one(name: str, **wish: Any) -> Job:
        job = Job(site, tmp_path, name, wish)
        site.ensure_dispatcher()
        site.wake()
        return job

    return one


def seen(job: Job) -> list[str | None]:
    found = job.variables()
    return [found.get(name) for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")]


def test_two_jobs_have_a_gpu_each_a_third_waits_and_a_job_without_sees_none(site: Site, submit: Submit) -> None:
    set_pool(site, PoolRequest(name="lab", slots=8, devices=("0", "1")))
    first, second, third = (submit(name, pool="lab", resources={"gpus": 1}) for name in ("a", "b", "c"))
    assert [["0"] * 3, ["1"] * 3] == sorted([seen(first), seen(second)])  # type: ignore[type-var]
    assert "PCI_BUS_ID" == first.variables()["CUDA_DEVICE_ORDER"]
    blind = submit("blind", pool="lab", priority=1)  # before the third, which holds up who stands behind it
    assert ["", "", ""] == seen(blind)
    assert any("asks for none" in note for note in blind.notes)
    assert JobState.QUEUED is third.state  # another one has begun since, and no GPU is free
    second.end()
    assert seen(third) == ["1"] * 3
    for job in (first, third, blind):
        job.end()


def test_where_no_devices_are_given_out_a_jobs_own_variables_stand(site: Site, submit: Submit) -> None:
    local = views.pools(site.store)["local"]
    pools.write(site.store, replace(local, cpus=99.0), now=site.now())
    job = submit("free", resources={"slots": 2})
    assert ["5", None, None] == seen(job)
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "MKL_NUM_THREADS")
    assert ["2", "2", "2", "7"] == [job.variables()[name] for name in threads]
    # The dispatcher has looked at the machine, and keeps to the slots that only this process was told of.
    assert local == views.pools(site.store)["local"]
    assert 4 == local.slots
    job.end()
