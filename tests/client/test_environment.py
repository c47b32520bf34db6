"""What of this process's environment goes with a job, and what never does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_training.client.environment import captured, holds_secret, looks_secret, secret_values
from jupyter_training.errors import InvalidSpec


def test_the_interpreter_and_folder_are_this_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = captured()
    assert (sys.executable, str(tmp_path)) == (found["python"], found["folder"])


def test_variables_on_the_list_travel_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "LC_NUMERIC", "MKL_DEBUG_CPU_TYPE", "PYTHONPATH", "SOMETHING_ELSE"):
        monkeypatch.setenv(name, "value")
    found = captured()["variables"]
    assert {"CUDA_VISIBLE_DEVICES", "LC_NUMERIC", "MKL_DEBUG_CPU_TYPE", "PYTHONPATH", "PATH"} <= set(found)
    assert "SOMETHING_ELSE" not in found


def test_nothing_that_looks_like_a_secret_travels_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_API_KEY", "hidden")
    monkeypatch.setenv("NVIDIA_TOKEN", "hidden")
    assert "hidden" not in captured()["variables"].values()


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "HF_TOKEN", "my_password", "AWS_SECRET_ACCESS_KEY", "CREDENTIALS"])
def test_a_secret_given_as_a_variable_is_refused_with_the_way_it_goes(name: str) -> None:
    assert looks_secret(name)
    with pytest.raises(InvalidSpec, match="pass_env"):
        captured(variables={name: "x"})


@pytest.mark.parametrize("name", ["TOKENIZERS_PARALLELISM", "KEYBOARD", "MONKEY", "SECRETARY"])
def test_a_word_inside_a_word_is_no_secret(name: str) -> None:
    assert not looks_secret(name)
    assert "1" == captured(variables={name: "1"})["variables"][name]


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"])
def test_how_many_threads_this_process_has_says_nothing_of_a_job(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "8")
    assert name not in captured()["variables"]
    assert "4" == captured(variables={name: "4"})["variables"][name]


def test_given_variables_win_over_those_that_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_SCHEDULE", "static")
    assert "guided" == captured(variables={"OMP_SCHEDULE": "guided"})["variables"]["OMP_SCHEDULE"]


@pytest.mark.parametrize(("name", "value"), [("1A", "x"), ("A B", "x"), ("", "x"), ("A", "x\0y"), ("A", 3)])
def test_what_can_not_be_a_variable_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidSpec):
        captured(variables={name: value})


def test_a_value_that_is_no_text_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CUDA_ODD", os.fsdecode(b"\xff"))
    assert "CUDA_ODD" not in captured()["variables"]


def test_pass_env_gives_the_values_apart_from_the_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hidden")
    assert {"HF_TOKEN": "hidden"} == secret_values(["HF_TOKEN"])
    found = captured(pass_env=["HF_TOKEN", "HF_TOKEN"])
    assert ["HF_TOKEN"] == found["pass_env"]
    assert "hidden" not in str(found)


def test_a_secret_that_is_not_set_is_named_with_the_near_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hidden")
    with pytest.raises(InvalidSpec, match="HF_TOKN") as caught:
        secret_values(["HF_TOKN"])
    assert "Did you mean HF_TOKEN?" == caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", "x"), ("db_password", "a b"), ("API_KEY", "k"), ("openai_api_key", "k"), ("client_secret", "s"),
     ("hf_token", "hf_0123456789abcdef"), ("key", "AKIA0123456789ABCDEF")],
)  # fmt: skip
def test_a_variable_that_holds_a_secret(name: str, value: object) -> None:
    assert holds_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", ""), ("password", None), ("token", "<pad>"), ("eos_token", "<|endoftext|>"), ("key", "val_loss"),
     ("sort_key", "validation_accuracy_top"), ("credentials", "/home/ada/creds.json"), ("tokens", ["a"]),
     ("secret_words", "of the trade"), ("lr", "hf_0123456789abcdef")],
)  # fmt: skip
def test_a_variable_that_holds_none(name: str, value: object) -> None:
    assert not holds_secret(name, value)
