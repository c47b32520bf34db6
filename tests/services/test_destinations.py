"""Where checkpoints may be kept: what can be no place is refused at the submit, and no secret gets into a job."""

from __future__ import annotations

import pytest

from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import ConfigText
from jupyter_training.services import configs, destinations, jobs
from tests.services.stage import Stage


@pytest.mark.parametrize(
    "to",
    [
        "s3://AKIAEXAMPLE:s3cr3t@bucket/x",
        "s3://AKIAEXAMPLE:s3/cr3t@bucket/x",
        "ftp://u:s3cr3t@host/x",
        "https://s3cr3t@host/x",
        "simplecache::s3://k:s3cr3t@bucket/x",
        "abfs://k:s3cr3t@account/x",
        "s4://k:s3cr3t@bucket",
        "S3://k:s3cr3t@bucket",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_repeated(stage: Stage, to: str) -> None:
    with pytest.raises(InvalidSpec, match=r"^checkpoints\.to: a user or a password in the URL") as caught:
        stage.submit(checkpoints={"to": to})
    said = f"{caught.value.to_problem()} {caught.value.hint}"
    assert "pass_env" in said
    assert "s3cr3t" not in said and "s3/cr3t" not in said
    assert () == jobs.page(stage.site, jobs.JobsQuery()).jobs


@pytest.mark.parametrize(
    ("to", "words", "hint"),
    [
        ("s33://bucket/x", "there is no kind of storage 's33'", "Did you mean s3://?"),
        ("simplecahe::s3://bucket/x", "there is no kind of storage 'simplecahe'", "Did you mean simplecache://?"),
        ("runs/x", "'runs/x' is neither a URL nor a whole path", "/data/checkpoints"),
        ("./x", "'./x' is neither a URL nor a whole path", "/data/checkpoints"),
        ("", "'' is neither a URL nor a whole path", "/data/checkpoints"),
        ("file://runs/x", "'file://runs/x' has no whole path", "file:///data/checkpoints"),
        ("://x", "there is no kind of storage ''", "s3://"),
    ],
)
def test_what_is_no_place_is_refused_with_its_key(stage: Stage, to: str, words: str, hint: str) -> None:
    with pytest.raises(InvalidSpec, match=r"^checkpoints\.to: ") as caught:
        stage.submit(checkpoints={"to": to})
    (problem,) = caught.value.errors
    assert ("checkpoints.to", True, True) == (problem.key, words in problem.detail, hint in str(problem.hint))


def test_in_a_config_it_has_its_line(stage: Stage) -> None:
    text = "timeout: 5m\ncheckpoints:\n  keep: {trial_best: 2}\n  to: s33://bucket/x\n"
    for ask in (
        lambda: configs.config(stage.site, ConfigText(text=text, name="cfg")),
        lambda: stage.submit(config={"text": text, "name": "cfg"}),
    ):
        with pytest.raises(InvalidSpec, match=r"cfg line 4, column 3: checkpoints\.to: ") as caught:
            ask()
        assert [(4, 3)] == [(one.line, one.column) for one in caught.value.errors]


@pytest.mark.parametrize(
    "to",
    [
        "s3://bucket/x",
        "abfs://container@account.dfs.core.windows.net/x",
        "ftp://host:21/home@here",
        "s3://bucket/runs@night",
        "simplecache::s3://bucket/x",
        "memory://x",
        "file:///data/x",
        "/data/x",
        "~/x",
    ],
)
def test_what_may_be_a_place_is_taken(to: str) -> None:
    assert destinations.fault(to) is None
