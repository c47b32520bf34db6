"""What SageMaker can't run, or we can't run there, beyond the limits of its requests. Pure but for looking at paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from jupyter_training.backends.sagemaker.options import RESERVED_CHANNELS, Options, is_s3
from jupyter_training.backends.sagemaker.request import NAMES_THE_ATTEMPT, variables
from jupyter_training.core.job import JobSpec
from jupyter_training.errors import Problem
from jupyter_training.languages.secret_names import passwords_in, secret_arguments, secrets_in

__all__ = ["LONGEST_RUN", "problems"]

LONGEST_RUN = 28 * 86400  # seconds; the highest that the quota of the longest run time can be raised to
_GRACE = 120.0  # seconds between the service's SIGTERM and its SIGKILL
_KEPT_BY_US: Mapping[tuple[str, ...], str] = {
    ("TrainingJobName",): "the name follows from the job's, so that it is never there twice; say name",
    ("Tags",): "some of the tags say whose job it is; say tags, and they are added",
    ("CheckpointConfig",): "it is where the job goes on from; say checkpoints.to",
    ("OutputDataConfig", "S3OutputPath"): "it is where results are looked for; say bucket and prefix",
}


def problems(spec: JobSpec, chosen: Options, *, max_run: int, keeps_checkpoints: Callable[[], bool]) -> list[Problem]:
    """Everything of a job that can't be, each with its key. ``max_run``: its time limit in seconds."""
    return [
        *_of_spec(spec, max_run),
        *_secrets(spec, chosen),
        *_spot(chosen, max_run, keeps_checkpoints),
        *_network(chosen),
        *_inputs(chosen),
        *_code(spec, chosen),
        *_request(chosen),
    ]


def _of_spec(spec: JobSpec, max_run: int) -> Iterator[Problem]:
    for name in ("gpus", "cpus", "memory"):
        if getattr(spec.resources, name):
            yield Problem(
                "what a machine of SageMaker has is said by its type",
                key=f"resources.{name}",
                hint="Leave it out, and choose the instance.",
            )
    if spec.environment.kind != "current":
        yield Problem("on SageMaker the image is the environment", key="environment.kind", hint="Say options.image.")
    if spec.launcher not in ("plain", "torchrun"):
        words = f"SageMaker starts code plainly or by torchrun, not by {spec.launcher!r}"
        yield Problem(words, key="launcher", hint="Leave it out, or say torchrun.")
    if spec.grace > _GRACE:
        yield Problem(f"{spec.grace:g} s is too long: SageMaker ends a job {_GRACE:g} s after it asks", key="grace")
    if max_run > LONGEST_RUN:
        yield Problem(
            f"{max_run:,} s is too long: SageMaker runs a job for at most {LONGEST_RUN:,} s, which is 28 days",
            key="timeout",
        )
    if spec.checkpoints.to is not None and not is_s3(spec.checkpoints.to):
        yield Problem(
            f"a job on SageMaker keeps its checkpoints in S3, not at {spec.checkpoints.to!r}",
            key="checkpoints.to",
            hint="Leave it out, or say s3://bucket/folder.",
        )


def _secrets(spec: JobSpec, chosen: Options) -> Iterator[Problem]:
    reads = "Let the code read it itself, e.g. from AWS Secrets Manager with the job's role."
    everybody = "everybody who may describe the training job can read it"
    if spec.environment.pass_env:
        names = ", ".join(spec.environment.pass_env)
        words = f"the values of {names} would be readable to everybody who may describe the training job"
        yield Problem(words, key="environment.pass_env", hint=reads)
    places: list[tuple[str, Mapping[str, object]]] = [
        ("params", spec.params),
        ("environment.variables", variables(spec)),
        ("tags", spec.tags),
        ("options.tags", chosen.tags),
    ]
    for member in ("HyperParameters", "Environment"):
        own = chosen.request.get(member)
        if isinstance(own, Mapping):
            places.append((f"options.request.{member}", own))
    for key, values in places:
        for path in secrets_in(values):
            yield Problem(f"it looks like a secret, and {everybody}", key=f"{key}.{path}", hint=reads)
        for path in passwords_in(values):
            yield Problem(f"its URL has a password, and {everybody}", key=f"{key}.{path}", hint=reads)
    for words in secret_arguments(spec.entry.args):
        everybody = "everybody who may read the job's bucket can read it"
        yield Problem(f"{words}, and {everybody}", key="entry.args", hint=reads)


