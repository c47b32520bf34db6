"""Code that counts its steps and saves its count."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.saving import Job

__all__ = ["COUNTS", "counting", "truncate"]

COUNTS = """
from jupyter_training import checkpoint, report
found = checkpoint.latest()
count = found.load()["count"] if found else 0
for step in checkpoint.steps(LAST):
    count += 1
    report(loss=float(count), step=step)
    if checkpoint.every(5):
        checkpoint.save({"count": count}, metrics={"loss": count})
print(count)
"""


def counting(home: Path, last: int = 10) -> Job:
    return Job(home, f"LAST = {last}\n{COUNTS}")


def truncate(folder: Path) -> None:
    """Damage a checkpoint."""
    with open(folder / "state.json", "r+b") as file:
        file.truncate(3)
