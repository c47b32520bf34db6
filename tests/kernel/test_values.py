"""Values are literals: nothing is evaluated, and what can't travel is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.kernel.values import literal, size_bytes, span


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e-3", 0.001),
        ("-3", -3),
        ("1_000", 1000),
        ("True", True),
        ("true", True),
        ("null", None),
        ("None", None),
        ("'7'", "7"),
        ("adam", "adam"),
        ("data/train.csv", "data/train.csv"),
        ("2024-11-15", "2024-11-15"),
        ("(64, 32)", [64, 32]),
        ("{'a': [1, None]}", {"a": [1, None]}),
        ("os.system", "os.system"),
    ],
)
def test_a_value_is_read_as_a_literal_and_else_is_a_text(text: str, value: object) -> None:
    assert value == literal(text)
    assert type(value) is type(literal(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no value"),
        ("nan", "can't travel as a number"),
        ("-inf", "can't travel as a number"),
        ("1e999", "can't travel as a number"),
        ("[1, f()]", "never evaluated"),
        ("(1", "never evaluated"),
        ("1/3", "not evaluated"),
        ("10**-3", "not evaluated"),
        ("{1, 2}", "a set can't travel"),
        ("b'x'", "a bytes can't travel"),
        ("{1: 2}", "keys of a dict"),
    ],
)
def test_what_is_no_literal_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        literal(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_python_writes_as_a_literal_comes_back(value: object) -> None:
    assert value == literal(repr(value))


@given(st.text(max_size=40))
def test_any_text_gives_a_json_value_or_a_sentence(text: str) -> None:
    try:
        value = literal(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("500MB", 500 * 10**6), ("4GiB", 4 * 1024**3), ("1.5k", 1500), ("2 g", 2 * 10**9)]
)
def test_sizes_count_in_thousands_and_with_an_i_in_1024(text: str, size: int) -> None:
    assert size == size_bytes(text)


def test_a_size_without_sense_names_a_right_one() -> None:
    with pytest.raises(ValueError, match="like 500MB or 4GiB"):
        size_bytes("much")


def test_a_span_in_seconds_is_a_number_and_others_stay_texts() -> None:
    assert 90.0 == span("90")
    assert "1h30m" == span("1h30m")
    assert "nan" == span("nan")
