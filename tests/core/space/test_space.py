"""A space is what was written: its axes, its constants, its samples, and what it is in JSON."""

from __future__ import annotations

import json
import random

import pytest
import yaml

from jupyter_training.core.space import Choice, Const, Float, Int, SearchSpace, nested
from jupyter_training.errors import InvalidSpec

WRITTEN = {
    "lr": "loguniform(1e-4, 1e-1)",
    "batch": "32,64",
    "optimizer": "choice(sgd, adam)",
    "sgd": {"when": "optimizer == sgd", "momentum": "uniform(0, 0.99)", "nesterov": "choice(true, false)"},
    "depth": {"type": "int", "minval": 1, "maxval": 4},
    "epochs": 20,
    "note": "a text, with a comma",
    "layers": [64, 32],
}


@pytest.fixture
def space() -> SearchSpace:
    return SearchSpace.read(WRITTEN)


def test_axes_are_what_varies_and_constants_what_does_not(space: SearchSpace) -> None:
    assert ["lr", "batch", "optimizer", "sgd.momentum", "sgd.nesterov", "depth"] == list(space.axes)
    assert {"epochs": 20, "note": "a text, with a comma", "layers": [64, 32]} == space.constants
    assert Float(1e-4, 1e-1, scale="log") == space.axes["lr"]
    assert Choice((32, 64)) == space.axes["batch"]
    assert Int(1, 4) == space.axes["depth"]


def test_the_mapping_of_the_caller_stays_as_it_was() -> None:
    before = json.dumps(WRITTEN)
    found = SearchSpace.read(WRITTEN)
    config = found.sample(random.Random(1))
    assert isinstance(config["layers"], list)
    config["layers"].append(1)
    assert before == json.dumps(WRITTEN)
    assert [64, 32] == found.constants["layers"]


def test_a_value_that_was_drawn_may_be_changed() -> None:
    space = SearchSpace.read({"a": "choice([[1], [2]])", "b": "ordinal([[1], [2]])", "c": [1]})
    before = space.to_json()
    for config in (space.sample(random.Random(1)), space.grid()[0], space.complete({"a": [1], "b": [1]})):
        for value in config.values():
            assert isinstance(value, list)
            value.append(3)
    assert before == space.to_json()


def test_a_config_is_in_the_order_of_the_text() -> None:
    space = SearchSpace.read({"b": "1,2 when c == 1", "c": "choice([1])", "a": 3})
    for config in (space.sample(random.Random(1)), space.grid()[0], space.product()[0]):
        assert ["b", "c", "a"] == list(config)


def test_the_same_seed_gives_the_same_configs(space: SearchSpace) -> None:
    first, second = random.Random(7), random.Random(7)
    assert [space.sample(first) for _ in range(20)] == [space.sample(second) for _ in range(20)]


def test_samples_are_configs_of_the_space(space: SearchSpace) -> None:
    rng = random.Random(3)
    samples = [space.sample(rng) for _ in range(300)]
    assert all(space.contains(one) for one in samples)
    assert all(("sgd.momentum" in one) is (one["optimizer"] == "sgd") for one in samples)
    assert {32, 64} == {one["batch"] for one in samples}
    assert {1, 2, 3, 4} == {one["depth"] for one in samples}


def test_what_is_no_config_is_not_contained(space: SearchSpace) -> None:
    config = space.sample(random.Random(3)) | {"optimizer": "adam"}
    config = {name: value for name, value in config.items() if not name.startswith("sgd.")}
    assert space.contains(config)
    for wrong in (
        {"lr": 0.2},
        {"batch": 33},
        {"depth": 2.5},
        {"depth": True},
        {"epochs": 21},
        {"sgd.momentum": 0.5},
        {"more": 1},
    ):
        assert not space.contains(config | wrong)
    del config["lr"]
    assert not space.contains(config)


def test_active_names_are_those_whose_condition_holds(space: SearchSpace) -> None:
    with_sgd = space.active({"optimizer": "sgd"})
    assert {"sgd.momentum", "sgd.nesterov"} == with_sgd - space.active({"optimizer": "adam"})
    assert set(space.domains) == with_sgd


