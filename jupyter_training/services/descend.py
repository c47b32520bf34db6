"""New jobs from old ones. A fork has the same code and an edited config; what continues has the weights too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue, ValidationError

from jupyter_training.core.job import EnvironmentWish, Job, JobSpec, Origin, Submission
from jupyter_training.core.resources import LOCAL, Pool
from jupyter_training.errors import IllegalVerb, InvalidSpec, NotFound
from jupyter_training.schema import ContinueRequest, ForkRequest, SubmitRequest, SubmitResult
from jupyter_training.services import checkpoints, options, placing, scripts, submit
from jupyter_training.services.config_text import with_config
from jupyter_training.services.jobs import known
from jupyter_training.services.present import job_views
from jupyter_training.services.problems import problems_of
from jupyter_training.services.site import Site
from jupyter_training.services.surroundings import at_home
from jupyter_training.store import lineage, views, wishes

__all__ = ["carry_on", "continued", "fork", "not_a_driver"]

# What a request of an old job has to say so that it can be read again; its code is kept under its hashes.
_STAND_IN = {"entry": {"kind": "cell", "path": "cell.py"}, "files": [{"path": "cell.py", "text": "pass"}]}
_JOINED = ("params", "tags", "resources", "environment", "retries", "checkpoints", "hang")  # key by key
_KEPT = (
    "resources", "environment", "launcher", "timeout", "grace", "metrics", "tags", "data", "context", "retries",
    "checkpoints", "pause_within", "hang", "preemptible",
)  # fmt: skip


def fork(site: Site, user: str, job_id: str, request: ForkRequest) -> SubmitResult:
    """A new job with the code and the config of another, edited. It begins at the beginning.

    Raises:
        UnknownJob, InvalidSpec, UnknownPool, UnknownPlugin: as a submit does.
        NotFound: the old job's code is no longer kept.
    """
    old = not_a_driver(known(site, job_id), "forked")
    submission = _submission(site, user, old, request)
    stored = submit.stored(site, submission, secrets=request.secrets)
    return _result(site, stored, ())


def continued(site: Site, user: str, job_id: str, request: ContinueRequest) -> SubmitResult:
    """The same, and it begins with a checkpoint of the old job.

    Raises:
        NoCheckpoint: there is none, or the one that is named was removed or is damaged.
        The rest as ``fork``.
    """
    old = not_a_driver(known(site, job_id), "continued")
    return carry_on(site, old, _submission(site, user, old, request), request.checkpoint, secrets=request.secrets)


def carry_on(
    site: Site,
    old: Job,
    submission: Submission,
    wish: str | int | None,
    *,
    secrets: dict[str, str],
    notes: tuple[str, ...] = (),
) -> SubmitResult:
    """Store a submission as a job that begins with a checkpoint of another.

    Raises:
        NoCheckpoint: as ``continued``.
    """
    before = lineage.of_key(site.store, submission.key)
    if before is not None and (before.parent, before.relation) == (old.id, "continue"):
        return _result(site, wishes.Submitted(before, created=False), notes)  # a newer checkpoint changes nothing
    with checkpoints.chosen(site, old, wish, fetch=_comes_back(site, old, submission)) as chosen:
        spec = submission.spec.model_copy(update={"start": chosen.start})
        begins = replace(submission, spec=spec, if_exists="new", once=False, parent=old.id, relation="continue")
        stored = submit.stored(site, begins, secrets=secrets, also=chosen.settle(site))
        said = f"It begins with the checkpoint of step {chosen.checkpoint.step} of {old.name} {old.id[:6]}."
        return _result(site, stored, (*notes, *chosen.notes, said))


def _comes_back(site: Site, old: Job, submission: Submission) -> bool:
    """Whether the old job ran at a service and the new one runs here, where a job may know no way to that."""
    pools = views.pools(site.store)
    before, after = pools.get(old.pool), submission.makes or pools.get(submission.pool)
    at_service = before is not None and before.backend != LOCAL
    return at_service and after is not None and after.backend == LOCAL


def not_a_driver(job: Job, participle: str) -> Job:
    """The job, unless it is the one that drives a search.

    Raises:
        IllegalVerb: it is; with what to do instead.
    """
    if job.is_driver:
        raise IllegalVerb(
            f"The search {job.id} ({job.name}) can't be {participle}: it is no training.",
            hint="Take one of its trials, or extend the search by more of them.",
        )
    return job


def _result(site: Site, stored: wishes.Submitted, notes: tuple[str, ...]) -> SubmitResult:
    (view,) = job_views(site, [stored.job], full=True, quick=True)
    return SubmitResult(job=view, created=stored.created, reused=stored.reused, notes=notes)


def _submission(site: Site, user: str, old: Job, request: ForkRequest) -> Submission:
    pools = views.pools(site.store)
    wish = _edited(site, pools, old, request)
    _check_code(site, old.spec, wish)
    backend = options.backend_of(pools, wish.pool, wish.backend)
    spec = submit.spec_of(wish, old.spec.files, backend=backend).model_copy(update={"entry": old.spec.entry})
    place = options.place(site, pools, pool=wish.pool, backend=wish.backend, options=wish.options)
    origin = Origin(
        user,
        request.origin.notebook or old.origin.notebook,
        request.origin.cell or old.origin.cell,
        request.origin.client,
    )
    submission = Submission(
        key=request.key,
        spec=submit.settled(site, spec, place),
        origin=origin,
        pool=place.pool.name,
        priority=wish.priority if wish.priority is not None else old.priority,
        weight=wish.weight if wish.weight is not None else old.weight,
        after=submit.after_of(site, wish, origin),
        parent=old.id,
        relation="fork",
        makes=place.made,
    )
    placing.check_order(place.pool, priority=wish.priority, weight=wish.weight)
    return submission


def _edited(site: Site, pools: Mapping[str, Pool], old: Job, request: ForkRequest) -> SubmitRequest:
    """The old job's wish with what the config text changes, and above that what the request says itself.

    Raises:
        InvalidSpec: with positions in the config text.
    """
    bare = options.as_before(site, old.spec, pools.get(old.pool))
    spec = bare.model_dump(mode="json", include=set(_KEPT))
    wish: dict[str, Any] = {**spec, "name": old.name, "params": dict(old.params)}
    wish["pool"] = old.pool
    if request.config is not None:
        alone = SubmitRequest.model_validate({"key": request.key, **_STAND_IN, "config": request.config})
        text = with_config(alone)
        said = text.model_dump(mode="json", exclude_unset=True, exclude={"key", "origin", "resume", *_STAND_IN})
        if {"pool", "backend"} & said.keys():
            del wish["pool"]
        for name, value in said.items():
            joins = name in _JOINED and isinstance(wish.get(name), dict) and isinstance(value, dict)
            wish[name] = {**wish[name], **value} if joins else value
    wish["params"] = {**wish["params"], **request.params}
    if {"pool", "backend"} & request.model_dump(exclude_none=True).keys():
        wish = {name: value for name, value in wish.items() if name not in ("pool", "backend")}
    for name in ("name", "pool", "backend", "priority", "weight"):
        if getattr(request, name) is not None:
            wish[name] = getattr(request, name)
    wish = _with_options(site, pools, old, wish, {**(wish.pop("options", None) or {}), **(request.options or {})})
    own = {"key": request.key, **_STAND_IN, "secrets": request.secrets}
    given = {name: value for name, value in wish.items() if value is not None}
    try:
        return SubmitRequest.model_validate({**given, **own})
    except ValidationError as error:
        problems = problems_of(error)
        raise InvalidSpec(f"{problems[0].key}: {problems[0].detail}.", errors=problems) from None


def _with_options(
    site: Site, pools: Mapping[str, Pool], old: Job, wish: dict[str, Any], said: Mapping[str, JsonValue]
) -> dict[str, Any]:
    """The wish with its options: the old job's too, where it stays at that job's backend.

    Its pool follows from them there, unless one is named: another instance is another pool.
    """
    there = pools.get(old.pool)
    named = pools.get(str(wish.get("pool")))
    backend = wish.get("backend") or (named.backend if named is not None else None)
    if there is not None and backend not in (None, there.backend):
        if backend == LOCAL:
            environment = at_home(EnvironmentWish.model_validate(wish["environment"]))
            wish["environment"] = environment.model_dump(mode="json")
        return {**wish, "options": dict(said)}
    if said and wish.get("pool") == old.pool and there is not None:
        del wish["pool"]
        wish["backend"] = there.backend
    if not said:
        return {**wish, "options": dict(old.spec.options)}
    before = options.written(site, there.backend, old.spec.options) if there is not None else {}
    return {**wish, "options": {**before, **said}}


def _check_code(site: Site, spec: JobSpec, wish: SubmitRequest) -> None:
    """See that all that the old job consisted of is kept still, and that its script takes the parameters."""
    kept = [site.settings.blobs / file.sha256 for file in spec.files]
    kept += [site.settings.data / one.sha256 for one in spec.data]
    if spec.context is not None:
        kept.append(site.settings.data / spec.context.sha256)
    try:
        for path in kept:
            os.utime(path)  # `db gc` takes what is old and no job's; this one is about to be
        entry = next(file for file in spec.files if file.path == spec.entry.path)
        content = (site.settings.blobs / entry.sha256).read_bytes()
    except (OSError, StopIteration):
        raise NotFound("The code of that job is no longer kept.", hint="Submit it anew.") from None
    if spec.entry.kind == "script":
        given = [name for name, value in (wish.params or {}).items() if value is not None]
        scripts.check_params(content, spec.entry.shown_as or spec.entry.path, given)
