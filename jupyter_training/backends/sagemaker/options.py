"""What a person may say of a job on SageMaker, and what it has become once everything is resolved.

    options:                     what is written, on a magic line or in a config
      instance: ml.g5.xlarge
      spot: true
    [sagemaker] of the settings  stands below it: role, region, bucket ...
    Settled                      what a launch reads from the spec: nothing is left to be looked up

``Settled`` keeps what was written beside what that came to, so that a job can be
shown, cloned and forked in the person's own words.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    field_validator,
)

from jupyter_training.errors import InvalidSpec, Problem, near_miss
from jupyter_training.languages import quantities

__all__ = ["RESERVED_CHANNELS", "Input", "Options", "Settled", "is_s3", "read", "refused"]

RESERVED_CHANNELS = "jt_"  # what our own channels' names begin with

# S3's rules for names of buckets.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def _seconds(value: object) -> object:
    """A span as people write it: a number of seconds, or ``90m``."""
    if isinstance(value, str):
        try:
            return math.ceil(quantities.duration(value, key="span"))
        except InvalidSpec as error:  # pydantic takes no other for a finding
            raise ValueError(f"{error.detail.removeprefix('span: ').rstrip('.')}. {error.hint or ''}".strip()) from None
    return value


def _listed(value: object) -> object:
    """One text where a list is meant: ``subnets: subnet-1`` and ``--subnets subnet-1,subnet-2``."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _bucket(value: str) -> str:
    """A name that S3 could have a bucket of; ``s3://`` before it does no harm."""
    name = value.removeprefix("s3://").strip("/")
    if "/" in name:
        raise ValueError(f"only the bucket's name; the folder is prefix. Say {name.replace('/', ' and prefix ', 1)}")
    if not _BUCKET.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        words = "it has 3 to 63 of a to z, 0 to 9, . and -, and begins and ends with a letter or a digit"
        shown = name if len(name) <= 70 else f"{name[:60]}..."
        raise ValueError(f"{shown!r} is no bucket's name in S3: {words}")
    return value


def _channel(value: object) -> object:
    """``train: s3://bucket/train`` stands for ``train: {uri: s3://bucket/train}``."""
    return {"uri": value} if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Span = Annotated[int, BeforeValidator(_seconds), Field(ge=1)]
Bucket = Annotated[Text, AfterValidator(_bucket)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Frozen):
    """Data that a job reads below ``/opt/ml/input/data/<channel>``. ``uri``: in S3, or a path that is uploaded once."""

    uri: Text
    mode: Literal["File", "FastFile", "Pipe"] = "File"
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] = "FullyReplicated"
    content_type: Annotated[str, StringConstraints(max_length=256)] | None = None


# What the SDKs of SageMaker call what is called otherwise here.
_MEANT: Mapping[str, str] = {
    "image_uri": "Did you mean 'image'?",
    "instance_count": "Did you mean 'instances'?",
    "instance_type": "Did you mean 'instance'?",
    "keep_alive_period_in_seconds": "Did you mean 'keep_alive'?",
    "training_image": "Did you mean 'image'?",
    "use_spot_instances": "Did you mean 'spot'?",
    "volume_size": "Did you mean 'volume'?",
    **dict.fromkeys(
        ("max_run", "max_runtime"), "Say timeout, which is the job's: timeout: 2h in a config, --timeout 2h in a shell."
    ),
    "checkpoint_s3_uri": "Say checkpoints, which is the job's: checkpoints: s3://bucket/folder.",
}


class Options(_Frozen):
    """The options of a job on SageMaker. Spans are seconds or texts like 8h; ``volume`` is in GB."""

    meant: ClassVar[Mapping[str, str]] = _MEANT  # by what is no option here the hint that helps

    instance: Text | None = Field(None, description="The type of the machines, e.g. ml.g5.xlarge.")
    instances: int = Field(1, ge=1, description="How many machines it runs on.")
    spot: bool = Field(False, description="Spare capacity: cheaper, may be interrupted, goes on from its checkpoint.")
    max_wait: Span | None = Field(None, description="With spot: the longest that waiting and running take together.")
    image: Text | None = Field(None, description="A short name such as pytorch-2.6, or the whole URI of an image.")
    python: Text = Field("python3", description="The image's interpreter.")
    role: Text | None = Field(None, description="The role that the job runs as: its name or its ARN.")
    role_arn: Text | None = Field(None, description="The same as role.")
    region: Text | None = Field(None, description="The AWS region; by default the one that boto3 is configured with.")
    profile: Text | None = Field(None, description="A profile of the AWS configuration.")
    bucket: Bucket | None = Field(None, description="The bucket for code, checkpoints and results.")
    prefix: str = Field("jupyter-training", max_length=256, description="The folder in the bucket.")
    inputs: dict[str, Annotated[Input, BeforeValidator(_channel)]] = Field(
        {}, description="Data by channel: a URI in S3 or a path here; or uri, mode, distribution, content_type."
    )
    volume: int | None = Field(None, ge=1, description="Disk space in GB.")
    volume_kms_key: Text | None = Field(None, description="The key that encrypts the disk.")
    output_kms_key: Text | None = Field(None, description="The key that encrypts the results.")
    subnets: Texts = Field((), description="Subnets of the network that it runs in.")
    security_groups: Texts = Field((), description="Security groups of the network that it runs in.")
    isolated: bool = Field(False, description="Without any network.")
    encrypted_traffic: bool = Field(False, description="Encrypt what the machines send each other.")
    keep_alive: Span | None = Field(None, description="Keep the machines warm for the next job; they cost meanwhile.")
    requirements: bool | Text | None = Field(
        None, description="Install a requirements file first: true for requirements.txt, or its path in the code."
    )
    launcher: Literal["plain", "torchrun", "toolkit"] = Field(
        "plain", description="How the code is started: one process, torchrun, or the image's own training toolkit."
    )
    hyperparameters: Literal["json", "text"] = Field(
        "json", description="How parameters are written as hyperparameters: as JSON, or as Python prints them."
    )
    tags: dict[str, str] = Field({}, description="Tags in AWS, besides the job's own.")
    max_cost: float | None = Field(None, gt=0, allow_inf_nan=False, description="Stop it when it has cost so much.")
    without_checkpoints: bool = Field(False, description="Spot although the code keeps no checkpoint.")
    request: dict[str, JsonValue] = Field({}, description="Members of CreateTrainingJob; they win, merged in depth.")