def _spot(chosen: Options, max_run: int, keeps_checkpoints: Callable[[], bool]) -> Iterator[Problem]:
    if not chosen.spot:
        if chosen.max_wait is not None:
            yield Problem("only spare capacity is waited for", key="options.max_wait", hint="Say spot: true, too.")
        return
    if chosen.keep_alive is not None:
        words = "machines of spare capacity can't be kept warm"
        yield Problem(words, key="options.keep_alive", hint="Leave out spot or keep_alive.")
    if chosen.max_wait is not None and chosen.max_wait < max_run:
        words = f"{chosen.max_wait:,} s is less than the time limit of {max_run:,} s, which is part of it"
        yield Problem(words, key="options.max_wait", hint="Raise it, or set a timeout that is shorter.")
    if not chosen.without_checkpoints and not keeps_checkpoints():
        yield Problem(
            "spare capacity may be taken away at any time, and without a checkpoint the code begins anew each time",
            key="options.spot",
            hint="Keep one with jupyter_training.checkpoint.save(...), or say without_checkpoints: true "
            "(--option without_checkpoints=true in a shell).",
        )


def _network(chosen: Options) -> Iterator[Problem]:
    if bool(chosen.subnets) != bool(chosen.security_groups):
        there, lacking = ("subnets", "security_groups") if chosen.subnets else ("security_groups", "subnets")
        yield Problem(f"{there} need {lacking}, too", key=f"options.{there}", hint=f"Say {lacking} as well.")
    if chosen.isolated and chosen.requirements:
        words = "without a network nothing can be installed"
        yield Problem(words, key="options.requirements", hint="Use an image that has what the code needs.")
    if chosen.isolated and chosen.launcher == "toolkit":
        words = "the image's toolkit loads the code from S3 itself, which it can't without a network"
        yield Problem(words, key="options.isolated", hint="Leave out isolated or launcher: toolkit.")


def _inputs(chosen: Options) -> Iterator[Problem]:
    for name, one in chosen.inputs.items():
        key = f"options.inputs.{name}"
        if name.startswith(RESERVED_CHANNELS):
            yield Problem(f"names that begin with {RESERVED_CHANNELS} are our own channels'", key=key)
        if is_s3(one.uri):
            continue
        if "://" in one.uri:
            words = f"{one.uri!r} is neither in S3 nor a path"
            yield Problem(words, key=key, hint="Other sources of data can be said with options.request.")
            continue
        path = Path(os.path.expanduser(one.uri))  # pathlib's own raises where there is no such person
        if not path.is_absolute():
            yield Problem(f"{one.uri!r} is not a whole path, and it would depend on who looks", key=key)
        elif not path.exists():
            yield Problem(f"there is nothing at {one.uri}", key=key)


def _code(spec: JobSpec, chosen: Options) -> Iterator[Problem]:
    if chosen.requirements:
        wanted = "requirements.txt" if chosen.requirements is True else chosen.requirements
        if wanted not in {file.path for file in spec.files} and spec.context is None:
            yield Problem(f"the code has no file {wanted}", key="options.requirements")
    if chosen.launcher != "toolkit":
        return
    key = "options.launcher"
    if spec.launcher != "plain":
        yield Problem(f"the toolkit starts the script itself, and launcher says {spec.launcher}", key=key)
    if spec.entry.kind != "script":
        yield Problem(f"the toolkit starts a script, and this is a {spec.entry.kind}", key=key)
    if spec.entry.args:
        yield Problem("the toolkit hands on parameters only, and no other arguments", key=key)
    if spec.data:
        names = ", ".join(one.name for one in spec.data)
        yield Problem(f"a script that the toolkit starts can't be given {names}", key=key, hint="Say it as an input.")
    if spec.start is not None:
        yield Problem("a script that the toolkit starts can't be given another job's checkpoint", key=key)


def _request(chosen: Options) -> Iterator[Problem]:
    for path, words in _KEPT_BY_US.items():
        found: object = chosen.request
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is not None:
            yield Problem(words, key=".".join(("options.request", *path)))
    channels, variables_ = chosen.request.get("InputDataConfig"), chosen.request.get("Environment")
    for one in channels if isinstance(channels, list) else ():
        name = one.get("ChannelName") if isinstance(one, Mapping) else None
        if isinstance(name, str) and name.startswith(RESERVED_CHANNELS):
            words = f"names that begin with {RESERVED_CHANNELS} are our own channels'"
            yield Problem(words, key=f"options.request.InputDataConfig.{name}")
    for name in variables_ if isinstance(variables_, Mapping) else ():
        if name in NAMES_THE_ATTEMPT:
            yield Problem("it says to the code which attempt it is", key=f"options.request.Environment.{name}")
