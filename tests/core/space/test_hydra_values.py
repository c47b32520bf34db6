"""Hydra's ways to write values mean in a plain sweep what they mean there, and in a search what the optimiser makes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from jupyter_training.core.space import Choice, Const, Float, Int, Ordinal, SearchSpace, words
from jupyter_training.core.space.reading import domain_of_text
from jupyter_training.errors import InvalidSpec


def swept(text: str) -> list[Any]:
    return [config["x"] for config in SearchSpace.read({"x": text}).product()]


def test_a_plain_sweep_is_the_product_as_written_with_the_last_axis_fastest() -> None:
    sweep = SearchSpace.read({"lr": "range(0.9,1.7,step=0.1)", "train_bs": "32,64"}).product()
    assert 16 == len(sweep)
    assert [{"lr": 0.9, "train_bs": 32}, {"lr": 0.9, "train_bs": 64}, {"lr": 1.0, "train_bs": 32}] == sweep[:3]
    assert {"lr": 1.6, "train_bs": 64} == sweep[-1]
    assert not any(config["lr"] == 1.7 for config in sweep)


def test_in_a_search_the_same_range_reaches_its_stop_and_says_so() -> None:
    axis = SearchSpace.read({"lr": "range(0.9,1.7,step=0.1)"}).axes["lr"]
    assert isinstance(axis, Float)
    assert [0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7] == list(axis.values)
    assert words(axis).startswith("9 values, 0.9 to 1.7")
    assert "a plain sweep leaves 1.7 out" in words(axis)
    rng = random.Random(1)
    assert set(axis.values) == {axis.sample(rng) for _ in range(300)}


def test_an_interval_has_no_list_for_a_plain_sweep() -> None:
    for text in ("interval(0, 1)", "interval(0.0, 1.0)", "tag(log, interval(1, 100))"):
        with pytest.raises(InvalidSpec, match="x: a plain sweep needs a list of values, and an interval has none"):
            SearchSpace.read({"x": text}).product()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b,1", ["a", "b", 1]),
        ("choice(a,b,1)", ["a", "b", 1]),
        ("range(5)", [0, 1, 2, 3, 4]),
        ("range(0,5,2)", [0, 2, 4]),
        ("range(start=1, stop=4)", [1, 2, 3]),
        ("range(0,10,3.3)", [0.0, 3.3, 6.6, 9.9]),
        ("range(-5,step=-1)", [0, -1, -2, -3, -4]),
        ("range(1,0,-0.25)", [1.0, 0.75, 0.5, 0.25]),
        ("sort(1,3,2,reverse=true)", [3, 2, 1]),
        ("sort(choice(c,a,b))", ["a", "b", "c"]),
        ("sort(range(3),reverse=true)", [2, 1, 0]),
        ("shuffle(1,2,3)", [1, 2, 3]),
        ("int(choice(1.0, 2.7))", [1, 2]),
        ("float(range(1,4))", [1.0, 2.0, 3.0]),
        ("str(range(1,3))", ["1", "2"]),
        ("str(choice(true, null, 1.5))", ["true", "null", "1.5"]),
        ("bool(choice(TRUE, 'false'))", [True, False]),
        ("choice([1,2],[3])", [[1, 2], [3]]),
        ("choice({a: 1},{a: 2})", [{"a": 1}, {"a": 2}]),
        ("choice(int(3.0), 4)", [3, 4]),
        ("[1,2],[3,4]", [[1, 2], [3, 4]]),
        ("'a b',c", ["a b", "c"]),
        ("choice(new york, paris)", ["new york", "paris"]),
        (r"choice(a\,b, c\)d)", ["a,b", "c)d"]),
        ("choice(s3://bucket/a:1, /tmp/x)", ["s3://bucket/a:1", "/tmp/x"]),
    ],
)
def test_values_of_a_sweep(text: str, values: list[Any]) -> None:
    found = swept(text)
    assert values == found
    assert [type(one) for one in values] == [type(one) for one in found]


def test_shuffled_values_are_in_a_random_order_only_where_there_is_a_source_of_it() -> None:
    space = SearchSpace.read({"x": "shuffle(range(20))"})
    orders = {tuple(config["x"] for config in space.product(random.Random(seed))) for seed in range(5)}
    assert 5 == len(orders)
    assert {tuple(range(20))} == {tuple(sorted(one)) for one in orders}
    assert list(range(20)) == [config["x"] for config in space.product()]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("range(1,4)", Int(1, 4, sweep="below_high")),
        ("range(1,4,2)", Int(1, 3, step=2)),
        ("interval(1,10)", Int(1, 10, sweep="none")),
        ("interval(1.0,10)", Float(1.0, 10.0, includes_high=False)),
        ("int(interval(-5.0,5.0))", Int(-5, 5, sweep="none")),
        ("float(interval(1,10))", Float(1.0, 10.0, includes_high=False)),
        ("tag(log, interval(1,100))", Int(1, 100, scale="log", sweep="none")),
        ("tag(log, interval(0.001,0.1))", Float(0.001, 0.1, scale="log", includes_high=False)),
        ("int(tag(log, interval(1.0,100.0)))", Int(1, 100, scale="log", sweep="none")),
        ("tag(log, range(1,9))", Int(1, 9, scale="log", sweep="below_high")),
        ("choice(32,48,64)", Choice((32, 48, 64))),
        ("shuffle(range(1,4))", Choice((1, 2, 3), is_shuffled=True)),
        ("range(3,0,-1)", Ordinal((3, 2, 1))),
        ("int(3.14)", Const(3)),
        ("int('7')", Const(7)),
        ("bool(TRUE)", Const(True)),
        ("float(1)", Const(1.0)),
        ("str([1,{a: null}])", Const(["1", {"a": "null"}])),
        ("sort([3,1,2])", Const([1, 2, 3])),
    ],
)
def test_what_becomes_of_it_in_a_search(text: str, domain: object) -> None:
    assert repr(domain) == repr(domain_of_text(text))


def test_whole_intervals_include_their_end_and_others_do_not() -> None:
    whole, open_end = domain_of_text("interval(1,3)"), domain_of_text("interval(1.0,3.0)")
    assert isinstance(whole, Int)
    assert isinstance(open_end, Float)
    assert whole.contains(3)
    assert not open_end.contains(3.0)
    assert open_end.contains(open_end.nearest(5.0))
    assert "3 left out" in words(open_end)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("func(a=1,2)", 10, "without a name stands after a="),
        ("range(0,5,0)", 11, "not 0"),
        ("range(5,0)", 1, "is empty"),
        ("range(0,5,step=-1)", 1, "is empty"),
        ("range()", 1, "lacks stop"),
        ("tag(lgo, interval(1,2))", 5, "Did you mean log?"),
        ("tag(log, choice(1,2))", 10, "from a lower to an upper bound"),
        ("tag(log, interval(0,2))", 1, "lower bound 0 is not allowed for a log scale"),
        ("tag(log)", 1, "takes tags and a domain"),
        ("bool(yes)", 6, "can't make true or false of 'yes'"),
        ("int(x)", 5, "can't make a whole number of 'x'"),
        ("int('1.5')", 5, "can't make a whole number"),
        ("str(interval(0,1))", 5, "an interval has none"),
        ("shuffle([1,2])", 1, "another one each time"),
        ("sort(1,a)", 1, "no common order"),
        ("choice(interval(0,1))", 8, "a domain of its own"),
        ("range(0, 100000000, 1e-3, step=2)", 27, "is given step twice"),
        ("shuffle(range(0,100000000))", 1, "too many to write out"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"x": text}) if text != "func(a=1,2)" else domain_of_text(text)
    assert column == caught.value.errors[0].column
    assert said in str(caught.value)
