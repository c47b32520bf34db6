"""Which interpreter, folder and variables an attempt runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_training.core.job import EnvironmentWish

__all__ = ["Environment", "ResolvedEnvironment"]


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
