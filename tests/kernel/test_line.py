"""The words of a magic line keep their places, quotes and brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.line import split


def texts(line: str) -> list[str]:
    return [word.text for word in split(line)]


def test_words_are_split_at_spaces_and_know_where_they_began() -> None:
    words = split("  digits   lr=0.1")
    assert [("digits", 2), ("lr=0.1", 11)] == [(word.raw, word.start) for word in words]


def test_brackets_and_quotes_behind_an_equals_sign_hold_a_word_together() -> None:
    assert ["sizes=[64, 32]", "d={'a': (1, 2)}"] == [word.raw for word in split("sizes=[64, 32] d={'a': (1, 2)}")]


def test_quotes_around_a_word_or_a_value_are_taken_off_its_text() -> None:
    assert ["a b", "k=c d", "k=e f"] == texts("'a b' \"k=c d\" k='e f'")


def test_a_pattern_with_brackets_needs_no_closing_one() -> None:
    assert ["lr-[ab", "x*"] == texts("lr-[ab x*")


def test_an_apostrophe_inside_a_word_is_no_quote() -> None:
    assert ["note=it's", "fine"] == texts("note=it's fine")


def test_an_escaped_quote_does_not_end_a_value() -> None:
    assert [r"s='it\'s so'"] == [word.raw for word in split(r"s='it\'s so'")]


@pytest.mark.parametrize(("line", "column"), [("lr=[1, 2", 12), ("a 'b c", 11), ("d={'x': [1}", 17)])
def test_what_is_never_closed_is_named_at_its_column(line: str, column: int) -> None:
    with pytest.raises(InvalidUsage) as caught:
        split(line, offset=8)
    assert [column] == [problem.column for problem in caught.value.errors]


@given(st.text(max_size=80))
def test_any_text_is_split_or_refused_in_words(line: str) -> None:
    try:
        words = split(line)
    except InvalidUsage:
        return
    assert all(line[word.start : word.end] == word.raw for word in words)
    assert "".join(line.split()) == "".join("".join(word.raw for word in words).split())
