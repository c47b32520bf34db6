"""Which options a script takes: all of them, or no answer where it may take more."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from jupyter_training.languages.script_options import Options, read

PLAIN = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", "-l", type=float, default=0.1)
parser.add_argument("data")
args = parser.parse_args()
"""


def options(text: str) -> Options | None:
    return read(ast.parse(dedent(text)))


WHOLE = {
    "plain": PLAIN,
    "imported": """
        from argparse import ArgumentParser as P
        p = P(description="x")
        p.add_argument("--lr")
        p.parse_args()
        """,
    "made and filled by functions": """
        import argparse, sys
        def more(group: argparse._ArgumentGroup, name="x"):
            group.add_argument("--lr")
        def get_parser() -> argparse.ArgumentParser:
            parser = argparse.ArgumentParser()
            more(parser.add_argument_group("optim"), name="y")
            return parser
        def main(argv=None):
            if len(sys.argv) == 1:
                print(sys.argv[0])
            args = get_parser().parse_args(argv)
        if __name__ == "__main__":
            main(sys.argv[1:])
        """,
    "held by an object": """
        import argparse
        class A:
            def __init__(self):
                self.parser = argparse.ArgumentParser()
                self.fill(self.parser)
            def fill(self, parser):
                parser.add_argument("--lr")
        class B:
            def __init__(self): ...
        a = A()
        args = a.parser.parse_args()
        model(args)
        """,
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_a_script_whose_text_tells_all_takes_this_and_no_more(text: str) -> None:
    found = options(text)
    assert found is not None
    assert ("lr",) == found.names
    assert found.take("lr")
    assert not found.take("rl")
    assert "lr" == found.near("rl")


@pytest.mark.parametrize(
    "text",
    [
        "print('no argparse')",
        PLAIN.replace("parse_args", "parse_known_args"),
        PLAIN.replace("import argparse", "import argparse, click"),
        PLAIN.replace("import argparse", "import argparse\nimport sys\nsys.argv.pop()"),
        PLAIN.replace("import argparse", "import argparse\nfrom sys import argv"),
        PLAIN.replace("parse_args()", "parse_args(words)"),
        PLAIN.replace("parse_args()", "parse_args(['--lr', '1'])"),
        PLAIN.replace("ArgumentParser()", "ArgumentParser(parents=[theirs])"),
        PLAIN.replace("ArgumentParser()", "ArgumentParser(**more)"),
        PLAIN.replace('"data"', "name"),
        PLAIN.replace('"data"', "*names"),
        PLAIN.replace("args =", "add_more(parser)\nargs ="),
        PLAIN.replace("args =", "add_more(to=parser)\nargs ="),
        PLAIN.replace("args =", "parsers = [parser]\nargs ="),
        PLAIN.replace("args =", "add = parser.add_argument\nargs ="),
        PLAIN.replace("args =", "group = parser.add_argument_group()\nadd_more(group)\nargs ="),
        PLAIN.replace("args =", "def make():\n    return parser\nadd_more(make())\nargs ="),
        PLAIN.replace("args =", "def more(p):\n    add_more(p)\nmore(parser)\nargs ="),
        PLAIN.replace("argparse.ArgumentParser()", "Parser()") + "class Parser(argparse.ArgumentParser): pass\n",
        PLAIN.replace("args = parser", "args = theirs"),
        PLAIN.replace("args = parser.parse_args()", "theirs.parser = parser\n"),
    ],
)
def test_there_is_no_answer_where_a_script_may_take_more(text: str) -> None:
    assert options(text) is None


def test_the_start_of_a_name_is_enough_unless_the_parser_says_no() -> None:
    text = PLAIN.replace("--lr", "--learning_rate")
    found, whole = options(text), options(text.replace("Parser()", "Parser(allow_abbrev=False)"))
    assert found is not None
    assert whole is not None
    assert (True, False) == (found.take("learn"), whole.take("learn"))


def test_a_switch_of_two_sides_has_two_names() -> None:
    found = options(PLAIN.replace('"data"', '"--fast", action=argparse.BooleanOptionalAction'))
    assert found is not None
    assert ("lr", "fast", "no-fast") == found.names


def test_a_text_nested_beyond_reason_gives_no_answer() -> None:
    deep = "x = " + "-" * 500 + "1\n"
    assert options(deep + PLAIN.replace("parse_args()", "parse_args(" + "not " * 80 + "x)")) is None
