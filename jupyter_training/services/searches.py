"""A request whose parameters vary becomes a search: its spec, judged, and the job that drives it, stored together.

    request -> search_reading (what varies, what is judged, what ends it)
            -> submit (the training that each trial is, judged as a plain one)
            -> ExperimentSpec -> driver's job and the experiment's row, in one transaction

One whose parameters all have one value is one plain training; see ``submitting``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue
from sqlalchemy import Connection

from jupyter_training.core.experiment import DRIVERS, ExperimentSpec, ExperimentState, Objective
from jupyter_training.core.ids import content_hash
from jupyter_training.core.job import EnvironmentWish, Job, JobSpec, Submission
from jupyter_training.core.search_jobs import OBJECTIVE_VARIABLE, driver_submission, drivers_pool, params_of
from jupyter_training.core.space import SearchSpace
from jupyter_training.core.stop_rule import refusals, with_default
from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import SubmitRequest
from jupyter_training.seams.searcher import Setup
from jupyter_training.services import bundle, contexts, data, model_states, options, scripts, searchers, submit
from jupyter_training.services.experiment_words import GOES_THROUGH, at_most
from jupyter_training.services.search_reading import (
    KEYS,
    Parted,
    max_resource_of,
    objective_of,
    parted,
    refused,
    stop_of,
    updater_of,
)
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_listing, experiments, pools, views, wishes

__all__ = ["Wished", "bounds", "check_parts", "driver_of", "one_of", "stored", "wished"]

_EARLIER = 50  # good configurations of earlier searches that are handed on
_REPORTS = 100  # that a whole trial is presumed to make, where a searcher needs to know and nobody says it


@dataclass(frozen=True)
class Wished:
    """A search that can be stored. ``trial``: the submission that each trial is like; ``notes`` are sentences.

    ``lasting``: those of them that are worth reading later, too.
    """

    spec: ExperimentSpec
    trial: Submission
    chosen: searchers.Chosen
    space: SearchSpace
    notes: tuple[str, ...]
    lasting: tuple[str, ...]


def wished(site: Site, request: SubmitRequest, found: Parted, *, user: str, keep: bool = True) -> Wished:
    """The search of a request that has its config's keys; nothing of it is stored but its code, with ``keep``.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge: with the key; as a submit of one trial does, too.
    """
    space = found.space
    assert space is not None
    if request.resume:
        raise refused("resume", "a search is not resumed by name", hint="Extend it, or retry its failed trials.")
    backend = options.backend_of(views.pools(site.store), request.pool, request.backend)
    submit.check_params(dict.fromkeys(space.domains, "some"), backend=backend)
    for key, said in (("params", request.params), ("space", request.space)):
        submit.check_passwords(said or {}, key=key, backend=backend)
    every = {**found.params, **dict.fromkeys(space.domains, "some")}  # the names that its script must take
    contents = submit.code_of(site, request.model_copy(update={"params": every}))
    files = bundle.keep(contents, site.settings.blobs) if keep else bundle.listed(contents)
    one = request.model_copy(update={"params": found.params})
    trial = submit.submission_of(site, one, files, user=user)
    if keep:
        data.check(site, request.data)
        contexts.check(site, request.context)
    return _judged(site, request, found.params, space, trial)


def stored(site: Site, wish: Wished, request: SubmitRequest) -> wishes.Submitted:
    """Store a judged search with the job that drives it; idempotent by the request's key.

    Raises:
        KeyReused, JobExists: as a submit.
    """
    if DRIVERS not in views.pools(site.store):
        pool = drivers_pool(site.settings.driver_slots)
        pools.change(site.store, lambda known: [] if DRIVERS in known else [pool], now=site.now())

    def settle(connection: Connection, driver: Job) -> None:
        experiments.create_row(connection, driver, wish.spec, wish.trial, driver.submitted, notes=wish.lasting)

    driver = replace(driver_of(wish, request), makes=wish.trial.makes)
    if driver.once:  # a driver did its work well also where all that it tried failed
        there = wishes.stand_in(site.store, driver)
        known = experiments.many(site.store, [there.id]) if there is not None else []
        if any(one.state in (ExperimentState.FAILED, ExperimentState.CANCELED) for one in known):
            driver = replace(driver, once=False)
    return submit.stored(site, driver, secrets=request.secrets, also=settle)


def one_of(request: SubmitRequest, found: Parted) -> SubmitRequest:
    """A training with one of the search's configurations, as a trial would be; always the same one."""
    assert found.space is not None
    updater_of(request)
    objective = objective_of(request)
    environment = request.environment or EnvironmentWish()
    changes = {
        **dict.fromkeys(KEYS),
        "params": params_of(request.entry, {**found.params, **found.space.sample(random.Random(request.seed or 0))}),
        "environment": _knowing(environment, objective),
    }
    return request.model_copy(update=changes)


