"""The static side of SageMaker: the pool that a job belongs to, its options checked and resolved, its price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from jupyter_training.backends.sagemaker.options import Options, Settled, read
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Pool
from jupyter_training.seams.backend_wishes import Finding, Price, Rehearsal
from jupyter_training.settings import Settings

__all__ = ["SagemakerWishes"]


class SagemakerWishes:
    """What may be asked of SageMaker, by the settings of a home."""

    Options = Options

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pool(self, options: Mapping[str, JsonValue]) -> Pool | None:
        chosen = read(options)
        name = f"{chosen.instance}{'-spot' if chosen.spot else ''}"
        said = {"instance": chosen.instance, "spot": chosen.spot, "region": chosen.region, "profile": chosen.profile}
        return Pool(name, "sagemaker", chosen.instances, is_found=True, options=said)

    def settled(self, spec: JobSpec, pool: Pool) -> JobSpec:
        return spec

    def written(self, options: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        return dict(Settled.of(options).written)

    def price(self, options: Mapping[str, JsonValue]) -> Price | None:
        return None

    def rehearsal(self, spec: JobSpec, *, seconds: float | None = None, jobs: int = 1) -> Rehearsal:
        return Rehearsal({}, (), "price unknown")

    def examine(self, options: Mapping[str, JsonValue]) -> Iterator[Finding]:
        return iter(())
