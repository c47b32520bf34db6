"""What may be asked of this machine: nothing beyond what every job may say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, Problem
from jupyter_training.seams.backend_wishes import Finding, Price, Rehearsal, Traces
from jupyter_training.settings import Settings

__all__ = ["LocalWishes"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocalWishes:
    """Jobs of this machine have no options: what they need are ``resources``."""

    Options = _Options

    def __init__(self, settings: Settings) -> None:
        pass

    def pool(self, options: Mapping[str, JsonValue]) -> Pool | None:
        _refuse(options)
        return None

    def settled(self, spec: JobSpec, pool: Pool) -> JobSpec:
        _refuse(spec.options)
        return spec if spec.cost_within is None else spec.model_copy(update={"cost_within": None})  # it ran elsewhere

    def written(self, options: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        return {}

    def traces(self, spec: JobSpec, job: JobId | None, number: int) -> Traces | None:
        return None

    def price(self, options: Mapping[str, JsonValue], *, ask: bool = False) -> Price | None:
        return None

    def rehearsal(
        self,
        spec: JobSpec,
        *,
        seconds: float | None = None,
        jobs: int | None = 1,
        within: float | None = None,
        ask: bool = True,
    ) -> Rehearsal:
        return Rehearsal({}, (), "It runs on this machine, which nobody charges for.")

    def examine(self, options: Mapping[str, JsonValue]) -> Iterator[Finding]:
        return iter(())


def _refuse(options: Mapping[str, JsonValue]) -> None:
    if options:
        key = next(iter(options))
        words, hint = f"a job on this machine has no option {key!r}", "Say which backend it is for: backend sagemaker."
        raise InvalidSpec(
            f"options.{key}: {words}.", hint=hint, errors=[Problem(words, key=f"options.{key}", hint=hint)]
        )