def test_values_of_a_library_become_a_config(space: SearchSpace) -> None:
    values = {"lr": 0.01, "batch": 32, "optimizer": "adam", "sgd.momentum": 0.5, "sgd.nesterov": True, "depth": 2}
    config = space.complete(values)
    assert space.contains(config)
    assert "sgd.momentum" not in config
    assert {"lr": 0.01, "optimizer": "adam", "layers": [64, 32]}.items() <= config.items()


def test_json_and_back_is_the_same_space(space: SearchSpace) -> None:
    sent = json.loads(json.dumps(space.to_json(), allow_nan=False))
    again = SearchSpace.from_json(sent)
    assert space == again
    assert list(space.domains) == list(again.domains)


def test_a_choice_of_one_value_is_an_axis() -> None:
    space = SearchSpace.read({"a": "choice([1])", "b": 1})
    assert space.is_search
    assert ["a"] == list(space.axes)
    assert 1 == space.size()


def test_values_alone_are_no_search() -> None:
    space = SearchSpace.read({"a": 1, "b": "text", "c": {"d": [1, 2], "e": None}})
    assert not space.is_search
    assert {"a": 1, "b": "text", "c.d": [1, 2], "c.e": None} == space.constants
    assert [space.constants] == list(space.grid())


def test_a_fixed_value_takes_an_axis_away() -> None:
    space = SearchSpace.read({"lr": "uniform(0, 1)", "batch": "32,64"})
    fixed = space.replaced(SearchSpace.read({"lr": 1.0}))
    assert ["batch"] == list(fixed.axes)
    assert {"lr": 1.0} == fixed.constants
    assert all(1.0 == fixed.sample(random.Random(seed))["lr"] for seed in range(5))


def test_another_axis_takes_the_place_of_the_first() -> None:
    space = SearchSpace.read({"lr": "uniform(0, 1)", "batch": "32,64"})
    other = space.replaced(SearchSpace.read({"lr": "choice(1, 2)"}))
    assert Choice((1, 2)) == other.axes["lr"]
    assert ["lr", "batch"] == list(other.axes)


def test_a_condition_may_name_what_was_fixed_to_another_value() -> None:
    space = SearchSpace.read({"optimizer": "choice(sgd, adam)", "momentum": "uniform(0, 1) when optimizer == sgd"})
    fixed = space.replaced({"optimizer": Const("adam")})
    assert {"optimizer": "adam"} == fixed.sample(random.Random(1))


@pytest.mark.parametrize("value", [1e-05, 1e16, -2.5e-300, 1.5, 10**20, True, None, "1e-5", "yes", "n", "", [1e-05]])
def test_any_reader_of_yaml_finds_the_same_value(value: object) -> None:
    again = SearchSpace.read(yaml.safe_load(SearchSpace({"x": Const(value)}).to_yaml()))  # type: ignore[arg-type]
    assert repr({"x": value}) == repr(again.constants)


def test_dotted_names_are_groups_again() -> None:
    assert {"a": 1, "b": {"c": 2, "d": {"e": 3}}} == nested({"a": 1, "b.c": 2, "b.d.e": 3})
    assert {"a": 1, "a.b": 2, "c": {"d": 3}, "c.d.e": 4} == nested({"a": 1, "a.b": 2, "c.d": 3, "c.d.e": 4})


def test_a_space_is_not_changed_from_outside() -> None:
    domains = {"a": Int(1, 2)}
    space = SearchSpace(domains)
    domains["b"] = Int(1, 2)
    assert ["a"] == list(space.axes)


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        ({"a.b": 1, "a": {"b": 2}}, "a.b", "twice"),
        ({1: 2}, "1", "must be a text"),
        ({"a": {"": 1}}, "a.", "no name"),
        ({"a": [{"domain": "uniform", "args": [0, 1]}]}, "a", "within a list"),
        ({"a": float("nan")}, "a", "finite"),
        ({"a": {1, 2}}, "a", "set"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_at_its_name(given: dict[str, object], key: str, words: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read(given, key="space")
    assert f"space.{key}" == caught.value.errors[0].key
    assert words in str(caught.value)
