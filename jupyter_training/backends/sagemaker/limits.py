"""A request held against the service's own model, before anything is sent.

boto3 looks at types and at what is missing; patterns, largest numbers and lists
of names are in its model, too, and there only the service looks at them: after
the uploads. Here they are looked at first, and what is wrong is said with the
key that the person wrote and the limit.

    HyperParameters.lr            <- params.lr
    ResourceConfig.InstanceType   <- options.instance
    anything from ``request``     <- options.request.<member>
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_training.backends.sagemaker.options import Options, refused
from jupyter_training.errors import Problem, near_miss

__all__ = ["check", "faults", "instance_fault", "instance_types", "shapes"]

Path = tuple[str | int, ...]
_ROOT = "CreateTrainingJobRequest"

_KEYS: Mapping[str, str] = {
    "TrainingJobName": "name",
    "HyperParameters": "params",
    "Environment": "environment.variables",
    "RoleArn": "options.role",
    "AlgorithmSpecification.TrainingImage": "options.image",
    "AlgorithmSpecification.ContainerEntrypoint": "options.python",
    "AlgorithmSpecification.MetricDefinitions": "metrics",
    "InputDataConfig": "options.inputs",
    "OutputDataConfig.S3OutputPath": "options.bucket",
    "OutputDataConfig.KmsKeyId": "options.output_kms_key",
    "CheckpointConfig": "options.bucket",
    "ResourceConfig.InstanceType": "options.instance",
    "ResourceConfig.InstanceCount": "options.instances",
    "ResourceConfig.VolumeSizeInGB": "options.volume",
    "ResourceConfig.VolumeKmsKeyId": "options.volume_kms_key",
    "ResourceConfig.KeepAlivePeriodInSeconds": "options.keep_alive",
    "StoppingCondition.MaxRuntimeInSeconds": "timeout",
    "StoppingCondition.MaxWaitTimeInSeconds": "options.max_wait",
    "VpcConfig.Subnets": "options.subnets",
    "VpcConfig.SecurityGroupIds": "options.security_groups",
    "Tags": "options.tags",
}
# What is taken, in words; other patterns are shown as they are.
_PATTERNS: Mapping[str, str] = {
    "ChannelName": "a channel is called with a to z, 0 to 9, and . _ -",
    "RoleArn": "an ARN of a role is like arn:aws:iam::123456789012:role/Name",
    "TagKey": "a tag has letters, digits, spaces and _ . : / = + - @",
    "TagValue": "a tag has letters, digits, spaces and _ . : / = + - @",
    "TrainingEnvironmentKey": "a variable is called with letters, digits and _, and begins with no digit",
    "HyperParameterValue": "it must be on one line",
    "HyperParameterKey": "it must be on one line",
    "SubnetId": "a subnet is like subnet-0a1b2c3d",
    "SecurityGroupId": "a security group is like sg-0a1b2c3d",
    "S3Uri": "a place in S3 is like s3://bucket/folder",
    "KmsKeyId": "a key is named by its id, its ARN or its alias",
    "TrainingJobName": "a training job is called with a to z, 0 to 9 and single hyphens",
}
_HINTS: Mapping[str, str] = {
    "HyperParameterValue": "Let the code read it: from a file beside it, or as a value that is taken along.",
    "HyperParameters": "Put them into one mapping, or into a file beside the code.",
    "TrainingEnvironmentValue": "Let the code read it from a file beside it.",
}
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a text"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "structure": (Mapping, "a mapping"),
    "map": (Mapping, "a mapping"),
    "list": ((list, tuple), "a list"),
}


def check(request: Mapping[str, Any], chosen: Options) -> None:
    """See that the service would take the request of these options, as far as its model tells.

    Raises:
        InvalidSpec: every fault, each with the key that the person wrote.
    """
    found = list(faults(request, chosen))
    if found:
        raise refused(found)


def faults(request: Mapping[str, Any], chosen: Options) -> Iterator[Problem]:
    """What the service would refuse of a request."""
    for path, shape, words, hint in _faults(request, _ROOT, ()):
        yield Problem(words, key=_key(path, request, chosen), hint=hint or _HINTS.get(shape))


@functools.cache
def shapes() -> Mapping[str, Mapping[str, Any]]:
    """The shapes of CreateTrainingJob by name, without their descriptions; the rest of the model is let go."""
    from botocore.loaders import Loader

    every = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [_ROOT]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        shape = {key: value for key, value in every[name].items() if key != "documentation"}
        members = {key: member["shape"] for key, member in shape.get("members", {}).items()}
        parts = {key: shape[key]["shape"] for key in ("member", "key", "value") if key in shape}
        found[name] = {**shape, **parts, **({"members": members} if "members" in shape else {})}
        waiting += [*members.values(), *parts.values()]
    return found


def instance_types() -> Sequence[str]:
    """The types of machines that the model knows."""
    known: Sequence[str] = shapes()["TrainingInstanceType"]["enum"]
    return known


def instance_fault(instance: str) -> Problem | None:
    """What is wrong with a type of machine: there is none of that name."""
    known = instance_types()
    if instance in known:
        return None
    close = near_miss(instance, known) or near_miss(f"ml.{instance}", known)
    hint = f"Did you mean {close!r}?" if close else "They are called like ml.m5.xlarge."
    words = f"SageMaker trains on no {instance!r}, as far as the installed botocore tells"
    return Problem(words, "options.instance", hint=hint)


_Fault = tuple[Path, str, str, str | None]


def _faults(value: Any, name: str, path: Path) -> Iterator[_Fault]:
    """Each fault with its path, the shape it is of, and its words."""
    shape = shapes()[name]
    kind, noun = _KINDS.get(shape["type"], (object, ""))
    fits = isinstance(value, kind)
    if not fits or (isinstance(value, bool) and shape["type"] != "boolean"):
        yield path, name, f"it must be {noun}, not {_shown(value)}", None
        return
    if shape["type"] == "structure":
        yield from _members(value, name, shape, path)
        return
    yield from _size(value, name, shape, path)
    if shape["type"] == "map":
        for key, one in value.items():
            yield from _faults(key, shape["key"], (*path, str(key)))
            yield from _faults(one, shape["value"], (*path, str(key)))
    elif shape["type"] == "list":
        for index, one in enumerate(value):
            yield from _faults(one, shape["member"], (*path, index))
    elif "enum" in shape and value not in shape["enum"]:
        yield path, name, *_unknown(str(value), shape["enum"])
    elif "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
        words = _PATTERNS.get(name) or f"it must be like {shape['pattern']}"
        yield path, name, f"SageMaker does not take {_shown(value)}: {words}", None


def _members(value: Mapping[str, Any], name: str, shape: Mapping[str, Any], path: Path) -> Iterator[_Fault]:
    for missing in shape.get("required", ()):
        if missing not in value:
            yield (*path, missing), name, "it is missing", None
    for key, one in value.items():
        if key in shape["members"]:
            yield from _faults(one, shape["members"][key], (*path, key))
        else:
            close = _near(str(key), list(shape["members"]))
            where = ".".join(map(str, path)) or "CreateTrainingJob"
            hint = f"Did you mean {close!r}?" if close else None
            yield (*path, str(key)), name, f"{where} has no member {key!r}", hint


def _size(value: Any, name: str, shape: Mapping[str, Any], path: Path) -> Iterator[_Fault]:
    least, most = shape.get("min"), shape.get("max")
    if isinstance(value, (int, float)):
        amount: float = value
        has, unit = f"{value:,} is not allowed", ""
    else:
        amount = len(value)
        noun = "character" if isinstance(value, str) else "entry"
        has = f"it has {amount:,} {_plural(noun, amount)}"
        unit = f" {noun}"
    if most is not None and amount > most:
        yield path, name, f"{has}; SageMaker takes at most {most:,}{_plural(unit, most)}", None
    elif least is not None and amount < least:
        yield path, name, f"{has}; SageMaker takes at least {least:,}{_plural(unit, least)}", None


def _plural(noun: str, count: float) -> str:
    if not noun.strip() or count == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _unknown(value: str, known: Sequence[str]) -> tuple[str, str | None]:
    close = _near(value, known)
    if len(known) > 12:
        words = f"SageMaker knows no {value!r}, as far as the installed botocore tells"
    else:
        words = f"{value!r} is none of {', '.join(known)}"
    return words, f"Did you mean {close!r}?" if close else None


def _near(word: str, known: Sequence[str]) -> str | None:
    """The known word that is meant; capitals do not matter."""
    found = near_miss(word, [one.lower() for one in known])
    return next((one for one in known if one.lower() == found), None)


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """The model's pattern, which is Java's, in Python's terms: classes of Unicode become what comes nearest."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", " \u00a0"), (r"\p{Alnum}", "A-Za-z0-9")):
        text = text.replace(java, python)
    return re.compile(text)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _key(path: Path, request: Mapping[str, Any], chosen: Options) -> str:
    """The key that a person wrote for what stands at a path of the request."""
    top = str(path[0])
    if len(path) > 1 and top == "InputDataConfig":
        name = str(request[top][path[1]].get("ChannelName", path[1]))
        return f"options.inputs.{name}" if name in chosen.inputs else f"options.request.{top}.{name}"
    if _wrote(chosen.request, path):
        return ".".join(("options", "request", *map(str, path)))
    if top == "Tags" and len(path) == 1 and not chosen.tags:
        return "tags"
    if len(path) > 1 and top == "Tags":
        name = request[top][path[1]]["Key"]
        return f"options.tags.{name}" if name in chosen.tags else f"tags.{name}"
    if len(path) > 2 and path[1] == "MetricDefinitions":
        return f"metrics.{request[top][path[1]][path[2]]['Name']}"
    for length in range(len(path), 0, -1):
        words = ".".join(str(part) for part in path[:length])
        if words in _KEYS:
            rest = path[length:] if top in ("HyperParameters", "Environment") else ()
            return ".".join((_KEYS[words], *map(str, rest)))
    return ".".join(("options", "request", *map(str, path)))


def _wrote(raw: Any, path: Path) -> bool:
    """Whether the person's own members hold that path."""
    for part in path:
        if isinstance(raw, Mapping) and part in raw:
            raw = raw[part]
        else:
            return isinstance(raw, list)
    return True
