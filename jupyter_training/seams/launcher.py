"""How an entry point becomes a command line. Pure: no disk, no processes."""

from __future__ import annotations

from pathlib import PurePath
from typing import Protocol

from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Allocation

__all__ = ["Launcher"]


class Launcher(Protocol):
    """Turns a spec and what it was given into the words of a command."""

    def command(
        self, spec: JobSpec, allocation: Allocation, *, python: str, runtime: PurePath, attempt: PurePath
    ) -> list[str]:
        """The command to start in the attempt's folder.

        ``runtime`` holds the job-side package, ``attempt`` is the attempt's
        folder; both as the attempt itself will see them.
        """
