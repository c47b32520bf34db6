"""What a person types to narrow a list means what it says, and a mistake is shown where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.filter import Comparison, Field, Filter, Text, fits, parse
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Origin
from jupyter_training.core.lifecycle import Desired, JobState
from jupyter_training.errors import InvalidRequest
from jupyter_training.testing.builders import a_spec

JOB = Job(
    id=JobId("abcdefghij"),
    seq=1,
    key="key",
    spec=a_spec(
        "digits-mlp",
        params={"lr": 0.1, "batch": 64, "optimizer": "adam", "bias": True, "layers": [8, 8]},
        tags={"data": "v2", "quick": ""},
    ),
    spec_hash="h",
    origin=Origin("ada", "area/digits.ipynb"),
    pool="local",
    priority=42,
    position="5",
    desired=Desired.RUN,
    generation=0,
    holds=frozenset(),
    state=JobState.FAILED,
    reason=None,
    detail=None,
    submitted=Instant(0.0),
    started=None,
    ended=None,
    attempt=0,
    version=1,
)
LAST = {"val_accuracy": 0.93, "train/loss": 0.2, "broken": None, "lr": 0.05}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "digits",
        "MLP",
        "abcd",
        '"digits-mlp"',
        "-other",
        "state:failed",
        "STATE:Failed",
        "state:running,failed",
        "state:running state:failed",
        "-state:running",
        "name:digits-mlp",
        "name:digits-*",
        "name:other,digits-*",
        "user:ada pool:local",
        "notebook:digits.ipynb",
        "notebook:digits",
        "notebook:area/digits",
        "notebook:area/digits.ipynb",
        "tag:data",
        "tag:quick",
        "tag:data=v2",
        "tag:data=v*",
        "-tag:data=v1",
        'tag:"data=v2"',
        "val_accuracy>0.9",
        "val_accuracy>=.93",
        "train/loss<1e0",
        "train/loss=0.2",
        "train/loss!=0.3",
        "lr<=0.05",
        "batch=64",
        "batch==64.0",
        "optimizer=adam",
        "optimizer!=sgd",
        "bias=true",
        'layers="[8, 8]"',
        "-val_accuracy>0.95",
        "-nothing>1",
        "state:failed tag:data val_accuracy>0.9 lr<=0.1 digits",
        '"val_accuracy">0.9',
    ],
)
def test_what_fits(text: str) -> None:
    assert fits(parse(text), JOB, LAST)


@pytest.mark.parametrize(
    "text",
    [
        "other",
        "-digits",
        "state:running",
        "-state:failed",
        "name:digits",
        "user:Ada",
        "notebook:gits.ipynb",
        "notebook:other",
        "tag:dat",
        "tag:data=v1",
        "tag:data tag:absent",
        "val_accuracy>0.93",
        "lr>=0.1",
        "nothing>1",
        "nothing!=1",
        "broken<1",
        "optimizer>1",
        "bias=1",
        'batch="64.0"',
        "digits val_accuracy<0.5",
        "-val_accuracy>0.9",
    ],
)
def test_what_does_not_fit(text: str) -> None:
    assert not fits(parse(text), JOB, LAST)


def test_a_job_without_a_notebook_is_of_none() -> None:
    bare = replace(JOB, origin=Origin("ada"))
    assert not fits(parse("notebook:*"), bare, {})
    assert fits(parse("-notebook:*"), bare, {})


def test_terms_as_they_are_read() -> None:
    assert Filter(
        (
            Field("state", ("failed", "canceled")),
            Field("tag", ("a=b c",)),
            Comparison("x", "=", "2", negated=True),
            Comparison("y", ">", 2.0),
            Text("two words"),
            Text("-"),
        )
    ) == parse('state:failed state:canceled tag:"a=b c" -x="2" y>2 "two words" -')
    assert frozenset({"x", "y"}) == parse("x>1 -y=2 z").metrics


@pytest.mark.parametrize(
    ("text", "column", "words", "hint"),
    [
        ("stat:failed", 1, "no word 'stat'", "Did you mean 'state'?"),
        ("lr>1 -notbook:a", 7, "no word 'notbook'", "Did you mean 'notebook'?"),
        ("colour:red", 1, "no word 'colour'", "The words are: state, tag, name, user, pool, notebook, is."),
        ("state:cancelled", 7, "no state 'cancelled'", "Did you mean 'canceled'?"),
        ("state:failed,runing", 14, "no state 'runing'", "Did you mean 'running'?"),
        ("state:", 7, "a value is missing after 'state:'", "state:failed"),
        ("tag: x", 5, "a value is missing", "tag:data"),
        ("name:a,", 8, "a value is missing", "name:digits-*"),
        ("loss>", 6, "a value is missing after 'loss>'", "loss>0.9"),
        ("loss>high", 6, "'high' is not a number", "= or !="),
        ("loss>nan", 6, "'nan' is not a number", "= or !="),
        (">0.9", 1, "a name is missing before '>'", "val_accuracy"),
        ("a!b", 2, "'!' alone", "!="),
        ('a "b', 3, "not closed", '"'),
        ('"a"b', 4, "stands too close", "space"),
        ('state:"failed"x', 15, "stands too close", "space"),
        ('""', 1, "an empty text", None),
    ],
)
def test_a_mistake_has_its_column_and_what_was_meant(text: str, column: int, words: str, hint: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)
    (problem,) = caught.value.errors
    assert (1, column) == (problem.line, problem.column)
    assert words in problem.detail
    assert f"column {column}: " in str(caught.value)
    assert hint is None or hint in (problem.hint or "")


@given(st.text(alphabet='ab:=<>!-", *0.', max_size=30))
def test_any_text_is_a_filter_or_a_mistake_inside_of_it(text: str) -> None:
    try:
        fits(parse(text), JOB, LAST)
    except InvalidRequest as error:
        (problem,) = error.errors
        assert problem.column is not None
        assert 1 <= problem.column <= len(text) + 1


@pytest.mark.parametrize(
    ("path", "text", "holds"),
    [
        ("digits.ipynb", "notebook:/digits.ipynb", True),
        ("digits.ipynb", "notebook:/digits", True),
        ("area/digits.ipynb", "notebook:/digits.ipynb", False),
        ("area/digits.ipynb", "notebook:/area/*", True),
        ("/srv/digits.ipynb", "notebook:/srv/digits.ipynb", True),
        ("/srv/digits.ipynb", "notebook:/digits.ipynb", False),
    ],
)
def test_a_slash_in_front_means_the_whole_path(path: str, text: str, holds: bool) -> None:
    job = replace(JOB, origin=replace(JOB.origin, notebook=path))
    assert holds is fits(parse(text), job, {})
