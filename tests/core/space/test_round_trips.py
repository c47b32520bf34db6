"""YAML, Python and JSON say a space exactly, and samples stay within it: shown with spaces that nobody thought of."""

from __future__ import annotations

import ast
import json
import math
import random
from itertools import islice
from typing import Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import jupyter_training
from jupyter_training.core.expression import condition
from jupyter_training.core.expression.condition import All, Compare, Condition, Either, Not
from jupyter_training.core.space import Choice, Const, Domain, Float, Int, Ordinal, SearchSpace, expression
from jupyter_training.core.space.reading import domain_of_text
from jupyter_training.errors import InvalidSpec

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["uniform(0, 1)", "a,b", "1,2", "'x'", '"', "1e-5", "true", "null", "", " a ", "x when y == 1", "k: v #"]
    ),
)
NUMBERS = st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
FLOATS = st.floats(-1e12, 1e12).map(lambda value: value + 0.0)
POSITIVE = st.floats(1e-12, 1e12)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _made(make: Any) -> Any:
    """The domain, or another try where the drawn numbers make no sense together."""
    try:
        return make()
    except InvalidSpec:
        return None


@st.composite
def floats(draw: st.DrawFn) -> Domain:
    scale = draw(st.sampled_from(["linear", "log", "reverse_log"]))
    ends = {"linear": FLOATS, "log": POSITIVE, "reverse_log": st.floats(0, 1 - 1e-12)}[scale]
    low, high = sorted((draw(ends), draw(ends)))
    count = draw(st.none() | st.integers(1, 20))
    kind = draw(st.sampled_from(["continuous", "half-open", "step", "points"]))
    sweep = draw(st.sampled_from(["all", "below_high", "none"]))
    if kind == "step":
        step, steps = draw(st.floats(1e-3, 1e3)), draw(st.integers(1, 40))
        low = round(low, 3)
        return _made(lambda: Float(low, low + step * steps, scale=scale, step=step, sweep=sweep, count=count))
    if kind == "points":
        points = draw(st.integers(2, 30))
        return _made(lambda: Float(low, high, scale=scale, points=points, sweep=sweep, count=count))
    if kind == "half-open":
        return _made(lambda: Float(low, high, scale=scale, includes_high=False))
    return _made(lambda: Float(low, high, scale=scale, count=count))


@st.composite
def ints(draw: st.DrawFn) -> Domain:
    scale = draw(st.sampled_from(["linear", "log"]))
    step, steps = draw(st.integers(1, 1000)), draw(st.integers(0, 1000))
    low = draw(st.integers(1, 10**9) if scale == "log" else st.integers(-(10**9), 10**9))
    count = draw(st.none() | st.integers(1, 20))
    sweep = draw(st.sampled_from(["all", "below_high", "none"]))
    points = draw(st.none() | st.integers(2, 30))
    if points is not None:
        return _made(lambda: Int(low, low + steps, scale=scale, points=points, sweep=sweep, count=count))
    return _made(lambda: Int(low, low + step * steps, scale=scale, step=step, sweep=sweep, count=count))


@st.composite
def listed(draw: st.DrawFn) -> Domain:
    values = tuple(draw(st.lists(VALUES, min_size=1, max_size=5, unique_by=_key)))
    if draw(st.booleans()):
        return _made(lambda: Choice(values, is_shuffled=draw(st.booleans())))
    return _made(lambda: Ordinal(values, draw(st.sampled_from(["equal", "nn", "nn-log"]))))


CONSTS = VALUES.map(lambda value: _made(lambda: Const(value)))
DOMAINS = st.one_of(floats(), ints(), listed(), CONSTS).filter(lambda one: one is not None)
NAMES = st.one_of(
    st.from_regex(r"[a-z]{1,6}(\.[a-z]{1,4})?", fullmatch=True),
    st.sampled_from(["yes", "n", "null", "a-b", "a b", "1", "when", "é", 'a"b', "x:y", "#", "or"]),
)


