"""Turn what a person said into a JobSpec, check it against the house, and store the wish."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

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
    Keep,
    Origin,
    Retries,
    Submission,
)
from jupyter_training.core.resources import Pool, Resources
from jupyter_training.errors import InvalidRequest, InvalidSpec, NotFound, Problem, near_miss
from jupyter_training.languages import config_cell, output_lines, quantities
from jupyter_training.schema import SubmitRequest
from jupyter_training.seams import registry
from jupyter_training.services import bundle, contexts, data, destinations, passed, placing, references, scripts
from jupyter_training.services.site import Site
from jupyter_training.store import lineage, views, wishes
from jupyter_training.store import pools as pool_rows

__all__ = [
    "CLIENT_KEYS",
    "CONFIG_KEYS",
    "SHORTHANDS",
    "after_of",
    "check_house",
    "check_params",
    "code_of",
    "placed",
    "positioned",
    "problems_of",
    "spec_of",
    "stored",
    "submission_of",
    "submit",
    "wished",
    "with_config",
]

# The keys that a config text may hold: a request's own, less what only a client can know.
CONFIG_KEYS = frozenset(SubmitRequest.model_fields) - {
    "key", "entry", "files", "data", "context", "secrets", "config", "origin", "verbatim",
}  # fmt: skip

_UNION = re.compile(r"\.(?:literal|dict|constrained-str|function-\w+)\[.*")  # where pydantic names an alternative
_KINDS = {  # pydantic's kinds of faults whose words are for programmers
    "tuple_type": "it must be a list",
    "dict_type": "it must be a mapping",
    "string_type": "it must be a text",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it must be true or false"),
}
_SECRET_NAME = re.compile(r"(?:^|_)(?:password|passwd|secret|api_?key|access_?key|credentials?|token)$", re.IGNORECASE)
Settle = Callable[[Connection, Job], None]
SHORTHANDS = frozenset({"slots", "gpus", "cpus", "memory", "max_slots"})  # a config may write them without "resources:"
# What only the side that submits can do something about; a submit passes over them.
CLIENT_KEYS = frozenset({"context", "take", "out", "wait", "detach", "quiet"})


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
    submission = Submission(
        key=request.key,
        spec=spec_of(request, files),
        origin=origin,
        pool=placing.pool_of(pools, request.pool, request.backend),
        priority=request.priority if request.priority is not None else PRIORITY_DEFAULT,
        weight=request.weight if request.weight is not None else 1.0,
        after=after_of(site, request, origin),
        if_exists=request.if_exists,
        once=request.once,
    )
    check_house(pools, submission)
    placing.check_order(pools[submission.pool], priority=request.priority, weight=request.weight)
    return submission


def after_of(site: Site, request: SubmitRequest, origin: Origin) -> tuple[JobId, ...]:
    """The jobs that a request's job starts after.

    Raises:
        InvalidSpec: it names one that is not there, or that can't be told.
    """
    if not request.after or lineage.of_key(site.store, request.key) is not None:
        return ()  # what is repeated gives the first job, whatever became of those before it
    return references.jobs_before(site, request.after, user=origin.user, notebook=origin.notebook)


def problems_of(error: ValidationError, *, known: Mapping[str, list[str]] | None = None) -> list[Problem]:
    """pydantic's findings as problems: a key path, a sentence, and the near miss of an unknown key."""
    found: list[Problem] = []
    for item in error.errors(include_url=False):
        path = _UNION.sub("", ".".join(str(part) for part in item["loc"]))
        hint = None
        if item["type"] == "extra_forbidden" and known:
            parent, _, key = path.rpartition(".")
            close = near_miss(key, known.get(parent, []))
            hint = f"Did you mean {close!r}?" if close else None
            found.append(Problem(f"there is no key {key!r}", key=path, hint=hint))
        else:
            words = _KINDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
            if item["type"] == "literal_error":
                close = near_miss(str(item["input"]), re.findall(r"'([^']*)'", item["ctx"]["expected"]))
                hint = f"Did you mean {close!r}?" if close else None
            elif item["type"] == "string_type" and not isinstance(item["input"], (dict, list)):
                hint = "Put it in quotes."  # a number or a boolean to YAML; how it was written is lost
            elif item["type"] == "dict_type" and isinstance(item["input"], str):
                meant = config_cell.colon_for_equals(item["input"])
                hint = f"Write {meant}" if meant else None
            found.append(Problem(words[0].lower() + words[1:], key=path, hint=hint))
    return found


