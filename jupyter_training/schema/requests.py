"""What can be asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue

from jupyter_training.core.job import (
    PRIORITY_DEFAULT,
    CheckpointPolicy,
    ContextRef,
    DataFile,
    Entry,
    EnvironmentWish,
    HangWatch,
    Keep,
    Preemptible,
    Retries,
)
from jupyter_training.core.lifecycle import Verb
from jupyter_training.core.resources import Resources
from jupyter_training.errors import InvalidSpec
from jupyter_training.languages import quantities
from jupyter_training.schema.amounts import AnyPriority, AnyWeight
from jupyter_training.schema.base import Request

__all__ = [
    "ConfigText",
    "ContinueRequest",
    "ForkRequest",
    "IgnoreText",
    "OriginView",
    "ResumeRequest",
    "RetentionRequest",
    "SourceFile",
    "SubmitRequest",
    "VerbRequest",
]


_Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]


def _retries(value: Any) -> Any:
    """``5`` is as good as ``{max: 5}``, and ``on: lost`` as ``on: [lost]``."""
    if isinstance(value, bool):
        raise ValueError("it must be a whole number, or a mapping of max and on")
    if isinstance(value, int):
        return {"max": value}
    if isinstance(value, dict) and isinstance(value.get("on"), str):
        return {**value, "on": [one.strip() for one in value["on"].split(",") if one.strip()]}
    return value


def _hang(value: Any) -> Any:
    """``30m`` is as good as ``{after: 30m}``."""
    if isinstance(value, bool):
        raise ValueError("it must be a span like 30m, or a mapping of after and stop")
    found = value if isinstance(value, dict) else {"after": value} if isinstance(value, (int, float, str)) else None
    if found is None or not isinstance(found.get("after"), str):
        return value if found is None else found
    try:
        return {**found, "after": quantities.duration(found["after"], key="hang")}
    except InvalidSpec as error:
        raise ValueError(f"{error.detail.removeprefix('hang: ').removesuffix('.')}") from None


def _checkpoints(value: Any) -> Any:
    """A place alone is as good as ``{to: place}``."""
    return {"to": value} if isinstance(value, str) else value


AnyRetries = Annotated[Retries, BeforeValidator(_retries, json_schema_input_type=Retries | int)]
AnyHang = Annotated[HangWatch, BeforeValidator(_hang, json_schema_input_type=HangWatch | float | str)]
AnyCheckpoints = Annotated[
    CheckpointPolicy, BeforeValidator(_checkpoints, json_schema_input_type=CheckpointPolicy | str)
]


def _refs(value: Any) -> Any:
    """``prepare`` is as good as ``[prepare]``, and ``a, b`` as ``[a, b]``."""
    return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value


_Refs = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
AnyRefs = Annotated[_Refs, BeforeValidator(_refs, json_schema_input_type=_Refs | str), Field(max_length=1000)]


def _words(value: Any) -> Any:
    """``loss, accuracy`` is as good as ``[loss, accuracy]``."""
    found = _refs(value)
    if value is not None and not found:
        raise ValueError("it is empty; write a word, or several with commas between them")
    return found


_Words = tuple[Annotated[str, Field(min_length=1, max_length=250)], ...]
AnyWords = Annotated[
    _Words, BeforeValidator(_words, json_schema_input_type=_Words | str), Field(min_length=1, max_length=20)
]


class SourceFile(Request):
    """One file of the code, as text or, for anything else, as base64."""

    path: Annotated[str, Field(min_length=1, max_length=1024)]
    text: str | None = None
    base64: str | None = None


class ConfigText(Request):
    """YAML with any of a job's keys. ``name`` is what errors call it; explicit keys of the request win."""

    text: Annotated[str, Field(max_length=1_000_000)]
    name: str = "config"


class OriginView(Request):
    notebook: str | None = None
    cell: str | None = None
    client: str | None = None


