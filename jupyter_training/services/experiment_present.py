"""Searches and trials as people and programs see them: rows of the store joined into views."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from pydantic import JsonValue

from jupyter_training import spool
from jupyter_training.core.experiment import Experiment, ExperimentState, Trial
from jupyter_training.core.expression import condition
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.core.pareto import front
from jupyter_training.core.space import Const, Domain, SearchSpace, expression, words
from jupyter_training.core.stop_rule import NO_END
from jupyter_training.schema import AxisView, BestView, ExperimentView, ParetoView, TrialView
from jupyter_training.services import experiment_words
from jupyter_training.services.experiment_curve import Gone, gone_through
from jupyter_training.services.instants import instant
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.spool import log as spool_log
from jupyter_training.store import experiment_listing as listing
from jupyter_training.store import trial_listing, views

__all__ = ["Space", "axis_views", "experiment_views", "space_of", "trial_view"]

_SPACES = 500  # that are kept as they were read
_FRONT = 200  # trials of a Pareto set that are shown
_TAIL = 4_000  # bytes of a failed trial's log
_SEARCHER_NOTE = "Searcher "


@dataclass(frozen=True)
class Space:
    """What views need of a search's space; it never changes."""

    axes: tuple[AxisView, ...]
    names: frozenset[str]  # of all that is no constant of every trial
    constants: dict[str, JsonValue]
    size: int | None

    def own(self, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """What is a trial's own of its config."""
        return {name: value for name, value in config.items() if name in self.names}


@dataclass
class _Kept:
    """What is remembered of a home's searches. ``fronts``: as of which line of the record."""

    spaces: OrderedDict[JobId, Space]
    fronts: OrderedDict[JobId, tuple[int, tuple[ParetoView, ...]]]


_turn = Lock()
_kept: WeakKeyDictionary[Site, _Kept] = WeakKeyDictionary()


def experiment_views(
    site: Site, listed: Sequence[Experiment], *, full: bool = False, quick: bool = False
) -> list[ExperimentView]:
    """Views of the searches, in their order. ``full`` adds the spec, and of one that failed the first trial's error.

    ``quick``: no forecast is made for those that wait.
    """
    ids = [one.id for one in listed]
    drivers = {job.id: job for job in views.jobs(site.store, ids)}
    counted = listing.counted(site.store, ids)
    records = gone_through(site, listed, whole=full)
    waiting = [job for job in drivers.values() if job.state is JobState.QUEUED and job.attempt == 0]
    waits = {view.id: view.sentence for view in job_views(site, waiting, quick=quick)} if waiting else {}
    best = listing.best_of_each(site.store, {one.id: one.spec.objective.mode for one in listed})
    return [
        _view(site, one, drivers.get(one.id), counted[one.id], best.get(one.id), records[one.id], waits, full=full)
        for one in listed
    ]


def _view(
    site: Site,
    one: Experiment,
    driver: Job | None,
    counted: listing.Counted,
    best: Trial | None,
    record: Gone,
    waits: Mapping[str, str],
    *,
    full: bool,
) -> ExperimentView:
    spec, space = one.spec, space_of(site, one)
    shown = experiment_words.phase(one, driver, counted.states)
    total = experiment_words.total(one, space.size, record.ends)
    said = experiment_words.sentence(one, shown, counted.states, total=total, best=best, waits=waits.get(one.id))
    return ExperimentView(
        id=one.id,
        store=site.store.store_id,
        name=spec.name,
        state=one.state.value,
        phase=shown,
        desired=one.desired,
        sentence=said,
        notes=_notes(one),
        searcher=spec.searcher,
        searcher_note=next((note for note in one.notes if note.startswith(_SEARCHER_NOTE)), None),
        metrics=spec.objective.metrics,
        modes=spec.objective.modes,
        space=space.axes,
        constants=space.constants,
        workers=spec.workers,
        seed=spec.seed,
        stop=spec.stop,
        resource=spec.resource,
        max_resource=spec.max_resource,
        counts=counted.states,
        trials=counted.total,
        total=total,
        best=_best(best, space),
        pareto=_pareto(site, one, record, space) if spec.objective.is_multiple else (),
        curve=record.curve,
        pool=one.pool,
        priority=one.priority,
        weight=one.weight,
        user=one.origin.user,
        notebook=one.origin.notebook,
        submitted=instant(one.submitted) or "",
        started=instant(one.started),
        ended=instant(one.ended),
        paused_since=instant(one.paused_since),
        paused_seconds=one.paused_seconds,
        tag=one.tag,
        run_id=driver.run_id if driver is not None else None,
        archived=one.archived,
        verbs=experiment_words.verbs(one, counted.states, driver),
        version=one.version,
        error=_error(site, one) if full and one.state is ExperimentState.FAILED else None,
        updater=spec.updater,
        spec=spec.model_dump(mode="json") if full else None,
    )


def _notes(one: Experiment) -> tuple[str, ...]:
    """What is worth knowing still: that its end was presumed is not, once it has ended or a person has extended it."""
    if not one.more and not one.state.is_final:
        return one.notes
    return tuple(note for note in one.notes if not note.startswith(NO_END))


def trial_view(trial: Trial, job: Job | None, space: Space) -> TrialView:
    state = trial_listing.state_of(trial.outcome, trial.is_held, job.state.value if job is not None else None)
    return TrialView(
        number=trial.number,
        job=trial.job,
        config=space.own(trial.config),
        state=state,  # type: ignore[arg-type]
        sentence=experiment_words.trial_sentence(trial, state, job),
        clone_of=trial.clone_of,
        resource=trial.resource,
        values=trial.values or {},
        best=trial.best,
        best_at=trial.best_at,
        started=instant(job.started) if job is not None else None,
        ended=instant(job.ended) if job is not None else None,
        run_id=job.run_id if job is not None else None,
    )


def axis_views(domains: Mapping[str, Domain]) -> tuple[AxisView, ...]:
    """What varies, in its order; a constant that is there only under a condition is among them."""
    found = []
    for name, domain in domains.items():
        if isinstance(domain, Const) and domain.when is None:
            continue
        found.append(
            AxisView(
                name=name,
                kind=type(domain).__name__.lower(),
                expression=expression(domain),
                words=words(domain),
                size=1 if isinstance(domain, Const) else domain.size(),
                when=condition.text(domain.when) if domain.when is not None else None,
            )
        )
    return tuple(found)


def space_of(site: Site, one: Experiment) -> Space:
    """The search's space as views show it; read once."""
    kept = _of(site)
    with _turn:
        found = kept.spaces.get(one.id)
    if found is None:
        space = SearchSpace.from_json(one.spec.space)
        axes = axis_views(space.domains)
        names = frozenset(view.name for view in axes)
        constants = {**one.spec.template.params, **space.constants}
        found = Space(axes, names, constants, space.size() if one.spec.searcher != "grid" else len(space.grid()))
        with _turn:
            kept.spaces[one.id] = found
            while len(kept.spaces) > _SPACES:
                kept.spaces.popitem(last=False)
    return found


def _of(site: Site) -> _Kept:
    with _turn:
        return _kept.setdefault(site, _Kept(OrderedDict(), OrderedDict()))


def _best(trial: Trial | None, space: Space) -> BestView | None:
    if trial is None or trial.best is None:
        return None
    return BestView(
        trial=trial.number,
        job=trial.job,
        value=trial.best,
        resource=trial.best_at,
        config=space.own(trial.config),
        clone_of=trial.clone_of,
    )


def _pareto(site: Site, one: Experiment, record: Gone, space: Space) -> tuple[ParetoView, ...]:
    """The trials whose last values no other one beats. Looked for anew once more was told."""
    kept, objective = _of(site), one.spec.objective
    with record.turn:
        read = record.read
        with _turn:
            known = kept.fronts.get(one.id)
        if known is not None and known[0] == read:
            return known[1]
        whole = [(number, values) for number, values in record.last.items() if None not in values]
    results = [tuple(value for value in values if value is not None) for _, values in whole]
    chosen = [(whole[place][0], results[place]) for place in front(results, objective.modes)]
    chosen.sort(key=lambda result: result[1], reverse=objective.mode == "max")
    rows = listing.numbered(site.store, one.id, [number for number, _ in chosen[:_FRONT]])
    found = tuple(
        ParetoView(
            trial=number,
            job=rows[number].job,
            values=dict(zip(objective.metrics, values, strict=True)),
            config=space.own(rows[number].config),
        )
        for number, values in chosen[:_FRONT]
        if number in rows
    )
    with _turn:
        kept.fronts[one.id] = (read, found)
        while len(kept.fronts) > _SPACES:
            kept.fronts.popitem(last=False)
    return found


def _error(site: Site, one: Experiment) -> str | None:
    """What the first trial that failed said: its end, its traceback, and what it printed last."""
    page = trial_listing.trials_page(
        site.store, one.id, mode=one.spec.objective.mode, outcomes=frozenset({"failed"}), limit=1, after=None
    )
    if not page.trials:
        return None
    (trial,) = page.trials
    job = page.jobs.get(trial.job)
    lines = [f"Trial {trial.number} ({trial.job}): {trial.detail or 'it failed.'}"]
    lines += [f"{name} = {value}" for name, value in space_of(site, one).own(trial.config).items()]
    if job is not None and job.attempt:
        folder = spool.attempt_folder(site.settings.spool_root, job.id, job.attempt)
        size = spool_log.size(folder)
        printed = spool_log.read(folder, max(0, size - _TAIL), _TAIL).text
        lines += ["", printed.strip()] if printed.strip() else []
    return "\n".join(lines)
