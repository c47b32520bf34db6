"""A job as the cell that does the same again: to be read, changed and run.

A job that came from a cell gives a ``%%train`` cell: name, the options that
differ from what is given anyway, the parameters that differ from the literals
at the top of the body, and the body. A script or a function gives a cell that
calls ``Client().submit(...)``, or says what it was where it can't be had again.
"""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from jupyter_training.core.job import PRIORITY_DEFAULT, CheckpointPolicy, HangWatch, Job, JobSpec, Keep, Retries
from jupyter_training.core.resources import Resources
from jupyter_training.errors import NotFound
from jupyter_training.services import code, options, placing
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["CellText", "cell"]

_DEFAULT_GRACE = 10.0
_DEFAULT_PAUSE = 600.0
_PLAIN = re.compile(r"[\w.,:/@%+-][\w.,:/@%+=-]*\Z")
_PLAIN_TEXT = re.compile(r"[A-Za-z_/.~][\w./:@%+~-]*\Z", re.ASCII)
_ARITHMETIC = re.compile(r"[\d.+\-eE_]*[*/][\d.+\-*/eE_]*\Z")
_WORDS = frozenset({"true", "false", "null", "none", "nan", "inf", "infinity"})
# Options of a backend that have words of their own on a magic line.
_SERVED = frozenset(
    {"instance", "instances", "max_wait", "image", "role", "region", "profile", "bucket", "volume", "max_cost"}
)
_RESOURCES = ("slots", "gpus", "cpus", "memory", "max_slots")
# What ``Client.submit`` takes for itself: parameters of these names go into its ``params``.
_CLIENT_OPTIONS = frozenset(
    {"name", "params", "pool", "backend", "options", "priority", "weight", "after", "preemptible", *_RESOURCES,
     "timeout", "grace", "metrics", "tags", "env", "pass_env", "environment", "python", "folder", "context",
     "launcher", "config", "if_exists", "once", "key", "origin", "retries", "checkpoints", "pause_within",
     "hang", "resume", "wait", "self", "metric", "mode", "searcher", "searcher_options", "workers",
     "max_trials", "max_time", "max_failures", "target", "stop", "resource", "max_resource", "seed", "space",
     "updater"}
)  # fmt: skip


class CellText(BaseModel):
    """The text of a notebook cell."""

    model_config = ConfigDict(frozen=True)

    text: str


def cell(site: Site, job_id: str) -> CellText:
    """The cell that does again what the job did.

    Raises:
        UnknownJob: no job has that id.
        NotFound: its code is no longer kept.
    """
    job = _as_said(site, known(site, job_id))
    entry = job.spec.entry
    if entry.kind == "cell":
        file = next((file for file in job.spec.files if file.path == entry.path), None)
        body = code.text_of(site, file) if file is not None else None
        if body is None:
            raise NotFound(f"The code of the job {job.id} is no longer kept.")
        return CellText(text=_train_cell(job, _turn(site, job), _without_blank_top(body)))
    return CellText(text=_client_cell(job, _turn(site, job)))


def _as_said(site: Site, job: Job) -> Job:
    """The job with the options of its backend as a person writes them, and without what these have come to."""
    pool = views.pools(site.store).get(job.pool)
    if pool is None or not job.spec.options:
        return job
    spec = options.as_before(site, job.spec, pool)
    said = options.written(site, pool.backend, job.spec.options)
    return replace(job, spec=spec.model_copy(update={"options": said}))


def _turn(site: Site, job: Job) -> dict[str, str | int | float]:
    """What of its pool and its turn there was not what one gets without saying it."""
    pools = views.pools(site.store)
    found: dict[str, str | int | float] = {}
    if job.spec.options and job.pool in pools:
        backend = pools[job.pool].backend
        usual = options.wishes_of(site, backend).pool(job.spec.options)
        found = {"backend": backend} if usual is not None and usual.name == job.pool else {"pool": job.pool}
    shares = job.pool in pools and pools[job.pool].policy == "fair_share"
    if not found and job.pool != placing.pool_of(pools, None, None):
        found["pool"] = job.pool
    if job.priority != PRIORITY_DEFAULT and not shares:
        found["priority"] = job.priority
    if job.weight != 1 and shares:
        found["weight"] = job.weight
    return found


