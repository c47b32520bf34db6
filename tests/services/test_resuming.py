"""Resume: the same job goes on, or says why not; what a submit with ``resume`` means in each case."""

from __future__ import annotations

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.errors import IllegalVerb, InvalidSpec, KeyReused, NoCheckpoint
from jupyter_training.schema import ConfigText, ResumeRequest
from jupyter_training.services import checkpoints, configs, jobs, plans, resuming
from jupyter_training.store import verbs
from jupyter_training.store.checkpoints import found_damaged
from tests.services.stage import USER, Stage, request


def test_it_goes_on_from_the_last_checkpoint_with_its_changed_parameters_beside_the_spec(stage: Stage) -> None:
    job = stage.ended(5, 10, params={"lr": 0.1, "batch": 8})
    result = resuming.resume(stage.site, job, ResumeRequest(params={"lr": 0.2, "batch": 8}))
    view = result.job
    assert (job, "queued", {"lr": 0.2, "batch": 8}, {"lr": 0.2}) == (view.id, view.state, view.params, view.overrides)
    assert {"lr": 0.1, "batch": 8} == stage.job(job).spec.params
    assert (10, 1) == (stage.job(job).base_step, stage.job(job).generation)
    assert (f"digits {job[:6]} goes on from step 10, as attempt 2.",) == result.notes


