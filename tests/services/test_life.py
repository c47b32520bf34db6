"""The verbs of the life cycle as a use case: what each does, what it refuses and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training import spool
from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.schema import ItemResult, JobView, ResumeRequest, VerbRequest
from jupyter_training.services import changes, checkpoints, jobs, resuming
from jupyter_training.services.tidy import tidy
from jupyter_training.spool import layout
from jupyter_training.store import removals
from jupyter_training.store.checkpoints import found_damaged, started_from
from tests.services.stage import Stage


def act(stage: Stage, verb: str, *ids: str, **more: Any) -> list[ItemResult]:
    wish = VerbRequest.model_validate({"verb": verb, "jobs": ids, **more})
    return list(jobs.act(stage.site, wish).results)


def refused(stage: Stage, verb: str, job: str, **more: Any) -> tuple[str, str, str | None]:
    """Code, sentence and hint of a refusal that changed nothing."""
    before = stage.job(job)
    (result,) = act(stage, verb, job, **more)
    assert result.problem is not None
    assert before == stage.job(job)
    return result.problem.code, result.problem.detail, result.problem.hint


def done(stage: Stage, verb: str, job: str, **more: Any) -> JobView:
    (result,) = act(stage, verb, job, **more)
    assert result.job is not None, result.problem
    return result.job


def test_activating_an_active_job_is_refused_with_both_states(stage: Stage) -> None:
    job = stage.submit().job.id
    code, words, _ = refused(stage, "activate", job)
    assert (
        "illegal_verb",
        f"The job {job} (digits) can't be activated: it is queued, and only a paused job can be.",
    ) == (
        code,
        words,
    )


def test_archiving_a_running_job_is_refused(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    code, words, hint = refused(stage, "archive", job)
    assert "illegal_verb" == code
    assert "can't be archived: it is running, and only a job that has succeeded, failed or been canceled" in words
    assert "Cancel it first, or wait for its end." == hint


def test_deleting_a_paused_job_is_refused(stage: Stage) -> None:
    job = stage.submit().job.id
    done(stage, "pause", job)
    code, words, _ = refused(stage, "delete", job)
    assert "illegal_verb" == code
    assert "can't be deleted: it is paused" in words


def test_retrying_what_has_succeeded_needs_force(stage: Stage) -> None:
    job = stage.ended(5)
    code, words, hint = refused(stage, "retry", job)
    assert "illegal_verb" == code
    assert "can't be retried: it has succeeded" in words
    assert "--force" in str(hint)
    assert "queued" == done(stage, "retry", job, force=True).state


def test_pausing_what_has_saved_nothing_is_refused_and_discard_offered(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    code, words, hint = refused(stage, "pause", job)
    assert "no_checkpoint" == code
    assert "has written no checkpoint" in words
    assert "--discard" in str(hint)
    assert "pausing" == done(stage, "pause", job, discard=True).phase


def test_a_launch_is_paused_until_its_code_has_begun_whether_or_not_that_is_noted(stage: Stage) -> None:
    early, late = stage.submit().job.id, stage.submit(params={"seed": 2}).job.id
    for job in (early, late):
        stage.launch(job)
    begun = layout.begun_file(spool.attempt_folder(stage.site.settings.spool_root, late, 1))
    begun.parent.mkdir(parents=True)
    begun.touch()
    assert "starting" == jobs.show(stage.site, late).phase
    assert "pausing" == done(stage, "pause", early).phase
    code, words, hint = refused(stage, "pause", late)
    assert ("no_checkpoint", True) == (code, "--discard" in str(hint))
    assert "it is running and has written no checkpoint; all it did would be lost." in words
    assert "pausing" == done(stage, "pause", late, discard=True).phase


def test_one_refusal_stops_no_other(stage: Stage) -> None:
    ended, waiting = stage.ended(5), stage.submit().job.id
    first, second, third = act(stage, "archive", ended, waiting, "aaaaaaaaaa")
    assert (True, False, False) == (first.ok, second.ok, third.ok)
    assert third.problem is not None
    assert "unknown_job" == third.problem.code


def test_a_pause_and_what_follows_are_said_in_words(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    stage.save(job, 10)
    assert "Pausing, after its next checkpoint." == done(stage, "pause", job).sentence
    stage.end(job, EndReason.PAUSED)
    paused = jobs.show(stage.site, job)
    assert ("paused", "Paused by you at step 10.") == (paused.phase, paused.sentence)
    assert (Verb.CANCEL, Verb.KILL, Verb.ACTIVATE) == paused.verbs
    assert paused.checkpoint is not None
    assert (10, 1) == (paused.checkpoint.step, paused.checkpoint.count)
    activated = done(stage, "activate", job)
    assert ("queued", "Waits: about to start; it goes on from step 10.") == (activated.phase, activated.sentence)


def test_how_long_ago_a_pause_was_is_said_once_it_is_a_while(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    stage.save(job, 1200)
    done(stage, "pause", job)
    stage.end(job, EndReason.PAUSED)
    now = stage.site.now()
    monkeypatch.setattr(stage.site, "clock", lambda: now + 190)
    assert "Paused by you 3 min ago at step 1,200." == jobs.show(stage.site, job).sentence


def test_an_end_says_which_checkpoint_is_left(stage: Stage) -> None:
    stopped = stage.ended(1200, reason=EndReason.CANCELED)
    failed = stage.submit().job.id
    stage.begin(failed)
    stage.save(failed, 3000)
    stage.end(failed, EndReason.OUT_OF_MEMORY, "Killed, probably out of memory: 15.9 of 16 GB.")
    assert "Stopped by you; the checkpoint of step 1,200 is kept." == jobs.show(stage.site, stopped).sentence
    expected = "Killed, probably out of memory: 15.9 of 16 GB. Last checkpoint: step 3,000."
    assert expected == jobs.show(stage.site, failed).sentence


def test_a_retry_by_itself_says_which_one_it_is(stage: Stage) -> None:
    job = stage.submit(retries=2).job.id
    stage.begin(job)
    stage.save(job, 4)
    stage.end(job, EndReason.ERROR, "Failed: ValueError: no at cell [3], line 2.")
    view = jobs.show(stage.site, job)
    assert ("queued", 1, 2) == (view.state, view.retries.used, view.retries.max)
    assert "Waits: about to start; retry 1 of 2 goes on from step 4." == view.sentence
    assert "Failed: ValueError: no at cell [3], line 2." == view.attempts[0].sentence


def test_a_job_that_is_quiet_for_too_long_is_warned_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stage.submit(hang="40m").job.id
    stage.begin(job)
    now = stage.site.now()
    view = jobs.show(stage.site, job)
    assert (2400.0, None) == (view.quiet_after, view.warning)
    monkeypatch.setattr(stage.site, "clock", lambda: now + 42 * 60)
    assert "No report and no log line for 42 min." == jobs.show(stage.site, job).warning


def test_an_attempt_that_passed_damaged_checkpoints_over_says_so(stage: Stage) -> None:
    job = stage.ended(130, 135, reason=EndReason.ERROR)
    good, damaged = sorted(checkpoints.of_job(stage.site, stage.job(job)), key=lambda one: one.step)
    number = stage.begin_again(job)
    now = stage.site.now()
    started_from(stage.site.store, stage.epoch, good.job, number, good.step, good.name, now)
    assert jobs.show(stage.site, job).attempts[-1].sentence is None
    found_damaged(stage.site.store, damaged.job, damaged.name, now)
    words = "From step 130: the checkpoint of step 135 is damaged."
    assert words == jobs.show(stage.site, job).attempts[-1].sentence
    stage.end(job, EndReason.COMPLETED)
    first, last = jobs.show(stage.site, job).attempts
    assert (f"{words} Succeeded.", False) == (last.sentence, "From step" in (first.sentence or ""))


def test_an_attempt_that_could_use_no_checkpoint_says_that_it_began_anew(stage: Stage) -> None:
    job = stage.ended(130, 1135, 1140, reason=EndReason.ERROR)
    for one in checkpoints.of_job(stage.site, stage.job(job)):
        found_damaged(stage.site.store, one.job, one.name, stage.site.now())
    number = stage.begin_again(job)
    running = jobs.show(stage.site, job)
    assert (None, None) == (running.attempts[-1].sentence, running.warning), "it has not asked for one"
    started_from(stage.site.store, stage.epoch, stage.job(job).id, number, None, None, stage.site.now())
    words = "None of its 3 checkpoints could be used: all are damaged, the newest is of step 1,140; it began anew."
    running = jobs.show(stage.site, job)
    assert (words, words, None) == (running.attempts[-1].sentence, running.warning, running.attempts[-1].start_step)
    stage.save(job, 5)
    stage.end(job, EndReason.COMPLETED)
    done = jobs.show(stage.site, job)
    assert (f"{words} Succeeded.", None) == (done.attempts[-1].sentence, done.warning)
    assert "anew" not in str(done.attempts[0].sentence)


def test_that_there_was_one_checkpoint_only_is_said(stage: Stage) -> None:
    job = stage.ended(130, reason=EndReason.ERROR)
    (one,) = checkpoints.of_job(stage.site, stage.job(job))
    number, now = stage.begin_again(job), stage.site.now()
    found_damaged(stage.site.store, one.job, one.name, now)
    started_from(stage.site.store, stage.epoch, one.job, number, None, None, now)
    expected = "Its only checkpoint, of step 130, is damaged; it began anew."
    assert expected == jobs.show(stage.site, job).attempts[-1].sentence


def test_a_start_from_the_beginning_beside_whole_checkpoints_is_not_explained(stage: Stage) -> None:
    job = stage.ended(130, reason=EndReason.ERROR)
    number, now = stage.begin_again(job), stage.site.now()
    started_from(stage.site.store, stage.epoch, stage.job(job).id, number, None, None, now)
    assert jobs.show(stage.site, job).attempts[-1].sentence is None


def test_checkpoints_that_could_not_be_copied_to_their_url_are_warned_of(stage: Stage) -> None:
    url = "s3://nobucket/x"
    job = stage.submit(checkpoints={"to": url}).job.id
    stage.begin(job)
    assert jobs.show(stage.site, job).warning is None
    stage.save(job, 5)
    words = f"Its checkpoints are kept on this machine only: they could not be copied to {url}."
    assert words == jobs.show(stage.site, job).warning
    stage.save(job, 10, place=f"{url}/step-10")
    assert jobs.show(stage.site, job).warning is None
    stage.save(job, 15)
    stage.end(job, EndReason.COMPLETED)
    assert (words, words) == (jobs.show(stage.site, job).warning, jobs.show(stage.site, job).notice)


def test_it_is_said_that_its_own_pattern_is_given_up(stage: Stage) -> None:
    job = stage.submit(metrics={"loss": r"loss=([\d.]+)"}).job.id
    stage.begin(job)
    assert jobs.show(stage.site, job).notice is None
    folder = spool.attempt_folder(stage.site.settings.spool_root, job, 1)
    folder.mkdir(parents=True, exist_ok=True)
    layout.write_json(layout.slow_file(folder), {"metric": "loss"})

    notice = jobs.show(stage.site, job).notice

    assert notice is not None
    assert notice.startswith("metrics.loss: its pattern takes too long for what the code prints")


def test_archived_jobs_are_left_out_of_lists_unless_asked_for(stage: Stage) -> None:
    kept, away = stage.ended(), stage.ended()
    done(stage, "archive", away)

    def listed(**query: Any) -> list[str]:
        return [job.id for job in jobs.page(stage.site, jobs.JobsQuery(**query)).jobs]

    assert [kept] == listed()
    assert [away] == listed(archived=True)
    assert [away] == listed(filter="is:archived")
    assert [kept] == listed(filter="-is:archived")
    assert [kept] == [job.id for job in changes.snapshot(stage.site).jobs]
    assert {"succeeded": 1} == jobs.page(stage.site, jobs.JobsQuery()).counts
    view = jobs.show(stage.site, away)
    assert (True, (Verb.UNARCHIVE, Verb.DELETE)) == (view.archived, view.verbs)
    assert [kept, away] == sorted([*listed(), done(stage, "unarchive", away).id], key=[kept, away].index)


def test_a_deleted_job_is_gone_and_live_views_hear_of_it(stage: Stage) -> None:
    job, other = stage.ended(5), stage.ended()
    before = changes.head(stage.site)
    assert job == done(stage, "delete", job).id
    message = changes.since(stage.site, before)
    assert [("gone", job)] == [(one.kind, one.job) for one in message.changes]
    assert ((), {"succeeded": 1}) == (message.jobs, message.counts)
    assert [other] == [one.id for one in jobs.page(stage.site, jobs.JobsQuery()).jobs]


def test_tidying_finishes_what_a_deletion_left(stage: Stage) -> None:
    job = stage.ended(5)
    folders = [stage.site.settings.checkpoints / job, stage.site.settings.outputs / job]
    folders[1].mkdir(parents=True)
    done(stage, "delete", job)
    assert [job] == [one.job for one in removals.pending(stage.site.store)]
    tidy(stage.site)
    assert [False, False] == [folder.exists() for folder in folders]
    assert [] == removals.pending(stage.site.store)


def test_the_code_of_an_archived_job_survives_tidying(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stage.ended()
    done(stage, "archive", job)
    now = stage.site.now()
    monkeypatch.setattr(stage.site, "clock", lambda: now + 3 * 86_400)
    tidy(stage.site)
    (file,) = stage.job(job).spec.files
    assert (stage.site.settings.blobs / file.sha256).is_file()


def test_a_retry_of_a_job_with_secrets_needs_their_values_once_more(stage: Stage) -> None:
    job = stage.ended(reason=EndReason.ERROR, environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "x"})
    kept = stage.site.settings.secrets_file(stage.job(job).key)
    kept.unlink()  # as at the end of a job
    (result,) = act(stage, "retry", job)
    assert result.problem is not None
    assert [("environment.pass_env", "HF_TOKEN")] == [(one.key, one.detail) for one in result.problem.errors]
    assert JobState.FAILED is stage.job(job).state
    assert "queued" == done(stage, "retry", job, secrets={"HF_TOKEN": "hf_of_now", "OTHER": "z"}).state
    assert '{"HF_TOKEN": "hf_of_now"}' == kept.read_text()


def test_a_refused_retry_leaves_no_secret(stage: Stage) -> None:
    job = stage.ended(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "x"})
    kept = stage.site.settings.secrets_file(stage.job(job).key)
    kept.unlink()
    (result,) = act(stage, "retry", job, secrets={"HF_TOKEN": "y"})
    assert (False, False) == (result.ok, kept.exists())


def test_a_retry_runs_with_the_values_of_now_though_the_old_ones_are_there_still(stage: Stage) -> None:
    job = stage.ended(reason=EndReason.ERROR, environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "old"})
    kept = stage.site.settings.secrets_file(stage.job(job).key)
    assert kept.exists(), "the dispatcher was killed before it removed them"
    assert not act(stage, "retry", job)[0].ok, "nobody can say whether they will be there"
    assert "queued" == done(stage, "retry", job, secrets={"HF_TOKEN": "new"}).state
    assert '{"HF_TOKEN": "new"}' == kept.read_text()


def test_a_retry_that_is_not_stored_leaves_what_was_there(stage: Stage) -> None:
    job = stage.ended(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "old"})
    assert not act(stage, "retry", job, secrets={"HF_TOKEN": "new"})[0].ok
    assert ['{"HF_TOKEN": "old"}'] == [one.read_text() for one in stage.site.settings.secrets.iterdir()]


def test_a_paused_job_may_go_on_with_other_values(stage: Stage) -> None:
    job = stage.submit(environment={"pass_env": ["A", "B"]}, secrets={"A": "1", "B": "2"}).job.id
    stage.begin(job)
    stage.save(job, 5)
    done(stage, "pause", job)
    stage.end(job, EndReason.PAUSED)
    resuming.resume(stage.site, job, ResumeRequest(secrets={"B": "3"}))
    assert '{"A": "1", "B": "3"}' == stage.site.settings.secrets_file(stage.job(job).key).read_text()


def test_a_deleted_job_leaves_no_secret(stage: Stage) -> None:
    job = stage.ended(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "x"})
    kept = stage.site.settings.secrets_file(stage.job(job).key)
    assert kept.exists()
    act(stage, "delete", job)
    assert not kept.exists()
