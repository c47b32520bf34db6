"""Turn what a person said into a JobSpec, check it against the house, and store the wish."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NoReturn

from pydantic import ValidationError
from sqlalchemy import Connection

from jupyter_training.core.ids import NAME_PATTERN, JobId, name_like, no_name
from jupyter_training.core.job import (
    PRIORITY_DEFAULT,
    BundleFile,
    CheckpointPolicy,
    EnvironmentWish,
    HangWatch,
    Job,
    JobSpec,
    Origin,
    Retries,
    Submission,
)
from jupyter_training.core.resources import LOCAL, Resources
from jupyter_training.errors import InvalidSpec, Problem
from jupyter_training.languages import output_lines, quantities
from jupyter_training.languages.secret_names import looks_secret, passwords_in, secret_arguments, secrets_in
from jupyter_training.schema import SubmitRequest
from jupyter_training.seams import registry
from jupyter_training.services import (
    bundle,
    contexts,
    data,
    destinations,
    options,
    passed,
    placing,
    references,
    scripts,
)
from jupyter_training.services.config_text import with_config
from jupyter_training.services.problems import problems_of
from jupyter_training.services.site import Site
from jupyter_training.store import lineage, views, wishes
from jupyter_training.store import pools as pool_rows

__all__ = [
    "after_of",
    "check_params",
    "check_passwords",
    "check_plugins",
    "code_of",
    "settled",
    "spec_of",
    "stored",
    "submission_of",
    "submit",
    "wished",
]

Settle = Callable[[Connection, Job], None]


def submit(site: Site, request: SubmitRequest, *, user: str) -> wishes.Submitted:
    """Store a wish durably, or find the job that stands in for it, and see that somebody acts on it.

    Idempotent by ``request.key``: a repeated submit gives the first job.

    Raises:
        InvalidSpec: a value breaks a rule; with key paths, and positions in a config text.
        UnknownPool, UnknownPlugin: with the names there are.
        TooLarge: the code is over the limit.
        KeyReused: the key came before with another content.
        JobExists: an equal job is active, and the request calls that an error.
    """
    return stored(site, wished(site, with_config(request), user=user), secrets=request.secrets)


def wished(site: Site, request: SubmitRequest, *, user: str) -> Submission:
    """The submission of a request that has its config's keys; its code is kept, and all that goes along is there.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge: as ``submit`` does.
    """
    contents = code_of(site, request)
    submission = submission_of(site, request, bundle.keep(contents, site.settings.blobs), user=user)
    data.check(site, request.data)
    contexts.check(site, request.context)
    return submission


def stored(
    site: Site, submission: Submission, *, secrets: Mapping[str, str], also: Settle | None = None
) -> wishes.Submitted:
    """Store a checked submission, with the values of its ``pass_env`` beside it, and see that somebody acts on it.

    ``also`` puts in place what else a new job needs from its first moment, in the same transaction.

    Raises:
        UnknownPool: its pool was removed since it was checked; nothing was stored.
    """
    with passed.coming(site, secrets) as keep:

        def settle(connection: Connection, job: Job) -> None:
            if submission.makes is not None:
                pool_rows.make(connection, submission.makes, now=site.now())
            placing.known_pool(pool_rows.read(connection), job.pool)
            keep(job)
            if also is not None:
                also(connection, job)

        (found,) = wishes.submit(site.store, [submission], new_id=site.new_id, now=site.now(), settle=settle)
    site.wake()
    site.ensure_dispatcher()
    return found


def code_of(site: Site, request: SubmitRequest) -> dict[str, bytes]:
    """The files' contents by path, checked; a script takes the parameters that it is given, as far as its text tells.

    Raises:
        InvalidSpec, TooLarge: as ``submit`` does.
    """
    contents = bundle.read(request.files, request.entry, limit=site.settings.bundle_limit_bytes)
    entry = request.entry
    if entry.kind == "script":
        given = [name for name, value in (request.params or {}).items() if value is not None]  # None is left out
        scripts.check_params(contents[str(PurePosixPath(entry.path))], entry.shown_as or entry.path, given)
    return contents


def submission_of(site: Site, request: SubmitRequest, files: tuple[BundleFile, ...], *, user: str) -> Submission:
    """The submission that a request stands for, judged against the house; ``files`` is its code.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin: as ``submit`` does.
    """
    pools = views.pools(site.store)
    origin = Origin(user, request.origin.notebook, request.origin.cell, request.origin.client)
    spec = spec_of(request, files, backend=options.backend_of(pools, request.pool, request.backend))
    place = options.place(site, pools, pool=request.pool, backend=request.backend, options=request.options)
    submission = Submission(
        key=request.key,
        spec=settled(site, spec, place),
        origin=origin,
        pool=place.pool.name,
        priority=request.priority if request.priority is not None else PRIORITY_DEFAULT,
        weight=request.weight if request.weight is not None else 1.0,
        after=after_of(site, request, origin),
        if_exists=request.if_exists,
        once=request.once,
        makes=place.made,
    )
    placing.check_order(place.pool, priority=request.priority, weight=request.weight)
    return submission


def after_of(site: Site, request: SubmitRequest, origin: Origin) -> tuple[JobId, ...]:
    """The jobs that a request's job starts after.

    Raises:
        InvalidSpec: it names one that is not there, or that can't be told.
    """
    if not request.after or lineage.of_key(site.store, request.key) is not None:
        return ()  # what is repeated gives the first job, whatever became of those before it
    return references.jobs_before(site, request.after, user=origin.user, notebook=origin.notebook)


def spec_of(request: SubmitRequest, files: tuple[Any, ...], *, backend: str = LOCAL) -> JobSpec:
    params = dict(request.params or {})
    check_params(params, backend=backend)
    if isinstance(request.metrics, dict):
        output_lines.check_patterns(request.metrics)
    if request.checkpoints is not None:
        destinations.check(request.checkpoints)
    environment = request.environment or EnvironmentWish()
    for name, value in environment.variables.items():
        _check_variable(name, value, backend)
    _check_arguments(request.entry.args, backend)
    missing = [name for name in environment.pass_env if name not in request.secrets]
    if missing:
        raise InvalidSpec(
            f"environment.pass_env: {', '.join(missing)} has no value where you submit from.",
            hint="Set it there, or leave it out.",
            errors=[Problem(", ".join(missing), key=passed.KEY)],
        )
    try:
        return JobSpec(
            name=request.name or _name_from(request.entry.shown_as, request.entry.path),
            entry=request.entry,
            files=files,
            params=params,
            resources=request.resources or Resources(),
            environment=environment,
            launcher=request.launcher or "plain",
            timeout=quantities.duration(request.timeout, key="timeout") if request.timeout is not None else None,
            grace=quantities.duration(request.grace, key="grace") if request.grace is not None else 10.0,
            metrics=request.metrics if request.metrics is not None else "auto",
            tags=request.tags or {},
            data=request.data,
            context=request.context,
            retries=request.retries or Retries(),
            checkpoints=request.checkpoints or CheckpointPolicy(),
            pause_within=(
                quantities.duration(request.pause_within, key="pause_within")
                if request.pause_within is not None
                else JobSpec.model_fields["pause_within"].default
            ),
            hang=request.hang or HangWatch(),
            preemptible=request.preemptible or "auto",
            options=request.options or {},
        )
    except ValidationError as error:
        problems = problems_of(error)
        words = problems[0].detail
        if problems[0].key == "name":
            words, near = no_name(request.name), name_like(request.name)
            raise InvalidSpec(f"name: {words}", hint=f"E.g. {near}." if near else None, errors=problems) from None
        raise InvalidSpec(f"{problems[0].key}: {words}.", errors=problems) from None


def check_params(params: Mapping[str, Any], *, backend: str = LOCAL) -> None:
    """See that a job can be given these. ``backend``: where it runs, for what to do instead.

    Raises:
        InvalidSpec: a name is none, a number is not finite, or it looks like a secret.
    """
    for name, value in params.items():
        _check_param(name, value)
    for path in secrets_in(params):
        raise InvalidSpec(
            f"params.{path} looks like a secret, and parameters are shown and recorded.",
            hint=_elsewhere(backend) or _handed_over(_variable(path)),
        )
    check_passwords(params, backend=backend)


def check_passwords(values: Mapping[str, Any], *, key: str = "params", backend: str = LOCAL) -> None:
    """See that no URL with a password is among these, or among those that a search draws from.

    Raises:
        InvalidSpec: one is.
    """
    for path in passwords_in(values):
        words = "its URL has a password, and parameters are shown and recorded"
        _refuse(f"{key}.{path}", words, hint=_elsewhere(backend) or _handed_over(_variable(path)))


def _check_param(name: str, value: Any) -> None:
    """Refuse what no job can be given: no name, a number that is none."""
    if not re.match(r"[^\W\d][\w.-]*\Z", name):
        raise InvalidSpec(f"params: {name!r} is not a parameter's name.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidSpec(f"params.{name}: {value} is not allowed; a parameter is a finite number.")


def _check_variable(name: str, value: str, backend: str) -> None:
    """Refuse a secret in plain sight; clients refuse more."""
    hint = _elsewhere(backend) or f"Set it where you submit from, and name it there: pass_env: [{name}]"
    if value and looks_secret(name):
        raise InvalidSpec(
            f"environment.variables.{name} looks like a secret, and variables are kept with the job.", hint=hint
        )
    for _ in passwords_in({name: value}):
        words = "its URL has a password, and variables are kept with the job"
        _refuse(f"environment.variables.{name}", words, hint=hint)


def _check_arguments(args: Sequence[str], backend: str) -> None:
    for words in secret_arguments(args):
        _refuse(
            "entry.args",
            f"{words}, and a script's arguments are kept with the job",
            hint=_elsewhere(backend) or _handed_over("NAME"),
        )


def _refuse(key: str, words: str, *, hint: str) -> NoReturn:
    raise InvalidSpec(f"{key}: {words}.", hint=hint, errors=[Problem(words, key=key, hint=hint)])


def _handed_over(variable: str) -> str:
    return f"Put it into an environment variable and name that: pass_env: [{variable}]"


def _elsewhere(backend: str) -> str | None:
    """How code that runs at a service comes by a secret: nothing is handed over to there."""
    return (
        None if backend == LOCAL else "Let the code read it where it runs, e.g. from that service's store of secrets."
    )


def _variable(path: str) -> str:
    """A name for an environment variable."""
    return re.sub(r"\W", "_", path).upper()


def settled(site: Site, spec: JobSpec, place: options.Place) -> JobSpec:
    """The spec with its options resolved, once the plug-ins exist; and the pool could ever hold it.

    Raises:
        InvalidSpec, UnknownPlugin: it can't be had as it is.
    """
    check_plugins(spec)
    found = options.settled(site, spec, place.pool)
    placing.check_fit(place.pool, found.resources)
    return found


def check_plugins(spec: JobSpec) -> None:
    """See that what starts it is there, and is for trainings.

    Raises:
        InvalidSpec, UnknownPlugin: it is not.
    """
    placing.check_is_training(spec)
    registry.load("launchers", spec.launcher)
    registry.load("environments", spec.environment.kind)


def _name_from(shown_as: str | None, path: str) -> str:
    """A job's name when none was given: its file's, made to fit the pattern."""
    stem = "cell" if shown_as and shown_as.startswith("cell") else PurePosixPath(path).stem
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", stem).lstrip("_.-")[:63]
    return name if re.fullmatch(NAME_PATTERN, name) else "job"
