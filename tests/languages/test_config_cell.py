"""The YAML config: positions, near misses, and nothing that builds objects."""

from __future__ import annotations

import pytest

from jupyter_training.errors import InvalidSpec
from jupyter_training.languages import config_cell

KEYS = ["name", "params", "timeout", "tags"]


def test_values_and_places_are_given() -> None:
    config = config_cell.read("name: digits\nparams:\n  lr: 0.1\n", name="cell", keys=KEYS)
    assert {"name": "digits", "params": {"lr": 0.1}} == config.values
    assert (3, 3) == config.place("params.lr")


def test_an_exponent_needs_no_point_and_no_sign() -> None:
    text = "params: {a: 1e-4, b: -2E3, c: 1.5e+2, d: .5e1, quoted: '1e-4', version: 1e4.0}\n"
    values = {"a": 1e-4, "b": -2000.0, "c": 150.0, "d": 5.0, "quoted": "1e-4", "version": "1e4.0"}
    assert {"params": values} == config_cell.read(text, name="cell", keys=KEYS).values


def test_a_place_falls_back_to_the_nearest_key() -> None:
    config = config_cell.read("name: x\nparams:\n  lr: 0.1\n", name="cell", keys=KEYS)
    assert (2, 1) == config.place("params.momentum")


def test_an_empty_text_is_an_empty_config() -> None:
    assert {} == config_cell.read("# nothing\n", name="cell", keys=KEYS).values


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("name: a\ntimeuot: 2h\n", "there is no key 'timeuot'", 2, 1),
        ("name: [1, 2\n", "not valid YAML", 1, 7),
        ("name: a\nname: b\n", "stands twice", 2, 1),
        ("name: !!python/object/apply:os.system [ls]\n", "", 1, 7),
        ("- a\n- b\n", "mapping", 1, 1),
        ("params: {<<: {a: 1}}\n", "plain word", 1, 10),
    ],
)
def test_a_mistake_is_told_at_its_line_and_column(text: str, words: str, line: int, column: int) -> None:
    with pytest.raises(InvalidSpec) as caught:
        config_cell.read(text, name="cell", keys=KEYS)
    assert words in caught.value.detail
    assert (line, column) == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_the_near_miss_of_a_key_is_named() -> None:
    with pytest.raises(InvalidSpec, match="Did you mean 'timeout'"):
        config_cell.read("timeuot: 2h\n", name="cell", keys=KEYS)


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("timeout = '2h'", 1, 1, "Write timeout: 2h"),
        ("name: x\ntimeout='2h'  # a night\n", 2, 1, "Write timeout: 2h"),
        ("timeout = 90\nname: x\n", 1, 1, "Write timeout: 90"),
        ("params:\n  a: 1\n  lr = 0.1\n", 3, 3, "Write lr: 0.1"),
        ('name = "a b"', 1, 1, 'Write name: "a b"'),
        ("tags = 'yes'\nname = 'x'", 1, 1, "Write tags: 'yes'"),
        ("wait = True", 1, 1, "Write wait: true"),
    ],
)
def test_an_assignment_is_told_as_yaml_writes_it(text: str, line: int, column: int, hint: str) -> None:
    with pytest.raises(InvalidSpec, match="with a colon, not with =") as caught:
        config_cell.read(text, name="cell", keys=KEYS)
    assert (line, column, hint) == (caught.value.errors[0].line, caught.value.errors[0].column, caught.value.hint)


@pytest.mark.parametrize("text", ["name: [1,\n", "- a == b\n", "name == x", "# a = b\n- x"])
def test_what_is_no_assignment_is_told_as_what_it_is(text: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        config_cell.read(text, name="cell", keys=KEYS)
    assert "with a colon" not in caught.value.detail


def test_aliases_can_not_make_gigabytes_of_a_few_lines() -> None:
    lines = ["params:", "  a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"  {after}: &{after} [{', '.join([f'*{before}'] * 9)}]")
    with pytest.raises(InvalidSpec, match="too many keys"):
        config_cell.read("\n".join(lines), name="cell", keys=KEYS)


@pytest.mark.parametrize(
    "text", ["params: &a\n  b: *a\n", "name: x\nparams: &a [*a]\n", "&a {'': *a}", "params: &a {'': [*a]}"]
)
def test_an_alias_of_itself_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpec, match=r"cell line \d, column \d+: this is nested too deeply"):
        config_cell.read(text, name="cell", keys=KEYS)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("params: " + "[" * 3_000, 1, 58),
        ("name: x\nparams: " + "[" * 900 + "]" * 900, 2, 58),
        ("- " * 2_000 + "a", 1, 101),
        ("params: " + "{b: " * 900 + "1" + "}" * 900, 1, 202),
    ],
)
def test_what_is_nested_too_deeply_is_refused_at_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidSpec, match="this is nested too deeply") as caught:
        config_cell.read(text, name="cell", keys=KEYS)
    assert (line, column) == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_a_value_may_be_nested() -> None:
    text = "params: " + "[" * 48 + "1" + "]" * 48
    value = config_cell.read(text, name="cell", keys=KEYS).values["params"]
    for _ in range(48):
        (value,) = value
    assert 1 == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!!bool foo", "this value can't be read as bool"),
        ("!!int ''", "this value can't be read as int"),
        ("!!float ''", "this value can't be read as float"),
        ("!!int x", "this value can't be read: invalid literal"),
        ("9" * 1_001, "a number has at most 1,000 characters, not 1,001"),
        ("0x" + "f" * 5_000, "a number has at most 1,000 characters, not 5,002"),
        (":".join(["1"] * 3_000), "a number has at most 1,000 characters, not 5,999"),
    ],
)
def test_a_value_that_can_not_be_read_is_refused_at_its_place(value: str, words: str) -> None:
    with pytest.raises(InvalidSpec, match=f"cell line 2, column 9: {words}"):
        config_cell.read(f"name: x\nparams: {value}\n", name="cell", keys=KEYS)


def test_a_date_stays_a_text() -> None:
    assert {"name": "2026-01-01"} == config_cell.read("name: 2026-01-01", name="cell", keys=KEYS).values


@pytest.mark.parametrize(
    ("line", "column", "within", "expected"),
    [
        ("  lr: uniform(0, 1)", 3, 1, 7),
        ("  lr:   'uniform(0, 1)'", 3, 9, 18),
        ("params: {lr: 'x', momentum: uniform(2, 1)}", 19, 1, 29),
        ('"lr": "choice()"', 1, 3, 10),
        ("  lr: >", 3, 9, None),
        ("  lr:", 3, 1, None),
    ],
)
def test_a_column_within_a_value_is_one_of_the_text(line: str, column: int, within: int, expected: int | None) -> None:
    assert expected == config_cell.column_of_value(f"name: x\n{line}\n", 2, column, within)
