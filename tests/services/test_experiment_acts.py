"""What people wish of searches, and what it means for the jobs of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from jupyter_training.core.experiment import ExperimentState
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import Desired, EndReason, Hold, JobState, Phase, Verb
from jupyter_training.errors import IllegalVerb, StaleEpoch, StoreBusy
from jupyter_training.schema import ExperimentVerbRequest, ItemResult, ResumeRequest, VerbRequest
from jupyter_training.services import descend, experiment_acts, jobs, resuming
from jupyter_training.store import driving, experiment_verbs, views
from jupyter_training.store.experiment_act import Act
from tests.services.searching import Searching
from tests.services.stage import Stage, edited


def on_jobs(stage: Stage, verb: Verb, *ids: str, **more: object) -> list[ItemResult]:
    return list(jobs.act(stage.site, VerbRequest.model_validate({"verb": verb, "jobs": ids, **more})).results)


def going(stage: Stage) -> Searching:
    """Trials 0 (with a checkpoint) and 1 (without) run, 2 waits, 3 has ended."""
    search = Searching(stage)
    search.drive()
    for number in range(4):
        search.trial(number, begin=number != 2)
    search.tell(3, 1, 0.5)
    search.end(3)
    stage.save(search.trials[0].job, 5)
    return search


def test_a_pause_pauses_trials_and_driver_and_says_who_runs_on(stage: Stage) -> None:
    search = going(stage)
    result = search.act("pause")
    assert result.ok and result.experiment is not None
    assert ("Trial 1 runs on to its end: it has no checkpoint. --discard pauses without one.",) == result.notes
    assert (ExperimentState.PAUSED, Phase.PAUSING) == (search.row.state, result.experiment.phase)
    held = frozenset({Hold.EXPERIMENT})
    assert (Desired.PAUSE, held) == (search.job(0).desired, search.job(0).holds)
    assert (Desired.RUN, frozenset()) == (search.job(1).desired, search.job(1).holds)
    assert (JobState.PAUSED, held) == (search.job(2).state, search.job(2).holds)
    assert JobState.SUCCEEDED is search.job(3).state
    assert (Desired.PAUSE, held) == (search.driver.desired, search.driver.holds)
    assert search.act("pause").ok, "once more changes nothing"
    stage.end(search.trials[0].job, EndReason.PAUSED)
    stage.end(search.trials[1].job, EndReason.COMPLETED)
    assert Phase.PAUSED is search.view.phase


def test_discard_pauses_those_without_a_checkpoint_too(stage: Stage) -> None:
    search = going(stage)
    assert () == search.act("pause", discard=True).notes
    assert (Desired.PAUSE, True) == (search.job(1).desired, search.job(1).discard)


def test_activating_clears_the_hold_of_the_experiment_and_no_other(stage: Stage) -> None:
    search = going(stage)
    on_jobs(stage, Verb.PAUSE, search.trials[2].job)
    search.act("pause")
    assert frozenset({Hold.USER, Hold.EXPERIMENT}) == search.job(2).holds
    stage.end(search.id, EndReason.PAUSED)
    (refused,) = on_jobs(stage, Verb.ACTIVATE, search.trials[0].job)
    assert refused.problem is not None and "its search is paused" in refused.problem.detail
    stage.end(search.trials[0].job, EndReason.PAUSED)
    assert "Paused with its search at step 5." == jobs.show(stage.site, search.trials[0].job).sentence
    assert "Paused by you before it started." == jobs.show(stage.site, search.trials[2].job).sentence
    since = search.row.paused_since
    assert since is not None
    assert search.act("activate").ok
    assert (JobState.PAUSED, frozenset({Hold.USER})) == (search.job(2).state, search.job(2).holds)
    assert (Desired.RUN, frozenset()) == (search.job(0).desired, search.job(0).holds)
    assert JobState.QUEUED is search.driver.state
    row = search.row
    assert (ExperimentState.RUNNING, Desired.RUN, None) == (row.state, row.desired, row.paused_since)
    assert row.paused_seconds > 0
    assert "only a paused one can be" in search.refused("activate")
    on_jobs(stage, Verb.ACTIVATE, search.trials[2].job)
    assert JobState.QUEUED is search.job(2).state


def test_a_person_does_not_activate_what_the_searcher_holds(stage: Stage) -> None:
    search = going(stage)
    with driving.writing(stage.site.store, search.id, search.attempt, stage.site.now()) as writer:
        writer.wish([search.trials[2].job], Verb.PAUSE, hold=Hold.SEARCHER)
        writer.trial(2, is_held=True)
    (refused,) = on_jobs(stage, Verb.ACTIVATE, search.trials[2].job)
    assert refused.problem is not None and "its searcher has paused it" in refused.problem.detail
    assert {"held": 1} == {word: count for word, count in search.view.counts.items() if word == "held"}
    search.act("pause")
    search.act("activate")
    assert (JobState.PAUSED, frozenset({Hold.SEARCHER})) == (search.job(2).state, search.job(2).holds)


def test_a_cancel_stops_the_trials_and_lets_the_driver_note_their_ends(stage: Stage) -> None:
    search = going(stage)
    search.act("pause")
    stage.end(search.id, EndReason.PAUSED)
    result = search.act("cancel")
    assert result.experiment is not None and Phase.STOPPING is result.experiment.phase
    assert [Desired.CANCEL] * 3 == [search.job(number).desired for number in range(3)]
    assert (JobState.QUEUED, Desired.CANCEL) == (search.driver.state, search.row.desired)
    assert "it is being stopped" in search.refused("pause")
    assert "it is being stopped" in search.refused("extend", trials=3)


def test_a_cancel_before_the_driver_began_ends_it_at_once(stage: Stage) -> None:
    search = Searching(stage)
    assert search.act("cancel").ok
    assert (ExperimentState.CANCELED, "Stopped by you.") == (search.row.state, search.row.detail)
    assert Desired.KILL is search.driver.desired
    assert "it has been canceled" in search.refused("cancel")


def test_a_kill_ends_it_at_once_and_no_driver_writes_any_more(stage: Stage) -> None:
    search = going(stage)
    assert search.act("kill").ok
    assert (ExperimentState.CANCELED, Desired.KILL) == (search.row.state, search.row.desired)
    assert [Desired.KILL] * 3 == [search.job(number).desired for number in range(3)]
    assert ["canceled", "canceled", "canceled", "completed"] == [one.outcome for one in search.trials.values()]
    with pytest.raises(StaleEpoch):
        search.tell(0, 2, 0.1)
    stage.end(search.id, EndReason.KILLED)
    search.act("extend", trials=1)
    search.drive()
    search.trial(4)


def test_an_extension_says_that_its_searcher_has_nothing_more(stage: Stage) -> None:
    search = Searching(stage, params={"lr": "choice(0.1, 0.2)"}, searcher="grid")
    search.drive()
    search.trial(0)
    search.trial(1)
    assert () == search.act("extend", trials=2).notes
    search.exhaust("All 2 configurations of the grid have been begun.")
    said = "All 2 configurations of the grid have been begun. So no trial is begun: grid proposes no other."
    assert (said,) == search.act("extend", trials=2).notes


def test_twenty_more_for_one_that_runs_and_for_one_that_has_ended(stage: Stage) -> None:
    search = going(stage)
    assert 70 == search.act("extend", trials=20).experiment.total  # type: ignore[union-attr]
    for number, outcome in enumerate(("completed", "completed", None)):
        if outcome is None:
            stage.begin(search.trials[number].job)
        search.end(number)
    search.finish()
    ended = search.row.ended
    assert ended is not None
    result = search.act("extend", trials=5)
    assert result.experiment is not None
    assert (75, "running", None) == (result.experiment.total, result.experiment.state, search.row.ended)
    assert JobState.QUEUED is search.driver.state
    between = search.row.paused_seconds
    assert (True, between) == (between > 0, result.experiment.paused_seconds), "no time of the search"
    assert "By how many trials" in search.refused("extend")
    search.drive()
    search.trial(4)


def test_only_the_failed_trials_are_tried_again(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    for number, outcome in enumerate(("completed", "failed", "failed")):
        search.trial(number)
        search.end(number, outcome)  # type: ignore[arg-type]
    search.finish("failed", "All failed.")
    result = search.act("retry_failed")
    assert ("Trials 1 and 2 are tried again.",) == result.notes
    assert [JobState.SUCCEEDED, JobState.QUEUED, JobState.QUEUED] == [search.job(number).state for number in range(3)]
    assert ["completed", None, None] == [trial.outcome for trial in search.trials.values()]
    assert (ExperimentState.RUNNING, JobState.QUEUED) == (search.row.state, search.driver.state)
    assert "none of its trials has failed" in search.refused("retry_failed")


def loses_its_driver(stage: Stage, search: Searching) -> None:
    stage.end(search.id, EndReason.ERROR, "It fell over.")
    while search.driver.state is JobState.QUEUED:  # it is tried again by itself at first
        search.drive()
        stage.end(search.id, EndReason.ERROR, "It fell over.")
    driving.failed(stage.site.store, search.id, "Its driver failed.", stage.site.now())


def test_a_driver_that_failed_is_tried_again(stage: Stage) -> None:
    search = going(stage)
    loses_its_driver(stage, search)
    assert {"cancel", "kill"} <= set(search.view.verbs), "its trials go on, and may be stopped"
    assert ("failed", True) == (search.view.state, "retry_failed" in search.view.verbs)
    assert search.act("retry_failed").ok
    assert (ExperimentState.RUNNING, JobState.QUEUED) == (search.row.state, search.driver.state)
    assert JobState.RUNNING is search.job(0).state, "its trials went on"


def test_the_trials_of_one_whose_driver_failed_can_be_stopped(stage: Stage) -> None:
    search = going(stage)
    loses_its_driver(stage, search)
    assert search.act("cancel").ok
    assert (ExperimentState.FAILED, Desired.CANCEL) == (search.row.state, search.job(0).desired)
    assert search.act("kill").ok
    assert Desired.KILL is search.job(0).desired


def test_the_trials_of_one_whose_driver_failed_can_be_paused_and_go_on_with_it(stage: Stage) -> None:
    search = going(stage)
    loses_its_driver(stage, search)
    assert ("pause", True) == (search.view.verbs[0], "activate" not in search.view.verbs)
    assert ("Trial 1 runs on to its end: it has no checkpoint. --discard pauses without one.",) == search.act(
        "pause"
    ).notes
    held = frozenset({Hold.EXPERIMENT})
    assert (Desired.PAUSE, held, held) == (search.job(0).desired, search.job(0).holds, search.job(2).holds)
    assert ExperimentState.FAILED is search.row.state
    assert "activate" in search.view.verbs

    assert search.act("activate").ok
    assert (Desired.RUN, JobState.QUEUED) == (search.job(0).desired, search.job(2).state)
    assert "it has failed" in search.refused("activate")

    search.act("pause")
    assert search.act("retry_failed").ok
    assert (ExperimentState.RUNNING, JobState.QUEUED) == (search.row.state, search.driver.state)
    assert (Desired.RUN, JobState.QUEUED) == (search.job(0).desired, search.job(2).state), "they go on with it"


def test_one_whose_trials_are_being_stopped_without_a_driver_is_not_paused(stage: Stage) -> None:
    search = going(stage)
    loses_its_driver(stage, search)
    search.act("cancel")
    assert "it has failed" in search.refused("pause")


def test_one_whose_trials_go_on_without_a_driver_is_not_deleted_and_says_what_to_do(stage: Stage) -> None:
    search = going(stage)
    loses_its_driver(stage, search)
    assert not {"archive", "delete"} & set(search.view.verbs)
    assert "Cancel it first: they run on." in str(search.act("archive").problem)
    assert "Cancel it first: they run on." in str(search.act("delete").problem)
    search.act("kill")
    assert "they are being stopped" in str(search.act("delete").problem)


def test_one_that_was_killed_is_not_extended_before_its_driver_has_gone(stage: Stage) -> None:
    search = going(stage)
    search.act("kill")
    assert not {"extend", "retry_failed"} & set(search.view.verbs)
    assert "1 of its jobs has not ended" in search.refused("extend", trials=1)
    stage.end(search.id, EndReason.KILLED)
    assert "extend" in search.view.verbs
    assert search.act("extend", trials=1).ok


def test_values_of_pass_env_are_asked_for_once_more(stage: Stage) -> None:
    search = Searching(stage, environment={"pass_env": ["TOKEN"]}, secrets={"TOKEN": "a"})
    search.drive()
    search.trial(0)
    search.end(0, "failed")
    search.finish("failed", "All failed.")
    result = search.act("retry_failed")
    assert not result.ok and result.problem is not None
    assert "needs the values of TOKEN once more" in str(result.problem["detail"])
    assert JobState.FAILED is search.job(0).state
    assert search.act("retry_failed", secrets={"TOKEN": "b"}).ok
    for job in (search.job(0), search.driver):
        assert {"TOKEN": "b"} == json.loads(stage.site.settings.secrets_file(job.key).read_text())


def test_a_trial_that_fails_in_the_moment_of_a_retry_gets_its_values_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Searching(stage, environment={"pass_env": ["TOKEN"]}, secrets={"TOKEN": "a"})
    search.drive()
    for number in range(2):
        search.trial(number)
    search.end(0, "failed")
    retry = experiment_verbs.retry

    def late(*given: Any, **named: Any) -> experiment_verbs.Done:
        search.end(1, "failed")
        return retry(*given, **named)

    monkeypatch.setattr(experiment_verbs, "retry", late)
    assert search.act("retry_failed", secrets={"TOKEN": "b"}).ok
    for number in range(2):
        assert {"TOKEN": "b"} == json.loads(stage.site.settings.secrets_file(search.job(number).key).read_text())


def test_the_extensions_of_a_search_have_a_limit_together(stage: Stage) -> None:
    search = going(stage)
    assert search.act("extend", trials=10_000_000).ok
    assert "this one was by 10,000,000" in search.refused("extend", trials=1)


def test_a_large_search_is_deleted_in_portions_from_the_archive(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment_verbs, "_AT_ONCE", 2)
    search = Searching(stage)
    search.drive()
    for number in range(5):
        search.trial(number)
        search.end(number)
    search.finish()
    ids = [search.id, *(trial.job for trial in search.trials.values())]
    wish, took = Act.wish, []

    def cut(act: Act, listed: Sequence[Job], *given: Any, **named: Any) -> Any:
        took.append(len(listed))
        if len(took) == 3:
            raise StoreBusy("It is cut short.")
        return wish(act, listed, *given, **named)

    monkeypatch.setattr(Act, "wish", cut)
    assert not search.act("delete").ok
    assert [2, 2, 2] == took
    assert 2 == len(views.jobs(stage.site.store, ids)), "each portion is a transaction of its own"
    assert (True, True) == (search.row.archived, "delete" in search.view.verbs)

    result = search.act("delete")
    assert (True, None) == (result.ok, result.experiment)
    assert [] == views.jobs(stage.site.store, ids)


def test_a_search_is_put_away_and_deleted_with_its_trials(stage: Stage) -> None:
    search = going(stage)
    assert "it is running" in search.refused("archive")
    assert "it is running" in search.refused("delete")
    stage.begin(search.trials[2].job)
    search.act("kill")
    assert search.act("archive").experiment.archived  # type: ignore[union-attr]
    assert "it is archived" in search.refused("archive")
    assert "it is archived" in search.refused("extend", trials=1)
    assert search.act("unarchive").ok
    ids = [search.id, *(trial.job for trial in search.trials.values())]
    assert "have not ended" in search.refused("delete")
    for job in ids:
        if stage.job(job).state is JobState.RUNNING:
            stage.end(job, EndReason.KILLED)
    result = search.act("delete")
    assert (True, None) == (result.ok, result.experiment)
    assert [] == views.jobs(stage.site.store, ids)


def test_verbs_on_the_driver_are_meant_of_the_search(stage: Stage) -> None:
    search = going(stage)
    (result,) = on_jobs(stage, Verb.CANCEL, search.id)
    assert result.ok and result.job is not None and search.id == result.job.id
    assert (Desired.CANCEL, JobState.RUNNING) == (search.row.desired, search.driver.state)
    assert [Desired.CANCEL] * 3 == [search.job(number).desired for number in range(3)]
    (refused,) = on_jobs(stage, Verb.ARCHIVE, search.id)
    assert refused.problem is not None and "The search" in refused.problem.detail


def test_one_trial_that_is_retried_lets_its_search_go_on(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    for number in range(2):
        search.trial(number)
        search.end(number, "failed")
    search.finish("failed", "All failed.")
    own = stage.submit().job
    assert own is not None
    mixed = on_jobs(stage, Verb.RETRY, own.id, search.trials[1].job)
    assert [False, True] == [one.ok for one in mixed]
    assert [JobState.FAILED, JobState.QUEUED] == [search.job(number).state for number in range(2)]
    assert (None, ExperimentState.RUNNING) == (search.trials[1].outcome, search.row.state)


def test_one_refusal_stops_no_other(stage: Stage) -> None:
    search = Searching(stage)
    wish = ExperimentVerbRequest(verb="pause", experiments=("aaaaaaaaaa", search.id))
    first, second = experiment_acts.act(stage.site, wish).results
    assert (False, True) == (first.ok, second.ok)
    assert first.problem is not None and "unknown_experiment" == first.problem["code"]
    assert (JobState.PAUSED, "Paused by you before its first trial.") == (
        search.driver.state,
        second.experiment.sentence if second.experiment else "",
    )


def test_a_search_is_no_training_that_is_forked_or_resumed(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    search.trial(0)
    with pytest.raises(IllegalVerb, match="can't be forked: it is no training"):
        descend.fork(stage.site, "ada", search.id, edited())
    with pytest.raises(IllegalVerb, match="can't be resumed"):
        resuming.resume(stage.site, search.id, ResumeRequest())
    best = descend.fork(stage.site, "ada", search.trials[0].job, edited()).job
    assert best is not None
    assert ({"lr": 0.01, "size": 8}, None) == (best.params, best.experiment)
