"""Bad input gets a clear error that names the thing, and nothing is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.search_jobs import drivers_pool
from jupyter_training.errors import (
    InvalidSpec,
    JobExists,
    KeyReused,
    TooLarge,
    TrainingError,
    UnknownPlugin,
    UnknownPool,
)
from jupyter_training.schema import SubmitRequest
from jupyter_training.services import asking, submitting
from jupyter_training.services.api import operation
from jupyter_training.services.plans import plan
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings
from jupyter_training.store import facts, lease, pools, verbs, views

SCRIPT = "print('hello')\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A home whose wishes nobody acts on: these tests end before any job starts."""
    site = Site.open(Settings(home=tmp_path / "home", local_slots=2, bundle_limit_bytes=10_000))
    monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
    return site


def a_body(**changes: Any) -> dict[str, Any]:
    return {
        "key": "key-12345678",
        "entry": {"kind": "script", "path": "train.py"},
        "files": [{"path": "train.py", "text": SCRIPT}],
        **changes,
    }


def a_request(**changes: Any) -> SubmitRequest:
    return SubmitRequest.model_validate(a_body(**changes))


def refused(site: Site, kind: type[TrainingError], **changes: Any) -> TrainingError:
    with pytest.raises(kind) as caught:
        request = asking.read_body(operation("submit"), a_body(**changes))
        assert isinstance(request, SubmitRequest)
        submit(site, request, user="ada")
    assert [] == views.unfinished(site.store), "nothing may be stored"
    return caught.value