class SubmitRequest(Request):
    """A wish. ``key`` is made by the client; repeating it gives the first job again."""

    key: _Key
    entry: Entry
    files: Annotated[tuple[SourceFile, ...], Field(min_length=1, max_length=10_000)]
    name: str | None = None  # None = from the entry's file name
    params: dict[str, JsonValue] | None = None
    resources: Resources | None = None
    environment: EnvironmentWish | None = None
    secrets: dict[str, str] = Field({}, repr=False)  # values of environment.pass_env; never stored with the job
    launcher: str | None = None
    pool: str | None = None
    backend: str | None = Field(None, description="instead of a pool: the pool of this backend")
    options: dict[str, JsonValue] | None = Field(None, description="of that backend: an instance type, an image ...")
    priority: AnyPriority = Field(None, description=f"1..99, smaller first; {PRIORITY_DEFAULT} when not given")
    weight: AnyWeight = Field(None, description="above 0, 1 when not given; its share where the pool's policy is that")
    after: AnyRefs = Field((), description="ids, prefixes of ids or names of jobs: it starts once all have succeeded")
    preemptible: Preemptible | None = Field(
        None, description="auto: once it has a checkpoint; restart: also without one; never"
    )
    timeout: float | str | None = Field(None, description="seconds, or a text like 90m, 2h, 1h30m")
    grace: float | str | None = None
    metrics: Literal["auto", "off"] | dict[str, str] | None = None
    tags: dict[str, str] | None = None
    data: Annotated[tuple[DataFile, ...], Field(max_length=100)] = Field((), description="sent before by `PUT data`")
    if_exists: Literal["new", "reuse", "error"] = Field(
        "new", description="what becomes of a wish that is equal to an active job of the same notebook, user and name"
    )
    once: bool = Field(False, description="a succeeded job that is equal is as good as a new one")
    context: ContextRef | None = Field(None, description="a folder, sent before by `PUT data` as one archive")
    retries: AnyRetries | None = Field(None, description="how often it is started again by itself, and after what")
    checkpoints: AnyCheckpoints | None = Field(None, description="where they are kept (a URL), and how many")
    pause_within: float | str | None = Field(None, description="between the ask for a checkpoint and SIGTERM")
    hang: AnyHang | None = Field(None, description="warn after so long without a sign of life, and stop it if wished")
    metric: AnyWords | None = Field(None, description="what a search judges, or the checkpoints of one training")
    mode: AnyWords | None = Field(None, description="min or max, one for each metric")
    searcher: str | None = Field(None, description="who proposes configurations; `GET searchers` lists them")
    searcher_options: dict[str, JsonValue] | None = None
    workers: Annotated[int, Field(ge=1, le=10_000)] | None = Field(None, description="most trials at once; 1")
    max_trials: Annotated[int, Field(ge=1)] | None = Field(None, description="as stop.max_trials_started")
    max_time: float | str | None = Field(None, description="as stop.max_time: seconds, or a text like 2h")
    max_failures: Annotated[int, Field(ge=0)] | None = Field(None, description="as stop.max_failures")
    target: float | None = Field(None, description="as stop.target, of the first metric")
    stop: dict[str, Any] | None = Field(None, description="what ends a search, the first that is reached")
    resource: str | None = Field(None, description="what reports count as: report, step, or a metric's name")
    max_resource: Annotated[int, Field(ge=1)] | None = Field(None, description="what a whole trial reports")
    seed: Annotated[int, Field(ge=0)] | None = Field(None, description="of the searcher")
    space: dict[str, Any] | None = Field(None, description="axes and constants, beside those among the params")
    verbatim: tuple[str, ...] = Field((), description="params whose texts are values as they are, not expressions")
    updater: str | None = Field(None, description="a hyperparameter, and the name of a plug-in")
    resume: bool = Field(
        False, description="extend the newest job of this notebook, user and name from its last checkpoint"
    )
    config: ConfigText | None = None
    origin: OriginView = OriginView()


class VerbRequest(Request):
    verb: Verb
    jobs: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]  # ids
    discard: bool = Field(False, description="a pause need not wait for a checkpoint, nor does it need one")
    force: bool = Field(False, description="what has succeeded may be retried")
    secrets: dict[str, str] = Field({}, repr=False)  # for a retry: values of environment.pass_env, as at a submit


class ForkRequest(Request):
    """A new job with another one's code and config, edited; no weights. What is None stays as it was."""

    key: _Key
    name: str | None = None
    params: dict[str, JsonValue] = Field({}, description="these replace the old job's of the same name")
    config: ConfigText | None = None
    pool: str | None = None
    backend: str | None = Field(None, description="instead of a pool: the pool of this backend")
    options: dict[str, JsonValue] | None = Field(None, description="of its backend; these replace the old job's")
    priority: AnyPriority = None
    weight: AnyWeight = None
    secrets: dict[str, str] = Field({}, repr=False)
    origin: OriginView = OriginView()


class ContinueRequest(ForkRequest):
    """The same, and it begins with a checkpoint of the old job: by its name, its step, or the newest."""

    checkpoint: str | int | None = None


class ResumeRequest(Request):
    """Extend a job that has ended or is paused, from its newest checkpoint; ``params`` replace its own.

    Repeated with the same ``key`` it changes nothing and gives the job as it is.
    """

    key: _Key | None = None
    params: dict[str, JsonValue] = Field({})
    secrets: dict[str, str] = Field({}, repr=False)


class RetentionRequest(Request):
    """Another policy for what is kept. Without ``apply`` only told what would go; then it goes."""

    keep: Keep
    metric: str | None = None
    mode: Literal["min", "max"] | None = None
    apply: bool = False


class IgnoreText(Request):
    text: Annotated[str, Field(max_length=1_000_000)]
