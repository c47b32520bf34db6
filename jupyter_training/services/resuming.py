"""Go on with a job that has ended or is paused: the same job, the same record, more steps."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from jupyter_training.core.job import Job, JobSpec, Submission
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.errors import IllegalVerb
from jupyter_training.schema import ResumeRequest, SubmitRequest, SubmitResult
from jupyter_training.services import descend, options, passed, scripts, submit
from jupyter_training.services.jobs import known
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.store import keys, lineage, verbs, views

__all__ = ["resume", "submit_or_resume"]

_OPTIONS = (
    "resources", "environment", "launcher", "timeout", "grace", "metrics", "tags", "retries", "checkpoints",
    "pause_within", "hang", "preemptible", "options",
)  # fmt: skip
_OWN = frozenset({"environment"})  # it is made where one submits, so that a difference in it is no wish


def resume(site: Site, job_id: str, request: ResumeRequest) -> SubmitResult:
    """Extend a job from its newest checkpoint; parameters of the request replace its own.

    Raises:
        UnknownJob, IllegalVerb, NoCheckpoint: as ``store.verbs.resume`` says.
        KeyReused: the key came before with another content.
        InvalidSpec: a parameter can't be one, or a value of ``pass_env`` is missing.
    """
    job = descend.not_a_driver(known(site, job_id), "resumed")
    params = {name: value for name, value in request.params.items() if job.params.get(name) != value}
    pools = views.pools(site.store)
    submit.check_params(params, backend=options.backend_of(pools, job.pool, None))
    if job.spec.entry.kind == "script":
        _check_script(site, job.spec, params)
    return _resumed(site, job, params, secrets=request.secrets, key=request.key)


def submit_or_resume(site: Site, user: str, request: SubmitRequest) -> SubmitResult | None:
    """What a submit with ``resume`` means: the newest job of this notebook, user and name goes on.

    One that is active is in the way. Where its code was another, a new job
    begins with its checkpoint. None: there is no such job, and the submit makes a new one.

    Raises:
        IllegalVerb: it is active.
        NoCheckpoint: it has left none.
        KeyReused: the key came before with another content.
    """
    submission = submit.wished(site, request, user=user)
    before = lineage.of_key(site.store, request.key)
    if before is not None:
        if not _is_repeated(before, submission):
            raise keys.reused(request.key, before.id, before.name)
        (view,) = job_views(site, [before], full=True, quick=True)
        return SubmitResult(job=view, created=False)
    old = lineage.newest_of_name(site.store, submission.origin, submission.spec.name)
    if old is None:
        return None
    if old.state not in TERMINAL | {JobState.PAUSED}:
        raise IllegalVerb(
            f"{old.name} {old.id[:6]} can't be resumed: it is {old.state.value}.",
            hint="Pause or cancel it first, or leave resume out for another job beside it.",
        )
    elsewhere = _elsewhere(site, old, submission)
    if elsewhere is not None:
        note = f"{old.name} {old.id[:6]} ran at {elsewhere}: this is a new job that continues it here."
        return descend.carry_on(site, old, submission, None, secrets=request.secrets, notes=(note,))
    if not _is_same_work(old.spec, submission.spec):
        note = f"The code has changed since {old.name} {old.id[:6]}: this is a new job that continues it."
        return descend.carry_on(site, old, submission, None, secrets=request.secrets, notes=(note,))
    params = {name: value for name, value in submission.spec.params.items() if old.params.get(name) != value}
    return _resumed(site, old, params, secrets=request.secrets, key=request.key, asked=submission)


def _elsewhere(site: Site, old: Job, submission: Submission) -> str | None:
    """The backend that the old job ran at, where this wish is for another one: a job stays where it is."""
    pools = views.pools(site.store)
    wanted = submission.makes or pools.get(submission.pool)
    there = pools.get(old.pool)
    return there.backend if there is not None and wanted is not None and there.backend != wanted.backend else None


def _resumed(
    site: Site,
    job: Job,
    params: Mapping[str, JsonValue],
    *,
    secrets: Mapping[str, str],
    key: str | None,
    asked: Submission | None = None,
) -> SubmitResult:
    is_new = key is None or lineage.of_key(site.store, key) is None
    with passed.again(site, job, secrets) if is_new else contextlib.nullcontext(_nothing) as keep:
        resumed = verbs.resume(site.store, job.id, params, now=site.now(), key=key, settle=lambda _: keep())
    site.wake()
    site.ensure_dispatcher()
    (view,) = job_views(site, [resumed], full=True, quick=True)
    attempt = resumed.attempt + (resumed.state is JobState.QUEUED)
    notes = [f"{job.name} {job.id[:6]} goes on from step {resumed.base_step}, as attempt {attempt}."]
    if job.state is JobState.PAUSED:
        notes.append("checkpoint.steps(n) in its code means n more steps from there; to go on as planned: activate.")
    if asked is not None:
        others = [name for name in _OPTIONS if getattr(asked.spec, name) != getattr(job.spec, name)]
        passed_over = [name for name in others if name not in _OWN]
        if passed_over:
            notes.append(f"Its options stay as they were: {', '.join(passed_over)}.")
    return SubmitResult(job=view, created=False, notes=tuple(notes))


def _nothing() -> None:
    """What is repeated brings no values."""


def _is_repeated(before: Job, asked: Submission) -> bool:
    """Whether a job can be what this submit has brought before: the same work for the same person."""
    same = (before.name, before.origin.user) == (asked.spec.name, asked.origin.user)
    params = all(before.params.get(name) == value for name, value in asked.spec.params.items())
    return same and params and _is_same_work(before.spec, asked.spec)


def _is_same_work(old: JobSpec, new: JobSpec) -> bool:
    """Whether only parameters and options differ."""
    return _work(old) == _work(new)


def _work(spec: JobSpec) -> tuple[Any, ...]:
    entry = spec.entry
    what = (entry.kind, entry.path, entry.function, entry.args)
    return what, sorted(spec.files, key=lambda file: file.path), spec.data, spec.context


def _check_script(site: Site, spec: JobSpec, params: Mapping[str, JsonValue]) -> None:
    file = next((one for one in spec.files if one.path == spec.entry.path), None)
    path = site.settings.blobs / file.sha256 if file is not None else None
    if path is not None and path.is_file():
        given = [name for name, value in params.items() if value is not None]
        scripts.check_params(path.read_bytes(), spec.entry.shown_as or spec.entry.path, given)
