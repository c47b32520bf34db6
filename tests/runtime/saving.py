"""Builders: jobs whose attempts follow one another, each from the last good checkpoint, as a dispatcher orders it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.runtime.attempts import Attempt, attempt_in

__all__ = ["Job"]


@dataclass
class Job:
    """One job below ``home``. ``order`` is what its attempts' orders say beyond the usual."""

    home: Path
    code: str
    order: dict[str, Any] = field(default_factory=dict)
    checkpoints: dict[str, Any] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "checkpoints" / "job"

    def attempt(self, **order: Any) -> Attempt:
        """The next attempt, ready to be started."""
        said = {"folder": str(self.folder), "to": None, "candidates": self.candidates(), "base": 0, "sklearn": "skops"}
        code = textwrap.dedent(self.code)
        number = len(self.attempts) + 1
        whole = {"checkpoints": {**said, **self.checkpoints}, "pause_within": 600.0, **self.order, **order}
        self.attempts.append(attempt_in(self.home, code, number=number, **whole))
        return self.attempts[-1]

    def candidates(self) -> list[dict[str, Any]]:
        """What the events of all attempts say that there is, newest first."""
        found: dict[str, dict[str, Any]] = {}
        for one in self.attempts:
            for kind, *rest in one.events("c", "x"):
                if kind == "c":
                    step, name, about = rest
                    found[name] = {"name": name, "step": step, "sha256": about["sha256"], "place": about["place"]}
                else:
                    found.pop(rest[0], None)
        return list(reversed(list(found.values())))

    @property
    def names(self) -> list[str]:
        """What lies in the folder, also what should not."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def starts(self) -> list[int | None]:
        """From which step each attempt went on."""
        return [one.events("r")[0][1] for one in self.attempts]

    def losses(self) -> list[tuple[int | None, float | None]]:
        """The points of all attempts that count: a later one supersedes what earlier ones reported after its start."""
        found: list[tuple[int | None, float | None]] = []
        for one in self.attempts:
            given = one.events("r")
            start = (given[0][1] if given else None) or 0
            found = [point for point in found if point[0] is not None and point[0] <= start]
            found += [(step, values.get("loss")) for step, values in one.points()]
        return found
