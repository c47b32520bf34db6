"""The words with which torch starts the code several times on this machine."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from jupyter_training.core.job import Entry, JobSpec
from jupyter_training.core.resources import Allocation, Resources
from jupyter_training.seams import registry


@pytest.mark.parametrize(
    ("slots", "gpus", "devices", "count"),
    [(1, 0, (), "1"), (4, 0, (), "4"), (1, 2, ("0", "1"), "2"), (1, 2, (), "2"), (0, 0, (), "1")],
)
def test_a_process_for_each_gpu_or_slot(slots: int, gpus: int, devices: tuple[str, ...], count: str) -> None:
    spec = JobSpec(
        name="a", entry=Entry(kind="script", path="a.py"), files=(), resources=Resources(slots=slots, gpus=gpus)
    )
    words = registry.load("launchers", "torchrun")().command(
        spec,
        Allocation("local", slots, devices),
        python="/env/python",
        runtime=PurePosixPath("/rt"),
        attempt=PurePosixPath("/attempt"),
    )
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nnodes", "1", "--nproc_per_node", count]
    assert ["/env/python", *torchrun, "/rt/job", "/attempt"] == words
