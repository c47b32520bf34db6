"""One process, started with the person's interpreter."""

from __future__ import annotations

from pathlib import PurePath

from jupyter_training import runtime as job_side
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Allocation

__all__ = ["PlainLauncher"]


class PlainLauncher:
    def command(
        self, spec: JobSpec, allocation: Allocation, *, python: str, runtime: PurePath, attempt: PurePath
    ) -> list[str]:
        return job_side.command(python, str(runtime), str(attempt))
