"""What the planner says of a scene that is at rest: nothing more to do, and a sentence for each job that waits."""

from __future__ import annotations

from jupyter_training.core.policy import Plan, Stop, plan
from jupyter_training.core.queue_view import queue_view, queued_job
from tests.dispatch.simulation.laws import Broken, Scene

__all__ = ["each_has_a_sentence", "has_nothing_more_to_do"]


def has_nothing_more_to_do(scene: Scene) -> None:
    """A plan by somebody who has just read everything decides nothing either.

    But for time limits, which a dispatcher counts by a clock that nobody sets right.
    """
    decisions = [
        one for one in _plan(scene).decisions if not (isinstance(one, Stop) and one.how in ("timeout", "hang"))
    ]
    if decisions:
        raise Broken(f"planning again yields nothing: {decisions}")


def each_has_a_sentence(scene: Scene) -> None:
    blocked = _plan(scene).blocked
    for pool in scene.pools:
        for job in scene.waiting(pool):
            words = blocked[pool].sentence(queued_job(job)) if pool in blocked else ""
            if not words.strip():
                raise Broken(f"each waiting job has a sentence: {job.name} has none")


def _plan(scene: Scene) -> Plan:
    return plan(queue_view(scene.pools, list(scene.rows.values())), scene.now)
