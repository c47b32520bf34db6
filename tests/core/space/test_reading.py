"""Which texts are expressions, what each function means, and how a mistake is shown."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_training.core.expression import parse
from jupyter_training.core.space import Choice, Const, Float, Int, Ordinal, SearchSpace, is_expression, unquoted, words
from jupyter_training.core.space.reading import domain_of_text
from jupyter_training.errors import InvalidSpec, Problem


@pytest.mark.parametrize(
    "text",
    [
        "uniform(0, 1)",
        " loguniform (1e-4, 1e-1)",
        "choice()",
        "uniform(0, 1",  # meant as one: the person is told what is missing
        "loguniorm(1e-4, 1e-1)",
        "chioce(a, b)",
        "normal(0, 1)",
        "myrange(1, 2, 3)",
        "1e-3,1e-2",
        "1, 2",
        "sgd,adam",
        "'a b', 'c'",
        "[1,2],[3]",
        "0.9 when optimizer == sgd",
        "choice(1, 2) when not a in [1]",
        "const('a,b')",
    ],
)
def test_an_expression_is_known_as_one(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "adam",
        "1e-3",
        "hello, world",
        "a, b and c",
        "a,b c",
        "print(x)",
        "f(x, y)",
        "lambda x: (x, 2)",
        "[1, 2]",
        "{a: 1, b: 2}",
        "a=1,b=2",
        "a,,b",
        ",",
        "a,",
        "(a, b",
        "uniform",
        "choice of words",
        "what to do when it fails",
        "stop when lost",
        "s3://bucket/path(1)",
        "'uniform(0, 1)'",
        '"a,b"',
    ],
)
def test_any_other_text_is_a_value(text: str) -> None:
    assert not is_expression(text)
    assert [Const(unquoted(text))] == list(SearchSpace.read({"x": text}).domains.values())


@pytest.mark.parametrize("text", ["uniform(0, 1)", "a,b", "'a'", "1 when x == 2", "loguniorm(1, 2)"])
def test_a_text_that_looks_like_an_expression_stays_one_on_its_way(text: str) -> None:
    space = SearchSpace({"x": Const(text)})
    assert space == SearchSpace.read(space.to_json())
    assert {"x": text} == SearchSpace.read(yaml.safe_load(space.to_yaml())).constants


def test_quotes_make_a_text_of_an_expression() -> None:
    assert {"x": "uniform(0, 1)", "y": "a,b"} == SearchSpace.read({"x": "'uniform(0, 1)'", "y": '"a,b"'}).constants
    assert "it's" == unquoted('"it\'s"')
    assert "'a' and 'b'" == unquoted("'a' and 'b'")
    assert "'a" == unquoted("'a")


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("uniform(0, 1)", Float(0.0, 1.0)),
        ("uniform(low=0, high=1)", Float(0.0, 1.0)),
        ("loguniform(1e-4, 1e-1)", Float(1e-4, 1e-1, scale="log")),
        ("reverseloguniform(0.9, 0.999)", Float(0.9, 0.999, scale="reverse_log")),
        ("quniform(0, 1, 0.1)", Float(0.0, 1.0, step=0.1)),
        ("qloguniform(0.1, 1, 0.1)", Float(0.1, 1.0, scale="log", step=0.1)),
        ("randint(1, 8)", Int(1, 8)),
        ("randint(1e3, 1e5)", Int(1000, 100_000)),
        ("lograndint(8, 1024)", Int(8, 1024, scale="log")),
        ("qrandint(0, 100, 10)", Int(0, 100, step=10)),
        ("qrandint(0, 100)", Int(0, 100)),
        ("qlograndint(8, 1024, 8)", Int(8, 1024, scale="log", step=8)),
        ("finrange(0.3, 1, 8)", Float(0.3, 1.0, points=8)),
        ("finrange(0, 10, 3, true)", Int(0, 10, points=3)),
        ("logfinrange(1e-4, 1e-1, 4)", Float(1e-4, 1e-1, scale="log", points=4)),
        ("logfinrange(1, 100, 3, cast_int=True)", Int(1, 100, scale="log", points=3)),
        ("choice(32, 64)", Choice((32, 64))),
        ("choice([32, 64])", Choice((32, 64))),
        ("choice((32, 64))", Choice((32, 64))),
        ("choice([1])", Choice((1,))),
        ("choice([[1]])", Choice(([1],))),
        ("choice(sgd, 'adam w', True, None, 1.5,)", Choice(("sgd", "adam w", True, None, 1.5))),
        ("ordinal(1, 2, 4)", Ordinal((1, 2, 4), "nn")),
        ("ordinal(small, large)", Ordinal(("small", "large"))),
        ("ordinal(4, 2)", Ordinal((4, 2))),
        ("ordinal([1, 2], kind=equal)", Ordinal((1, 2))),
        ("logordinal(1, 10, 100)", Ordinal((1, 10, 100), "nn-log")),
        ("uniform(0, 1, count=5)", Float(0.0, 1.0, count=5)),
        ("uniform(0, 1_000)", Float(0.0, 1000.0)),
    ],
)
def test_what_each_function_means(text: str, domain: object) -> None:
    assert repr(domain) == repr(domain_of_text(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uniform(0, 1)", "0 to 1, both included"),
        ("interval(0.0, 1.0)", "0 to 1, 1 left out"),
        ("loguniform(1e-4, 1e-1)", "0.0001 to 0.1, both included, log scale"),
        ("reverseloguniform(0.9, 0.999)", "0.9 to 0.999, both included, reverse log scale"),
        ("randint(1, 8)", "8 values, whole numbers 1 to 8, both included"),
        ("qrandint(0, 100, 10)", "11 values, 0 to 100, both included, by 10"),
        ("quniform(0.9, 1.7, 0.1)", "9 values, 0.9 to 1.7, both included, by 0.1"),
        ("logfinrange(1, 3, 9, cast_int=true)", "3 values, 1 to 3, both included, log scale"),
        ("uniform(0, 1, count=5)", "0 to 1, both included, 5 of them in a grid"),
        ("choice(sgd, adam)", "2 values: sgd, adam"),
        ("choice([7])", "one value, 7"),
        ("ordinal(1, 2)", "2 values: 1, 2, in this order"),
        ("choice(1,2,3,4,5,6,7,8,9,10)", "10 values: 1, 2, 3, 4, 5, 6, 7, 8, … 10"),
        ("const('a,b')", "always a,b"),
    ],
)
def test_words_say_which_end_belongs_to_it(text: str, said: str) -> None:
    assert said == words(domain_of_text(text))


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("loguniform(0, 1)", 1, "lower bound 0 is not allowed for a log scale. Use e.g. loguniform(0.0001, 1)."),
        ("loguniform(-1, 1)", 1, "lower bound -1 is not allowed for a log scale"),
        ("loguniform(-2, -1)", 1, "Both bounds must be above 0"),
        ("lograndint(0, 64)", 1, "Use e.g. lograndint(1, 64)."),
        ("reverseloguniform(0.9, 1)", 1, "upper bound 1 is not allowed for a reverse log scale"),
        ("choice()", 1, "has no value to choose from"),
        ("choice([])", 1, "has no value to choose from"),
        ("choice(1, 2, 1.0)", 1, "the value 1 stands twice"),
        ("uniform(2, 1)", 1, "the lower bound 2 is above the upper bound 1. Write 1, 2."),
        ("quniform(0, 1, 0.3)", 1, "does not divide 0 to 1: it leads to 0.9 or 1.2. Write quniform(0, 0.9, 0.3)."),
        ("qrandint(0, 10, 4)", 1, "it leads to 8 or 12. Write qrandint(0, 8, 4)."),
        ("quniform(0, 1, 0)", 1, "the step 0 is not above 0"),
        ("finrange(0, 1, 1)", 1, "1 values are not from 0 to 1"),
        ("finrange(0, 1, 2.5)", 16, "size must be a whole number"),
        ("randint(0.5, 3)", 9, "low must be a whole number, not 0.5"),
        ("randint(1, 1e30)", 1, "too large"),
        ("uniform(a, 1)", 9, "low must be a number, not 'a'"),
        ("uniform(0, inf)", 12, "no finite number"),
        ("uniform(0, 1e999)", 12, "larger than any number"),
        ("uniform(true, 1)", 9, "low must be a number"),
        ("uniform(0)", 1, "lacks high. Write e.g. uniform(0, 1)."),
        ("uniform(0, 1, 2)", 15, "takes 2 values, not 3"),
        ("uniform(0, 1, low=2)", 15, "is given low twice"),
        ("uniform(0, 1, cuont=3)", 15, "Did you mean count=?"),
        ("uniform(0, 1, count=0)", 1, "the count must be a whole number from 1"),
        ("uniform(0, 1, count=[1])", 21, "count must be a number"),
        ("loguniorm(1, 2)", 1, "Did you mean loguniform?"),
        ("normal(0, 1)", 1, "there is no normal(...)"),
        ("logordinal(0, 1)", 1, "the value 0 is not allowed on a log scale"),
        ("logordinal(2, 1)", 1, "needs rising numbers"),
        ("ordinal(1, 2, kind=near)", 1, "no kind 'near'"),
        ("uniform(0, 1", 8, "this ( is not closed"),
        ("choice('a, b)", 8, "this quote is not closed"),
        ("choice(a b(c))", 11, "can't stand here"),
        ("choice(a, [b, c)", 16, "can't stand here"),
        ("uniform(0, 1) 2", 15, "where the text should end"),
        ("uniform(0, 1))", 14, "where the text should end"),
        ("choice({a: 1, a: 2})", 15, "the key 'a' stands twice"),
        ("choice({a 1})", 12, "a colon is missing"),
        ("uniform(0, 1, when=3)", 20, "a condition is a text in quotes"),
        ("uniform(0, 1, when='a = 1')", 23, "Write ==."),
        ("choice(uniform(0, 1, when='a == 1'))", 22, "only the outermost call can have a condition"),
        ("uniform(0, 1, when='a == 1') when a == 2", 35, "a condition is given twice"),
        ("uniform(0, 1) when a === 1", 24, "a value"),
    ],
)
def test_a_mistake_is_shown_at_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"lr": text}, key="params")
    problem = caught.value.errors[0]
    assert ("params.lr", column) == (problem.key, problem.column)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"params.lr, column {column}: ")


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(InvalidSpec) as caught:
        SearchSpace.read({"a": "uniform(2, 1)", "b": "uniform(0, 1)", "c": {"d": "choice()"}})
    assert ["a", "c.d"] == [one.key for one in caught.value.errors]
    assert "1 more: c.d." in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "uniform(0, 1).__class__",
        "choice(*[1])",
        "uniform(0, 2**3)",
        "uniform(0, 1) if True else 2",
        "[" * 5000,
        "choice(" * 5000,
        "uniform(0, 1)" * 1000,
    ],
)
def test_nothing_is_evaluated(text: str) -> None:
    """What Python would run is a text or a mistake; depth and length are bounded."""
    try:
        found = SearchSpace.read({"x": text})
    except InvalidSpec:
        return
    assert "x" not in found.axes or isinstance(found.axes["x"], Choice)


SIGNS = st.sampled_from(
    [*"()[]{},:='\"\\ .-1a", "uniform(", "choice(", "range(", "tag(log,", " when ", " == ", "x", "1e-3", "not ", "in "]
)


@given(st.lists(SIGNS, max_size=25).map("".join))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_is_a_space_or_a_mistake_with_a_place(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        space = SearchSpace.read({"x": text, "a": "1,2"})
    except InvalidSpec as error:
        space, problems = SearchSpace({}), error.errors
    assert all(one.key == "x" and one.detail for one in problems)
    assert all(one.column is None or 1 <= one.column <= len(text) + 1 for one in problems)
    assert space == SearchSpace.from_json(space.to_json())


def test_values_are_what_is_written() -> None:
    assert {"a": [1, "b", {"c": None}]} == _plain("choice({a: [1, b, {c: null}]})")
    assert "a\nb\t\"'\\é" == _plain(r"choice('a\nb\t\"\'\\\u00e9')")
    assert r"C:\dir\x" == _plain(r"choice(C:\dir\x)")
    assert "007" == _plain("choice(007)")
    assert "a b" == _plain(r"choice(a b )")


def _plain(text: str) -> Any:
    domain = domain_of_text(text)
    assert isinstance(domain, Choice)
    return domain.values[0]


def test_a_long_text_is_read_in_no_time() -> None:
    """One pass: a text of a hundred thousand signs is as many steps."""
    text = f"choice({','.join(str(number) for number in range(9_999))})"
    assert 9_999 == domain_of_text(text).size()  # type: ignore[union-attr]
    with pytest.raises(InvalidSpec, match="at most"):
        parse("1," * 60_000)


def test_drawn_values_follow_their_scale() -> None:
    rng = random.Random(5)
    log = [float(domain_of_text("loguniform(1e-4, 1)").sample(rng)) for _ in range(2000)]  # type: ignore[union-attr, arg-type]
    assert 0.4 < sum(one < 1e-2 for one in log) / 2000 < 0.6
    reverse = [domain_of_text("reverseloguniform(0.9, 0.9999)").sample(rng) for _ in range(2000)]  # type: ignore[union-attr]
    assert 0.55 < sum(one > 0.99 for one in reverse) / 2000 < 0.75  # type: ignore[operator]
    near = [domain_of_text("ordinal(1, 2, 10)").sample(rng) for _ in range(3000)]  # type: ignore[union-attr]
    assert near.count(10) > near.count(1)
    evenly = [domain_of_text("ordinal(1, 2, 10, kind=equal)").sample(rng) for _ in range(3000)]  # type: ignore[union-attr]
    assert 0.25 < evenly.count(1) / 3000 < 0.42
    small = [domain_of_text("lograndint(1, 100)").sample(rng) for _ in range(2000)]  # type: ignore[union-attr]
    assert 0.4 < sum(one <= 10 for one in small) / 2000 < 0.65  # type: ignore[operator]
    ends = [domain_of_text("lograndint(1, 3)").sample(rng) for _ in range(2000)]  # type: ignore[union-attr]
    assert 0.5 < ends.count(1) / 2000 < 0.63  # 1 stands for 0.5 to 1.5
