"""Our own process that drives a search, in the dispatcher's interpreter."""

from __future__ import annotations

from pathlib import PurePath

from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Allocation

__all__ = ["DriverLauncher"]


class DriverLauncher:
    """Which home, which experiment and which attempt it is, the process reads in its attempt's order."""

    def command(
        self, spec: JobSpec, allocation: Allocation, *, python: str, runtime: PurePath, attempt: PurePath
    ) -> list[str]:
        return [python, "-P", "-m", "jupyter_training.tuning"]
