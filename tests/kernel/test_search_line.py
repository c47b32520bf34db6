"""What a magic line says of a search: values as they were written, options as a config has them, places for errors."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.errors import InvalidUsage, Problem
from jupyter_training.kernel import wish
from jupyter_training.kernel.arguments import parse, verb_of
from jupyter_training.kernel.commands import CELL
from jupyter_training.kernel.failure import present
from jupyter_training.kernel.values import expression, literal
from jupyter_training.kernel.wish import Wish

SEARCH = "--metric val_accuracy --mode max"


def said(line: str, config: dict[str, Any] | None = None) -> Wish:
    found = wish.of_line(parse(CELL, line, offset=8))
    return found if config is None else wish.over(found, config)


def sent(line: str, config: dict[str, Any] | None = None, **defaults: object) -> dict[str, Any]:
    found = said(line, config)
    return found.expressed({**defaults, **found.params})


def test_what_is_said_of_a_search_gets_the_shape_of_a_config() -> None:
    line = (
        "sweep --metric loss,size --mode min,min --searcher asha --searcher-options eta=4 --searcher-options kind=stop"
        " --workers 4 --max-trials 50 --max-time 2h --max-failures 0 --target -0.5 --stop max_trials_finished=20"
        " --stop plateau=10 --resource epoch --max-resource 27 --seed 7"
    )
    assert {
        "name": "sweep",
        "metric": "loss,size",
        "mode": "min,min",
        "searcher": "asha",
        "searcher_options": {"eta": 4, "kind": "stop"},
        "workers": 4,
        "max_trials": 50,
        "max_time": "2h",
        "max_failures": 0,
        "target": -0.5,
        "stop": {"max_trials_finished": 20, "plateau": 10},
        "resource": "epoch",
        "max_resource": 27,
        "seed": 7,
    } == said(line).values


def test_ranges_are_sent_as_they_were_written() -> None:
    line = f"lr=loguniform(1e-4,1e-1) batch=choice(32, 64) n=1e-3,1e-2 opt=sgd,adam sizes=[64,32] epochs=3 {SEARCH}"
    assert {
        "params": {
            "lr": "loguniform(1e-4,1e-1)",
            "batch": "choice(32, 64)",
            "n": "1e-3,1e-2",
            "opt": "sgd,adam",
            "sizes": [64, 32],
            "epochs": 3,
        }
    } == sent(line)


def test_the_same_line_without_a_metric_means_what_it_did() -> None:
    assert {"params": {"n": [0.001, 0.01], "opt": "sgd,adam"}, "verbatim": ["opt"]} == sent("n=1e-3,1e-2 opt=sgd,adam")


def test_a_range_without_a_metric_is_left_to_the_server() -> None:
    assert {"params": {"lr": "loguniform(1e-4,1e-1)"}} == sent("lr=loguniform(1e-4,1e-1)")


def test_texts_of_the_code_and_in_quotes_are_no_ranges() -> None:
    found = sent(f"lr=loguniform(1e-4,1e-1) note='a,b' {SEARCH}", classes="cat,dog", path="data (old).csv", kind="rbf")
    assert ["classes", "path", "note"] == found["verbatim"]
    assert ("a,b", "cat,dog") == (found["params"]["note"], found["params"]["classes"])


def test_what_a_config_says_of_a_parameter_may_be_a_range() -> None:
    config = {"params": {"lr": "loguniform(1e-4,1e-1)", "batch": "8,16"}, "metric": "loss", "mode": "min"}
    assert {"params": {"lr": "loguniform(1e-4,1e-1)", "batch": "32,64"}} == sent("batch=32,64", config)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(64,32),(32,16)", "(64,32),(32,16)"),
        ("(64,32)", [64, 32]),
        ("1,", "1,"),
        ("[1,2]", [1, 2]),
        ("{'type': 'int', 'minval': 1, 'maxval': 4}", {"type": "int", "minval": 1, "maxval": 4}),
        ("true", True),
        ("3", 3),
    ],
)
def test_brackets_tell_one_list_from_several_values(text: str, value: object) -> None:
    assert value == expression(text, literal(text))


@pytest.mark.parametrize(
    ("line", "words", "column"),
    [
        ("--workers many", "'many' is not a whole number", 11),
        ("--stop plateau", "'plateau' is not KEY=VALUE", 8),
        ("--searcher-options eta=1/3", "1/3 is not evaluated", 20),
        ("lr=loguniform(1e-4,1e-1 --metric loss", "'(' is opened and never closed", 14),
        ("--metrik loss", "no option --metrik", 1),
    ],
)
def test_a_mistake_is_told_at_its_word(line: str, words: str, column: int) -> None:
    with pytest.raises(InvalidUsage, match=words.replace("(", r"\(")) as caught:
        said(line)
    assert [8 + column] == [problem.column for problem in caught.value.errors]


def test_a_fault_within_an_expression_is_underlined_there() -> None:
    line = f"digits lr=loguniform(0,1e-1) {SEARCH}"
    places = parse(CELL, line, offset=8).places
    error = InvalidUsage("params.lr: no.", errors=[Problem("no", key="params.lr", column=12)])
    shown: Any = present(error, f"%%train {line}", places=places)
    lines = shown._render_traceback_()
    assert "    %%train digits lr=loguniform(0,1e-1) --metric val_accuracy --mode max" == lines[2]
    assert lines[3] == "    " + " " * (lines[2].index("0,1e-1") - 4) + "^^^^^^^"


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("experiment", "experiment", ""),
        ("experiment show sweep", "experiment show", " sweep"),
        ("experiment extend sweep 20", "experiment extend", " sweep 20"),
        ("experiment retry-failed sweep", "experiment retry-failed", " sweep"),
        ("experiment --state running", "experiment", " --state running"),
    ],
)
def test_verbs_of_searches_are_found(line: str, verb: str, rest: str) -> None:
    command, behind, _ = verb_of(line)
    assert (verb, rest) == (command.name, behind)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("experiment cancel sweep", "%train experiment stop"),
        ("experiment tirals sweep", "%train experiment trials"),
        ("sweep", "%train experiment"),
        ("trials last", "%train experiment trials"),
    ],
)
def test_other_words_for_them_are_known(line: str, hint: str) -> None:
    with pytest.raises(InvalidUsage) as caught:
        verb_of(line)
    assert f"Did you mean {hint}?" == caught.value.hint


@pytest.mark.parametrize(("line", "needs"), [("", "a search and by how many trials"), ("sweep", "by how many trials")])
def test_extend_needs_to_know_by_how_much(line: str, needs: str) -> None:
    command, _, _ = verb_of("experiment extend")
    with pytest.raises(InvalidUsage, match=needs) as caught:
        parse(command, line, offset=25)
    assert "e.g. %train experiment extend last 20" in (caught.value.hint or "")
