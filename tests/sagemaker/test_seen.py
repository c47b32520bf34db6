"""What a person sees of a job that SageMaker runs: why it waits, what is done with it, what it has cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli.main import main
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, EndReason, Seen
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch.figures import Figures
from jupyter_training.errors import IllegalMove, InvalidSpec
from jupyter_training.kernel import card, service_words
from jupyter_training.kernel.queue_words import heading
from jupyter_training.schema import JobView, MoveRequest, PoolRequest
from jupyter_training.seams.backend import AttemptRef, End, Observation
from jupyter_training.services import moves, plans, pools, queue
from jupyter_training.services.present import job_views
from jupyter_training.store import facts, views
from jupyter_training.store import pools as pool_rows
from tests.kernel.shells import Cells
from tests.sagemaker.test_saying import BODY
from tests.services.stage import USER, Stage, request

QUOTA = (
    "AWS allows 0 at once (quota 'ml.g5.xlarge for training job usage');"
    " ask for more in the AWS console: Service Quotas, Amazon SageMaker."
)


def wished(stage: Stage, name: str = "digits", **options: Any) -> str:
    told = stage.submit(
        BODY, name=name, backend="sagemaker", options={"instance": "ml.g5.xlarge", **options}, timeout="1h"
    ).job
    assert told is not None
    return told.id


def told(stage: Stage, slots: int, remark: str | None, pool: str = "ml.g5.xlarge") -> None:
    """What the service says of a pool."""
    found = views.pools(stage.site.store)[pool]
    pool_rows.write(stage.site.store, replace(found, slots=found.limited(slots), remark=remark), now=Instant(0.0))


def seen(stage: Stage, job: str) -> JobView:
    (view,) = job_views(stage.site, [stage.job(job)], full=True)
    return view


def observed(stage: Stage, job: str, figures: dict[str, float], *, over: bool = False, boot: float = 0.0) -> bool:
    attempt = views.attempts(stage.site.store, [JobId(job)])[JobId(job)][-1]
    end = End(EndReason.COMPLETED) if over else None
    ref = AttemptRef(attempt.job, attempt.number, attempt.token, attempt.handle)
    found = Observation(ref, Seen.LIVE, AttemptState.RUNNING, end=end, figures=figures)
    return Figures(stage.site.store).keep(attempt, found, stage.site.now(), boot)


def test_a_job_that_the_quota_does_not_allow_waits_and_says_for_what(stage: Stage) -> None:
    job = wished(stage, instances=4)
    told(stage, 0, QUOTA)
    assert f"Waits: ml.g5.xlarge: {QUOTA}" == seen(stage, job).sentence
    told(stage, 2, QUOTA.replace("allows 0", "allows 2"))
    words = "Waits: It asks for 4 at once, ml.g5.xlarge has 2 now. AWS allows 2 at once"
    assert seen(stage, job).sentence.startswith(words)
    told(stage, 8, None)
    assert "Waits: about to start." == seen(stage, job).sentence


def test_before_anybody_was_asked_it_is_being_looked_up(stage: Stage) -> None:
    job = wished(stage)
    told(stage, 0, None)
    assert "Waits: What ml.g5.xlarge has now is being looked up." == seen(stage, job).sentence


def test_each_job_that_waits_for_the_same_reason_says_it(stage: Stage) -> None:
    first, second, third = (wished(stage, name) for name in ("one", "two", "three"))
    told(stage, 1, QUOTA.replace("allows 0", "allows 1"))
    stage.begin(first)
    assert "1 of 1 slots are used by one; it needs 1. AWS allows 1 at once" in seen(stage, second).sentence
    assert "two is ahead. AWS allows 1 at once" in seen(stage, third).sentence


def test_the_queue_and_the_list_of_pools_say_it_too(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    wished(stage)
    told(stage, 0, QUOTA)
    page = queue.page(stage.site, queue.QueueQuery(pool="ml.g5.xlarge")).model_dump(mode="json")
    assert heading(page).endswith(f"by priority. {QUOTA}")
    assert 0 == main(["pool", "list"])
    assert f"ml.g5.xlarge: {QUOTA}" in capsys.readouterr().out


def test_pools_are_a_table_in_a_notebook_too(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wished(stage)
    told(stage, 0, QUOTA)
    monkeypatch.chdir(tmp_path)
    cells = Cells()
    try:
        shown = cells.run("%train pools")
    finally:
        cells.close()
    assert cells.result.error_in_exec is None
    assert "ml.g5.xlarge" in shown
    assert QUOTA in shown


def test_a_person_s_own_limit_stays_below_what_the_service_gives(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    wished(stage)
    assert 0 == main(["pool", "set", "ml.g5.xlarge", "--slots", "4"]), capsys.readouterr().err
    assert "ml.g5.xlarge: You let it have 4 at most." in capsys.readouterr().out
    found = views.pools(stage.site.store)["ml.g5.xlarge"]
    assert (True, 4, 2, 4) == (found.is_found, found.limited(20), found.limited(2), found.options["at_most"])
    assert 0 == main(["pool", "set", "ml.g5.xlarge", "--found"])
    assert 20 == views.pools(stage.site.store)["ml.g5.xlarge"].limited(20)
    with pytest.raises(InvalidSpec, match="gpus: what a machine at 'sagemaker' has follows from its kind"):
        pools.set_pool(stage.site, PoolRequest(name="ml.g5.xlarge", gpus=1))


def test_a_pool_of_a_person_s_own(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pool", "add", "team", "--backend", "sagemaker", "--option"]
    assert 2 == main([*words, "instnce=ml.m5.xlarge"])
    assert "Did you mean 'instance'?" in capsys.readouterr().err
    assert 0 == main([*words, "instance=ml.m5.xlarge", "--slots", "3"])
    found = views.pools(stage.site.store)["team"]
    assert ("sagemaker", True, 3, "ml.m5.xlarge") == (
        found.backend, found.is_found, found.slots, found.options["instance"],
    )  # fmt: skip
    job = stage.submit(BODY, pool="team").job
    assert job is not None
    assert ("team", "ml.m5.xlarge") == (job.pool, stage.job(job.id).spec.options["instance"])


def test_the_stage_is_in_the_sentence(stage: Stage) -> None:
    job = wished(stage)
    number = stage.launch(job)
    for stood, words in (
        ("starting", "Starting."),
        ("downloading the image", "Starting: downloading the image."),
        ("starting: Launching requested ML instances", "Starting: Launching requested ML instances."),
    ):
        facts.seen(stage.site.store, stage.epoch, JobId(job), number, Seen.LIVE, stage.site.now(), stage=stood)
        assert words == seen(stage, job).sentence
    facts.running(stage.site.store, stage.epoch, JobId(job), number, stage.site.now(), stage.site.now())
    for stood, words in (
        ("training", "Running."),
        (
            "interrupted by AWS; it starts again from its checkpoint",
            "Interrupted by AWS; it starts again from its checkpoint.",
        ),
        ("uploading results", "Uploading results."),
    ):
        facts.seen(stage.site.store, stage.epoch, JobId(job), number, Seen.LIVE, stage.site.now(), stage=stood)
        view = seen(stage, job)
        assert (words, stood) == (view.sentence, view.service.stage if view.service is not None else None)
        assert (words != "Running.") == (words in card.html(view.model_dump(mode="json")))
    gone = "the AWS credentials have expired"
    facts.seen(stage.site.store, stage.epoch, JobId(job), number, Seen.UNKNOWN, stage.site.now(), stage=gone)
    assert seen(stage, job).sentence.endswith("until there is one. The AWS credentials have expired.")


def test_lag_bill_saving_and_the_model_are_on_the_card_and_in_show(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = stage.site.settings.home / "prices.csv"
    prices.write_text("instance,region,price,currency\nml.g5.xlarge,eu-west-1,2.00,USD\n")
    site = stage.site
    monkeypatch.setattr(
        site, "settings", replace(site.settings, sagemaker={**site.settings.sagemaker, "prices": "prices.csv"})
    )
    job = wished(stage, instances=2, spot=True)
    number = stage.begin(job)
    name = f"jt-digits-{job[:8]}-1"
    facts.launched(site.store, stage.epoch, JobId(job), number, f"eu-west-1/{name}", site.now())
    assert observed(stage, job, {"service/log_lag": 12.0})
    view = seen(stage, job)
    assert "2 × ml.g5.xlarge, spot · log lag 12 s" == service_words.line(view.model_dump(mode="json"))
    assert observed(stage, job, {"service/training_seconds": 3600.0, "service/billable_seconds": 1080.0}, over=True)
    stage.end(job, EndReason.COMPLETED)
    view = seen(stage, job)
    said = view.model_dump(mode="json")
    assert "2 × ml.g5.xlarge, spot · billed 18 min of 1 h 0 m · 1.20 USD, 70 % saved" == service_words.line(said)
    assert service_words.line(said).replace("×", "×") in card.text(said)
    assert {} == view.machine
    bucket = "sagemaker-eu-west-1-123456789012/jupyter-training/out"
    assert {
        "runs on": "sagemaker: 2 × ml.g5.xlarge, spot",
        "training job": name,
        "billed": "18 min of 1 h 0 m",
        "cost": "1.20 USD, 70 % saved",
        "model": f"s3://{bucket}/{name}/output/model.tar.gz",
    } == dict(service_words.facts(said))
    assert 0 == main(["show", job])
    assert name in capsys.readouterr().out


def test_what_each_attempt_was_billed_is_added_up(stage: Stage) -> None:
    job = wished(stage)
    stage.begin(job)
    assert observed(stage, job, {"service/billable_seconds": 100.0}, over=True)
    stage.end(job, EndReason.ERROR)
    stage.begin_again(job)
    assert observed(stage, job, {"service/billable_seconds": 30.0})
    service = seen(stage, job).service
    assert service is not None
    assert 130.0 == service.billable


def test_figures_are_kept_now_and_then_and_at_the_end(stage: Stage) -> None:
    job = wished(stage)
    stage.begin(job)
    attempt = views.attempts(stage.site.store, [JobId(job)])[JobId(job)][-1]
    kept = Figures(stage.site.store)
    ref = AttemptRef(attempt.job, attempt.number, attempt.token, None)

    def keep(lag: float, boot: float, end: End | None = None) -> bool:
        found = Observation(ref, Seen.LIVE, AttemptState.RUNNING, end=end, figures={"service/log_lag": lag})
        return kept.keep(attempt, found, stage.site.now(), boot)

    assert [True, False, False, True, True] == [
        keep(1.0, 0.0), keep(1.0, 20.0), keep(2.0, 5.0), keep(3.0, 11.0), keep(3.0, 12.0, End(EndReason.COMPLETED)),
    ]  # fmt: skip
    assert Figures(stage.site.store).keep(  # after a restart
        attempt, Observation(ref, Seen.LIVE, AttemptState.RUNNING, figures={"service/log_lag": 9.0}), Instant(1.0), 0.0
    )


def test_a_job_is_not_moved_to_where_its_options_mean_something_else(stage: Stage) -> None:
    job = wished(stage)
    wished(stage, "other", instance="ml.m5.xlarge")
    for pool, words in (("local", "runs its jobs at 'local'"), ("ml.m5.xlarge", "is for instance ml.m5.xlarge")):
        (result,) = moves.move(stage.site, USER, MoveRequest(jobs=(job,), resource_pool=pool)).results
        assert result.problem is not None
        assert (IllegalMove.code, True) == (result.problem.code, words in result.problem.detail), result.problem
    pool_rows.write(
        stage.site.store,
        Pool("team", "sagemaker", 1, is_found=True, options={"instance": "ml.g5.xlarge"}),
        now=Instant(0.0),
    )
    (result,) = moves.move(stage.site, USER, MoveRequest(jobs=(job,), resource_pool="team")).results
    assert result.ok


def test_a_dry_run_shows_what_would_be_sent_and_what_it_costs(
    stage: Stage, tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = request(BODY, backend="sagemaker", options={"instance": "ml.g5.xlarge"}, timeout="1h")
    found = plans.plan(stage.site, USER, wish).service
    assert found is not None
    assert ("sagemaker", "ml.g5.xlarge") == (found.backend, found.machines)
    assert found.request["ResourceConfig"]["InstanceType"] == "ml.g5.xlarge"  # type: ignore[index, call-overload]
    assert any(one.what == "code" and one.size > 0 for one in found.uploads)
    assert {"local"} == set(views.pools(stage.site.store))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(BODY)
    words = ["submit", "train.py", "--backend", "sagemaker", "--instance", "ml.g5.xlarge", "--dry-run"]
    assert 0 == main(words)
    shown = capsys.readouterr().out
    assert "price unknown" in shown.lower(), shown
    assert "TrainingJobName" in shown
