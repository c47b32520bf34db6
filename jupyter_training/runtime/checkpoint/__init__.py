"""``checkpoint``: save what the training has reached, and go on from there.

    from jupyter_training import checkpoint, report, should_stop

    state = {"model": model, "optimizer": optimizer}
    found = checkpoint.latest()
    if found:
        found.load(into=state)
    for epoch in checkpoint.steps(20):
        report(loss=train(model, optimizer), step=epoch)
        if checkpoint.due(every=5):
            checkpoint.save(state)
        if should_stop():
            break

A checkpoint is there as a whole or not at all, and is checked before anything
goes on from it; where it is damaged, the one before it is taken. Outside a job
the same code keeps its checkpoints in ``./checkpoints``.

Start reading at ``commit`` (how one is written), then ``found`` (how one is
chosen and checked), ``contents`` (what can be saved), ``pace`` (when).
"""

from __future__ import annotations

from jupyter_training.runtime.checkpoint.commit import NotSaved, save, write
from jupyter_training.runtime.checkpoint.found import Checkpoint, NotRestored, latest
from jupyter_training.runtime.checkpoint.pace import due, every, no_more, steps

__all__ = [
    "Checkpoint",
    "NotRestored",
    "NotSaved",
    "due",
    "every",
    "latest",
    "no_more",
    "save",
    "steps",
    "write",
]
