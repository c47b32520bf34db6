"""``--take``: a value is written, and read in the job as the same."""

from __future__ import annotations

import gc
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_training.errors import InvalidSpec, TooLarge
from jupyter_training.kernel import take as takes
from jupyter_training.kernel.take import Taken, can_take, take
from jupyter_training.runtime import data


def there_and_back(value: Any) -> tuple[Taken, Any]:
    (taken,) = take(["x"], {"x": value})
    space: dict[str, Any] = {}
    data.load([{"name": "x", "kind": taken.kind, "path": str(taken.path)}], space)
    return taken, space["x"]


FRAMES = {
    "plain": pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, math.nan]}),
    "whole numbers as columns": pd.DataFrame(np.arange(6).reshape(2, 3)),
    "a named index": pd.DataFrame({"a": [1]}, index=pd.Index(["i"], name="key")),
    "two levels": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "n"])),
    "times and categories": pd.DataFrame(
        {"t": pd.to_datetime(["2026-01-02T03:04:05Z"]), "c": pd.Categorical(["b"], categories=["a", "b"])}
    ),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int64")}),
    "no columns": pd.DataFrame(index=[1, 2]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_as_it_was(name: str) -> None:
    taken, back = there_and_back(FRAMES[name])
    pd.testing.assert_frame_equal(FRAMES[name], back)
    rows, columns = FRAMES[name].shape
    assert ("parquet", f"frame {rows} x {columns}") == (taken.kind, taken.words)


@pytest.mark.parametrize("name", ["s", None, 3, ("a", 1)])
def test_a_series_comes_back_with_its_name(name: Any) -> None:
    series = pd.Series([1.5, 2.5], index=["i", "j"], name=name)
    taken, back = there_and_back(series)
    pd.testing.assert_series_equal(series, back, check_names=not isinstance(name, tuple))
    assert (str(name) if isinstance(name, tuple) else name) == back.name
    assert "series 2 float64" == taken.words


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(3.5),
        np.zeros((0, 4), "float32"),
        np.array(["a", "ü"]),
        np.array([(1, 0.5)], dtype=[("n", "i4"), ("x", "f8")]),
        np.array(["2026-01-02"], "datetime64[D]"),
        np.arange(10)[::3],
    ],
)
def test_an_array_comes_back_read_only(array: np.ndarray[Any, Any]) -> None:
    taken, back = there_and_back(array)
    np.testing.assert_array_equal(array, back)
    assert (array.dtype, array.shape, np.ndarray) == (back.dtype, back.shape, type(back))
    assert not back.flags.writeable
    assert "npy" == taken.kind


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, 2.5, None, True, "ü"]}, "dict of 1"),
        ([math.inf, []], "list of 2"),
        ("text\n", "text of 5"),
        (0.25, "value 0.25"),
        (None, "value null"),
    ],
)
def test_what_json_holds_comes_back(value: Any, words: str) -> None:
    taken, back = there_and_back(value)
    assert (value, words, "json") == (back, taken.words, taken.kind)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([None]), "an array of dtype object holds Python objects, and nothing is ever pickled"),
        (np.ma.array([1]), "a value of type MaskedArray can't go along"),
        ({1: 2}, "this dict holds what JSON can't give back (dict, 1 items)"),
        ([(1,)], "this list holds what JSON can't give back (list, 1 items)"),
        (pd.DataFrame({"a": [object()]}), "it can't be written as Parquet"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "it can't be written as Parquet"),
        ("\ud800", "it can't be written as JSON"),
        (object(), "a value of type object can't go along"),
        (len, "a value of type builtin_function_or_method can't go along"),
    ],
)
def test_what_no_format_holds_is_refused_and_nothing_is_left(
    value: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InvalidSpec) as caught:
        take(["x"], {"x": value})
    assert words in caught.value.detail
    assert ["take"] == [problem.key for problem in caught.value.errors]
    assert [] == list(tmp_path.iterdir())


def test_a_list_that_holds_itself_is_no_value(tmp_path: Path) -> None:
    itself: list[Any] = []
    itself.append(itself)
    assert not can_take(itself)


def test_more_than_the_limit_is_refused_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takes, "LIMIT", 1000)
    with pytest.raises(TooLarge, match="2 GB may go along"):
        take(["x"], {"x": np.zeros(200)})
    with pytest.raises(TooLarge):  # known only when it is written
        take(["x"], {"x": ["word"] * 500})
    assert not can_take(np.zeros(200))


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(InvalidSpec, match="it can't be written to .*: No space left on device"):
        take(["x"], {"x": np.zeros(2)})


def test_without_a_writer_of_parquet_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "fastparquet", None)
    with pytest.raises(InvalidSpec) as caught:
        take(["x"], {"x": FRAMES["plain"]})
    assert "pandas needs pyarrow or fastparquet to write a frame." in caught.value.detail
    assert "Install one: %pip install pyarrow" == caught.value.hint


def test_the_same_value_has_the_same_hash_and_its_file_goes_with_it() -> None:
    first, second = (take(["x"], {"x": FRAMES["plain"]})[0] for _ in range(2))
    assert first.sha256 == second.sha256
    assert {"name", "kind", "sha256", "size", "words"} == set(json.loads(json.dumps(first.wire())))
    path = first.path
    assert path.is_file()
    del first
    gc.collect()
    assert not path.parent.exists()
