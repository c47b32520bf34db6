"""What people do, done to the store as the services do it. What is refused changes nothing, and that is all right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, update

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import BundleFile, Entry, Instant, Job, JobSpec, Keep, Origin, Retries, Submission
from jupyter_training.core.job import CheckpointPolicy as Checkpoints
from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalMove, TrainingError
from jupyter_training.store import dependencies, queue_moves, verbs, wishes
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import jobs as table
from tests.dispatch.simulation.draw import After, JobDraw, Move, Wish

__all__ = ["Ids", "move", "set_after", "submit", "wish"]

Ids = dict[str, JobId]  # of the story's jobs that were submitted, by name

_KEPT = Checkpoints(keep=Keep(trial_latest=1000))  # that superfluous ones go is another room's matter


def submit(store: Store, draws: tuple[JobDraw, ...], ids: Ids, *, new_id: Callable[[], JobId], now: Instant) -> None:
    """Several at once, as one request brings them. Their ids are noted."""
    experiments = {draw.name: draw.experiment for draw in draws}

    def settle(connection: Connection, job: Job) -> None:
        one = experiments[job.name]
        trial = None if one is None else job.seq  # one without a number would be what drives a search
        connection.execute(update(table).where(table.c.id == job.id).values(experiment=one, trial=trial))

    stored = wishes.submit(store, [_submission(draw, ids) for draw in draws], new_id=new_id, now=now, settle=settle)
    ids.update({draw.name: one.job.id for draw, one in zip(draws, stored, strict=True)})


def wish(store: Store, deed: Wish, ids: Ids, now: Instant) -> None:
    if deed.job in ids:
        verbs.wish(store, [ids[deed.job]], deed.verb, now=now, discard=deed.discard)


def set_after(store: Store, deed: After, ids: Ids, now: Instant) -> bool:
    """Whether the job starts after these now."""
    if deed.job not in ids or any(name not in ids for name in deed.after):
        return False
    try:
        dependencies.set_after(store, ids[deed.job], [ids[name] for name in deed.after], now=now)
    except TrainingError:
        return False
    return True


def move(store: Store, deed: Move, ids: Ids, now: Instant) -> None:
    value = deed.value
    if deed.job not in ids or (deed.how in ("ahead_of", "behind_of") and value not in ids):
        return
    wished = _MOVES[deed.how](ids.get(str(value), value))
    queue_moves.move_all(store, [(ids[deed.job], wished)], now=now, judge=_judge)


def _judge(job: Job, name: str, known: Mapping[str, Pool]) -> None:
    need, pool = job.spec.resources.need, known[name]
    if need.slots > pool.slots or need.gpus > len(pool.devices):
        raise IllegalMove("It would never fit.")


_MOVES: dict[str, Callable[..., queue_moves.Move]] = {
    "priority": queue_moves.SetPriority,
    "weight": queue_moves.SetWeight,
    "resource_pool": queue_moves.SetPool,
    "ahead_of": queue_moves.Ahead,
    "behind_of": queue_moves.Behind,
    "top": lambda _: queue_moves.Top(),
    "bottom": lambda _: queue_moves.Bottom(),
    "position": queue_moves.At,
}


def _submission(draw: JobDraw, ids: Ids) -> Submission:
    spec = JobSpec(
        name=draw.name,
        entry=Entry(kind="script", path="train.py"),
        files=(BundleFile(path="train.py", sha256="ab" * 32, size=120),),
        resources=draw.resources,
        preemptible=draw.preemptible,
        retries=Retries(max=draw.retries),
        timeout=draw.timeout,
        checkpoints=_KEPT,
    )
    return Submission(
        key=f"key-{draw.name}",
        spec=spec,
        origin=Origin(user=draw.user),
        pool=draw.pool,
        priority=draw.priority,
        weight=draw.weight,
        after=tuple(ids[name] for name in draw.after),
    )
