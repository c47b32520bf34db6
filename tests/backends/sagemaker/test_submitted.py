"""Wishes as a submit asks them: the pool that is made, the spec that is stored, the price of a search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.core.ids import JobId
from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import ConfigText, ResumeRequest
from jupyter_training.services import configs, plans, resuming
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import experiments, views
from tests.backends.sagemaker.aws import IMAGE, SAVES, Aws
from tests.services.stage import USER, Stage, request

SEARCH: dict[str, Any] = {
    "params": {"lr": "loguniform(1e-4, 1e-1)"}, "metric": "loss", "mode": "min", "workers": 4, "max_trials": 8,
}  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "prices.csv").write_text("instance,price\nml.m5.large,0.5\n")
    told = {"region": "us-east-1", "image": IMAGE, "prices": "prices.csv"}
    with Site.open(Settings(home=home, local_slots=2, sagemaker=told)) as site:
        monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
        yield Stage(site)


def test_a_job_makes_its_pool_and_has_all_that_a_launch_needs(stage: Stage, known: Aws) -> None:
    found = stage.submit(backend="sagemaker", options={"instance": "ml.m5.large", "instances": 2}).job
    assert found is not None
    pool = views.pools(stage.site.store)["ml.m5.large"]
    assert ("sagemaker", True, {"instance": "ml.m5.large", "spot": False, "region": "us-east-1"}) == (
        pool.backend, pool.is_found, pool.options,
    )  # fmt: skip
    spec = stage.job(found.id).spec
    assert ("123456789012", 2) == (Settled.of(spec.options).account, spec.resources.slots)


def test_the_same_again_is_the_same_job(stage: Stage, known: Aws) -> None:
    said = {"backend": "sagemaker", "options": {"instance": "ml.m5.large"}, "if_exists": "reuse", "name": "a"}
    first, second = stage.submit(**said), stage.submit(**said)
    assert first.job is not None
    assert second.job is not None
    assert (first.job.id, False) == (second.job.id, second.created)


def test_a_search_knows_what_its_trials_cost(stage: Stage, known: Aws) -> None:
    options = {"instance": "ml.m5.large"}
    result = stage.submit(**SEARCH, backend="sagemaker", options=options, stop={"max_cost": 3})
    assert result.experiment is not None
    spec = experiments.one(stage.site.store, JobId(result.experiment.id)).spec
    assert (0.5, 3) == (spec.price, spec.stop.max_cost)
    assert "123456789012" == Settled.of(spec.template.options).account


def test_a_search_whose_price_nobody_knows_can_not_be_capped(stage: Stage, known: Aws) -> None:
    options = {"instance": "ml.g5.xlarge"}
    with pytest.raises(InvalidSpec, match="max_cost 3 can't be kept"):
        stage.submit(**SEARCH, backend="sagemaker", options=options, stop={"max_cost": 3})


@pytest.mark.parametrize(
    "said",
    [
        {"params": {"db": {"users": [{"password": "hunter2"}]}}},
        {"environment": {"variables": {"HF_TOKEN": "hunter2"}}},
        {"params": {"lr": "loguniform(1e-4, 1e-1)", "api_key": "choice(1, 2)"}, "metric": "loss", "mode": "min"},
    ],
)
def test_what_looks_like_a_secret_is_refused_with_what_helps_there(stage: Stage, said: dict[str, Any]) -> None:
    """By any way to say where it runs; what is handed over by name reaches no service."""
    far = {**said, "backend": "sagemaker", "options": {"instance": "ml.m5.large"}}
    with pytest.raises(InvalidSpec, match="looks like a secret") as refused:
        stage.submit(**far)
    assert "pass_env" not in str(refused.value.hint)
    assert "Let the code read it where it runs" in str(refused.value.hint)
    with pytest.raises(InvalidSpec, match="looks like a secret") as refused:
        stage.submit(**said)
    assert "pass_env: [" in str(refused.value.hint)


def test_what_only_sounds_like_a_secret_is_taken_there_too(stage: Stage, known: Aws) -> None:
    params = {"sort_key": "name", "pad_token": "<pad>", "eos_token": "</s>", "key": "a", "max_tokens": "10"}
    said = {"params": params, "environment": {"variables": {"PWD": "/tmp", "INDEX": "https://host:8080/a@b"}}}
    assert stage.submit(**said, backend="sagemaker", options={"instance": "ml.m5.large"}).created


def test_a_job_that_ran_there_is_resumed_with_no_secret_either(stage: Stage, known: Aws) -> None:
    job = stage.submit(backend="sagemaker", options={"instance": "ml.m5.large"}).job
    assert job is not None
    with pytest.raises(InvalidSpec, match="params.db.password looks like a secret") as refused:
        resuming.resume(stage.site, job.id, ResumeRequest(params={"db": {"password": "x"}}))
    assert "pass_env" not in str(refused.value.hint)
    url = {"db": "postgres://u:hunter2@host/d"}
    with pytest.raises(InvalidSpec, match="params.db: its URL has a password") as refused:
        resuming.resume(stage.site, job.id, ResumeRequest(params=url))
    assert "hunter2" not in str(refused.value)


SPOT: dict[str, Any] = {"backend": "sagemaker", "options": {"instance": "ml.m5.large", "spot": True}}


@pytest.mark.parametrize(
    ("said", "hint"),
    [("instance_count: 2", "Did you mean 'instances'?"), ("use_spot_instances: true", "Did you mean 'spot'?"),
     ("max_run: 60", "Say timeout, which is the job's"), ("instnace: x", "Did you mean 'instance'?")],
)  # fmt: skip
def test_a_config_is_told_what_is_meant_by_the_sdks_words(said: str, hint: str, stage: Stage) -> None:
    with pytest.raises(InvalidSpec) as refused:
        configs.config(stage.site, ConfigText(text=f"backend: sagemaker\noptions:\n  {said}\n", name="cfg"))
    (problem,) = refused.value.errors
    assert (3, True) == (problem.line, str(problem.hint).startswith(hint))


class TestDryRun:
    """A plan judges code that is not kept as a submit judges what it keeps."""

    @pytest.mark.parametrize("search", [{}, SEARCH])
    def test_of_spot_with_checkpoints(self, search: dict[str, Any], stage: Stage, known: Aws) -> None:
        code = f"lr = 0\n{SAVES.decode()}"
        wish = request(code, entry={"kind": "cell", "path": "train.py"}, **SPOT, **search)
        assert "ml.m5.large-spot" == plans.plan(stage.site, USER, wish).pool
        assert [] == list(stage.site.settings.blobs.iterdir())

    def test_of_spot_without_any(self, stage: Stage, aws: Aws) -> None:
        with pytest.raises(InvalidSpec, match=r"options\.spot: spare capacity may be taken away"):
            plans.plan(stage.site, USER, request(**SPOT))

    def test_of_spot_with_a_folder_that_was_not_sent_yet(self, stage: Stage, known: Aws) -> None:
        """Nobody knows what it keeps, so it is no reason for a refusal."""
        wish = request(**SPOT, context={"sha256": "ab" * 32, "size": 10, "files": 1})
        assert "ml.m5.large-spot" == plans.plan(stage.site, USER, wish).pool


class TestRegion:
    """One that is missing, or that there is not, is told with all else that is wrong."""

    @pytest.fixture(params=["none", "wrong"])
    def said(self, request: pytest.FixtureRequest, stage: Stage, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
        home: dict[str, Any] = {"image": IMAGE}
        if request.param == "wrong":
            home["region"] = "us-esat-1"
        monkeypatch.setattr(stage.site, "settings", replace(stage.site.settings, sagemaker=home))
        aws.region = None
        return "AWS has many regions" if request.param == "none" else "there is no region 'us-esat-1'"

    @pytest.mark.parametrize(
        ("options", "key", "words"),
        [
            ({}, "options.instance", "it is missing: on what type of machine shall it run"),
            ({"instance": "ml.g5.hugelarge"}, "options.instance", "SageMaker trains on no 'ml.g5.hugelarge'"),
            ({"instance": "ml.m5.large", "spot": True}, "options.spot", "without a checkpoint"),
            ({"instance": "ml.m5.large", "keep_alive": 10**6}, "options.keep_alive", "SageMaker takes at most"),
        ],
    )
    def test_with_another_fault(self, options: dict[str, Any], key: str, words: str, said: str, stage: Stage) -> None:
        with pytest.raises(InvalidSpec) as refused:
            stage.submit(backend="sagemaker", options=options)
        first, last = refused.value.errors
        assert ((key, "options.region"), True) == ((first.key, last.key), words in first.detail)
        assert said in last.detail

    def test_alone(self, said: str, stage: Stage) -> None:
        with pytest.raises(InvalidSpec, match=f"options.region: {said}"):
            stage.submit(backend="sagemaker", options={"instance": "ml.m5.large"})
        assert not any(pool.backend == "sagemaker" for pool in views.pools(stage.site.store).values())
