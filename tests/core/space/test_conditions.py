"""An axis is there only where its condition is true; a condition on nothing, or in a circle, is refused."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_training.core.expression import condition
from jupyter_training.core.space import Choice, Const, Domain, Int, SearchSpace, words
from jupyter_training.errors import InvalidSpec


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("a == sgd", {"a": "sgd"}, True),
        ("a == 'sgd'", {"a": "adam"}, False),
        ("a != sgd", {"a": "adam"}, True),
        ("a == 1", {"a": 1.0}, True),
        ("a == 1", {"a": True}, False),
        ("a == true", {"a": True}, True),
        ("a == null", {"a": None}, True),
        ("a == [1, 2]", {"a": [1, 2]}, True),
        ("a in [1, 2]", {"a": 2}, True),
        ("a not in (1, 2)", {"a": 3}, True),
        ("a > 2", {"a": 2.5}, True),
        ("a >= 2 and a < 3", {"a": 2}, True),
        ("a < 2 or a > 5", {"a": 3}, False),
        ("not (a < 2 or a > 5)", {"a": 3}, True),
        ("a == 1 or b == 2 and c == 3", {"a": 1, "b": 0, "c": 0}, True),
        ("(a == 1 or b == 2) and c == 3", {"a": 1, "b": 0, "c": 0}, False),
        ("a.b-c == 1e-3", {"a.b-c": 0.001}, True),
        ("'my name' == x", {"my name": "x"}, True),
        ("a > 2", {"a": "text"}, False),
        # Of what is not there nothing is true, and nothing is false.
        ("a == 1", {}, None),
        ("a != 1", {}, None),
        ("not a == 1", {}, None),
        ("a == 1 or b == 2", {"b": 2}, True),
        ("a == 1 and b == 2", {"b": 3}, False),
        ("a == 1 and b == 2", {"b": 2}, None),
    ],
)
def test_what_is_true(text: str, values: dict[str, Any], expected: bool | None) -> None:
    assert expected is condition.holds(condition.parse(text), values)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "needs a name here, and it ends"),
        ("a", 2, "after a here, and it ends"),
        ("a = 1", 3, "Write ==."),
        ("a == 1 && b == 2", 8, "Write and."),
        ("a == 1 || b == 2", 8, "Write or."),
        ("a is 1", 3, "Write a == ..."),
        ("a > x", 5, "'x' is none"),
        ("a in 3", 6, "a list, as in [2, 3]"),
        ("a in []", 6, "empty list"),
        ("a in [1 2]", 9, ", or ]"),
        ("(a == 1", 8, "needs ) here"),
        ("a == 1)", 7, "the end here"),
        ("a == 'x", 6, "not closed"),
        ("a == 1 b == 2", 8, "and, or, or the end"),
        ("a not 1", 7, "needs in here"),
        ("a == inf", 6, "no finite number"),
        ("and == 1", 1, "needs a name"),
        ("(" * 100, 51, "nested too deeply"),
    ],
)
def test_a_mistake_is_shown_at_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        condition.parse(text)
    assert column == caught.value.errors[0].column
    assert said in str(caught.value)


def test_every_way_to_write_a_condition_is_the_same() -> None:
    ways: list[Any] = [
        "uniform(0, 1) when o == sgd",
        "uniform(0, 1, when='o == sgd')",
        {"domain": "uniform(0, 1)", "when": "o == sgd"},
        {"type": "double", "minval": 0, "maxval": 1, "when": "o == sgd"},
        {"domain": "uniform", "args": [0, 1], "when": "o == 'sgd'"},
        {"domain": "float", "low": 0, "high": 1, "when": "(o == 'sgd')"},
    ]
    spaces = [SearchSpace.read({"o": "choice(sgd, adam)", "x": way}) for way in ways]
    assert all(spaces[0] == one for one in spaces)
    assert 'when o == "sgd"' in words(spaces[0].domains["x"])


def test_a_group_has_one_condition_for_all_and_finds_names_beside_it() -> None:
    sgd = {"when": "name == sgd", "momentum": "choice(0, 0.9)", "nesterov": "true,false when momentum > 0"}
    space = SearchSpace.read({"optimizer": {"name": "choice(sgd, adam)", "sgd": sgd}, "name": "x"})
    assert 'optimizer.name == "sgd"' in words(space.domains["optimizer.sgd.momentum"])
    assert [
        {"optimizer.name": "sgd", "optimizer.sgd.momentum": 0},
        {"optimizer.name": "sgd", "optimizer.sgd.momentum": 0.9, "optimizer.sgd.nesterov": True},
        {"optimizer.name": "sgd", "optimizer.sgd.momentum": 0.9, "optimizer.sgd.nesterov": False},
        {"optimizer.name": "adam"},
    ] == [{key: value for key, value in one.items() if key != "name"} for one in space.product()]


def test_what_hangs_on_something_left_out_is_left_out_too() -> None:
    space = SearchSpace.read({"a": "0,1", "b": "0,1 when a == 1", "c": "0,1 when b == 0", "d": "0,1 when not b == 0"})
    assert [
        {"a": 0},
        {"a": 1, "b": 0, "c": 0},
        {"a": 1, "b": 0, "c": 1},
        {"a": 1, "b": 1, "d": 0},
        {"a": 1, "b": 1, "d": 1},
    ] == list(space.grid())
    assert 5 == space.size()
    assert {"a"} == space.active({"a": 0, "b": 0, "c": 0})


def test_a_condition_may_stand_before_what_it_names() -> None:
    space = SearchSpace.read({"x": "1,2 when z == b", "z": "a,b"})
    assert ("z", "x") == space.sequence
    assert [{"z": "a"}, {"x": 1, "z": "b"}, {"x": 2, "z": "b"}] == list(space.product())
    assert ["x", "z"] == list(list(space.product())[1])


@pytest.mark.parametrize(
    ("given", "key", "said"),
    [
        ({"x": "1,2 when optimzer == sgd", "optimizer": "sgd,adam"}, "x", "Did you mean optimizer?"),
        ({"x": "1,2 when x == 1"}, "x", "leads back to itself: x hangs on x"),
        ({"a": "1,2 when b == 1", "b": "1,2 when a == 1"}, "a", "a hangs on b hangs on a"),
        ({"a": "1,2 when b == 1", "b": "1,2 when c == 1", "c": "1,2 when b == 1"}, "b", "b hangs on c hangs on b"),
        ({"a": "sgd,adam", "b": "1,2 when a == sdg"}, "b", "a is never sdg. Did you mean sgd?"),
        ({"a": "1,2", "b": "1,2 when a in [1, 3]"}, "b", "a is never 3. It is one of 1, 2."),
        ({"a": "randint(1, 5)", "b": "1,2 when a == 6"}, "b", "a is never 6"),
        ({"a": "sgd,adam", "b": "1,2 when a > 1"}, "b", "never a number"),
        ({"b": {"domain": "uniform(0, 1)", "when": "a =="}, "a": "1,2"}, "b.when", "needs a value"),
        ({"g": {"when": "a ==", "b": 1}, "a": "1,2"}, "g.when", "needs a value"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(given: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read(given, key="space")
    assert f"space.{key}" == caught.value.errors[0].key
    assert said in str(caught.value)


def test_an_unknown_name_is_shown_at_its_column() -> None:
    with pytest.raises(InvalidSpec, match="lr, column 20: its condition names nam"):
        SearchSpace.read({"lr": "uniform(0, 1) when nam == 3", "name": "1,3"})


def test_a_name_that_could_not_be_read_is_not_called_unknown() -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"a": "uniform(2, 1)", "b": "1,2 when a > 1"})
    assert ["a"] == [one.key for one in caught.value.errors]


def test_a_large_space_with_conditions_is_counted_without_being_made() -> None:
    given: dict[str, Any] = {f"a{number}": "0,1" for number in range(60)}
    given |= {f"b{number}": f"range(1, 1000) when a{number} == 1" for number in range(60)}
    given["n"] = "randint(1, 1000000000)"
    given["m"] = "1,2,3 when n > 10 and n <= 20 or n == 999999999"
    space = SearchSpace.read(given)
    assert 1001**60 * (10**9 + 11 * 2) == space.size()
    with pytest.raises(InvalidSpec, match=r"1e\+189 configs are too many"):
        space.grid()


def test_a_config_of_a_large_grid_is_found_by_its_number() -> None:
    given: dict[str, Any] = {f"a{number}": "0,1" for number in range(4)}
    given |= {f"b{number}": f"randint(1, 1000) when a{number} == 1" for number in range(4)}
    given["n"] = "randint(1, 1000)"
    given["m"] = "1,2,3 when n > 10 and n <= 20 or n == 999"
    space = SearchSpace.read(given)
    grid = space.grid()
    assert 1001**4 * (1000 + 11 * 2) == len(grid) == space.size()
    places = [0, 1, len(grid) // 3, len(grid) // 2, len(grid) - 2, len(grid) - 1]
    configs = [grid[place] for place in places]
    assert all(space.contains(config) for config in configs)
    assert len(places) == len({repr(config) for config in configs})
    assert {"a0": 1, "b0": 1000, "a3": 1, "b3": 1000, "n": 1000}.items() <= grid[-1].items()


def test_conditions_that_look_at_too_much_at_once_are_no_endless_wait() -> None:
    given: dict[str, Any] = {f"a{number:02}": f"range({number + 2})" for number in range(40)}
    given["z"] = "1,2 when " + " or ".join(f"a{number:02} == 1" for number in range(40))
    space = SearchSpace.read(given)
    assert space.size() is None
    with pytest.raises(InvalidSpec, match="too many axes at once"):
        space.grid()
    assert space.contains(space.sample(random.Random(1)))


@st.composite
def small_spaces(draw: st.DrawFn) -> SearchSpace:
    names = draw(st.permutations(["a", "b", "c", "d", "e"]))
    found: dict[str, Domain] = {}
    for place, name in enumerate(names):
        kind = draw(st.sampled_from(["choice", "int", "const"]))
        domain: Domain = {"choice": Choice((1, "x", 2)), "int": Int(0, 3), "const": Const(1)}[kind]
        if place and draw(st.booleans()):
            other = draw(st.sampled_from(names[:place]))
            text = draw(
                st.sampled_from(["{} == 1", "{} != 2", "{} > 1", "{} in [0, x]", "not {} <= 2", "{} == 1 or {} == x"])
            )
            domain = type(domain)(**{**vars(domain), "when": condition.parse(text.replace("{}", other))})
        found[name] = domain
    order = draw(st.permutations(names))
    return SearchSpace({name: found[name] for name in order})


@given(small_spaces())
@settings(max_examples=80, deadline=None)
def test_a_grid_is_each_config_once_and_no_other(space: SearchSpace) -> None:
    """Against the plain way: every combination of values, less what its conditions leave out, each once."""
    rows = {name: [one.value] if isinstance(one, Const) else list(one.grid()) for name, one in space.domains.items()}
    expected = {repr(space.complete(dict(zip(rows, values, strict=True)))) for values in product(*rows.values())}
    for configs in (space.grid(), space.product()):
        found = [repr(config) for config in configs]
        assert len(found) == len(set(found)) == len(expected) == space.size() == len(configs)
        assert expected == set(found)
        assert all(space.contains(config) for config in configs)


@given(small_spaces(), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_samples_are_within_the_grid(space: SearchSpace, seed: int) -> None:
    assert space.sample(random.Random(seed)) in list(space.grid())