TAKES_LR = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--batch-size", type=int)
args = parser.parse_args()
"""


@pytest.mark.parametrize(
    ("params", "words", "hint"),
    [
        ({"rl": 0.1}, "train.py takes no parameter 'rl'.", "Did you mean lr?"),
        ({"batch_size": 3, "lr": 1}, "train.py takes no parameter 'batch_size'.", "Did you mean batch-size?"),
        ({"momentum": 1}, "train.py takes no parameter 'momentum'.", "It takes: lr, batch-size."),
    ],
)
def test_a_parameter_that_the_script_s_parser_does_not_take_is_refused(
    site: Site, params: dict[str, Any], words: str, hint: str
) -> None:
    error = refused(site, InvalidSpec, files=[{"path": "train.py", "text": TAKES_LR}], params=params)
    assert (words, hint, f"params.{min(params)}") == (error.detail, error.hint, error.errors[0].key)
    request = a_request(files=[{"path": "train.py", "text": TAKES_LR}], params=params)
    with pytest.raises(InvalidSpec, match="takes no parameter"):
        plan(site, "ada", request)


@pytest.mark.parametrize(
    "text",
    [SCRIPT, TAKES_LR.replace("parse_args", "parse_known_args"), TAKES_LR.replace('"--batch-size"', "name")],
    ids=["no argparse", "known alone", "computed"],
)
def test_what_may_take_any_parameter_is_given_it(site: Site, text: str) -> None:
    files = [{"path": "train.py", "text": text}]
    assert {"rl": 0.1} == submit(site, a_request(files=files, params={"rl": 0.1}), user="ada").job.spec.params


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"priority": 0}, "priority: 0 is not allowed"),
        ({"priority": 100}, "priority: 100 is not allowed"),
        ({"priority": 1.5}, "priority: it must be a whole number from 1 (first) to 99, not 1.5."),
        ({"priority": "high"}, "priority: it must be a whole number from 1 (first) to 99, not 'high'."),
        ({"weight": 0}, "weight: 0 is not allowed; it must be above 0"),
        ({"weight": -1}, "weight: -1 is not allowed; it must be above 0"),
        ({"weight": 1e-310}, "weight: 1e-310 is not allowed; it must be above 0, from 0.000001 to 1000000000."),
        ({"weight": float("nan")}, "weight: it must be a number above 0, not nan."),
        ({"resources": {"slots": 3}}, "asks for 3; the pool 'local' has 2"),
        ({"resources": {"gpus": 1}}, "the pool 'local' has none"),
        ({"timeout": "soon"}, "'soon' is not a duration"),
        ({"timeout": -1}, "timeout: -1"),
        ({"timeout": float("nan")}, "timeout: nan"),
        ({"timeout": 0}, "timeout"),
        ({"grace": "1 fortnight"}, "not a duration"),
        ({"name": "a b"}, "'a b' is not a name"),
        ({"name": "x" * 64}, "is not a name"),
        ({"metrics": {"loss": "("}}, "metrics.loss"),
        ({"params": {"lr": float("inf")}}, "params.lr: inf is not allowed"),
        ({"params": {"1lr": 1}}, "'1lr' is not a parameter's name"),
        ({"params": {"api_key": "abc"}}, "looks like a secret"),
        ({"environment": {"variables": {"HF_TOKEN": "abc"}}}, "environment.variables.HF_TOKEN looks like a secret"),
        ({"config": {"text": "environment: {variables: {API_KEY: abc}}"}}, "API_KEY looks like a secret"),
        ({"environment": {"pass_env": ["HF_TOKEN"]}}, "HF_TOKEN has no value"),
        ({"files": [{"path": "../train.py", "text": ""}]}, "not inside"),
        ({"files": [{"path": "/etc/train.py", "text": ""}]}, "not inside"),
        ({"files": [{"path": "train.py"}]}, "either text or base64"),
        ({"files": [{"path": "train.py", "base64": "?"}]}, "not valid base64"),
        ({"files": [{"path": "other.py", "text": ""}]}, "'train.py' is not among the files"),
        ({"files": [{"path": "train.py", "text": ""}, {"path": "./train.py", "text": ""}]}, "there twice"),
        ({"files": [{"path": "train.py", "text": "x = 1\nfor\n"}]}, "train.py, line 2"),
        ({"files": [{"path": "train.py", "text": "x = '\0'"}]}, "train.py"),
        ({"config": {"text": "nmae: x"}}, "there is no key 'nmae'"),
        ({"config": {"text": "slots: many"}}, "config line 1, column 1: slots"),
    ],
)
def test_a_bad_value_is_refused_in_words(site: Site, changes: dict[str, Any], words: str) -> None:
    assert words in str(refused(site, InvalidSpec, **changes))


@pytest.mark.parametrize(
    ("name", "hint"), [("my model", "E.g. my-model."), ("Wärme 2", "E.g. Warme-2."), ("模型", None)]
)
def test_a_name_that_is_none_gets_a_likely_one(site: Site, name: str, hint: str | None) -> None:
    assert hint == refused(site, InvalidSpec, name=name).hint


def test_a_config_error_has_its_position_and_near_miss(site: Site) -> None:
    error = refused(site, InvalidSpec, config={"text": "name: a\nresources:\n  slot: 1\n", "name": "cell [2]"})
    assert "cell [2] line 3, column 3" in error.detail
    assert "Did you mean 'slots'?" == error.hint


def test_an_unknown_pool_is_told_with_those_there_are(site: Site) -> None:
    error = refused(site, UnknownPool, pool="locla")
    assert "there is: local" in error.detail
    assert "Did you mean 'local'?" == error.hint
    assert "pool" == error.errors[0].key


@pytest.mark.parametrize("varies", [False, True], ids=["training", "search"])
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"launcher": "driver"}, "launcher"),
        ({"environment": {"kind": "dispatcher"}}, "environment.kind"),
        ({"pool": "drivers"}, "pool"),
    ],
)
def test_nobody_s_code_gets_what_a_driver_has(site: Site, changes: dict[str, Any], key: str, varies: bool) -> None:
    """Its environment holds how the store is reached, with the password."""
    pools.write(site.store, drivers_pool(8), now=site.now())
    search = {"params": {"lr": "uniform(0, 1)"}, "metric": "loss", "mode": "min"} if varies else {}
    with pytest.raises(InvalidSpec, match="for what drives a search") as caught:
        submitting.submit(site, "ada", a_request(**search, **changes))
    assert [key] == [one.key for one in caught.value.errors]
    assert [] == views.unfinished(site.store)


@pytest.mark.parametrize("changes", [{"launcher": "plian"}, {"environment": {"kind": "curent"}}])
def test_an_unknown_plugin_is_told_with_those_there_are(site: Site, changes: dict[str, Any]) -> None:
    assert "Did you mean" in str(refused(site, UnknownPlugin, **changes))


def test_code_over_the_limit_names_the_largest_files(site: Site) -> None:
    error = refused(
        site, TooLarge, files=[{"path": "train.py", "text": SCRIPT}, {"path": "big.txt", "text": "x" * 9_990}]
    )
    assert "big.txt" in error.detail


@pytest.mark.parametrize("changes", [{"key": "short"}, {"prio": 1}, {"files": []}, {"params": []}])
def test_a_malformed_request_never_becomes_a_wish(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_request(**changes)


def test_a_key_that_comes_again_with_other_content_is_refused(site: Site) -> None:
    submit(site, a_request(), user="ada")
    with pytest.raises(KeyReused):
        submit(site, a_request(params={"lr": 1}), user="ada")
    assert 1 == len(views.unfinished(site.store))


def test_a_repeated_submit_is_the_same_job(site: Site) -> None:
    first = submit(site, a_request(), user="ada")
    second = submit(site, a_request(), user="ada")
    assert (True, False, first.job.id) == (first.created, second.created, second.job.id)


def test_a_request_wins_over_its_config_and_params_are_merged(site: Site) -> None:
    config = {"text": "name: from-config\npriority: 7\nparams: {lr: 0.1, batch: 64}\nslots: 2\nmemory: 2GB\n"}
    job = submit(site, a_request(name="mine", params={"lr": 0.5}, config=config), user="ada").job
    assert ("mine", 7, {"lr": 0.5, "batch": 64}) == (job.name, job.priority, job.spec.params)
    assert (2, 2_000_000_000) == (job.spec.resources.slots, job.spec.resources.memory)


def test_secret_values_are_kept_beside_the_store_for_their_owner_only(site: Site) -> None:
    request = a_request(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "hf-very-secret"})
    job = submit(site, request, user="ada").job
    kept = site.settings.secrets_file(job.key)
    assert 0o600 == kept.stat().st_mode & 0o777
    home = site.settings.home
    leaks = [
        path for path in home.rglob("*") if path.is_file() and path != kept and b"hf-very-secret" in path.read_bytes()
    ]
    assert [] == leaks
    assert "hf-very-secret" not in repr(job)


def test_variables_without_a_value_are_named_so_that_they_can_be_asked_for(site: Site) -> None:
    request = a_request(environment={"pass_env": ["A_KEY", "HF_TOKEN", "B_KEY"]}, secrets={"HF_TOKEN": "hf"})
    with pytest.raises(InvalidSpec) as refused:
        submit(site, request, user="ada")
    assert [("environment.pass_env", "A_KEY, B_KEY")] == [(one.key, one.detail) for one in refused.value.errors]


def test_no_secret_values_stay_of_a_wish_that_made_no_job(site: Site) -> None:
    with_secret = {"environment": {"pass_env": ["HF_TOKEN"]}, "secrets": {"HF_TOKEN": "hf-very-secret"}}
    submit(site, a_request(key="first-key", **with_secret), user="ada")
    with pytest.raises(JobExists):
        submit(site, a_request(key="second-key", if_exists="error", **with_secret), user="ada")
    submit(site, a_request(key="third-key", if_exists="reuse", **with_secret), user="ada")
    assert [site.settings.secrets_file("first-key")] == list(site.settings.secrets.iterdir())


def test_a_key_that_comes_again_with_other_content_leaves_the_first_job_its_secret_values(site: Site) -> None:
    with_secret = a_request(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "hf-of-the-first"})
    job = submit(site, with_secret, user="ada").job
    other = {"environment": {"pass_env": ["HF_TOKEN"]}, "secrets": {"HF_TOKEN": "hf-of-the-second"}}
    with pytest.raises(KeyReused):
        submit(site, a_request(params={"lr": 0.5}, **other), user="ada")
    assert not submit(site, a_request(**other), user="ada").created
    kept = site.settings.secrets_file(job.key)
    assert '{"HF_TOKEN": "hf-of-the-first"}' == kept.read_text("utf-8")
    assert [kept] == list(site.settings.secrets.iterdir())


def test_a_submit_that_is_repeated_after_its_jobs_end_leaves_no_secret_values(site: Site) -> None:
    request = a_request(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "hf-very-secret"})
    job = submit(site, request, user="ada").job
    verbs.wish(site.store, [job.id], Verb.CANCEL, now=site.now())
    term = lease.take(site.store, lease.Holder("here", 1, 1, "boot"), ttl=60, boot_now=0, alive=lambda _: False)
    assert term is not None
    facts.finished(site.store, term.epoch, job.id, EndReason.CANCELED, site.now())
    site.settings.secrets_file(job.key).unlink()  # as the dispatcher does at a job's end
    assert not submit(site, request, user="ada").created
    assert [] == list(site.settings.secrets.iterdir())


def test_a_submit_that_is_repeated_while_it_is_under_way_is_one_job(site: Site) -> None:
    request = a_request(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "hf-very-secret"})
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda _: submit(site, request, user="ada"), range(24)))
    assert (1, 1) == (sum(one.created for one in found), len({one.job.id for one in found}))
    assert [site.settings.secrets_file(request.key)] == list(site.settings.secrets.iterdir())
