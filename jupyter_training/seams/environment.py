"""Which interpreter, folder and variables an attempt runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_training.core.job import EnvironmentWish
from jupyter_training.errors import TrainingError

__all__ = ["Environment", "LaunchFailed", "ResolvedEnvironment"]


class LaunchFailed(TrainingError):
    """An attempt that can never start as it is: no such interpreter, no such folder."""

    code, status = "launch_failed", 422


@dataclass(frozen=True)
class ResolvedEnvironment:
    """What a wish came to: absolute interpreter, folder (None = the attempt's own), all variables."""

    python: str
    folder: str | None
    variables: dict[str, str]


class Environment(Protocol):
    """Resolves a wish into something that can be started."""

    def resolve(self, wish: EnvironmentWish) -> ResolvedEnvironment:
        """The interpreter, folder and variables.

        Raises:
            LaunchFailed: what was wished for is not there, in words.
        """
