"""What a job says of the backend that it runs on: which pool that leads to, and its options, judged there.

    pool, backend, options  ->  place: the pool, also one that is made with the job
    spec with its options   ->  settled: checked and resolved by the backend's own wishes

A backend may have to ask its service for that, so none of it happens in a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue, ValidationError

from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import LOCAL, Pool
from jupyter_training.errors import InvalidSpec, Problem, TrainingError, UnknownPlugin
from jupyter_training.seams import registry
from jupyter_training.seams.backend_wishes import Price, Rehearsal, Wishes
from jupyter_training.services import placing
from jupyter_training.services.problems import problems_of
from jupyter_training.services.site import Site
from jupyter_training.services.surroundings import portable

__all__ = [
    "Place",
    "as_before",
    "backend_of",
    "check_shape",
    "place",
    "price",
    "rehearsal",
    "settled",
    "wishes_of",
    "written",
]

Options = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Place:
    """Where a job goes. ``new``: the pool is not there yet, and is made with the job."""

    pool: Pool
    new: bool = False

    @property
    def made(self) -> Pool | None:
        return self.pool if self.new else None


def wishes_of(site: Site, backend: str) -> Wishes:
    """The static side of a backend; one that brings none takes no options, as this machine.

    Raises:
        UnknownPlugin: no such backend is installed; with the near miss.
    """
    try:
        registry.load("backends", backend)
    except UnknownPlugin as error:
        error.errors = (Problem(error.detail, key="backend", hint=error.hint),)
        raise
    try:
        found: Wishes = registry.load("wishes", backend)(site.settings)
    except UnknownPlugin:
        found = registry.load("wishes", LOCAL)(site.settings)
    return found


def place(
    site: Site, pools: Mapping[str, Pool], *, pool: str | None, backend: str | None, options: Options | None
) -> Place:
    """Where a job goes that names these, each of them or none.

    Raises:
        UnknownPlugin, UnknownPool: with the near miss.
        InvalidSpec: the pool is another backend's, which is meant can't be told, or an option of the backend is wrong.
    """
    if backend is not None and pool is None and not _is_meant(pools, backend, options or {}):
        made = wishes_of(site, backend).pool(options or {})
        if made is not None:
            return _of_backend(pools, made)
    return Place(placing.known_pool(pools, placing.pool_of(pools, pool, backend)))


def backend_of(pools: Mapping[str, Pool], pool: str | None, backend: str | None) -> str:
    """The backend of a job that names these, as far as that can be told before anything of it is checked."""
    if backend is not None:
        return backend
    found = next((one for one in pools.values() if (one.is_default if pool is None else one.name == pool)), None)
    return LOCAL if found is None else found.backend


def settled(site: Site, spec: JobSpec, pool: Pool) -> JobSpec:
    """The spec with its options checked and resolved by the pool's backend.

    What its environment says of this machine stays behind where it runs on another one.

    Raises:
        InvalidSpec: with the key that the person wrote.
    """
    if pool.backend != LOCAL:
        spec = spec.model_copy(update={"environment": portable(spec.environment)})
    return wishes_of(site, pool.backend).settled(spec, pool)


def check_shape(site: Site, backend: str, options: Options) -> None:
    """Judge options by themselves, as far as that asks nobody; what they lack may be said elsewhere.

    Raises:
        InvalidSpec: a key or a value that the backend does not know, with ``options.<key>`` as key.
    """
    model = wishes_of(site, backend).Options
    try:
        model.model_validate(dict(options))
    except ValidationError as error:
        if not model.model_fields:
            problems = [Problem("a job there has no such option", key=f"options.{next(iter(options))}")]
        else:
            problems = problems_of(error, known={"options": sorted(model.model_fields)}, below="options", lacking=False)
            meant: Mapping[str, str] = getattr(model, "meant", {})  # where a backend knows what others call its options
            helping = {f"options.{name}": hint for name, hint in meant.items()}
            problems = [replace(one, hint=helping.get(str(one.key), one.hint)) for one in problems]
        if problems:
            one = problems[0]
            raise InvalidSpec(f"{one.key}: {one.detail}.", hint=one.hint, errors=problems) from None


def as_before(site: Site, spec: JobSpec, pool: Pool | None) -> JobSpec:
    """A settled spec without what its backend has filled in beside the options, so that it can be settled elsewhere.

    What a person has said stays: only what settling comes to by itself is taken out.
    """
    if pool is None or not spec.options:
        return spec
    bare = spec.model_copy(update={"checkpoints": spec.checkpoints.model_copy(update={"to": None})})
    one_slot = spec.resources.model_copy(update={"slots": 1})
    try:
        again = settled(site, bare.model_copy(update={"resources": one_slot}), pool)
    except TrainingError:
        return spec  # it can't be told what was filled in, so all of it counts as said
    found = bare if again.checkpoints.to == spec.checkpoints.to else spec
    return found.model_copy(update={"resources": one_slot}) if again.resources == spec.resources else found


def written(site: Site, backend: str, options: Options) -> dict[str, JsonValue]:
    """Settled options as a person would write them; of a backend that is no longer installed as they are."""
    try:
        return wishes_of(site, backend).written(options)
    except UnknownPlugin:
        return dict(options)


def price(site: Site, backend: str, options: Options, *, ask: bool = False) -> Price | None:
    """What a slot there costs, where somebody knows. ``ask``: its service may be asked."""
    return wishes_of(site, backend).price(options, ask=ask) if options else None


def rehearsal(
    site: Site, backend: str, spec: JobSpec, *, jobs: int | None = 1, within: float | None = None, ask: bool = True
) -> Rehearsal | None:
    """What a settled spec would send, and what that costs; None where nothing is sent anywhere."""
    if not spec.options:
        return None
    return wishes_of(site, backend).rehearsal(spec, seconds=spec.timeout, jobs=jobs, within=within, ask=ask)


def _is_meant(pools: Mapping[str, Pool], backend: str, options: Options) -> bool:
    """Whether the default pool is of this backend, and the options say nothing of what makes a pool another one."""
    default = next((pool for pool in pools.values() if pool.is_default), None)
    return default is not None and default.backend == backend and not (options.keys() & default.options.keys())


def _of_backend(pools: Mapping[str, Pool], made: Pool) -> Place:
    there = pools.get(made.name)
    if there is None:
        return Place(made, new=True)
    if there.backend != made.backend:
        words = f"its pool would be {made.name!r}, and there is one of that name at {there.backend!r}"
        hint = f"Make one of another name: jupyter training pool add NAME --backend {made.backend}"
        raise InvalidSpec(f"backend: {words}.", hint=hint, errors=[Problem(words, key="backend", hint=hint)])
    return Place(there)
