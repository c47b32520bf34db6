"""As many processes as the attempt has GPUs, else slots, started by the torch of the person's interpreter.

Each runs the code with its rank in the environment. What rank 0 reports and saves is
the attempt's; the first error of any of them is its error.
"""

from __future__ import annotations

from pathlib import PurePath

from jupyter_training import runtime as job_side
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Allocation

__all__ = ["TorchrunLauncher"]


class TorchrunLauncher:
    """On one machine, with a rendezvous of its own, so that any number of attempts can do so at once."""

    def command(
        self, spec: JobSpec, allocation: Allocation, *, python: str, runtime: PurePath, attempt: PurePath
    ) -> list[str]:
        count = len(allocation.devices) or spec.resources.gpus or allocation.slots
        torchrun = [
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nnodes",
            "1",
            "--nproc_per_node",
            f"{max(1, count)}",
        ]
        _, *code = job_side.command(python, str(runtime), str(attempt))
        return [python, *torchrun, *code]
