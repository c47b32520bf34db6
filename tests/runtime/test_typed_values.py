"""Values arrive as the types that are written."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.runtime.typed_values import arriving


@pytest.mark.parametrize(
    ("value", "kind", "item", "expected"),
    [
        ("true", "bool", None, True),
        (False, "bool", None, False),
        (1, "bool", None, True),
        ("3", "int", None, 3),
        (3.0, "int", None, 3),
        ("1e3", "int", None, 1000),
        ("12345678901234567890", "int", None, 12345678901234567890),
        (3, "float", None, 3.0),
        ("0.5", "float", None, 0.5),
        ("a", "str", None, "a"),
        (3, "str", None, "3"),
        ("[1,2]", "list", None, [1, 2]),
        ([1, "2"], "list", "int", [1, 2]),
        ("(1, 2)", "tuple", "float", (1.0, 2.0)),
    ],
)
def test_arrives(value: Any, kind: str, item: str | None, expected: Any) -> None:
    found = arriving(value, kind, item)
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    ("value", "kind", "item"),
    [
        ("yes", "bool", None),
        (2, "bool", None),
        (True, "int", None),
        (0.5, "int", None),
        ("x", "int", None),
        ("x", "float", None),
        (True, "float", None),
        ([1], "str", None),
        ("1", "list", None),
        ("[", "list", None),
        (["a"], "list", "int"),
        (None, "int", None),
    ],
)
def test_is_refused(value: Any, kind: str, item: str | None) -> None:
    with pytest.raises(ValueError, match="is no"):
        arriving(value, kind, item)


def test_none_only_where_it_is_optional() -> None:
    assert arriving(None, "int", optional=True) is None
    assert arriving("None", "int", optional=True) is None
    assert "None" == arriving("None", "str", optional=True)
