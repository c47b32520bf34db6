"""The page that explains spaces is about what there is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import jupyter_training
from jupyter_training.core import space as room
from jupyter_training.core.space import SearchSpace, is_expression, words
from jupyter_training.core.space.functions import FUNCTIONS
from jupyter_training.core.space.reading import domain_of_text

TEXT = (Path(room.__file__).parent / "README.md").read_text("utf-8")


def test_its_example_is_a_space() -> None:
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert example is not None
    space = SearchSpace.read(yaml.safe_load(example[1]))
    assert ["lr", "batch", "depth", "optimizer", "sgd.momentum", "sgd.nesterov"] == list(space.axes)
    assert {"epochs": 20} == space.constants


def test_every_function_is_in_its_table() -> None:
    table = TEXT[TEXT.index("## The grammar") : TEXT.index("Every function takes")]
    assert [] == [name for name in FUNCTIONS if not re.search(rf"\b{name}\b", table)]


def test_each_function_has_an_example_that_is_one() -> None:
    for name, function in FUNCTIONS.items():
        assert function.example.startswith(f"{name}(")
        assert is_expression(function.example)
        domain_of_text(function.example)


def test_python_has_each_function_that_a_space_is_written_with() -> None:
    """What Hydra alone has is written as one of the others."""
    hydra = {"range", "interval", "tag", "int", "float", "str", "bool", "sort", "shuffle"}
    assert set(FUNCTIONS) - hydra <= set(jupyter_training.__all__)


def test_its_words_are_those_that_are_said() -> None:
    said = " ".join(words(domain_of_text("range(0.9, 1.7, 0.1)")).split())
    assert f"`{said}`" in " ".join(TEXT.split())