def check_parts(request: SubmitRequest) -> None:
    """Judge what a config text alone says of a search; what it lacks may be said elsewhere.

    Raises:
        InvalidSpec, UnknownPlugin: with the key.
    """
    parted(request)
    updater_of(request)
    known = request.metric is not None and request.mode is not None
    if known or request.mode is not None:
        some = request if request.metric is not None else request.model_copy(update={"metric": _some(request.mode)})
        objective_of(some)
    stop_of(request, objective_of(request) if known else Objective(metrics=("metric",), modes=("min",)))
    if request.searcher is not None:
        searchers.chosen(request.searcher, request.searcher_options or {})


def _judged(
    site: Site, request: SubmitRequest, params: Mapping[str, JsonValue], space: SearchSpace, trial: Submission
) -> Wished:
    objective = objective_of(request)
    updater = updater_of(request)
    model_states.check(site, trial.spec, trial.pool)
    chosen = searchers.chosen(request.searcher or searchers.DEFAULT, request.searcher_options or {})
    notes: list[str] = []
    once: list[str] = []  # what the view of the search says by itself
    if request.searcher is None:
        once.append(f"Nobody names a searcher: {chosen.name} proposes the configurations.")
    elif chosen.note is not None:
        notes.append(chosen.note)
    _check_objective(chosen, objective)
    known_size = _grid_size(space) if chosen.name == "grid" else space.size()
    stop, presumed = with_default(stop_of(request, objective), size=known_size, exhausts=chosen.name in GOES_THROUGH)
    if presumed is not None:
        notes.append(presumed)
    price = _price(site, trial) if stop.max_cost is not None else None
    for problem in refusals(stop, objective, price=price):
        raise InvalidSpec(f"{problem.key}: {problem.detail}", hint=problem.hint, errors=[problem])
    defaults = {name: value for name, value in scripts.defaults_of(request).items() if name not in space.domains}
    longest, where = max_resource_of(request, params, defaults)
    if chosen.is_multi_fidelity and where is not None:
        notes.append(where)
    elif chosen.is_multi_fidelity and longest is None and chosen.origin != "ours":
        own = chosen.options.get("max_resource")
        if own is None:
            notes.append(
                f"Nobody says how many reports a whole trial makes: {chosen.name} presumes {_REPORTS}. "
                "max_resource says it."
            )
    workers, seed = request.workers or 1, request.seed or 0
    spec = ExperimentSpec(
        name=trial.spec.name,
        template=_template(trial.spec, objective),
        space=space.to_json(),
        objective=objective,
        searcher=chosen.name,
        options=chosen.options,
        seed=seed % 2**31,
        workers=workers,
        stop=stop,
        resource=request.resource or "report",
        max_resource=longest,
        updater=updater,
        earlier=_earlier(site, trial, objective, space) if chosen.name == "rush" else (),
        price=price,
    )
    if chosen.name == "rush":
        count = len(spec.earlier)
        begins = f"begins with {count} good configuration{'s' if count > 1 else ''} of earlier searches"
        notes.append(f"rush {begins} named {spec.name}." if count else f"No earlier search {spec.name} helps rush.")
    searchers.try_setup(
        chosen,
        Setup(
            space=space,
            objective=objective,
            seed=spec.seed,
            workers=workers,
            max_resource=longest,
            max_trials=stop.max_trials_started,
        ),
    )
    return Wished(spec, replace(trial, spec=spec.template), chosen, space, (*once, *notes), tuple(notes))


