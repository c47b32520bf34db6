"""A config file is read by its text: its functions, what they take, and each fault at its line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from jupyter_training.errors import InvalidSpec
from jupyter_training.languages.config_file import ConfigFile, Kind, read

PLAIN = """\
from typing import List, Optional, Tuple
import typing

def model_fn(model_state_url: Optional[str] = None, num_inputs: int = 3, names: typing.List[str] = ["a"]):
    return None

def data_module_fn(data_path: str, seed: int, batch_size: int, shuffle: bool = True):
    return None
"""


def config(text: str) -> ConfigFile:
    return read(dedent(text), "renate_config.py")


def refusal(text: str) -> InvalidSpec:
    with pytest.raises(InvalidSpec) as caught:
        config(text)
    return caught.value


def test_what_is_given_by_us_is_no_custom_argument() -> None:
    found = config(PLAIN)
    assert ["num_inputs", "names", "batch_size", "shuffle"] == list(found.arguments)
    assert {"num_inputs": False, "names": False, "batch_size": True, "shuffle": False} == {
        name: one.required for name, one in found.arguments.items()
    }
    assert ("data_path", "seed", "batch_size", "shuffle") == found.takes["data_module_fn"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("int", Kind("int")),
        ("'float'", Kind("float")),
        ("list", Kind("list")),
        ("List[int]", Kind("list", "int")),
        ("list[str]", Kind("list", "str")),
        ("Tuple[float, ...]", Kind("tuple", "float")),
        ("Tuple[int, int]", Kind("tuple", "int")),
        ("Optional[bool]", Kind("bool", None, optional=True)),
        ("int | None", Kind("int", None, optional=True)),
        ("typing.Union[None, List[int]]", Kind("list", "int", optional=True)),
    ],
)
def test_types_that_a_value_can_have(written: str, expected: Kind) -> None:
    assert expected == config(f"{PLAIN}\ndef loss_fn(x: {written}): ...").arguments["x"].kind


@pytest.mark.parametrize("written", ["dict", "List[List[int]]", "Tuple[int, str]", "int | str", "np.ndarray", "'1 +'"])
def test_a_type_that_no_value_has_is_named_with_those_there_are(written: str) -> None:
    error = refusal(f"{PLAIN}\ndef loss_fn(x: {written}): ...")
    assert str(error).startswith("renate_config.py, line 10: x of loss_fn has the type ")
    assert "There are bool, float, int, str, list, tuple" in str(error)
    assert (10, 13, "x") == (error.errors[0].line, error.errors[0].column, error.errors[0].key)


def test_a_missing_type_names_the_argument() -> None:
    error = refusal(PLAIN.replace("num_inputs: int", "num_inputs"))
    assert "line 4: num_inputs of model_fn has no type." in str(error)
    assert "num_inputs: int" in str(error)


def test_one_name_with_two_types_is_refused_with_both_places() -> None:
    error = refusal(f"{PLAIN}\ndef loss_fn(num_inputs: float): ...")
    assert "num_inputs is int in model_fn (line 4) and float in loss_fn (line 10)" in str(error)


def test_one_name_in_two_functions_is_one_argument_required_if_either_requires_it() -> None:
    found = config(f"{PLAIN}\ndef loss_fn(num_inputs: Optional[int] = None, shuffle: bool = False): ...\n").arguments
    assert ("model_fn", "loss_fn") == found["num_inputs"].functions
    assert not found["num_inputs"].kind.optional
    assert config(f"{PLAIN}\ndef loss_fn(num_inputs: int): ...\n").arguments["num_inputs"].required


def test_a_missing_function_and_its_near_miss() -> None:
    error = refusal(PLAIN.replace("def model_fn", "def modle_fn"))
    assert "line 4: it defines no model_fn. Is modle_fn (line 4) meant?" in str(error)
    assert "it defines no data_module_fn" in str(refusal("def model_fn(): ..."))


def test_a_function_that_nobody_calls_is_named_if_it_looks_like_one_of_ours() -> None:
    assert "nobody calls optimiser_fn. Did you mean optimizer_fn?" in str(refusal(f"{PLAIN}\ndef optimiser_fn(): ..."))
    assert config(f"{PLAIN}\ndef helper_fn(): ...\ndef make(x): ...").arguments


def test_an_imported_function_is_refused_since_its_text_is_elsewhere() -> None:
    error = refusal("from models import model_fn\ndef data_module_fn(data_path, seed): ...")
    assert "line 1: model_fn is not defined here by def" in str(error)


def test_arguments_by_position_are_refused() -> None:
    assert "takes x by position" in str(refusal(f"{PLAIN}\ndef loss_fn(x: int, /): ..."))
    assert "takes args by position" in str(refusal(f"{PLAIN}\ndef loss_fn(*args): ..."))
    assert "scheduler_fn takes no arguments" in str(refusal(f"{PLAIN}\ndef scheduler_fn(x: int): ..."))


def test_settings_of_the_training_need_no_type_and_no_place_in_the_space() -> None:
    found = config(f"{PLAIN}\ndef train_fn(model, data_module, loss, max_epochs, chunk_id, lr: float): ...")
    assert "lr" in found.arguments
    assert {"max_epochs", "chunk_id", "model", "loss"}.isdisjoint(found.arguments)


def test_functions_below_if_and_try_count_and_the_last_of_a_name_wins() -> None:
    found = config(
        """\
        if True:
            def model_fn(a: int): ...
        try:
            def data_module_fn(data_path: str, seed: int): ...
        except ImportError:
            def data_module_fn(data_path: str, seed: int, b: int): ...
        """
    )
    assert {"a", "b"} == set(found.arguments)


def test_what_is_no_python_is_refused_at_its_line() -> None:
    error = refusal("def model_fn(:\n")
    assert "renate_config.py, line 1: it is no Python" in str(error)


def test_nothing_of_the_file_is_run() -> None:
    assert config(f"raise SystemExit('run')\n{PLAIN}").takes