class Settled(Options):
    """Options with everything resolved. ``image`` is a URI, ``role_arn`` an ARN, ``max_run`` the time limit."""

    instance: Text
    image: Text
    role_arn: Text
    region: Text
    bucket: Text
    account: Text
    max_run: int = Field(ge=1)
    cost_limit: int | None = Field(None, ge=1)  # seconds of running after which it has cost ``max_cost``
    written: dict[str, JsonValue] = {}

    @field_validator("inputs")
    @classmethod
    def _without_tilde(cls, inputs: dict[str, Input]) -> dict[str, Input]:
        """Paths here are whole ones: whoever uploads may have another home."""
        return {
            channel: one if is_s3(one.uri) else one.model_copy(update={"uri": os.path.expanduser(one.uri)})
            for channel, one in inputs.items()
        }

    @classmethod
    def of(cls, options: Mapping[str, JsonValue]) -> Settled:
        """The settled options of a spec. What has its default may be left out there."""
        return cls.model_validate(options)

    def dumped(self) -> dict[str, JsonValue]:
        """The options for a spec; what comes later and is not used leaves no trace in its hash."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def local_inputs(self) -> dict[str, str]:
        """The paths of the channels that have to be uploaded."""
        return {channel: one.uri for channel, one in self.inputs.items() if not is_s3(one.uri)}


def is_s3(uri: str) -> bool:
    return uri.startswith("s3://")


def read(options: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None) -> Options:
    """The options as they are written, with ``defaults`` below them; values are checked one by one.

    Raises:
        InvalidSpec: an unknown key, with the near miss, or a value of the wrong kind; the key is ``options.<key>``.
    """
    given = {key: value for key, value in options.items() if value is not None}
    usual = dict(defaults or {})
    if "role" in given or "role_arn" in given:
        usual.pop("role", None)
        usual.pop("role_arn", None)
    for key in ("tags", "inputs", "request"):
        if isinstance(usual.get(key), Mapping) and isinstance(given.get(key), Mapping):
            usual[key] = {**usual[key], **given[key]}
            given = {name: value for name, value in given.items() if name != key}
    try:
        return Options.model_validate({**usual, **given})
    except ValidationError as error:
        found = error.errors(include_url=False)
        unknown = {item["loc"][:-1] for item in found if item["type"] == "extra_forbidden"}
        # What is missing beside a key that is not known was most likely meant by that.
        told = [item for item in found if item["type"] != "missing" or item["loc"][:-1] not in unknown]
        raise refused([_problem(item) for item in told]) from None


def refused(problems: list[Problem]) -> InvalidSpec:
    """The error of these problems; its sentence is the first one's."""
    first = problems[0]
    end = "" if first.detail.endswith((".", "?")) else "."
    return InvalidSpec(f"{first.key}: {first.detail}{end}", hint=first.hint, errors=problems)


_KINDS = {
    "string_type": "it must be a text",
    "tuple_type": "it must be a list",
    "dict_type": "it must be a mapping",
    "model_type": "it must be a mapping",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "missing": "it is missing",
}


def _problem(item: Any) -> Problem:
    """One of pydantic's findings as a person reads it."""
    parts = [str(part) for part in item["loc"] if not re.fullmatch(r"function-.*|constrained-str|bool|str", str(part))]
    path = ".".join(("options", *parts))
    if item["type"] == "extra_forbidden":
        model = Input if parts[:1] == ["inputs"] else Options
        hint = _MEANT.get(parts[-1]) if model is Options and len(parts) == 1 else None
        close = near_miss(parts[-1], model.model_fields) if hint is None else None
        hint = f"Did you mean {close!r}?" if close else hint
        return Problem(f"there is no option {parts[-1]!r}", key=path, hint=hint)
    words = _KINDS.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    hint = None
    if item["type"] == "literal_error":
        close = near_miss(str(item["input"]), re.findall(r"'([^']*)'", item["ctx"]["expected"]))
        hint = f"Did you mean {close!r}?" if close else None
    return Problem(words[:1].lower() + words[1:], key=path, hint=hint)
