"""Which interpreter, folder and variables an attempt runs with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from jupyter_training.core.job import EnvironmentWish

__all__ = ["Environment", "ResolvedEnvironment"]


@dataclass(frozen=True)
class ResolvedEnvironment:
    """What a wish came to: absolute interpreter, folder (None = the attempt's own), all variables.

    ``secrets`` are variables, too, that are written nowhere but past the order, in a 0600 file.
    """

    python: str
    folder: str | None
    variables: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


class Environment(Protocol):
    """Resolves a wish into something that can be started."""

    def resolve(self, wish: EnvironmentWish) -> ResolvedEnvironment:
        """The interpreter, folder and variables.

        Raises:
            LaunchFailed: what was wished for is not there, in words.
        """
