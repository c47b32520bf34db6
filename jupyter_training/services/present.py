"""Jobs as people and programs see them: rows of the store joined into views."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core import eta
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import (
    TERMINAL,
    Desired,
    EndReason,
    JobState,
    Phase,
    end_sentence,
    phase,
)
from jupyter_training.core.metric import Progress, SeriesSummary
from jupyter_training.core.policy import Blocked, QueuedJob, plan
from jupyter_training.core.queue_view import queue_view, queued_job
from jupyter_training.dispatch import ensure
from jupyter_training.schema import (
    ArtifactView,
    AttemptView,
    DataView,
    EntryView,
    EtaView,
    JobView,
    MetricView,
    ProgressView,
)
from jupyter_training.services import signs
from jupyter_training.services.instants import instant
from jupyter_training.services.site import Site
from jupyter_training.store import points, views

__all__ = ["job_views"]

_BLOCKED_KEPT = 1.0  # seconds that an explanation of the queue is reused
_blocked_lock = Lock()
_blocked: WeakKeyDictionary[Site, tuple[float, int, Mapping[str, Blocked]]] = WeakKeyDictionary()


def job_views(
    site: Site, jobs: Sequence[Job], *, artifacts: Sequence[ArtifactView] | None = None, full: bool = False
) -> list[JobView]:
    """Views of the jobs, in their order, with a fixed number of queries. ``full`` adds the resolved spec."""
    ids = [job.id for job in jobs]
    attempts = views.attempts(site.store, ids)
    summaries = points.summaries(site.store, ids)
    progress = points.progress(site.store, ids)
    waiting = any(job.state is JobState.QUEUED for job in jobs)
    around = _Around(
        store=site.store.store_id,
        spool=os.fspath(site.settings.spool_root),
        outputs=os.fspath(site.settings.outputs),
        blocked=_explained(site) if waiting else {},
        down=ensure.why_down(site.settings) if waiting else None,
        now=site.now(),
        artifacts=tuple(artifacts) if artifacts is not None else None,
        full=full,
    )
    return [
        _view(job, attempts.get(job.id, ()), summaries.get(job.id, {}), progress.get(job.id), around) for job in jobs
    ]


@dataclass(frozen=True)
class _Around:
    """What is the same for all jobs of one answer. ``down``: why nobody starts anything, if so."""

    store: str
    spool: str
    outputs: str
    blocked: Mapping[str, Blocked]
    down: str | None
    now: Instant
    artifacts: tuple[ArtifactView, ...] | None
    full: bool


def _view(
    job: Job,
    attempts: tuple[Attempt, ...],
    summaries: Mapping[str, SeriesSummary],
    progress: Progress | None,
    around: _Around,
) -> JobView:
    latest = attempts[-1] if attempts else None
    shown = phase(job, latest)
    spec = job.spec
    return JobView(
        id=job.id,
        store=around.store,
        name=job.name,
        state=job.state,
        phase=shown,
        desired=job.desired,
        reason=job.reason,
        sentence=_sentence(job, shown, around),
        experiment=job.experiment,
        trial=job.trial,
        queue=job.pool,
        pool=job.pool,
        priority=job.priority,
        user=job.origin.user,
        notebook=job.origin.notebook,
        submitted=instant(job.submitted) or "",
        started=instant(job.started),
        ended=instant(job.ended),
        params=spec.params,
        tags=spec.tags,
        metrics={name: _metric(summary) for name, summary in summaries.items() if summary.source != "machine"},
        source=signs.source(summaries),
        progress=_progress(progress),
        eta=_eta(progress, around.now) if shown is Phase.RUNNING else None,
        machine=signs.machine(summaries),
        seen=instant(signs.last_word(around.spool, job, summaries.values(), progress)),
        figure=signs.figure(around.outputs, job.id) if job.attempt else None,
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        entry=EntryView(kind=spec.entry.kind, shown_as=spec.entry.shown_as),
        attempts=tuple(_attempt(attempt) for attempt in attempts),
        run_id=job.run_id,
        artifacts=around.artifacts,
        spec=spec.model_dump(mode="json") if around.full else None,
        spec_hash=job.spec_hash,
        version=job.version,
    )


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        state=attempt.state,
        seen=attempt.seen,
        reason=attempt.reason,
        sentence=end_sentence(attempt.reason, attempt.detail) if attempt.reason else None,
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        started=instant(attempt.started),
        ended=instant(attempt.ended),
        peak_memory=attempt.peak_memory,
    )


def _metric(summary: SeriesSummary) -> MetricView:
    return MetricView(
        last=summary.last,
        last_step=summary.last_step,
        low=summary.low,
        low_step=summary.low_step,
        high=summary.high,
        high_step=summary.high_step,
        last_time=summary.last_time,
        count=summary.count,
        source=summary.source,
    )


def _progress(progress: Progress | None) -> ProgressView | None:
    if progress is None:
        return None
    return ProgressView(done=progress.done, total=progress.total, unit=progress.unit, text=progress.text)


def _eta(progress: Progress | None, now: Instant) -> EtaView | None:
    if progress is None:
        return None
    found = eta.time_left(progress.marks, progress.done, progress.total, progress.time, now=now)
    return EtaView(low=round(found.low, 1), high=round(found.high, 1)) if found is not None else None


def _sentence(job: Job, shown: Phase, around: _Around) -> str:
    """The state, the wait or the end of a job in words."""
    if job.state in TERMINAL:
        return _end(job)
    if shown is Phase.QUEUED:
        return around.down or _wait(queued_job(job), around.blocked)
    if shown is Phase.UNKNOWN:
        return "No answer from where it runs; its slots are kept until there is one."
    if shown is Phase.STARTING:
        return "Starting."
    if shown is Phase.STOPPING and job.state is JobState.QUEUED:
        return "Canceled; it leaves the queue."
    if shown is Phase.STOPPING:
        return "Being killed." if job.desired is Desired.KILL else "Stopping; it may finish what it is doing."
    if shown is Phase.RUNNING:
        return "Running."
    return f"{shown.value.capitalize()}."


def _end(job: Job) -> str:
    if job.reason is None:
        return f"{job.state.value.capitalize()}."
    if job.reason is EndReason.COMPLETED and job.started is not None and job.ended is not None:
        return f"Succeeded in {_span(job.ended - job.started)}."
    if job.started is None and job.state is JobState.CANCELED:
        return "Stopped by you before it started."
    return end_sentence(job.reason, job.detail)


def _wait(job: QueuedJob, blocked: Mapping[str, Blocked]) -> str:
    rule = blocked.get(job.pool)
    if rule is None:
        return "Waits: about to start."
    return f"Waits: {rule.sentence(job)}"


def _explained(site: Site) -> Mapping[str, Blocked]:
    """Why each pool's queue waits, computed once per change of the store and reused for a moment."""
    head = views.head(site.store)
    now = time.monotonic()
    with _blocked_lock:
        kept = _blocked.get(site)
        if kept is not None and (kept[1] == head or now - kept[0] < _BLOCKED_KEPT):
            return kept[2]
        view = queue_view(views.pools(site.store), views.unfinished(site.store))
        found = plan(view, site.now()).blocked
        _blocked[site] = (now, head, found)
        return found


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} m"
