"""What the code is given, and where its results go."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jupyter_training.runtime.output import output
from jupyter_training.runtime.params import Params
from tests.runtime.attempts import attempt_in

# -- output ----------------------------------------------------------------------------------------------------------


def test_an_output_has_a_path_in_the_kept_folder_and_is_noted_once(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        textwrap.dedent("""
        from jupyter_training import output
        output("model.pt").write_text("m")
        with open(output("plots/day 1/loss.png"), "w") as file: file.write("p")
        output("model.pt"); output("./plots/../model.pt")
        print(output("model.pt"))
        """),
    )
    answer = attempt.run()
    kept = tmp_path / "outputs" / "job"
    assert f"{kept / 'model.pt'}\n" == answer.stdout, answer.stderr
    assert "p" == (kept / "plots" / "day 1" / "loss.png").read_text()
    assert [["a", "model.pt"], ["a", "plots/day 1/loss.png"]] == attempt.events("a")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a\0b", "./", "a/.."])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be relative"):
        output(name)


def test_outside_a_job_an_output_is_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JUPYTER_TRAINING_OUTPUT", raising=False)
    assert Path("plots/a.png") == output("plots/a.png")
    assert (tmp_path / "plots").is_dir()


# -- params ----------------------------------------------------------------------------------------------------------


def test_params_are_there_by_key_and_attribute(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        "from jupyter_training import params\n"
        "print(params['lr'], params.lr, dict(**params), params.get('x', 7), params)",
        params={"lr": 0.1, "items": [1]},
    )
    answer = attempt.run()
    assert "0.1 0.1 {'lr': 0.1, 'items': [1]} 7 params(lr=0.1, items=[1])\n" == answer.stdout, answer.stderr


def test_params_are_read_only() -> None:
    params = Params({"lr": 0.1})
    with pytest.raises(AttributeError, match="read-only"):
        params.lr = 2
    with pytest.raises(AttributeError, match="read-only"):
        del params.lr
    with pytest.raises(TypeError):
        params["lr"] = 2  # type: ignore[index]


def test_a_missing_parameter_is_said_with_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no parameter 'learning_rate'; there is: lr, epochs"):
        Params({"lr": 0.1, "epochs": 3}).learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="there are none"):
        Params({}).lr  # noqa: B018
    with pytest.raises(KeyError):
        Params({})["lr"]


def test_params_travel_to_other_processes() -> None:
    params = Params({"lr": 0.1})
    assert {"lr": 0.1} == dict(pickle.loads(pickle.dumps(params))) == dict(copy.deepcopy(params))
    assert "lr" in dir(params)
    assert getattr(params, "absent", None) is None


# -- the package in a job --------------------------------------------------------------------------------------------


def test_a_job_may_use_the_client_of_an_environment_that_has_the_product(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path,
        "import sys\nfrom jupyter_training import Client, report\nimport jupyter_training\n"
        "print(Client.__module__, jupyter_training.__file__)",
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    answer = attempt.run()
    own = attempt.library / "jupyter_training" / "__init__.py"
    assert f"jupyter_training.client.client {own}\n" == answer.stdout, answer.stderr


def test_without_the_product_it_is_said_what_a_job_has(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "")
    words = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom jupyter_training import ",
    ]
    answers = []
    for name in ("Client", "anything"):
        words[-1] = words[-1].rpartition(" ")[0] + " " + name
        answer = subprocess.run([*words, str(attempt.library)], capture_output=True, text=True, check=False)
        answers.append(answer.stderr.splitlines()[-1])
    assert answers[0].startswith("ImportError: cannot import name 'Client' from 'jupyter_training'")
    assert answers[1].startswith("ImportError: cannot import name 'anything' from 'jupyter_training'")


def test_what_the_package_lacks_is_an_attribute_error_with_a_sentence(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "")
    code = "import sys; sys.path.insert(0, sys.argv[1])\nimport jupyter_training as t\n"
    code += "try: t.Client\nexcept AttributeError as error: print(error)"
    words = [sys.executable, "-I", "-S", "-c", code, str(attempt.library)]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (
        "output, params, report, should_stop, test_mode in a job; Client needs the package jupyter-training"
        in answer.stdout
    )