def with_config(request: SubmitRequest) -> SubmitRequest:
    """The request with the keys of its config text, where it does not say them itself."""
    if request.config is None:
        return request
    name = request.config.name
    config = config_cell.read(request.config.text, name=name, keys=CONFIG_KEYS | SHORTHANDS | CLIENT_KEYS)
    values = {key: value for key, value in config.values.items() if key not in CLIENT_KEYS}
    resources = {key: values.pop(key) for key in SHORTHANDS if key in values}
    if values.get("metrics") is False:  # YAML's reading of `metrics: off`
        values["metrics"] = "off"
    asked = values.get("resources") or {}
    if resources and isinstance(asked, dict):
        values["resources"] = {**asked, **resources}
    if isinstance(values.get("resources"), dict) and isinstance(values["resources"].get("memory"), str):
        values["resources"]["memory"] = quantities.size(values["resources"]["memory"], key=f"{name}: memory")
    own = request.model_dump(mode="json", exclude_unset=True, exclude={"config"})
    merged: dict[str, Any] = {**values, **{key: value for key, value in own.items() if value is not None}}
    for key in ("params", "tags", "resources", "space", "stop", "searcher_options"):  # these are merged key by key
        if isinstance(values.get(key), dict) and isinstance(own.get(key), dict):
            merged[key] = {**values[key], **own[key]}
    if isinstance(values.get("space"), dict) and isinstance(own.get("params"), dict):
        said = own["params"].keys() - (own.get("space") or {}).keys()  # a value that is said here fixes an axis there
        merged["space"] = {name: value for name, value in merged["space"].items() if name not in said}
    try:
        wish = SubmitRequest.model_validate(merged)
    except ValidationError as error:
        known = {"": sorted(CONFIG_KEYS), "resources": sorted(Resources.model_fields)}
        known["environment"] = sorted(EnvironmentWish.model_fields)
        known["retries"] = sorted(Retries.model_fields)
        known["checkpoints"] = sorted(CheckpointPolicy.model_fields)
        known["checkpoints.keep"] = sorted(Keep.model_fields)
        known["hang"] = sorted(HangWatch.model_fields)
        raise positioned(name, config, problems_of(error, known=known)) from None
    if destinations.KEY in config.places and wish.checkpoints is not None and wish.checkpoints.to is not None:
        found = destinations.fault(wish.checkpoints.to)
        if found is not None and "checkpoints" not in own:
            raise positioned(name, config, [found])
    return wish


@contextlib.contextmanager
def placed(request: SubmitRequest) -> Iterator[None]:
    """Let an error about a key that the request's config text says name the place in that text."""
    try:
        yield
    except (InvalidRequest, NotFound) as error:
        if request.config is None or not error.errors or error.errors[0].line is not None:
            raise
        text = request.config
        config = config_cell.read(text.text, name=text.name, keys=CONFIG_KEYS | SHORTHANDS | CLIENT_KEYS)
        own = request.model_dump(mode="json", exclude_unset=True, exclude={"config"})
        found = [_where_it_lacks(one, config) for one in error.errors]
        mine = [one for one in found if config.has(one.key) and not _says(own, one.key)]
        if len(mine) < len(error.errors):
            raise
        raise positioned(text.name, config, mine, text=text.text) from None


_LACKS = {"metric": ("params", "space"), "mode": ("metric",), "max_resource": ("searcher",)}  # and who needs it


def _where_it_lacks(problem: Problem, config: config_cell.Config) -> Problem:
    """The problem of a key that the text does not have, at the key that asks for it."""
    near = next((key for key in _LACKS.get(problem.key or "", ()) if config.has(key)), None)
    return problem if near is None or config.has(problem.key) else replace(problem, key=near)


