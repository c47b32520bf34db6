"""What the planner says of a scene that is at rest: nothing more to do, and a sentence for each job that waits."""

from __future__ import annotations

import math

from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, JobState
from jupyter_training.core.policy import Stop, plan
from jupyter_training.core.queue_view import queue_view, queued_job
from tests.dispatch.simulation.laws import Broken, Scene

__all__ = ["are_told"]


def are_told(scene: Scene) -> None:
    """A plan by somebody who has just read everything decides nothing more, and has a sentence for whoever waits.

    But for time limits, which a dispatcher counts by a clock that nobody sets right: whoever reads the rows after
    such a jump would take one to be reached, and plan with the room that this would make.
    """
    endless = {job: Instant(math.inf) for job in scene.rows}
    found = plan(queue_view(scene.pools, list(scene.rows.values()), time_up=endless), scene.now)
    more = [one for one in found.decisions if not (isinstance(one, Stop) and one.how == "hang")]
    if more:
        raise Broken(f"planning again yields nothing: {more}")
    for job, attempt in scene.rows.values():
        if job.state is not JobState.QUEUED or (attempt is not None and attempt.state is not AttemptState.ENDED):
            continue
        if not found.sentence(queued_job(job)).strip():
            raise Broken(f"each waiting job has a sentence: {job.name} has none")
