"""What a cell's code says before it runs."""

from __future__ import annotations

import ast

import pytest

from jupyter_training.errors import InvalidSpec
from jupyter_training.kernel.body import read, resolve


def test_literals_at_the_top_are_parameters_with_their_lines() -> None:
    body = read("'''doc'''\nimport math\nlr = 0.1\nsizes: tuple = (64, 32)\ndef f():\n    pass\nepochs = 3\n")
    assert {"lr": 0.1, "sizes": [64, 32], "epochs": 3} == body.defaults
    assert {"lr": 4, "sizes": 5, "epochs": 8} == body.lines


def test_the_top_ends_where_something_is_done() -> None:
    body = read("lr = 0.1\nprint(lr)\nlate = 2\n")
    assert ["lr"] == list(body.defaults)
    assert {"late": 4} == body.bound


def test_a_literal_that_can_not_travel_does_not_end_the_top() -> None:
    assert {"lr": 0.1} == read("kinds = {1, 2}\nlr = 0.1\n").defaults


def test_await_may_stand_at_the_top_level_as_in_notebooks() -> None:
    assert {} == read("import asyncio\nawait asyncio.sleep(0)\n").defaults


@pytest.mark.parametrize("line", ["_private = 1", "s = {1, 2}", "x = 1e999", "t = 'a' * 3", "a = b = 1", "k, v = 1, 2"])
def test_what_is_private_or_no_literal_is_no_parameter(line: str) -> None:
    assert {} == read(line).defaults


def test_a_long_literal_is_data_and_no_parameter() -> None:
    assert {} == read(f"text = {'x' * 600!r}\n").defaults


def test_given_values_win_over_defaults() -> None:
    assert {"lr": 0.5, "epochs": 3, "seed": 7} == resolve(read("lr = 0.1\nepochs = 3\n"), {"lr": 0.5, "seed": 7}).params


def test_a_near_miss_of_a_parameter_is_an_error_with_the_right_name() -> None:
    with pytest.raises(InvalidSpec) as caught:
        resolve(read("lr = 0.1\n"), {"lrr": 1})
    assert "Did you mean 'lr' (line 2)?" == caught.value.hint


def test_a_name_that_the_code_uses_is_no_near_miss() -> None:
    assert 1 == resolve(read("epochs = 3\nprint(epochs, epoch)\n"), {"epoch": 1}).params["epoch"]


def test_a_value_that_the_code_would_overwrite_is_refused_at_its_line() -> None:
    with pytest.raises(InvalidSpec, match="no effect") as caught:
        resolve(read("import os\nlr = float(os.environ['LR'])\n"), {"lr": 1})
    assert 3 in [problem.line for problem in caught.value.errors]


@pytest.mark.parametrize(
    "code",
    [
        "lr = 1\nprint()\nlr = 2\n",
        "lr = 1\nlr = 2\nprint()\n",
        "lr = 1\nif lr:\n    lr += 1\n",
        "lr = 1\nfor lr in range(3):\n    pass\n",
        "lr = 1\nprint(lr := 3)\n",
        "lr = 1\nwith open('x') as lr:\n    pass\n",
        "lr = 1\nprint()\ndef f():\n    global lr\n    lr = 2\n",
        "lr = 1\nprint()\nimport os as lr\n",
    ],
)
def test_a_second_assignment_is_warned_of(code: str) -> None:
    (warning,) = resolve(read(code), {}).warnings
    assert warning.detail.startswith("lr is assigned again here")
    assert warning.line is not None and warning.line > 2


@pytest.mark.parametrize(
    "code",
    [
        "lr = 1\nprint()\ndef f():\n    lr = 2\n",
        "lr = 1\nprint([lr for lr in range(3)])\n",
        "lr = 1\nx = lambda lr: lr\n",
        "lr = 1\nx.lr = 2\n",
    ],
)
def test_another_scope_is_no_second_assignment(code: str) -> None:
    assert () == resolve(read(code), {}).warnings


def test_line_numbers_are_those_of_the_cell() -> None:
    body = read("x = 1\nraise ValueError\n", first_line=4)
    assert 5 == ast.parse(body.source).body[1].lineno


@pytest.mark.parametrize(
    ("code", "line", "column", "words"),
    [
        ("a = 1\n  b = 2\n", 3, 2, "unexpected indent"),
        ("x = (1,\n", 2, 5, "never closed"),
        ("return 3\n", 2, 1, "outside function"),
        ("def f():\n    await x\n", 3, 5, "outside async function"),
        ("!ls\n", 2, 1, "for the shell"),
        ("x = 1\nfiles = !ls\n", 3, 1, "for the shell"),
        ("if x:\n    %load_ext autotime\n", 3, 5, "is a magic"),
        ("t = %timeit f()\n", 2, 1, "is a magic"),
        ("print?\n", 2, 1, "asks the notebook"),
        ("?print\n", 2, 1, "asks the notebook"),
    ],
)
def test_what_is_no_python_is_refused_at_its_place(code: str, line: int, column: int, words: str) -> None:
    with pytest.raises(InvalidSpec, match=words) as caught:
        read(code)
    assert [(line, column)] == [(problem.line, problem.column) for problem in caught.value.errors]


def test_magics_that_change_nothing_for_a_job_are_passed_over_and_told_once_of_a_kind() -> None:
    body = read("%matplotlib inline\n%load_ext autoreload\n%autoreload 2\nlr = 0.1\nif lr:\n    %matplotlib inline\n")
    assert {"lr": 0.1} == body.defaults
    assert "\n# %matplotlib inline\n# %load_ext autoreload\n# %autoreload 2\nlr = 0.1\n" in body.source
    assert [
        (2, "%matplotlib inline is passed over: a job keeps the figures that it shows."),
        (3, "%load_ext autoreload is passed over: a job starts afresh."),
    ] == [(one.line, one.detail) for one in body.passed]


def test_what_looks_like_a_magic_in_a_text_stays() -> None:
    code = 'usual = """\n%matplotlib inline\n"""\n'
    body = read(code)
    assert (f"\n{code}", ()) == (body.source, body.passed)


def test_another_magic_beside_one_that_is_passed_over_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="is a magic") as caught:
        read("%matplotlib inline\n%load_ext autotime\n")
    assert 3 == caught.value.errors[0].line


def test_installing_in_the_body_gets_the_hint_to_install_before() -> None:
    with pytest.raises(InvalidSpec) as caught:
        read("!pip install torch\n")
    assert "%pip install" in (caught.value.hint or "")


def test_a_percent_sign_in_a_continued_line_is_python() -> None:
    assert {} == read("x = (17\n  % 3)\n").defaults


@pytest.mark.parametrize("code", ["x = '\ud800'\n", "x = 1\0\n", "(" * 5000, "-" * 100_000 + "1\n"])
def test_unreadable_code_is_refused_in_words(code: str) -> None:
    with pytest.raises(InvalidSpec):
        read(code)


@pytest.mark.parametrize("code", ["", "\n\n", "# only a comment\n", "'''text'''\n"])
def test_an_empty_cell_is_refused(code: str) -> None:
    with pytest.raises(InvalidSpec, match="nothing to train"):
        read(code)