def _says(own: Mapping[str, Any], path: str | None) -> bool:
    """Whether a request says the key itself, so that its config's word does not count."""
    top, _, rest = (path or "").partition(".")
    value = own.get(top)
    if isinstance(value, dict) and rest:
        return rest in value or rest.partition(".")[0] in value
    return value is not None


def positioned(name: str, config: config_cell.Config, problems: list[Problem], *, text: str = "") -> InvalidSpec:
    """These problems of a config, each at the line and column of its key.

    ``text``: of the config, where columns within values are to become columns of it.
    """
    placed = []
    for problem in problems:
        path = problem.key or ""
        if path not in config.places and path.startswith("resources."):
            path = path.removeprefix("resources.")
        line, column = config.place(path)
        if problem.column is not None and line is not None and column is not None:
            column = config_cell.column_of_value(text, line, column, problem.column) or column
        words = problem.detail[:1].lower() + problem.detail[1:].removesuffix(".")
        placed.append(Problem(words, path, line, column, problem.hint))
    first = placed[0]
    place = f" line {first.line}, column {first.column}" if first.line is not None else ""
    end = "" if first.detail.endswith("?") else "."
    return InvalidSpec(f"{name}{place}: {first.key}: {first.detail}{end}", hint=first.hint, errors=placed)


def spec_of(request: SubmitRequest, files: tuple[Any, ...]) -> JobSpec:
    params = dict(request.params or {})
    check_params(params)
    if isinstance(request.metrics, dict):
        output_lines.check_patterns(request.metrics)
    if request.checkpoints is not None:
        destinations.check(request.checkpoints)
    environment = request.environment or EnvironmentWish()
    for name, value in environment.variables.items():
        _check_variable(name, value)
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
        )
    except ValidationError as error:
        problems = problems_of(error)
        words = problems[0].detail
        if problems[0].key == "name":
            words, near = no_name(request.name), name_like(request.name)
            raise InvalidSpec(f"name: {words}", hint=f"E.g. {near}." if near else None, errors=problems) from None
        raise InvalidSpec(f"{problems[0].key}: {words}.", errors=problems) from None


def check_params(params: Mapping[str, Any]) -> None:
    """See that a job can be given these.

    Raises:
        InvalidSpec: a name is none, a number is not finite, or it looks like a secret.
    """
    for name, value in params.items():
        _check_param(name, value)


def _check_param(name: str, value: Any) -> None:
    """Refuse what no job can be given: no name, a number that is none, a secret in plain sight."""
    if not re.match(r"[A-Za-z_][\w.-]*\Z", name):
        raise InvalidSpec(f"params: {name!r} is not a parameter's name.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidSpec(f"params.{name}: {value} is not allowed; a parameter is a finite number.")
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        raise InvalidSpec(
            f"params.{name} looks like a secret, and parameters are shown and recorded.",
            hint=f"Put it into an environment variable and name that: pass_env: [{name.upper()}]",
        )


def _check_variable(name: str, value: str) -> None:
    """Refuse a secret in plain sight; clients refuse more."""
    if value and _SECRET_NAME.search(name):
        raise InvalidSpec(
            f"environment.variables.{name} looks like a secret, and variables are kept with the job.",
            hint=f"Set it where you submit from, and name it there: pass_env: [{name}]",
        )


def check_house(pools: Mapping[str, Pool], submission: Submission) -> None:
    """See that the pool and the plug-ins exist and that the pool could ever hold the job."""
    pool = placing.known_pool(pools, submission.pool)
    spec = submission.spec
    placing.check_is_training(spec)
    registry.load("launchers", spec.launcher)
    registry.load("environments", spec.environment.kind)
    placing.check_fit(pool, spec.resources)


def _name_from(shown_as: str | None, path: str) -> str:
    """A job's name when none was given: its file's, made to fit the pattern."""
    stem = "cell" if shown_as and shown_as.startswith("cell") else PurePosixPath(path).stem
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", stem).lstrip("_.-")[:63]
    return name if re.fullmatch(NAME_PATTERN, name) else "job"
