"""What people wish of searches: a result for each, in their order. One refusal stops no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jupyter_training.core.experiment import Experiment
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState, Verb
from jupyter_training.errors import IllegalVerb, TrainingError
from jupyter_training.schema import (
    ExperimentItemResult,
    ExperimentVerb,
    ExperimentVerbRequest,
    ExperimentVerbResult,
    ExperimentView,
    VerbRequest,
)
from jupyter_training.services import passed, signs
from jupyter_training.services.experiment_present import experiment_views
from jupyter_training.services.experiments import known
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_verbs as verbs
from jupyter_training.store.experiment_verbs import Done

__all__ = ["act", "act_on_driver", "retry_trials"]

_OF_A_DRIVER: dict[Verb, ExperimentVerb] = {
    Verb.PAUSE: "pause",
    Verb.ACTIVATE: "activate",
    Verb.CANCEL: "cancel",
    Verb.KILL: "kill",
    Verb.RETRY: "retry_failed",
    Verb.ARCHIVE: "archive",
    Verb.UNARCHIVE: "unarchive",
    Verb.DELETE: "delete",
}


def act(site: Site, request: ExperimentVerbRequest) -> ExperimentVerbResult:
    """Wish something of several searches."""
    told: list[Done | TrainingError] = []
    for experiment in request.experiments:
        try:
            told.append(_done(site, experiment, request))
        except TrainingError as error:
            told.append(error)
    site.wake()
    site.ensure_dispatcher()
    shown = [one.experiment for one in told if isinstance(one, Done)]
    seen = dict(zip([one.id for one in shown], _views(site, shown, request.verb), strict=True))
    results = []
    for experiment, one in zip(request.experiments, told, strict=True):
        if isinstance(one, Done):
            view = seen.get(one.experiment.id)
            results.append(ExperimentItemResult(id=experiment, ok=True, experiment=view, notes=one.notes))
        else:
            results.append(ExperimentItemResult(id=experiment, ok=False, problem=one.to_problem()))
    return ExperimentVerbResult(results=tuple(results))


def act_on_driver(site: Site, driver: Job, request: VerbRequest) -> Done:
    """What a verb on the job that drives a search means: it is meant of the search.

    Raises:
        TrainingError: the search refuses it.
    """
    wish = ExperimentVerbRequest(
        verb=_OF_A_DRIVER[request.verb],
        experiments=(driver.id,),
        discard=request.discard,
        secrets=request.secrets,
    )
    return _done(site, driver.id, wish)


def retry_trials(site: Site, trial: Job, request: VerbRequest) -> Done:
    """One trial is tried again, and its search goes on.

    Raises:
        TrainingError: the trial or its search refuses it.
    """
    assert trial.experiment is not None
    assert trial.trial is not None
    if trial.state not in (JobState.FAILED, JobState.CANCELED):
        raise IllegalVerb(
            f"The job {trial.id} ({trial.name}) can't be retried: it is {trial.state.value}, and only a failed or "
            "canceled trial can be."
        )
    return _retried(site, known(site, trial.experiment), request.secrets, numbers=[trial.trial])


def _done(site: Site, experiment: str, request: ExperimentVerbRequest) -> Done:
    one = known(site, experiment)
    now = site.now()
    match request.verb:
        case "pause":
            begun = lambda job, number: signs.has_begun(site.settings.spool_root, job, number)  # noqa: E731
            return verbs.pause(site.store, one.id, now=now, discard=request.discard, has_begun=begun)
        case "activate":
            return verbs.activate(site.store, one.id, now=now)
        case "cancel":
            return verbs.cancel(site.store, one.id, now=now)
        case "kill":
            return verbs.kill(site.store, one.id, now=now)
        case "extend":
            settle = _settling(site, one, request.secrets)
            return verbs.extend(site.store, one.id, request.trials, now=now, settle=settle)
        case "retry_failed":
            return _retried(site, one, request.secrets)
        case "archive" | "unarchive":
            return verbs.archive(site.store, one.id, now=now, archived=request.verb == "archive")
        case "delete":
            done = verbs.delete(site.store, one.id, now=now)
            for job in done.gone:
                passed.drop(site, job)
            return done


def _retried(site: Site, one: Experiment, secrets: dict[str, str], *, numbers: Sequence[int] | None = None) -> Done:
    return verbs.retry(site.store, one.id, now=site.now(), numbers=numbers, settle=_settling(site, one, secrets))


def _settling(site: Site, one: Experiment, secrets: dict[str, str]) -> Callable[[Job], None]:
    """What keeps the values of ``pass_env`` for each job that begins again: a trial, or the driver for its trials.

    Called in the transaction that begins them, which so is undone where one lacks: whatever has failed by then is
    begun with its values, or not at all.

    Raises (what it gives):
        InvalidSpec: one has not been sent; they were removed as the job ended.
    """
    names = one.spec.template.environment.pass_env
    lacking = [name for name in names if name not in secrets]

    def settle(job: Job) -> None:
        if lacking:
            raise passed.missing(job, lacking)
        if names:
            passed.put(site.settings, job.key, {name: secrets[name] for name in names})

    return settle


def _views(site: Site, shown: Sequence[Experiment], verb: ExperimentVerb) -> list[ExperimentView | None]:
    if verb == "delete":
        return [None for _ in shown]
    return list(experiment_views(site, shown, quick=True))
