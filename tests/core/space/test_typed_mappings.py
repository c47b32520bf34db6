"""Determined's typed mappings, and its grid: how many of each, in which order."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.space import Choice, Const, Float, Int, SearchSpace
from jupyter_training.errors import InvalidSpec


def grid_of(**typed: Any) -> list[Any]:
    return [config["x"] for config in SearchSpace.read({"x": typed}).grid()]


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ({"type": "const", "val": {"a": 1}}, Const({"a": 1})),
        ({"type": "int", "minval": 0, "maxval": 2}, Int(0, 2)),
        ({"type": "double", "minval": 0, "maxval": "1e-3", "count": 3}, Float(0.0, 1e-3, count=3)),
        ({"type": "log", "minval": -5, "maxval": -3}, Float(1e-5, 1e-3, scale="log")),
        ({"type": "log", "minval": 0, "maxval": 3, "base": 2}, Float(1.0, 8.0, scale="log")),
        ({"type": "log", "minval": -3, "maxval": 0, "base": 0.5}, Float(1.0, 8.0, scale="log")),
        ({"type": "log", "minval": 1, "maxval": 3, "base": 0.1}, Float(0.001, 0.1, scale="log")),
        ({"type": "categorical", "vals": [1, "a", None]}, Choice((1, "a", None))),
    ],
)
def test_each_type(typed: dict[str, Any], domain: object) -> None:
    assert domain == SearchSpace.read({"x": typed}).domains["x"]


def test_both_ends_are_included() -> None:
    for axis in SearchSpace.read({"x": {"type": "double", "minval": 0, "maxval": 1}}).axes.values():
        assert axis.contains(0.0)
        assert axis.contains(1.0)


def test_the_grid_of_discrete_axes_is_their_product() -> None:
    space = SearchSpace.read(
        {
            "b": {"type": "categorical", "vals": [10, 20]},
            "a": {"type": "categorical", "vals": [0, 1, 2]},
            "c": {"type": "categorical", "vals": ["c"]},
        }
    )
    grid = space.grid()
    assert 6 == len(grid)
    # By name, the first one slowest: whoever takes trials from the end begins with the largest.
    assert [(0, 10), (0, 20), (1, 10), (1, 20), (2, 10), (2, 20)] == [(one["a"], one["b"]) for one in grid]
    assert {"a": 2, "b": 20, "c": "c"} == grid[-1]


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ({"type": "int", "minval": 0, "maxval": 2, "count": 100}, [0, 1, 2]),
        ({"type": "int", "minval": 0, "maxval": 10, "count": 3}, [0, 5, 10]),
        ({"type": "int", "minval": 0, "maxval": 1, "count": 1}, [1]),
        ({"type": "int", "minval": -1, "maxval": 0, "count": 1}, [-1]),
        ({"type": "int", "minval": 0, "maxval": 9, "count": 3}, [0, 5, 9]),
        ({"type": "double", "minval": 0.1, "maxval": 0.5, "count": 3}, [0.1, 0.3, 0.5]),
        ({"type": "double", "minval": 0, "maxval": 1, "count": 1}, [0.5]),
        ({"type": "log", "minval": -5, "maxval": -3, "count": 3}, [1e-5, 1e-4, 1e-3]),
        ({"type": "log", "minval": -5, "maxval": -3, "count": 1}, [1e-4]),
        ({"type": "log", "minval": 0, "maxval": 3, "base": 2, "count": 4}, [1.0, 2.0, 4.0, 8.0]),
    ],
)
def test_points_of_a_grid(typed: dict[str, Any], values: list[Any]) -> None:
    assert values == grid_of(**typed)


def test_no_value_of_a_grid_stands_twice() -> None:
    grid = SearchSpace.read({"x": "lograndint(1, 10, count=8)"}).grid()
    assert [1, 2, 3, 4, 5, 7, 10] == [config["x"] for config in grid]


def test_a_grid_over_a_continuous_axis_needs_a_count() -> None:
    typed = {"type": "double", "minval": 0, "maxval": 1}
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"lr": typed, "n": "randint(1, 3)", "wd": "loguniform(1e-5, 1)"}).grid()
    assert ["lr", "wd"] == [one.key for one in caught.value.errors]
    assert "lr, wd: a grid needs a list of values" in str(caught.value)
    assert "uniform(0.0, 1.0, count=5)" in str(caught.value)


def test_groups_to_any_depth_are_flattened() -> None:
    space = SearchSpace.read({"a": {"b": {"c": {"type": "int", "minval": 1, "maxval": 2}, "type": "sgd"}, "d": 3}})
    assert {"a.b.c": Int(1, 2), "a.b.type": Const("sgd"), "a.d": Const(3)} == dict(space.domains)


def test_a_typed_mapping_may_have_a_condition() -> None:
    space = SearchSpace.read(
        {
            "o": "choice(a, b)",
            "x": {"type": "int", "minval": 1, "maxval": 2, "when": "o == a"},
            "y": {"type": "const", "val": 5, "when": "o == b"},
        }
    )
    assert [{"o": "a", "x": 1}, {"o": "a", "x": 2}, {"o": "b", "y": 5}] == list(space.grid())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"type": "doubel", "minval": 0, "maxval": 1}, "Did you mean double?"),
        ({"type": "int", "minval": 0}, "lacks maxval"),
        ({"type": "int", "minval": 0, "maxval": 1, "vals": [1]}, "type int has no vals"),
        ({"type": "int", "minval": 0, "maxval": 1, "counts": 1}, "Did you mean count?"),
        ({"type": "int", "minval": 0.5, "maxval": 1}, "minval must be a whole number"),
        ({"type": "int", "minval": True, "maxval": 1}, "minval must be a number"),
        ({"type": "int", "minval": 3, "maxval": 1}, "the lower bound 3 is above the upper bound 1"),
        ({"type": "double", "minval": 0, "maxval": 1, "count": 0}, "the count must be a whole number from 1"),
        ({"type": "log", "minval": 0, "maxval": 1, "base": 1}, "the base 1"),
        ({"type": "log", "minval": 0, "maxval": 1, "base": -2}, "the base -2"),
        ({"type": "log", "minval": 0, "maxval": 1000}, "inf is no finite number"),
        ({"type": "log", "minval": -1000, "maxval": 0}, "lower bound 0 is not allowed for a log scale"),
        ({"type": "categorical", "vals": []}, "no value to choose from"),
        ({"type": "categorical", "vals": 3}, "vals must be a list"),
        ({"type": "int", "minval": 0, "maxval": 1, "when": 3}, "a condition is a text"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_named(typed: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"x": typed})
    assert str(caught.value.errors[0].key).startswith("x")
    assert said in str(caught.value)
