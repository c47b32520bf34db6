"""What a function returns to a search: numbers by their places, and a wrong number of them is the trial's failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_training.runtime import objective
from tests.runtime.attempts import attempt_in


def trial(folder: Path, metrics: list[str], body: str) -> tuple[dict[str, list[float]], str, int]:
    """Metrics with their values, what was printed, the exit code."""
    attempt = attempt_in(folder, body, kind="function", function="f")
    answer = attempt.run(**{objective.VARIABLE: json.dumps(metrics)})
    values: dict[str, list[float]] = {}
    for _, point in attempt.points():
        for name, value in point.items():
            values.setdefault(name, []).append(value)
    return values, answer.stderr, answer.returncode


@pytest.mark.parametrize(
    ("metrics", "returned", "values"),
    [
        (["loss"], "0.25", {"loss": [0.25]}),
        (["loss"], "(0.25,)", {"loss": [0.25]}),
        (["loss", "size"], "(0.25, 3)", {"loss": [0.25], "size": [3]}),
        (["loss", "size"], "[0.25, 3]", {"loss": [0.25], "size": [3]}),
        (["loss", "size"], "{'size': 3, 'loss': 0.25}", {"loss": [0.25], "size": [3]}),
        (["loss"], "float('nan')", {"loss": [None]}),
        (["loss"], "None", {}),
        (["loss"], "'a text'", {}),
        (["loss"], "['a', 'b']", {}),
    ],
)
def test_a_function_returns_its_objectives_by_their_places(
    tmp_path: Path, metrics: list[str], returned: str, values: dict[str, list[float]]
) -> None:
    found, said, code = trial(tmp_path, metrics, f"def f(): return {returned}")
    assert (values, 0) == (found, code), said


@pytest.mark.parametrize(
    ("metrics", "returned", "words"),
    [
        (["loss"], "(0.1, 2)", "ValueError: f returned 2 values, and its search judges 1 metric: loss."),
        (["loss", "size"], "0.1", "ValueError: f returned 1 value, and its search judges 2 metrics: loss, size."),
        (["loss", "size"], "(0.1, 2, 3)", "f returned 3 values, and its search judges 2 metrics: loss, size."),
        (["loss", "size"], "(0.1, 'big')", "ValueError: f returned a str for size, which is no number."),
    ],
)
def test_a_wrong_count_fails_the_trial_with_expected_and_actual(
    tmp_path: Path, metrics: list[str], returned: str, words: str
) -> None:
    found, said, code = trial(tmp_path, metrics, f"def f(): return {returned}")
    assert ({}, 1) == (found, code)
    assert words in said


def test_what_a_function_has_reported_itself_is_not_reported_once_more(tmp_path: Path) -> None:
    body = "from jupyter_training import report\ndef f():\n    report(loss=0.5)\n    report(loss=0.25)\n    return 0.25"
    assert {"loss": [0.5, 0.25]} == trial(tmp_path, ["loss"], body)[0]


def test_outside_a_search_a_number_is_nothing_to_report(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "def f(): return 0.5", kind="function", function="f")
    assert 0 == attempt.run().returncode
    assert [] == attempt.points()
