"""Parameters become JSON values, or are refused by name."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from jupyter_training.client.values import json_params
from jupyter_training.errors import InvalidSpec


def test_what_people_have_in_python_becomes_json() -> None:
    given = {"lr": 0.1, "n": 3, "on": True, "none": None, "sizes": (64, 32), "deep": {"a": [1, "b"]}}
    expected = {"lr": 0.1, "n": 3, "on": True, "none": None, "sizes": [64, 32], "deep": {"a": [1, "b"]}}
    assert expected == json_params(given)


def test_scalars_of_numpy_are_numbers() -> None:
    found = json_params({"lr": np.float32(0.5), "n": np.int64(3), "on": np.bool_(True), "zero": np.array(2)})
    assert {"lr": 0.5, "n": 3, "on": True, "zero": 2} == found
    assert [float, int, bool, int] == [type(value) for value in found.values()]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_a_number_that_is_none_is_refused_by_name(value: float) -> None:
    with pytest.raises(InvalidSpec, match=r"params\.lr"):
        json_params({"lr": value})


@pytest.mark.parametrize("value", [np.zeros(3), {1, 2}, b"x", Path("x"), object(), {1: 2}, [[object()]]])
def test_what_has_no_json_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidSpec, match=r"params\.x"):
        json_params({"x": value})


def test_a_list_that_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidSpec, match="too deeply"):
        json_params({"x": circle})
