"""The use case behind every submit: a new job or search, the one that stands in for it, or the old one that goes on."""

from __future__ import annotations

from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.schema import AfterView, SubmitRequest, SubmitResult
from jupyter_training.services import experiment_present, resuming, search_reading, searches, served
from jupyter_training.services import submit as wishing
from jupyter_training.services.config_text import placed, with_config
from jupyter_training.services.pools import unused_gpus
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.store import experiments, views

__all__ = ["submit"]

_SHOWN_ID = 6  # characters of an id in a sentence


def submit(site: Site, user: str, request: SubmitRequest, *, insists: bool = False) -> SubmitResult:
    """Store a wish; see ``services.submit``. With ``resume`` the newest job of that name goes on, if there is one.

    Parameters that vary make it a search; see ``searches``. ``insists``: nothing else will do.

    Raises:
        InvalidSpec: in a config text with line and column; also where nothing varies, and a search is insisted on.
    """
    with placed(request):
        return _submitted(site, user, with_config(request), insists=insists)


def _submitted(site: Site, user: str, request: SubmitRequest, *, insists: bool) -> SubmitResult:
    found = search_reading.parted(request)
    if found.space is not None:
        return _search(site, user, request, found)
    if insists:
        raise search_reading.nothing_varies(found.params)
    request, notes = search_reading.as_plain(request, found)
    if request.resume:
        resumed = resuming.submit_or_resume(site, user, request)
        if resumed is not None:
            return resumed.model_copy(update={"notes": (*notes, *resumed.notes)})
        notes = (*notes, "There was no job of that name to be resumed: this is a new one.")
    stored = wishing.submit(site, request, user=user)
    (view,) = job_views(site, [stored.job], full=True, quick=True)
    if stored.beside is not None:
        notes = (*notes, _beside(stored.beside, stored.job))
    if stored.created:
        notes = (*notes, *filter(None, map(_never, view.after)))
        pool = views.pools(site.store).get(stored.job.pool)
        unused, cost = unused_gpus(pool, stored.job.spec.resources), served.cost_note(site, stored.job.spec, pool)
        notes = (*notes, *filter(None, (unused, cost)))
    return SubmitResult(job=view, created=stored.created, reused=stored.reused, notes=notes)


def _search(site: Site, user: str, request: SubmitRequest, found: search_reading.Parted) -> SubmitResult:
    wish = searches.wished(site, request, found, user=user)
    stored = searches.stored(site, wish, request)
    one = experiments.one(site.store, stored.job.id)
    (view,) = experiment_present.experiment_views(site, [one], full=True, quick=True)
    notes = wish.notes if stored.created else ()
    if stored.beside is not None:
        does = "still runs" if stored.beside.state is JobState.RUNNING else "still waits"
        called = f"{stored.beside.name} {stored.beside.id[:_SHOWN_ID]}"
        notes = (*notes, f"{called} {does}; this is another search.")
    if stored.created:
        (jobs, within), pool = searches.bounds(wish), views.pools(site.store).get(wish.trial.pool)
        cost = served.cost_note(site, wish.trial.spec, pool, jobs=jobs, within=within)
        notes = notes if cost is None else (*notes, cost)
    return SubmitResult(experiment=view, created=stored.created, reused=stored.reused, notes=notes)


def _beside(other: Job, new: Job) -> str:
    """What a person should know of a job of the same name that has not ended."""
    does = "still runs" if other.state is JobState.RUNNING else "still waits"
    if (other.spec.files, other.spec.entry.path) != (new.spec.files, new.spec.entry.path):
        what = "the code before"
    else:
        what = "other parameters" if other.spec.params != new.spec.params else "other options"
    return f"{other.name} {other.id[:_SHOWN_ID]} {does} with {what}; this is a new job."


def _never(before: AfterView) -> str | None:
    """That a job which this one starts after did not succeed, if so: by itself nothing will come of it."""
    if before.met or before.state not in (JobState.FAILED, JobState.CANCELED):
        return None
    became = "has failed" if before.state is JobState.FAILED else "was canceled"
    return f"It starts after {before.name} {before.job[:_SHOWN_ID]}, which {became}: it waits until that has succeeded."