def _train_cell(job: Job, turn: Mapping[str, str | int | float], body: str) -> str:
    spec = job.spec
    literals = _literals(body)
    words = ["%%train", spec.name, *_options(job, turn)]
    for name, value in job.params.items():
        if name not in literals or not _same(literals[name], value):
            words.append(f"{name}={_value(value)}")
    return f"{' '.join(words)}\n{body}"


def _options(job: Job, turn: Mapping[str, str | int | float]) -> Iterator[str]:
    """The options of the magic line that were not what one gets without them."""
    spec, usual = job.spec, Resources()
    for name, said in turn.items():
        yield from (f"--{name}", _word(said) if isinstance(said, str) else _number(said))
    yield from _service_options(spec)
    for name in _RESOURCES:
        asked = getattr(spec.resources, name)
        if asked != getattr(usual, name):
            yield from (f"--{name.replace('_', '-')}", _number(asked))
    if spec.preemptible != "auto":
        yield from ("--preemptible", spec.preemptible)
    if spec.timeout is not None:
        yield from ("--timeout", _span(spec.timeout))
    if spec.grace != _DEFAULT_GRACE:
        yield from ("--grace", _span(spec.grace))
    yield from _lasting_options(spec)
    if spec.metrics == "off":
        yield from ("--metrics", "off")
    for name, value in spec.tags.items():
        if f"{name}{value}".isprintable():  # a line break would end the magic line
            yield from ("--tag", _word(f"{name}={value}"))
    if spec.environment.pass_env:
        yield from ("--pass-env", ",".join(spec.environment.pass_env))
    if spec.context is not None:
        yield from ("--context", ".")  # which folder it was is not kept; most often the notebook's own
    if spec.data:
        yield from ("--take", ",".join(one.name for one in spec.data))


def _service_options(spec: JobSpec) -> Iterator[str]:
    """The options of its backend: by their own words, where they have some, else as ``--option KEY=VALUE``."""
    for name, value in spec.options.items():
        if name == "inputs" and isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
            for channel, place in value.items():
                yield from ("--input", _word(f"{channel}={place}"))
        elif name == "spot" and value is True:
            yield "--spot"
        elif name in _SERVED and isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield from (f"--{name.replace('_', '-')}", _word(value) if isinstance(value, str) else _number(value))
        else:
            yield from ("--option", _word(f"{name}={_value(value)}"))


def _lasting_options(spec: JobSpec) -> Iterator[str]:
    """Of retries, checkpoints, pauses and the hang watch; after what a job is retried only a config can say."""
    if spec.retries.max:
        yield from ("--retries", str(spec.retries.max))
    if spec.checkpoints.to is not None:
        yield from ("--checkpoints", _word(spec.checkpoints.to))
    keep, usual = spec.checkpoints.keep, Keep()
    if keep.trial_latest != usual.trial_latest:
        yield from ("--keep-latest", str(keep.trial_latest))
    if keep.trial_best != usual.trial_best:
        yield from ("--keep-best", str(keep.trial_best))
    if spec.pause_within != _DEFAULT_PAUSE:
        yield from ("--pause-within", _span(spec.pause_within))
    if spec.hang.after is not None:
        yield from ("--hang", _span(spec.hang.after))
    if spec.hang.stop:
        yield "--stop-hung"


def _client_cell(job: Job, turn: Mapping[str, str | int | float]) -> str:
    """A script or function by the client; values as Python writes them."""
    spec, entry = job.spec, job.spec.entry
    given: dict[str, object] = {"name": spec.name, **turn, **dict(_client_options(job))}
    params: dict[str, object] = {}
    others: dict[str, object] = {}
    for name, value in job.params.items():
        plain = name.isidentifier() and not keyword.iskeyword(name) and name not in _CLIENT_OPTIONS
        (params if plain else others)[name] = value
    if others:
        given["params"] = others
    head = "from jupyter_training import Client\n\n"
    target, note = repr(entry.shown_as or entry.path), ""
    if entry.kind == "function":
        target = entry.function if entry.function and entry.function.isidentifier() else "None"
        note = f"# {target} as it is defined in this notebook now\n"
    lines = [target, *(repr(word) for word in entry.args)]
    lines += [f"{name}={value!r}" for name, value in {**params, **given}.items()]
    inside = "".join(f"    {line},\n" for line in lines)
    return f"{head}{note}Client().submit(\n{inside})\n"