def _template(spec: JobSpec, objective: Objective) -> JobSpec:
    """What a trial is: it knows what it is to report, so that a function may return it."""
    return spec.model_copy(update={"environment": _knowing(spec.environment, objective)})


def _knowing(environment: EnvironmentWish, objective: Objective) -> EnvironmentWish:
    told = {**environment.variables, OBJECTIVE_VARIABLE: json.dumps(list(objective.metrics))}
    return environment.model_copy(update={"variables": told})


def driver_of(wish: Wished, request: SubmitRequest) -> Submission:
    """The job that drives it. Equal searches have equal ones: what the code is called, and what earlier ones found,
    makes no other search."""
    driver = driver_submission(
        wish.spec,
        wish.trial.origin,
        key=request.key,
        after=wish.trial.after,
        if_exists=request.if_exists,
        once=request.once,
    )
    said = wish.spec.model_dump(mode="json", exclude={"template", "earlier", "price"})
    same = content_hash([said, wish.spec.template.work, wish.trial.pool])
    spec = driver.spec.model_copy(update={"params": {**driver.spec.params, "search": same}})
    return replace(driver, spec=spec)


def _price(site: Site, trial: Submission) -> float | None:
    """What a slot costs where the trials run, for an hour; None: nobody knows."""
    pool = trial.makes or views.pools(site.store).get(trial.pool)
    known = options.price(site, pool.backend, trial.spec.options, ask=True) if pool is not None else None
    return known.amount if known is not None and known.amount > 0 else None


def _check_objective(chosen: searchers.Chosen, objective: Objective) -> None:
    count = len(objective.metrics)
    if chosen.metrics == "one" and count > 1:
        raise refused(
            "searcher",
            f"{chosen.name} judges one metric, and there are {count}",
            hint="Take tpe, nsga2, moasha or random, or name one metric.",
        )
    if chosen.metrics == "several" and count == 1:
        raise refused(
            "searcher",
            f"{chosen.name} is for several metrics, and there is one",
            hint="Name another metric with its mode, or take e.g. tpe or asha.",
        )


def bounds(wish: Wished) -> tuple[int | None, float | None]:
    """How many trials a search begins at most, None: nobody knows; and the cost that ends it."""
    spec = wish.spec
    is_grid = spec.searcher == "grid"
    size = (_grid_size(wish.space) if is_grid else wish.space.size()) if spec.searcher in GOES_THROUGH else None
    return at_most(spec.stop, spec.searcher, size), spec.stop.max_cost


def _grid_size(space: SearchSpace) -> int:
    """How many configurations its grid has.

    Raises:
        InvalidSpec: an axis is continuous and has no count.
    """
    try:
        return len(space.grid())
    except InvalidSpec as error:
        problems = [replace(one, key=f"params.{(one.key or '').removeprefix('params.')}") for one in error.errors]
        raise InvalidSpec(error.detail, hint=error.hint, errors=problems) from None


def _earlier(
    site: Site, trial: Submission, objective: Objective, space: SearchSpace
) -> tuple[dict[str, JsonValue], ...]:
    """The best configurations of this user's searches of the same name and metric that this space has, too."""
    found = experiment_listing.best_of_name(site.store, trial.spec.name, trial.origin.user, objective, limit=_EARLIER)
    fitting: list[dict[str, JsonValue]] = []
    for config in found:
        whole = space.complete({name: config[name] for name in space.axes if name in config})
        if space.contains(whole) and whole not in fitting:
            fitting.append(whole)
    return tuple(fitting)


def _some(modes: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(f"metric {place}" for place in range(len(modes or ())))
