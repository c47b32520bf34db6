"""The magic line: what it may say, and what it is told when it is wrong."""

from __future__ import annotations

import pytest

from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.arguments import Parsed, parse, verb_of
from jupyter_training.kernel.commands import CELL, FRONT
from jupyter_training.kernel.line_verbs import VERBS


def cell(line: str) -> Parsed:
    return parse(CELL, line, offset=len("%%train "))


def test_name_options_and_values_are_told_apart() -> None:
    read = cell("digits lr=0.1 --pool gpu --memory 4GiB --timeout=2h -o h --wait opt=adam")
    assert ("digits",) == read.operands
    assert {"lr": 0.1, "opt": "adam"} == read.values
    assert {"pool": "gpu", "memory": 4 * 1024**3, "timeout": "2h", "o": "h", "wait": True} == read.options


def test_an_assignment_may_stand_in_quotes_as_a_whole() -> None:
    read = cell("digits 'note=two words' \"lr=0.1\" other='a b'")
    assert {"note": "two words", "lr": 0.1, "other": "a b"} == read.values


def test_a_name_is_what_python_makes_of_it() -> None:
    read = cell("digits \u00b5=0.5 --take \u00b5s,x -o \u00b5_job --env \u00b5=1 --tag \u00b5=2")
    assert {"\u03bc": 0.5} == read.values
    assert {"\u03bc": "0.5"} == read.texts
    assert (["\u03bcs", "x"], "\u03bc_job") == (read.options["take"], read.options["o"])
    assert ({"\u00b5": "1"}, {"\u00b5": "2"}) == (read.options["env"], read.options["tag"])  # no names of Python


def test_two_signs_that_python_takes_for_one_name_it_twice() -> None:
    with pytest.raises(InvalidUsage, match="\u03bc is given twice"):
        cell("digits \u00b5=0.5 \u03bc=0.5")


def test_an_option_that_repeats_gathers_its_values() -> None:
    read = cell("--tag team=vision --tag note='two words' --pass-env A,B --pass-env B,C")
    assert {"team": "vision", "note": "two words"} == read.options["tag"]
    assert ["A", "B", "C"] == read.options["pass_env"]


@pytest.mark.parametrize("option", ["env", "tag"])
@pytest.mark.parametrize("written", [" X='a b'", "=X='a b'", '="X=a b"', " 'X=a b'"])
def test_quotes_are_no_part_of_a_value_however_an_option_is_written(option: str, written: str) -> None:
    assert {option: {"X": "a b"}} == cell(f"--{option}{written}").options


def test_quotes_inside_a_text_in_quotes_stay() -> None:
    assert {"python": "x='y'"} == cell("--python=\"x='y'\"").options


def test_numbers_that_only_the_server_can_judge_are_passed_on() -> None:
    assert {"gpus": -1, "priority": 1000} == cell("--gpus -1 --priority 1000").options


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("--prio 3", "--priority"),
        ("--waitt", "--wait"),
        ("--gpu 1", "--gpus"),
        ("--time 2h", "--timeout"),
        ("--metrics of", "off"),
        ("--dry", "--dry-run"),
    ],
)
def test_a_near_miss_is_named(line: str, hint: str) -> None:
    with pytest.raises(InvalidUsage) as caught:
        cell(line)
    assert f"Did you mean {hint}?" == caught.value.hint


@pytest.mark.parametrize(
    ("line", "words", "column"),
    [
        ("a b", "one word too many", 11),
        ("--slots x", "not a whole number", 17),
        ("--wait --detach", "exclude each other", 16),
        ("--wait=yes", "takes no value", 9),
        ("--pool", "needs a value", 9),
        ("--pool --wait", "needs a value", 9),
        ("--pool a --pool b", "given twice", 25),
        ("lr=1 lr=2", "given twice", 14),
        ("class=3", "a word of Python", 9),
        ("-o 3x", "variable's name", 12),
        ("-o class", "variable's name", 12),
        ("--tag team", "not KEY=VALUE", 15),
        ("--memory much", "not a size", 18),
        ("--cpus nan", "can't travel", 16),
        ("--cpus two", "not a number", 16),
        ("a lr = 0.1", "one word too many", 11),
    ],
)
def test_a_mistake_is_a_sentence_at_its_column(line: str, words: str, column: int) -> None:
    with pytest.raises(InvalidUsage, match=words) as caught:
        cell(line)
    assert [column] == [problem.column for problem in caught.value.errors]


def test_a_name_of_two_words_is_shown_as_one() -> None:
    with pytest.raises(InvalidUsage) as caught:
        cell("my model --wait")
    assert "my-model" in str(caught.value.hint)


def test_the_value_of_a_secret_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(InvalidUsage) as caught:
        cell("--pass-env KEY=hunter2")
    assert "hunter2" not in f"{caught.value} {caught.value.errors}"


def test_the_server_s_keys_are_known_by_their_place_in_the_line() -> None:
    places = cell("digits lr=0.1 --gpus 2 --tag a=b").places
    assert {"name": (9, 6), "params.lr": (16, 6), "resources.gpus": (30, 1), "tags.a": (38, 3)} == {
        key: places[key] for key in ("name", "params.lr", "resources.gpus", "tags.a")
    }


def test_no_verb_means_the_short_table() -> None:
    assert FRONT == verb_of("")[0]


def test_a_verb_gives_its_command_and_the_rest() -> None:
    command, rest, begin = verb_of(" logs last -n 3")
    assert ("logs", " last -n 3", 5) == (command.name, rest, begin)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("lst", "Did you mean %train list?"),
        ("cancle 3f2a", "Did you mean %train cancel?"),
        ("digits lr=0.1", "put %%train on the first line"),
        ("--wait", "put %%train on the first line"),
        ("something", "%train help"),
    ],
)
def test_an_unknown_verb_is_told_what_was_meant(line: str, hint: str) -> None:
    with pytest.raises(InvalidUsage) as caught:
        verb_of(line)
    assert hint in (caught.value.hint or "")


def test_stopping_asks_for_the_job_by_name() -> None:
    with pytest.raises(InvalidUsage, match="which job"):
        parse(VERBS["cancel"], "", offset=0)


def test_no_two_options_of_a_command_share_a_flag_or_a_name() -> None:
    for command in (CELL, *VERBS.values()):
        assert len(command.flags) == len(set(command.flags))
        names = [option.name for option in command.options]
        assert len(names) == len(set(names))
