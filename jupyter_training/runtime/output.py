"""``output()``: where a file goes that shall outlive the job."""

from __future__ import annotations

import os

from jupyter_training.runtime import job, journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["output"]

_noted: set[str] = set()


def output(name: str | os.PathLike[str]) -> Path:
    """The path for a result of that name, in a folder that is kept with the job.

        model.save(output("model.pt"))
        with open(output("plots/loss.csv"), "w") as file: ...

    Folders on the way are made. Later attempts of the same job find what earlier
    ones left. Outside a job the path is relative to the working folder.

    Raises:
        ValueError: the name is empty, absolute, or leads out of the folder.
        OSError: the folder can't be made.
    """
    from pathlib import Path

    text = os.fspath(name)
    relative = os.path.normpath(text) if text else ""
    if "\0" in text or relative in ("", ".") or os.path.isabs(relative) or relative.split(os.sep)[0] == os.pardir:
        raise ValueError(
            f"{text!r} is no name for an output: it must be relative and stay in the output folder, e.g. 'model.pt'"
        )
    root = os.environ.get(job.OUTPUT)
    path = Path(root, relative) if root else Path(relative)
    path.parent.mkdir(parents=True, exist_ok=True)
    if root and relative not in _noted:
        _noted.add(relative)
        journal.output_kept(relative)
    return path
