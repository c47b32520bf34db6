"""Another policy for what is kept of a job's checkpoints: first told, then done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jupyter_training.core.job import CheckpointPolicy, Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.core.retention import Checkpoint, staying
from jupyter_training.schema import RetentionRequest, RetentionView
from jupyter_training.services import removing
from jupyter_training.services.checkpoints import of_job, view
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store import checkpoints
from jupyter_training.store import retention as reports

__all__ = ["retention"]


def retention(site: Site, job_id: str, request: RetentionRequest) -> RetentionView:
    """What stays and what goes of a job's checkpoints under another policy; with ``apply`` so it is.

    The policy is kept beside the job's spec and holds from then on. A job that
    may still go on keeps its two newest checkpoints, and the dispatcher is who
    removes the others of it.

    Raises:
        UnknownJob: no job has that id.
        Unavailable: one under a URL could not be removed yet; nobody goes on from it any more.
    """
    job = known(site, job_id)
    before = job.checkpoints
    policy = before.model_copy(
        update={
            "keep": request.keep,
            "metric": request.metric if "metric" in request.model_fields_set else before.metric,
            "mode": request.mode or before.mode,
        }
    )
    good = [one for one in of_job(site, job) if one.state == "kept"]
    if policy.metric != before.metric:
        good = _measured(site, job, good, policy.metric)
    count, of_search = policy.keep.experiment_best, None
    if job.experiment is not None and count:
        of_search = reports.best_of_search(site.store, job.experiment, count, policy.mode)
    names = staying(good, policy, may_go_on=job.state not in TERMINAL, of_search=of_search)
    stay = [one for one in good if one.name in names]
    go = [one for one in good if one.name not in names]
    if request.apply:
        _apply(site, job, policy, good, go)
    return RetentionView(
        stay=tuple(map(view, stay)),
        go=tuple(map(view, go)),
        bytes=sum(one.size for one in go),
        applied=request.apply,
    )


def _apply(
    site: Site, job: Job, policy: CheckpointPolicy, good: Sequence[Checkpoint], go: Sequence[Checkpoint]
) -> None:
    """First the rows, so that nobody goes on from what is about to vanish, and then the files.

    What another job begins with stays under its URL. Of a job that is started
    again meanwhile nothing goes; the dispatcher sees to it.

    Raises:
        Unavailable: a URL can't be reached. The policy holds, and the dispatcher tries again.
    """
    go = go if job.state in TERMINAL else []
    changed = policy.metric != job.checkpoints.metric
    metrics = {one.name: one.metric for one in good} if changed else {}
    names = [one.name for one in go]
    if checkpoints.retain(site.store, job, policy, metrics=metrics, go=names, now=site.now()):
        removing.checkpoint_folders(site, [one for one in go if one.place is None])
        for name, place in reports.going(site.store, job.id).items():
            removing.under_url(site.settings, place)
            reports.gone(site.store, job.id, name)
    site.wake()


def _measured(site: Site, job: Job, good: Sequence[Checkpoint], metric: str | None) -> list[Checkpoint]:
    """The same with another metric: as their manifests say, else as was reported last at or before their steps."""
    if metric is None:
        return [replace(one, metric=None) for one in good]
    reported = reports.reported(site.store, job.id, metric, good)
    found = []
    for one in good:
        manifest = folders.read(site.settings.checkpoints / one.job / one.name) or {}
        said = (manifest.get("metrics") or {}).get(metric)
        value = said if isinstance(said, (int, float)) else reported.get(one.name)
        found.append(replace(one, metric=float(value) if value is not None else None))
    return found