def test_a_paused_job_that_is_extended_hears_that_activate_would_go_on_as_planned(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    stage.save(job, 10)
    verbs.wish(stage.site.store, [JobId(job)], Verb.PAUSE, now=stage.site.now())
    stage.end(job, EndReason.PAUSED)
    assert (
        f"digits {job[:6]} goes on from step 10, as attempt 2.",
        "checkpoint.steps(n) in its code means n more steps from there; to go on as planned: activate.",
    ) == resuming.resume(stage.site, job, ResumeRequest()).notes


def test_without_a_checkpoint_it_is_refused(stage: Stage) -> None:
    with pytest.raises(NoCheckpoint, match="it has left no checkpoint to go on from"):
        resuming.resume(stage.site, stage.ended(), ResumeRequest())


def test_an_active_job_is_not_resumed(stage: Stage) -> None:
    job = stage.submit().job.id
    with pytest.raises(IllegalVerb, match="it is queued"):
        resuming.resume(stage.site, job, ResumeRequest())


def test_a_parameter_that_can_be_none_is_refused(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="looks like a secret"):
        resuming.resume(stage.site, stage.ended(5), ResumeRequest(params={"api_key": "abc"}))


def test_a_url_with_a_password_is_refused(stage: Stage) -> None:
    given = {"db": "postgres://u:hunter2@host/d"}
    with pytest.raises(InvalidSpec, match=r"params\.db: its URL has a password, and parameters are shown") as caught:
        resuming.resume(stage.site, stage.ended(5), ResumeRequest(params=given))
    assert "hunter2" not in str(caught.value)


def test_a_submit_with_resume_goes_on_with_the_newest_of_its_name(stage: Stage) -> None:
    stage.ended(7)
    newest = stage.ended(5, reason=EndReason.ERROR, params={"lr": 0.1})
    stage.ended(9, name="other")
    result = stage.submit(resume=True, params={"lr": 0.3})
    assert (newest, False, {"lr": 0.3}, 5) == (
        result.job.id,
        result.created,
        result.job.overrides,
        stage.job(newest).base_step,
    )


def test_a_repeated_key_resumes_once(stage: Stage) -> None:
    job = stage.ended(5)
    first = stage.submit(resume=True, key="key-12345678")
    again = stage.submit(resume=True, key="key-12345678")
    assert (job, job, 1) == (first.job.id, again.job.id, stage.job(job).generation)


def test_a_key_belongs_to_one_wish(stage: Stage) -> None:
    job = stage.ended(5)
    stage.submit(resume=True, key="key-12345678", params={"lr": 0.3})
    for other in ({"params": {"lr": 0.4}}, {"name": "other"}, {"code": "print('changed')\n"}):
        with pytest.raises(KeyReused, match=f"'key-12345678' has already brought the job {job}"):
            stage.submit(**{"resume": True, "key": "key-12345678", "params": {"lr": 0.3}, **other})
    assert (1, {"lr": 0.3}) == (stage.job(job).generation, stage.job(job).params)


def test_a_resume_that_is_repeated_extends_once_whatever_became_of_it(stage: Stage) -> None:
    secret = {"environment": {"pass_env": ["HF_TOKEN"]}, "secrets": {"HF_TOKEN": "x"}}
    job = stage.ended(5, **secret)
    wish = ResumeRequest(key="key-12345678", params={"lr": 0.2}, secrets={"HF_TOKEN": "y"})
    first = resuming.resume(stage.site, job, wish)
    assert first == resuming.resume(stage.site, job, wish)
    stage.begin(job)
    assert first.notes == resuming.resume(stage.site, job, wish).notes
    stage.end(job, EndReason.COMPLETED)
    stage.site.settings.secrets_file(stage.job(job).key).unlink()
    assert "succeeded" == resuming.resume(stage.site, job, wish).job.state
    assert (1, False) == (stage.job(job).generation, stage.site.settings.secrets_file(stage.job(job).key).exists())
    with pytest.raises(KeyReused):
        resuming.resume(stage.site, job, wish.model_copy(update={"params": {"lr": 0.4}}))
    with pytest.raises(KeyReused):
        resuming.resume(stage.site, stage.ended(5), wish)


def test_an_active_one_is_in_the_way(stage: Stage) -> None:
    job = stage.submit().job.id
    with pytest.raises(IllegalVerb, match=f"digits {job[:6]} can't be resumed: it is queued"):
        stage.submit(resume=True)


def test_where_there_is_none_a_new_job_begins_and_says_so(stage: Stage) -> None:
    result = stage.submit(resume=True)
    assert (True, ("There was no job of that name to be resumed: this is a new one.",)) == (
        result.created,
        result.notes,
    )


def test_other_code_makes_a_new_job_that_continues(stage: Stage) -> None:
    old = stage.ended(5)
    result = stage.submit("print('changed')\n", resume=True)
    parent = result.job.parent
    assert result.created
    assert parent is not None
    assert (old, "continue", 5) == (parent.job, parent.relation, parent.step)
    assert result.notes[0].startswith(f"The code has changed since digits {old[:6]}")


@pytest.mark.parametrize("code", ["print('changed')\n", "print('hello')\n"])
def test_one_that_left_no_checkpoint_is_no_reason_to_begin_anew_silently(stage: Stage, code: str) -> None:
    stage.ended()
    with pytest.raises(NoCheckpoint):
        stage.submit(code, resume=True)
    assert 1 == len(jobs.page(stage.site, jobs.JobsQuery()).jobs)


def test_options_stay_as_they_were_and_that_is_said(stage: Stage) -> None:
    stage.ended(5)
    result = stage.submit(resume=True, timeout="2h", retries=3)
    assert "Its options stay as they were: timeout, retries." == result.notes[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resume: yes please\n", "it must be true or false"),
        ("retries: {on: [lst]}\n", "input should be 'error', 'timeout', 'lost' or 'preempted'"),
        ("checkpoints: {keep: {latest: 3}}\n", "there is no key 'latest'"),
        ("hang: 30 parsecs\n", "'30 parsecs' is not a duration"),
        ("pause_within: soon\n", "'soon' is not a duration"),
        ("retries: true\n", "it must be a whole number, or a mapping of max and on"),
    ],
)
def test_a_mistake_in_a_config_has_its_line(stage: Stage, text: str, found: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        configs.config(stage.site, ConfigText(text=f"timeout: 5m\n{text}", name="cfg"))
    problem = caught.value.errors[0]
    assert (2, text.partition(":")[0]) == (problem.line, str(problem.key).partition(".")[0])
    assert found in problem.detail


def test_the_keys_of_a_config_are_understood(stage: Stage) -> None:
    text = (
        "retries: {max: 5, on: [error, lost]}\n"
        "checkpoints: {to: 's3://bucket/x', keep: {trial_best: 3}, metric: loss}\n"
        "pause_within: 2m\n"
        "hang: {after: 30m, stop: true}\n"
    )
    spec = stage.job(stage.submit(config={"text": text, "name": "cfg"}).job.id).spec
    assert (5, ("error", "lost")) == (spec.retries.max, spec.retries.on)
    assert ("s3://bucket/x", 3, "loss") == (
        spec.checkpoints.to,
        spec.checkpoints.keep.trial_best,
        spec.checkpoints.metric,
    )
    assert (120.0, 1800.0, True) == (spec.pause_within, spec.hang.after, spec.hang.stop)


def test_a_job_that_was_resumed_with_other_parameters_is_no_equal_of_a_new_wish(stage: Stage) -> None:
    job = stage.ended(5, params={"lr": 0.1})
    resuming.resume(stage.site, job, ResumeRequest(params={"lr": 0.2}))
    wish = stage.submit(params={"lr": 0.1}, if_exists="reuse")
    assert (True, False) == (wish.created, wish.reused)


def test_a_plan_says_what_resume_would_come_to(stage: Stage) -> None:
    def note() -> str:
        return plans.plan(stage.site, USER, request(resume=True)).notes[-1]

    assert "There is no job of that name to be resumed: a submit makes a new one." == note()
    bare = stage.ended()
    assert f"digits {bare[:6]} has left no checkpoint to go on from: a submit would be refused." == note()
    broken = stage.ended(5)
    (one,) = checkpoints.of_job(stage.site, stage.job(broken))
    found_damaged(stage.site.store, one.job, one.name, stage.site.now())
    assert f"digits {broken[:6]} has no whole checkpoint: {one.name} is damaged: a submit would be refused." == note()
    saved = stage.ended(5)
    assert f"A submit goes on with digits {saved[:6]} from step 5." == note()
    active = stage.submit().job.id
    assert f"digits {active[:6]} is queued: a submit would be refused." == note()
