"""JSON without ``json``: the same values, the same texts, and none of what that imports."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.spool import json_text

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES, st.booleans())
def test_what_is_written_is_what_json_writes(value: object, compact: bool) -> None:
    assert json.dumps(value, separators=(",", ":") if compact else None) == json_text.dumps(value, compact=compact)


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_what_is_read_is_what_json_reads(value: object, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    try:
        content = f" {text}\n".encode()
    except UnicodeEncodeError:  # half a character, which only an escape can hold
        content = f" {json.dumps(value)}\n".encode()
    assert value == json_text.loads(content)


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"a": 1} x', '"\x01"', "nul", "{1: 2}", '{"a" 1}', "'a'", "\ufeff{}", "[" * 100]
)
def test_what_is_no_json_is_refused_in_the_same_words(text: str) -> None:
    with pytest.raises(ValueError, match=".") as theirs:
        json.loads(text)
    with pytest.raises(ValueError, match=".") as ours:
        json_text.loads(text.encode())
    assert str(theirs.value) == str(ours.value)


def test_what_is_no_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        json_text.loads(b'{"a": "\xff"}')


@pytest.mark.parametrize("value", [(1, (2, "a")), {1: 2, None: 3, 2.5: 4}, math.inf, [math.nan], {"a": -math.inf}])
def test_what_is_not_plain_is_written_as_json_does(value: object) -> None:
    assert json.dumps(value) == json_text.dumps(value)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json_text.dumps([value, object()])


def test_numbers_that_json_has_no_word_for_are_read_as_json_reads_them() -> None:
    nan, *infinities = json_text.loads(b"[NaN, Infinity, -Infinity]")
    assert math.isnan(nan)
    assert [math.inf, -math.inf] == infinities


def test_another_python_without_these_parts_has_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "_scan", None)
    monkeypatch.setattr(json_text, "_quoted", None)
    value = {"a": [1, 2.5, None, True, "\u00e9"]}
    assert json.dumps(value) == json_text.dumps(value)
    assert value == json_text.loads(json.dumps(value).encode())


@pytest.mark.parametrize("text", ["", "{", "[1,]", '"a', "{1: 2}", '{"a": tru'])
def test_what_is_no_json_is_refused_also_where_json_was_never_imported(text: str) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(json_text.__file__).parent)!r})
import json_text
assert "json" not in sys.modules
try:
    json_text.loads({text.encode()!r})
except ValueError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    with pytest.raises(ValueError, match=".") as theirs:
        json.loads(text)
    assert f"{theirs.value}\n" == told.stdout


def test_none_of_what_json_imports_is_imported() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(json_text.__file__).parent)!r}); import json_text;"
        " json_text.loads(json_text.dumps({'a': [1, 2.5, None]}).encode());"
        " print(sorted({'json', 're', 'enum', 'collections'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == told.stdout
