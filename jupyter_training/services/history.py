"""What is known of how long jobs take, as forecasts need it: their like before them, and how far they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core import eta
from jupyter_training.core.durations import Earlier, Known, kin_of, saves_after
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.core.metric import Progress
from jupyter_training.services.site import Site
from jupyter_training.store import history, points, views

__all__ = ["earlier", "known"]

_NAMES = 2_000  # kept at most

_turn = Lock()
_kept: WeakKeyDictionary[Site, tuple[int, dict[str, tuple[Earlier, ...]]]] = WeakKeyDictionary()


def earlier(site: Site, names: Iterable[str]) -> Mapping[str, tuple[Earlier, ...]]:
    """The jobs of these names that succeeded, newest first. Read anew once a job may have ended."""
    wanted = set(names)
    head = views.head(site.store)  # before the rows: what ends in between is read twice, never missed
    with _turn:
        at, kept = _kept.get(site, (head, {}))
    if len(kept) > _NAMES or (at != head and history.has_moved(site.store, at)):
        kept = {}
    missing = wanted - kept.keys()
    if missing:
        read = history.succeeded(site.store, missing)
        kept = {**kept, **{name: read.get(name, ()) for name in missing}}
    with _turn:
        _kept[site] = (head, kept)
    return kept


def known(site: Site, jobs: Sequence[Job], *, now: Instant) -> dict[JobId, Known]:
    """What is known of each of these unfinished jobs. A few queries, however many they are."""
    like = earlier(site, (job.name for job in jobs))
    begun = [job.id for job in jobs if job.attempt]
    attempts = views.attempts(site.store, begun)
    progress = points.progress(site.store, begun)
    return {
        job.id: _known(job, like.get(job.name, ()), attempts.get(job.id, ()), progress.get(job.id), now) for job in jobs
    }


def _known(
    job: Job, earlier: Sequence[Earlier], attempts: Sequence[Attempt], progress: Progress | None, now: Instant
) -> Known:
    kin, like = kin_of(
        earlier, name=job.name, user=job.origin.user, notebook=job.origin.notebook, experiment=job.experiment
    )
    latest = attempts[-1] if attempts else None
    running = latest is not None and latest.state is not AttemptState.ENDED
    return Known(
        kin=kin,
        done=_done(job, attempts, now),
        left=_left(progress, latest, now) if running and latest is not None else None,
        restore=job.restore_seconds or 0.0,
        keeps=job.checkpoint_step is not None,
        saves_after=saves_after(like) if job.spec.preemptible == "auto" else None,
    )


def _left(progress: Progress | None, latest: Attempt, now: Instant) -> tuple[float, float] | None:
    """What its progress tells, where that is of this attempt."""
    if progress is None or progress.time < latest.created:
        return None
    found = eta.time_left(progress.marks, progress.done, progress.total, progress.time, now=now)
    return (found.low, found.high) if found is not None else None


def _done(job: Job, attempts: Sequence[Attempt], now: Instant) -> float:
    """The seconds of work behind it: of the attempts that the latest goes back to, and of that one.

    Of one that waits it is what lies before its newest checkpoint.
    """
    total = 0.0
    for place, attempt in enumerate(reversed(attempts)):
        if attempt.started is None:
            continue
        until = attempt.ended if attempt.ended is not None else now
        if place == 0 and attempt.ended is not None:
            if job.checkpoint_time is None:
                return 0.0  # it begins anew
            until = min(until, max(attempt.started, job.checkpoint_time))
        total += max(0.0, until - attempt.started)
        if attempt.start_step is None:
            break
    return total
