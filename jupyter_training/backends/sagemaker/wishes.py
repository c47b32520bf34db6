"""The static side of SageMaker: the pool that a job belongs to, its options checked and resolved, its price.

options of the spec            what the person wrote
  over those of the pool       what makes it this pool: type of machine, region, spot
  over [sagemaker]             what holds for every job of this home
  rules, limits                refused here, before anybody is asked ...
  account, images              ... region, caller, role, bucket and image are looked up ...
  limits                       ... and the whole request is held against the service's model
Settled                        in the spec; a launch needs nothing else
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from jupyter_training.backends import context
from jupyter_training.backends.sagemaker import account, buckets, images, limits, prices, request, rules, saving
from jupyter_training.backends.sagemaker.examine import examine
from jupyter_training.backends.sagemaker.options import Options as Chosen
from jupyter_training.backends.sagemaker.options import Settled, read, refused
from jupyter_training.backends.sagemaker.places import root
from jupyter_training.backends.sagemaker.sample import TAGS, name_of, places_of, uploads_of
from jupyter_training.backends.sagemaker.traces import traces
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, Problem, TrainingError
from jupyter_training.seams.backend_wishes import Finding, Price, Rehearsal, Traces
from jupyter_training.settings import Settings

__all__ = ["SagemakerWishes"]

_DAY = 86400  # seconds: how long the service lets a job run that says nothing of it
_OF_A_POOL = ("instance", "spot", "region", "profile")  # what is the same for all jobs of a pool
_SETTINGS_ONLY = frozenset({"prices", "fetch_limit", "poll_every"})
# What a person may also say as a member of the request, and is an option to us since more depends on it.
_LIFTED: Mapping[tuple[str, ...], str] = {
    ("ResourceConfig", "InstanceType"): "instance",
    ("ResourceConfig", "InstanceCount"): "instances",
    ("ResourceConfig", "KeepAlivePeriodInSeconds"): "keep_alive",
    ("StoppingCondition", "MaxWaitTimeInSeconds"): "max_wait",
    ("AlgorithmSpecification", "TrainingImage"): "image",
    ("EnableManagedSpotTraining",): "spot",
    ("EnableNetworkIsolation",): "isolated",
    ("RoleArn",): "role",
}


class SagemakerWishes:
    """What may be asked of SageMaker, by the settings of a home."""

    Options = Chosen

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pool(self, options: Mapping[str, JsonValue]) -> Pool | None:
        """One for each type of machine, and for spare capacity, another region or profile one of its own."""
        chosen = self._chosen(self.written(options))
        usual_region, usual_profile = self._usual("region"), self._usual("profile")
        region, faults = _region(chosen)
        parts = [_instance(chosen, also=faults)]
        said: dict[str, Any] = {"instance": parts[0], "spot": chosen.spot}
        if region is None:
            parts.append("nowhere")  # none is called so, and the job is refused with whatever else is wrong with it
        else:
            said["region"] = region
        if chosen.spot:
            parts.append("spot")
        if chosen.profile != usual_profile:
            parts.append(chosen.profile or "default")
        if region and chosen.region is not None and chosen.region != usual_region and region != self._home_region():
            parts.append(region)
        if chosen.profile is not None:
            said["profile"] = chosen.profile
        return Pool("-".join(parts)[:63], "sagemaker", chosen.instances, is_found=True, options=said)

    def settled(self, spec: JobSpec, pool: Pool) -> JobSpec:
        written = self.written(spec.options)
        chosen = self._chosen(written, pool)
        _, faults = _region(chosen)
        instance = _instance(chosen, also=faults)
        max_run = _max_run(spec, chosen)
        found = rules.problems(
            spec, chosen, max_run=max_run, keeps_checkpoints=lambda: saving.keeps_checkpoints(self._code(spec))
        )
        if spec.resources.slots not in (1, chosen.instances):
            words = f"a slot of {pool.name} is a machine, and the job is for {chosen.instances}"
            found.append(Problem(words, key="resources.slots", hint=f"Say instances: {spec.resources.slots}"))
        draft = _draft(chosen, instance, max_run)
        found += limits.faults(self._request(spec, draft), draft)
        found += faults
        if found:
            raise refused(found)
        settled = self._resolved(chosen, draft, written)
        result = spec.model_copy(
            update={
                "options": settled.dumped(),
                "resources": spec.resources.model_copy(update={"slots": settled.instances}),
                "checkpoints": spec.checkpoints.model_copy(
                    update={"to": spec.checkpoints.to or f"{root(settled.bucket, settled.prefix)}/checkpoints"}
                ),
                "cost_within": settled.cost_limit,
            }
        )
        limits.check(self._request(result, settled), settled)
        kept_at = str(result.checkpoints.to)
        for bucket in {settled.bucket, *([kept_at.split("/")[2]] if kept_at.startswith("s3://") else [])}:
            buckets.note(self._folder, bucket, settled.region, settled.profile)
        return result

    def written(self, options: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        return dict(Settled.of(options).written) if "account" in options else dict(options)

    def traces(self, spec: JobSpec, job: JobId | None, number: int) -> Traces | None:
        return traces(spec, Settled.of(spec.options), job, number) if "account" in spec.options else None

    def price(self, options: Mapping[str, JsonValue], *, ask: bool = False) -> Price | None:
        try:
            chosen = self._chosen(self.written(options))
            region = Settled.of(options).region if "account" in options else None
            return self._price(chosen, region or account.region_of(chosen.region, chosen.profile), ask=ask)
        except TrainingError:
            return None  # no type of machine, no region, a table that can't be read: whoever submits is told

    def rehearsal(
        self,
        spec: JobSpec,
        *,
        seconds: float | None = None,
        jobs: int | None = 1,
        within: float | None = None,
        ask: bool = True,
    ) -> Rehearsal:
        settled = Settled.of(spec.options)
        found = self._price(settled, settled.region, ask=ask)
        words = prices.estimate(
            found,
            instance=settled.instance,
            instances=settled.instances,
            jobs=jobs,
            seconds=None if seconds is None else min(seconds, settled.max_run),
            at_most=settled.max_run,
            retries=spec.retries.max,
            keep_alive=settled.keep_alive,
            max_cost=settled.max_cost,
            cost_limit=settled.cost_limit,
            within=within,
            spot=settled.spot,
        )
        return Rehearsal(self._request(spec, settled), uploads_of(spec, settled) if ask else (), words, found)

    def examine(self, options: Mapping[str, JsonValue]) -> Iterator[Finding]:
        try:
            chosen = self._chosen(self.written(options))
        except InvalidSpec as error:
            yield Finding("options", "fail", error.detail, error.hint or "Correct it in the settings or where you ask.")
            return
        yield from examine(chosen, price=lambda region: self._price(chosen, region, ask=True), folder=self._folder)

    @property
    def _folder(self) -> Path:
        """Where answers are kept that nobody should be asked for twice."""
        return self._settings.home / "sagemaker"

    def _usual(self, key: str) -> Any:
        return self._settings.sagemaker.get(key)

    def _home_region(self) -> str | None:
        """The region of a job that says none."""
        try:
            return account.region_of(self._usual("region"), self._usual("profile"))
        except TrainingError:
            return None

    def _chosen(self, written: Mapping[str, JsonValue], pool: Pool | None = None) -> Chosen:
        """The job's options over those of its pool over those of the home.

        Raises:
            InvalidSpec: one is none; or the job and its pool say different things of what makes it that pool.
        """
        own = read(_lifted(written))
        below = _lifted({key: value for key, value in self._settings.sagemaker.items() if key not in _SETTINGS_ONLY})
        for key in _OF_A_POOL:
            of_pool = pool.options.get(key) if pool is not None else None
            if pool is None or of_pool is None:
                continue
            said = getattr(own, key) if key in own.model_fields_set else None
            if said is None and key == "region" and pool.is_found:  # nobody chose it: the home's region has changed
                said = self._home_region()
            if said not in (None, of_pool):
                words = f"the pool {pool.name!r} is for {key} {of_pool}, and the job is for {said}"
                raise refused([Problem(words, f"options.{key}", hint="Name another pool, or leave out one of them.")])
            below[key] = of_pool
        return read(own.model_dump(exclude_unset=True), defaults=below)

    def _resolved(self, chosen: Chosen, draft: Settled, written: dict[str, JsonValue]) -> Settled:
        """Everything that has to be looked up.

        Raises:
            InvalidSpec, Unavailable, Forbidden: with what to do.
        """
        region = account.region_of(chosen.region, chosen.profile)
        who = account.caller(region, chosen.profile)
        cost_limit = self._cost_limit(chosen, region)
        return draft.model_copy(
            update={
                "region": region,
                "account": who.account,
                "role_arn": account.role_of(_role(chosen), who, region=region, profile=chosen.profile),
                "bucket": account.bucket_of(chosen.bucket, who, region),
                "image": images.resolved(
                    chosen.image or images.DEFAULT, region=region, instance=draft.instance, folder=self._folder
                ),
                "cost_limit": cost_limit,
                "max_run": draft.max_run if cost_limit is None else min(draft.max_run, cost_limit),
                "written": written,
            }
        )

    def _cost_limit(self, chosen: Chosen, region: str) -> int | None:
        """The seconds after which a job has cost ``max_cost``."""
        if chosen.max_cost is None:
            return None
        a_second = 0.0
        for instance, count in _machines(chosen).items():
            found = self._price_of(instance, chosen, region, ask=True)
            if found is None or not found.amount:
                words = f"nobody has said what {instance} costs in {region}, so it can't be kept"
                hint = 'Say it in a table: [sagemaker] prices = "prices.csv" in the settings; or use timeout.'
                raise refused([Problem(words, key="options.max_cost", hint=hint)])
            a_second += prices.cost(found, instances=count, seconds=1)
        kept_warm = a_second * (chosen.keep_alive or 0)
        left = math.floor((chosen.max_cost - kept_warm) / a_second)
        if kept_warm and left < 1:
            words = f"keeping the machines warm costs up to {kept_warm:.2f}, which leaves nothing for training"
            raise refused([Problem(words, key="options.max_cost", hint="Raise it, or shorten keep_alive.")])
        return max(1, left)

    def _price(self, chosen: Chosen, region: str, *, ask: bool) -> Price | None:
        """Of one machine; where they are of several types, as much as one of them costs on the average."""
        if chosen.instance is None:
            return None
        machines = _machines(chosen)
        found = [self._price_of(instance, chosen, region, ask=ask) for instance in machines]
        known = [one for one in found if one is not None]
        if len(known) < len(found) or len({one.currency for one in known}) > 1:
            return None
        amount = sum(one.amount * count for one, count in zip(known, machines.values(), strict=True))
        return replace(known[0], amount=amount / sum(machines.values())) if len(known) > 1 else known[0]

    def _price_of(self, instance: str, chosen: Chosen, region: str, *, ask: bool) -> Price | None:
        table = self._usual("prices")
        return prices.price(
            instance,
            region,
            now=time.time(),
            table=self._settings.home / Path(table).expanduser() if table else None,
            folder=self._folder,
            profile=chosen.profile,
            ask=ask,
        )

    def _request(self, spec: JobSpec, settled: Settled) -> dict[str, Any]:
        """The request as it would be, with an id, a hash and tags of the lengths that they will have."""
        return request.build(
            spec.model_copy(update={"options": settled.dumped()}),
            name=name_of(spec.name),
            uploads=places_of(spec, settled),
            tags=TAGS,
        )

    def _code(self, spec: JobSpec) -> Iterator[bytes | None]:
        """The job's files of Python, also those of a folder that it brought along. None: what can't be read."""
        for file in spec.files:
            if file.path.endswith((".py", ".ipynb")):
                try:
                    yield (self._settings.blobs / file.sha256).read_bytes()
                except OSError:
                    yield None
        if spec.context is None:
            return
        archive = self._settings.data / spec.context.sha256
        try:
            with open(archive, "rb") as source:
                for member in context.read(archive):
                    if member.kind == "file" and member.path.endswith(".py"):
                        source.seek(member.offset)
                        yield source.read(member.size)
        except (OSError, context.Unusable):
            yield None


def _region(chosen: Chosen) -> tuple[str | None, list[Problem]]:
    """The region; else why there is none, which is told beside whatever else is wrong."""
    try:
        return account.region_of(chosen.region, chosen.profile), []
    except InvalidSpec as error:
        return None, list(error.errors)


def _instance(chosen: Chosen, *, also: list[Problem]) -> str:
    """The type of machine; where there is none of that name, that is told with what is wrong ``also``."""
    if chosen.instance is None:
        hint = "Say it, e.g. ml.m5.xlarge with CPUs only or ml.g5.xlarge with a GPU."
        words = "it is missing: on what type of machine shall it run?"
        raise refused([Problem(words, "options.instance", hint=hint), *also])
    fault = limits.instance_fault(chosen.instance)
    if fault is not None:
        raise refused([fault, *also])
    return chosen.instance


def _role(chosen: Chosen) -> str | None:
    if chosen.role and chosen.role_arn and chosen.role != chosen.role_arn:
        words = f"it says {chosen.role!r}, and role_arn says {chosen.role_arn!r}"
        raise refused([Problem(words, key="options.role", hint="Say one of them: they mean the same.")])
    return chosen.role or chosen.role_arn


def _machines(chosen: Chosen) -> Mapping[str, int]:
    """How many machines of which type: by the groups of a raw request where it has some."""
    groups = _at(chosen.request, ("ResourceConfig", "InstanceGroups"))
    found: dict[str, int] = {}
    for one in groups if isinstance(groups, list) else ():
        instance, count = _at(one, ("InstanceType",)), _at(one, ("InstanceCount",))
        if isinstance(instance, str) and isinstance(count, int):
            found[instance] = found.get(instance, 0) + count
    return found or {str(chosen.instance): chosen.instances}


def _max_run(spec: JobSpec, chosen: Chosen) -> int:
    said = _at(chosen.request, ("StoppingCondition", "MaxRuntimeInSeconds"))
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    return max(1, math.ceil(spec.timeout)) if spec.timeout is not None else _DAY


def _draft(chosen: Chosen, instance: str, max_run: int) -> Settled:
    """Settled as far as nobody has to be asked; what will be looked up stands there as something like it."""
    role = _role(chosen)
    return Settled.model_validate(
        {
            **chosen.model_dump(),
            "instance": instance,
            "max_run": max(1, max_run),
            "max_wait": (chosen.max_wait or 2 * max_run) if chosen.spot else chosen.max_wait,
            "image": chosen.image or images.DEFAULT,
            "role_arn": role
            if role and role.startswith("arn:")
            else f"arn:aws:iam::123456789012:role/{role or 'Role'}",
            "region": chosen.region or "us-east-1",
            "bucket": (chosen.bucket or "sagemaker-us-east-1-123456789012").removeprefix("s3://").strip("/"),
            "account": "123456789012",
        }
    )


def _lifted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the members of their ``request`` that are options, too, as these options."""
    found = dict(values)
    if not isinstance(found.get("request"), Mapping):
        return found
    raw: dict[str, Any] = json.loads(json.dumps(found["request"]))
    groups = _at(raw, ("ResourceConfig", "InstanceGroups"))
    if isinstance(groups, list):
        counts = [_at(one, ("InstanceCount",)) for one in groups]
        found["instances"] = sum(one for one in counts if isinstance(one, int)) or 1
    for path, option in _LIFTED.items():
        above = _at(raw, path[:-1])
        if isinstance(above, dict) and path[-1] in above:
            found[option] = above.pop(path[-1])
            if not above and len(path) > 1:
                del raw[path[0]]
    found["request"] = raw
    return found


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