def _client_options(job: Job) -> Iterator[tuple[str, object]]:
    """The options of ``Client.submit`` that were not what one gets without them."""
    spec, usual = job.spec, Resources()
    for name in _RESOURCES:
        if getattr(spec.resources, name) != getattr(usual, name):
            yield name, getattr(spec.resources, name)
    if spec.options:
        yield "options", dict(spec.options)
    if spec.preemptible != "auto":
        yield "preemptible", spec.preemptible
    if spec.timeout is not None:
        yield "timeout", _span(spec.timeout)
    if spec.grace != _DEFAULT_GRACE:
        yield "grace", _span(spec.grace)
    if spec.metrics != "auto":
        yield "metrics", spec.metrics
    if spec.tags:
        yield "tags", dict(spec.tags)
    if spec.environment.pass_env:
        yield "pass_env", list(spec.environment.pass_env)
    if spec.context is not None:
        yield "context", "."
    if spec.retries != Retries():
        given = spec.retries.model_dump(mode="json", exclude_defaults=True)
        yield "retries", spec.retries.max if given.keys() == {"max"} else given
    if spec.checkpoints != CheckpointPolicy():
        yield "checkpoints", spec.checkpoints.model_dump(mode="json", exclude_defaults=True)
    if spec.pause_within != _DEFAULT_PAUSE:
        yield "pause_within", _span(spec.pause_within)
    if spec.hang != HangWatch():
        yield "hang", spec.hang.model_dump(mode="json", exclude_defaults=True)
    if spec.launcher != "plain":
        yield "launcher", spec.launcher


def _without_blank_top(body: str) -> str:
    """The body without the blank lines that stand for the lines of its cell above it."""
    lines = body.splitlines(keepends=True)
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return "".join(lines[start:]).rstrip("\n") + "\n"


def _literals(body: str) -> Mapping[str, object]:
    """The first literal that each name is given at the top of a body, as the job's runtime sees the top."""
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        value = getattr(node, "value", None)
        if not isinstance(target, ast.Name) or value is None:
            break
        try:
            found.setdefault(target.id, ast.literal_eval(value))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            break
    return found


def _same(literal: object, value: object) -> bool:
    """Whether a parameter is what the literal says; JSON knows no tuples, and 1 is not 1.0, nor is it true."""
    try:
        return json.dumps(literal) == json.dumps(value)
    except (TypeError, ValueError):
        return False


def _value(value: object) -> str:
    """A parameter's value as the magic line reads it: a plain text without quotes, all else as Python writes it."""
    if isinstance(value, str) and _PLAIN_TEXT.match(value) and not _is_taken_for_another(value):
        return value
    return repr(value)


def _is_taken_for_another(text: str) -> bool:
    """Whether a text without quotes would be read as a number, a sum or a word of its own."""
    if text.lower() in _WORDS or _ARITHMETIC.match(text):
        return True
    try:
        ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _word(text: str) -> str:
    """An option's value, ``key=value`` too. Quotes around a value are taken off as they are: nothing is escaped."""
    if _PLAIN.match(text):
        return text
    name, equals, value = text.partition("=")
    quote = "'" if '"' in value or (not equals and '"' in text) else '"'
    if equals and _PLAIN.match(name):
        return f"{name}={quote}{value}{quote}"
    return f"{quote}{text}{quote}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _span(seconds: float) -> str:
    for unit, scale in (("h", 3600), ("m", 60)):
        if seconds >= scale and seconds % scale == 0:
            return f"{seconds / scale:g}{unit}"
    return f"{seconds:g}"
