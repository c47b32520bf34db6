"""A script's parameters are read from its text; what is computed is named and never run."""

from __future__ import annotations

import ast
import json
from textwrap import dedent

import pytest

from jupyter_training.languages.argparse_text import Parameter, Parameters, read


def read_text(text: str) -> Parameters:
    return read(ast.parse(dedent(text)))


def one(call: str) -> Parameter:
    (found,) = read_text(f"parser.add_argument({call})").parameters
    return found


def test_a_usual_script() -> None:
    found = read_text("""
        import argparse
        from pathlib import Path

        def main():
            parser = argparse.ArgumentParser(description="Train.")
            parser.add_argument("data", type=Path, help="where the data are")
            parser.add_argument("--lr", "-l", type=float, default=0.1, help="learning rate (%(default)s), 50%% is much")
            parser.add_argument("--epochs", type=int, required=True)
            group = parser.add_argument_group("model")
            group.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
            group.add_argument("--hidden-size", nargs="+", type=int, default=[64, 64])
            exclusive = parser.add_mutually_exclusive_group()
            exclusive.add_argument("--quiet", action="store_true")
            exclusive.add_argument("--no-cuda", dest="cuda", action="store_false")
            parser.add_argument("--version", action="version", version="1")
            return parser.parse_args()
    """)
    assert (
        Parameter("data", (), "str", None, None, True, "where the data are"),
        Parameter("lr", ("--lr", "-l"), "float", 0.1, None, False, "learning rate (0.1), 50% is much"),
        Parameter("epochs", ("--epochs",), "int", None, None, True, None),
        Parameter("optimizer", ("--optimizer",), "choice", "adam", ("adam", "sgd"), False, None),
        Parameter("hidden_size", ("--hidden-size",), "list", [64, 64], None, False, None),
        Parameter("quiet", ("--quiet",), "bool", False, None, False, None),
        Parameter("cuda", ("--no-cuda",), "bool", True, None, False, None),
    ) == found.parameters
    assert () == found.notes


@pytest.mark.parametrize(
    ("call", "kind", "default", "choices", "required"),
    [
        ('"-v", action="count", default=0', "int", 0, None, False),
        ('"--tag", action="append"', "list", None, None, False),
        ('"--size", nargs=2, type=int', "list", None, None, False),
        ('"--maybe", nargs="?", const="x"', "str", None, None, False),
        ('"rest", nargs="*"', "list", None, None, False),
        ('"perhaps", nargs="?", default="a"', "str", "a", None, False),
        ('"--on", action=argparse.BooleanOptionalAction, default=True', "bool", True, None, False),
        ('"--level", type=int, choices=range(1, 4)', "choice", None, (1, 2, 3), False),
        ('"--level", choices=("a", "b"), required=True', "choice", None, ("a", "b"), True),
        ('"--many", nargs="+", choices=["a", "b"]', "list", None, ("a", "b"), False),
        ('"--minus", type=float, default=-1e-3', "float", -0.001, None, False),
        ('"--path", type=pathlib.Path, default=None', "str", None, None, False),
        ('"--flag", type=bool, default=False', "bool", False, None, False),
    ],
)
def test_each_way_to_say_it(
    call: str, kind: str, default: object, choices: tuple[object, ...] | None, required: bool
) -> None:
    found = one(call)
    assert (kind, default, choices, required) == (found.type, found.default, found.choices, found.required)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('p.add_argument("--lr", default=DEFAULT)', "Line 1, --lr: its default is computed (DEFAULT) and not shown."),
        (
            'p.add_argument("--when", type=parse_date)',
            "Line 1, --when: its values go through parse_date; shown as text.",
        ),
        ('p.add_argument("--m", choices=list(MODELS))', "Line 1, --m: its choices are computed and not shown."),
        ('p.add_argument("--x", **more)', "Line 1, --x: some of its properties are computed and not shown."),
        ('p.add_argument("--big", default=float("inf"))', "its default is computed (float('inf')) and not shown."),
        ("p.add_argument(name)", "Line 1: an argument's name is computed; it is not shown."),
        ("p.add_argument(*names, type=int)", "Line 1: an argument's name is computed; it is not shown."),
        ("p.add_argument(f'--{name}')", "Line 1: an argument's name is computed; it is not shown."),
        ('for n in names:\n    p.add_argument("--" + n)', "Line 1: arguments are added in a loop"),
        ("p.add_subparsers()", "Line 1: it has sub-commands"),
        ("p.set_defaults(lr=1)", "Line 1: set_defaults() may give other defaults"),
        ("import click", "It reads its arguments by click"),
        ("from typer import run", "It reads its arguments by typer"),
    ],
)
def test_what_can_not_be_read_is_named(text: str, note: str) -> None:
    assert any(note in one for one in read_text(text).notes), read_text(text).notes


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (f"default={'a + ' * 600}a", "its default is computed (...)"),
        (f"default=0x{'f' * 6000}, help='%(default)s'", "its default is computed (...)"),
        (r"default='\ud800'", "its default is computed"),
        (r"default={'\ud800': 1}", "its default is computed"),
        (f"type={'a.' * 600}b", "its values go through"),
    ],
)
def test_what_can_not_be_shown_is_named_and_stops_nothing(given: str, note: str) -> None:
    found = read_text(f"p.add_argument('--x', {given})")
    assert ["x"] == [one.name for one in found.parameters]
    assert note in found.notes[0]


def test_half_a_sign_is_no_text() -> None:
    found = read_text(r"""
        p.add_argument("--\ud800")
        p.add_argument("--x", help="\ud800", choices=["\udc00"])
    """)
    assert (["x"], [None]) == ([one.name for one in found.parameters], [one.help for one in found.parameters])
    json.dumps([found.notes, [vars(one) for one in found.parameters]], ensure_ascii=False).encode()


def test_nothing_is_run() -> None:
    found = read_text('p.add_argument("--x", default=__import__("os").abort(), type=eval("exit()"))')
    assert ("x", "str", None) == (found.parameters[0].name, found.parameters[0].type, found.parameters[0].default)


def test_a_text_without_a_parser_has_no_parameters() -> None:
    assert Parameters((), ()) == read_text("print('hello')")


def test_of_one_name_in_two_parsers_the_first_is_shown() -> None:
    found = read_text('a.add_argument("--x", default=1)\nb.add_argument("--x", default=2)')
    assert [1] == [one.default for one in found.parameters]