@st.composite
def conditions(draw: st.DrawFn, names: list[str]) -> Condition:
    def one() -> Condition:
        name = draw(st.sampled_from(names))
        sign = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]))
        if sign in ("in", "not in"):
            return Compare(name, sign, draw(st.lists(SCALARS, min_size=1, max_size=3)))
        return Compare(name, sign, draw(NUMBERS if sign[0] in "<>" else SCALARS))

    kind = draw(st.sampled_from(["one", "not", "all", "either", "both"]))
    if kind == "not":
        return Not(one())
    if kind == "all":
        return All((one(), one()))
    if kind == "either":
        return Either((one(), All((one(), Not(one())))))
    return All((Either((one(), one())), one())) if kind == "both" else one()


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    found: dict[str, Domain] = {}
    for name in names:
        domain = draw(DOMAINS)
        if found and draw(st.integers(0, 2)) == 0:
            when = draw(conditions(list(found)))
            domain = type(domain)(**{**_fields(domain), "when": when})
        found[name] = domain
    return SearchSpace(found)


def _fields(domain: Domain) -> dict[str, Any]:
    return {name: getattr(domain, name) for name in domain.__dataclass_fields__}


def same(one: SearchSpace, other: SearchSpace) -> bool:
    """Equal, and 1, 1.0 and true are three values."""
    return list(one.domains) == list(other.domains) and repr(one) == repr(other)


def without_lint(space: SearchSpace) -> SearchSpace:
    """A space whose conditions compare with what can't be is only refused when a person writes it."""
    try:
        SearchSpace.read(space.to_json())
    except InvalidSpec as error:
        assume(not all("never" in one.detail for one in error.errors))
        raise
    return space


@given(spaces())
@settings(max_examples=80, deadline=None)
def test_json_says_a_space_exactly(space: SearchSpace) -> None:
    without_lint(space)
    sent = json.dumps(space.to_json(), allow_nan=False)
    assert same(space, SearchSpace.from_json(json.loads(sent)))


@given(spaces())
@settings(max_examples=80, deadline=None)
def test_yaml_says_a_space_exactly(space: SearchSpace) -> None:
    without_lint(space)
    assert same(space, SearchSpace.read(yaml.safe_load(space.to_yaml())))


@given(spaces())
@settings(max_examples=80, deadline=None)
def test_python_says_a_space_exactly(space: SearchSpace) -> None:
    """Read by Python itself, with the public names alone."""
    without_lint(space)
    text = space.to_python()
    ast.parse(text, mode="eval")
    mapping = eval(text, {name: getattr(jupyter_training, name) for name in jupyter_training.__all__})
    assert same(space, SearchSpace.read(mapping))


@given(DOMAINS)
@settings(max_examples=80, deadline=None)
def test_an_expression_says_a_domain_exactly(domain: Domain) -> None:
    assert repr(domain) == repr(domain_of_text(expression(domain)))


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_condition_is_read_as_it_was_written(data: st.DataObject) -> None:
    wanted = data.draw(conditions(["a", "b.c", "a b", "or"]))
    again = condition.parse(condition.text(wanted))
    assert condition.text(wanted) == condition.text(again)
    values = {"a": data.draw(SCALARS), "b.c": data.draw(SCALARS), "or": data.draw(SCALARS)}
    assert condition.holds(wanted, values) is condition.holds(again, values)


@given(DOMAINS, st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_samples_grids_and_sweeps_stay_in_the_domain(domain: Domain, seed: int) -> None:
    if isinstance(domain, Const):
        return
    rng = random.Random(seed)
    for value in (domain.sample(rng) for _ in range(20)):
        assert domain.contains(value)
        assert type(value) is int or not isinstance(domain, Int)
        assert type(value) is float or not isinstance(domain, Float)
    size = domain.size()
    rows = []
    if size is not None:
        rows.append(domain.product())
        assert size == len(domain.values)
    if size is not None or domain.count is not None:
        rows.append(domain.grid())
    for row in rows:
        assert all(domain.contains(value) for value in islice(row, 100))
        assert all(domain.contains(value) for value in row[-3:])
        if isinstance(domain, (Int, Float)):
            some = [*islice(row, 100)]
            assert sorted(set(some)) == some


@given(DOMAINS, st.floats(-1e15, 1e15))
@settings(max_examples=80, deadline=None)
def test_the_nearest_member_is_a_member_and_members_are_their_own(domain: Domain, value: float) -> None:
    if isinstance(domain, (Int, Float)):
        near = domain.nearest(value)
        assert domain.contains(near)
        assert near == domain.nearest(near)
        assert math.isfinite(near)


@given(spaces(), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_samples_of_a_space_are_its_configs(space: SearchSpace, seed: int) -> None:
    config = space.sample(random.Random(seed))
    assert space.contains(config)
    assert config == space.complete(config)
    assert config == space.sample(random.Random(seed))
