"""Our domains in a library's words, and back."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from jupyter_training.core.space import Float, Int, SearchSpace
from jupyter_training.searchers.axes import Axes, Logged, Real, Row, Shifted, Whole
from jupyter_training.searchers.optuna_base import _suggest
from jupyter_training.searchers.quiet import importing, silence
from jupyter_training.searchers.syne_tune_base import _domain

# Of every kind, with what a library has no like of.
_DOMAINS = [
    "choice(adam, sgd, 3, 3.5, true, null)",
    "choice(1, true, '1')",
    "ordinal(small, medium, large)",
    "ordinal(1, 2, 4, 8, 100)",
    "ordinal(1, 10, 100, kind=nn-log)",
    "randint(16, 64)",
    "randint(-3, 3)",
    "randint(0, 1)",
    "lograndint(1, 1000)",
    "lograndint(5, 7)",
    "uniform(-1, 1)",
    "loguniform(1e-6, 1e-1)",
    "reverseloguniform(0.9, 0.9999)",
    "reverseloguniform(0, 0.5)",
    "finrange(0.1, 0.5, 5)",
    "finrange(32, 128, 4, true)",
    "logfinrange(1, 1000, 4, true)",
    "logfinrange(0.001, 1, 4)",
    "quniform(0.1, 0.7, 0.1)",
    "qrandint(4, 64, 4)",
    "qloguniform(0.5, 100.5, 0.5)",
    "qlograndint(8, 512, 8)",
    "range(0.9, 1.7, step=0.1)",
    "interval(0, 1)",
]
_HUGE = [Int(0, 2**62), Int(0, 10**9, step=1000), Float(0.0, 1e6, step=0.001), Float(0.0, 1.0, includes_high=False)]


def a_space(text: str) -> SearchSpace:
    return SearchSpace.read({"x": text})


def draws(space: SearchSpace, *, flat: bool) -> list[Any]:
    """A hundred values as Syne Tune draws them."""
    import numpy as np

    with importing():
        import syne_tune  # noqa: F401
    axes = Axes(space, flat=flat)
    theirs, rng = _domain(axes.axes["x"]), np.random.RandomState(1)
    return [axes.axes["x"].value(theirs.sample(random_state=rng)) for _ in range(100)]


def optuna_draws(space: SearchSpace) -> list[Any]:
    with importing():
        import optuna
    axes = Axes(space)
    with silence():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        return [axes.axes["x"].value(_suggest(study.ask(), "x", axes.axes["x"])) for _ in range(100)]


def is_member(value: Any, space: SearchSpace) -> bool:
    domain = space.domains["x"]
    return domain.contains(value) and (not isinstance(domain, Int) or type(value) is int)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", _DOMAINS)
@pytest.mark.parametrize("flat", [False, True], ids=["", "flat"])
def test_syne_tune_draws_members(text: str, flat: bool) -> None:
    space = a_space(text)
    values = draws(space, flat=flat)
    assert [] == [value for value in values if not is_member(value, space)]
    assert len({repr(value) for value in values}) > 1


@pytest.mark.parametrize("text", _DOMAINS)
def test_optuna_draws_members(text: str) -> None:
    space = a_space(text)
    values = optuna_draws(space)
    assert [] == [value for value in values if not is_member(value, space)]
    assert len({repr(value) for value in values}) > 1


@pytest.mark.parametrize("domain", _HUGE, ids=str)
def test_rows_too_long_for_a_list_are_drawn_all_the_same(domain: Any) -> None:
    space = SearchSpace({"x": domain})
    for values in (draws(space, flat=False), draws(space, flat=True), optuna_draws(space)):
        assert [] == [value for value in values if not is_member(value, space)]
        assert max(values) - min(values) > domain.high / 2


@pytest.mark.parametrize("text", _DOMAINS)
@pytest.mark.parametrize("flat", [False, True], ids=["", "flat"])
def test_a_value_comes_back_from_its_code(text: str, flat: bool) -> None:
    space, rng = a_space(text), random.Random(1)
    axis = Axes(space, flat=flat).axes["x"]
    for _ in range(50):
        value = space.sample(rng)["x"]
        back = axis.value(axis.code(value))
        assert type(back) is type(value)
        assert math.isclose(back, value, rel_tol=1e-9) if isinstance(value, float) else back == value


def test_an_open_end_is_never_drawn() -> None:
    axis = Axes(SearchSpace({"x": Float(0.0, 1.0, includes_high=False)})).axes["x"]
    assert (axis.value(1.0), axis.value(0.5)) == (math.nextafter(1.0, 0.0), 0.5)


def test_what_a_library_invents_is_brought_back() -> None:
    for text in _DOMAINS[3:]:
        space = a_space(text)
        axis = Axes(space).axes["x"]
        for code in (-1e9, 0.0, 1e9):
            assert is_member(axis.value(code), space), (text, code)


def test_a_reverse_log_scale_is_the_log_scale_of_what_is_missing_to_one() -> None:
    values = draws(a_space("reverseloguniform(0.9, 0.9999)"), flat=False)
    below = sum(value < 0.999 for value in values)  # 0.9, 0.99, 0.999, 0.9999: two of three parts
    assert 55 <= below <= 78


def test_the_axes_a_library_gets() -> None:
    space = SearchSpace.read(
        {
            "only": "choice(a)",
            "whole": "randint(1, 9)",
            "log": "lograndint(1, 9)",
            "row": "qrandint(4, 64, 4)",
            "fixed": 3,
            "real": "uniform(0, 1)",
        }
    )
    assert {name: type(axis) for name, axis in Axes(space).axes.items()} == {
        "whole": Whole,
        "log": Whole,
        "row": Row,
        "real": Real,
    }
    assert {name: type(axis) for name, axis in Axes(space, flat=True).axes.items()} == {
        "whole": Shifted,
        "log": Logged,
        "row": Shifted,
        "real": Real,
    }
    assert Axes(space).config({"whole": 3, "log": 2, "row": 8.0, "real": 0.5}) == {
        "only": "a",
        "whole": 3,
        "log": 2,
        "row": 8,
        "fixed": 3,
        "real": 0.5,
    }


def test_what_is_not_active_is_left_out_and_told_as_some_value() -> None:
    space = SearchSpace.read(
        {"nesterov": "choice(true, false) when kind == sgd", "kind": "choice(adam, sgd)", "lr": "uniform(0, 1)"}
    )
    axes = Axes(space)
    assert axes.config({"kind": "0", "nesterov": "1", "lr": 0.25}) == {"kind": "adam", "lr": 0.25}
    assert axes.config({"kind": "1", "nesterov": "1", "lr": 0.25}) == {"nesterov": False, "kind": "sgd", "lr": 0.25}
    assert axes.codes({"kind": "adam", "lr": 0.25}) == {"nesterov": "0", "kind": "0", "lr": 0.25}
    asked: list[str] = []
    axes.defined_by_run(lambda name, axis: (asked.append(name), axis.code(axis.middle()))[1])
    assert asked == ["kind", "lr"]
