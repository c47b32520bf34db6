"""Jobs as people and programs see them: rows of the store joined into views."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jupyter_training.core import eta
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import JobState, Phase, end_sentence, legal, phase
from jupyter_training.core.metric import Progress, SeriesSummary
from jupyter_training.core.policy import Blocked
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch import ensure
from jupyter_training.schema import (
    AfterView,
    ArtifactView,
    AttemptView,
    DataView,
    EntryView,
    EtaView,
    JobView,
    LastCheckpointView,
    LineageView,
    MetricView,
    ProgressView,
    RetriesView,
)
from jupyter_training.services import forecast, sentences, served, signs
from jupyter_training.services.instants import instant
from jupyter_training.services.site import Site
from jupyter_training.services.standing import planned
from jupyter_training.store import checkpoints, dependencies, lineage, points, views

__all__ = ["job_views"]


def job_views(
    site: Site,
    jobs: Sequence[Job],
    *,
    artifacts: Sequence[ArtifactView] | None = None,
    full: bool = False,
    quick: bool = False,
) -> list[JobView]:
    """Views of the jobs, in their order, with a fixed number of queries. ``full`` adds the resolved spec.

    ``quick``: no forecast is made for them; who looks next has one.
    """
    ids = [job.id for job in jobs]
    attempts = views.attempts(site.store, ids)
    summaries = points.summaries(site.store, ids)
    progress = points.progress(site.store, ids)
    waiting = {job.pool for job in jobs if job.state is JobState.QUEUED}
    saved = [job.id for job in jobs if job.checkpoint_step is not None]
    went_on = [job for job, own in attempts.items() if any(one.start_checkpoint is not None for one in own)]
    parents = {job.parent for job in jobs if job.parent is not None}
    is_served = any(job.spec.options for job in jobs)
    around = _Around(
        site=site,
        pools=views.pools(site.store) if is_served else {},
        store=site.store.store_id,
        spool=os.fspath(site.settings.spool_root),
        outputs=os.fspath(site.settings.outputs),
        blocked=planned(site).blocked if waiting else {},
        starts=forecast.of_pools(site, waiting, at_hand=quick) if waiting else {},
        down=ensure.why_down(site.settings) if waiting else None,
        now=site.now(),
        quiet_after=site.settings.hang_after or None,
        newest=checkpoints.newest(site.store, saved) if saved else {},
        damaged=checkpoints.damaged(site.store, went_on) if went_on else {},
        parents=lineage.names(site.store, parents) if parents else {},
        after=dependencies.of_jobs(site.store, ids),
        children=tuple(map(_child, lineage.children(site.store, jobs[0].id))) if full and len(jobs) == 1 else None,
        artifacts=tuple(artifacts) if artifacts is not None else None,
        full=full,
    )
    return [
        _view(job, attempts.get(job.id, ()), summaries.get(job.id, {}), progress.get(job.id), around) for job in jobs
    ]


@dataclass(frozen=True)
class _Around:
    """What is the same for all jobs of one answer. ``down``: why nobody starts anything, if so.

    ``parents`` are the names of those that are there still; ``children`` are of
    the one job that is shown in full.
    """

    site: Site
    pools: Mapping[str, Pool]
    store: str
    spool: str
    outputs: str
    blocked: Mapping[str, Blocked]
    starts: Mapping[str, forecast.Told]
    down: str | None
    now: Instant
    quiet_after: float | None
    newest: Mapping[JobId, checkpoints.Newest]
    damaged: Mapping[JobId, Sequence[tuple[int, int]]]
    parents: Mapping[JobId, str]
    after: Mapping[JobId, Sequence[dependencies.Dependency]]
    children: tuple[LineageView, ...] | None
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
    seen = signs.last_word(around.spool, job, summaries.values(), progress)
    quiet_after = spec.hang.after or around.quiet_after
    newest = around.newest.get(job.id)
    before = around.after.get(job.id, ())
    waits = shown is Phase.QUEUED and around.down is None
    start, start_note = forecast.start_of(job, around.starts, now=around.now) if waits else (None, None)
    quiet = sentences.warning(latest, seen, quiet_after, now=around.now) if shown is Phase.RUNNING else None
    lost = around.damaged.get(job.id, ())
    anew = sentences.began_anew(latest, lost) if latest is not None and shown is Phase.RUNNING else None
    unread = sentences.unread(around.spool, job)
    notice = " ".join(filter(None, [anew, unread, sentences.kept_here(job, newest)])) or None
    return JobView(
        id=job.id,
        store=around.store,
        name=job.name,
        state=job.state,
        phase=shown,
        desired=job.desired,
        reason=job.reason,
        sentence=sentences.sentence(
            job, shown, attempts, blocked=around.blocked, before=before, down=around.down, now=around.now
        ),
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
        params=job.params,
        tags=spec.tags,
        metrics={name: _metric(summary) for name, summary in summaries.items() if summary.source != "machine"},
        source=signs.source(summaries),
        progress=_progress(progress),
        eta=_eta(progress, around.now) if shown is Phase.RUNNING else None,
        machine=signs.machine(summaries),
        seen=instant(seen),
        figure=signs.figure(around.outputs, job.id) if job.attempt else None,
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        entry=EntryView(kind=spec.entry.kind, shown_as=spec.entry.shown_as),
        attempts=tuple(_attempt(attempt, lost) for attempt in attempts),
        run_id=job.run_id,
        artifacts=around.artifacts,
        spec=spec.model_dump(mode="json") if around.full else None,
        spec_hash=job.spec_hash,
        version=job.version,
        archived=job.archived,
        verbs=legal(job),
        parent=_parent(job, around.parents),
        children=around.children,
        checkpoint=_checkpoint(newest),
        retries=RetriesView(used=job.retries_used, max=spec.retries.max),
        overrides=job.overrides,
        quiet_after=quiet_after,
        warning=" ".join(filter(None, [quiet, notice])) or None,
        notice=notice,
        position=job.position,
        weight=job.weight,
        max_slots=spec.resources.max_slots,
        preemptible=spec.preemptible,
        waiting_since=instant(job.waiting_since),
        after=tuple(AfterView(job=one.after, name=one.name, state=one.state, met=one.met) for one in before),
        start=start,
        start_note=start_note,
        service=served.view(around.site, job, attempts, summaries, around.pools.get(job.pool)),
    )


def _parent(job: Job, names: Mapping[JobId, str]) -> LineageView | None:
    if job.parent is None or job.relation is None:
        return None
    start = job.spec.start
    return LineageView(
        job=job.parent,
        name=names.get(job.parent),
        relation=job.relation,
        checkpoint=start.name if start is not None else None,
        step=start.step if start is not None else None,
    )


def _child(child: Job) -> LineageView:
    start = child.spec.start
    return LineageView(
        job=child.id,
        name=child.name,
        relation=child.relation or "fork",
        checkpoint=start.name if start is not None else None,
        step=start.step if start is not None else None,
    )


def _checkpoint(newest: checkpoints.Newest | None) -> LastCheckpointView | None:
    if newest is None:
        return None
    return LastCheckpointView(step=newest.step, created=instant(newest.created) or "", count=newest.count)


def _attempt(attempt: Attempt, damaged: Sequence[tuple[int, int]]) -> AttemptView:
    end = end_sentence(attempt.reason, attempt.detail) if attempt.reason else None
    start = sentences.passed_over(attempt, damaged) or sentences.began_anew(attempt, damaged)
    return AttemptView(
        number=attempt.number,
        state=attempt.state,
        seen=attempt.seen,
        reason=attempt.reason,
        sentence=" ".join(filter(None, [start, end])) or None,
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        started=instant(attempt.started),
        ended=instant(attempt.ended),
        peak_memory=attempt.peak_memory,
        start_step=attempt.start_step,
        devices=attempt.allocation.devices,
        stage=attempt.stage,
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
