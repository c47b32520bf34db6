"""Grid and random: Determined's order and counts, and that nothing is proposed twice."""

from __future__ import annotations

import pytest

from jupyter_training.core.experiment import Objective
from jupyter_training.errors import TrainingError
from jupyter_training.seams.searcher import Exhausted, Start
from jupyter_training.searchers.grid import Grid
from jupyter_training.searchers.random_search import RandomSearch
from tests.tuning.own.deciding import a_setup, made, played

SIX = {"b": "choice(10, 20)", "a": "choice(0, 1, 2)", "c": "choice(x)"}


def config(answer: object) -> dict[str, object]:
    assert isinstance(answer, Start)
    return dict(answer.config)


def test_a_grid_begins_at_the_end_of_the_list() -> None:
    """The product with the first name as the slowest, from its end: 6 trials."""
    grid = made(Grid, a_setup(SIX))
    taken = [config(grid.ask(number)) for number in range(6)]
    expected = [{"a": a, "b": b, "c": "x"} for a in (2, 1, 0) for b in (20, 10)]
    assert expected == taken
    assert Exhausted("All 6 configurations of the grid have been begun.") == grid.ask(6)
    assert grid.ask(6) == grid.ask(6)


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        ({"type": "int", "minval": 0, "maxval": 2, "count": 100}, [2, 1, 0]),
        ({"type": "double", "minval": 0.1, "maxval": 0.5, "count": 3}, [0.5, 0.3, 0.1]),
        ({"type": "log", "base": 10, "minval": -5, "maxval": -3, "count": 3}, [1e-3, 1e-4, 1e-5]),
        ({"type": "int", "minval": 0, "maxval": 1, "count": 1}, [1]),
    ],
)
def test_grid_points_of_determined(domain: dict[str, object], values: list[float]) -> None:
    grid = made(Grid, a_setup({"x": domain}))
    assert pytest.approx(values) == [config(grid.ask(number))["x"] for number in range(len(values))]
    assert isinstance(grid.ask(9), Exhausted)


def test_a_grid_over_a_continuous_axis_without_count_is_refused_by_name() -> None:
    with pytest.raises(TrainingError, match="lr"):
        made(Grid, a_setup({"lr": "loguniform(1e-4, 1e-1)", "a": "choice(1, 2)"}))


def test_a_grid_takes_each_number_of_a_large_space_as_it_comes() -> None:
    """A million configurations are not written down first."""
    space = dict.fromkeys("abc", "randint(1, 100)")
    assert {"a": 100, "b": 100, "c": 100} == config(made(Grid, a_setup(space)).ask(0))


def test_a_grid_leaves_out_what_was_adopted() -> None:
    grid = made(Grid, a_setup(SIX))
    grid.adopt(0, {"a": 2, "b": 20, "c": "x"})
    grid.adopt(1, {"a": 0, "b": 10, "c": "x"})
    rest = [config(grid.ask(number)) for number in range(2, 6)]
    assert [(2, 10), (1, 20), (1, 10), (0, 20)] == [(one["a"], one["b"]) for one in rest]
    assert isinstance(grid.ask(6), Exhausted)


def test_an_invalid_trial_of_a_grid_is_not_replaced() -> None:
    run = played(made(Grid, a_setup(SIX)), fails=lambda trial: "invalid" if trial == 2 else "completed")
    assert 6 == len(run.configs)


def test_random_is_told_by_seed_and_number() -> None:
    one, same, other = (made(RandomSearch, a_setup(seed=seed)) for seed in (3, 3, 4))
    first = [config(one.ask(number)) for number in range(5)]
    assert first == [config(same.ask(number)) for number in range(5)]
    assert first != [config(other.ask(number)) for number in range(5)]


def test_a_trial_that_is_adopted_changes_no_later_one() -> None:
    plain, led = made(RandomSearch, a_setup()), made(RandomSearch, a_setup())
    led.adopt(0, {"x": 0.5})
    plain.ask(0)
    assert plain.ask(1) == led.ask(1)


def test_random_proposes_each_configuration_of_a_small_space_once() -> None:
    search = made(RandomSearch, a_setup(SIX))
    taken = {tuple(sorted(config(search.ask(number)).items())) for number in range(6)}
    assert 6 == len(taken)
    assert Exhausted("All 6 configurations of the space have been tried.") == search.ask(6)


def test_random_bears_any_number_of_metrics() -> None:
    both = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
    assert isinstance(made(RandomSearch, a_setup(objective=both)).ask(0), Start)
