"""What people write as a space is answered as it is understood, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.client.space import choice, const, loguniform
from jupyter_training.client.values import json_params
from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import InvalidSpec
from jupyter_training.languages.default_spaces import SPACES
from jupyter_training.schema import SpaceRequest
from jupyter_training.services.search_reading import as_plain, parted
from jupyter_training.services.searches import one_of
from jupyter_training.services.spaces import of_updater, understood
from tests.services.stage import request

GIVEN = {
    "lr": "loguniform(1e-4, 1e-1, count=4)",
    "batch": "32,64",
    "o": {"name": "choice(sgd, adam)", "momentum": "range(0, 1, 0.25) when name == sgd"},
    "epochs": 20,
}


def test_axes_are_told_in_words_with_size_grid_and_samples() -> None:
    view = understood(SpaceRequest(space=GIVEN, samples=3, seed=7))
    assert ["lr", "batch", "o.name", "o.momentum"] == [axis.name for axis in view.axes]
    assert ["float", "choice", "choice", "float"] == [axis.kind for axis in view.axes]
    lr, batch, _, momentum = view.axes
    assert "0.0001 to 0.1, both included, log scale, 4 of them in a grid" == lr.words
    assert (None, 2, 5) == (lr.size, batch.size, momentum.size)
    assert 'o.name == "sgd"' == momentum.when
    assert {"epochs": 20} == view.constants
    assert view.size is None
    assert 4 * 2 * (5 + 1) == view.grid
    assert view.grid_note is None
    assert 3 == len(view.samples)
    assert view.samples == understood(SpaceRequest(space=GIVEN, samples=3, seed=7)).samples
    assert view.samples != understood(SpaceRequest(space=GIVEN, samples=3, seed=8)).samples


def test_what_is_answered_is_the_same_space_again() -> None:
    view = understood(SpaceRequest(space=GIVEN))
    assert SearchSpace.read(GIVEN) == SearchSpace.from_json(view.space)
    assert view == understood(SpaceRequest(space=view.space))
    assert "lr: loguniform(0.0001, 0.1, count=4)\n" in view.yaml
    assert '"batch": choice([32, 64]),\n' in view.python


def test_why_there_is_no_grid_is_said() -> None:
    view = understood(SpaceRequest(space={"lr": "uniform(0, 1)"}, samples=0))
    assert view.grid is None
    assert "lr: a grid needs a list of values, and this is continuous" in (view.grid_note or "")
    assert () == view.samples


def test_a_mistake_has_its_key_and_column() -> None:
    with pytest.raises(InvalidSpec) as caught:
        understood(SpaceRequest(space={"a": "uniform(0, 1)", "b": {"lr": "loguniorm(1, 2)"}}))
    problem = caught.value.errors[0]
    assert ("space.b.lr", 1) == (problem.key, problem.column)
    assert "Did you mean loguniform?" in (problem.hint or "")


def test_a_function_gets_the_groups_of_a_space_as_mappings() -> None:
    space = {"lr": 0.1, "sgd": {"momentum": 0.9}}
    function = {"kind": "function", "path": "train.py", "function": "train"}
    wish = request(space=space, entry=function)
    plain, _ = as_plain(wish, parted(wish))
    assert space == plain.params
    wish = request(space=space)
    plain, _ = as_plain(wish, parted(wish))
    assert {"lr": 0.1, "sgd.momentum": 0.9} == plain.params


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"lr": loguniform(0, 1)}, "params.lr"),
        ({"lr": loguniform(0, 1), "batch": choice(1, 2)}, "params.lr"),
        ({"sgd": {"lr": loguniform(0, 1)}}, "params.sgd.lr"),
        ({"sgd": {"lr": "loguniform(0, 1)"}}, "params.sgd.lr"),
        ({"lr": {"type": "log", "minval": 1, "maxval": 0}}, "params.lr"),
        ({"lr": {"domain": "uniform(0, 1)", "when": "x == 1"}}, "params.lr"),
    ],
)
def test_a_domain_that_makes_no_sense_is_never_taken_for_a_value(params: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parted(request(params=json_params(params)))
    assert key == caught.value.errors[0].key


def test_a_constant_is_its_value_however_it_is_written() -> None:
    params = {"a": const("x,y"), "b": {"type": "const", "val": {"c": 1}}, "d": '"1,2"', "e": {"f": ["g,h"]}, "n": None}
    expected = {"a": "x,y", "b": {"c": 1}, "d": "1,2", "e": {"f": ["g,h"]}, "n": None}
    assert expected == parted(request(params=json_params(params))).params
    assert expected == parted(request(params=json_params({**params, "lr": loguniform(1e-4, 1)}))).params


def test_a_trial_that_is_tried_first_gets_them_as_the_others_do() -> None:
    function = {"kind": "function", "path": "train.py", "function": "train"}
    wish = request(
        params={"sgd": {"momentum": "choice([0.9])", "nesterov": True}}, entry=function, metric="a", mode="min"
    )
    assert {"sgd": {"momentum": 0.9, "nesterov": True}} == one_of(wish, parted(wish)).params


@pytest.mark.parametrize("name", list(SPACES))
def test_each_updater_has_a_space(name: str) -> None:
    view = of_updater(name)
    assert view.axes
    assert 5 == len(view.samples)
    assert 64 == view.constants["batch_size"]
    assert {"momentum", "weight_decay", "learning_rate"} <= {axis.name for axis in view.axes}


def test_an_unknown_updater_is_refused_with_the_list() -> None:
    with pytest.raises(InvalidSpec, match="Default spaces: ER, DER"):
        of_updater("nonsense")
